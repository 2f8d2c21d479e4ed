"""A tool that paints over everything, also outside its matte: the host must not show that."""

import time

import numpy as np

from backlot.matte import coverage
from backlot.tools import Input, Output, Param, ToolSpec
from backlot_server.job import Made, Plan

SPEC = ToolSpec(
    name="paint",
    label="Paint",
    summary="Adds an amount.",
    version="1",
    inputs=(
        Input("source", "image", help="The plate."),
        Input("matte", "matte", help="Where to paint."),
    ),
    params=(
        Param("amount", "float", 1.0, "Amount", 0.0, 100.0, animatable=True, help="Added."),
        Param("grow", "float", 0.0, "Grow", 0.0, 50.0, unit="px", animatable=True),
        Param("seconds", "float", 0.0, "Seconds", group="Pace: [slow] {or} $not"),
        Param("mode", "choice", "add", choices=(("add", "Add it"), ("add twice", "Add it twice"))),
        Param("name", "text", 'a "name" [here] $x {y} \\z', help="Takes a knob's own name."),
        Param("width", "int", 0, "Width"),
        Param("hard", "bool", True, "Hard"),
    ),
    output=Output(matte="matte", grow_params=("grow",)),
)


def plan(values):
    return Plan("Paint", "a" * 64)


def run(job, number):
    values = job.values(number)
    end = time.monotonic() + values["seconds"]
    while time.monotonic() < end:
        job.progress(number, 0.5, "painting")
        time.sleep(0.02)
    source = job.read("source", number)
    cover = coverage(job.read("matte", number), source.data_window)
    amount = (np.where(cover > 0, cover, 1) * values["amount"]).astype(np.float32)
    result = job.blank(source)
    np.add(source.pixels, amount[..., None], out=result.pixels, casting="unsafe")
    return Made(result, "Paint")

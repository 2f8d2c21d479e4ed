"""A tool that misbehaves on request; the servers of some tests offer it."""

import os
import signal
import time

import numpy as np

from backlot.tools import Input, Param, ToolSpec
from backlot_server.job import Made, Plan

MODES = (
    "copy",
    "crash",
    "stubborn",
    "defect",
    "exit",
    "measure",
    "memory",
    "peek",
    "preview",
    "waste",
    "warn",
)

SPEC = ToolSpec(
    name="odd",
    label="Odd",
    summary="Misbehaves.",
    version="1",
    inputs=(
        Input("source", "image", before=1, after=1),
        Input("matte", "matte", required=False),
    ),
    params=(
        Param("mode", "choice", "copy", choices=tuple((mode, mode) for mode in MODES)),
        Param("frame", "int", 0, help="The frame on which to crash or to be slow."),
        Param("seconds", "float", 0.0),
    ),
)


def plan(values):
    return Plan("Odd", "f" * 64)


def run(job, number):
    values = job.values(number)
    mode, chosen = values["mode"], number == values["frame"]
    source = job.read("source", number)
    result = job.blank(source)
    if mode == "crash" and chosen:
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "stubborn" and chosen:
        time.sleep(values["seconds"])
    if mode == "defect":
        raise ZeroDivisionError("/home/somebody/secret.exr")
    if mode == "exit":
        raise SystemExit(1)
    if mode == "memory":
        raise MemoryError
    if mode == "waste":
        for _ in range(3):
            job.blank(source)
    if mode == "warn":
        for at in range(500):
            job.warn(number, f"warning {at}")
    if mode == "preview":
        for _ in range(6):
            job.preview(source)
            time.sleep(0.1)
    end = time.monotonic() + (values["seconds"] if mode != "stubborn" else 0.0)
    while time.monotonic() < end:
        job.progress(number, 0.5)
        time.sleep(0.005)
    if mode == "peek":
        around = [job.read("source", n).pixels for n in (number - 1, number, number + 1)]
        np.copyto(result.pixels, sum(around))
    else:
        np.copyto(result.pixels, source.pixels)
    measured = {"frame": number, "mean": 0.5} if mode == "measure" else {}
    return Made(result, "Odd", measured)

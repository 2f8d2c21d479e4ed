"""Pass-through: a frame comes back as it went. For tests and for measuring the transport."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from backlot.tools import Input, Param, ToolSpec, Value

from ..job import Job, Made, Plan, fingerprint
from ..parallel import in_strips

ENGINE = "Copy"
STEP = 0.01

SPEC = ToolSpec(
    name="passthrough",
    label="Pass-through",
    summary="Return every frame as it came.",
    version="1",
    inputs=(Input("source", "image", "Source", "The frames to return."),),
    params=(
        Param(
            "seconds",
            "float",
            0.0,
            "Seconds",
            minimum=0.0,
            maximum=3600.0,
            unit="s",
            help="The least time that a frame takes.",
        ),
    ),
    hidden=True,
)


def plan(values: Mapping[str, Value]) -> Plan:
    return Plan(ENGINE, fingerprint(SPEC, ENGINE))


def run(job: Job, number: int) -> Made:
    source = job.read("source", number)
    _wait(job, number, float(job.values(number)["seconds"]))
    result = job.blank(source)
    in_strips(
        lambda start, end: np.copyto(result.pixels[start:end], source.pixels[start:end]),
        source.height,
    )
    job.progress(number, 1.0)
    return Made(result, ENGINE)


def _wait(job: Job, number: int, seconds: float) -> None:
    start = time.monotonic()
    while (gone := time.monotonic() - start) < seconds:
        job.progress(number, gone / seconds)
        time.sleep(min(STEP, seconds - gone))

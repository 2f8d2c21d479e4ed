"""Carry mattes: those of one frame along a shot, by its motion, with how far each can be trusted.

Hosts have their own roto; this serves `backlot character carry`. A frame's answer follows from the
frames between it and the matte's, and from no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backlot.errors import InvalidInput
from backlot.frame import Frame
from backlot.tools import Input, Param, ToolSpec, Value

from ..job import Job, Made, Plan, fingerprint
from .character_lock import _rgb

if TYPE_CHECKING:
    from ..look.carry import Carried, Gray

ENGINE = "Optical flow"

SPEC = ToolSpec(
    name="character-carry",
    label="Carry Mattes",
    summary="Carry the mattes of one frame along a shot.",
    version="1",
    inputs=(
        Input("source", "image", "Source", "The shot."),
        Input("matte", "matte", "Mattes", "On one frame: a channel for each region."),
    ),
    params=(
        Param(
            "key",
            "int",
            0,
            "Frame of the mattes",
            minimum=-(2**31),
            maximum=2**31 - 1,
            help="The frame on which the mattes were made.",
        ),
    ),
    hidden=True,
)


def plan(values: Mapping[str, Value]) -> Plan:
    return Plan(ENGINE, fingerprint(SPEC, ENGINE))


def run(job: Job, number: int) -> Made:
    from ..look.carry import matted

    key = int(job.values(number)["key"])
    source, matte = job.read("source", number), job.read("matte", key)
    carried = _walked(job, key, number)
    cover, trust = matted(carried, _over(matte, source), source.pixels.shape[:2])
    result = job.blank(source, channels=matte.channels, dtype=np.float16)
    np.copyto(result.pixels, np.clip(cover, 0, 1).astype(np.float16))
    job.progress(number, 1.0)
    told = {name: round(float(t), 4) for name, t in zip(matte.channels, trust, strict=True)}
    return Made(result, ENGINE, {"confidence": told, "steps": abs(number - key)})


def _walked(job: Job, key: int, number: int) -> Carried:
    """From the matte's frame to this one, or on from where the last frame ended."""
    from ..look.carry import begun, stepped

    kept: dict[bool, tuple[int, Gray, Carried]] = job.state.setdefault("kept", {})
    ahead = number >= key
    at, picture, carried = kept.get(ahead) or (key, None, None)
    if picture is None or abs(at - key) > abs(number - key):
        at, picture = key, _picture(job, key)
        carried = begun(picture)
    assert carried is not None
    steps = abs(number - at)
    for done in range(steps):
        job.progress(number, done / steps)
        at += 1 if ahead else -1
        after = _picture(job, at)
        if after.shape != picture.shape:
            raise InvalidInput(
                f"Frame {at} is of another size than the frames before.",
                "Mattes are carried along frames of one size.",
            )
        carried, picture = stepped(carried, picture, after), after
    kept[ahead] = at, picture, carried
    return carried


def _picture(job: Job, number: int) -> Gray:
    from ..look.carry import shown

    source = job.read("source", number)
    return shown(source.pixels[..., _rgb(source)].astype(np.float32))


def _over(matte: Frame, source: Frame) -> Any:
    """The matte's pixels on the source's data window."""
    from backlot.matte import coverage

    singles = (
        matte.with_pixels(matte.pixels[..., [c]], channels=("A",))
        for c in range(len(matte.channels))
    )
    return np.stack([coverage(each, source.data_window) for each in singles], axis=-1)

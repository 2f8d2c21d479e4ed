"""The face of a character: of a reference as a vector, and of a shot's frame against those.

A vector is biometric data: the client asks the character's record of consent before it sends
anything here, and keeps what it gets in the character's folder. Nothing of it stays here, and of a
shot's frames only cosines leave.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backlot.errors import BacklotError, InvalidInput
from backlot.frame import Frame
from backlot.matte import coverage
from backlot.tools import Input, ToolSpec, Value

from ..job import Job, Made, Plan, fingerprint
from .character_lock import _rgb

if TYPE_CHECKING:
    from ..faces.comparing import Known
    from ..faces.finding import Cover

ENGINE = "Faces"
REGIONS = ("face", "head")
"""What the part of a character is called in which its face is looked for; else in all of it."""

SPEC = ToolSpec(
    name="character-face",
    label="Measure a Face",
    summary="The face of a character's reference as a vector.",
    version="1",
    inputs=(
        Input("source", "image", "Source", "The reference."),
        Input("matte", "matte", "Mattes", "A channel for each region; A is all of it."),
    ),
    hidden=True,
)


def plan(values: Mapping[str, Value]) -> Plan:
    return Plan(ENGINE, fingerprint(SPEC, ENGINE))


def run(job: Job, number: int) -> Made:
    from ..faces import missing, pair
    from ..faces.comparing import packed
    from ..faces.finding import NONE, see, vector

    source = job.read("source", number)
    result = job.blank(source)
    np.copyto(result.pixels, source.pixels)
    told: dict[str, Any] = {"missing": missing()}
    networks = None if told["missing"] else pair()
    if networks is not None:
        told |= {"key": networks.key, "networks": networks.label}
        told["published"] = networks.embedder.published
        rgb = source.pixels[..., _rgb(source)].astype(np.float32)
        seen = see(networks.detector, rgb, searched(source, job.read("matte", number)))
        told["why"] = NONE if seen is None else seen.why
        if seen is not None:
            told |= seen.fields()
            if not seen.why:
                told["vector"] = packed(vector(networks, seen))
    job.progress(number, 1.0)
    return Made(result, ENGINE, told)


def told(job: Job, number: int) -> dict[str, Any]:
    """What `character-lock` tells of the face on a frame, as "face"; {} where none was sent."""
    from ..faces import pair
    from ..faces.comparing import CANNOT_TELL, NETWORKS, compared
    from ..faces.finding import see, vector

    known = _known(job, number)
    if known is None:
        return {}
    try:
        networks = pair()
    except BacklotError:  # the client was told when it measured the references
        networks = None
    if networks is None or networks.key != known.key:
        return {"face": {"verdict": CANNOT_TELL, "why": NETWORKS}}
    job.check()
    source = job.read("source", number)
    rgb = source.pixels[..., _rgb(source)].astype(np.float32)
    seen = see(networks.detector, rgb, searched(source, job.read("matte", number)))
    made = vector(networks, seen) if seen is not None and not seen.why else None
    return {"face": compared(seen, made, known, str(job.values(number)["costume"]))}


def _known(job: Job, number: int) -> Known | None:
    """The character's face, as the client sent it. Raises: InvalidInput."""
    from ..faces.comparing import parsed

    if "face" not in job.state:
        try:
            fields = json.loads(str(job.values(number)["character"])).get("face", {})
            job.state["face"] = parsed(fields) if fields.get("vectors") else None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidInput(
                "What was sent of the character's face is none.",
                "Name the character's folder; clients send what is in it.",
            ) from error
    known: Known | None = job.state["face"]
    return known


def searched(source: Frame, matte: Frame) -> Cover:
    """How much of each pixel a face may be in, (height, width) of the source, 0 to 1."""
    names = {each.lower(): each for each in reversed(matte.channels)}
    wanted = next((channel for channel in _face_channels(names)), None)
    channels = [wanted] if wanted else [c for c in matte.channels if c != "A"] or ["A"]
    cover = None
    for channel in channels:
        single = matte.with_pixels(
            matte.pixels[..., [matte.channels.index(channel)]], channels=("A",)
        )
        part = coverage(single, source.data_window)
        cover = part if cover is None else np.maximum(cover, part)
    assert cover is not None
    return cover


def _face_channels(names: Mapping[str, str]) -> list[str]:
    return [
        channel
        for region in REGIONS
        for spoken, channel in names.items()
        if region in spoken.split(".")
    ]

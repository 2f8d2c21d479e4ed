"""The face of a character: of a reference as a vector, and of a shot's frame against those.

A vector is biometric data: the client asks the character's record of consent before it sends
anything here, and keeps what it gets in the character's folder. Nothing of it stays here, and of a
shot's frames only cosines leave.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from backlot.errors import BacklotError, InvalidInput
from backlot.frame import Frame, Window
from backlot.matte import coverage
from backlot.tools import Input, ToolSpec, Value

from ..job import Job, Made, Plan, fingerprint
from .character_lock import _rgb

if TYPE_CHECKING:
    from ..faces import Face
    from ..faces.comparing import Known
    from ..faces.finding import Cover, Seen
    from ..faces.yunet import Detector

Network = TypeVar("Network")

ENGINE = "Faces"
FOUND = "found face"
"""As what a reference's face is measured that was found, beside the one that its matte shows."""
AROUND = 0.6
"""What is looked at around a matte, as a share of its shorter side."""
_KEPT = 16

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
    from ..faces.finding import NONE, vector

    source = job.read("source", number)
    result = job.blank(source)
    np.copyto(result.pixels, source.pixels)
    told: dict[str, Any] = {"missing": missing()}
    networks = None if told["missing"] else pair()
    if networks is not None:
        told |= {"key": networks.key, "networks": networks.label}
        told["published"] = networks.embedder.published
        seen = _seen(job, number, networks.detector)
        told["why"] = NONE if seen is None else seen.why
        if seen is not None:
            told |= seen.fields()
            if not seen.why:
                told["vector"] = packed(vector(networks, seen))
    job.progress(number, 1.0)
    return Made(result, ENGINE, told)


def told(job: Job, number: int) -> dict[str, Any]:
    """What `character-lock` tells of the face on a frame: "face", where the client sent vectors;
    "found", where its matte was found, by what."""
    from ..faces import pair
    from ..faces.comparing import CANNOT_TELL, NETWORKS, compared
    from ..faces.finding import vector

    found = job.state.get("found faces", {}).get(number)
    said: dict[str, Any] = {"found": found} if found else {}
    known = _known(job, number)
    if known is None:
        return said
    networks = _once(job, "face pair", pair)
    if networks is None or networks.key != known.key:
        return {**said, "face": {"verdict": CANNOT_TELL, "why": NETWORKS}}
    seen = _seen(job, number, networks.detector)
    made = vector(networks, seen) if seen is not None and not seen.why else None
    return {**said, "face": compared(seen, made, known, str(job.values(number)["costume"]))}


def found_face(job: Job, number: int, regions: Mapping[str, int]) -> tuple[str, Face] | None:
    """The face on a frame whose mattes have none of it, and the region that it is: for a check,
    where a network that finds faces is installed; else None. Nobody is recognised by it.

    Of a reference too, mattes of it or not, as the region FOUND: what was found is compared with
    what was found. regions: those that the mattes have.
    """
    from ..faces import finder
    from ..faces.finding import SMALL, TURNED

    mode = job.values(number)["mode"]
    region = FOUND if mode == "describe" else _face_region(job, number)
    if mode == "lock" or not region or region in regions:
        return None
    detector = _once(job, "face finder", finder)
    seen = None if detector is None else _seen(job, number, detector)
    if detector is None or seen is None or seen.why in (TURNED, SMALL):
        return None
    card = detector.card
    job.state.setdefault("found faces", {})[number] = {region: f"{card.name} ({card.verdict})"}
    return region, seen.face


def like_found(job: Job, number: int, looks: Mapping[str, Any]) -> dict[str, Any]:
    """A reference's looks as a frame is to be held against: where that one's face was found, the
    reference's has to be as well."""
    held = {name: look for name, look in looks.items() if name != FOUND}
    if was_found(job, number):
        held.pop(_face_region(job, number), None)
        held |= {_face_region(job, number): looks[FOUND]} if FOUND in looks else {}
    return held


def was_found(job: Job, number: int) -> bool:
    """Whether `found_face` found one on this frame."""
    return number in job.state.get("found faces", {})


def _face_region(job: Job, number: int) -> str:
    """What the character calls its face; "" where it has no such region."""
    from ..faces.covering import REGIONS

    if "face region" not in job.state:
        fields = json.loads(str(job.values(number)["character"]) or "{}")
        names = {str(name).lower(): str(name) for name in fields.get("regions", ())}
        job.state["face region"] = next((names[each] for each in REGIONS if each in names), "")
    return str(job.state["face region"])


def _seen(job: Job, number: int, detector: Detector) -> Seen | None:
    """The face on a frame, in the pixels of its data window; kept, since neighbours ask for it."""
    from ..faces.finding import see

    kept: dict[int, Seen | None] = job.state.setdefault("seen faces", {})
    if number not in kept:
        job.check()
        source = job.read("source", number)
        top, left, cover, within = searched(source, job.read("matte", number))
        found = None
        if cover.size:
            here = np.s_[top : top + cover.shape[0], left : left + cover.shape[1]]
            part = source.pixels[here][..., _rgb(source)].astype(np.float32)
            found = see(detector, part, cover, alone=not within)
            found = None if found is None else found.moved(left, top)
        kept[number] = found
        for old in [n for n in kept if abs(n - number) > _KEPT]:
            del kept[old]
    return kept[number]


def _once(job: Job, name: str, load: Callable[[], Network | None]) -> Network | None:
    """Networks as they are when a job first asks; None where they are damaged too, which the client
    was told when it measured the references."""
    if name not in job.state:
        try:
            job.state[name] = load()
        except BacklotError:
            job.state[name] = None
    loaded: Network | None = job.state[name]
    return loaded


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


def searched(source: Frame, matte: Frame) -> tuple[int, int, Cover, bool]:
    """Where a face may be: first row and column of the source's data window, from there how much of
    each pixel, (height, width), 0 to 1, with no pixel where nothing is covered; and whether that is
    within the character, and not only between its parts.

    In the matte of the face; else in the one matte of all; else in the hull of the parts.
    """
    from ..faces.covering import face_channels
    from ..look.sampling import extents

    channels = face_channels(matte) or [c for c in matte.channels if c != "A"] or ["A"]
    at = [matte.channels.index(channel) for channel in channels]
    spans = [row for row in extents(matte.pixels)[at].tolist() if row[1] >= 0]
    window = _window(source, matte, spans) if spans else None
    if window is None:
        return 0, 0, np.zeros((0, 0), np.float32), True
    cover = np.zeros((window.height, window.width), np.float32)
    for channel in at:
        single = matte.with_pixels(matte.pixels[..., [channel]], channels=("A",))
        np.maximum(cover, coverage(single, window), out=cover)
    within = bool(face_channels(matte)) or channels == ["A"]
    top, left = window.y - source.data_window.y, window.x - source.data_window.x
    return top, left, cover if within else _hull(cover), within


def _window(source: Frame, matte: Frame, spans: list[list[int]]) -> Window | None:
    """What lies around the covered pixels, as far as the source goes. spans: of `extents`."""
    top, bottom = min(s[0] for s in spans), max(s[1] for s in spans) + 1
    left, right = min(s[2] for s in spans), max(s[3] for s in spans) + 1
    more = round(AROUND * min(bottom - top, right - left))
    theirs = matte.data_window
    width, height = right - left + 2 * more, bottom - top + 2 * more
    around = Window(theirs.x + left - more, theirs.y + top - more, width, height)
    return around.intersect(source.data_window)


def _hull(cover: Cover) -> Cover:
    import cv2

    found = cv2.findNonZero((cover > 0.5).astype(np.uint8))
    filled = np.zeros(cover.shape, np.uint8)
    if found is not None:
        cv2.fillConvexPoly(filled, cv2.convexHull(found), 1)
    return filled.astype(np.float32)

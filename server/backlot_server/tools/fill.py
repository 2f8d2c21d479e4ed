"""Fill: what a matte covers is replaced by what could have been there.

Over a shot, by what other frames show there (`backlot_server.shotfill`); what no frame shows, and
stills, by exemplar synthesis (`backlot_server.stillfill`). Outside the matte, grown and feathered,
every bit stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from backlot.errors import MissingFrame
from backlot.frame import Frame
from backlot.matte import coverage
from backlot.tools import Value

from ..fillspec import FILL, OWN, SPEC
from ..job import Job, Made, Plan, fingerprint, half_or_float
from ..models import find

if TYPE_CHECKING:
    from ..inpainting import Inpainter
    from ..membrane import Mask, Values
    from ..pixels import Pixels
    from ..shotfill.keys import Artist
    from ..shotfill.shot import Shot

ENGINE = "Exemplar"
SHOT = "Shot"
COPY = "Copy"


def plan(values: Mapping[str, Value]) -> Plan:
    from .. import fillnetwork

    engine = _named(SHOT if values["mode"] == "shot" else ENGINE, values)
    weights = [fillnetwork.card().sha256]
    if values["network"] != OWN:
        weights.append(find(str(values["network"])).sha256)
    return Plan(engine, fingerprint(SPEC, engine, *weights))


def _named(engine: str, values: Mapping[str, Value]) -> str:
    """An engine, with the network of somebody else's that has a part in it."""
    return engine if values["network"] == OWN else f"{engine}, {values['network']}"


def _inpainter(job: Job, number: int) -> Inpainter | None:
    """The network of somebody else's that was chosen."""
    from ..inpainting import opened

    name = str(job.values(number)["network"])
    return None if name == OWN else opened(find(name))


def run(job: Job, number: int) -> Made:
    values = job.values(number)
    source = job.read("source", number)
    result = job.blank(source)
    np.copyto(result.pixels, source.pixels)
    cover = _cover(job, number, source)
    if not cover.any() or values["strength"] == 0.0:
        job.progress(number, 1.0)
        return Made(result, COPY)
    approved = _approved(job, number, source)
    if approved is not None:
        hole = cover > 0.0
        made = approved.pixels[hole]
        if values["show"] != FILL:
            made = _of_nobody(source, int(hole.sum()), float(values["show"] == "confidence"))
        _put(job, number, result.pixels, source, hole, made, cover)
        job.progress(number, 1.0)
        return Made(result, COPY)
    engine, measured = ENGINE, {}
    shot = _shot(job, source) if values["mode"] == "shot" else None
    if shot is None and values["show"] != FILL:
        hole = cover > 0.0
        made = _of_nobody(source, int(hole.sum()), 0.0)
        _put(job, number, result.pixels, source, hole, made, cover)
    elif shot is None:
        _say_unused(job, number)
        _still(job, number, source, cover, result)
    else:
        engine = SHOT
        measured = _from_shot(job, number, shot, source, cover, result)
    job.progress(number, 1.0)
    return Made(result, _named(engine, values), measured)


def _say_unused(job: Job, number: int) -> None:
    """Say once what was given for nothing to a frame that is filled alone."""
    given = [name for name in ("shadow", "depth", "vectors") if name in job.inputs]
    if given and not job.state.setdefault("unused", False):
        job.state["unused"] = True
        job.warn(
            number,
            f"Filled alone, so nothing was made of {' and '.join(given)}: they tell something "
            "beside other frames of the shot.",
        )


def _of_nobody(source: Frame, count: int, value: float) -> Values:
    """What is told of points that no other frame had a part in."""
    return np.full((count, len(source.channels)), value, np.float32)


def _still(job: Job, number: int, source: Frame, cover: Values, result: Frame) -> None:
    from ..stillplate import Plate, made

    values = job.values(number)
    plate = Plate(job, number, source, cover > 0.0)

    def step(part: float) -> None:
        job.progress(number, part)

    seed, blend = int(values["seed"]), float(values["blend"])
    for box, mine, filled in made(plate, seed, blend, step, _inpainter(job, number)):
        inside = np.s_[box[0] : box[2], box[1] : box[3]]
        pixels = result.pixels[inside]
        _put(job, number, pixels, source, mine, filled, cover[inside])


def _put(
    job: Job,
    number: int,
    pixels: Pixels,
    source: Frame,
    hole: Mask,
    made: Values,
    cover: Values,
) -> None:
    """Put what was made over the pixels of a hole, in place. Exact channels are one or the other.

    Where the plate is not finite it does not shine through.
    """
    from ..roles import roles

    amount = cover[hole][:, None] * np.float32(job.values(number)["strength"])
    plate = pixels[hole].astype(np.float32)
    covered = np.where(np.isfinite(plate), amount, np.float32(1))
    mixed = np.where(covered < 1, plate, 0) * (1 - covered) + made * covered
    channels = list(roles(source).exact)
    mixed[:, channels] = np.where(amount >= 0.5, made[:, channels], plate[:, channels])
    pixels[hole] = half_or_float(mixed, pixels.dtype)


def _cover(job: Job, number: int, source: Frame) -> Values:
    """The matte over the source's data window, grown and feathered."""
    from ..holes import shaped
    from ..stillplate import sized

    matte = sized(job.read("matte", number), source, "matte")
    cover = coverage(matte, source.data_window)
    if not cover.any():
        return cover
    job.check()
    values = job.values(number)
    return shaped(cover, int(values["grow"]), int(values["feather"]))


def _approved(job: Job, number: int, source: Frame) -> Frame | None:
    """The clean frame of this number, if the artist gave one."""
    from ..shotfill.shot import over

    if "clean" not in job.inputs:
        return None
    try:
        clean = job.read("clean", number)
    except MissingFrame:
        return None
    return over(clean, source) if clean.number == number else None


def _shot(job: Job, source: Frame) -> Shot | None:
    """What is known of the shot; None where there is no shot: one frame, or no colour."""
    from ..roles import roles
    from ..shotfill.shot import Shot

    def cover(at: int, source: Frame) -> Values:
        return _cover(job, at, source)

    if not roles(source).color:
        return None
    shot: Shot = job.state.setdefault("shot", Shot(job, cover))
    shot.target = source.number
    return shot if shot.moves(shot.target) else None


def _from_shot(
    job: Job, number: int, shot: Shot, source: Frame, cover: Values, result: Frame
) -> dict[str, float]:
    from ..roles import roles
    from ..shotfill import diagnostics, keys, quality, regrain, settle
    from ..shotfill.look import colours

    hole = cover > 0.0
    made = settle.settled(shot, number, hole, _artist(job))
    inside = made.seen.hole.inside
    exact = None if made.exact is None else made.exact[inside]
    filled = keys.linear(shot, made.values[inside], exact)
    show = str(job.values(number)["show"])
    if show == FILL:
        bare = filled.copy()
        regrain.put(job, shot, source, hole, made, filled)
        _keep_under_shadow(job, number, source, hole, bare, filled)
    else:
        cover = hole.astype(np.float32)
        filled[:, colours(roles(source))] = diagnostics.layer(show, number, made)[:, None]
    _put(job, number, result.pixels, source, hole, filled, cover)
    _check_vectors(job, number, shot)
    found = quality.measured(number, made)
    for sentence in quality.told(shot, found, last=number == job.frames[-1]):
        job.warn(number, sentence)
    return found.fields()


def _check_vectors(job: Job, number: int, shot: Shot) -> None:
    """Say once that the vectors are not the plate's; they are used all the same."""
    from ..shotfill.fitting import vectors_fit

    if "vectors" in job.inputs and "vectors" not in shot.kept and not vectors_fit(shot, number):
        shot.kept["vectors"] = number
        job.warn(
            number,
            "The vectors do not fit the plate: where they lead, it looks otherwise. See that they "
            "are of this shot, both ways, in pixels, and in their usual channels.",
        )


def _keep_under_shadow(
    job: Job, number: int, source: Frame, hole: Mask, bare: Values, filled: Values
) -> None:
    """The plate's own detail where only a shadow lies, in place. bare: the fill without grain."""
    from ..roles import roles
    from ..shotfill.look import colours
    from ..shotfill.shadow import lifted
    from ..stillplate import sized

    if "shadow" not in job.inputs:
        return
    matte = sized(job.read("shadow", number), source, "shadow")
    shade = coverage(matte, source.data_window)[hole]
    at = colours(roles(source))
    plate = source.pixels[hole][:, at].astype(np.float32)
    shaded = (shade > 0) & np.isfinite(plate).all(axis=1)
    if shaded.any():
        part, rows = shade[shaded][:, None], np.nonzero(shaded)[0][:, None]
        kept = lifted(plate, bare[:, at], shaded, hole)
        filled[rows, at] = (1 - part) * filled[rows, at] + part * kept


def _artist(job: Job) -> Artist:
    from ..shotfill import regrain
    from ..shotfill.keys import Artist
    from ..stillplate import Plate, made

    def blend(number: int) -> float:
        return float(job.values(number)["blend"])

    def invent(number: int, hole: Mask, known: Values, unseen: Mask) -> Values:
        values = job.values(number)
        source = job.read("source", number)
        pixels = source.pixels.astype(np.float32)
        regrain.remove(job, source, pixels)
        pixels[hole] = known
        plate = Plate(job, number, source.with_pixels(pixels), unseen)
        filled = np.zeros((*unseen.shape, pixels.shape[2]), np.float32)

        def step(_: float) -> None:
            job.check()

        seed, blend = int(values["seed"]), float(values["blend"])
        for box, mine, part in made(plate, seed, blend, step, _inpainter(job, number)):
            filled[box[0] : box[2], box[1] : box[3]][mine] = part
        return filled[unseen]

    return Artist(invent, blend)

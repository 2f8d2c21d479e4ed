"""Fill over whole shots, by the product's own way: files, client, server, files.

The masters that `make shots` renders into build/shots (or BACKLOT_SHOTS), else the shots of the
repository. Plates get synthetic grain; likeness is measured before the fill gets grain. Beside it
what a user would pick instead: Telea's inpainting on every frame, and the median of the other
frames over homographies, each chained from neighbour to neighbour, followed once more from there,
and brought to the target's light.

BACKLOT_SHOTS_ONLY: names of shots, separated by commas.
"""

from __future__ import annotations

import os
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import shot_metrics as metrics
from .figures import Figure, own_server
from .shot_metrics import Mask, Picture, Shot

ROOT = Path(__file__).resolve().parent.parent
LEAST = {"static": 50, "pan": 35, "handheld": 33, "flicker": 34, "whip": 31, "dolly": 28}
TOLD = {"dolly": 35.0}
SEAM = {"dolly": 5.0}
BOIL = {"dolly": 3.0}
RIGID = ("static", "pan", "handheld", "flicker", "whip")
FIRST = 1001


def figures() -> Iterator[Figure]:
    import backlot

    with own_server(), backlot.connect() as studio:
        for folder in folders():
            yield from _shot(studio, Shot.load(folder))


def folders() -> list[Path]:
    """Of the shots that are there and wanted."""
    masters = Path(os.environ.get("BACKLOT_SHOTS", ROOT / "build" / "shots"))
    place = masters if any(masters.glob("*/camera.json")) else ROOT / "examples" / "shots"
    only = os.environ.get("BACKLOT_SHOTS_ONLY", "").split(",")
    found = sorted(path.parent for path in place.glob("*/camera.json"))
    return [folder for folder in found if folder.name in only or only == [""]]


@dataclass(frozen=True)
class Filled:
    """A shot that was filled. seconds: a frame; what was warned of and measured of each frame."""

    pictures: list[Picture]
    seconds: float
    warnings: list[str]
    measured: list[Mapping[str, Any]]


def _shot(studio: Any, shot: Shot) -> Iterator[Figure]:
    plates, others = (
        [
            metrics.grained(plate, seed + at).astype(np.float16)
            for at, plate in enumerate(shot.plates)
        ]
        for seed in (0, 77)
    )
    truths = [metrics.grained(clean, 999 + at) for at, clean in enumerate(shot.clean)]
    bare, final, again = (
        fill(studio, shot, plates, grain=0.0),
        fill(studio, shot, plates),
        fill(studio, shot, others, grain=0.0),
    )
    scores = metrics.likeness(shot, bare.pictures)
    name = f"fill over {shot.name}"
    yield Figure(f"{name}, revealed", scores["revealed"], "dB", None, _note(scores, bare),
                 LEAST.get(shot.name))  # fmt: skip
    boil = metrics.boil(shot, final.pictures, truths)
    rigid = shot.name in RIGID
    yield Figure(f"{name}, boil", boil["seen"], "x", 1.3 if rigid else BOIL.get(shot.name))
    if scores["never_share"] > 0.005:
        alone = metrics.boil(shot, fill(studio, shot, plates, mode="still").pictures, truths)
        yield Figure(f"{name}, boil of never seen", boil["never"], "x", 3.0)
        part = boil["never"] / alone["never"]
        bound = None if shot.name == "dynamic" else 1 / 3
        yield Figure(f"{name}, boil of never seen, over filling by frame", part, "x", bound)
    rim = metrics.seam(shot, bare.pictures)
    yield Figure(f"{name}, seam", rim, "levels", 2.0 if rigid else SEAM.get(shot.name))
    ratio = metrics.grain_ratio(shot, bare.pictures, again.pictures, final.pictures)
    yield Figure(f"{name}, grain over the camera's", ratio, "x", 1.1, least=0.9)
    ratio = metrics.grain_in_flat_parts(shot, final.pictures, truths)
    if np.isfinite(ratio):
        yield Figure(f"{name}, grain as it looks in flat parts", ratio, "x", 1.1, least=0.9)
    exact = all(
        np.array_equal(made[~hole], plate[~hole])
        for made, plate, hole in zip(final.pictures, plates, shot.holes, strict=True)
    )
    yield Figure(f"{name}, frames that changed outside the matte", 0.0 if exact else 1.0, "", 0.0)
    if shot.name == "dynamic":
        yield from _flagged(shot, bare)
    for peer, theirs in (("Telea", telea(shot, plates)), ("homographies", median(shot, plates))):
        told = metrics.likeness(shot, theirs)
        note = f"worst frame {told['worst']:.1f}, all {told['all']:.1f}"
        yield Figure(f"{shot.name}, {peer}, revealed", told["revealed"], "dB", None, note)
        if (shot.name, peer) == ("dolly", "homographies"):
            more = scores["revealed"] - told["revealed"]
            yield Figure(f"{name}, over the median of homographies", more, "dB", least=3.0)
    if shot.name in TOLD:
        yield from _told(studio, shot, plates)


def beside(studio: Any, shot: Shot) -> tuple[Filled, list[Picture]]:
    """A shot with grain, filled but given none, and by the median over homographies."""
    plates = [metrics.grained(plate, at).astype(np.float16) for at, plate in enumerate(shot.plates)]
    return fill(studio, shot, plates, grain=0.0), median(shot, plates)


def likeness(shot: Shot, fills: list[Picture], shown: list[Mask]) -> float:
    """PSNR where some frame shows what is in the hole."""
    errors = [
        (metrics.encoded(made) - metrics.encoded(clean))[there]
        for made, clean, there in zip(fills, shot.clean, shown, strict=True)
    ]
    return metrics.psnr(errors)


def wanted(names: tuple[str, ...]) -> Iterator[Shot]:
    """Of some shots those that are there and wanted."""
    yield from (Shot.load(folder) for folder in folders() if folder.name in names)


def _note(scores: Mapping[str, float], made: Filled) -> str:
    note = f"worst frame {scores['worst']:.1f}, {made.seconds:.2f} s a frame"
    if scores["never_share"] > 0.005:
        note += f"; never seen {scores['never_share']:.0%}: {scores['never']:.1f} dB"
    return note


def _flagged(shot: Shot, made: Filled) -> Iterator[Figure]:
    """Movers behind the object: is every frame warned of on which the fill is wrong by them?"""
    affected = metrics.moved_behind(shot)
    warned = [max(each["apart"], each["moving"]) > 0.03 for each in made.measured]
    missed = sum(a and not w for a, w in zip(affected, warned, strict=True))
    note = f"{sum(affected)} frames are, {sum(warned)} are flagged"
    what = "movers behind the object: affected frames that are not flagged"
    yield Figure(what, float(missed), "frames", 0.0, note)


def _told(studio: Any, shot: Shot, plates: list[Any]) -> Iterator[Figure]:
    """With what the renderer knows, in place of estimates."""
    for given, kind in (("depth", "depth"), ("vectors", "vector")):
        if not (shot.folder / f"{kind}.{FIRST}.exr").exists():
            continue
        pattern = str(shot.folder / f"{kind}.####.exr")
        made = fill(studio, shot, plates, grain=0.0, **{given: pattern})
        scores = metrics.likeness(shot, made.pictures)
        what = f"fill over {shot.name}, with the renderer's {given}, revealed"
        least = TOLD[shot.name] if given == "depth" else None
        yield Figure(what, scores["revealed"], "dB", None, _note(scores, made), least)


def fill(studio: Any, shot: Shot, plates: list[Any], **values: Any) -> Filled:
    """A shot through the product: files, client, server, files. values: inputs and parameters."""
    with tempfile.TemporaryDirectory(prefix="backlot-shots-") as home:
        folder = Path(home)
        write(folder, plates, shot.mattes)
        start = time.perf_counter()
        take = studio.process(
            "fill",
            str(folder / "plate.####.exr"),
            str(folder / "out" / "fill.####.exr"),
            matte=str(folder / "matte.####.exr"),
            grow=shot.grow,
            **values,
        )
        seconds = (time.perf_counter() - start) / len(plates)
        pictures = [metrics.read(frame.path) for frame in take.frames]
    measured = [frame.measured for frame in take.frames]
    return Filled(pictures, seconds, list(take.warnings), measured)


def write(folder: Path, plates: list[Any], mattes: list[Picture], first: int = FIRST) -> None:
    """Plates and mattes as files."""
    import backlot
    from backlot import Frame

    for number, (plate, matte) in enumerate(zip(plates, mattes, strict=True), first):
        backlot.write(folder / f"plate.{number}.exr", Frame(plate, number=number))
        cover = Frame(matte[..., None].astype(np.float16), ("A",), meaning="data")
        backlot.write(folder / f"matte.{number}.exr", cover)


def telea(shot: Shot, plates: list[Any]) -> list[Picture]:
    """OpenCV's, in 8 bits, frame by frame."""
    import cv2

    made = []
    for plate, hole in zip(plates, shot.holes, strict=True):
        picture = metrics.encoded(plate.astype(np.float32)).round().astype(np.uint8)
        filled = cv2.inpaint(picture, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)
        made.append(_decoded(filled))
    return made


def median(shot: Shot, plates: list[Any]) -> list[Picture]:
    """The median of all other frames, brought over by one homography each, and to one light."""
    import cv2

    pictures = [metrics.encoded(plate.astype(np.float32)) for plate in plates]
    grey = [cv2.cvtColor(p.astype(np.uint8), cv2.COLOR_RGB2GRAY) for p in pictures]
    outside = [(~hole).astype(np.uint8) for hole in shot.holes]
    corners = [
        cv2.goodFeaturesToTrack(g, 1500, 0.01, 5, mask=mask)
        for g, mask in zip(grey, outside, strict=True)
    ]
    chain = [np.eye(3)]
    for at in range(1, len(plates)):
        following = _homography(grey[at - 1], grey[at], corners[at - 1], np.eye(3))
        chain.append((np.eye(3) if following is None else following) @ chain[-1])
    made = []
    for at in range(len(plates)):
        stack = []
        for other in range(len(plates)):
            if other != at:
                guess = chain[other] @ np.linalg.inv(chain[at])
                there = _homography(grey[at], grey[other], corners[at], guess)
                moved = _moved(pictures[other], shot.holes[other], there)
                stack.append(_as_light(moved, pictures[at], shot.holes[at]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # where no frame shows anything
            median = np.nanmedian(np.stack(stack), axis=0)
        whole = np.where(shot.holes[at][..., None], np.nan_to_num(median), pictures[at])
        made.append(_decoded(whole))
    return made


def _homography(one: Any, other: Any, corners: Any, guess: Any) -> Any:
    """From one picture to the other, followed from where a guess has the corners."""
    import cv2

    start = cv2.perspectiveTransform(corners, guess).astype(np.float32)
    end, seen, _ = cv2.calcOpticalFlowPyrLK(
        one, other, corners, start, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    good = seen[:, 0] > 0
    if good.sum() < 8:
        return None
    return cv2.findHomography(corners[good], end[good], cv2.USAC_MAGSAC, 1.0)[0]


def _moved(picture: Picture, hole: Any, there: Any) -> Picture:
    """A frame where the target has it; NaN where it shows nothing."""
    import cv2

    if there is None:
        return np.full_like(picture, np.nan)
    size = picture.shape[1::-1]
    inverse = cv2.WARP_INVERSE_MAP
    moved = cv2.warpPerspective(picture, there, size, flags=cv2.INTER_CUBIC | inverse)
    hidden = cv2.warpPerspective(
        hole.astype(np.float32), there, size, flags=cv2.INTER_LINEAR | inverse, borderValue=1.0
    )
    moved[hidden > 0] = np.nan
    return np.asarray(moved)


def _as_light(moved: Picture, target: Picture, hole: Any) -> Picture:
    """A frame times the middle ratio of the target to it outside of the hole, in scene light."""
    light, wanted = _decoded(moved), _decoded(target)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = wanted[~hole] / light[~hole]
    usable = np.isfinite(ratio) & (light[~hole] > 0.01)
    gain = [np.median(ratio[usable[:, c], c]) if usable[:, c].any() else 1.0 for c in range(3)]
    made = metrics.encoded(light * np.array(gain, np.float32))
    return np.asarray(np.where(np.isnan(moved), np.float32(np.nan), made))


def _decoded(levels: Any) -> Picture:
    value = np.clip(np.asarray(levels, np.float32) / 255, 0, 1)
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear, np.float32)

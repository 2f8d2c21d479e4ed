"""Fill of shots as other cameras would have made them: one that jumps, rolls or zooms, one whose
focus is pulled, or with all of the background far out of focus.

Plate, clean plate and matte are warped alike, or the background blurred behind the figure, so that
ground truth is at hand. Beside it the median over homographies. BACKLOT_SHOTS_ONLY as in
fill_shots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from . import shot_metrics as metrics
from .figures import Figure, own_server
from .fill_shots import beside, likeness, wanted
from .shot_metrics import Mask, Picture, Shot

SHOTS = ("static", "pan", "handheld", "dolly")
JUMP = 0.12
"""Part of the width by which a frame may lie elsewhere, either way; of 1.2 times the size."""
ROLL, ROLL_SIZE = 8.0, 1.15
"""Degrees, either way, forth and back in 25 frames."""
ZOOM = 0.6
"""How much larger the last frame is."""
PULL, SOFT = 3.0, 12.0
"""Sigmas of a Gaussian in pixels: at most, forth and back in 22 frames, and of all frames."""
CAMERAS = ("jumps", "rolls", "zooms", "has its focus pulled", "is far out of focus")


def figures() -> Iterator[Figure]:
    import backlot

    with own_server(), backlot.connect() as studio:
        for plain in wanted(SHOTS):
            for camera in CAMERAS:
                shot, shown = taken(plain, camera)
                made, peers = beside(studio, shot)
                ours, theirs = (likeness(shot, each, shown) for each in (made.pictures, peers))
                each = [likeness(_one(shot, at), [made.pictures[at]], [shown[at]])
                        for at in range(len(shown)) if shown[at].any()]  # fmt: skip
                note = f"worst frame {min(each):.1f}, median frame {np.median(each):.1f}; "
                note += f"median over homographies {theirs:.1f} dB, {made.seconds:.2f} s a frame"
                what = f"fill over {shot.name}, the camera {camera}"
                yield Figure(what, ours, "dB", note=note, least=theirs)


def taken(shot: Shot, camera: str) -> tuple[Shot, list[Mask]]:
    """A shot by another camera, and what of its holes some frame shows."""
    shown = [shot.revealed(at) for at in range(len(shot.plates))]
    if camera == CAMERAS[3]:
        sigmas = [abs(PULL * np.sin(at / 7)) for at in range(len(shown))]
        return _blurred(shot, sigmas), shown
    if camera == CAMERAS[4]:
        return _blurred(shot, [SOFT] * len(shown)), shown
    height, width = shot.plates[0].shape[:2]
    ways = [_way(camera, at, width, height, len(shown)) for at in range(len(shown))]
    mattes = _warped([m > 0 for m in shot.mattes], ways)
    made = replace(
        shot,
        plates=[np.maximum(p, 0) for p in _warped(shot.plates, ways)],
        clean=[np.maximum(p, 0) for p in _warped(shot.clean, ways)],
        mattes=[matte.astype(np.float32) for matte in mattes],
    )
    made.holes = [metrics.hole_of(matte, shot.grow) for matte in made.mattes]
    pairs = zip(_warped(shown, ways), made.holes, strict=True)
    return made, [there & hole for there, hole in pairs]


def _way(camera: str, at: int, width: int, height: int, count: int) -> Any:
    """From where something was on the frame to where this camera has it, 3x3."""
    turn, size, shift = 0.0, 1.0, np.zeros(2)
    if camera == CAMERAS[0]:
        size, shift = 1 + 2 * JUMP, np.random.default_rng(at).uniform(-JUMP, JUMP, 2) * width
        shift[1] *= height / width
    elif camera == CAMERAS[1]:
        turn, size = np.deg2rad(ROLL * np.sin(at / 4)), ROLL_SIZE
    else:
        size = 1 + ZOOM * at / max(1, count - 1)
    across, down = size * np.cos(turn), size * np.sin(turn)
    middle = np.array([width / 2, height / 2])
    made = np.array([[across, -down, 0], [down, across, 0], [0, 0, 1]])
    made[:2, 2] = middle + shift - made[:2, :2] @ middle
    return made


def _warped(pictures: list[Any], ways: list[Any]) -> list[Any]:
    """Masks by their nearest pixel, others by cubics; the border mirrored."""
    import cv2

    made = []
    for picture, way in zip(pictures, ways, strict=True):
        mask = picture.dtype == bool
        size = picture.shape[1::-1]
        how = cv2.INTER_NEAREST if mask else cv2.INTER_CUBIC
        values = picture.astype(np.uint8) if mask else picture
        warped = cv2.warpPerspective(values, way, size, flags=how, borderMode=cv2.BORDER_REFLECT)
        made.append(warped > 0 if mask else warped)
    return made


def _blurred(shot: Shot, sigmas: list[float]) -> Shot:
    """What is behind the figure out of focus."""
    import cv2

    clean = [
        cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.01))
        for picture, sigma in zip(shot.clean, sigmas, strict=True)
    ]
    plates: list[Picture] = [
        np.where(matte[..., None] > 0, plate, behind)
        for matte, plate, behind in zip(shot.mattes, shot.plates, clean, strict=True)
    ]
    return replace(shot, plates=plates, clean=clean)


def _one(shot: Shot, at: int) -> Shot:
    return replace(shot, clean=[shot.clean[at]])

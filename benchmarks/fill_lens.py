"""Fill of shots as a lens that distorts would have them: likeness beside that of the same shots
without, and beside the median over homographies.

Barrel and pincushion of some percent at the corners, over plate, clean plate and matte alike, so
that ground truth is at hand; both are resampled as often, 0 % too. BACKLOT_SHOTS_ONLY as in
fill_shots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from . import shot_metrics as metrics
from .figures import Figure, own_server
from .fill_shots import beside, likeness, wanted
from .shot_metrics import Picture, Shot

SHOTS = ("pan", "static", "handheld", "dolly")
BENDS = (0.0, 0.04, -0.04)
"""Part of the distance from the middle by which the corners are moved out, or in."""
LOSS = 0.5
"""Decibels below the median over homographies that count as worse."""


def figures() -> Iterator[Figure]:
    import backlot

    with own_server(), backlot.connect() as studio:
        for plain in wanted(SHOTS):
            for bend in BENDS:
                shot = bent(plain, bend)
                made, peers = beside(studio, shot)
                shown = [
                    hole & peer.any(axis=2) for hole, peer in zip(shot.holes, peers, strict=True)
                ]
                ours, theirs = (likeness(shot, each, shown) for each in (made.pictures, peers))
                what = f"fill over {shot.name}, {bend:+.0%} at the corners"
                note = f"median over homographies {theirs:.1f} dB, {made.seconds:.2f} s a frame"
                yield Figure(what, ours, "dB", note=note, least=theirs - LOSS)


def bent(shot: Shot, bend: float) -> Shot:
    """A shot through a lens of one radial coefficient, all of it inside the first picture."""
    import cv2

    height, width = shot.plates[0].shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    middle = np.float32([(width - 1) / 2, (height - 1) / 2])
    across, down = x - middle[0], y - middle[1]
    radius = (across**2 + down**2) / np.float32((middle**2).sum())
    scale = (1 + bend * radius) / np.float32(1 + max(bend, 0.0))
    place = middle[0] + across * scale, middle[1] + down * scale

    def through(picture: Picture, how: int) -> Picture:
        return np.asarray(cv2.remap(picture, *place, how, borderMode=cv2.BORDER_REPLICATE))

    mattes = [through(matte, cv2.INTER_NEAREST) for matte in shot.mattes]
    made = replace(
        shot,
        plates=[through(plate, cv2.INTER_CUBIC) for plate in shot.plates],
        clean=[through(clean, cv2.INTER_CUBIC) for clean in shot.clean],
        mattes=mattes,
    )
    made.holes = [metrics.hole_of(matte, shot.grow) for matte in mattes]
    return made

"""A lens that distorts: no homography lays such frames on each other, and the fill still fits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from .shots import HEIGHT, WIDTH, Shot, disc

MIDDLE = (1006, 1007)


class Bent(Shot):
    """A pan of 8 pixels a frame through a lens that moves the corners by a part of their distance
    from the middle."""

    def __init__(self, bend: float) -> None:
        super().__init__(12, 8.0, matte=lambda at: disc(72, 30 + 9 * at, 11), noise=0.002)
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
        across, down = x - (WIDTH - 1) / 2, y - (HEIGHT - 1) / 2
        radius = (across**2 + down**2) / ((WIDTH / 2) ** 2 + (HEIGHT / 2) ** 2)
        scale = (1 + bend * radius) / (1 + max(bend, 0.0))
        place = [
            np.float32((size - 1) / 2 + off * scale)
            for size, off in ((WIDTH, across), (HEIGHT, down))
        ]
        for number in self.numbers:
            for pictures, how in (
                (self.truth, cv2.INTER_CUBIC),
                (self.plates, cv2.INTER_CUBIC),
                (self.mattes, cv2.INTER_NEAREST),
            ):
                pictures[number] = cv2.remap(
                    pictures[number], *place, how, borderMode=cv2.BORDER_REPLICATE
                )
            self.mattes[number] = cv2.dilate(self.mattes[number], np.ones((5, 5), np.uint8))


def likeness(shot: Shot) -> float:
    made, _ = shot.filled(*MIDDLE)
    return min(shot.error(number, made[number]) for number in MIDDLE)


def plane(shot: Shot) -> float:
    """Of the best that one homography for each frame can do: the nearest frames, laid over by
    where the picture itself has gone, then the median."""
    errors = []
    for number in MIDDLE:
        hole, stack = shot.mattes[number] > 0, []
        for other in shot.numbers:
            grey = [
                cv2.cvtColor(np.uint8(np.clip(shot.truth[n], 0, 1) * 255), cv2.COLOR_RGB2GRAY)
                for n in (number, other)
            ]
            start = cv2.goodFeaturesToTrack(grey[0], 300, 0.01, 5)
            end, good, _ = cv2.calcOpticalFlowPyrLK(*grey, start, None)
            good = good[:, 0] > 0
            if other == number or np.count_nonzero(good) < 20:
                continue
            way, _ = cv2.findHomography(start[good], end[good], cv2.USAC_MAGSAC, 1.0)
            how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            moved = cv2.warpPerspective(shot.plates[other], way, (WIDTH, HEIGHT), flags=how)
            there = cv2.warpPerspective(
                np.float32(shot.mattes[other] == 0), way, (WIDTH, HEIGHT), flags=how
            )
            moved[there < 0.99] = np.nan
            stack.append(moved)
        middle = np.nan_to_num(np.nanmedian(stack, axis=0), nan=0.3)
        errors.append(shot.error(number, np.where(hole[..., None], middle, shot.plates[number])))
    return min(errors)


@pytest.mark.filterwarnings("ignore:All-NaN")
@pytest.mark.parametrize("bend", [0.04, -0.04])
def test_a_lens_that_distorts_costs_less_than_one_homography_does(bend: float) -> None:
    bent = Bent(bend)
    made = likeness(bent)
    assert made > likeness(Bent(0.0)) - 3
    assert made > plane(bent) + 1.5

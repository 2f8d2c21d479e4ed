"""Fine detail in fill: each hole as sharp as its own surroundings, whatever lies beside it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backlot.frame import Frame
from backlot_server.holes import apart, bounds, pieces

from .test_fill import disc, filled


def edges(pixels: np.ndarray) -> np.ndarray:
    plane = pixels.mean(axis=2)
    return np.hypot(np.diff(plane, axis=1)[:-1], np.diff(plane, axis=0)[:, :-1])


def test_each_hole_is_as_sharp_as_its_own_surroundings() -> None:
    """Two small holes that are filled together, one in a calm wall, one in a rough one."""
    rng = np.random.default_rng(3)
    size = np.where(np.arange(160) < 80, 0.01, 0.12)
    plate = (0.4 + rng.normal(0, 1, (96, 160, 3)) * size[:, None]).clip(0.02).astype(np.float32)
    calm, rough = disc(96, 160, 48, 58, 9), disc(96, 160, 48, 102, 9)
    assert len(list(pieces(calm | rough))) == 1
    made = edges(filled(Frame(plate), calm | rough, mode="still"))
    for hole, part in ((calm, np.s_[:, :70]), (rough, np.s_[:, 90:])):
        around = ~(calm | rough)[:-1, :-1]
        around[:, :-1] &= around[:, 1:]
        ratio = made[hole[:-1, :-1]].mean() / made[part][around[part]].mean()
        assert 0.35 < ratio < 1.2, ratio


@given(
    arrays(np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24))), st.sampled_from([2.0, 5.0])
)
def test_what_lies_apart_is_told_apart(hole: np.ndarray, gap: float) -> None:
    found = list(apart(hole, gap))
    together = np.zeros(hole.shape, int)
    for n, (box, mine) in enumerate(found):
        assert bounds(mine) == (0, 0, *mine.shape)
        part = together[box[0] : box[2], box[1] : box[3]]
        assert not part[mine].any(), "a pixel belongs to one hole"
        part[mine] = n + 1
    assert np.array_equal(together > 0, hole)
    ys, xs = np.nonzero(hole)
    away = np.hypot(ys[:, None] - ys, xs[:, None] - xs)
    same = together[ys, xs][:, None] == together[ys, xs]
    assert same[away <= 1.5].all(), "neighbours are of one hole"
    assert (away[~same] > gap).all() or gap > 2, "what is nearer than the gap is, too"

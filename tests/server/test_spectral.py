"""The spectral guide: edges run on, order and threads do not show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backlot_server import parallel, spectral
from backlot_server.membrane import distance, membrane

from .test_fill import disc


def edge(degrees: float) -> np.ndarray:
    """A soft step from dark to light through the middle, 96 x 96."""
    y, x = np.mgrid[:96, :96].astype(np.float32)
    turn = np.deg2rad(degrees)
    away = (x - 46) * np.cos(turn) + (y - 49) * np.sin(turn)
    return np.repeat((0.2 + 0.5 / (1 + np.exp(-2 * away)))[:, :, None], 3, 2).astype(np.float32)


def guide(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    plate = np.where(hole[:, :, None], np.float32(0), picture)
    return spectral.extrapolate(plate, hole, hole, lambda: None)


def rms(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


@pytest.mark.parametrize("degrees", [0, 20, 45, 70])
def test_an_edge_runs_on(degrees: float) -> None:
    picture, hole = edge(degrees), disc(96, 96, 48, 48, 12)
    made = guide(picture, hole)
    plate = np.where(hole[:, :, None], np.float32(0), picture)
    smooth = membrane(plate, hole)
    assert rms(made[hole], picture[hole]) < 0.3 * rms(smooth[hole], picture[hole])
    assert made[~hole].tobytes() == picture[~hole].tobytes()


def test_a_flat_part_beside_a_busy_one_stays_flat() -> None:
    """What is far away has less of a say the busier it is: here, stripes do not ring on."""
    y, x = np.mgrid[:96, :128].astype(np.float32)
    stripes = np.where(x < 56, 0.5 + 0.3 * np.sin(x * 1.3 + y * 0.4), 0.35)
    picture = np.repeat(stripes[:, :, None], 3, 2).astype(np.float32)
    hole = disc(96, 128, 48, 72, 10)
    assert rms(guide(picture, hole)[hole], picture[hole]) < 0.0025


@given(arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_every_block_has_its_turn_and_no_two_neighbours_the_same(hole: np.ndarray) -> None:
    turns = spectral._turns(hole, distance(np.pad(hole, 1))[1:-1, 1:-1], 2, np.inf, fine=True)
    seen = np.zeros((-(-hole.shape[0] // 2), -(-hole.shape[1] // 2)), int)
    for blocks in turns:
        now = np.zeros_like(seen)
        for y, x in blocks // 2:
            assert not now[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].any()
            now[y, x] = 1
        seen += now
    padded = np.zeros((seen.shape[0] * 2, seen.shape[1] * 2), bool)
    padded[: hole.shape[0], : hole.shape[1]] = hole
    wanted = padded.reshape(len(seen), 2, -1, 2).any(axis=(1, 3))
    assert np.array_equal(seen, wanted)


def test_threads_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, hole = edge(30), disc(96, 96, 48, 48, 14) | disc(96, 96, 20, 70, 9)
    made = []
    for count in (1, 3):
        monkeypatch.setattr(parallel, "threads", lambda count=count: count)
        made.append(guide(picture, hole).tobytes())
    assert made[0] == made[1]

"""Things that move behind the object: followed, and laid over what stands still."""

from __future__ import annotations

import numpy as np
import pytest

from backlot.frame import Frame
from backlot_server.shotfill import fill as shotfill
from backlot_server.shotfill import layers
from backlot_server.tools import fill

from .jobs import LocalJob
from .shots import FIRST, HEIGHT, WIDTH, Shot, disc, run, texture

MIDDLE = (FIRST + 10, FIRST + 11, FIRST + 12)
STEP = 6
HIGH, WIDE = 30, 34
NAMES = ("R", "G", "B", "A", "id.R")


class Crossed(Shot):
    """A board that crosses behind the object: blue, textured, STEP pixels a frame to the left.

    post: where a post stands that is nearer than the board, or None. pace: of the object.
    """

    def __init__(self, post: int | None = None, pace: float = 3.5) -> None:
        shift = 0.4 if post is None else 0.0
        super().__init__(22, shift, matte=lambda at: disc(48, 80 + pace * (at - 11), 13))
        board = texture(HIGH, WIDE, seed=8) * np.float32([0.3, 0.8, 1.6])
        pole = texture(HEIGHT, 8, seed=9) * np.float32([1.4, 0.9, 0.4])
        rng = np.random.default_rng(3)
        self.board: dict[int, np.ndarray] = {}
        for at, number in enumerate(self.numbers):
            left, top = 126 - STEP * at, 34 + at % 3
            columns = np.arange(WIDE)[
                (np.arange(WIDE) + left >= 0) & (np.arange(WIDE) + left < WIDTH)
            ]
            there = np.zeros((HEIGHT, WIDTH), bool)
            there[top : top + HIGH, columns + left] = True
            self.truth[number][top : top + HIGH, columns + left] = board[:, columns]
            if post is not None:
                self.truth[number][:, post : post + 8] = pole
                there[:, post : post + 8] = False
            noise = rng.normal(0, 0.004, self.truth[number].shape)
            hole = self.mattes[number][:, :, None] > 0
            plate = np.where(hole, [0.9, 0.1, 0.1], self.truth[number] + noise)
            self.plates[number] = plate.astype(np.float32)
            self.board[number] = there


@pytest.fixture(scope="module")
def shot() -> Crossed:
    return Crossed()


@pytest.fixture(scope="module")
def made(shot: Crossed) -> dict[int, np.ndarray]:
    return shot.filled(*MIDDLE)[0]


def without(shot: Shot, monkeypatch: pytest.MonkeyPatch, *numbers: int) -> dict[int, np.ndarray]:
    monkeypatch.setattr(shotfill, "_doubtful", lambda *_: False)
    return shot.filled(*numbers)[0]


def test_what_crosses_behind_the_object_is_seen_in_the_hole(
    shot: Crossed, made: dict[int, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in MIDDLE:
        assert (shot.board[number] & (shot.mattes[number] > 0)).sum() > 100
        assert shot.error(number, made[number]) > 26
    plain = without(shot, monkeypatch, *MIDDLE)
    gained = [shot.error(n, made[n]) - shot.error(n, plain[n]) for n in MIDDLE]
    assert min(gained) > 8
    for number in MIDDLE:
        outside = shot.mattes[number] == 0
        assert made[number][outside].tobytes() == shot.plates[number][outside].tobytes()


def test_it_is_flagged_all_the_same(shot: Crossed) -> None:
    job = LocalJob(fill.SPEC, shot.inputs(), {}, (MIDDLE[1],))
    measured = fill.run(job, MIDDLE[1]).measured
    assert measured["moving"] > 0.03
    assert any("things move behind the object" in sentence for sentence in job.warnings)


def test_the_same_bits_wherever_the_range_is_cut(
    shot: Crossed, made: dict[int, np.ndarray]
) -> None:
    for number in (MIDDLE[2], MIDDLE[0]):
        again, _ = run(shot.inputs(), number)
        assert again[number].tobytes() == made[number].tobytes()


def test_a_thing_that_stands_nearer_hides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shot = Crossed(76, pace=9.0)

    def off(made: dict[int, np.ndarray]) -> float:
        """Where the board is hidden, or not."""
        apart = []
        for number in MIDDLE:
            rest = (shot.mattes[number] > 0) & ~shot.board[number]
            apart.append(np.abs(made[number] - shot.truth[number])[rest])
        return float(np.concatenate(apart).mean())

    hidden, _ = shot.filled(*MIDDLE)
    monkeypatch.setattr(layers, "HIDES", 2.0)
    before, _ = shot.filled(*MIDDLE)
    assert off(hidden) < 0.5 * off(before)


def test_what_is_seen_of_a_fill_tells_where_the_thing_came_from(shot: Crossed) -> None:
    number = MIDDLE[1]
    board = (shot.mattes[number] > 0) & shot.board[number]
    inner = board & np.roll(board, 3, 1) & np.roll(board, -3, 1) & np.roll(board, 3, 0)
    inner &= np.roll(board, -3, 0)
    across, _ = shot.filled(number, show="across")
    source, _ = shot.filled(number, show="source")
    off = across[number][inner][:, 0] + STEP * source[number][inner][:, 0]
    assert np.median(np.abs(off)) < 0.7


def test_what_does_not_move_is_filled_as_without_all_this(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    still = Shot(shift=0.5, noise=0.01)
    made, _ = still.filled(FIRST + 5)
    plain = without(still, monkeypatch, FIRST + 5)
    assert made[FIRST + 5].tobytes() == plain[FIRST + 5].tobytes()


def test_alpha_and_ids_of_the_thing_come_along(shot: Crossed) -> None:
    number = MIDDLE[1]
    plates = {}
    for n, plate in shot.plates.items():
        hole = shot.mattes[n] > 0
        ids = np.where(hole, np.float32(-3), np.where(shot.board[n], np.float32(5), np.float32(2)))
        alpha = np.where(hole, np.float32(1), np.where(shot.board[n], np.float32(0.5), 0))
        plates[n] = Frame(np.dstack([plate, alpha, ids]).astype(np.float32), NAMES, number=n)
    made, _ = run(shot.inputs(source=plates), number)
    hole, board = shot.mattes[number] > 0, shot.board[number]
    assert np.mean(made[number][hole & board][:, 4] == 5) > 0.95
    assert set(np.unique(made[number][hole][:, 4])) <= {2, 5}
    assert np.abs(made[number][hole & board][:, 3] - 0.5).mean() < 0.03

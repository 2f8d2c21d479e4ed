"""Plates that were compressed hard: blocks stand still on the screen while the picture moves."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backlot.frame import Frame
from backlot_server.shotfill import register
from backlot_server.shotfill.look import looked
from benchmarks import shot_metrics as metrics

SHOTS = Path(__file__).resolve().parents[2] / "examples" / "shots"


def seen(shot: metrics.Shot, numbers: tuple[int, ...], grain: bool) -> Any:
    """Some frames as the fill sees them; numbers count from 0."""
    looks = {}
    for at in numbers:
        plate = metrics.grained(shot.plates[at], at) if grain else shot.plates[at]
        cover = shot.holes[at].astype(np.float32)
        looks[at] = looked(Frame(np.ascontiguousarray(plate, np.float32)), at, cover, None)[0]
    return SimpleNamespace(kept={}, look=looks.__getitem__)


@pytest.mark.parametrize("grain", [False, True])
@pytest.mark.parametrize("name", ["pan", "handheld"])
def test_calm_walls_do_not_lead_the_camera_astray(name: str, grain: bool) -> None:
    """On plaster most corners are blocks or grain: two frames lie on each other all the same."""
    shot = metrics.Shot.load(SHOTS / name)
    for first in (0, 12, 22):
        found = register.step(seen(shot, (first, first + 1), grain), first, first + 1)
        assert found is not None
        true, _ = shot.positions(first, first + 1)
        rows, columns = np.mgrid[40:540:100, 60:960:140].reshape(2, -1)
        points = np.stack([columns, rows], axis=1).astype(np.float32)
        off = np.linalg.norm(register.moved(found, points) - true[rows, columns], axis=1)
        assert np.median(off) < 0.25
        assert off.max() < 0.7

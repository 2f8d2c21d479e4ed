"""Drawn mattes as pixels."""

from __future__ import annotations

import time

import numpy as np
import pytest
from backlot_resolve.edit import file_of, pattern
from backlot_resolve.mattes import rasterise


def test_a_box_covers_exactly_its_pixels():
    cover = rasterise([{"kind": "box", "points": [[0.25, 0.5], [0.75, 1.0]]}], 8, 4)
    wanted = np.zeros((4, 8), np.float32)
    wanted[2:, 2:6] = 1.0
    assert np.array_equal(cover, wanted)
    back = rasterise([{"kind": "box", "points": [[0.75, 1.0], [0.25, 0.5]]}], 8, 4)
    assert np.array_equal(back, cover)


def test_an_ellipse_has_the_area_of_one():
    cover = rasterise([{"kind": "ellipse", "points": [[0.1, 0.2], [0.9, 0.8]]}], 400, 300)
    assert cover.sum() == pytest.approx(np.pi * 160 * 90, rel=0.01)


def test_a_stroke_is_as_wide_as_its_brush_and_round_at_its_ends():
    stroke = {"kind": "brush", "radius": 0.05, "points": [[0.2, 0.5], [0.5, 0.5], [0.8, 0.5]]}
    cover = rasterise([stroke], 200, 100)
    assert cover[:, 100].sum() == pytest.approx(20, abs=0.1)
    assert cover.sum() == pytest.approx(120 * 20 + np.pi * 100, rel=0.01)
    dot = rasterise([{"kind": "brush", "radius": 0.05, "points": [[0.5, 0.5]]}], 200, 100)
    assert dot.sum() == pytest.approx(np.pi * 100, rel=0.02)


def test_erasing_takes_away_what_was_drawn_before_and_not_after():
    box = {"kind": "box", "points": [[0.0, 0.0], [1.0, 1.0]]}
    eraser = box | {"points": [[0.0, 0.0], [0.5, 1.0]], "erase": True}
    assert rasterise([box, eraser], 8, 4).sum() == 16
    assert rasterise([eraser, box], 8, 4).sum() == 32


def test_what_lies_outside_the_frame_is_cut_off():
    far = {"kind": "brush", "radius": 0.1, "points": [[-3.0, -3.0], [4.0, 4.0]]}
    assert rasterise([far], 64, 36).max() == 1.0
    away = {"kind": "ellipse", "points": [[1.5, 1.5], [2.0, 2.0]]}
    assert rasterise([away], 64, 36).max() == 0.0


def test_a_long_stroke_at_full_size_costs_what_it_covers():
    """600 points over a UHD frame: looked at whole, each would cost 8 million pixels."""
    t = np.linspace(0, 6, 600)
    points = np.stack([0.5 + 0.3 * np.cos(t), 0.5 + 0.3 * np.sin(t)], 1).tolist()
    began = time.process_time()
    cover = rasterise([{"kind": "brush", "radius": 0.01, "points": points}], 3840, 2160)
    assert time.process_time() - began < 5.0
    assert cover.any()


@pytest.mark.parametrize(
    ("given", "number", "wanted"),
    [
        ("/a/plate.%04d.exr", 7, "/a/plate.0007.exr"),
        ("/a/100%/plate_%08d.exr", 1001, "/a/100%/plate_00001001.exr"),
        ("/a/50%02done/still.exr", 3, "/a/50%02done/still.exr"),
        ("/a/plate.%d.exr", 12, "/a/plate.12.exr"),
        ("C:\\100%02d\\plate.%04d.exr", 7, "C:\\100%02d\\plate.0007.exr"),
    ],
)
def test_only_the_name_of_a_file_is_numbered(given, number, wanted):
    assert file_of(given, number) == wanted


def test_resolves_brackets_are_read():
    assert pattern("/a/p.[0990-1010].exr") == "/a/p.%04d.exr"
    assert pattern("/a/p.exr") == "/a/p.exr"

"""Networks of other people that fill: what they are is found out, and the plate is kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import backlot
from backlot.errors import BacklotError, Unsupported
from backlot.frame import DATA, Frame
from backlot.tools import ToolSpec
from backlot_server import models
from backlot_server.fillspec import networks
from backlot_server.models.add import add
from backlot_server.tools import fill

from ..conftest import RunningServer
from .jobs import make
from .test_fill import disc, matte, psnr

NETWORKS = Path(__file__).parent / "networks"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "models"


class Tool:
    """Fill as a server offers it that was started after the network was added."""

    SPEC: ToolSpec
    run = staticmethod(fill.run)
    plan = staticmethod(fill.plan)

    def __init__(self) -> None:
        params = [
            replace(param, choices=networks()) if param.name == "network" else param
            for param in fill.SPEC.params
        ]
        self.SPEC = replace(fill.SPEC, params=tuple(params))


def smooth(height: int, width: int) -> np.ndarray:
    """(height, width, 3) scene-linear, slow waves."""
    y, x = np.mgrid[:height, :width] / 90.0
    planes = [0.3 + 0.15 * np.sin(2 * x + c) * np.cos(y) for c in range(3)]
    return np.stack(planes, axis=2).astype(np.float32)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            "fill-fixed.onnx",
            {"fixed": (96, 128), "mask": "hole", "made_peak": 255.0, "dtype": "float32"},
        ),
        (
            "fill-known.onnx",
            {"fixed": None, "mask": "known", "made_peak": 255.0, "dtype": "uint8"},
        ),
        ("fill-eights.onnx", {"multiple": 8, "mask": "hole", "made_peak": 1.0, "peak": 1.0}),
        ("fill-bleeds.onnx", {"mask": "known", "made_peak": 255.0, "dtype": "uint8"}),
    ],
)
def test_what_a_network_means_is_found_by_trying(folder: Path, file: str, expected: dict) -> None:
    card = add(NETWORKS / file, "mine")
    assert {name: getattr(card, name) for name in expected} == expected
    assert (card.purpose, card.verdict) == ("fill", "amber")
    assert "nothing is known about its quality" in card.limits
    assert models.find("mine") == card
    assert ("mine", "mine (added)") in networks()


@pytest.mark.parametrize("file", ["fill-fixed.onnx", "fill-known.onnx", "fill-eights.onnx"])
@pytest.mark.parametrize("exposure", [1.0, 40.0])
def test_a_plate_of_any_size_and_exposure_is_filled_and_nothing_else_moves(
    folder: Path, file: str, exposure: float
) -> None:
    add(NETWORKS / file, "mine")
    truth = smooth(203, 301) * np.float32(exposure)
    hole = disc(203, 301, 100, 150, 14)
    plate = np.where(hole[:, :, None], np.float32(9 * exposure), truth)
    made = make(
        Tool(), {"source": Frame(plate), "matte": matte(hole)}, mode="still", network="mine"
    )
    assert "mine" in made.engine
    pixels = made.frame.pixels
    assert pixels[~hole].tobytes() == plate[~hole].tobytes()
    assert psnr(pixels[hole] / exposure, truth[hole] / exposure) > 35


@pytest.mark.parametrize("lies", [0.0, 9.0, np.nan])
def test_what_lies_in_the_hole_is_never_shown(folder: Path, lies: float) -> None:
    """Not even to a network that shrinks or blurs the picture before it looks at the mask."""
    add(NETWORKS / "fill-bleeds.onnx", "mine")
    truth = smooth(203, 301)
    hole = disc(203, 301, 100, 150, 14)
    plate = Frame(np.where(hole[:, :, None], np.float32(lies), truth))
    made = make(Tool(), {"source": plate, "matte": matte(hole)}, mode="still", network="mine")
    assert psnr(made.frame.pixels[hole], truth[hole]) > 35


def test_a_hole_larger_than_the_size_it_takes_is_shown_reduced(folder: Path) -> None:
    add(NETWORKS / "fill-fixed.onnx", "mine")
    truth = smooth(400, 500)
    hole = disc(400, 500, 200, 250, 90)
    plate = np.where(hole[:, :, None], np.float32(0), truth)
    made = make(
        Tool(), {"source": Frame(plate), "matte": matte(hole)}, mode="still", network="mine"
    )
    assert psnr(made.frame.pixels[hole], truth[hole]) > 20
    assert made.frame.pixels[~hole].tobytes() == plate[~hole].tobytes()


def test_highlights_come_back_beyond_white(folder: Path) -> None:
    add(NETWORKS / "fill-eights.onnx", "mine")
    truth = smooth(120, 160)
    truth[:, 80:] *= 30
    hole = disc(120, 160, 60, 115, 10)
    plate = np.where(hole[:, :, None], np.float32(0), truth)
    made = make(
        Tool(), {"source": Frame(plate), "matte": matte(hole)}, mode="still", network="mine"
    )
    inside = made.frame.pixels[hole]
    assert 0.7 < float(inside.mean() / truth[hole].mean()) < 1.3


def test_alpha_and_ids_are_filled_from_the_picture_itself(folder: Path) -> None:
    add(NETWORKS / "fill-known.onnx", "mine")
    truth = np.concatenate([smooth(120, 160), np.ones((120, 160, 2), np.float32)], axis=2)
    truth[:, :80, 4] = 7.0
    hole = disc(120, 160, 60, 80, 9)
    plate = np.where(hole[:, :, None], np.float32(0), truth)
    frame = Frame(plate, ("R", "G", "B", "A", "id"))
    inputs = {"source": frame, "matte": matte(hole)}
    pixels = make(Tool(), inputs, mode="still", network="mine").frame.pixels
    assert np.allclose(pixels[hole][:, 3], 1.0)
    assert set(np.unique(pixels[:, :, 4])) == {1.0, 7.0}
    assert psnr(pixels[hole][:, :3], truth[hole][:, :3]) > 30


def test_data_has_nothing_for_a_network_to_see(folder: Path) -> None:
    add(NETWORKS / "fill-known.onnx", "mine")
    truth = smooth(60, 80)
    hole = disc(60, 80, 30, 40, 6)
    plate = Frame(np.where(hole[:, :, None], np.float32(0), truth), ("X", "Y", "Z"), meaning=DATA)
    inputs = {"source": plate, "matte": matte(hole)}
    theirs = make(Tool(), inputs, mode="still", network="mine").frame.pixels
    ours = make(Tool(), inputs, mode="still").frame.pixels
    assert np.array_equal(theirs, ours)


def test_other_weights_make_a_take_stale(folder: Path) -> None:
    add(NETWORKS / "fill-known.onnx", "mine")
    tool = Tool()
    own = tool.plan(tool.SPEC.values({"mode": "still"}))
    theirs = tool.plan(tool.SPEC.values({"mode": "still", "network": "mine"}))
    assert own.fingerprint != theirs.fingerprint
    assert "mine" in theirs.engine


def test_one_that_does_not_fill_is_refused_with_the_reason(folder: Path) -> None:
    with pytest.raises(Unsupported, match="a hole in a smooth picture") as caught:
        add(NETWORKS / "fill-not.onnx")
    assert caught.value.hint
    assert not folder.exists() or not list(folder.iterdir())


def test_a_file_that_is_damaged_is_refused_with_its_name(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes((NETWORKS / "fill-eights.onnx").read_bytes()[:-40])
    with pytest.raises(BacklotError, match=r"broken\.onnx"):
        add(broken)
    assert not folder.exists() or not list(folder.iterdir())


def test_a_server_offers_it_and_fills_with_it(folder: Path) -> None:
    folder.mkdir(parents=True)
    shutil.copy(NETWORKS / "fill-fixed.onnx", folder / "mine.onnx")
    server = RunningServer(env={"BACKLOT_HOME": str(folder.parent)})
    truth, hole = smooth(203, 301), disc(203, 301, 100, 150, 14)
    plate = Frame(np.where(hole[:, :, None], np.float32(9), truth))
    try:
        with backlot.connect(endpoint=server.endpoint) as studio:
            offered = dict(studio.tool("fill").param("network").choices)
            given = {"source": plate, "matte": matte(hole)}
            made = studio.run("fill", mode="still", network="mine", **given)
    finally:
        server.close()
    assert offered == {"own": "Backlot", "mine": "mine (added)"}
    assert made.pixels[~hole].tobytes() == plate.pixels[~hole].tobytes()
    assert psnr(made.pixels[hole], truth[hole]) > 35


def test_the_same_is_made_twice(folder: Path) -> None:
    add(NETWORKS / "fill-eights.onnx", "mine")
    hole = disc(120, 160, 60, 80, 12)
    inputs = {"source": Frame(smooth(120, 160)), "matte": matte(hole)}
    one, two = (make(Tool(), inputs, mode="still", network="mine").frame for _ in range(2))
    assert one.pixels.tobytes() == two.pixels.tobytes()

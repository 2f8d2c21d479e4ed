"""The fill network in fill: it helps, in narrow holes alone, and no tile shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backlot.errors import UnreadableFile
from backlot.frame import Frame
from backlot_server import fillnetwork, models
from backlot_server.encoding import decoded
from backlot_server.tools import fill
from training import generate

from .jobs import make
from .test_fill import disc, filled, matte, picture, psnr


def silent(batch: np.ndarray) -> np.ndarray:
    """A network that has nothing to add."""
    return np.zeros((1, 3, *batch.shape[2:]), np.float32)


@pytest.fixture(scope="module")
def generated() -> np.ndarray:
    """Part of an image of the validation's seed, which was not trained on, scene-linear."""
    (image,) = generate.images(1, 0, 1)
    return decoded(image[:192, :192] / np.float32(255), "srgb")


def holes() -> np.ndarray:
    hole = np.zeros((192, 192), bool)
    for y in range(24, 180, 48):
        for x in range(24, 180, 48):
            hole |= disc(192, 192, y, x, 8)
    return hole


def test_small_holes_come_nearer_to_the_truth_with_it(
    generated: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    hole = holes()
    plate = Frame(np.where(hole[:, :, None], np.float32(0), generated))
    ours = filled(plate, hole, mode="still")
    monkeypatch.setattr(fillnetwork, "opened", lambda: silent)
    without = filled(plate, hole, mode="still")
    assert psnr(ours[hole], generated[hole]) > psnr(without[hole], generated[hole]) + 0.1
    assert ours[~hole].tobytes() == plate.pixels[~hole].tobytes()


def test_in_a_large_hole_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    plate, hole = Frame(picture(160, 200)), disc(160, 200, 80, 100, 40)
    ours = filled(plate, hole, mode="still")
    monkeypatch.setattr(fillnetwork, "opened", lambda: silent)
    assert filled(plate, hole, mode="still").tobytes() == ours.tobytes()


def test_tiles_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    planes = rng.random((fillnetwork.CHANNELS, 190, 230), np.float32)
    wanted = np.ones((190, 230), bool)
    network = fillnetwork.opened()
    whole = fillnetwork.corrections(network, planes, wanted)
    monkeypatch.setattr(fillnetwork, "TILE", 144)
    tiled = fillnetwork.corrections(network, planes, wanted)
    np.testing.assert_allclose(tiled, whole, atol=1e-5 * np.abs(whole).max())
    wanted[:, 100:] = False
    assert not fillnetwork.corrections(network, planes, wanted)[:, 100:].any()


@pytest.mark.parametrize("axis", [1, 2])
def test_it_says_the_same_of_a_mirror_image(axis: int) -> None:
    planes = np.random.default_rng(4).random((fillnetwork.CHANNELS, 64, 96), np.float32)
    wanted = np.zeros((64, 96), bool)
    wanted[20:44, 30:61] = True
    network = fillnetwork.opened()
    one = fillnetwork.corrections(network, planes, wanted)
    mirrored = np.ascontiguousarray(np.flip(planes, axis))
    other = fillnetwork.corrections(network, mirrored, np.flip(wanted, axis - 1))
    np.testing.assert_allclose(np.flip(other, axis - 1), one, atol=1e-5 * np.abs(one).max())


def test_it_is_part_of_what_a_take_was_made_with(monkeypatch: pytest.MonkeyPatch) -> None:
    values = fill.SPEC.values({"mode": "still"})
    before = fill.plan(values).fingerprint
    other = replace(fillnetwork.card(), sha256="0" * 64)
    monkeypatch.setattr(fillnetwork, "card", lambda: other)
    assert fill.plan(values).fingerprint != before


def test_weights_that_were_exchanged_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def exchanged(card: models.Card) -> None:
        raise UnreadableFile(f"The weights of {card.name} are exchanged.", "Install again.")

    fillnetwork.opened.cache_clear()
    monkeypatch.setattr(fillnetwork, "verify", exchanged)
    inputs = {"source": Frame(picture()), "matte": matte(disc(60, 80, 30, 40, 5))}
    with pytest.raises(UnreadableFile, match="exchanged"):
        make(fill, inputs, mode="still")
    fillnetwork.opened.cache_clear()

"""A renderer's diffuse colour has no light on it: lightness is judged there, and brought back."""

import numpy as np
import pytest

from backlot.frame import Frame
from backlot_server.tools import character_lock
from tests.server.characters import REGIONS, SIZE, character, matte
from tests.server.jobs import make

COAT = list(REGIONS).index("coat")
DARKER = (0.6, 0.6, 0.6)
DARKER_AND_REDDER = (0.85, 0.6, 0.6)


def albedo(number: int, gain=(1.0, 1.0, 1.0)) -> Frame:
    """Plain colours, as a renderer writes them: no shade, hardly any noise. gain: of the coat."""
    pixels = np.full((64, SIZE * len(REGIONS) + 40, 3), 0.3, np.float32)
    for at, tone in enumerate(REGIONS.values()):
        pixels[8:-8, 20 + at * SIZE : 16 + (at + 1) * SIZE] = tone
    pixels[8:-8, 20 + COAT * SIZE : 16 + (COAT + 1) * SIZE] *= gain
    noise = np.random.default_rng(number).normal(0, 0.002, pixels.shape)
    return Frame((pixels + noise).astype(np.float32), number=number)


@pytest.fixture(scope="module")
def sent() -> str:
    looks = make(character_lock, {"source": albedo(50), "matte": matte()}, mode="describe")
    return character(looks.measured["regions"])


def locked(sent: str, gain, **values):
    frames = {n: albedo(n, gain) for n in range(1, 10)}
    given = {"source": frames, "matte": matte()}
    return frames[5].pixels, make(character_lock, given, 5, character=sent, mode="lock", **values)


@pytest.mark.parametrize("gain", [DARKER, DARKER_AND_REDDER])
def test_lightness_is_judged_and_brought_back(sent: str, gain: tuple) -> None:
    before, made = locked(sent, gain, diffuse=True)
    said = made.measured["regions"]
    assert [name for name, each in said.items() if each["verdict"] == "changed"] == ["coat"]
    assert said["coat"]["to"][0] < said["coat"]["from"][0] - 5
    core = matte().pixels[..., COAT] == 1
    right = albedo(5).pixels[core].mean(0)
    assert np.allclose(made.frame.pixels[core].mean(0) / right, 1, atol=0.06)
    elsewhere = matte().pixels[..., COAT] == 0
    assert made.frame.pixels[elsewhere].tobytes() == before[elsewhere].tobytes()


def test_nothing_is_found_where_nothing_drifted(sent: str) -> None:
    _, made = locked(sent, (1, 1, 1), diffuse=True)
    assert {each["verdict"] for each in made.measured["regions"].values()} == {"unchanged"}


def test_in_a_picture_lightness_stays_as_it_is(sent: str) -> None:
    before, made = locked(sent, DARKER)
    assert made.measured["regions"]["coat"]["verdict"] == "unchanged"
    assert made.frame.pixels.tobytes() == before.tobytes()

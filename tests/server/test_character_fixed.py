"""What cannot drift tells the light: a chart in the shot, or a prop that is the same in both."""

import json

import numpy as np
import pytest

from backlot.frame import Frame
from backlot_server.tools import character_lock
from tests.server.characters import REGIONS, WARM, character, frame, matte
from tests.server.jobs import make

REDDER = (0.0, 0.22, 0.05)
WEARS = [name for name in REGIONS if name != "shoes"]


@pytest.fixture(scope="module")
def looks():
    made = make(character_lock, {"source": frame(50), "matte": matte()}, mode="describe")
    return made.measured["regions"]


def sent(looks, *fixed: str) -> str:
    return json.dumps({**json.loads(character(looks)), "fixed": fixed})


def verdicts(text: str, light=WARM, drift=None, only=None) -> dict[str, str]:
    cover = matte()
    if only is not None:
        at = [cover.channels.index(name) for name in only]
        cover = Frame(cover.pixels[..., at], tuple(only), meaning="data")
    frames = {n: frame(n, light, drift) for n in range(1, 10)}
    made = make(character_lock, {"source": frames, "matte": cover}, 5, character=text)
    return {name: said["verdict"] for name, said in made.measured["regions"].items()}


def test_a_character_that_changed_as_a_whole_is_found_beside_a_chart(looks) -> None:
    """Graded warm, chart and all else left: without the chart that is a light."""
    drift = dict.fromkeys(WEARS, (0.0, 0.25, -0.35))
    found = verdicts(sent(looks, "shoes"), drift=drift)
    assert [name for name in WEARS if found[name] == "changed"] == WEARS
    assert found["shoes"] == "unchanged"
    without = verdicts(sent(looks), drift=drift)
    assert "changed" not in {without[name] for name in WEARS}


@pytest.mark.parametrize("light", [(0.0, 0.0, 0.0), WARM, (0.4, -0.1, 0.25)])
def test_light_is_no_drift_beside_a_chart(looks, light) -> None:
    assert set(verdicts(sent(looks, "shoes"), light).values()) == {"unchanged"}


def test_beside_a_chart_one_region_is_enough(looks) -> None:
    only = ("coat", "shoes")
    assert verdicts(sent(looks), only=only) == dict.fromkeys(only, "cannot tell")
    for drift, said in ((None, "unchanged"), ({"coat": REDDER}, "changed")):
        found = verdicts(sent(looks, "shoes"), drift=drift, only=only)
        assert found == {"coat": said, "shoes": "unchanged"}


def test_a_chart_is_never_corrected(looks) -> None:
    """Even where everything says that it is the one that changed."""
    frames = {n: frame(n, WARM, {"shoes": REDDER}) for n in range(1, 10)}
    given = {"source": frames, "matte": matte()}
    text = sent(looks, "shoes")
    result = make(character_lock, given, 5, character=text, mode="lock").frame.pixels
    cover = matte()
    inside = cover.pixels[..., cover.channels.index("shoes")] > 0
    assert np.array_equal(result[inside].view("u2"), frames[5].pixels[inside].view("u2"))

"""References that show the same look are one; those that do not, stay apart."""

import numpy as np
import pytest

from backlot_server.look.pooling import pooled
from backlot_server.look.statistics import Look
from backlot_server.tools import character_lock
from tests.server.characters import REGIONS, WARM, character, frame, matte
from tests.server.jobs import make

REDDER = (0.0, 0.30, 0.05)


def described(number: int, light=(0.0, 0.0, 0.0), drift=None) -> dict[str, dict]:
    given = {"source": frame(number, light, drift), "matte": matte()}
    return dict(make(character_lock, given, mode="describe").measured["regions"])


def looks(number: int, light=(0.0, 0.0, 0.0), drift=None) -> dict[str, Look]:
    return {n: Look.from_json(v) for n, v in described(number, light, drift).items()}


def test_references_in_other_lights_are_brought_into_the_first_s() -> None:
    first, second = looks(50), looks(60, WARM)
    ((name, one),) = pooled([("first", first), ("second", second)])
    assert name == "first"
    for region in REGIONS:
        assert one[region].pixels == first[region].pixels + second[region].pixels
        assert np.allclose(one[region].lit[1:], first[region].lit[1:], atol=0.02)
        assert 0.9 < one[region].area / first[region].area < 1.1


def test_costumes_that_nobody_named_stay_apart() -> None:
    red = {"coat": REDDER}
    shown = [("a", looks(50)), ("b", looks(51, drift=red)), ("c", looks(52, WARM, red))]
    assert [name for name, _ in pooled(shown)] == ["a", "b"]


def test_what_cannot_be_compared_is_not_pooled() -> None:
    few = {name: look for name, look in looks(51).items() if name in ("face", "hair")}
    assert [name for name, _ in pooled([("a", looks(50)), ("b", few)])] == ["a", "b"]


def test_a_region_that_one_reference_does_not_show_comes_from_another() -> None:
    without = {name: look for name, look in looks(50).items() if name != "shoes"}
    ((_, one),) = pooled([("first", without), ("second", looks(60))])
    assert set(one) == set(REGIONS)


@pytest.mark.parametrize("drift", [None, {"coat": (0.0, 0.22, 0.05)}])
def test_a_check_against_several_references(drift) -> None:
    shown = [described(50), described(60, WARM), described(70, (0.4, -0.1, 0.25))]
    frames = {n: frame(n, WARM, drift) for n in range(1, 10)}
    given = {"source": frames, "matte": matte()}
    found = make(character_lock, given, 5, character=character(*shown)).measured
    changed = [n for n, said in found["regions"].items() if said["verdict"] == "changed"]
    assert changed == list(drift or {})
    assert found["reference"] == "r0"

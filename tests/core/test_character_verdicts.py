"""Verdicts in words: what changed, how much, towards what, or why it cannot be told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot.character.verdicts import (
    WHY,
    ShotVerdict,
    of_scene,
    of_shot,
    summary,
    towards,
)

GREY = (50.0, 0.0, 0.0)
RED = (50.0, 40.0, 20.0)


def said(verdict: str, size: float = 0.5, **more: object) -> dict[str, object]:
    return {"verdict": verdict, "size": size, "from": RED, "to": (50.0, 46.0, 20.0), **more}


def frames(pattern: str) -> list[tuple[int, dict[str, object]]]:
    """c changed, u unchanged, ? cannot tell, from frame 1001."""
    kinds = {
        "c": said("changed", 6.0),
        "u": said("unchanged"),
        "?": {"verdict": "cannot tell", "why": "small"},
    }
    return [(1001 + at, kinds[letter]) for at, letter in enumerate(pattern)]


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ((60, 40, 20), "lighter"),
        ((40, 40, 20), "darker"),
        ((50, 50, 25), "more saturated"),
        ((50, 30, 15), "less saturated"),
        ((50, 33, 34), "yellow-greener"),
        ((50, 42, 5), "bluer"),
        ((56, 48, 24), "more saturated, lighter"),
        ((50.2, 40.3, 20), ""),
    ],
)
def test_the_direction_of_a_change(after: tuple[float, float, float], words: str) -> None:
    assert towards(RED, after) == words


@pytest.mark.parametrize(
    ("a", "b", "word"),
    [(5, 0, "redder"), (5, 5, "warmer"), (0, 5, "yellower"), (-5, 0, "greener"), (0, -5, "bluer")],
)
def test_a_cast_on_grey_is_a_hue(a: float, b: float, word: str) -> None:
    assert towards(GREY, (50.0, a, b)) == word


@pytest.mark.parametrize(
    ("pattern", "verdict", "spans"),
    [
        ("u" * 20, "unchanged", ()),
        ("c" * 20, "changed", ((1001, 1020),)),
        ("u" * 15 + "c" * 5, "changed", ((1016, 1020),)),
        ("u" * 16 + "c" * 4, "unchanged", ()),
        ("cu" * 10, "changed", tuple((n, n) for n in range(1001, 1020, 2))),
        ("uuu" + "ccccc" + "u" * 20 + "cccccc", "changed", ((1004, 1008), (1029, 1034))),
        ("?" * 20, "cannot tell", ()),
        ("u" + "?" * 19, "cannot tell", ()),
        ("uuu" + "?" * 17, "unchanged", ()),
        ("cc?cc" + "u" * 20, "unchanged", ()),
        ("ccc??cc" + "u" * 20, "changed", ((1001, 1007),)),
        ("c", "changed", ((1001, 1001),)),
    ],
)
def test_a_shot_s_verdict(pattern: str, verdict: str, spans: tuple) -> None:
    told = of_shot("coat", frames(pattern))
    assert (told.verdict, told.spans) == (verdict, spans)
    assert told.frames == len(pattern)
    assert told.judged == len(pattern.replace("?", ""))


def test_sentences() -> None:
    assert str(of_shot("coat", frames("u" * 15 + "c" * 5))) == (
        "coat changed by 6.0 dE2000: more saturated, redder (1016-1020)"
    )
    assert str(of_shot("coat", frames("uuuu"))) == "coat unchanged (0.5 dE2000)"
    assert str(of_shot("coat", frames("uuu?"))) == (
        "coat unchanged (0.5 dE2000, 1 of 4 frames cannot be told)"
    )
    assert str(of_shot("hair", frames("??"))) == (
        "hair cannot be told: it is too small in the picture"
    )
    assert str(of_shot("hat", [])) == "hat cannot be told: the character is not in the picture"


def test_the_commonest_reason_is_told() -> None:
    told = [(n, {"verdict": "cannot tell", "why": "dark" if n else "small"}) for n in range(3)]
    assert of_shot("hair", told).why == WHY["dark"]


def test_reasons_of_the_tool_all_have_words() -> None:
    """Every code that the server's look package gives is one that people are told in words."""
    import inspect
    import re

    from backlot_server.look import drift

    source = inspect.getsource(drift)
    codes = set(re.findall(r'return "([a-z\-]+)"|why="([a-z\-]+)"|, "([a-z\-]+)"\)', source))
    found = {code for each in codes for code in each if code} & {
        *WHY, *(c for each in codes for c in each if "-" in c)
    }  # fmt: skip
    assert {"small", "clipped", "dark", "mixed-light", "unsure"} <= found
    assert found <= set(WHY), found - set(WHY)


def test_what_is_measured_beside_colour_is_noted() -> None:
    lines = [(n, said("unchanged", texture=0.2, detail=1.1, lightness=-1.2)) for n in range(3)]
    assert of_shot("coat", lines).notes == (
        "less contrast in its texture (0.2x the reference), which colour cannot mend",
        "darker by 1.2 stops",
    )
    quiet = [(n, said("unchanged", texture=1.2, lightness=0.6)) for n in range(3)]
    assert of_shot("coat", quiet).notes == ()


@given(st.lists(st.sampled_from("cu?"), max_size=60))
def test_any_pattern_of_frames_has_a_verdict_and_a_sentence(pattern: list[str]) -> None:
    told = of_shot("coat", frames("".join(pattern)))
    assert str(told)
    assert told.fields()["verdict"] == told.verdict
    if "c" not in pattern:
        assert told.verdict != "changed"
    if told.verdict == "changed":
        assert told.spans
        assert all(first <= last for first, last in told.spans)


def test_a_shot_is_unchanged_only_when_all_of_it_is() -> None:
    same, open_, changed = (of_shot("a", frames(letter * 9)) for letter in "u?c")
    assert summary([same, same]) == "unchanged"
    assert summary([same, open_]) == "cannot tell"
    assert summary([same, open_, changed]) == "changed"
    assert summary([]) == "cannot tell"


def weighed(odds: float | None, verdict: str = "cannot tell", size: float = 5.0) -> ShotVerdict:
    why = "small" if odds is None else "unsure" if verdict == "cannot tell" else ""
    line = {**said(verdict, size), "why": why} | ({} if odds is None else {"odds": odds})
    return of_shot("coat", [(1, line), (2, line)])


@pytest.mark.parametrize(
    ("odds", "verdict"),
    [
        ([-2.0, -2.5, -7.0, -6.0], "unchanged"),
        ([-2.0, 1.0, 3.0, 4.0], "changed"),
        ([-2.0, -1.0, -2.5], "cannot tell"),
        ([None, -5.0, None], "unchanged"),
        ([None, None], "cannot tell"),
        ([900.0, *[-5.0] * 9], "unchanged"),
    ],
)
def test_shots_of_a_scene_tell_together_what_one_cannot(odds: list, verdict: str) -> None:
    told = of_scene("barn", [weighed(each) for each in odds])
    assert told.verdict == verdict
    assert (told.shots, told.weighed) == (len(odds), len([o for o in odds if o is not None]))
    assert str(told)


def test_a_scene_s_change_is_told_from_the_shots_that_changed() -> None:
    shots = [weighed(4.0, "changed", 6.0), weighed(9.0, "changed", 8.0), weighed(-1.0, size=1.0)]
    assert str(of_scene("barn", shots)) == (
        "coat changed by 7.0 dE2000: more saturated, redder (3 of 3 shots together)"
    )


@pytest.mark.parametrize(
    ("stops", "level", "note"),
    [
        ([-1.1, -0.9, -1.3, None], -1.1, "darker by 1.1 stops"),
        ([0.9, 0.6, 0.1, 0.8], 0.6, ""),
        ([1.2, 1.0], None, ""),
    ],
)
def test_lightness_is_told_by_three_shots_and_more(stops: list, level: float, note: str) -> None:
    shots = [
        of_shot("coat", [(1, said("unchanged", odds=-4.0) | ({} if x is None else {"stops": x}))])
        for x in stops
    ]
    told = of_scene("barn", shots)
    assert told.lightness == (None if level is None else pytest.approx(level))
    assert told.note == note
    assert str(told).endswith(f"shots together){', ' + note if note else ''}")
    assert told.verdict == "unchanged", "it is no part of the verdict"

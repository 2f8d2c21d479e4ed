"""How near two faces must be, and what is said of a shot's."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot.character import likepage
from backlot.character.bounds import MARGIN, Face, bounds
from backlot.character.likeness import of_shot

SFACE = {"front": 0.363, "turned": 0.275, "profile": 0.212}


def face(*angle: float, pose: str = "front", name: str = "") -> Face:
    """A vector of length 1: at one angle from an axis, in degrees, within a plane of its own."""
    degrees, plane = angle if len(angle) == 2 else (angle[0], 1)
    vector = np.zeros(64, "<f4")
    vector[0] = np.cos(np.radians(degrees))
    vector[int(plane)] = np.sin(np.radians(degrees))
    return Face(name or str(angle), "", pose, base64.b64encode(vector.tobytes()).decode())


def test_one_reference_has_the_published_bounds() -> None:
    made, basis = bounds([face(0)], {}, SFACE)
    assert {pose: (each.same, each.other) for pose, each in made.items()} == {
        "front": (0.403, 0.323),
        "turned": (0.315, 0.235),
        "profile": (0.252, 0.172),
    }
    assert basis == "bounds from what is published of SFace"


def test_networks_of_which_nothing_is_published_need_a_show() -> None:
    own = [face(0), face(30)]
    made, basis = bounds(own, {}, {})
    assert made == {}
    assert basis == "no bounds: they need several references and another character of the show"
    assert bounds(own[:1], {"other": [face(90)]}, {})[0] == {}
    made, basis = bounds(own, {"other": [face(90)]}, {})
    middle = (np.cos(np.radians(30)) + np.cos(np.radians(60))) / 2
    assert made["front"].same == pytest.approx(middle + MARGIN, abs=1e-3)
    assert made["front"].other == pytest.approx(middle - MARGIN, abs=1e-3)
    assert basis == "bounds from 2 references against each other and 1 face of 1 other character"


def test_a_double_is_not_taken_for_the_character() -> None:
    """Another of the cast who is nearer than the published cosine."""
    made, basis = bounds([face(0)], {"double": [face(50)], "far": [face(100)]}, SFACE)
    double = float(np.cos(np.radians(50)))
    assert made["front"].same == pytest.approx(double + MARGIN, abs=1e-3)
    assert made["front"].other == pytest.approx(0.323)
    assert "2 faces of 2 other characters" in basis


def test_no_reference_is_called_another_face() -> None:
    """One in other make-up is far from the others."""
    made, _ = bounds([face(0), face(5), face(80, 2)], {}, SFACE)
    assert made["front"].other <= np.cos(np.radians(80)) - MARGIN + 1e-3
    assert made["front"].same == pytest.approx(0.403)


def test_a_pose_has_the_bounds_of_its_own_faces() -> None:
    own = [face(0), face(10), face(70, 2, pose="profile"), face(75, 2, pose="profile")]
    others = {"one": [face(85, pose="profile"), face(60)]}
    made, _ = bounds(own, others, SFACE)
    assert made["front"].same == pytest.approx(np.cos(np.radians(50)) + MARGIN, abs=1e-3)
    assert made["profile"].other == pytest.approx(0.172)


@given(st.lists(st.floats(0, 180), min_size=1, max_size=5), st.lists(st.floats(0, 180), max_size=5))
def test_bounds_are_in_order_and_clear_every_known_face(own: list, others: list) -> None:
    known = [face(angle, name=str(n)) for n, angle in enumerate(own)]
    strange = {"other": [face(angle, 2) for angle in others]} if others else {}
    for each in bounds(known, strange, SFACE)[0].values():
        assert -1 <= each.other <= each.same <= 1
        for other in strange.get("other", ()):
            near = max(float(other.vector() @ one.vector()) for one in known)
            assert each.same >= min(1, near + MARGIN) - 1e-3


def told(*likenesses: float | str) -> list:
    """Frames from 1001: a likeness against bounds of .4 and .3, or why there is none."""
    frames = []
    for number, value in enumerate(likenesses, 1001):
        if isinstance(value, str):
            frames.append((number, {"verdict": "cannot tell", "why": value}))
            continue
        verdict = "same" if value >= 0.4 else "other" if value < 0.3 else "cannot tell"
        why = "near-bound" if verdict == "cannot tell" else ""
        frames.append((number, {"verdict": verdict, "why": why, "similarity": value}))
    return frames


def test_a_shot_s_face() -> None:
    same = of_shot(told(0.6, 0.5, "turned-face", 0.35, 0.1, 0.62))
    assert same is not None
    assert (same.verdict, same.frames, same.compared, same.judged) == ("same", 6, 5, 4)
    assert (same.similarity, same.worst) == (0.5, 1005)
    assert str(same) == "likeness as in the references: 0.50 (5 of 6 frames)"
    other = of_shot(told(0.6, *[0.1] * 3, "small-face", 0.2, 0.2, 0.6, *[0.6] * 12))
    assert other is not None
    assert (other.verdict, other.spans) == ("other", ((1002, 1007),))
    assert "likeness of another face" in str(other)
    assert other.fields()["spans"] == [[1002, 1007]]


def test_what_cannot_be_told_of_a_shot() -> None:
    assert of_shot([(1, {}), (2, {})]) is None
    away = of_shot(told(*["turned-face"] * 9, "small-face"))
    assert str(away) == "likeness cannot be told: the face is turned away"
    near = of_shot(told(*[0.35] * 10))
    assert str(near) == "likeness cannot be told: it is neither near enough nor far enough"
    rarely = of_shot(told(0.6, *["turned-face"] * 30))
    assert rarely is not None
    assert rarely.verdict == "cannot tell"


def test_a_face_is_a_column_and_a_curve() -> None:
    frames = [
        {"frame": n, "face": {**face, "same": 0.4, "other": 0.3} if "similarity" in face else face}
        for n, face in told(0.6, 0.5, "turned-face", 0.1)
    ]
    drawn = likepage.plot(frames)
    assert drawn.count("<rect") == 3
    assert drawn.count("<polyline") == 1
    assert drawn.count("<circle") == 1
    assert likepage.plot([{"frame": 1}, {"frame": 2, "face": {"verdict": "cannot tell"}}]) == ""
    assert likepage.cell(None) == "<td></td>"

"""Character Lock where shots are not kind: two characters, a post in front, rim light, far off."""

import numpy as np
import pytest

from backlot import Frame
from backlot_server.look import colour
from backlot_server.tools import character_lock
from tests.server.characters import REGIONS, SIZE, WARM, character, frame, matte
from tests.server.jobs import make

REDDER = (0.0, 0.22, 0.05)
MAGENTA = (1.4, 0.9, 0.8)


@pytest.fixture(scope="module")
def sent():
    looks = make(character_lock, {"source": frame(50), "matte": matte()}, mode="describe")
    return character(looks.measured["regions"])


def told(sent, frames, given, **values):
    return make(character_lock, {"source": frames, "matte": given}, 5, character=sent, **values)


def verdicts(made):
    return {name: said["verdict"] for name, said in made.measured["regions"].items()}


def beside(left, right):
    pixels = np.concatenate([left.pixels, right.pixels], axis=1)
    return Frame(pixels, left.channels, meaning=left.meaning, number=left.number)


def test_two_characters_in_one_frame_are_each_judged_by_their_own_mattes(sent):
    """The other one drifted too, and elsewhere; where it stands nothing is touched."""
    ours = {n: frame(n, WARM, {"coat": REDDER}) for n in range(1, 10)}
    others = {n: frame(n + 20, WARM, {"hair": (0, 0.5, -0.3)}) for n in range(1, 10)}
    frames = {n: beside(ours[n], others[n]) for n in ours}
    empty = matte().with_pixels(np.zeros_like(matte().pixels))
    made = told(sent, frames, beside(matte(), empty), mode="lock")
    assert verdicts(made) == {**dict.fromkeys(REGIONS, "unchanged"), "coat": "changed"}
    wide = ours[5].pixels.shape[1]
    assert np.array_equal(made.frame.pixels[:, wide:].view("u2"), others[5].pixels.view("u2"))
    assert not np.array_equal(made.frame.pixels[:, :wide], ours[5].pixels)
    swapped = told(sent, frames, beside(empty, matte()))
    assert verdicts(swapped)["hair"] == "changed"
    assert verdicts(swapped)["coat"] == "unchanged"


@pytest.mark.parametrize("drift", [None, {"coat": REDDER}])
def test_what_stands_in_front_is_no_part_of_it(sent, drift):
    """A post hides the shoes, half of the coat, and a third of all the rest."""
    given = matte()
    hidden = np.zeros(given.pixels.shape[:2], bool)
    hidden[:24] = True
    for name, share in (("shoes", 1.0), ("coat", 0.5)):
        left = 20 + list(REGIONS).index(name) * SIZE
        hidden[:, left : left + round(SIZE * share)] = True
    given.pixels[hidden] = 0
    frames = {n: frame(n, WARM, drift) for n in range(1, 10)}
    for one in frames.values():
        one.pixels[hidden, :3] = (0.02, 0.4, 0.05)
    made = told(sent, frames, given, mode="lock")
    expected = dict.fromkeys(REGIONS, "unchanged") | ({"coat": "changed"} if drift else {})
    assert verdicts(made) == {**expected, "shoes": "cannot tell"}
    assert made.measured["regions"]["shoes"]["why"] == "small"
    assert np.array_equal(made.frame.pixels[hidden], frames[5].pixels[hidden])


@pytest.mark.parametrize("drift", [None, {"coat": REDDER}])
def test_a_strong_rim_light_is_no_drift(sent, drift):
    """Magenta, four times as bright as the key, on the outer eighth of every region."""
    frames = {n: frame(n, (0, 0, 0), drift) for n in range(1, 10)}
    cover = matte().pixels[..., -1] > 0
    rim = np.zeros(cover.shape, bool)
    for at in range(len(REGIONS)):
        rim[:, 16 + (at + 1) * SIZE - SIZE // 8 : 16 + (at + 1) * SIZE] = True
    for one in frames.values():
        one.pixels[rim & cover, :3] *= colour.from_opponent(MAGENTA).astype(np.float16)
    found = verdicts(told(sent, frames, matte()))
    assert "changed" not in {found[name] for name in REGIONS if name not in (drift or {})}
    assert found["coat"] != ("changed" if drift is None else "unchanged")


def test_a_character_of_20_pixels_cannot_be_told(sent):
    """A region is then three or four pixels wide, and mostly its own edge."""
    import cv2

    def far(one):
        small = cv2.resize(
            one.pixels.astype(np.float32), None, fx=1 / 12, fy=1 / 12, interpolation=cv2.INTER_AREA
        )
        return Frame(small.astype(np.float16), one.channels, meaning=one.meaning, number=one.number)

    frames = {n: far(frame(n, WARM, {"coat": REDDER})) for n in range(1, 10)}
    made = told(sent, frames, far(matte()), mode="lock")
    assert set(verdicts(made).values()) == {"cannot tell"}
    assert np.array_equal(made.frame.pixels, frames[5].pixels)


def test_an_overexposed_face_is_not_judged_and_the_coat_beside_it_is(sent):
    frames = {n: frame(n, (2.6, 0, 0), {"coat": REDDER}) for n in range(1, 10)}
    for one in frames.values():
        np.minimum(one.pixels[..., :3], np.float16(4.0), out=one.pixels[..., :3])
    made = told(sent, frames, matte(), mode="lock", clip=4.0)
    assert verdicts(made)["face"] == "cannot tell"
    assert made.measured["regions"]["face"]["why"] == "clipped"
    assert verdicts(made)["coat"] in ("changed", "cannot tell")
    face = matte().pixels[..., 0] > 0
    assert np.array_equal(made.frame.pixels[face], frames[5].pixels[face])


def test_proportions_are_told_against_the_reference(sent):
    """Half of the coat is not there; all the rest takes up more of what is left."""
    given = matte()
    left = 20 + list(REGIONS).index("coat") * SIZE
    given.pixels[:, left : left + SIZE // 2] = 0
    said = told(sent, {n: frame(n) for n in range(1, 10)}, given).measured["regions"]
    assert said["coat"]["proportion"] == pytest.approx(0.55, abs=0.08)
    assert said["face"]["proportion"] == pytest.approx(1.11, abs=0.05)
    whole = told(sent, {n: frame(n) for n in range(1, 10)}, matte()).measured["regions"]
    assert all(each["proportion"] == pytest.approx(1, abs=0.01) for each in whole.values())

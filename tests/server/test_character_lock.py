"""Character Lock: light is no drift, drift is found and mended, and what cannot be told is said."""

import itertools
import json

import numpy as np
import pytest

from backlot.errors import InvalidInput
from backlot_server.look import colour
from backlot_server.tools import character_lock
from tests.server.characters import REGIONS, WARM, character, frame, matte
from tests.server.jobs import LocalJob, make

REDDER = (0.0, 0.22, 0.05)
LIGHTS = {
    "the same": (0.0, 0.0, 0.0),
    "two stops under": (-1.39, 0.0, 0.0),
    "tungsten": WARM,
    "sky": (0.4, -0.1, 0.25),
}


@pytest.fixture(scope="module")
def sent():
    looks = make(character_lock, {"source": frame(50), "matte": matte()}, mode="describe")
    return character(looks.measured["regions"])


def shot(light=(0, 0, 0), drift=None, dtype=np.float16, span=range(1, 10)):
    return {n: frame(n, light, drift, dtype) for n in span}


def checked(sent, frames, number=5, **values):
    inputs = {"source": frames, "matte": matte()}
    return make(character_lock, inputs, number, character=sent, **values)


@pytest.mark.parametrize("light", LIGHTS)
def test_light_is_no_drift(sent, light):
    found = checked(sent, shot(LIGHTS[light])).measured
    assert {n: r["verdict"] for n, r in found["regions"].items()} == dict.fromkeys(
        REGIONS, "unchanged"
    )
    assert found["drift"] < 2.0
    assert np.allclose(colour.opponent(found["light"])[:2], np.array(LIGHTS[light])[:2], atol=0.12)


@pytest.mark.parametrize("light", LIGHTS)
def test_drift_is_found_in_its_region_alone_whatever_the_light(sent, light):
    found = checked(sent, shot(LIGHTS[light], {"coat": REDDER})).measured["regions"]
    assert [n for n, r in found.items() if r["verdict"] == "changed"] == ["coat"]
    assert found["coat"]["size"] > 3
    assert found["coat"]["to"][1] > found["coat"]["from"][1] + 2, "towards red"


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_lock_brings_the_region_back_and_touches_nothing_else(sent, light, dtype):
    drifted = shot(LIGHTS[light], {"coat": REDDER}, dtype)
    truth = frame(5, LIGHTS[light], None, dtype).pixels.astype(np.float64)
    result = checked(sent, drifted, mode="lock").frame.pixels
    before = drifted[5].pixels
    cover = matte().pixels[..., matte().channels.index("coat")] > 0
    assert np.array_equal(before[~cover].view("u1"), result[~cover].view("u1"))
    assert np.array_equal(before[..., 3], result[..., 3])
    core = matte().pixels[..., matte().channels.index("coat")] == 1

    def apart(pixels):
        mean = [np.median(p[core][:, :3].astype(np.float64), axis=0) for p in (pixels, truth)]
        scale = 0.3 / mean[1].max()
        return float(colour.difference(*(colour.lab(m * scale) for m in mean)))

    assert apart(result) < 0.45 * apart(before)


def test_check_and_no_strength_leave_every_bit(sent):
    frames = shot(WARM, {"coat": REDDER})
    for values in ({}, {"mode": "lock", "strength": 0.0}, {"mode": "lock", "only": "hair"}):
        result = checked(sent, frames, **values).frame.pixels
        assert np.array_equal(result.view("u2"), frames[5].pixels.view("u2"))


def test_a_correction_is_told_as_a_cdl_that_does_the_same(sent):
    frames = shot(WARM, {"coat": REDDER})
    made = checked(sent, frames, mode="lock")
    cdl = made.measured["regions"]["coat"]["cdl"]
    core = matte().pixels[..., 2] == 1
    expected = frames[5].pixels[core][:, :3].astype(np.float32) * np.float32(cdl["slope"])
    assert np.allclose(made.frame.pixels[core][:, :3], expected, rtol=2e-3)


def test_the_correction_does_not_flicker(sent):
    """Every frame has grain of its own and a shade that moves."""
    frames = shot(WARM, {"coat": REDDER}, span=range(1, 21))
    job = LocalJob(
        character_lock.SPEC,
        {"source": frames, "matte": matte()},
        {"character": sent, "mode": "lock"},
        tuple(frames),
    )
    slopes = [
        character_lock.run(job, n).measured["regions"]["coat"]["cdl"]["slope"] for n in frames
    ]
    tone = np.array(REGIONS["coat"])
    lab = [colour.lab(tone * np.array(slope)) for slope in slopes]
    steps = [float(colour.difference(a, b)) for a, b in itertools.pairwise(lab)]
    assert np.mean(steps) < 0.2


def test_what_is_found_does_not_depend_on_where_a_range_is_cut(sent):
    frames = shot(WARM, {"coat": REDDER}, span=range(1, 21))
    whole = LocalJob(
        character_lock.SPEC,
        {"source": frames, "matte": matte()},
        {"character": sent},
        tuple(frames),
    )
    told = {n: character_lock.run(whole, n).measured for n in frames}
    assert checked(sent, frames, 13).measured == told[13]


def test_a_calibration_makes_errors_larger_or_smaller(sent):
    frames = shot(WARM, {"coat": (0.0, 0.06, 0.0)})
    odds = []
    for spread in (0.5, 1.0, 4.0):
        fields = {**json.loads(sent), "spreads": {"coat": spread}}
        told = checked(json.dumps(fields), frames).measured["regions"]["coat"]
        odds.append(told["odds"])
    assert odds[0] > odds[1] > odds[2]


def cannot_tell(sent, frames, given):
    inputs = {"source": frames, "matte": given}
    found = make(character_lock, inputs, 5, character=sent).measured["regions"]
    assert {r["verdict"] for r in found.values()} == {"cannot tell"}
    return {r["why"] for r in found.values()}


def test_black_and_white_footage(sent):
    frames = shot()
    for one in frames.values():
        one.pixels[..., :3] = one.pixels[..., 1:2]
    assert cannot_tell(sent, frames, matte()) == {"grey"}


def test_a_character_of_a_few_pixels(sent):
    small = matte()
    small.pixels[9:] = 0
    small.pixels[:, np.arange(small.pixels.shape[1]) % 6 != 1] = 0
    assert cannot_tell(sent, shot(), small) == {"small"}


def test_overexposed_and_dark(sent):
    frames = shot((1.0, 0, 0))
    inputs = {"source": frames, "matte": matte()}
    face = make(character_lock, inputs, 5, character=sent, clip=0.5).measured["regions"]["face"]
    assert (face["verdict"], face["why"]) == ("cannot tell", "clipped")
    assert cannot_tell(sent, shot((-7.0, 0, 0)), matte()) == {"dark"}


def test_where_a_camera_clips_is_seen_without_being_told(sent):
    """Its face is white; what is left of its colour would look like a change."""
    frames = shot((1.2, 0, 0))
    for one in frames.values():
        np.minimum(one.pixels[..., :3], np.float16(1.0), out=one.pixels[..., :3])
    found = checked(sent, frames).measured["regions"]
    assert (found["face"]["verdict"], found["face"]["why"]) == ("cannot tell", "clipped")
    assert "changed" not in {each["verdict"] for each in found.values()}


def test_one_matte_for_all_of_it_is_one_region(sent):
    whole = matte()
    whole = whole.with_pixels(whole.pixels[..., -1:], channels=("A",))
    assert cannot_tell(sent, shot(), whole) == {"few-regions"}


def test_lights_of_two_colours(sent):
    """Red from one side of every region, cyan from the other: no verdict."""
    frames = shot()
    for one in frames.values():
        side = np.sin(np.arange(one.pixels.shape[1]) * 2 * np.pi / 24)[None, :, None]
        one.pixels[..., :3] *= colour.from_opponent(side * np.array([0, 1.2, -0.2])).astype("f4")
    assert cannot_tell(sent, frames, matte()) == {"mixed-light"}


def test_not_finite_pixels_are_no_part_of_it(sent):
    frames = shot(WARM, {"coat": REDDER})
    for one in frames.values():
        one.pixels[20:24, 130:134, :3] = (np.nan, np.inf, -np.inf)
    made = checked(sent, frames, mode="lock")
    assert made.measured["regions"]["coat"]["verdict"] == "changed"
    assert np.array_equal(
        made.frame.pixels[20:24, 130:134].view("u2"), frames[5].pixels[20:24, 130:134].view("u2")
    )


@pytest.mark.parametrize(
    "sent",
    [
        "", "/etc", "{}", '{"regions": [], "references": [{}]}', "[1]",
        *(f'{{"regions": [], "references": [], "spreads": {{"coat": {x}}}}}' for x in ("0", "NaN")),
    ],
)  # fmt: skip
def test_what_is_no_character_is_refused(sent):
    with pytest.raises(InvalidInput) as caught:
        checked(sent, shot())
    assert caught.value.hint


def test_two_costumes(sent):
    looks = json.loads(sent)["references"][0]["looks"]
    red = make(
        character_lock, {"source": frame(50, drift={"coat": REDDER}), "matte": matte()},
        mode="describe",
    ).measured["regions"]  # fmt: skip
    both = character(looks, red)
    both = both.replace('"costume": ""', '"costume": "blue"', 1).replace(
        '"costume": ""', '"costume": "red"', 1
    )
    frames = shot(WARM, {"coat": REDDER})
    for costume, verdict in (("red", "unchanged"), ("blue", "changed")):
        found = checked(both, frames, costume=costume).measured
        assert found["regions"]["coat"]["verdict"] == verdict
        assert found["reference"] == {"blue": "r0", "red": "r1"}[costume]

"""Parameters, curves and sizes: what every host's controls rest on."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot.errors import InvalidInput
from backlot.frame import Window
from backlot.tools import Curve, Input, Output, Param, ToolSpec

SPEC = ToolSpec(
    name="upscale",
    label="Upscale",
    summary="",
    version="1",
    inputs=(Input("source"), Input("matte", "matte", required=False)),
    params=(
        Param("scale", "float", 2.0, minimum=1, maximum=8),
        Param("width", "int", 0, minimum=0),
        Param("height", "int", 0, minimum=0),
        Param("strength", "float", 1.0, minimum=0, maximum=1, animatable=True),
        Param("grow", "int", 0, minimum=-64, maximum=64, unit="px", animatable=True),
        Param("ringing", "bool", False),
        Param("network", "choice", "auto", choices=(("auto", "Automatic"), ("fine", "Fine"))),
    ),
    output=Output("scale", "scale", "width", "height", "matte", ("grow",)),
)

finite = st.floats(-1e6, 1e6)


def test_defaults_are_filled_in():
    assert SPEC.values({"scale": 4})["network"] == "auto"
    assert SPEC.values({"scale": "4"})["scale"] == 4.0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("scale", 9, "from 1 to 8"),
        ("scale", "big", "a number"),
        ("scale", math.nan, "a number"),
        ("width", 1.5, "whole number"),
        ("width", -1, "at least 0"),
        ("grow", 65, "px"),
        ("ringing", "maybe", "on or off"),
        ("network", "best", "auto, fine"),
        ("sclae", 2, "scale"),
        ("scale", Curve(((1, 2.0),)), "animated"),
        ("strength", Curve(((1, 0.5), (2, 1.5))), "from 0 to 1"),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_do(name, value, said):
    with pytest.raises(InvalidInput) as caught:
        SPEC.values({name: value})
    assert said in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("0", False), (True, True), (1, True)])
def test_switches_read_as_people_write_them(text, value):
    assert SPEC.values({"ringing": text})["ringing"] is value


@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=6, unique_by=lambda k: k[0]))
def test_a_curve_passes_through_its_keys_and_is_held_outside(keys):
    curve = Curve(tuple(keys))
    for frame, value in keys:
        assert curve.at(frame) == value
    first, last = min(keys), max(keys)
    assert curve.at(first[0] - 1) == first[1]
    assert curve.at(last[0] + 1) == last[1]


def test_a_curve_is_linear_between_keys():
    curve = Curve(((1001, 0.0), (1011, 1.0)))
    assert curve.at(1006) == pytest.approx(0.5)
    values = SPEC.values({"strength": curve, "grow": Curve(((1, 0), (3, 5)))})
    assert SPEC.values_at(values, 1006)["strength"] == pytest.approx(0.5)
    assert SPEC.values_at(values, 2)["grow"] == 2


def test_two_keys_on_one_frame_are_refused():
    with pytest.raises(InvalidInput):
        Curve(((1, 0), (1, 2)))


@pytest.mark.parametrize(
    ("given_values", "size"),
    [
        ({"scale": 2}, (3840, 2160)),
        ({"scale": 1.5}, (2880, 1620)),
        ({"width": 4096}, (4096, 2304)),
        ({"height": 1000}, (1778, 1000)),
        ({"width": 2048, "height": 858}, (2048, 858)),
    ],
)
def test_output_size(given_values, size):
    assert SPEC.output_size(SPEC.values(given_values), 1920, 1080) == size


def test_the_target_size_is_the_display_windows():
    """Overscan scales along: a data window 10 larger all round is 20 larger at twice the size."""
    data, display = Window(-10, -10, 120, 70), Window(0, 0, 100, 50)
    values = SPEC.values({"width": 200, "height": 100})
    assert SPEC.output_windows(values, data, display) == (
        Window(-20, -20, 240, 140),
        Window(0, 0, 200, 100),
    )


def test_reach_counts_growth_only():
    assert SPEC.reach({"grow": 5}) == 5
    assert SPEC.reach({"grow": -5}) == 0


def test_inputs_are_checked_by_name():
    SPEC.check_inputs(["source"])
    with pytest.raises(InvalidInput, match="needs the input source"):
        SPEC.check_inputs(["matte"])
    with pytest.raises(InvalidInput, match="no input plate"):
        SPEC.check_inputs(["source", "plate"])


def test_a_temporal_window_can_hang_on_a_parameter():
    always, some = Input("source", before=2, after=1), Input("s", before=2, window_param="steady")
    assert always.window({}) == (2, 1)
    assert some.window({"steady": True}) == (2, 0)
    assert some.window({"steady": False}) == (0, 0)
    chosen = Input("s", after=3, window_param="mode=shot")
    assert [chosen.window({"mode": mode}) for mode in ("shot", "still")] == [(0, 3), (0, 0)]

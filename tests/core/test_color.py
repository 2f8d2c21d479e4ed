"""File colour to ACEScg and back: exact, safe for odd values, and never silently wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import PyOpenColorIO as OCIO  # noqa: N814
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backlot import color
from backlot.declared import PRIMARIES
from backlot.errors import InvalidInput, NotFound, UnreadableFile

FLOATS = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 5), st.sampled_from([1, 2, 3, 4])),
    elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
)


def pixels(*values: float) -> np.ndarray:
    return np.array(values, np.float32).reshape(1, 1, -1)


@pytest.fixture
def ocio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Puts a config of a given text in force."""

    def use(text: str) -> Path:
        path = tmp_path / "config.ocio"
        path.write_text(text)
        monkeypatch.setenv("OCIO", str(path))
        return path

    return use


OWN = """ocio_profile_version: 2.1
environment: {{}}
search_path: ""
roles: {{aces_interchange: ap0, scene_linear: show_linear, default: show_linear, data: nothing}}
file_rules:
  - !<Rule> {{name: plates, pattern: "*_log*", extension: "*", colorspace: camera}}
  - !<Rule> {{name: Default, colorspace: show_linear}}
displays: {{screen: [!<View> {{name: Raw, colorspace: nothing}}]}}
colorspaces:
  - !<ColorSpace> {{name: ap0, encoding: scene-linear}}
  - !<ColorSpace> {{name: nothing, isdata: true}}
  - !<ColorSpace>
    name: show_linear
    encoding: scene-linear
    to_scene_reference: !<BuiltinTransform> {{style: ACEScg_to_ACES2065-1}}
  - !<ColorSpace>
    name: camera
    encoding: log
    to_scene_reference: !<BuiltinTransform> {{style: ARRI_ALEXA-LOGC-EI800-AWG_to_ACES2065-1}}
{more}"""


# --- values -------------------------------------------------------------------------------


def test_the_working_space_is_not_converted_at_all() -> None:
    odd = np.frombuffer(np.random.default_rng(0).bytes(4 * 5 * 4 * 4), np.float32).reshape(4, 5, 4)
    for name in ("ACEScg", "lin_ap1", "scene_linear", "ACES - ACEScg"):
        assert color.is_working(name)
        assert color.to_working(odd, name) is odd
        assert color.from_working(odd, name) is odd


def test_known_values() -> None:
    """sRGB by IEC 61966-2-1; ACES2065-1 to ACEScg by the Academy's matrix (TB-2014-004)."""
    half = color.to_working(pixels(0.5, 0.5, 0.5), "sRGB - Texture")
    assert np.allclose(half, 0.21404114, atol=2e-6)
    red = color.to_working(pixels(1, 0, 0), "ACES2065-1")
    assert np.allclose(red[0, 0], [1.4514393, -0.0765538, 0.0083161], atol=1e-5)
    gray = color.to_working(pixels(0.413588), "ACEScct")
    assert np.allclose(gray, 0.18, atol=1e-4)


@pytest.mark.parametrize("name", ["srgb_tx", "ACES2065-1", "ACEScct", "ARRI LogC4", "lin_rec709"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_there_and_back(name: str, channels: int) -> None:
    rng = np.random.default_rng(channels)
    values = rng.uniform(0.01, 0.9, (20, 30, channels)).astype(np.float32)
    before = values.copy()
    there = color.to_working(values, name)
    assert np.array_equal(values, before)  # the argument is not written to
    back = color.from_working(there, name)
    assert np.allclose(back, values, rtol=2e-5, atol=2e-5 if name == "ARRI LogC4" else 2e-6)
    assert there.dtype == back.dtype == np.float32
    if channels in (2, 4):
        assert np.array_equal(there[..., -1], values[..., -1])
        assert np.array_equal(back[..., -1], values[..., -1])


@settings(max_examples=150, deadline=None)
@given(FLOATS, st.sampled_from(["srgb_tx", "ACES2065-1", "ACEScct", "lin_rec709"]), st.booleans())
def test_nan_and_infinity_stay_where_they_are(values: np.ndarray, name: str, there: bool) -> None:
    convert = color.to_working if there else color.from_working
    out = convert(values, name)
    colors = slice(0, -1 if values.shape[2] in (2, 4) else None)
    odd = ~np.isfinite(values[..., colors])
    assert np.array_equal(
        out[..., colors][odd].view(np.uint32), values[..., colors][odd].view(np.uint32)
    )
    # (an exponential curve may exceed what float holds; it never gives NaN)
    assert (
        not np.isnan(out[..., colors][~odd]).any() or np.abs(values[~np.isnan(values)]).max() > 1e15
    )
    if values.shape[2] in (2, 4):
        assert out[..., -1].tobytes() == values[..., -1].tobytes()


@pytest.mark.parametrize("name", ["ACES2065-1", "srgb_tx", "ACEScct"])
def test_alpha_keeps_its_sign_of_zero(name: str) -> None:
    values = pixels(0.0, 0.0, 0.0, -0.0)
    assert color.from_working(values, name)[..., 3].tobytes() == values[..., 3].tobytes()
    assert color.to_working(values, name)[..., 3].tobytes() == values[..., 3].tobytes()


def test_an_odd_channel_does_not_spread() -> None:
    """A matrix would carry NaN into all three; the others convert as if it were 0."""
    there = color.to_working(pixels(float("nan"), 0.5, float("inf")), "lin_rec709")[0, 0]
    assert np.isnan(there[0])
    assert np.isposinf(there[2])
    assert there[1] == color.to_working(pixels(0, 0.5, 0), "lin_rec709")[0, 0, 1]


def test_premultiplied_color_goes_through_curves_unpremultiplied() -> None:
    full = color.to_working(pixels(0.5, 0.25, 0.75, 1.0), "srgb_tx")[0, 0, :3]
    half = color.to_working(pixels(0.25, 0.125, 0.375, 0.5), "srgb_tx")[0, 0]
    assert np.allclose(half[:3], full / 2, rtol=1e-5)
    assert half[3] == 0.5
    log = color.to_working(pixels(0.5, 0.25, 0.75, 0.5), "ACEScct")[0, 0, :3]
    assert np.array_equal(log, color.to_working(pixels(0.5, 0.25, 0.75), "ACEScct")[0, 0])
    none = color.to_working(pixels(0.5, 0.25, 0.75, 0.0), "srgb_tx")[0, 0]
    assert np.allclose(none[:3], full, rtol=1e-5)
    assert none[3] == 0.0


def test_straight_alpha_is_multiplied_in_and_out() -> None:
    there = color.to_working(pixels(0.5, 0.25, 0.75, 0.5), "srgb_tx", straight=True)
    full = color.to_working(pixels(0.5, 0.25, 0.75), "srgb_tx")
    assert np.allclose(there[0, 0, :3], full[0, 0] / 2, rtol=1e-5)
    back = color.from_working(there, "srgb_tx", straight=True)
    assert np.allclose(back, pixels(0.5, 0.25, 0.75, 0.5), rtol=1e-4)
    linear = color.to_working(pixels(0.5, 0.25, 0.75, 0.5), "ACEScg", straight=True)
    assert np.allclose(linear, pixels(0.25, 0.125, 0.375, 0.5))


def test_bands_give_what_one_piece_gives() -> None:
    big = np.random.default_rng(0).standard_normal((1500, 1000, 3)).astype(np.float32)
    whole = color.to_working(big, "ACEScct")
    assert np.array_equal(whole[700:710], color.to_working(big[700:710], "ACEScct"))


# --- names --------------------------------------------------------------------------------


def test_names_aliases_and_roles() -> None:
    assert color.space("sRGB - Texture") == color.space("srgb_tx") == color.space("srgb_texture")
    assert color.space("compositing_log") == "ACEScct"
    with pytest.raises(InvalidInput, match="'sRBG'") as caught:
        color.space("sRBG - Texture".replace(" - Texture", ""))
    assert caught.value.hint
    with pytest.raises(InvalidInput) as caught:
        color.space("ACESccg")
    assert "ACEScg" in caught.value.hint


def test_data_is_known() -> None:
    assert color.is_data("data")
    assert color.is_data("Raw")
    assert not color.is_data("ACEScg")


@pytest.mark.parametrize(
    ("path", "attributes", "integer", "expected"),
    [
        ("plate.exr", {}, False, "ACEScg"),
        ("plate.png", {}, True, "srgb_tx"),
        ("plate.png", {"oiio:ColorSpace": "srgb_rec709_scene"}, True, "srgb_tx"),
        ("plate.exr", {"acesImageContainerFlag": 1}, False, "ACES2065-1"),
        ("plate.exr", {"colorInteropID": "lin_rec709_scene"}, False, "lin_rec709"),
        ("plate.png", {"oiio:ColorSpace": "g22_rec709_scene"}, True, "g22_rec709"),
        ("plate.exr", {"chromaticities": (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)}, False,
         "lin_rec709"),
        ("plate.exr", {"chromaticities": (0.7347, 0.2653, 0, 1, 0.0001, -0.077, 0.32168, 0.33767)},
         False, "ACES2065-1"),
        ("ref.jpg", {"oiio:ColorSpace": "srgb_rec709_scene",
                     "ICCProfile:profile_description": "Display P3"}, True, "srgb_p3d65"),
        ("ref.jpg", {"ICCProfile:profile_description": "sRGB built-in"}, True, "srgb_tx"),
        ("ref.png", {"oiio:ColorSpace": "of_another_time"}, True, "srgb_tx"),
        ("plate.exr", {"colorInteropID": "of_another_time", "chromaticities":
                       (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)}, False, "lin_rec709"),
        ("plate.exr", {"oiio:ColorSpace": "lin_rec709"}, False, "ACEScg"),  # a guess of OIIO 3.0
        ("plate.dpx", {"dpx:Transfer": "ITU-R 709-4"}, True, "camera_rec709"),
        ("plate.dpx", {"dpx:Transfer": "Linear"}, True, "ACEScg"),
    ],
)  # fmt: skip
def test_where_the_space_of_a_file_comes_from(
    path: str, attributes: dict[str, object], integer: bool, expected: str
) -> None:
    assert color.space_of(path, attributes, integer=integer) == color.space(expected)
    assert color.space_of(path, attributes, integer=integer, explicit="acescct") == "ACEScct"


@pytest.mark.parametrize(
    "attributes",
    [
        {"chromaticities": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.3, 0.3)},
        {"dpx:Transfer": "Logarithmic"},
        {"dpx:Transfer": "Printing density"},
    ],
)
def test_what_cannot_be_known_is_asked_for(attributes: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        color.space_of("/show/plate.dpx", attributes, integer=True)
    assert "--colorspace" in caught.value.hint
    assert "/show" not in caught.value.sentence
    assert color.space_of("/show/plate.dpx", attributes, explicit="ADX10") == "ADX10"


def test_a_space_that_the_config_lacks_is_not_guessed() -> None:
    with pytest.raises(InvalidInput, match=r"plate\.exr is in of_another_time"):
        color.space_of("plate.exr", {"colorInteropID": "of_another_time"})


# --- configs ------------------------------------------------------------------------------


def test_primaries_are_those_of_the_config() -> None:
    """Every linear space in the table maps white to white: the names were not mixed up."""
    for values, names in PRIMARIES:
        found = color.find(names)
        assert found is not None, names
        assert np.allclose(color.to_working(pixels(1, 1, 1), found), 1, atol=2e-3)
        assert color.primaries(found) == values


def test_the_shows_own_config(ocio) -> None:
    ocio(OWN.format(more=""))
    assert color.space("scene_linear") == "show_linear"
    assert color.space_of("/a/plate.exr") == "show_linear"
    assert color.space_of("/a/plate_log.exr") == "camera"
    red = color.to_working(pixels(1, 0, 0), "ap0")
    assert np.allclose(red[0, 0], [1.4514393, -0.0765538, 0.0083161], atol=1e-5)
    assert np.allclose(color.from_working(red, "ap0"), pixels(1, 0, 0), atol=1e-5)
    assert np.allclose(color.to_working(pixels(0.391), "camera"), 0.18, atol=1e-3)
    assert color.is_data("nothing")
    with pytest.raises(InvalidInput, match="sRGB"):
        color.default_space(integer=True)


def test_a_show_space_that_is_acescg_needs_no_conversion(ocio) -> None:
    ocio(
        OWN.format(more="")
        .replace("name: show_linear", "name: ACEScg")
        .replace("show_linear", "ACEScg")
    )
    values = pixels(float("nan"), 1, 2)
    assert color.to_working(values, "ACEScg") is values


def test_missing_config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OCIO", str(tmp_path / "gone.ocio"))
    with pytest.raises(NotFound, match=r"gone\.ocio is not there") as caught:
        color.space("ACEScg")
    assert "OCIO" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", "not a config", "ocio_profile_version: 2\n", "ocio_profile_version: 99"]
)
def test_broken_config(ocio, text: str) -> None:
    ocio(text)
    with pytest.raises(UnreadableFile, match="cannot be used"):
        color.space("ACEScg")


def test_built_in_configs_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCIO", "ocio://cg-config-v2.1.0_aces-v1.3_ocio-v2.3")
    assert color.is_working("scene_linear")
    assert np.allclose(
        color.to_working(pixels(0.5), color.default_space(True)), 0.214041, atol=1e-5
    )
    monkeypatch.setenv("OCIO", "ocio://no-such-config")
    with pytest.raises(UnreadableFile):
        color.config()
    monkeypatch.setenv("OCIO", "")
    assert color.config().getName() == color.BUILTIN.removeprefix("ocio://")


def test_another_config_in_the_same_process(ocio, monkeypatch: pytest.MonkeyPatch) -> None:
    assert color.space("scene_linear") == "ACEScg"
    ocio(OWN.format(more=""))
    assert color.space("scene_linear") == "show_linear"
    monkeypatch.delenv("OCIO")
    assert color.space("scene_linear") == "ACEScg"


def test_opencolorio_is_ours_and_not_openimageios() -> None:
    assert OCIO.GetVersion() >= "2.4"
    code = "import backlot.color, sys; assert 'OpenImageIO' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

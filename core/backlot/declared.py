"""What a file says of its own colour space, as the names that OCIO configs have for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from .errors import InvalidInput

HINT = "Name the colour space of the file with --colorspace; `data` leaves the values as they are."

ACESCG = ("ACEScg", "ACES - ACEScg", "lin_ap1", "acescg")
_ACES = ("ACES2065-1", "aces", "ACES - ACES2065-1", "lin_ap0")
SRGB = (
    "sRGB - Texture",
    "srgb_tx",
    "sRGB Encoded Rec.709 (sRGB)",
    "Utility - sRGB - Texture",
    "srgb_rec709_scene",
    "sRGB",
    "srgb8",
)
REC709 = ("Camera Rec.709", "camera_rec709", "Utility - Rec.709 - Camera", "rec709")

# xy of red, green, blue and white, as the OpenEXR attribute has them, and the names that
# configs give to the linear space with those primaries.
PRIMARIES: tuple[tuple[tuple[float, ...], tuple[str, ...]], ...] = (
    ((0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767), ACESCG),
    (
        (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767),
        _ACES,
    ),
    (
        (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329),
        ("Linear Rec.709 (sRGB)", "lin_rec709_srgb", "Utility - Linear - sRGB", "lin_srgb"),
    ),
    (
        (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329),
        ("Linear Rec.2020", "lin_rec2020", "Utility - Linear - Rec.2020"),
    ),
    (
        (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329),
        ("Linear P3-D65", "lin_p3d65", "Utility - Linear - P3-D65"),
    ),
    (
        (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.329),
        ("Linear AdobeRGB", "lin_adobergb", "Utility - Linear - Adobe RGB"),
    ),
    (
        (0.684, 0.313, 0.221, 0.848, 0.0861, -0.102, 0.3127, 0.329),
        ("Linear ARRI Wide Gamut 3", "lin_arri_wide_gamut_3", "lin_alexawide"),
    ),
    (
        (0.7347, 0.2653, 0.1424, 0.8576, 0.0991, -0.0308, 0.3127, 0.329),
        ("Linear ARRI Wide Gamut 4", "lin_arri_wide_gamut_4", "lin_awg4"),
    ),
    (
        (0.780308, 0.304253, 0.121595, 1.493994, 0.095612, -0.084589, 0.3127, 0.329),
        ("Linear REDWideGamutRGB", "lin_redwidegamutrgb", "lin_rwg"),
    ),
    (
        (0.73, 0.28, 0.14, 0.855, 0.1, -0.05, 0.3127, 0.329),
        ("Linear S-Gamut3", "lin_sgamut3"),
    ),
    (
        (0.766, 0.275, 0.225, 0.8, 0.089, -0.087, 0.3127, 0.329),
        ("Linear S-Gamut3.Cine", "lin_sgamut3cine"),
    ),
    (
        (0.73, 0.28, 0.165, 0.84, 0.1, -0.03, 0.3127, 0.329),
        ("Linear V-Gamut", "lin_vgamut"),
    ),
    (
        (0.8, 0.313, 0.1682, 0.9877, 0.079, -0.1155, 0.3127, 0.329),
        ("Linear DaVinci WideGamut", "lin_davinci_widegamut"),
    ),
)

_PROFILES = {
    "display p3": ("srgb_p3d65", "sRGB Encoded P3-D65 - Texture", "srgb_displayp3"),
    "adobe rgb": ("g22_encoded_adobergb", "adobergb", "Gamma 2.2 Encoded AdobeRGB"),
}

# Formats of which OpenImageIO says what it assumes, which differs between its versions.
_GUESSED = (".exr", ".tif", ".tiff", ".hdr")

# What OpenImageIO says of every integer file that says nothing, and words that say nothing.
_NOTHING = ("", "unknown", "linear", "srgb", "srgb_rec709_scene")


def declared(path: str, attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the space that a file says it is in, the likeliest first; () where it is silent.

    Taken from the ACES flag, the interchange id and the chromaticities of OpenEXR, the transfer
    of DPX, an ICC profile of Adobe RGB or Display P3, and the chunks of PNG. "scene_linear" is
    the role.

    Args: attributes, as OpenImageIO names them.
    Raises: InvalidInput when it says something that names no one space (logarithmic DPX,
        primaries that nobody has).
    """
    if attributes.get("acesImageContainerFlag") == 1:
        return _ACES
    named = str(attributes.get("colorInteropID") or "")
    if not named and PurePath(path).suffix.lower() not in _GUESSED:
        named = str(attributes.get("oiio:ColorSpace") or "")
    if named.lower() not in _NOTHING:
        values = attributes.get("chromaticities")
        return (named, named.removesuffix("_scene"), *(_by_primaries(path, values) or ()))
    profile = str(attributes.get("ICCProfile:profile_description", "")).lower()
    for word, names in _PROFILES.items():
        if word in profile:
            return names
    return _by_primaries(path, attributes.get("chromaticities")) or _by_transfer(path, attributes)


def _by_primaries(path: str, values: Any) -> tuple[str, ...]:
    if values is None or len(values) != 8:
        return ()
    for known, names in PRIMARIES:
        if max(abs(a - float(b)) for a, b in zip(known, values, strict=True)) < 2e-3:
            return names
    raise InvalidInput(f"{PurePath(path).name} has primaries that no known colour space has.", HINT)


def _by_transfer(path: str, attributes: Mapping[str, Any]) -> tuple[str, ...]:
    transfer = str(attributes.get("dpx:Transfer", "")).lower()
    if transfer in ("logarithmic", "printing density"):
        raise InvalidInput(
            f"{PurePath(path).name} holds {transfer} values, and there are many kinds.",
            "Name the camera's or scanner's space with --colorspace, such as ADX10.",
        )
    if transfer == "linear":
        return ("scene_linear",)
    return REC709 if transfer.startswith("itu-r 709") else ()

"""In which colour space a plate from Resolve is, by Resolve's name and by the OCIO config's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from backlot.errors import InvalidInput

MANAGED = ("davinciYRGBColorManaged", "davinciYRGBColorManagedv2")
UNMANAGED = "davinciYRGB"

# Resolve's name -> the names that OCIO configs give the same space. The spelling of the scripting
# interface differs from the menus in places, so both are here.
_OCIO: Mapping[str, tuple[str, ...]] = {
    "Rec.709 (Scene)": ("Camera Rec.709",),
    "Rec.709-A": ("Camera Rec.709",),
    "Rec.709 Gamma 2.4": ("Gamma 2.4 Encoded Rec.709", "g24_rec709"),
    "Rec.709 Gamma 2.2": ("Gamma 2.2 Encoded Rec.709", "g22_rec709"),
    "Rec.709": ("Gamma 2.4 Encoded Rec.709", "g24_rec709"),
    "sRGB": ("sRGB Encoded Rec.709 (sRGB)", "sRGB - Texture"),
    "sRGB (Linear)": ("Linear Rec.709 (sRGB)", "lin_rec709_srgb"),
    "Rec.709 (Linear)": ("Linear Rec.709 (sRGB)", "lin_rec709_srgb"),
    "Rec.2020 (Linear)": ("Linear Rec.2020", "lin_rec2020"),
    "P3-D65 (Linear)": ("Linear P3-D65", "lin_p3d65"),
    "ACEScg": ("ACEScg",),
    "ACEScct": ("ACEScct",),
    "ACEScc": ("ACEScc",),
    "ACES (AP0) Linear": ("ACES2065-1",),
    "ACES (AP1) Linear": ("ACEScg",),
    "DaVinci WG": ("DaVinci Intermediate WideGamut", "davinci_intermediate_widegamut"),
    "DaVinci Wide Gamut Intermediate": ("DaVinci Intermediate WideGamut",),
    "DaVinci WG/Intermediate": ("DaVinci Intermediate WideGamut",),
    "DaVinci WG (Linear)": ("Linear DaVinci WideGamut",),
    "ARRI LogC3": ("ARRI LogC3 (EI800)",),
    "ARRI LogC": ("ARRI LogC3 (EI800)",),
    "ARRI LogC4": ("ARRI LogC4",),
    "S-Gamut3.Cine/S-Log3": ("S-Log3 S-Gamut3.Cine",),
    "S-Gamut3/S-Log3": ("S-Log3 S-Gamut3",),
    "REDWideGamutRGB/Log3G10": ("Log3G10 REDWideGamutRGB",),
    "Panasonic V-Gamut/V-Log": ("V-Log V-Gamut",),
}

_SCENE_FILES = (".exr", ".hdr")


@dataclass(frozen=True)
class PlateColour:
    """resolve: the name to tag a result with, "" where the project does not take one.
    ocio: the space for --colorspace, "" to let the file say. note: what a person should know."""

    resolve: str
    ocio: str
    note: str = ""


def names() -> list[str]:
    """Resolve's names that are understood."""
    return sorted(_OCIO)


def ocio_name(resolve_name: str) -> str:
    """The config's name of a space. Raises: InvalidInput with what to do."""
    from backlot import color

    for name in (*_OCIO.get(resolve_name, ()), resolve_name):
        try:
            return color.space(name)
        except InvalidInput:
            continue
    raise InvalidInput(
        f"Backlot does not know Resolve's colour space “{resolve_name}”.",
        "Choose the plate's colour space by hand under Source > Colour.",
    )


def of_render(settings: Mapping[str, str], media_path: str, chosen: str = "") -> PlateColour:
    """The space of frames that Resolve renders.

    settings: of the timeline that renders. media_path: of the clip. chosen: by a person, a name
    of Resolve's or the config's.
    Raises: InvalidInput, where it cannot be known.
    """
    mode = settings.get("colorScienceMode", UNMANAGED)
    tag = settings.get("colorSpaceOutput", "") if mode in MANAGED else ""
    if chosen:
        return PlateColour(tag, ocio_name(chosen))
    if mode in MANAGED:
        toned = settings.get("outputDRT", "None") not in ("None", "", "Simple")
        note = "The project's tone mapping is in these frames." if toned else ""
        return PlateColour(tag, ocio_name(tag), note)
    if mode.startswith("aces"):
        raise InvalidInput(
            "In an ACES project Resolve's renders carry the output transform.",
            "Choose “read the files directly”, or name the colour space under Source > Colour.",
        )
    if PurePath(media_path).suffix.lower() in _SCENE_FILES:
        return PlateColour("", "", "Unmanaged project: the values are those of the file.")
    assumed = settings.get("colorSpaceTimeline") or "Rec.709 Gamma 2.4"
    return PlateColour("", ocio_name(assumed), f"Unmanaged project: taken as {assumed}.")

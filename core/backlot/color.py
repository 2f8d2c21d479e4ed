"""Colour spaces of files, and the way to scene-linear ACEScg and back.

The config is `$OCIO`, or the pinned built-in one where that is not set, so that a frame means the
same on every machine. Only PyOpenColorIO is used: OpenImageIO carries another version of the
library, which resolves the same names to other configs.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import PyOpenColorIO as OCIO  # noqa: N814

from .errors import InvalidInput, NotFound, UnreadableFile

BUILTIN = "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4"
WORKING = "ACEScg"

Floats = npt.NDArray[np.float32]

_ACESCG = ("ACEScg", "ACES - ACEScg", "lin_ap1", "acescg")
SRGB_NAMES = (
    "sRGB - Texture",
    "srgb_tx",
    "sRGB Encoded Rec.709 (sRGB)",
    "Utility - sRGB - Texture",
    "srgb_rec709_scene",
    "sRGB",
    "srgb8",
)
REC709_NAMES = ("Camera Rec.709", "camera_rec709", "Utility - Rec.709 - Camera", "rec709")

# xy of red, green, blue and white, as the OpenEXR attribute has them, and the names that
# configs give to the linear space with those primaries.
_PRIMARIES: tuple[tuple[tuple[float, ...], tuple[str, ...]], ...] = (
    ((0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767), _ACESCG),
    (
        (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767),
        ("ACES2065-1", "aces", "ACES - ACES2065-1", "lin_ap0"),
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

_HINT = "Name the colour space of the file with --colorspace; `data` leaves the values as they are."


def config() -> Any:
    """The OCIO config in force: $OCIO's, or the pinned built-in one.

    Raises: NotFound, UnreadableFile.
    """
    return _load(os.environ.get("OCIO", "").strip() or BUILTIN)


@lru_cache(maxsize=4)
def _load(source: str) -> Any:
    ask = "Correct the environment variable OCIO, or unset it to use Backlot's own config."
    try:
        loaded = OCIO.Config.CreateFromFile(source)
        loaded.validate()
        return loaded
    except OCIO.ExceptionMissingFile as error:
        raise NotFound(f"The OCIO config {source} is not there.", ask) from error
    except OCIO.Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "unknown reason"
        raise UnreadableFile(f"The OCIO config {source} cannot be used: {reason}", ask) from error


def space(name: str) -> str:
    """The config's own name for a colour space given by name, alias or role.

    Raises: InvalidInput when the config has no such space.
    """
    found = find((name,))
    if found is None:
        known = list(config().getColorSpaceNames())
        every = known + [
            alias for each in known for alias in config().getColorSpace(each).getAliases()
        ]
        near = difflib.get_close_matches(name, every, 3, 0.5)
        raise InvalidInput(
            f"The OCIO config has no colour space {name!r}.",
            f"Did you mean {' or '.join(near)}?" if near else "Look at the spaces of your $OCIO.",
        )
    return found


def find(names: Sequence[str]) -> str | None:
    """The first of the names that the config knows, under its canonical name."""
    for name in names:
        found = config().getColorSpace(name) if name else None
        if found is not None:
            return str(found.getName())
    return None


def is_data(name: str) -> bool:
    """Whether the space holds values that are no colour (mattes, depth), never to be converted."""
    return bool(config().getColorSpace(space(name)).isData())


def data_space() -> str:
    """The config's space for values that are no colour."""
    found = find(("data", "Raw", "raw", "Utility - Raw"))
    if found is None:
        raise InvalidInput("The OCIO config has no space for data.", "Give it the role `data`.")
    return found


def space_of(
    path: str,
    attributes: Mapping[str, Any] | None = None,
    *,
    integer: bool = False,
    explicit: str | None = None,
) -> str:
    """The colour space that a file's pixels are in.

    In this order: the space a person named; what the file says of itself (OpenEXR chromaticities,
    the ACES flag, an interchange id, the transfer of a DPX); a rule of the config that matches the
    path, except its default rule, which says nothing about a file; and by kind, scene-linear for
    float files and sRGB for integer ones.

    Args: attributes as OpenImageIO names them; integer: the file holds 8 to 16 bit integers.
    Raises: InvalidInput when the file says something that the config has no space for.
    """
    if explicit:
        return space(explicit)
    declared = _declared(path, attributes or {})
    if declared:
        return declared
    ruled = _ruled(path)
    if ruled:
        return ruled
    return default_space(integer)


def default_space(integer: bool) -> str:
    """The space of files that say nothing: sRGB for integers, scene-linear for floats."""
    if not integer:
        return space("scene_linear") if config().hasRole("scene_linear") else space(WORKING)
    found = find(SRGB_NAMES)
    if found is None:
        raise InvalidInput("The OCIO config has no space for sRGB pictures.", _HINT)
    return found


def rec709() -> str:
    """The config's space for video by the camera curve of ITU-R BT.709."""
    found = find(REC709_NAMES)
    if found is None:
        raise InvalidInput("The OCIO config has no space for Rec.709 video.", _HINT)
    return found


def _declared(path: str, attributes: Mapping[str, Any]) -> str | None:
    name = PurePath(path).name
    if attributes.get("acesImageContainerFlag") == 1:
        return _named(name, "ACES2065-1", _PRIMARIES[1][1])
    interop = str(attributes.get("colorInteropID") or attributes.get("oiio:ColorSpace") or "")
    # OpenImageIO says sRGB of every 8-bit file that says nothing: that is no declaration.
    if interop and interop not in ("srgb_rec709_scene", "sRGB", "Linear", "unknown"):
        found = find((interop, interop.removesuffix("_scene"), interop.removesuffix("_display")))
        if found:
            return found
    values = attributes.get("chromaticities")
    if values is not None and len(values) == 8:
        return _by_primaries(name, [float(v) for v in values])
    transfer = str(attributes.get("dpx:Transfer", "")).lower()
    if transfer in ("logarithmic", "printing density"):
        raise InvalidInput(
            f"{name} holds {transfer} values, and there are many kinds.",
            "Name the camera's or scanner's space with --colorspace, such as ADX10.",
        )
    if transfer == "linear":
        return default_space(integer=False)
    if transfer.startswith("itu-r 709"):
        return rec709()
    return None


def _by_primaries(name: str, values: Sequence[float]) -> str:
    for known, names in _PRIMARIES:
        if max(abs(a - b) for a, b in zip(known, values, strict=True)) < 2e-3:
            return _named(name, names[0], names)
    raise InvalidInput(f"{name} has primaries that no known colour space has.", _HINT)


def _named(file: str, meant: str, names: Sequence[str]) -> str:
    found = find(names)
    if found is None:
        raise InvalidInput(f"{file} is in {meant}, which the OCIO config does not have.", _HINT)
    return found


def _ruled(path: str) -> str | None:
    try:
        if config().filepathOnlyMatchesDefaultRule(path):
            return None
        return find((str(config().getColorSpaceFromFilepath(path)[0]),))
    except OCIO.Exception:
        return None


def to_working(pixels: Floats, source: str, *, straight: bool = False) -> Floats:
    """File values to scene-linear ACEScg, alpha premultiplied.

    pixels: (height, width, channels) float32; channels are Y, YA, RGB or RGBA. With alpha,
        colour is premultiplied in the file unless `straight`; through the curves of displays it
        goes unpremultiplied.
    source: a colour space, alias or role of the config.

    Where the file's space is ACEScg the very same array comes back. NaN and infinities stay in
    their own channel. Where alpha is 0, premultiplied values are converted as they are.
    """
    return _convert(pixels, source, True, straight)


def from_working(pixels: Floats, target: str, *, straight: bool = False) -> Floats:
    """Scene-linear ACEScg, alpha premultiplied, to file values: the inverse of `to_working`."""
    return _convert(pixels, target, False, straight)


def is_working(name: str) -> bool:
    """Whether values in this space need no conversion at all."""
    return _processor(_key(), space(name), True) is None


def working() -> str:
    """The config's own name for ACEScg.

    Raises: InvalidInput when it has none (values still convert, by its interchange role).
    """
    return _named("The working frame", WORKING, _ACESCG)


def primaries(name: str) -> tuple[float, ...] | None:
    """The OpenEXR chromaticities of a linear space; "" is ACEScg. None where they are unknown."""
    if not name:
        return _PRIMARIES[0][0]
    name = space(name)
    return next((values for values, names in _PRIMARIES if find(names) == name), None)


def mixes_alpha(name: str, straight: bool = False) -> bool:
    """Whether converting colour depends on alpha: file values are straight, or go by a curve.

    Not so for logarithms: black in log is not 0, so that premultiplied log values cannot be.
    """
    return straight or _has_curve(_key(), space(name))


def _convert(pixels: Floats, name: str, forward: bool, straight: bool) -> Floats:
    name = space(name)
    apply = _processor(_key(), name, forward)
    count = pixels.shape[2]
    alpha = pixels[..., count - 1] if count in (2, 4) else None
    if alpha is not None and not mixes_alpha(name, straight):
        alpha = None
    if apply is None and alpha is None:
        return pixels
    colors = count - 1 if count in (2, 4) else count
    rgb = np.ascontiguousarray(np.broadcast_to(pixels[..., :colors], (*pixels.shape[:2], 3)))
    if rgb is pixels or np.shares_memory(rgb, pixels):
        rgb = rgb.copy()
    finite = np.isfinite(rgb)
    odd = None if finite.all() else ~finite
    if odd is not None:
        rgb[odd] = 0.0
    unpremultiply = alpha is not None and not (straight and forward)
    premultiply = alpha is not None and not (straight and not forward)
    divisor = _divisor(alpha) if alpha is not None else np.float32(1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        if unpremultiply:
            rgb /= divisor
        if apply is not None:
            apply(rgb)
        if premultiply:
            rgb *= alpha[..., None] if straight and alpha is not None else divisor
    out: Floats = pixels.copy()
    out[..., :colors] = rgb[..., :colors]
    if odd is not None:
        np.copyto(out[..., :colors], pixels[..., :colors], where=odd[..., :colors])
    return out


def _divisor(alpha: Floats) -> Floats:
    """Alpha where dividing by it means something, 1 elsewhere. (height, width, 1)."""
    usable = np.isfinite(alpha) & (np.abs(alpha) > 1e-7)
    return np.asarray(np.where(usable, alpha, np.float32(1.0))[..., None], np.float32)


def _key() -> str:
    config()
    return os.environ.get("OCIO", "").strip() or BUILTIN


@lru_cache(maxsize=64)
def _has_curve(source: str, name: str) -> bool:
    loaded = _load(source)
    if loaded.getColorSpace(name).getEncoding() == "log":
        return False
    return not loaded.isColorSpaceLinear(name, OCIO.REFERENCE_SPACE_SCENE)


@lru_cache(maxsize=64)
def _processor(source: str, name: str, forward: bool) -> Callable[[Floats], None] | None:
    """What converts (height, width, 3) float32 in place; None where there is nothing to do."""
    loaded = _load(source)
    working = find(_ACESCG)
    try:
        if working is not None:
            ends = (name, working) if forward else (working, name)
            processor = loaded.getProcessor(*ends)
        elif forward:
            processor = OCIO.Config.GetProcessorToBuiltinColorSpace(loaded, name, WORKING)
        else:
            processor = OCIO.Config.GetProcessorFromBuiltinColorSpace(WORKING, loaded, name)
    except OCIO.Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise InvalidInput(
            f"The OCIO config cannot convert between {name} and ACEScg: {reason}", _HINT
        ) from error
    if processor.isNoOp() or loaded.getColorSpace(name).isData():
        return None
    cpu = processor.getOptimizedCPUProcessor(OCIO.OPTIMIZATION_LOSSLESS)

    def apply(rgb: Floats) -> None:
        bands = np.array_split(rgb, min(_threads(), max(1, rgb.size // _BAND)))
        if len(bands) == 1:
            cpu.applyRGB(rgb)
        else:
            list(_pool().map(cpu.applyRGB, bands))

    return apply


_BAND = 1 << 20


@lru_cache(maxsize=1)
def _threads() -> int:
    return max(1, min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4))


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_threads(), thread_name_prefix="backlot-color")

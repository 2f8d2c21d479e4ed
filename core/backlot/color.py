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

from .declared import ACESCG, HINT, PRIMARIES, SRGB, declared
from .errors import InvalidInput, NotFound, UnreadableFile

BUILTIN = "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4"
WORKING = "ACEScg"

Floats = npt.NDArray[np.float32]


def config() -> Any:
    """The OCIO config in force: $OCIO's, or the pinned built-in one.

    Raises: NotFound, UnreadableFile.
    """
    return _load(os.environ.get("OCIO", "").strip() or BUILTIN)


@lru_cache(maxsize=4)
def _load(source: str) -> Any:
    ask = "Correct the environment variable OCIO, or unset it to use Backlot's own config."
    if "://" not in source and not os.path.exists(source):
        raise NotFound(f"The OCIO config {source} is not there.", ask)
    try:
        loaded = OCIO.Config.CreateFromFile(source)
        loaded.validate()
        return loaded
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

    In this order: the space a person named; what the file says of itself (see declared.py); a
    rule of the config that matches the path, except its default rule, which says nothing about a
    file; and by kind, scene-linear for float files and sRGB for integer ones.

    Args: attributes as OpenImageIO names them; integer: the file holds 8 to 16 bit integers.
    Raises: InvalidInput when a float file names a space that the config does not have, and what
        `declared` raises.
    """
    if explicit:
        return space(explicit)
    names = declared(path, attributes or {})
    found = find(names)
    if names and found is None and not integer:
        raise InvalidInput(
            f"{PurePath(path).name} is in {names[0]}, which the OCIO config does not have.", HINT
        )
    return found or _ruled(path) or default_space(integer)


def is_undeclared(path: str, attributes: Mapping[str, Any]) -> bool:
    """Whether neither a file nor a rule of the config says what space its pixels are in."""
    return not declared(path, attributes) and _ruled(path) is None


def default_space(integer: bool) -> str:
    """The space of files that say nothing: sRGB for integers, scene-linear for floats."""
    if not integer:
        return space("scene_linear") if config().hasRole("scene_linear") else space(WORKING)
    found = find(SRGB)
    if found is None:
        raise InvalidInput("The OCIO config has no space for sRGB pictures.", HINT)
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
    found = find(ACESCG)
    if found is None:
        raise InvalidInput(
            "The OCIO config has no ACEScg.", "Add it, or leave colours as they are."
        )
    return found


def primaries(name: str) -> tuple[float, ...] | None:
    """The OpenEXR chromaticities of a linear space; "" is ACEScg. None where they are unknown."""
    if not name:
        return PRIMARIES[0][0]
    name = space(name)
    return next((values for values, names in PRIMARIES if find(names) == name), None)


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
    if apply is not None and alpha is None and count in (3, 4) and _all_finite(pixels):
        plain: Floats = pixels.copy()
        apply(plain)
        plain[..., 3:] = pixels[..., 3:]  # OCIO does not keep every bit of alpha
        return plain
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


def _all_finite(pixels: Floats) -> bool:
    """Quicker than looking at each value: a sum that is finite has no NaN and no infinity in it."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(pixels.sum(dtype=np.float64)))


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
    """What converts (height, width, 3 or 4) in place, alpha left alone; None: nothing to do."""
    loaded = _load(source)
    working = find(ACESCG)
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
            f"The OCIO config cannot convert between {name} and ACEScg: {reason}", HINT
        ) from error
    if processor.isNoOp() or loaded.getColorSpace(name).isData():
        return None
    cpu = processor.getOptimizedCPUProcessor(OCIO.OPTIMIZATION_LOSSLESS)

    def apply(colors: Floats) -> None:
        convert = cpu.applyRGBA if colors.shape[2] == 4 else cpu.applyRGB
        bands = np.array_split(colors, min(_threads(), max(1, colors.size // _BAND)))
        if len(bands) == 1:
            convert(colors)
        else:
            list(_pool().map(convert, bands))

    return apply


_BAND = 1 << 20


@lru_cache(maxsize=1)
def _threads() -> int:
    return max(1, min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4))


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_threads(), thread_name_prefix="backlot-color")

"""What a run would do: which frames are missing or stale, why, with what, how long, how big."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import layers
from .errors import BacklotError, MissingFrame
from .manifest import Entry, Manifest, Recipe, combine, stamp
from .media import Image
from .order import Order

if TYPE_CHECKING:
    from .client import Studio


@dataclass(frozen=True)
class Plan:
    """frames: all that were asked for. todo: those to make, with the reason, in order.

    kept: those that are finished and fresh. missing: frames of `todo` that cannot be made as
    things are. seconds: for all of todo, None where nobody knows. bytes: what they will take.
    width, height: of a result.
    """

    order: Order
    recipe: Recipe
    todo: Mapping[int, str]
    kept: tuple[int, ...]
    missing: Mapping[int, BacklotError]
    seconds: float | None
    bytes: int
    width: int
    height: int

    def fields(self) -> dict[str, Any]:
        """Plain values, as `backlot TOOL --dry-run --json` prints them."""
        return {
            "tool": self.recipe.tool,
            "out": str(self.order.out),
            "engine": self.recipe.engine,
            "frames": len(self.order.frames),
            "todo": {str(number): why for number, why in self.todo.items()},
            "kept": list(self.kept),
            "missing": {str(number): error.sentence for number, error in self.missing.items()},
            "seconds": None if self.seconds is None else round(self.seconds, 1),
            "bytes": self.bytes,
            "width": self.width,
            "height": self.height,
        }


def make(
    studio: Studio,
    order: Order,
    manifest: Manifest,
    force: bool = False,
    *,
    measure: bool = False,
) -> Plan:
    """Compare what is asked for with what is there. Reads no file that did not change.

    measure: see `Studio.estimate`; for a dry run, since it takes some seconds.
    """
    width, height, channels, size = _measure(order)
    estimate = studio.estimate(
        order.spec.name, order.values, width, height, channels, measure=measure
    )
    recipe = Recipe(
        tool=order.spec.name,
        version=order.spec.version,
        params=order.values,
        inputs={name: _relative(manifest, given) for name, given in order.inputs.items()},
        layer=_layers(order),
        colorspace=order.colorspace or "",
        compression=order.compression or "",
        engine=estimate.engine,
        fingerprint=estimate.fingerprint,
    )
    todo: dict[int, str] = {}
    for number in order.frames:
        why = "forced" if force else stale(order, manifest, recipe, number)
        if why:
            todo[number] = why
    each = estimate.seconds_per_frame
    area = (estimate.width * estimate.height) / (width * height)
    return Plan(
        order=order,
        recipe=recipe,
        todo=todo,
        kept=tuple(number for number in order.frames if number not in todo),
        missing=_missing(order, todo),
        seconds=each * len(todo) if each >= 0 else None,
        bytes=round(_typical(manifest, size * area) * len(todo)),
        width=estimate.width,
        height=estimate.height,
    )


def stale(order: Order, manifest: Manifest, recipe: Recipe, number: int) -> str:
    """Why a frame has to be made, for people; "" when it is finished and fresh."""
    entry = manifest.frames.get(number)
    if entry is None:
        return "not made yet"
    if entry.state != "done" or entry.output is None:
        return "failed before"
    if changed := recipe.differences(entry.recipe, order.spec, number):
        return f"{' and '.join(changed)} changed"
    for name in order.inputs:
        if entry.inputs.get(name) != digest(order, manifest, name, number):
            return f"{name} changed"
    if set(entry.inputs) != set(order.inputs):
        return "other inputs than before"
    return _output_changed(order, manifest, entry, number)


def digest(order: Order, manifest: Manifest, name: str, number: int) -> str:
    """Of what an input gives for a frame; "" when that is not there or cannot be read."""
    try:
        files = [order.path(name, near) for near in order.window(name, number)]
        return combine(manifest.stamp(path).digest for path in files)
    except (OSError, BacklotError):
        return ""


def _output_changed(order: Order, manifest: Manifest, entry: Entry, number: int) -> str:
    try:
        found = stamp(order.output(number), entry.output)
    except FileNotFoundError:
        return "its file is gone"
    except (OSError, BacklotError):
        return "its file cannot be read"
    if entry.output is None or found.digest != entry.output.digest:
        return "its file was changed"
    manifest.frames[number] = replace(entry, output=found)
    return ""


def _missing(order: Order, todo: Mapping[int, str]) -> dict[int, BacklotError]:
    missing: dict[int, BacklotError] = {}
    for number in todo:
        for name, there in order.on_disk.items():
            if not order.spec.input(name).required:
                continue  # some frames of it may do: whether this one is needed, the tool knows
            if number not in there and number not in missing:
                path = order.path(name, number)
                missing[number] = MissingFrame(f"{path.name} is not there.", f"Looked for {path}.")
    return missing


def _layers(order: Order) -> str:
    """The layers that were named, as one text: the plate's, then "depth=ViewLayer.Depth"."""
    others = [f"{name}={layer}" for name, layer in order.layers.items() if name != order.main]
    return " ".join([order.layer, *sorted(others)]).strip()


def _measure(order: Order) -> tuple[int, int, int, int]:
    """Width, height, channels and file size of the first plate that can be opened.

    Raises: NotFound when its file has no such layer.
    """
    for number in order.frames:
        path = order.path(order.main, number)
        try:
            if order.inputs[order.main].is_movie:
                return _measure_movie(path, number, order.colorspace)
            image, size = Image.open(path), path.stat().st_size
        except (BacklotError, OSError):
            continue
        part, count = image.parts[0], image.parts[0].spec.nchannels
        if not order.scales:
            headers = [part.header() for part in image.parts]
            layer = layers.find(layers.layers_of(headers), order.layer, "")
            part, count = image.parts[layer.part], len(layer.channels)
        return part.spec.width, part.spec.height, count, size
    return 1, 1, 4, 0


def _measure_movie(path: Path, number: int, colorspace: str | None) -> tuple[int, int, int, int]:
    from .movie import Movie

    with Movie(path) as movie:
        height, width, channels = movie.frame(number, colorspace).pixels.shape
        return width, height, channels, path.stat().st_size // len(movie.frames)


def _typical(manifest: Manifest, guess: float) -> float:
    """Bytes of a frame: the mean of those that are there, else the plate's by area."""
    sizes = [entry.output.size for entry in manifest.frames.values() if entry.output]
    return sum(sizes) / len(sizes) if sizes else guess


def _relative(manifest: Manifest, given: Any) -> str:
    return manifest.relative(Path(str(given)))

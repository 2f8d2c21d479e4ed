"""What is asked for: a tool, its values, and the sequences it reads and writes, all checked."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from . import color, imagewriting, sequence
from .errors import InvalidInput, NotFound
from .manifest import Manifest
from .tools import ToolSpec, Value


@dataclass(frozen=True)
class Order:
    """One take to be made. `take` checks and makes it.

    values: every parameter, curves as curves. frames: in the order in which they are made.
    layers: of inputs, by name; "" or none: the main one, or what a pass is called.
    colorspace: of the plate's colour layers, None where the file says it.
    compression: of the files written, None for the plate's own.
    """

    spec: ToolSpec
    values: Mapping[str, Value]
    inputs: Mapping[str, sequence.Sequence]
    out: sequence.Sequence
    frames: tuple[int, ...]
    layers: Mapping[str, str] = field(default_factory=dict)
    colorspace: str | None = None
    compression: str | None = None
    verify: bool = False

    @property
    def layer(self) -> str:
        """The plate's layer that the tool works on."""
        return self.layers.get(self.main, "")

    @property
    def main(self) -> str:
        """The input that the tool works on."""
        return self.spec.inputs[0].name

    @property
    def scales(self) -> bool:
        """Whether the result has another size, so that every layer has to go through the tool."""
        return self.spec.output.size == "scale"

    @property
    def exact(self) -> bool:
        """Whether a matte promises that nothing outside it moves."""
        return bool(self.spec.output.matte) and self.spec.output.matte in self.inputs

    @property
    def _pattern(self) -> Path:
        """The output as one name, in the folder that holds all its frames or their folders."""
        folder = os.path.dirname(self.out.before)
        rest = str(self.out)[len(folder) :].lstrip("/\\")
        return Path(folder).absolute() / re.sub(r"[/\\]", ".", rest)

    @property
    def name(self) -> str:
        """The take's: clean.####.exr."""
        return self._pattern.name

    @property
    def manifest_path(self) -> Path:
        return Manifest.path_for(self._pattern)

    @property
    def lock_path(self) -> Path:
        return self._pattern.with_name(f".{self.name}.backlot.lock")

    def path(self, name: str, number: int) -> Path:
        """The file of an input; a still's only file for every frame."""
        return Path(self.inputs[name].path(number))

    def output(self, number: int) -> Path:
        return Path(self.out.path(number))

    def partial(self, number: int) -> Path:
        """Where a frame is written before it gets its name: hidden, same folder, same format."""
        path = self.output(number)
        return path.with_name(f".{path.stem}.backlot{path.suffix}")

    @cached_property
    def on_disk(self) -> Mapping[str, frozenset[int]]:
        """The frames that are there, for every input that is a sequence."""
        return {
            name: frozenset(given.frames())
            for name, given in self.inputs.items()
            if not given.is_still
        }

    def window(self, name: str, number: int) -> list[int]:
        """The frames of an input that the tool may use for this frame, as far as they exist."""
        given = self.spec.input(name)
        before, after = given.window(self.values)
        if self.inputs[name].is_still or not (before or after):
            return [number]
        first, last = number - before, number + after
        return sorted(near for near in self.on_disk[name] if first <= near <= last)


def take(
    spec: ToolSpec,
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    frames: str | Sequence[int] | None = None,
    layer: str | Mapping[str, str] = "",
    colorspace: str | None = None,
    compression: str | None = None,
    verify: bool = False,
    **given: Any,
) -> Order:
    """An order, checked as far as that is possible without opening files.

    layer: of the plate, or a mapping of inputs to layers.
    Raises: InvalidInput, NotFound (no frames at all, no such colour space), Unsupported (the
    output's format).
    """
    kinds = {each.name: each.kind for each in spec.inputs}
    paths = {spec.inputs[0].name: source}
    paths |= {name: value for name, value in given.items() if name in kinds and value is not None}
    spec.check_inputs(list(paths))
    values = spec.values({name: value for name, value in given.items() if name not in kinds})
    asked = sequence.parse_frames(frames) if isinstance(frames, str) else tuple(frames or ())
    inputs = {
        name: sequence.Sequence.parse(path, () if kinds[name] == "reference" else asked)
        for name, path in paths.items()
    }
    few = [each.name for each in spec.inputs if each.approved and each.name in inputs]
    if not inputs[spec.inputs[0].name].is_still:
        inputs |= {name: _by_number(inputs[name]) for name in few}
    order = Order(
        spec,
        values,
        inputs,
        sequence.Sequence.parse(out, asked),
        asked or _frames(inputs[spec.inputs[0].name]),
        {spec.inputs[0].name: layer} if isinstance(layer, str) else layer,
        colorspace,
        compression,
        verify,
    )
    if colorspace:
        color.space(colorspace)
    _check_layer(order)
    _check_there(order)
    _check_output(order)
    _check_format(order)
    return order


def _by_number(given: sequence.Sequence) -> sequence.Sequence:
    """A file whose name ends in a number as a frame of its sequence, never as a still for all."""
    number = sequence.number_of(given.before) if given.is_still else None
    if number is None:
        return given
    return sequence.Sequence.parse(given.before, (number, number + 1))


def _frames(source: sequence.Sequence) -> tuple[int, ...]:
    """The frames that the notation names, else those on disk and the gaps between them.

    A still is one frame, of the number that ends its name: plate.1001.exr, else of number 1.
    """
    if source.given:
        return source.given
    if source.is_still:
        number = sequence.number_of(source.before)
        return (1 if number is None else number,)
    there = source.frames()
    if not there:
        raise NotFound(f"There is no frame of {Path(str(source)).name}.", f"Looked for {source}.")
    step = math.gcd(*(number - there[0] for number in there)) or 1
    return tuple(range(there[0], there[-1] + 1, step))


def _check_layer(order: Order) -> None:
    for name in order.layers:
        if name not in order.inputs:
            raise InvalidInput(
                f"A layer is named for {name}, which is no input of this job.",
                f"It has {', '.join(order.inputs)}.",
            )
    if order.scales and order.layer:
        raise InvalidInput(
            f"{order.spec.label} scales all layers of a file, not {order.layer} alone.",
            "Leave the layer away.",
        )


def _check_there(order: Order) -> None:
    """An input of which nothing is there, or nothing that belongs to the plate, was mistyped."""
    for name, given in order.inputs.items():
        label = Path(str(given)).name
        if name == order.main:
            continue
        if given.is_still:
            if not os.path.exists(given.before):
                raise NotFound(f"{label} is not there.", f"Looked for the {name} in {given}.")
            continue
        there, plates = order.on_disk[name], order.on_disk.get(order.main)
        if not there:
            raise NotFound(f"There is no frame of {label}.", f"Looked for the {name} in {given}.")
        if plates and not there & plates:
            raise InvalidInput(
                f"No frame of {label} is one of the plate's: it has {sequence.show_frames(there)}, "
                f"the plate {sequence.show_frames(plates)}.",
                "Number them alike; a file without a number in its name serves every frame.",
            )


def _check_output(order: Order) -> None:
    """Every frame has a file of its own, and none of them is an input."""
    if order.out.is_movie:
        raise InvalidInput(
            f"{Path(str(order.out)).name} is a movie; Backlot writes frames.",
            "Give an output such as clean.####.exr.",
        )
    if order.out.is_still and len(order.frames) > 1:
        raise InvalidInput(
            f"{len(order.frames)} frames cannot be written to one file, "
            f"{Path(str(order.out)).name}.",
            "Put #### where the frame number shall be: clean.####.exr.",
        )
    if order.out.given and set(order.out.given) != set(order.frames):
        raise InvalidInput(
            f"The output names the frames {sequence.show_frames(order.out.given)}, and "
            f"{sequence.show_frames(order.frames)} would be made.",
            "Name the frames with --range alone.",
        )
    used: dict[str, str] = {}
    for name, given in order.inputs.items():
        numbers = order.on_disk.get(name, frozenset()) | set(order.frames)
        paths = [given.path(number) for number in (numbers if not given.is_still else (0,))]
        used |= {os.path.realpath(path): name for path in paths}
    for number in order.frames:
        path = order.output(number)
        taken = used.get(os.path.realpath(path))
        if taken is not None:
            raise InvalidInput(
                f"The output {path.name} is a file of the input {taken}.",
                "Write to another name or folder; Backlot never overwrites what it reads.",
            )


def _check_format(order: Order) -> None:
    """The output's format can be written, and it can keep what a matte promises."""
    path = order.output(order.frames[0])
    imagewriting.check_writable(path, order.compression)
    if order.exact and path.suffix.lower() in (".jpg", ".jpeg"):
        raise InvalidInput(
            f"{Path(str(order.out)).name} cannot keep the pixels outside the matte as they are: "
            "JPEG changes all of them.",
            "Write .exr, .tif, .png or .dpx.",
        )

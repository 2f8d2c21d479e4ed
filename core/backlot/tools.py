"""What a tool takes: its inputs and parameters as plain data.

The server advertises ToolSpecs; command line, hosts and docs build their controls from them.
A value is a float, int, bool or str, or a Curve where the parameter is animatable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import InvalidInput
from .frame import Window

Scalar = float | int | bool | str

CHARACTER = "character"
"""The kind of a parameter that is a character, and of an input that is its pictures."""
NETWORK = "network"
"""What a parameter is called that chooses a network."""
CONFIDENCE = "confidence"
"""What a tool measures of a frame by which it is rated, and what shows it point by point."""
SEED = "seed"
"""What a whole number is called of which others give other, equally plausible results."""


@dataclass(frozen=True)
class Curve:
    """Keys of (frame, value), linear between them, held before the first and after the last."""

    keys: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not self.keys:
            raise InvalidInput("A curve needs at least one key.", "Give frame=value pairs.")
        keys = tuple(sorted((float(f), float(v)) for f, v in self.keys))
        if len({f for f, _ in keys}) != len(keys):
            raise InvalidInput("A curve has two keys on one frame.", "Keep one of them.")
        object.__setattr__(self, "keys", keys)

    def at(self, frame: float) -> float:
        """The value at a frame."""
        before = None
        for key, value in self.keys:
            if key >= frame:
                if before is None or key == frame:
                    return value
                f0, v0 = before
                return v0 + (value - v0) * (frame - f0) / (key - f0)
            before = (key, value)
        return self.keys[-1][1]


Value = Scalar | Curve


@dataclass(frozen=True)
class Param:
    """One control. kind: "float", "int", "bool", "choice", "text" or "character".

    A character is a folder's path on the client, and what that folder holds, as JSON, on the wire.
    """

    name: str
    kind: str
    default: Scalar
    label: str = ""
    minimum: float | None = None
    maximum: float | None = None
    step: float = 0.0
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """(value, label) pairs of a choice."""
    group: str = ""
    help: str = ""
    animatable: bool = False

    def check(self, value: Value) -> Value:
        """The value as this parameter's type. InvalidInput when it cannot be one."""
        if isinstance(value, Curve):
            if not self.animatable:
                raise InvalidInput(f"{self.name} cannot be animated.", "Give one value.")
            return Curve(tuple((f, float(self._check_scalar(v))) for f, v in value.keys))
        return self._check_scalar(value)

    def _check_scalar(self, value: Scalar) -> Scalar:
        if self.kind == "bool":
            return _as_bool(self.name, value)
        if self.kind == "choice":
            known = [choice for choice, _ in self.choices]
            if value not in known:
                raise InvalidInput(
                    f"{self.name} cannot be {value!r}.", f"Choose one of {', '.join(known)}."
                )
            return value
        if self.kind in ("text", "character"):
            return str(value)
        return self._check_number(value)

    def _check_number(self, value: Scalar) -> Scalar:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        whole = self.kind == "int"
        if not math.isfinite(number) or (whole and number != int(number)):
            kind = "a whole number" if whole else "a number"
            raise InvalidInput(f"{self.name} must be {kind}, not {value!r}.", self._range())
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if not low <= number <= high:
            raise InvalidInput(f"{self.name} cannot be {number:g}.", self._range())
        return int(number) if whole else number

    def _range(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.minimum is not None and self.maximum is not None:
            return f"Give a value from {_plain(self.minimum)} to {_plain(self.maximum)}{unit}."
        if self.minimum is not None:
            return f"Give a value of at least {_plain(self.minimum)}{unit}."
        if self.maximum is not None:
            return f"Give a value of at most {_plain(self.maximum)}{unit}."
        return ""


def _plain(number: float) -> str:
    """A number as people write it: whole ones with all their digits."""
    return f"{number:.0f}" if number == int(number) else f"{number:g}"


def _as_bool(name: str, value: Scalar) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True}
    words.update({"false": False, "no": False, "off": False, "0": False})
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if value in (0, 1):
        return bool(value)
    raise InvalidInput(f"{name} must be on or off, not {value!r}.", "Give true or false.")


@dataclass(frozen=True)
class Input:
    """One pipe. kind: "image", "matte", "reference" or "data"; "character" where the client takes
    the pictures from the character's folder, and nobody connects anything.

    before, after: the temporal window, in frames, that the tool may ask for around a frame.
    window_param: the parameter that must be on for it to count, or the value that one must have, as
        in "mode=shot"; "" where it always does.
    layers: of data, the last words of the names, in small letters, that files give to the layers
        that it is looked for in: ("depth", "z").
    """

    name: str
    kind: str = "image"
    label: str = ""
    help: str = ""
    required: bool = True
    before: int = 0
    after: int = 0
    window_param: str = ""
    layers: tuple[str, ...] = ()

    @property
    def approved(self) -> bool:
        """Whether it is pictures that hold for their own frames, of which there may be few."""
        return self.kind == "image" and not self.required

    def window(self, values: Mapping[str, Value]) -> tuple[int, int]:
        """Frames before and after that the tool may ask for, with all parameters known."""
        name, _, wanted = self.window_param.partition("=")
        if name and (values[name] != wanted if wanted else not values[name]):
            return 0, 0
        return self.before, self.after


@dataclass(frozen=True)
class Output:
    """What comes back.

    size: "same", or "scale": the first input's size times `scale_param`, unless `width_param` or
        `height_param` is not 0 (then that exact size; one alone keeps the aspect).
    matte: the input that says where pixels may change; "" means everywhere.
    grow_params: parameters, in pixels, by which they may change beyond it.
    """

    size: str = "same"
    scale_param: str = ""
    width_param: str = ""
    height_param: str = ""
    matte: str = ""
    grow_params: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToolSpec:
    """A tool, as the server advertises it. The first input is the one it works on.

    version: raised whenever the same inputs would give other pixels.
    hidden: for tests and benchmarks; hosts and help do not offer it.
    """

    name: str
    label: str
    summary: str
    version: str
    inputs: tuple[Input, ...]
    params: tuple[Param, ...] = ()
    output: Output = Output()
    hidden: bool = False

    @property
    def connected(self) -> tuple[Input, ...]:
        """The inputs that somebody connects: all but a character's own pictures."""
        return tuple(given for given in self.inputs if given.kind != CHARACTER)

    @property
    def seeded(self) -> bool:
        """Whether other seeds give other, equally plausible results."""
        return any(param.name == SEED for param in self.params)

    @property
    def comparable(self) -> bool:
        """Whether it enlarges, and leaves it to choose by which network."""
        return self.output.size == "scale" and any(param.name == NETWORK for param in self.params)

    @property
    def rated(self) -> bool:
        """Whether it can tell how far each of its frames can be trusted."""
        return any(value == CONFIDENCE for param in self.params for value, _ in param.choices)

    def param(self, name: str) -> Param:
        for param in self.params:
            if param.name == name:
                return param
        known = ", ".join(param.name for param in self.params) or "no parameters"
        raise InvalidInput(f"{self.label} has no parameter {name}.", f"It has {known}.")

    def input(self, name: str) -> Input:
        for given in self.inputs:
            if given.name == name:
                return given
        known = ", ".join(given.name for given in self.inputs)
        raise InvalidInput(f"{self.label} has no input {name}.", f"It has {known}.")

    def values(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """All parameters: those given, checked, and the defaults of the rest."""
        values: dict[str, Value] = {param.name: param.default for param in self.params}
        for name, value in given.items():
            values[name] = self.param(name).check(value)
        return values

    def values_at(self, values: Mapping[str, Value], frame: int) -> dict[str, Any]:
        """Plain values on one frame, curves evaluated."""
        plain: dict[str, Any] = {}
        for name, value in values.items():
            if isinstance(value, Curve):
                number = value.at(frame)
                plain[name] = round(number) if self.param(name).kind == "int" else number
            else:
                plain[name] = value
        return plain

    def check_inputs(self, given: Sequence[str]) -> None:
        """InvalidInput when a required input is missing or one is not known."""
        for name in given:
            self.input(name)
        for needed in self.inputs:
            if needed.required and needed.name not in given:
                raise InvalidInput(f"{self.label} needs the input {needed.name}.", needed.help)

    def output_size(self, values: Mapping[str, Any], width: int, height: int) -> tuple[int, int]:
        """(width, height) of the result for a main input of that size, on one frame."""
        rule = self.output
        if rule.size == "same":
            return width, height
        to_width = int(values.get(rule.width_param, 0))
        to_height = int(values.get(rule.height_param, 0))
        if to_width or to_height:
            to_width = to_width or max(1, round(width * to_height / height))
            to_height = to_height or max(1, round(height * to_width / width))
            return to_width, to_height
        scale = float(values[rule.scale_param])
        return max(1, round(width * scale)), max(1, round(height * scale))

    def output_windows(
        self, values: Mapping[str, Any], data: Window, display: Window
    ) -> tuple[Window, Window]:
        """Data and display window of the result, on one frame.

        An exact target size is that of the display window; the data window is scaled with it.
        """
        to_width, to_height = self.output_size(values, display.width, display.height)
        if (to_width, to_height) == (display.width, display.height):
            return data, display
        sx, sy = to_width / display.width, to_height / display.height
        x, y = round(display.x * sx), round(display.y * sy)
        return data.scaled(sx, sy), Window(x, y, to_width, to_height)

    def reach(self, values: Mapping[str, Any]) -> float:
        """Pixels beyond the matte within which this tool may change the picture."""
        return float(sum(max(0.0, float(values[name])) for name in self.output.grow_params))

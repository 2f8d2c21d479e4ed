"""The nouns of docs/link.md as plain JSON: tools, errors, values, models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BacklotError, InternalError, InvalidInput
from ..tools import Curve, Param, ToolSpec, Value

Json = dict[str, Any]


def error_to_json(error: BaseException) -> Json:
    """code, sentence and hint; of a defect of ours, its kind alone."""
    if isinstance(error, BacklotError):
        return {"code": error.code, "sentence": error.sentence, "hint": error.hint}
    return {
        "code": InternalError.code,
        "sentence": f"Backlot met an error of its own ({type(error).__name__}).",
        "hint": "Copy the details into a report; the same job may work when it is run again.",
    }


def spec_to_json(spec: ToolSpec) -> Json:
    """A tool as the server advertised it."""
    output = vars(spec.output) | {"grow_params": list(spec.output.grow_params)}
    return {
        "name": spec.name,
        "label": spec.label,
        "summary": spec.summary,
        "version": spec.version,
        "hidden": spec.hidden,
        "rated": spec.rated,
        "inputs": [vars(given) | {"approved": given.approved} for given in spec.connected],
        "params": [_param_to_json(param) for param in spec.params],
        "output": output,
    }


def _param_to_json(param: Param) -> Json:
    choices = [{"value": value, "label": label} for value, label in param.choices]
    return vars(param) | {"choices": choices}


def values_from_json(given: Any) -> dict[str, Value]:
    """Parameters: plain values, or {"curve": [[frame, value], ...]}. Raises: InvalidInput."""
    if not isinstance(given, Mapping):
        raise InvalidInput("params must be an object.", 'Send {"scale": 2}, for one.')
    return {str(name): _value(str(name), value) for name, value in given.items()}


def _value(name: str, given: Any) -> Value:
    if isinstance(given, Mapping):
        try:
            return Curve(tuple((float(f), float(v)) for f, v in given["curve"]))
        except (KeyError, TypeError, ValueError):
            given = None
    if not isinstance(given, str | int | float):
        raise InvalidInput(
            f"{name} has no value that Backlot knows.",
            'Send a number, text, true or false, or {"curve": [[frame, value], ...]}.',
        )
    return given


def numbers_from_json(given: Any) -> list[int]:
    """Frame numbers in the order to make them. Raises: InvalidInput."""
    if (
        isinstance(given, list)
        and given
        and all(isinstance(number, int) and not isinstance(number, bool) for number in given)
    ):
        return given
    raise InvalidInput("frames must be a list of frame numbers.", "Send [1001, 1002], for one.")


def text_from_json(given: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text field; required where there is no default. Raises: InvalidInput."""
    value = given.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise InvalidInput(f"{name} must be text.", "See docs/link.md.")
    return value


def number_from_json(given: Mapping[str, Any], name: str) -> int:
    """A whole number of at least 1: pixels, bytes. Raises: InvalidInput."""
    value = given.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidInput(f"{name} must be a whole number of at least 1.", "See docs/link.md.")
    return value


def plain(message: Any) -> Json:
    """A message of the contract as JSON values."""
    return {field.name: _plain_value(getattr(message, field.name)) for field in _fields(message)}


def _fields(message: Any) -> Any:
    return message.DESCRIPTOR.fields


def _plain_value(value: Any) -> Any:
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "DESCRIPTOR"):
        return plain(value)
    return [_plain_value(each) for each in value]

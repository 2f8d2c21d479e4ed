"""The plugin's own values as JSON and back: clips, plates, results, with their frame spaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from . import bins, colour, edit, frames, landing, plates, timecode

_KINDS = {
    kind.__name__: kind
    for kind in (
        frames.Record, frames.Relative, frames.Offset, frames.Source, frames.Span,
        frames.Timebase, frames.Placement, timecode.Rate, colour.PlateColour, edit.Clip,
        edit.Edit, plates.Plate, bins.Result, landing.Placed,
    )
}  # fmt: skip


def to_plain(value: Any) -> Any:
    """JSON-able data; every dataclass names its kind."""
    if isinstance(value, Fraction):
        return {"kind": "Fraction", "value": str(value)}
    if is_dataclass(value) and not isinstance(value, type):
        given = {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
        return {"kind": type(value).__name__, **given}
    if isinstance(value, Mapping):
        return {str(key): to_plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(each) for each in value]
    return value


def from_plain(value: Any) -> Any:
    """What `to_plain` was given; lists come back as tuples. Raises: KeyError, TypeError."""
    if isinstance(value, list):
        return tuple(from_plain(each) for each in value)
    if not isinstance(value, dict):
        return value
    kind = value.get("kind")
    if kind == "Fraction":
        return Fraction(value["value"])
    given = {name: from_plain(each) for name, each in value.items() if name != "kind"}
    if kind == "Placed":
        given["notes"] = list(given["notes"])
    return _KINDS[kind](**given) if kind in _KINDS else given

"""The `run` request of docs/link.md, checked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import BacklotError, InvalidInput
from ..tools import Value
from .memory import Buffers, Memory
from .pixels import Layout, layout_from_json
from .protocol import numbers_from_json, text_from_json, values_from_json


@dataclass(frozen=True)
class FromFiles:
    """An input on disk. files: a path or a sequence's pattern; "" in the rest: found out."""

    files: str
    layer: str = ""
    colorspace: str = ""


@dataclass(frozen=True)
class FromBuffer:
    """An input in shared memory, by the name that the host knows it by."""

    name: str
    memory: Memory
    layout: Layout


@dataclass(frozen=True)
class Request:
    """What a host asks for. out_files: "" when none are wanted; out_buffer: None likewise."""

    job: str
    tool: str
    params: Mapping[str, Value]
    frames: list[int]
    inputs: Mapping[str, FromFiles | FromBuffer]
    out_files: str
    out_buffer: Mapping[str, Any] | None
    priority: str
    supersede: str
    view: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """What else the output file is asked to be: colorspace, type, compression."""
    report: str = ""
    """The PNG that shows how far each frame can be trusted; "" when none is wanted."""

    @property
    def into(self) -> FromBuffer | None:
        """The input in whose place the result may be put; None: it gets a buffer of its own."""
        given = self.inputs.get((self.out_buffer or {}).get("into", ""))
        return given if isinstance(given, FromBuffer) else None

    @property
    def in_memory(self) -> bool:
        """Whether pixels come or go through buffers: then it is one frame."""
        return self.out_buffer is not None or any(
            isinstance(given, FromBuffer) for given in self.inputs.values()
        )

    def release(self, buffers: Buffers) -> None:
        for given in self.inputs.values():
            if isinstance(given, FromBuffer):
                buffers.release(given.memory)


def request_from_json(params: Mapping[str, Any], buffers: Buffers) -> Request:
    """Holds the buffers that it names: call `release`. Raises: InvalidInput, NotFound."""
    frames = numbers_from_json(params.get("frames"))
    out = _object(params, "out")
    out_buffer = out.get("buffer")
    if out_buffer is not None and not isinstance(out_buffer, Mapping):
        raise InvalidInput("out.buffer must be an object.", 'Send {} for "as the source came".')
    out_files = text_from_json(out, "files", "")
    if not out_files and out_buffer is None:
        raise InvalidInput(
            "The job has nowhere to put its result.", "Send out.files or out.buffer."
        )
    request = Request(
        job=text_from_json(params, "job", "") or uuid.uuid4().hex,
        tool=text_from_json(params, "tool"),
        params=values_from_json(params.get("params", {})),
        frames=frames,
        inputs=_inputs(_object(params, "inputs"), buffers),
        out_files=out_files,
        out_buffer=out_buffer,
        priority=text_from_json(params, "priority", "interactive" if len(frames) == 1 else "batch"),
        supersede=text_from_json(params, "supersede", ""),
        view=text_from_json(params, "view", ""),
        options={name: out[name] for name in ("colorspace", "type", "compression") if name in out},
        report=text_from_json(out, "report", ""),
    )
    if request.in_memory and len(frames) != 1:
        request.release(buffers)
        raise InvalidInput(
            f"A buffer holds one frame, and {len(frames)} were asked for.",
            "Send one job a frame, or use files for a range.",
        )
    return request


def _inputs(given: Mapping[str, Any], buffers: Buffers) -> dict[str, FromFiles | FromBuffer]:
    inputs: dict[str, FromFiles | FromBuffer] = {}
    try:
        for name, described in given.items():
            inputs[name] = _input(name, described, buffers)
    except BacklotError:
        for held in inputs.values():
            if isinstance(held, FromBuffer):
                buffers.release(held.memory)
        raise
    return inputs


def _input(name: str, given: Any, buffers: Buffers) -> FromFiles | FromBuffer:
    if isinstance(given, Mapping) and "buffer" in given:
        layout = layout_from_json(given)
        buffer = text_from_json(given, "buffer")
        return FromBuffer(buffer, buffers.hold(buffer), layout)
    if isinstance(given, Mapping) and "files" in given:
        return FromFiles(
            text_from_json(given, "files"),
            text_from_json(given, "layer", ""),
            text_from_json(given, "colorspace", ""),
        )
    raise InvalidInput(f"The input {name} says nowhere to find it.", "Send files or a buffer.")


def _object(params: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given = params.get(name, {})
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{name} must be an object.", "See docs/link.md.")
    return given

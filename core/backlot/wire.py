"""Frames, tools, values and errors to and from the messages of protos/backlot/v1.

The only file of the core that knows both sides. Pixels are not here: a frame's message says
which lease holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import errors, tools
from .frame import COLOR, DATA, Frame, Pixels, Window
from .v1 import backlot_pb2 as pb

ERROR_KEY = "backlot-error-bin"
TOKEN_KEY = "backlot-token"

_TYPE_OF: dict[np.dtype[Any], pb.PixelType] = {
    np.dtype(np.float16): pb.HALF,
    np.dtype(np.float32): pb.FLOAT,
}
_DTYPE_OF: dict[pb.PixelType, np.dtype[Any]] = {number: dtype for dtype, number in _TYPE_OF.items()}
_MEANING_OF = {COLOR: pb.COLOR, DATA: pb.DATA}
_NAME_OF = {number: name for name, number in _MEANING_OF.items()}


def error_to_wire(error: BaseException) -> pb.Error:
    """Any exception; one that is not ours is named as an internal error, without its details."""
    if isinstance(error, errors.BacklotError):
        return pb.Error(code=error.code, sentence=error.sentence, hint=error.hint)
    return pb.Error(
        code=errors.InternalError.code,
        sentence=f"Backlot met an error of its own ({type(error).__name__}).",
        hint="The server's log has the details.",
    )


def error_from_wire(message: pb.Error) -> errors.BacklotError:
    return errors.from_code(message.code, message.sentence, message.hint)


def window_to_wire(window: Window) -> pb.Window:
    return pb.Window(x=window.x, y=window.y, width=window.width, height=window.height)


def window_from_wire(message: pb.Window) -> Window:
    return Window(message.x, message.y, message.width, message.height)


def frame_to_wire(frame: Frame, lease: pb.LeaseRef, segment: pb.Segment | None = None) -> pb.Frame:
    """Everything about a frame but its pixels, which lie in the lease."""
    return pb.Frame(
        data_window=window_to_wire(frame.data_window),
        display_window=window_to_wire(frame.display_window),
        pixel_aspect=frame.pixel_aspect,
        channels=frame.channels,
        type=_TYPE_OF[frame.pixels.dtype],
        meaning=_MEANING_OF[frame.meaning],
        number=frame.number,
        view=frame.view,
        lease=lease,
        segment=segment,
    )


def frame_shape(message: pb.Frame) -> tuple[tuple[int, int, int], np.dtype[Any]]:
    """((height, width, channels), dtype) of the pixels that a message describes.

    Raises: InvalidInput when the message describes no image.
    """
    dtype = _DTYPE_OF.get(message.type)
    window = message.data_window
    shape = (window.height, window.width, len(message.channels))
    if dtype is None or 0 in shape:
        raise errors.InvalidInput(
            "A frame came without a size, channels or a pixel type.",
            "Update the side that sent it: this is not how Backlot describes a frame.",
        )
    return shape, dtype


def frame_bytes(message: pb.Frame) -> int:
    """Bytes that the pixels take in their lease."""
    shape, dtype = frame_shape(message)
    return shape[0] * shape[1] * shape[2] * dtype.itemsize


def frame_from_wire(message: pb.Frame, pixels: Pixels) -> Frame:
    """A frame around pixels that were mapped or received for it."""
    if message.meaning not in _NAME_OF:
        raise errors.InvalidInput("A frame came that is neither colour nor data.")
    return Frame(
        pixels,
        channels=tuple(message.channels),
        data_window=window_from_wire(message.data_window),
        display_window=window_from_wire(message.display_window),
        pixel_aspect=message.pixel_aspect,
        meaning=_NAME_OF[message.meaning],
        number=message.number,
        view=message.view,
    )


def value_to_wire(value: tools.Value) -> pb.Value:
    if isinstance(value, tools.Curve):
        keys = [pb.Key(frame=frame, value=number) for frame, number in value.keys]
        return pb.Value(curve=pb.Curve(keys=keys))
    if isinstance(value, bool):
        return pb.Value(flag=value)
    if isinstance(value, int):
        return pb.Value(integer=value)
    if isinstance(value, float):
        return pb.Value(number=value)
    return pb.Value(text=value)


def value_from_wire(message: pb.Value) -> tools.Value:
    kind = message.WhichOneof("value")
    if kind is None:
        raise errors.InvalidInput("A parameter came without a value.")
    if kind == "curve":
        return tools.Curve(tuple((key.frame, key.value) for key in message.curve.keys))
    value: tools.Scalar = getattr(message, kind)
    return value


def values_to_wire(values: Mapping[str, tools.Value]) -> dict[str, pb.Value]:
    return {name: value_to_wire(value) for name, value in values.items()}


def values_from_wire(messages: Mapping[str, pb.Value]) -> dict[str, tools.Value]:
    return {name: value_from_wire(message) for name, message in messages.items()}


def spec_to_wire(spec: tools.ToolSpec) -> pb.ToolSpec:
    return pb.ToolSpec(
        name=spec.name,
        label=spec.label,
        summary=spec.summary,
        version=spec.version,
        inputs=[_input_to_wire(given) for given in spec.inputs],
        params=[_param_to_wire(param) for param in spec.params],
        output=pb.Output(
            size=spec.output.size,
            scale_param=spec.output.scale_param,
            width_param=spec.output.width_param,
            height_param=spec.output.height_param,
            matte=spec.output.matte,
            grow_params=spec.output.grow_params,
        ),
        hidden=spec.hidden,
    )


def spec_from_wire(message: pb.ToolSpec) -> tools.ToolSpec:
    output = message.output
    return tools.ToolSpec(
        name=message.name,
        label=message.label,
        summary=message.summary,
        version=message.version,
        inputs=tuple(_input_from_wire(given) for given in message.inputs),
        params=tuple(_param_from_wire(param) for param in message.params),
        output=tools.Output(
            size=output.size,
            scale_param=output.scale_param,
            width_param=output.width_param,
            height_param=output.height_param,
            matte=output.matte,
            grow_params=tuple(output.grow_params),
        ),
        hidden=message.hidden,
    )


def _input_to_wire(given: tools.Input) -> pb.Input:
    return pb.Input(
        name=given.name,
        kind=given.kind,
        label=given.label,
        help=given.help,
        required=given.required,
        before=given.before,
        after=given.after,
        window_param=given.window_param,
        layers=given.layers,
    )


def _input_from_wire(message: pb.Input) -> tools.Input:
    return tools.Input(
        name=message.name,
        kind=message.kind,
        label=message.label,
        help=message.help,
        required=message.required,
        before=message.before,
        after=message.after,
        window_param=message.window_param,
        layers=tuple(message.layers),
    )


def _param_to_wire(param: tools.Param) -> pb.Param:
    return pb.Param(
        name=param.name,
        kind=param.kind,
        default=value_to_wire(param.default),
        minimum=param.minimum,
        maximum=param.maximum,
        step=param.step,
        unit=param.unit,
        choices=[pb.Choice(value=value, label=label) for value, label in param.choices],
        label=param.label,
        group=param.group,
        help=param.help,
        animatable=param.animatable,
    )


def _param_from_wire(message: pb.Param) -> tools.Param:
    default = value_from_wire(message.default)
    if isinstance(default, tools.Curve):
        raise errors.InvalidInput(f"The default of {message.name} is a curve.")
    return tools.Param(
        name=message.name,
        kind=message.kind,
        default=default,
        label=message.label,
        minimum=message.minimum if message.HasField("minimum") else None,
        maximum=message.maximum if message.HasField("maximum") else None,
        step=message.step,
        unit=message.unit,
        choices=tuple((choice.value, choice.label) for choice in message.choices),
        group=message.group,
        help=message.help,
        animatable=message.animatable,
    )

"""What clients send, checked before anything is done with it."""

from __future__ import annotations

import math

from backlot import PROTOCOL, PROTOCOL_OLDEST
from backlot.errors import InvalidInput, TooLarge, VersionMismatch
from backlot.v1 import backlot_pb2 as pb

from .limits import Limits

_BYTES_OF = {pb.HALF: 2, pb.FLOAT: 4}
_LONGEST_NAME = 255
_LONGEST_JOB = 64
_FARTHEST = 1 << 24
_MOST_PARAMS = 256
_UPDATE = "Update the side that sent it: this is not how Backlot describes a frame."


def check_version(protocol: int) -> None:
    """Raises: VersionMismatch when the client is too old; a newer one knows what it needs."""
    if protocol < PROTOCOL_OLDEST:
        raise VersionMismatch(
            f"The client speaks protocol {protocol}, this server needs at least "
            f"{PROTOCOL_OLDEST} and speaks {PROTOCOL}.",
            "Update the client (the plugin or the Backlot that it comes from).",
        )


def frame_bytes(frame: pb.Frame, limits: Limits) -> int:
    """Bytes of its pixels. Raises: InvalidInput, TooLarge."""
    _check_window(frame.data_window, "data", limits)
    _check_window(frame.display_window, "display", limits)
    if frame.type not in _BYTES_OF or frame.meaning not in (pb.COLOR, pb.DATA):
        raise InvalidInput("A frame came without a pixel type or a meaning.", _UPDATE)
    if not 0 < frame.pixel_aspect < math.inf:
        raise InvalidInput(f"A pixel aspect of {frame.pixel_aspect} is not possible.")
    _check_channels(frame.channels, limits)
    _check_name(frame.view, "view")
    window = frame.data_window
    count = window.width * window.height * len(frame.channels) * _BYTES_OF[frame.type]
    if count > limits.max_frame_bytes:
        raise TooLarge(
            f"A frame of {window.width}x{window.height} and {len(frame.channels)} channels takes "
            f"{count >> 20} MiB; this server takes up to {limits.max_frame_bytes >> 20}.",
            "Work on fewer layers or a proxy, or start the server with more --memory.",
        )
    return count


def _check_window(window: pb.Window, name: str, limits: Limits) -> None:
    if window.width < 1 or window.height < 1:
        raise InvalidInput(f"A frame came with an empty {name} window.", _UPDATE)
    if max(window.width, window.height) > limits.max_side:
        raise TooLarge(
            f"A frame of {window.width}x{window.height} pixels is too large.",
            f"This server takes up to {limits.max_side} pixels on a side.",
        )
    if max(abs(window.x), abs(window.y)) > _FARTHEST:
        raise InvalidInput(f"A {name} window at {window.x}, {window.y} is out of reach.", _UPDATE)


def _check_channels(channels: pb.Frame.channels, limits: Limits) -> None:
    if len(channels) > limits.max_channels:
        raise TooLarge(
            f"A frame of {len(channels)} channels is too much.",
            f"This server takes up to {limits.max_channels} channels; send them in parts.",
        )
    if not channels or len(set(channels)) != len(channels):
        raise InvalidInput("A frame came without channels, or with two of one name.", _UPDATE)
    for name in channels:
        _check_name(name, "channel")
        if not name:
            raise InvalidInput("A frame came with a channel that has no name.", _UPDATE)


def _check_name(name: str, what: str) -> None:
    if len(name) > _LONGEST_NAME:
        raise InvalidInput(f"The name of a {what} is longer than {_LONGEST_NAME} characters.")


def check_start(start: pb.Start, limits: Limits) -> None:
    """Everything but its frames' leases and the tool's own parameters.

    Raises: InvalidInput, TooLarge.
    """
    if not 1 <= len(start.job) <= _LONGEST_JOB or not start.job.isprintable():
        raise InvalidInput("A job needs an id of 1 to 64 printable characters.")
    for name in (start.tool, start.view, start.supersede, *start.inputs, *start.params):
        _check_name(name, "tool, view, input, parameter or supersede key")
    if len(start.inputs) > _MOST_PARAMS or len(start.params) > _MOST_PARAMS:
        raise TooLarge(f"A job takes up to {_MOST_PARAMS} parameters and inputs.")
    if not start.frames:
        raise InvalidInput("A job came without frames.", "Say which frames to make.")
    if len(start.frames) > limits.max_frames_per_job:
        raise TooLarge(
            f"A job of {len(start.frames)} frames is too long.",
            f"Split it: this server takes up to {limits.max_frames_per_job} frames a job.",
        )
    if len(set(start.frames)) != len(start.frames):
        raise InvalidInput("A job names a frame twice.", "Name every frame once.")
    if not 0 <= start.deadline_seconds < math.inf:
        raise InvalidInput(f"A deadline of {start.deadline_seconds} seconds is not possible.")

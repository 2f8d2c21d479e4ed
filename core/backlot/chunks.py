"""Messages that carry a frame's bytes, encoded by hand: protobuf would copy them twice more.

What travels is exactly PutChunk and Chunk of protos/backlot/v1, so either end may be any client.
Encoding: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from typing import Any

from .v1 import backlot_pb2 as pb

STUDIO = "backlot.v1.Studio"
Data = bytes | memoryview

_PUT = bytes([pb.PutChunk.DESCRIPTOR.fields_by_name["data"].number << 3 | 2])
_GET = bytes([pb.Chunk.DESCRIPTOR.fields_by_name["data"].number << 3 | 2])


def put_chunk(data: Data, session: str = "", total: int = 0) -> bytes:
    """A PutChunk as bytes; session and total in the first one only."""
    head = pb.PutChunk(session=session, total=total).SerializeToString()
    return b"".join((head, _PUT, _varint(len(data)), data))


def get_chunk(data: Data) -> bytes:
    """A Chunk as bytes."""
    return b"".join((_GET, _varint(len(data)), data))


def data_of_put(message: bytes) -> Data:
    """The data of a PutChunk. Raises ValueError when it is none."""
    return _data(message, _PUT, pb.PutChunk)


def data_of_get(message: bytes) -> Data:
    """The data of a Chunk. Raises ValueError when it is none."""
    return _data(message, _GET, pb.Chunk)


def calls(channel: Any) -> tuple[Any, Any]:
    """Put and Get of a channel, whose chunks are bytes."""
    put = channel.stream_unary(f"/{STUDIO}/Put", response_deserializer=pb.Lease.FromString)
    get = channel.unary_stream(f"/{STUDIO}/Get", request_serializer=pb.GetRequest.SerializeToString)
    return put, get


def parsed(kind: Any, message: bytes) -> Any:
    """A message that came as bytes. Raises ValueError when it is none of its kind."""
    try:
        return kind.FromString(message)
    except Exception as error:  # protobuf's DecodeError, whose base differs between releases
        raise ValueError(f"No {kind.DESCRIPTOR.name}.") from error


def _data(message: bytes, tag: bytes, kind: Any) -> Data:
    """Without a copy where the message is its data and nothing else, as ours are."""
    if message[:1] == tag:
        count = 0
        for at, byte in enumerate(message[1:6]):
            count |= (byte & 0x7F) << 7 * at
            if byte < 0x80:
                start = at + 2
                if start + count == len(message):
                    return memoryview(message)[start:]
                break
    data: bytes = parsed(kind, message).data
    return data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)

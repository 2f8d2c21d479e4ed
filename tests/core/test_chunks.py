"""What is encoded by hand is what protobuf would have made, and is read whoever made it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot import chunks
from backlot.v1 import backlot_pb2 as pb

SIZES = st.sampled_from([0, 1, 127, 128, 16383, 16384, 1 << 20])


@given(SIZES, st.text(max_size=40), st.integers(0, 2**64 - 1))
def test_a_put_chunk_is_what_protobuf_reads(size, session, total):
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    got = pb.PutChunk.FromString(chunks.put_chunk(memoryview(data), session, total))
    assert (got.session, got.total, got.data) == (session, total, data)


@given(SIZES)
def test_a_get_chunk_is_what_protobuf_reads_and_writes(size):
    data = b"\xa5" * size
    assert pb.Chunk.FromString(chunks.get_chunk(data)).data == data
    assert bytes(chunks.data_of_get(chunks.get_chunk(data))) == data
    assert bytes(chunks.data_of_get(pb.Chunk(data=data).SerializeToString())) == data


def test_the_data_of_a_chunk_is_not_copied():
    message = chunks.put_chunk(b"pixels")
    data = chunks.data_of_put(message)
    assert isinstance(data, memoryview)
    assert data.obj is message


@given(st.binary(max_size=300), st.text(min_size=1, max_size=20))
def test_other_clients_may_write_fields_in_any_order_and_more_of_them(data, session):
    tail = pb.PutChunk(session=session).SerializeToString()
    unknown = b"\x98\x06\x01"  # field 99, a varint
    for message in (chunks.put_chunk(data) + tail, unknown + chunks.put_chunk(data)):
        assert bytes(chunks.data_of_put(message)) == data


@given(st.binary(min_size=1, max_size=64))
def test_garbage_is_refused_or_read_as_protobuf_reads_it(message):
    try:
        expected = pb.Chunk.FromString(message).data
    except Exception:
        with pytest.raises(ValueError, match="No Chunk"):
            chunks.data_of_get(message)
    else:
        assert bytes(chunks.data_of_get(message)) == expected

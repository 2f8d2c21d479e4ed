"""Everything survives the wire; every error arrives as itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot import errors, wire
from backlot.frame import DATA, Frame, Window
from backlot.tools import Curve, Input, Output, Param, ToolSpec
from backlot.v1 import backlot_pb2 as pb


def test_a_frame_arrives_as_it_was():
    frame = Frame(
        np.ones((5, 7, 2), np.float32),
        channels=("depth.Z", "Größe"),
        data_window=Window(-20, 10, 7, 5),
        display_window=Window(0, 0, 200, 100),
        pixel_aspect=2.0,
        meaning=DATA,
        number=-3,
        view="left",
    )
    sent = wire.frame_to_wire(frame, pb.LeaseRef(id=1, generation=2)).SerializeToString()
    message = pb.Frame.FromString(sent)
    assert wire.frame_shape(message) == ((5, 7, 2), np.dtype(np.float32))
    assert wire.frame_bytes(message) == frame.pixels.nbytes
    back = wire.frame_from_wire(message, frame.pixels)
    for name in frame.__dataclass_fields__:
        if name != "pixels":
            assert getattr(back, name) == getattr(frame, name), name


@given(
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        st.text(),
        st.builds(
            Curve,
            st.lists(
                st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)),
                min_size=1,
                unique_by=lambda key: key[0],
            ).map(tuple),
        ),
    )
)
def test_values_keep_value_and_kind(value):
    back = wire.value_from_wire(pb.Value.FromString(wire.value_to_wire(value).SerializeToString()))
    assert back == value
    assert type(back) is type(value)


def test_a_spec_arrives_as_it_was():
    spec = ToolSpec(
        name="fill",
        label="Fill",
        summary="s",
        version="3",
        inputs=(Input("source", "image", "Source", "h", True, 2, 3),),
        params=(
            Param("a", "float", 0.5, "A", 0.0, None, 0.1, "px", (), "g", "h", True),
            Param("b", "choice", "x", choices=(("x", "X"), ("y", "Y"))),
        ),
        output=Output("scale", "s", "w", "h", "matte", ("grow", "feather")),
        hidden=True,
    )
    assert wire.spec_from_wire(wire.spec_to_wire(spec)) == spec


@pytest.mark.parametrize("kind", errors.BY_CODE.values(), ids=lambda kind: kind.code)
def test_every_error_arrives_as_itself(kind):
    back = wire.error_from_wire(wire.error_to_wire(kind("What happened.", "What to do.")))
    assert type(back) is kind
    assert (back.sentence, back.hint) == ("What happened.", "What to do.")


def test_foreign_errors_do_not_leak_their_text():
    message = wire.error_to_wire(FileNotFoundError("/home/someone/secret"))
    assert "secret" not in message.sentence + message.hint
    assert message.code == "internal"


def test_codes_and_statuses_are_sound():
    leaves = list(errors.BY_CODE.values())
    assert len({leaf.code for leaf in leaves}) == len(leaves)
    assert all(1 <= leaf.status <= 16 for leaf in leaves)
    assert all(0 < leaf.exit_code < 256 for leaf in leaves)


@pytest.mark.parametrize(
    "message",
    [
        pb.Frame(),
        pb.Frame(data_window=pb.Window(width=1, height=1), type=pb.HALF),
        pb.Frame(data_window=pb.Window(width=1), channels=["A"], type=pb.HALF),
    ],
    ids=["nothing", "no channels", "no height"],
)
def test_a_message_that_is_no_image_is_refused(message):
    with pytest.raises(errors.InvalidInput):
        wire.frame_bytes(message)

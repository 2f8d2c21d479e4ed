"""One frame and one sequence through a real server, by the client's own API."""

import numpy as np
import pytest

import backlot
from backlot.errors import InvalidInput, MissingFrame
from backlot.events import Done, FrameFailed, Result
from backlot.frame import Frame, Window


def plate(number=1, height=5, width=7, dtype=np.float16):
    values = np.random.default_rng(abs(number)).normal(0, 100, (height, width, 4)).astype(dtype)
    values[0, 0] = np.nan, np.inf, -np.inf, -0.0
    return Frame(
        values,
        data_window=Window(-3, 2, width, height),
        display_window=Window(0, 0, 20, 10),
        pixel_aspect=2.0,
        number=number,
        view="left",
    )


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.fixture(params=["shared", "stream"])
def studio(request, endpoint):
    with backlot.connect(endpoint=endpoint, transport=request.param, client="test") as studio:
        yield studio


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 7), (600, 1001)])
def test_frame_comes_back_bit_for_bit_with_its_windows(studio, dtype, height, width):
    source = plate(12, height, width, dtype)
    back = studio.run("passthrough", source=source)
    assert same_bits(back.pixels, source.pixels)
    assert (back.data_window, back.display_window) == (source.data_window, source.display_window)
    assert (back.pixel_aspect, back.number, back.view) == (2.0, 12, "left")
    assert back.channels == source.channels


def test_sequence_in_the_order_asked_for(studio):
    numbers = [5, 3, 4, -2, 0, 11, 12]
    with studio.submit("passthrough", numbers, lambda _, n: plate(n), ["source"], {}) as running:
        events = list(running)
    results = [event.frame for event in events if isinstance(event, Result)]
    assert [frame.number for frame in results] == numbers
    for frame in results:
        assert same_bits(frame.pixels, plate(frame.number).pixels)
    assert events[-1] == Done(finished=7, failed=0)


def test_missing_frame_fails_alone(studio):
    def read(_, number):
        if number == 2:
            raise MissingFrame("Frame 2 is not there.", "Render it.")
        return plate(number)

    with studio.submit("passthrough", [1, 2, 3], read, ["source"], {}) as running:
        events = list(running)
    assert [event.frame.number for event in events if isinstance(event, Result)] == [1, 3]
    (failed,) = (event for event in events if isinstance(event, FrameFailed))
    assert failed.number == 2
    assert (failed.error.sentence, failed.error.hint) == ("Frame 2 is not there.", "Render it.")
    assert isinstance(failed.error, MissingFrame)
    assert events[-1] == Done(finished=2, failed=1)


def test_wrong_parameter_is_named(studio):
    with pytest.raises(InvalidInput, match="seconds"):
        studio.run("passthrough", source=plate(), seconds=-1.0)


def test_an_array_is_no_frame_and_a_seed_is_told_in_full(studio):
    with pytest.raises(InvalidInput, match="The source is a ndarray, no Frame") as told:
        studio.run("passthrough", source=plate().pixels)
    assert "Frame(pixels)" in told.value.hint
    with pytest.raises(InvalidInput) as told:
        studio.run("fill", source=plate(), matte=plate(), clean=None, seed=-1)
    assert told.value.hint == "Give a value from 0 to 2147483647."

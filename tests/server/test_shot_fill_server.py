"""Fill over a shot through a real server: what it asks for, parts of a farm, cancel and go on."""

from __future__ import annotations

import re

import numpy as np
import pytest

import backlot
from backlot.errors import Cancelled, MissingFrame
from backlot.events import Done, FrameFailed, Result

from .shots import FIRST, Shot


class Reader:
    """Gives a shot's frames, and remembers which were asked for."""

    def __init__(self, shot: Shot) -> None:
        self.inputs = shot.inputs()
        self.asked: list[tuple[str, int]] = []

    def __call__(self, name, number):
        self.asked.append((name, number))
        if number not in self.inputs[name]:
            raise MissingFrame(f"There is no frame {number}.")
        return self.inputs[name][number]


@pytest.fixture(scope="module")
def shot():
    return Shot(count=14)


@pytest.fixture
def studio(endpoint):
    with backlot.connect(endpoint=endpoint, client="test") as studio:
        yield studio


def made(studio, reader, numbers):
    """Finished frames by number, and all events."""
    with studio.submit("fill", numbers, reader, ["source", "matte"], {}) as running:
        events = list(running)
    return {
        e.frame.number: np.array(e.frame.pixels) for e in events if isinstance(e, Result)
    }, events


@pytest.fixture(scope="module")
def whole(shot, shared_server):
    with backlot.connect(endpoint=shared_server.endpoint, client="test") as studio:
        return made(studio, Reader(shot), shot.numbers)


def test_a_shot_comes_back_filled_and_each_frame_is_read_once(shot, whole, studio):
    frames, events = whole
    assert events[-1] == Done(finished=14, failed=0)
    reader = Reader(shot)
    made(studio, reader, shot.numbers)
    plates = [number for name, number in reader.asked if name == "source" and number in frames]
    assert len(plates) <= 2 * len(shot.numbers)
    for number, pixels in frames.items():
        outside = shot.mattes[number] == 0
        assert pixels[outside].tobytes() == shot.plates[number][outside].tobytes()
        assert shot.error(number, pixels) > 30


def test_parts_of_a_farm_agree_to_the_bit(shot, whole, studio):
    for part in (shot.numbers[:5], shot.numbers[5:9], shot.numbers[9:]):
        frames, _ = made(studio, Reader(shot), part)
        for number in part:
            assert frames[number].tobytes() == whole[0][number].tobytes()


def until_four(running, done):
    """Take results and cancel after the fourth."""
    for event in running:
        if isinstance(event, Result):
            done[event.frame.number] = np.array(event.frame.pixels)
            if len(done) == 4:
                running.cancel()


def test_cancelled_in_the_middle_and_gone_on(shot, whole, studio):
    done = {}
    running = studio.submit("fill", shot.numbers, Reader(shot), ["source", "matte"], {})
    with running, pytest.raises(Cancelled):
        until_four(running, done)
    assert 4 <= len(done) < 14
    left = [number for number in shot.numbers if number not in done]
    frames, _ = made(studio, Reader(shot), left)
    for number, pixels in (done | frames).items():
        assert pixels.tobytes() == whole[0][number].tobytes()


def test_a_frame_without_a_matte_fails_alone(shot, studio):
    reader = Reader(shot)
    del reader.inputs["matte"][FIRST + 4]
    frames, events = made(studio, reader, shot.numbers[3:6])
    assert [event.number for event in events if isinstance(event, FrameFailed)] == [FIRST + 4]
    assert sorted(frames) == [FIRST + 3, FIRST + 5]


def test_what_helps_most_is_told_and_each_frame_is_measured(studio):
    hidden = Shot(count=5, matte=lambda _: Shot(count=1).mattes[FIRST])
    reader = Reader(hidden)
    _, events = made(studio, reader, hidden.numbers)
    (said,) = [e.sentence for e in events if "would help most" in getattr(e, "sentence", "")]
    assert re.search(r"most: \d+% of its hole is seen on no frame\.$", said), "and no 0% of this"
    results = [event for event in events if isinstance(event, Result)]
    assert all(0 <= event.measured["confidence"] <= 1 for event in results)

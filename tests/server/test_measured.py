"""What a tool finds out about a frame reaches callers, takes and the next run."""

import json

import pytest

from backlot import Frame
from backlot.client import connect
from backlot.events import Result
from backlot.shot import process
from tests.plates import plate, write_shot


@pytest.fixture
def studio(odd_server):
    with connect(endpoint=odd_server.endpoint, client="test") as opened:
        yield opened


def results(studio, mode):
    def read(name: str, number: int) -> Frame:
        return plate(number)

    with studio.submit("odd", [1, 2], read, ["source"], {"mode": mode}) as job:
        return [event for event in job if isinstance(event, Result)]


def test_with_each_result(studio):
    assert [r.measured for r in results(studio, "measure")] == [
        {"frame": 1, "mean": 0.5},
        {"frame": 2, "mean": 0.5},
    ]
    assert [r.measured for r in results(studio, "copy")] == [{}, {}]


def test_in_the_take_and_again_when_nothing_is_made(studio, tmp_path):
    source, _ = write_shot(tmp_path, [1, 2])
    out = str(tmp_path / "out" / "odd.####.exr")
    for state in ("done", "kept"):
        take = process(studio, "odd", source, out, mode="measure")
        assert [f.state for f in take.frames] == [state] * 2
        assert [f.measured for f in take.frames] == [
            {"frame": 1, "mean": 0.5},
            {"frame": 2, "mean": 0.5},
        ]
    manifest = json.loads((tmp_path / "out" / "odd.####.exr.backlot.json").read_text())
    assert manifest["frames"]["2"]["measured"] == {"frame": 2, "mean": 0.5}

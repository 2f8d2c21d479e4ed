"""The companion through the host's half of it: pixels, faults, several jobs at once."""

import os
import signal
import sys
import time

import numpy as np
import pytest

from backlot import color, connect, local, media
from backlot.errors import NotFound, OutOfMemory
from backlot.frame import Frame
from backlot.host import Buffer, Link, LinkError
from backlot.link.memory import Buffers, Memory
from tests.server.shots import Shot, disc, matte_frame

FLOAT = {"type": "float", "rows": "bottom", "colorspace": "lin_rec709", "meaning": "color"}


@pytest.fixture(scope="module")
def studio_home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("link")
    before = {name: os.environ.get(name) for name in ("BACKLOT_RUNTIME", "BACKLOT_HOME")}
    os.environ.update(BACKLOT_RUNTIME=str(folder / "run"), BACKLOT_HOME=str(folder / "home"))
    (folder / "run").mkdir(mode=0o700)
    yield folder
    local.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def link(studio_home):
    made = Link([sys.executable, "-m", "backlot.link"], "test")
    yield made
    made.close()


def lend(link, pixels):
    """A buffer that holds the pixels, bottom row first, and what to say of it."""
    buffer = link.buffer(pixels.nbytes)
    view = np.frombuffer(buffer.memory, pixels.dtype, pixels.size).reshape(pixels.shape)
    view[...] = pixels[::-1]
    height, width, channels = pixels.shape
    kind = "half" if pixels.dtype == np.float16 else "float"
    size = {"width": width, "height": height, "channels": channels}
    return {"buffer": buffer.name, **FLOAT, **size, "type": kind}


def taken(link, event):
    told = event["pixels"]
    buffer = Buffer(told)
    dtype = np.float16 if told["type"] == "half" else np.float32
    shape = (told["height"], told["width"], len(told["channels"]))
    view = np.frombuffer(buffer.memory, dtype, int(np.prod(shape))).reshape(shape)
    pixels = view[::-1].copy() if told["rows"] == "bottom" else view.copy()
    del view
    link.free(buffer)
    return pixels


def until(link, job, state):
    end = time.monotonic() + 60
    while job.state != state and time.monotonic() < end:
        link.drain()
        time.sleep(0.005)
    assert job.state == state, job.error and job.error.details()


def hdr(rng, height, width, dtype=np.float32):
    pixels = (rng.normal(0.2, 1.0, (height, width, 4)) * 10 ** rng.uniform(-3, 4)).astype(dtype)
    pixels[0, 0] = (np.nan, np.inf, -np.inf, 0.0)
    pixels[-1, -1] = (-0.0, 65504.0, -1.0, 1.0)
    return pixels


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("space", ["lin_rec709", "srgb_tx", "ACEScg", "data", ""])
def test_what_a_tool_does_not_change_comes_back_to_the_bit(link, dtype, space):
    pixels = hdr(np.random.default_rng(5), 7, 5, dtype)
    source = {**lend(link, pixels), "colorspace": space}
    job = link.wait(
        link.run("passthrough", [12], inputs={"source": source}, out={"buffer": {}}), 60
    )
    assert job.state == "done", job.error and job.error.details()
    assert taken(link, job.results[12]).tobytes() == pixels.tobytes()


def test_the_result_comes_in_the_colour_space_and_type_that_is_asked_for(link):
    pixels = np.full((2, 3, 4), 0.5, np.float32)
    source = {**lend(link, pixels), "colorspace": "lin_rec709"}
    out = {"buffer": {"colorspace": "ACEScg", "type": "half", "rows": "top"}}
    job = link.wait(link.run("passthrough", [1], inputs={"source": source}, out=out), 60)
    got = taken(link, job.results[1])
    expected = color.to_working(pixels, color.space("lin_rec709"))
    assert got.dtype == np.float16
    np.testing.assert_allclose(got, expected, rtol=1e-3)


@pytest.mark.parametrize("rows", ["bottom", "top"])
@pytest.mark.parametrize("space", ["lin_rec709", "data"])
def test_a_result_may_take_the_place_of_its_source(link, rows, space):
    pixels = hdr(np.random.default_rng(9), 6, 5)
    source = {**lend(link, pixels), "colorspace": space}
    out = {"buffer": {"into": "source", "rows": rows}}
    job = link.wait(link.run("passthrough", [1], inputs={"source": source}, out=out), 60)
    assert job.results[1]["pixels"]["buffer"] == source["buffer"]
    assert taken(link, job.results[1]).tobytes() == pixels.tobytes()


@pytest.mark.parametrize("place", ["source", "matte"])
@pytest.mark.parametrize("rows", ["bottom", "top"])
def test_a_result_over_one_of_its_inputs_still_keeps_to_the_matte(link, place, rows):
    rng = np.random.default_rng(10)
    pixels = rng.random((32, 24, 4), np.float32)
    matte = np.zeros((32, 24, 4), np.float32)
    matte[4:10, 5:12] = 1.0
    inputs = {
        "source": {**lend(link, pixels), "meaning": "data"},
        "matte": {**lend(link, matte), "meaning": "data"},
    }
    out = {"buffer": {"into": place, "rows": rows}}
    params = {"feather": 0.0, "grow": 0}
    job = link.wait(link.run("fill", [1], params=params, inputs=inputs, out=out), 60)
    assert job.results[1]["pixels"]["buffer"] == inputs[place]["buffer"]
    changed = (taken(link, job.results[1]) != pixels).any(axis=2)
    assert changed[4:10, 5:12].any()
    changed[4:10, 5:12] = False
    assert not changed.any()


def test_a_larger_result_gets_memory_of_its_own(link):
    source = lend(link, np.full((4, 4, 4), 0.5, np.float32))
    job = link.run(
        "upscale",
        [1],
        params={"network": "sinc"},
        inputs={"source": source},
        out={"buffer": {"into": "source"}},
    )
    told = link.wait(job, 60).results[1]["pixels"]
    assert told["buffer"] != source["buffer"]
    assert taken(link, {"pixels": told}).shape == (8, 8, 4)


def test_rows_are_the_right_way_up_and_files_hold_the_hosts_own_values(link, tmp_path):
    pixels = hdr(np.random.default_rng(6), 4, 6)
    out = {"files": str(tmp_path / "take.####.exr"), "colorspace": "lin_rec709"}
    source = lend(link, pixels)
    job = link.wait(link.run("passthrough", [7], inputs={"source": source}, out=out), 60)
    path = job.results[7]["file"]
    assert path == str(tmp_path / "take.0007.exr")
    assert media.read(path, colorspace="data").pixels.tobytes() == pixels.tobytes()
    assert "pixels" not in job.results[7]


def test_a_result_that_cannot_be_written_is_an_error_and_costs_no_memory(link, tmp_path):
    (tmp_path / "file").touch()
    source = lend(link, np.ones((8, 8, 4), np.float32))
    out = {"files": str(tmp_path / "file" / "take.exr"), "buffer": {}}
    job = link.wait(link.run("passthrough", [1], inputs={"source": source}, out=out), 60)
    assert (job.state, job.error.code) == ("failed", "cannot-write")
    assert job.error.hint
    again = link.wait(
        link.run("passthrough", [1], inputs={"source": source}, out={"buffer": {}}), 60
    )
    assert (taken(link, again.results[1]) == 1.0).all()


def plates(folder, numbers):
    rng = np.random.default_rng(8)
    for number in numbers:
        media.write(folder / f"plate.{number:04d}.exr", Frame(hdr(rng, 5, 6, np.float16)))
    return {"source": {"files": str(folder / "plate.####.exr")}}


def test_a_finished_take_is_kept_and_told(link, tmp_path):
    inputs = plates(tmp_path, (1, 2, 3))
    out = {"files": str(tmp_path / "v001/clean.####.exr")}
    first = link.wait(link.run("passthrough", [1, 2], inputs=inputs, out=out), 60)
    again = link.wait(link.run("passthrough", [1, 2, 3], inputs=inputs, out=out), 60)
    assert (first.state, again.state) == ("done", "done")
    assert (again.finished, again.frame_errors) == (3, {}), link.log()
    assert [again.results[n]["kept"] for n in (1, 2, 3)] == [True, True, False]


def test_a_report_comes_with_the_take_and_its_failure_costs_nothing(link, tmp_path):
    """The doubtful frame is in the job's own words, too."""
    shot = Shot(4, 0.0, matte=lambda at: disc(48, 70 + at, 16))
    for n in shot.numbers:
        media.write(tmp_path / f"p.{n}.exr", Frame(shot.plates[n]))
        media.write(tmp_path / f"m.{n}.exr", matte_frame(shot.mattes[n], n))
    inputs = {"source": {"files": f"{tmp_path}/p.####.exr"}}
    inputs["matte"] = {"files": f"{tmp_path}/m.####.exr"}
    for name in ("report.png", "p.1001.exr/report.png"):
        out = {"files": f"{tmp_path}/v001/c.####.exr", "report": f"{tmp_path}/{name}"}
        job = link.wait(link.run("fill", list(shot.numbers), inputs=inputs, out=out), 60)
        assert (job.state, job.finished) == ("done", 4), job.error
        assert job.doubt().startswith("Lowest confidence")
        written = os.path.isfile(f"{tmp_path}/{name}")
        assert job.outcome.get("report") == (out["report"] if written else None)
        assert written == (name == "report.png")
    assert "cannot be written" in job.warnings[-1]


def test_several_jobs_at_once_and_one_cancelled(link):
    pixels = np.ones((4, 4, 4), np.float32)
    source = lend(link, pixels)
    jobs = [
        link.run(
            "passthrough",
            [number],
            params={"seconds": seconds},
            inputs={"source": source},
            out={"buffer": {}},
        )
        for number, seconds in ((1, 0.1), (2, 60.0), (3, 0.1))
    ]
    until(link, jobs[1], "running")
    link.cancel(jobs[1])
    for job in jobs:
        link.wait(job, 60)
    assert [job.state for job in jobs] == ["done", "cancelled", "done"]
    assert (taken(link, jobs[2].results[3]) == 1.0).all()


def slow(link, inputs, out, seconds=1.0, frames=(1,)):
    return link.run("passthrough", frames, params={"seconds": seconds}, inputs=inputs, out=out)


@pytest.mark.parametrize("kind", ["buffer", "files"])
def test_a_server_that_dies_is_started_again_once(link, tmp_path, kind):
    if kind == "buffer":
        inputs, out = {"source": lend(link, np.ones((3, 3, 4), np.float32))}, {"buffer": {}}
    else:
        inputs, out = plates(tmp_path, (1,)), {"files": str(tmp_path / "v001/a.####.exr")}
    job = slow(link, inputs, out)
    until(link, job, "running")
    first = local.find()
    os.kill(first.pid, signal.SIGKILL)
    link.wait(job, 120)
    assert job.state == "done", job.error.details()
    assert job.warnings
    assert local.find().pid != first.pid


def test_a_server_at_its_very_end_is_not_taken_for_a_running_one(studio_home):
    for _ in range(4):
        with connect():
            os.kill(local.find().pid, signal.SIGKILL)
        with connect() as studio:
            assert studio.hello.ready


def test_a_server_that_dies_twice_is_an_error_and_the_link_lives(link):
    job = slow(link, {"source": lend(link, np.ones((3, 3, 4), np.float32))}, {"buffer": {}}, 30.0)
    until(link, job, "running")
    killed = {local.find().pid}
    os.kill(min(killed), signal.SIGKILL)
    while not job.ended:
        link.drain()
        time.sleep(0.005)
        found = local.find()
        if found is not None and found.pid not in killed and job.device and len(job.warnings) == 1:
            killed.add(found.pid)
            os.kill(found.pid, signal.SIGKILL)
    assert (job.state, job.error.code) == ("failed", "server-unavailable")
    assert job.error.hint
    after = slow(link, {"source": lend(link, np.ones((3, 3, 4), np.float32))}, {"buffer": {}}, 0.0)
    assert link.wait(after, 120).state == "done"


def test_the_end_of_stdin_ends_jobs_and_process(studio_home):
    link = Link([sys.executable, "-m", "backlot.link"], "test")
    source = {"source": lend(link, np.ones((3, 3, 4), np.float32))}
    job = slow(link, source, {"buffer": {}}, 60.0)
    until(link, job, "running")
    link.close()
    assert link._process.returncode == 0
    watcher = Link([sys.executable, "-m", "backlot.link"], "test")
    end = time.monotonic() + 30
    while watcher.call("status")["jobs"] and time.monotonic() < end:
        time.sleep(0.05)
    assert watcher.call("status")["jobs"] == []
    watcher.close()


def test_a_newer_preview_ends_the_older(link):
    inputs = {"source": lend(link, np.ones((3, 3, 4), np.float32))}
    both = [
        link.run(
            "passthrough",
            [1],
            params={"seconds": seconds},
            inputs=inputs,
            out={"buffer": {}},
            supersede="preview",
        )
        for seconds in (60.0, 0.0)
    ]
    assert [link.wait(job, 60).state for job in both] == ["cancelled", "done"]
    assert both[0].error.code == "superseded"


def test_without_a_server_what_is_known_is_told_and_nothing_is_started(link):
    fresh = link.call("tools", {})
    local.stop()
    kept = link.call("tools", {"start": False})
    assert (fresh["cached"], kept["cached"]) == (False, True)
    assert kept["tools"] == fresh["tools"]
    assert link.call("status") == {"server": {"state": "stopped"}}
    assert link.hello()["server"] == {"state": "stopped"}
    assert local.find() is None
    assert link.call("models")["models"] is not None  # and where one is needed, it starts


def test_nothing_but_the_protocol_is_on_stdout(studio_home):
    """What a library prints, in Python or in C, goes to the log."""
    code = (
        "import os, backlot.link.companion as c\n"
        "def loud(self, params):\n"
        "    print('from Python')\n"
        "    os.write(1, b'from C\\n')\n"
        "    return {}\n"
        "c.Companion._free = loud\n"
        "c.serve_pipes()"
    )
    link = Link([sys.executable, "-c", code], "test")
    assert link.call("free", {"buffer": "b1"}) == {}
    link.close()
    assert "from Python" in link.log()
    assert "from C" in link.log()


def refused(link, **request):
    job = link.wait(link.run("passthrough", request.pop("frames", [1]), **request), 60)
    assert job.state == "failed"
    assert job.error.hint
    return job.error.code


def test_requests_that_cannot_be_meant_say_what_is_wrong(link, tmp_path):
    good = lend(link, np.ones((3, 3, 4), np.float32))
    out = {"buffer": {}}
    assert refused(link, inputs={"source": {**good, "buffer": "b999"}}, out=out) == "not-found"
    for wrong in (
        {"width": 300},
        {"width": 0},
        {"type": "byte"},
        {"rows": "sideways"},
        {"channels": 0},
        {"colorspace": "no such space"},
        {"meaning": "love"},
    ):
        assert refused(link, inputs={"source": {**good, **wrong}}, out=out) == "invalid-input"
    for request in (
        {"inputs": {"source": good}, "out": {}},
        {"inputs": {"source": {}}, "out": out},
        {"inputs": {"source": good}, "out": out, "frames": [1, 2]},
        {"inputs": {"source": good}, "out": out, "params": {"seconds": []}},
        {"inputs": {"source": good}, "out": out, "params": {"seconds": -1.0}},
        {"inputs": {"matte": good}, "out": out},
        {"inputs": {}, "out": out},
    ):
        assert refused(link, **request) == "invalid-input", request
    with pytest.raises(LinkError, match="bytes"):
        link.call("buffer", {"bytes": 0})
    with pytest.raises(LinkError, match="not possible"):
        link.call("buffer", {"bytes": 1 << 40})


def test_a_line_of_garbage_costs_nothing(link):
    link._process.stdin.write(b"\xff\xfe{\n[]\n\n")
    link._process.stdin.flush()
    assert link.hello()["link"] == 1


# ---- memory -----------------------------------------------------------------------------------


@pytest.fixture(params=["memfd", "file"])
def route(request, monkeypatch):
    if request.param == "file":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    return request.param


def test_both_ways_to_share_memory(route):
    memory = Memory(100)
    assert os.path.exists(memory.path)
    host = Buffer({"buffer": "b1", "bytes": 100, "path": memory.path})
    host.memory[:3] = b"abc"
    assert memory.map[:3] == b"abc"
    if route == "file":
        assert os.stat(memory.path).st_mode & 0o777 == 0o600
    memory.discard()
    assert not os.path.exists(memory.path)
    host.close()


def test_memory_is_used_again_only_after_its_last_use():
    buffers = Buffers()
    name, memory = buffers.new(5000)
    assert buffers.hold(name) is memory
    buffers.free(name)
    with pytest.raises(NotFound):
        buffers.hold(name)
    assert buffers.new(5000)[1] is not memory
    buffers.release(memory)
    assert buffers.new(5000)[1] is memory
    buffers.close()


def test_no_room_is_an_error_not_a_crash(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OutOfMemory) as caught:
        Memory(1 << 20)
    assert caught.value.hint

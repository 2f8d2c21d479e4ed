"""`backlot models pull` as a person types it, against a mirror on this machine."""

from __future__ import annotations

import signal
import time

import pytest

from backlot.errors import InvalidInput, ServerUnavailable, UnreadableFile
from tests.cli.conftest import CommandLine
from tests.server.test_pull import CONTENT, Mirror, offer


@pytest.fixture
def mirror():
    mirror = Mirror()
    yield mirror
    mirror.close()


@pytest.fixture
def line(cli: CommandLine) -> CommandLine:
    (cli.folder / "home").mkdir(exist_ok=True)
    return cli


def here(line: CommandLine) -> list[str]:
    return sorted(path.name for path in (line.folder / "home" / "models").glob("*"))


def test_a_licence_is_said_before_anything_is_fetched(line, mirror) -> None:
    offer(line.folder / "home", verdict="amber")
    said = line("models", "pull", "texture", "--mirror", mirror.url)
    assert said.code == InvalidInput.exit_code
    assert "read its licence" in said.err
    assert "drawn by us" in said.err
    assert (mirror.requests, here(line)) == ([], [])
    agreed = line("models", "pull", "texture", "--accept", "--mirror", mirror.url, "--json")
    assert agreed.code == 0, agreed.err
    assert (agreed.json["name"], agreed.json["scale"]) == ("texture", 4)
    assert here(line) == ["texture.json", "texture.onnx"]


def test_it_is_said_when_a_server_that_runs_offers_it(line, mirror, tmp_path) -> None:
    offer(line.folder / "home")
    words = ("models", "pull", "texture", "--mirror", mirror.url)
    assert "backlot stop" in line(*words).out
    assert "backlot stop" not in line(*words, BACKLOT_RUNTIME=str(tmp_path / "none")).out


def test_red_is_refused_by_policy(line, mirror) -> None:
    offer(line.folder / "home", verdict="red")
    words = ("models", "pull", "texture", "--accept", "--mirror", mirror.url)
    assert "lets in amber at most" in line(*words).err
    assert "lets in green at most" in line(*words, BACKLOT_ALLOW="green").err
    assert mirror.requests == []
    assert line(*words, "--allow", "red").code == 0


def test_killed_in_the_middle_it_goes_on_where_it_was(line, mirror) -> None:
    offer(line.folder / "home")
    mirror.stop_after, mirror.hangs = 9000, True
    words = ("models", "pull", "texture", "--mirror", mirror.url)
    process = line.start(*words)
    part = line.folder / "home" / "models" / "texture.part"
    end = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.02)
    for child in children(process.pid):
        child.kill()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert "texture.onnx" not in here(line)
    begun = part.stat().st_size
    mirror.release()
    assert line(*words).code == 0
    assert mirror.last_range == f"bytes={begun}-"
    model = line.folder / "home" / "models" / "texture.onnx"
    assert model.read_bytes() == CONTENT


def children(pid: int):
    import psutil

    return psutil.Process(pid).children(recursive=True)


def test_another_file_and_no_network_are_said_in_a_sentence(line, mirror) -> None:
    offer(line.folder / "home")
    mirror.content = b"?" * len(CONTENT)
    wrong = line("models", "pull", "texture", "--mirror", mirror.url)
    assert (wrong.code, "hash" in wrong.err) == (UnreadableFile.exit_code, True)
    away = line("models", "pull", "texture", "--mirror", "http://127.0.0.1:9", "--json")
    assert away.code == ServerUnavailable.exit_code
    assert away.json["code"] == ServerUnavailable.code
    assert not {"texture.onnx", "texture.json"} & set(here(line))

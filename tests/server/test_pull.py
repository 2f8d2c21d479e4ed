"""Downloads from a mirror on this machine, which breaks as real ones do."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from backlot.errors import (
    Cancelled,
    CannotWrite,
    InvalidInput,
    NotFound,
    ServerUnavailable,
    UnreadableFile,
    Unsupported,
)
from backlot_server import models
from backlot_server.models import pull as pulling
from backlot_server.models.pull import pull
from tests.server.cards import NETWORKS

CONTENT = (NETWORKS / "texture-x4.onnx").read_bytes()


class Mirror:
    """Serves one file; `stop_after` bytes it breaks off or hangs, `status` it answers instead."""

    def __init__(self):
        self.content, self.tag, self.ranges = CONTENT, '"one"', True
        self.stop_after, self.status = None, None
        self.hangs, self._going = False, threading.Event()
        self.requests = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                mirror.answer(self)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        self.requests.append(dict(request.headers))
        if self.status:
            request.send_error(self.status)
            return
        start = 0
        wanted = request.headers.get("Range", "")
        fresh = request.headers.get("If-Range") == self.tag
        if wanted and self.ranges and fresh:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        body = self.content[start:]
        request.send_response(206 if start else 200)
        if start:
            total = len(self.content)
            request.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        request.send_header("Content-Length", str(len(body)))
        if self.tag:
            request.send_header("ETag", self.tag)
        request.end_headers()
        request.wfile.write(body[: self.stop_after])
        if self.hangs:
            request.wfile.flush()
            self._going.wait(60)
        if self.stop_after is not None:
            request.close_connection = True

    def release(self):
        """Let a download that hangs go, and hang no more."""
        self.stop_after, self.hangs = None, False
        self._going.set()

    def close(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()

    @property
    def last_range(self):
        return self.requests[-1].get("Range", "")


@pytest.fixture
def mirror():
    mirror = Mirror()
    yield mirror
    mirror.close()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    for name in ("BACKLOT_MIRROR", "BACKLOT_ALLOW"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pulling, "_BLOCK", 1000)
    offer(tmp_path)
    return tmp_path


def offer(home, **changes):
    entry = {
        "name": "texture",
        "purpose": "upscale",
        "file": "texture.onnx",
        "url": "https://example.invalid/texture.onnx",
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "licence": {"code": "MIT", "weights": "MIT", "data": "drawn by us"},
        "verdict": "green",
    }
    (home / "catalogue.json").write_text(json.dumps([{**entry, **changes}]))


def here(home):
    return sorted(path.name for path in (home / "models").glob("*"))


def test_a_network_comes_with_its_card(home, mirror):
    told = []
    card = pull("texture", mirror=mirror.url, progress=lambda done, total: told.append(done))
    assert card.path.read_bytes() == CONTENT
    assert (card.scale, card.margin, card.licence.data) == (4, 2, "drawn by us")
    assert models.find("texture") == card
    assert here(home) == ["texture.json", "texture.onnx"]
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)


@pytest.mark.parametrize(
    ("file", "purpose"),
    [
        ("faces-find", "face detection"),
        ("faces-know", "face recognition"),
        ("redraw", "redraw"),
    ],
)
def test_a_network_for_faces_or_redrawing_is_tried_like_any_other(home, mirror, file, purpose):
    mirror.content = (NETWORKS / f"{file}.onnx").read_bytes()
    digest = hashlib.sha256(mirror.content).hexdigest()
    offer(home, purpose=purpose, bytes=len(mirror.content), sha256=digest, note="Sees dots.")
    card = pull("texture", mirror=mirror.url)
    assert (card.purpose, card.limits, card.licence.data) == (purpose, "Sees dots.", "drawn by us")
    assert models.find("texture") == card


def test_what_is_no_network_for_faces_is_refused(home, mirror):
    """Whatever the catalogue calls it."""
    mirror.content = (NETWORKS / "faces-alike.onnx").read_bytes()
    digest = hashlib.sha256(mirror.content).hexdigest()
    more = {"bytes": len(mirror.content), "sha256": digest, "purpose": "face recognition"}
    offer(home, **more)
    with pytest.raises(Unsupported, match="gives the same for any picture"):
        pull("texture", mirror=mirror.url)
    assert "texture" not in models.catalogue()


def test_one_that_is_here_is_not_fetched_again(mirror):
    pull("texture", mirror=mirror.url)
    pull("texture", mirror=mirror.url)
    assert len(mirror.requests) == 1


@pytest.mark.parametrize("stop", [0, 1, 5000, len(CONTENT) - 1])
def test_an_interrupted_download_goes_on_where_it_stopped(home, mirror, stop):
    mirror.stop_after = stop
    with pytest.raises(ServerUnavailable, match="connection was lost") as caught:
        pull("texture", mirror=mirror.url)
    assert "goes on" in caught.value.hint
    assert "texture" not in models.catalogue()
    mirror.stop_after = None
    assert pull("texture", mirror=mirror.url).path.read_bytes() == CONTENT
    assert mirror.last_range == (f"bytes={stop}-" if stop else "bytes=0-")
    assert here(home) == ["texture.json", "texture.onnx"]


def test_a_stopped_download_keeps_what_it_has(mirror):
    def stop(done, total):
        if done > 4000:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        pull("texture", mirror=mirror.url, progress=stop)
    pull("texture", mirror=mirror.url)
    assert int(mirror.last_range.removeprefix("bytes=").removesuffix("-")) > 3000


@pytest.mark.parametrize("change", ["another tag", "no ranges", "no tag"])
def test_it_begins_anew_where_it_cannot_go_on(mirror, change):
    mirror.stop_after = 5000
    mirror.tag = None if change == "no tag" else mirror.tag
    with pytest.raises(ServerUnavailable):
        pull("texture", mirror=mirror.url)
    mirror.stop_after = None
    mirror.ranges = change != "no ranges"
    mirror.tag = '"two"' if change == "another tag" else mirror.tag
    assert pull("texture", mirror=mirror.url).path.read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"x", CONTENT + b"more", b""])
def test_another_content_never_lands(home, mirror, content):
    mirror.content = content
    with pytest.raises((UnreadableFile, ServerUnavailable)):
        pull("texture", mirror=mirror.url)
    assert "texture.onnx" not in here(home)
    assert "texture.json" not in here(home)
    mirror.content, mirror.tag = CONTENT, '"two"'
    assert pull("texture", mirror=mirror.url).path.read_bytes() == CONTENT


def test_a_partial_file_that_was_tampered_with_is_thrown_away(home, mirror):
    mirror.stop_after = 5000
    with pytest.raises(ServerUnavailable):
        pull("texture", mirror=mirror.url)
    part = home / "models" / "texture.part"
    part.write_bytes(b"?" * part.stat().st_size)
    mirror.stop_after = None
    with pytest.raises(UnreadableFile, match="hash"):
        pull("texture", mirror=mirror.url)
    assert pull("texture", mirror=mirror.url).path.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 500])
def test_what_the_server_answers_is_said(mirror, status):
    mirror.status = status
    with pytest.raises(ServerUnavailable, match=str(status)):
        pull("texture", mirror=mirror.url)


def test_no_network_is_said_and_leaves_nothing(home):
    with pytest.raises(ServerUnavailable, match="stopped"):
        pull("texture", mirror="http://127.0.0.1:9")
    assert here(home) == []


def test_a_full_disk_is_said_before_anything_is_fetched(home, mirror):
    offer(home, bytes=1 << 60)
    with pytest.raises(CannotWrite, match="no room"):
        pull("texture", mirror=mirror.url)
    assert mirror.requests == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "texture.onnx"])
def test_only_web_addresses_are_fetched(home, url):
    offer(home, url=url)
    with pytest.raises(InvalidInput, match="no address"):
        pull("texture")


def test_the_mirror_of_a_studio_is_found_in_the_environment(mirror, monkeypatch):
    monkeypatch.setenv("BACKLOT_MIRROR", mirror.url + "/")
    assert pull("texture").present


def test_amber_is_agreed_to_or_not_fetched(home, mirror):
    offer(home, verdict="amber")
    asked = []
    with pytest.raises(InvalidInput, match="drawn by us"):
        pull("texture", mirror=mirror.url, agree=lambda sentence: bool(asked.append(sentence)))
    assert "MIT" in asked[0]
    assert mirror.requests == []
    assert pull("texture", mirror=mirror.url, agree=lambda sentence: True).verdict == "amber"


def test_red_is_refused_unless_the_studio_lets_it_in(home, mirror, monkeypatch):
    offer(home, verdict="red")
    with pytest.raises(InvalidInput, match="not for commercial work"):
        pull("texture", mirror=mirror.url, agree=lambda sentence: True)
    monkeypatch.setenv("BACKLOT_ALLOW", "green")
    offer(home, verdict="amber")
    with pytest.raises(InvalidInput, match="green at most"):
        pull("texture", mirror=mirror.url, agree=lambda sentence: True)
    offer(home, verdict="red")
    monkeypatch.setenv("BACKLOT_ALLOW", "red")
    assert pull("texture", mirror=mirror.url, agree=lambda sentence: True).verdict == "red"


def test_names_that_are_not_known_are_answered_with_those_that_are():
    with pytest.raises(NotFound) as caught:
        pull("colossus")
    assert "texture" in caught.value.hint


@pytest.mark.parametrize("changes", [{"file": "../x.onnx"}, {"verdict": "blue"}, {"licence": 3}])
def test_a_catalogue_that_cannot_be_right_is_refused(home, changes):
    offer(home, **changes)
    with pytest.raises(UnreadableFile):
        pulling.entries()


def test_every_entry_that_ships_says_its_licence():
    (models.home() / "catalogue.json").unlink()
    shipped = pulling.entries()
    assert shipped
    for entry in shipped.values():
        assert entry.url.startswith("https://")
        assert len(entry.sha256) == 64
        assert "unknown" not in (entry.licence.code, entry.licence.weights, entry.licence.data)
        assert entry.verdict != "red"

"""AIFill over a shot: approved frames, pipes that are stills, and how far a take can be trusted."""

import numpy as np
import pytest

from tests.hosts.nuke.pixels import Image, save
from tests.server.shots import HEIGHT, WIDTH, Shot, disc

from .conftest import read, until

SPAN = (1001, 1010)


def planes(pixels):
    names = ("rgba.red", "rgba.green", "rgba.blue")
    made = {n: np.ascontiguousarray(pixels[:, :, at], np.float32) for at, n in enumerate(names)}
    return made | {"rgba.alpha": np.ones(pixels.shape[:2], np.float32)}


def write(path, made):
    save(path, Image(made, (0, 0, WIDTH, HEIGHT), (WIDTH, HEIGHT)), list(made), False)


@pytest.fixture(scope="module")
def shot():
    """Behind the object is something that no frame shows: the camera stands."""
    return Shot(10, 0.0, matte=lambda at: disc(48, 70 + at, 16))


@pytest.fixture
def filled(nuke, linked, tmp_path, shot):
    """(host, node, connect): a node with plate and matte, and a way to connect more."""
    host = nuke()
    host._root["name"]._value = str(tmp_path / "comp.nk")
    host._frame = 1003
    for n in shot.numbers:
        write(f"{tmp_path}/plate.{n}.exr", planes(shot.plates[n]))
        write(f"{tmp_path}/matte.{n}.exr", {"rgba.alpha": shot.mattes[n]})
        write(f"{tmp_path}/truth.{n}.exr", planes(shot.truth[n]))
    node = host.module.createNode("AIFill")
    node["grain"].setValue(0)

    def connect(pipe, name, span=SPAN):
        from backlot_nuke.node import spec_of

        number = [each["name"] for each in spec_of(node)["inputs"]].index(pipe)
        node.setInput(number, read(host, f"{tmp_path}/{name}.%04d.exr", span))

    connect("source", "plate")
    connect("matte", "matte")
    return host, node, connect


def errors(host, node, shot):
    """PSNR in the hole of each frame."""
    found = {}
    for n in shot.numbers:
        shown = host.show(node, n).planes
        made = np.stack([shown[f"rgba.{c}"] for c in ("red", "green", "blue")], 2)
        found[n] = shot.error(n, made)
    return found


def test_a_frame_that_was_painted_is_the_truth_on_its_own_alone(filled, shot, tmp_path):
    """A Read of one frame holds it on all others: there it is a source, not the truth."""
    host, node, connect = filled
    wrong = planes(np.ones_like(shot.truth[1005]))
    write(f"{tmp_path}/painted.1005.exr", wrong)
    connect("clean", "painted", (1005, 1005))
    host.press(node, "render_range")
    until(host, node)
    hole = shot.mattes[1005] > 0
    assert (host.show(node, 1005).planes["rgba.red"][hole] == 1).all()
    assert node["confidence"].getValueAt(1006) > 0, "made of frames, not copied"
    node["clean_frames"].setValue("1005")
    host.press(node, "render_range")
    assert until(host, node).startswith("v002")


def test_a_clean_pipe_with_every_frame_needs_to_be_told_which(filled, shot):
    """RotoPaint over the plate: its other frames still show the object."""
    host, node, connect = filled
    connect("clean", "truth")
    host.press(node, "render_range")
    assert "which of them are approved" in until(host, node)
    node["clean_frames"].setValue("1004")
    host.press(node, "render_range")
    assert until(host, node).startswith("v001: 10 frames")
    assert min(errors(host, node, shot).values()) > 40, "what was painted is carried"


def test_what_is_not_known_is_a_curve_a_sentence_and_a_picture(filled, monkeypatch):
    host, node, _ = filled
    host.press(node, "render_range")
    assert "confidence" in until(host, node)
    curve = [node["confidence"].getValueAt(n) for n in range(*SPAN)]
    assert all(0 <= value < 1 for value in curve)
    host.press(node, "details")
    said = host.messages[-1]
    assert "seen on no frame" in said
    assert "clean frame" in said, "where one more would help"
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    host.press(node, "report")
    assert opened[0].startswith("file:///")
    assert opened[0].endswith("report.main.png")


def test_a_frame_that_is_filled_alone_renders_no_others(filled):
    host, node, _ = filled
    for mode, count in (("shot", 10), ("still", 1)):
        node["mode"].setValue(mode)
        host.executed.clear()
        host.press(node, "render_frame")
        assert ": 1 frame" in until(host, node)
        assert len({frame for _, frame, *_ in host.executed}) == count


def test_a_pipe_of_one_frame_serves_the_frames_that_are_made_on_the_way(filled, tmp_path):
    """What nobody saw is made on another frame: the texture matte is looked for there, too."""
    host, node, connect = filled
    allowed = np.ones((HEIGHT, WIDTH), np.float32)
    write(f"{tmp_path}/texture.1001.exr", {"rgba.alpha": allowed})
    connect("texture", "texture", (1001, 1001))
    host.press(node, "render_frame")
    assert until(host, node).startswith("v001: 1 frame")

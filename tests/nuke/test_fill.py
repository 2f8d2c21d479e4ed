"""AIFill with the tool that Backlot ships, through the simulator and the real server."""

import os
import sys

import numpy as np
import pytest

from tests.hosts.nuke.pixels import Image, load, save
from tests.server.shots import Deep

from .comps import same
from .conftest import FORMAT, WINDOW, matte, plate, read, until


def test_a_hole_is_filled_and_everything_else_stays(nuke, linked, tmp_path):
    """A ramp with a black hole: the fill brings the ramp back, to a tenth, and touches no more."""
    host = nuke()
    w, h = WINDOW[2:]
    ramp = np.tile(np.linspace(0.2, 1.4, w, dtype=np.float32), (h, 1))
    noise = np.random.default_rng(2).normal(0, 0.01, (h, w)).astype(np.float32)
    image = load(matte(tmp_path / "plates", (1001,)) % 1001)
    clean = {f"rgba.{n}": (ramp * g + noise).astype(np.float16).astype(np.float32)
             for n, g in (("red", 1), ("green", 3), ("blue", 0.5))}  # fmt: skip
    clean["rgba.alpha"] = np.ones((h, w), np.float32)
    hole = image.planes["rgba.alpha"] > 0
    planes = {n: np.where(hole, 0, p) if n != "rgba.alpha" else p for n, p in clean.items()}
    path = f"{tmp_path}/plates/plate.%04d.exr"
    save(path % 1001, image.__class__(planes, WINDOW, FORMAT), list(planes), True)
    host._root["name"]._value = str(tmp_path / "comp.nk")
    host._frame = 1001
    node = host.module.createNode("AIFill")
    source = read(host, path, (1001, 1001))
    node.setInput(0, source)
    node.setInput(1, read(host, f"{tmp_path}/plates/matte.%04d.exr", (1001, 1001)))
    host.press(node, "render_frame")
    assert until(host, node) == "v001: 1 frame"
    before, after = host.show(source, 1001), host.show(node, 1001)
    core = image.planes["rgba.alpha"] == 1
    for name in ("rgba.red", "rgba.green", "rgba.blue"):
        assert same(before.planes[name][~hole], after.planes[name][~hole])
        error = np.abs(after.planes[name] - clean[name])[core] / clean[name][core]
        assert np.median(error) < 0.1
    assert node["model"].value()


def test_what_the_tool_changes_beyond_the_matte_is_not_cut(nuke, linked, tmp_path):
    """With grow and feather the node shows the server's own result, to the bit, everywhere."""
    host = nuke()
    host._root["name"]._value = str(tmp_path / "comp.nk")
    host._frame = 1001
    node = host.module.createNode("AIFill")
    source = read(host, plate(tmp_path / "plates", (1001,)), (1001, 1001))
    node.setInput(0, source)
    node.setInput(1, read(host, matte(tmp_path / "plates", (1001,)), (1001, 1001)))
    node["grow"].setValue(3)
    node["feather"].setValue(2)
    host.press(node, "render_frame")
    assert until(host, node) == "v001: 1 frame"
    (file,) = (tmp_path / "backlot").rglob("*.exr")
    made, shown, before = load(str(file)), host.show(node, 1001), host.show(source, 1001)
    assert made.window == shown.window == before.window
    changed = made.planes["rgba.green"] != before.planes["rgba.green"]
    covered = load(f"{tmp_path}/plates/matte.1001.exr").planes["rgba.alpha"] > 0
    assert (changed & ~covered).any()
    for name in ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"):
        assert same(made.planes[name], shown.planes[name])


def cg(folder, shot):
    """A render as a host gets it: beauty, depth and both ways of motion in one file a frame."""
    vectors, depths = shot.vectors(), shot.depths()
    h, w = shot.plates[shot.numbers[0]].shape[:2]
    os.makedirs(folder, exist_ok=True)
    for n in shot.numbers:
        planes = {
            f"rgba.{c}": shot.plates[n][:, :, at] for at, c in enumerate(("red", "green", "blue"))
        }
        planes["rgba.alpha"] = np.ones((h, w), np.float32)
        planes["depth.Z"] = depths[n].pixels[:, :, 0]
        x, y, z, v = np.moveaxis(vectors[n].pixels, 2, 0)
        planes |= {"backward.u": x, "backward.v": y, "forward.u": -z, "forward.v": -v}
        window = (0, 0, w, h)
        planes = {name: np.ascontiguousarray(p, np.float32) for name, p in planes.items()}
        save(f"{folder}/cg.{n}.exr", Image(planes, window, (w, h)), list(planes), False)
        cover = {"rgba.alpha": np.ascontiguousarray(shot.mattes[n], np.float32)}
        save(f"{folder}/matte.{n}.exr", Image(cover, window, (w, h)), ["rgba.alpha"], False)
    return f"{folder}/cg.%04d.exr", f"{folder}/matte.%04d.exr"


@pytest.mark.parametrize("pipe", ["depth", "vectors"])
def test_a_renders_passes_go_along_and_are_used(nuke, linked, tmp_path, pipe):
    """The pipe is the whole render: the tool finds the pass in it and fills better than without."""
    host, shot = nuke(), Deep()
    first, last = shot.numbers[0], shot.numbers[-1]
    render, cover = cg(tmp_path / "plates", shot)
    host._root["name"]._value = str(tmp_path / "comp.nk")
    host._frame = shot.numbers[6]
    node = host.module.createNode("AIFill")
    node.setInput(0, read(host, render, (first, last)))
    node.setInput(1, read(host, cover, (first, last)))
    errors = []
    for connected in (False, True):
        if connected:
            spec = sys.modules["backlot_nuke.node"].spec_of(node)
            number = [each["name"] for each in spec["inputs"]].index(pipe)
            node.setInput(number, read(host, render, (first, last)))
        host.press(node, "render_frame")
        assert until(host, node).endswith("1 frame")
        shown = host.show(node, host._frame)
        made = np.stack([shown.planes[f"rgba.{c}"] for c in ("red", "green", "blue")], 2)
        errors.append(shot.error(host._frame, made))
    assert errors[1] > max(36.0, errors[0])

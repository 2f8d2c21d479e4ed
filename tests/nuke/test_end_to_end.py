"""Simulated Nuke, plugin, companion, real server, EXR, and back into the node: pixels compared."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.hosts.nuke.pixels import NodeError, load

from .comps import Comp, same
from .conftest import FORMAT, WINDOW, plate, until


def test_nothing_outside_the_matte_moves_and_the_inside_does(comp):
    made = comp()
    status = made.render()
    assert status == "v001: 3 frames"
    for number, frame in enumerate((1001, 1002, 1003)):
        source, result = made.pixels(frame, made.plate), made.pixels(frame)
        assert result.window == source.window == WINDOW
        assert result.format == source.format == FORMAT
        inside = np.zeros((WINDOW[3], WINDOW[2]), bool)
        inside[12:20, 15 + number : 30 + number] = True
        # Dilate adds one pixel of rounding to what the tool may reach; the server kept those too.
        for name in ("rgba.red", "rgba.green", "rgba.blue"):
            assert same(source.planes[name][~inside], result.planes[name][~inside])
            core = np.zeros_like(inside)
            core[13:19, 16 + number : 29 + number] = True
            gained = result.planes[name][core] - source.planes[name][core]
            assert np.allclose(gained, 1.0, atol=0.02 * np.abs(source.planes[name][core]).max())
        assert same(source.planes["spec.red"], result.planes["spec.red"])
        assert result.planes["rgba.red"][0, 0] == 4000.0
        assert (result.planes["rgba.green"][~inside] < 0).any()


def test_animated_knobs_reach_every_frame_and_whole_edges_are_mixed_once(comp):
    made = comp()
    for frame, value in ((1001, 1.0), (1003, 5.0)):
        made.node["amount"].setValueAt(value, frame)
    made.render()
    for number, (frame, amount) in enumerate(((1001, 1.0), (1002, 3.0), (1003, 5.0))):
        source, result = made.pixels(frame, made.plate), made.pixels(frame)
        edge = (slice(12, 13), slice(16 + number, 29 + number))
        gained = (result.planes["rgba.blue"] - source.planes["rgba.blue"])[edge]
        assert np.allclose(gained, amount / 2, atol=0.02), gained
    recipe = json.loads(next(made.take.rglob("take.json")).read_text())
    assert recipe["params"]["amount"] == {"curve": [[1001, 1.0], [1002, 3.0], [1003, 5.0]]}


def test_a_server_that_paints_everywhere_changes_nothing_outside(comp):
    """The Keymix guards, even if what is read were wrong."""
    made = comp()
    made.render()
    files = sorted(made.take.rglob("*.exr"))
    assert len(files) == 3
    from tests.hosts.nuke.pixels import save

    bad = load(str(files[0]))
    wrong = {n: np.full_like(p, 777.0) for n, p in bad.planes.items()}
    save(str(files[0]), bad.__class__(wrong, bad.window, bad.format), list(wrong), True)
    source, result = made.pixels(1001, made.plate), made.pixels(1001)
    inside = np.zeros((WINDOW[3], WINDOW[2]), bool)
    inside[11:21, 14:31] = True
    assert same(source.planes["rgba.red"][~inside], result.planes["rgba.red"][~inside])
    assert (result.planes["rgba.red"][13:19, 16:29] == 777.0).all()


def test_upscale_makes_a_new_format_and_can_fit_it_back(comp):
    made = comp("AIUpscale")
    made.node["network"].setValue("sinc")
    assert made.render("render_frame") == "v001: 1 frame"
    result = made.pixels(1001)
    assert result.format == (96, 64)
    assert result.window == (-8, -6, 120, 80)
    assert result.planes["rgba.red"].max() > 1000
    made.node["fit_source"].setValue(True)
    assert made.pixels(1001).format == FORMAT
    with pytest.raises(NodeError, match="this-frame-was-not-rendered"):
        made.pixels(1002)


def test_missing_frames_follow_their_policy(comp):
    made = comp()
    source = made.pixels(1001, made.plate)
    with pytest.raises(NodeError):
        made.pixels(1001)
    made.node["missing"].setValue("pass through")
    assert same(made.pixels(1001).planes["rgba.red"], source.planes["rgba.red"])
    made.host.module.frame(1002)
    made.render("render_frame")
    assert not same(
        made.pixels(1002).planes["rgba.red"], made.pixels(1002, made.plate).planes["rgba.red"]
    )
    assert same(made.pixels(1001).planes["rgba.red"], source.planes["rgba.red"])
    made.node["missing"].setValue("checkerboard")
    inside = made.pixels(1001).planes["rgba.red"][13:19, 16:29]
    assert set(np.unique(inside)) <= {0.0, 1.0}
    made.node["show"].setValue("source")
    assert same(made.pixels(1001).planes["rgba.red"], source.planes["rgba.red"])


def test_a_single_frame_joins_the_take_that_was_made_alike(comp):
    made = comp()
    assert made.render("render_frame") == "v001: 1 frame"
    made.host.module.frame(1002)
    assert made.render("render_frame") == "v001: 2 frames"
    made.pixels(1001), made.pixels(1002)
    assert made.render("render_frame") == "v002: 1 frame"
    made.host.change(made.node, "take", 1)
    assert made.node["status"].value().startswith("v001: 2 frames")
    made.pixels(1001)
    made.host.change(made.node, "take", 9)
    assert "no take 9" in made.node["status"].value()


def test_a_take_goes_stale_with_knobs_and_source_and_back(comp):
    made = comp()
    made.render("render_frame")
    calls = len(made.host.executed)
    made.host.change(made.node, "amount", 2.0)
    assert "STALE: settings changed" in made.node["status"].value()
    assert made.node["tile_color"].value() != 0
    made.host.change(made.node, "amount", 1.0)
    assert "STALE" not in made.node["status"].value()
    made.plate["file"].setValue(plate(made.folder / "other", name="other"))
    made.host.look(made.node)
    assert "STALE: source changed" in made.node["status"].value()
    assert len(made.host.executed) == calls


def test_proxy_is_off_for_the_export_alone(comp):
    made = comp()
    made.host._root["proxy"].setValue(True)
    made.render("render_frame")
    assert made.host._root.proxy()
    assert made.host.executed
    assert not any(proxy for *_, proxy in made.host.executed)
    made.host._root["proxy"].setValue(False)
    assert made.pixels(1001).window == WINDOW


def test_views_are_one_job_each(comp):
    made = comp()
    made.host.views = ["left", "right"]
    folder = made.folder / "plates"
    for frame in (1001, 1002, 1003):
        for view, gain in (("left", 1), ("right", 2)):
            image = load(str(folder / f"plate.{frame}.exr"))
            from tests.hosts.nuke.pixels import save

            planes = {n: p * gain for n, p in image.planes.items()}
            path = str(folder / f"plate.{view}.{frame}.exr")
            save(path, image.__class__(planes, image.window, image.format), list(planes), True)
    made.plate["file"].setValue(f"{folder}/plate.%V.%04d.exr")
    made.render("render_frame")
    left, right = (made.host.show(made.node, 1001, view) for view in ("left", "right"))
    assert not same(left.planes["rgba.red"], right.planes["rgba.red"])
    assert len(list(made.take.rglob("*.exr"))) == 2


def test_a_copy_has_an_identity_of_its_own_and_keeps_the_result(comp):
    made = comp()
    made.render("render_frame")
    host = made.host
    (copy,) = host.paste(host.copy([made.node]))
    copy.setInput(0, made.plate)
    copy.setInput(1, made.matte)
    assert copy["result_file"].value() == made.node["result_file"].value()
    assert same(host.show(copy, 1001).planes["rgba.red"], made.pixels(1001).planes["rgba.red"])
    host.press(copy, "render_frame")
    until(host, copy)
    assert copy["backlot_id"].value() != made.node["backlot_id"].value()
    assert len(list(made.take.iterdir())) == 2
    assert made.render("render_frame").startswith("v002")


def test_a_script_opens_and_renders_elsewhere_without_backlot(comp, tmp_path, monkeypatch):
    """Moved to another folder, gizmos there, no companion, no server."""
    made = comp()
    made.render()
    before = made.pixels(1002)
    made.host.save(made.folder / "comp.nk")
    import shutil

    shutil.copytree(
        made.folder, tmp_path / "moved" / "shot", ignore=shutil.ignore_patterns("moved")
    )
    moved = tmp_path / "moved" / "shot"
    shutil.rmtree(made.take)
    monkeypatch.setenv("BACKLOT", "/nowhere")
    made.host.open(moved / "comp.nk")
    node = made.host.module.toNode(made.node.name()) if not made.node._gone else None
    node = node or next(n for n in made.host._root.nodes() if n.Class() == "AIPaint")
    after = made.host.show(node, 1002)
    assert same(before.planes["rgba.red"], after.planes["rgba.red"])
    assert node["take"].value() == 1


def test_a_baked_group_needs_no_plugin_and_looks_the_same(comp, tmp_path):
    made = comp()
    made.render()
    before = made.pixels(1002)
    menus = sys.modules["backlot_nuke.menus"]
    group = menus.bake(made.node)
    assert group.Class() == "Group"
    assert same(before.planes["rgba.red"], made.host.show(group, 1002).planes["rgba.red"])
    made.host.save(made.folder / "baked.nk")
    from tests.hosts.nuke.host import Nuke
    from tests.hosts.nuke.pixels import Pixels

    bare = Nuke()
    bare.pixels = Pixels(bare)
    bare.open(made.folder / "baked.nk")
    node = next(n for n in bare._root.nodes() if n.Class() == "Group")
    assert same(before.planes["rgba.red"], bare.show(node, 1002).planes["rgba.red"])


def test_a_farm_makes_frames_in_order_of_dependence(nuke, linked, tmp_path):
    made = Comp(nuke(gui=False), tmp_path)
    first = made.node
    second = made.host.module.createNode("AIPaint")
    second.setInput(0, first)
    second.setInput(1, made.matte)
    made.host.save(tmp_path / "comp.nk")
    from backlot_nuke import headless

    script = str(tmp_path / "comp.nk")
    assert headless.main([script, "--check"]) == 1
    assert headless.main([script, "--range", "1001-1002"]) == 0
    assert headless.main([script, "--check"]) == 0
    assert headless.main([script, "--node", "Nobody"]) == 2
    host = made.host
    host.open(script)
    ours = [n for n in host._root.nodes() if n.Class() == "AIPaint"]
    plate_node = next(n for n in host._root.nodes() if n["file"].value().endswith("plate.%04d.exr"))
    core = (slice(13, 19), slice(16, 29))
    shown = [host.show(n, 1001).planes["rgba.blue"][core] for n in (*ours, plate_node)]
    assert np.allclose(max(s.mean() for s in shown) - shown[-1].mean(), 2.0, atol=0.05)
    os.remove(Path(tmp_path) / "plates/plate.1002.exr")
    assert headless.main([script, "--range", "1002"]) == 1


def test_the_licence_of_the_weights_is_on_the_node(comp):
    made = comp("AIUpscale")
    made.node["network"].setValue("fast")
    made.render("render_frame")
    assert "clean-x2-fast" in made.node["model"].value()
    assert made.node["model"].value().endswith("weights Apache-2.0")
    session = sys.modules["backlot_nuke.session"].session
    made.host.look(made.node)
    assert "STALE" not in made.node["status"].value()
    session.weights["clean-x2-fast"] = "others"
    made.host.look(made.node)
    assert made.node["status"].value().endswith("STALE: model changed")


def test_another_layer_and_another_matte_channel(comp, tmp_path):
    made = comp()
    made.node["layer"].setValue("spec")
    made.node["matte_channel"].setValue("rgba.red")
    for frame in (1001, 1002, 1003):
        from tests.hosts.nuke.pixels import save

        path = str(tmp_path / f"plates/matte.{frame}.exr")
        image = load(path)
        red = np.zeros_like(image.planes["rgba.alpha"])
        red[2:6, 3:9] = 1
        planes = {"rgba.red": red, "rgba.alpha": image.planes["rgba.alpha"]}
        save(path, image.__class__(planes, image.window, image.format), list(planes), True)
    made.render("render_frame")
    source, result = made.pixels(1001, made.plate), made.pixels(1001)
    gained = result.planes["spec.red"] - source.planes["spec.red"]
    inside = np.zeros(gained.shape, bool)
    inside[2:6, 3:9] = True
    assert np.allclose(gained[inside], 1.0, atol=0.01)
    assert same(result.planes["spec.red"][~inside], source.planes["spec.red"][~inside])
    for name in ("rgba.red", "rgba.green", "rgba.alpha"):
        assert same(result.planes[name], source.planes[name])


def test_takes_are_chosen_in_a_dialog(comp):
    made = comp()
    made.render("render_frame")
    made.node["amount"].setValue(2.0)
    made.render("render_frame")
    host = made.host
    host.press(made.node, "takes")
    assert host.shown == [[["v001: 1 frame", "v002: 1 frame"]]]
    assert made.node["take"].value() == 2
    host.choose = "v001: 1 frame"
    host.press(made.node, "takes")
    assert made.node["take"].value() == 1
    assert "v001/" in made.node["result_file"].value()


def test_a_renamed_node_keeps_its_takes(comp):
    made = comp()
    made.render("render_frame")
    made.node.setName("Cleanup")
    assert made.render("render_frame") == "v002: 1 frame"
    assert len(list(made.take.iterdir())) == 1
    made.host.change(made.node, "take", 1)
    made.pixels(1001)


def test_a_start_loads_no_more_than_names(plugin, nuke):
    """Link, session and everything that a render needs come when they are first used."""
    nuke()
    loaded = {n.rpartition(".")[2] for n in sys.modules if n.startswith("backlot_nuke.")}
    assert not loaded & {"session", "render", "results", "node", "plates", "host", "panel", "link"}


def test_a_hundred_nodes_open_without_a_look_at_disk_or_server(comp, monkeypatch):
    made = comp()
    made.render("render_frame")
    host = made.host
    text = host.copy([made.node])
    for _ in range(99):
        host.paste(text)
    host.save(made.folder / "hundred.nk")
    session = sys.modules["backlot_nuke.session"].session
    session.close()
    asked = []
    for name in ("results.stale_reason", "results.takes_of", "node.own_id", "node.specs"):
        module, function = name.split(".")
        target = sys.modules["backlot_nuke." + module]
        monkeypatch.setattr(target, function, lambda *a, n=name: asked.append(n))
    host.open(made.folder / "hundred.nk")
    assert sum(node.Class() == "AIPaint" for node in host._root.nodes()) == 100
    assert (asked, session.link) == ([], None)


def test_a_knob_change_asks_nobody(comp, monkeypatch):
    made = comp()
    made.render("render_frame")
    session = sys.modules["backlot_nuke.session"].session
    asked = []
    monkeypatch.setattr(type(session.link), "_send", lambda *given: asked.append(given))
    for value in (2.0, 3.0, 1.0):
        made.host.change(made.node, "amount", value)
    made.host.look(made.node)
    assert asked == []
    assert "STALE" not in made.node["status"].value()

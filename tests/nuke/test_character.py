"""CharacterLock: a character's regions out of Nuke, and what the tool measured back on the node."""

import json

import numpy as np
import pytest

from tests.hosts.nuke.pixels import Image, save

from .comps import same
from .conftest import FORMAT, WINDOW, plate, read, until

W, H = WINDOW[2:]


def regions(folder):
    """Red, green and blue are a region each, alpha is all of them."""
    planes = {name: np.zeros((H, W), np.float32) for name in ("rgba.red", "rgba.green")}
    planes |= {"rgba.blue": np.zeros((H, W), np.float32)}
    for at, name in enumerate(planes):
        planes[name][4:36, 4 + 18 * at : 20 + 18 * at] = 1.0
    planes["rgba.alpha"] = np.maximum.reduce(list(planes.values()))
    save(f"{folder}/who.1001.exr", Image(planes, WINDOW, FORMAT), list(planes), True)
    return f"{folder}/who.%04d.exr"


@pytest.fixture
def lock(nuke, linked, tmp_path):
    host = nuke()
    host._root["name"]._value = str(tmp_path / "comp.nk")
    host._frame = 1001
    node = host.module.createNode("CharacterLock")
    source = read(host, plate(tmp_path / "plates", (1001,)), (1001, 1001))
    node.setInput(0, source)
    node.setInput(1, read(host, regions(tmp_path / "plates"), (1001, 1001)))
    return host, node, source, tmp_path


def test_every_region_is_sent_and_what_was_measured_is_in_the_take(lock):
    host, node, source, folder = lock
    node["mode"].setValue("describe")
    host.press(node, "render_frame")
    assert until(host, node) == "v001: 1 frame"
    written = [json.loads(p.read_text()) for p in (folder / "backlot").rglob("*.json")]
    measured = next(r["measured"]["1001"] for r in written if "measured" in r)
    assert len(measured["regions"]) == 3
    shown, before = host.show(node, 1001), host.show(source, 1001)
    for name in before.planes:
        assert same(shown.planes[name], before.planes[name])


def test_without_a_character_the_node_says_what_to_do(lock):
    host, node, *_ = lock
    host.press(node, "render_frame")
    assert "no character" in until(host, node)


def test_what_was_measured_is_said_in_words(nuke):
    nuke()
    from backlot_nuke import findings

    changed = {"verdict": "changed", "size": 5.2, "why": ""}
    kept = {"verdict": "unchanged", "size": 0.4, "why": ""}
    dark = {"verdict": "cannot tell", "why": "dark"}
    measured = {
        "1001": {"regions": {"coat": changed, "hair": kept}},
        "1002": {"regions": {"coat": dict(changed, size=6.04), "hair": dark}},
        "1004": {"regions": {"coat": kept, "hair": dark}},
    }
    assert findings.short(measured) == "coat changed"
    assert findings.long(measured) == (
        "coat changed on 1001-1002, at most 6.0 CIEDE2000\nhair cannot be told on 1002, 1004 (dark)"
    )
    assert findings.long({"1001": {"regions": {"coat": kept}}}) == "No region changed: coat."
    assert (findings.short({}), findings.long({"1": {"quality": 3}})) == ("", "")
    told = {"1": ("same", 0.71, ""), "2": ("other", 0.2, ""), "3": ("other", 0.1, "")}
    told["4"] = ("cannot tell", None, "turned-face")
    faces = {
        frame: {
            "regions": {"coat": kept},
            "face": {"verdict": verdict, "similarity": value, "why": why},
        }
        for frame, (verdict, value, why) in told.items()
    }
    assert findings.short(faces) == "another face"
    assert findings.long(faces) == (
        "No region changed: coat.\n"
        "likeness of another face on 2-3, at least 0.10\n"
        "likeness as in the references on 1, at least 0.71\n"
        "likeness cannot be told on 4 (turned-face)"
    )


def test_drift_is_a_curve_with_a_key_for_each_frame_that_can_be_told(nuke):
    host = nuke()
    from backlot_nuke import findings

    node = host.module.createNode("CharacterLock")
    told = {"1001": {"drift": 0.4}, "1003": {"drift": 6.25}, "1002": {"drift": None}, "9": {}}
    node["drift"].fromScript(findings.curve(told))
    assert [node["drift"].getValueAt(frame) for frame in (1001, 1002, 1003, 1010)] == [
        0.4, 0.4, 6.25, 6.25,
    ]  # fmt: skip
    node["drift"].fromScript(findings.curve({}))
    assert node["drift"].getValueAt(1003) == 0


def layered(folder, frames):
    """A layer for each region, as roto is kept in Nuke, and all of them in alpha."""
    for frame in frames:
        planes = {f"{name}.alpha": np.zeros((H, W), np.float32) for name in NAMES}
        for at, plane in enumerate(planes.values()):
            plane[4:36, 4 + 18 * at : 20 + 18 * at] = 1.0
        planes["rgba.alpha"] = np.maximum.reduce(list(planes.values()))
        save(f"{folder}/roto.{frame}.exr", Image(planes, WINDOW, FORMAT), list(planes), True)
    return f"{folder}/roto.%04d.exr"


def dressed(folder, frames, coat=1.0):
    """Three plain colours with a little grain; the coat's red may drift."""
    tones = ((0.4 * coat, 0.1, 0.08), (0.5, 0.35, 0.28), (0.1, 0.15, 0.4))
    for frame in frames:
        random = np.random.default_rng(frame)
        planes = {n: np.full((H, W), 0.18, np.float32) for n in ("rgba.red", "rgba.green")}
        planes |= {"rgba.blue": np.full((H, W), 0.18, np.float32)}
        for at, tone in enumerate(tones):
            for plane, value in zip(planes.values(), tone, strict=True):
                grain = random.normal(1.0, 0.02, (32, 16))
                plane[4:36, 4 + 18 * at : 20 + 18 * at] = (value * grain).astype(np.float32)
        planes["rgba.alpha"] = np.ones((H, W), np.float32)
        save(f"{folder}/shot.{frame}.exr", Image(planes, WINDOW, FORMAT), list(planes), True)
    return f"{folder}/shot.%04d.exr"


NAMES = ("coat", "face", "hair")
SHOT = range(1001, 1007)


def test_a_shot_is_checked_against_a_folder_and_locked(nuke, linked, tmp_path):
    """A red coat that drifted is found, and brought back in its region alone."""
    from backlot import media
    from backlot.character import folder, mattes, references

    host = nuke()
    host._root["name"]._value = str(tmp_path / "comp.nk")
    host._frame = 1001
    roto = layered(tmp_path / "roto", SHOT)
    clean = dressed(tmp_path / "clean", SHOT)
    hero = folder.new(tmp_path / "hero", "Hero", NAMES)
    cover = mattes.of_shot(roto, clean, dict.fromkeys(NAMES, ())).frame(1003)
    frame = media.read(clean % 1003, colorspace="lin_rec709", number=1003)
    references.add(hero, frame, cover, shot="sh010")

    node = host.module.createNode("CharacterLock")
    drifted = dressed(tmp_path / "drifted", SHOT, coat=1.6)
    source = read(host, drifted, (1001, 1006))
    node.setInput(0, source)
    node.setInput(1, read(host, roto, (1001, 1006)))
    node["character"].setValue(str(tmp_path / "hero"))
    host.press(node, "render_range")
    assert until(host, node).startswith("v001: 6 frames, coat changed")
    host.press(node, "details")
    assert "coat changed on 1001-1006" in host.messages[-1]
    assert all(node["drift"].getValueAt(frame) > 3 for frame in SHOT), "a curve to look at"
    shown, before = host.show(node, 1003), host.show(source, 1003)
    assert all(same(shown.planes[n], before.planes[n]) for n in before.planes)

    node["mode"].setValue("lock")
    host.press(node, "render_range")
    until(host, node)
    shown = host.show(node, 1003).planes["rgba.red"]
    wanted = host.show(read(host, clean, (1001, 1006)), 1003).planes["rgba.red"]
    coat = (slice(6, 34), slice(6, 18))
    left, off = (np.median(p[coat] - wanted[coat]) for p in (shown, before.planes["rgba.red"]))
    assert abs(left) < 0.6 * abs(off)  # luminance stays; how near it comes is the tool's own test
    rest = np.ones((H, W), bool)
    rest[4:36, 4:20] = False
    for name in before.planes:
        assert same(host.show(node, 1003).planes[name][rest], before.planes[name][rest])

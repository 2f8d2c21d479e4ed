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

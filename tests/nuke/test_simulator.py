"""The simulator itself: thread rules, refusals, text in and out, and pixels known beforehand."""

import threading

import numpy as np
import pytest

from tests.hosts.nuke.behaviours import LEDGER
from tests.hosts.nuke.host import BUSY, Nuke
from tests.hosts.nuke.pixels import Image, NodeError, Pixels, load, save

from .conftest import FORMAT, WINDOW, plate, read


@pytest.fixture
def bare():
    host = Nuke()
    host.pixels = Pixels(host)
    return host


def in_thread(call):
    """What a call does on another thread: its result or its exception."""
    found = []

    def run():
        try:
            found.append(call())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return found


def test_threads_ask_for_the_main_thread_and_touch_nothing_else(bare):
    nuke = bare.module
    node = nuke.createNode("NoOp")
    for call in (
        lambda: nuke.createNode("Dot"),
        lambda: node["label"].setValue("x"),
        lambda: nuke.delete(node),
        lambda: nuke.execute(node, 1, 1),
        lambda: nuke.ProgressTask("x"),
    ):
        (refused,) = in_thread(call)
        assert "off the main thread" in str(refused)
    with pytest.raises(RuntimeError, match="from the main thread"):
        nuke.executeInMainThread(print)
    in_thread(lambda: nuke.executeInMainThread(node["label"].setValue, ("from a thread",)))
    assert node["label"].value() == ""
    bare.pump()
    assert node["label"].value() == "from a thread"


def test_with_result_swallows_exceptions(bare):
    found = []

    def ask():
        found.append(bare.module.executeInMainThreadWithResult(lambda: 1 / 0))

    thread = threading.Thread(target=ask)
    thread.start()
    while thread.is_alive():
        bare.pump(0.01)
    assert found == [None]
    assert "ZeroDivisionError" in bare.log[0]


@pytest.mark.parametrize("event", ["KnobChanged", "UpdateUI", "BeforeRender", "OnCreate"])
def test_nothing_executes_inside_a_callback(bare, tmp_path, event):
    nuke = bare.module
    said = []

    def callback():
        try:
            nuke.execute("Write1", 1, 1)
        except RuntimeError as error:
            said.append(str(error))

    source = nuke.nodes.Constant()
    write = nuke.nodes.Write(inputs=[source], file=str(tmp_path / "a.exr"), raw=True)
    getattr(nuke, "add" + event)(callback, nodeClass="*")
    {
        "KnobChanged": lambda: source["color"].setValue(0.5),
        "UpdateUI": lambda: bare.look(source),
        "BeforeRender": lambda: nuke.execute(write, 1, 1),
        "OnCreate": lambda: nuke.createNode("Dot"),
    }[event]()
    assert said[0] == BUSY


def test_what_is_not_there_raises(bare):
    node = bare.module.createNode("NoOp")
    with pytest.raises(NameError):
        node["nonsense"]
    with pytest.raises(RuntimeError, match="Unknown command"):
        bare.module.createNode("AINothing")
    bare.module.delete(node)
    with pytest.raises(ValueError, match="not attached"):
        node.name()


def test_a_script_is_read_as_it_was_written(bare, tmp_path):
    nuke = bare.module
    a = nuke.nodes.Constant(color=[0.25, 0.5, -1, 2])
    b = nuke.nodes.CheckerBoard2()
    merge = nuke.nodes.Merge2(inputs=[b, a])
    switch = nuke.nodes.Switch(inputs=[merge, None, a])
    switch["which"].setExpression("frame > 5 ? 2 : 0")
    switch["label"].setValue('a "quoted" [label] {with} $all \\ of\nit')
    before = [bare.show(switch, frame).planes["rgba.green"] for frame in (1, 9)]
    bare.save(tmp_path / "a.nk")
    bare.open(tmp_path / "a.nk")
    again = nuke.toNode(switch._knobs["name"]._value)
    assert again["label"].value() == 'a "quoted" [label] {with} $all \\ of\nit'
    for frame, plane in zip((1, 9), before, strict=True):
        assert np.array_equal(bare.show(again, frame).planes["rgba.green"], plane)
    text = bare.text()
    bare.open(tmp_path / "a.nk")
    assert bare.text() == text


def test_pixels_known_beforehand(bare, tmp_path):
    nuke = bare.module
    a = nuke.nodes.Constant(color=[2, 0, -1, 0.5])
    b = nuke.nodes.Constant(color=[1, 1, 1, 1])

    def at(node):
        return [float(bare.show(node, 1).planes["rgba." + n][3, 4]) for n in
                ("red", "green", "blue", "alpha")]  # fmt: skip

    assert at(nuke.nodes.Merge2(inputs=[b, a])) == [2.5, 0.5, -0.5, 1.0]
    assert at(nuke.nodes.Merge2(inputs=[b, a], operation="plus")) == [3, 1, 0, 1.5]
    assert at(nuke.nodes.Keymix(inputs=[b, a, a])) == [1.5, 0.5, 0.0, 0.75]
    assert at(nuke.nodes.Keymix(inputs=[b, a, b], channels="rgb")) == [2, 0, -1, 1]
    assert at(nuke.nodes.Copy(inputs=[b, a], from0="rgba.blue", to0="rgba.red")) == [-1, 1, 1, 1]
    shuffled = nuke.nodes.Shuffle(inputs=[a], red="blue", alpha="white")
    assert at(shuffled) == [-1, 0, -1, 1]
    crop = nuke.nodes.Crop(inputs=[a], box=[4, 2, 10, 7])
    assert bare.show(crop, 1).window == (4, 48 - 7, 6, 5)
    crop["reformat"].setValue(True)
    assert bare.show(crop, 1).format == (6, 5)
    point = np.zeros((48, 64), np.float32)
    point[20, 30] = 1
    save(str(tmp_path / "p.1.exr"), Image({"rgba.alpha": point}, (0, 0, 64, 48), (64, 48)),
         ["rgba.alpha"], False)  # fmt: skip
    grown = nuke.nodes.Dilate(inputs=[read(bare, str(tmp_path / "p.%d.exr"), (1, 1))], size=2)
    assert bare.show(grown, 1).over((0, 0, 64, 48), "rgba.alpha").sum() == 25


def test_exr_goes_round_with_overscan_hdr_and_layers(bare, tmp_path):
    source = read(bare, plate(tmp_path / "in"))
    write = bare.module.nodes.Write(
        inputs=[source], file=str(tmp_path / "out/a.%04d.exr"), channels="all", raw=True
    )
    bare.module.execute(write, 1001, 1003, 2)
    assert not (tmp_path / "out/a.1002.exr").exists()
    before, after = (
        load(str(tmp_path / "in/plate.1003.exr")),
        load(str(tmp_path / "out/a.1003.exr")),
    )
    assert (after.window, after.format) == (WINDOW, FORMAT)
    assert set(after.planes) == set(before.planes)
    for name in after.planes:
        assert np.array_equal(before.planes[name].astype(np.float16), after.planes[name]), name
    write["channels"].setValue("nonsense")
    with pytest.raises(NodeError):
        bare.module.execute(write, 1001, 1001)


def test_proxy_halves_everything(bare, tmp_path):
    source = read(bare, plate(tmp_path / "in"))
    bare._root["proxy"].setValue(True)
    assert bare.show(source, 1001).format == (FORMAT[0] // 2, FORMAT[1] // 2)


def test_every_behaviour_says_where_it_is_from_and_the_page_lists_it():
    from pathlib import Path

    page = (Path(__file__).resolve().parents[2] / "docs/nuke.md").read_text()
    assert [b.number for b in LEDGER] == list(range(1, len(LEDGER) + 1))
    for behaviour in LEDGER:
        assert behaviour.status in ("documented", "seen", "assumed")
        assert behaviour.source or behaviour.status == "assumed"
        assert f"| {behaviour.number} | {behaviour.says} | {behaviour.status} |" in page

"""Every .gizmo that we write: read by a strict reader of its own, and held to what nodes take."""

import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hosts.nuke import words
from tests.hosts.nuke.classes import CLASSES, USER
from tests.hosts.nuke.host import Nuke

from .conftest import specs

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins/nuke"))
from backlot_nuke import gizmos, nodetext

SPECS = {spec["name"]: spec for spec in specs()}
TEXTS = {name: gizmos.gizmo_text(spec) for name, spec in SPECS.items()}
KINDS = {"1", "2", "3", "4", "6", "7", "20", "22", "26", "41"}


@pytest.mark.parametrize("name", TEXTS)
def test_a_gizmo_is_of_the_grammar(name):
    """Braces, quotes, stack, knob types and classes: all that a reader of text can know."""
    made, names, ended = [], set(), False
    for command in words.commands(TEXTS[name]):
        head = command[0]
        assert not ended, "something after end_group"
        if head == "version":
            assert re.match(r"\d+\.\d+ v\d+$", " ".join(command[1:]))
        elif head == "push":
            assert command[1] == "0" or command[1][1:] in names
        elif head == "set":
            assert command[2] == "[stack 0]" or command[2:] == ["[stack", "0]"]
            names.add(command[1])
        elif head == "end_group":
            ended = True
        else:
            assert head == "Gizmo" or head in CLASSES, head
            assert command[1].kind == "braced"
            assert len(words.split(command[1])) % 2 == 0
            made.append(head)
    assert ended
    assert made[0] == "Gizmo"
    assert made[-1] == "Output"
    kinds = set(re.findall(r"addUserKnob \{(\d+)", TEXTS[name]))
    assert kinds <= KINDS == set(USER)


@pytest.mark.parametrize("name", SPECS)
def test_pipes_and_knobs_are_those_of_the_tool(nuke, name):
    host, spec = nuke(), SPECS[name]
    node = host.module.createNode(gizmos.class_name(name))
    assert node.maxInputs() == len(spec["inputs"])
    inside = {n["number"].value(): n.name() for n in node.nodes() if n.Class() == "Input"}
    assert [inside[i] for i in range(len(inside))] == [pipe["name"] for pipe in spec["inputs"]]
    for param in spec["params"]:
        knob = node[gizmos.knob_name(param["name"])]
        assert knob.value() == param["default"], param["name"]
        assert param["help"] in knob.tooltip()
    assert len({k.name() for k in node.knobs().values()}) == len(node.knobs())


def test_a_tool_with_a_matte_ends_in_a_keymix_with_the_source(nuke):
    host = nuke()
    for name in ("fill", "paint"):
        if name not in SPECS:
            continue
        node = host.module.createNode(gizmos.class_name(name))
        mix = node.node("Mix")
        assert mix.Class() == "Keymix"
        assert mix.input(0).name() == "source"
        assert node.node("Show").input(0) is mix
        assert node.output().input(0).name() == "Show"


def test_a_character_is_chosen_as_a_folder_and_text_is_text(tmp_path):
    """Data inputs, text and characters: the generator takes whatever a tool declares."""
    params = [
        {"name": name, "kind": kind, "default": default, "label": name, "help": "", "group": ""}
        for name, kind, default in (
            ("who", "character", ""), ("note", "text", "a [b] $c"), ("empty", "text", ""),
        )
    ]  # fmt: skip
    pipe = {"required": False, "before": 0, "after": 0, "help": ""}
    spec = {
        "name": "probe", "label": "Probe", "version": "1", "summary": "", "params": params,
        "inputs": [dict(pipe, name=n, kind=k) for n, k in (
            ("source", "image"), ("depth", "data"), ("control", "image"), ("who_in", "reference"))],
        "output": {"size": "same", "matte": "", "grow_params": []},
    }  # fmt: skip
    from plugins.nuke.build import build

    node = Nuke([build(tmp_path / "probe", [spec])]).module.createNode("AIProbe")
    assert node["who"].Class() == "File_Knob"
    assert (node["note"].value(), node["empty"].value()) == ("a [b] $c", "")
    inside = {n["number"].value(): n.name() for n in node.nodes() if n.Class() == "Input"}
    assert inside == {0: "source", 1: "depth", 2: "control", 3: "who_in"}


def test_the_read_inside_is_wired_to_the_top_and_nothing_is_edited_inside():
    for text in TEXTS.values():
        read = re.search(r"Read \{\n(.*?)\n \}", text, re.DOTALL).group(1)
        assert r'file "\[value parent.result_file]"' in read
        assert "first {{parent.result_first}}" in read
        assert "last {{parent.result_last}}" in read
        assert "raw true" in read


def test_names_are_the_artists(nuke):
    assert gizmos.class_name("fill") == "AIFill"
    assert gizmos.class_name("upscale") == "AIUpscale"
    assert gizmos.class_name("character") == "CharacterLock"
    assert gizmos.class_name("character-lock") == "CharacterLock"


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=30))
def test_any_text_is_one_word_that_reads_as_itself(text):
    """A tooltip or a file name may hold whatever TCL would run."""
    line = "knob " + nodetext.quoted(text)
    (command,) = words.commands(line)
    assert list(command) == ["knob", text]
    inside = words.split("22 a T " + nodetext.quoted(text))
    assert inside[3] == text


@pytest.mark.parametrize(
    "bad",
    [
        "Gizmo {\n a {\n}\nend_group",
        'Read {\n file "[exec rm]"\n}',
        "Read {\n file a}b\n}",
        "push $N1\nDot {\n}",
        "Nonsense {\n}",
        "Read {\n nonsense 1\n}",
        "Merge2 {\n inputs 3\n}",
        "end_group",
        "Group {\n}",
        "Read {\n addUserKnob {99 a}\n}",
        "Read {\n on_error maybe\n}",
        "Group {\n addUserKnob {41 a T Nobody.file}\n}\nend_group",
    ],
)
def test_the_reader_refuses_what_nuke_could_not_read(bad):
    host = Nuke()
    with pytest.raises((words.GrammarError, RuntimeError)):
        host.paste(bad + "\n")


def test_the_builder_makes_the_same_bytes_again(plugin, tmp_path):
    from plugins.nuke.build import build

    specs = json.loads((plugin / "backlot_nuke/tools.json").read_text())["tools"]
    again = build(tmp_path / "again", specs)
    for file in plugin.glob("*.gizmo"):
        assert (again / file.name).read_bytes() == file.read_bytes()


def test_hidden_tools_have_no_gizmo(tmp_path):
    from plugins.nuke.build import build

    made = build(tmp_path / "b", [dict(SPECS["passthrough"], hidden=True), SPECS["upscale"]])
    assert [p.name for p in made.glob("*.gizmo")] == ["AIUpscale.gizmo"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    from plugins.nuke.build import build

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("mine")
    with pytest.raises(FileExistsError):
        build(tmp_path / "mine", [])
    assert (tmp_path / "mine/file").read_text() == "mine"


def test_python_of_the_buttons_compiles(nuke):
    host = nuke()
    node = host.module.createNode("AIUpscale")
    for knob in node.knobs().values():
        if knob.Class() == "PyScript_Knob":
            compile(knob.value(), knob.name(), "exec")

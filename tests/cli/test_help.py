"""What the command line says of itself."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from backlot.cli import specs
from backlot.cli.tool import assignments
from backlot.client import connect
from backlot.errors import BY_CODE, InvalidInput
from backlot.tools import Curve, Input, Output, Param, ToolSpec
from tests.cli.conftest import CommandLine

SPEC = ToolSpec(
    "mend",
    "Mend",
    "Mend what is torn.",
    "3",
    (Input("source"), Input("matte", "matte", required=False), Input("key_frame", required=False)),
    (
        Param("grow", "float", 2.0, minimum=0.0, maximum=64.0, unit="px", animatable=True),
        Param("seed", "int", 0),
        Param("soft_edge", "bool", True),
        Param("mode", "choice", "a", choices=(("a", "A"), ("b", "B"))),
        Param("note", "text", ""),
    ),
    Output(matte="matte", grow_params=("grow",)),
)


def test_help_lists_commands_in_80_columns_and_needs_no_server(alone: CommandLine) -> None:
    said = alone("--help")
    assert said.code == 0
    assert {"serve", "start", "stop", "status", "tools", "models", "doctor"} <= set(
        re.findall(r"│ (\w+)", said.out)
    )
    assert max(map(len, said.out.splitlines())) <= 80
    assert not (alone.runtime / "server.json").exists(), "help starts nothing"


def test_a_tools_help_is_built_from_its_spec_and_works_without_a_server(alone) -> None:
    alone("start")
    with_server = alone("upscale", "--help")
    alone("stop")
    without = alone("upscale", "--help")
    assert without.code == 0
    assert without.out == with_server.out
    assert max(map(len, without.out.splitlines())) <= 80
    tools = json.loads((alone.folder / "home" / "tools.json").read_text())["tools"]
    (spec,) = (tool for tool in tools if tool["name"] == "upscale")
    for param in spec["params"]:
        assert f"--{param['name'].replace('_', '-')}" in without.out
    for option in ("--out", "--range", "--layer", "--set", "--force", "--dry-run", "--json"):
        assert option in without.out
    assert "upscale" in alone("--help").out
    assert "passthrough" not in alone("--help").out, "hidden tools are not offered"
    assert not (alone.runtime / "server.json").exists()


def test_a_tool_that_is_new_since_the_server_last_ran_is_found(alone: CommandLine) -> None:
    memory = alone.folder / "home" / "tools.json"
    memory.parent.mkdir()
    memory.write_text(json.dumps({"build": "0.1.0", "tools": [asdict(SPEC)]}))
    assert "Mend what is torn." in alone("mend", "--help").out
    assert "--scale" in alone("upscale", "--help").out
    assert "upscale" in memory.read_text()


def test_an_unknown_word_names_the_nearest(cli: CommandLine) -> None:
    said = cli("upscal", "a.exr")
    assert said.code == 2
    assert "upscale" in said.err


def test_version(alone: CommandLine) -> None:
    assert alone("--version").out == "backlot 0.1.0\n"


def test_specs_are_remembered_whole(monkeypatch, tmp_path: Path, endpoint) -> None:
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    with connect(endpoint=endpoint) as studio:
        found = {"mend": SPEC, **studio.tools()}
    specs.remember(found)
    assert specs.remembered() == found
    assert specs.summaries()["mend"] == "Mend what is torn."
    specs.cache_file().write_text("{")
    assert specs.remembered() == {}


def test_the_memory_of_another_version_is_not_believed(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    specs.cache_file().write_text(json.dumps({"build": "0.0.1", "tools": [asdict(SPEC)]}))
    assert specs.remembered() == {}


def test_every_input_and_parameter_is_an_option(monkeypatch, capsys) -> None:
    import typer

    from backlot.cli import run, tool

    given = {}

    def catch(spec, inputs, params, **own) -> int:
        given.update(inputs=inputs, params=params, own=own)
        return 0

    monkeypatch.setattr(run, "run", catch)
    app = typer.Typer()
    app.command("mend")(tool.command(SPEC))
    words = "p.exr --matte m.exr --key-frame k.exr -o o.exr --grow 3 --seed 7 --no-soft-edge"
    words += " --mode b --note hello --set grow@1=0,9=4"
    with pytest.raises(SystemExit) as end:
        app(words.split())
    assert end.value.code == 0
    assert given["inputs"] == {"source": "p.exr", "matte": "m.exr", "key_frame": "k.exr"}
    assert SPEC.values(given["params"]) == {
        "grow": Curve(((1, 0), (9, 4))),
        "seed": 7,
        "soft_edge": False,
        "mode": "b",
        "note": "hello",
    }
    assert given["own"]["out"] == "o.exr"


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["grow@1001=0,1040=1"], {"grow": Curve(((1001, 0), (1040, 1)))}),
        (["grow@-5=1.5"], {"grow": Curve(((-5, 1.5),))}),
        (["soft-edge=off", "note=a=b"], {"soft_edge": "off", "note": "a=b"}),
    ],
)
def test_set(words, values) -> None:
    assert assignments(SPEC, words) == values


@pytest.mark.parametrize("word", ["grow", "grow@", "grow@1", "grow@1=", "grow@x=1", "size=1"])
def test_set_refuses(word: str) -> None:
    with pytest.raises(InvalidInput):
        assignments(SPEC, [word])


def test_the_exit_codes_in_the_documentation_are_those_of_the_errors() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    rows = re.findall(r"^\| (\d+) \| [^|]+ \|([^|]*)\|$", page, re.MULTILINE)
    documented = {
        code: int(number) for number, codes in rows for code in re.findall(r"`([\w-]+)`", codes)
    }
    assert documented == {code: kind.exit_code for code, kind in BY_CODE.items()}

"""What the README tells a person to type is typed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


@pytest.fixture
def desk(tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the README's reader has it: the examples, and two frames of a plate."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "demo").mkdir()
    for name in ("plate", "roto"):
        for number in (1001, 1002):
            source = ROOT / "examples" / "astronaut" / f"{name}.{number}.exr"
            (tmp_path / source.name).symlink_to(source)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_work(desk: Path) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    lines = [line for block in blocks("") for line in block.splitlines() if line]
    assert any(line.startswith("backlot fill") for line in lines)
    for line in lines:
        words = shlex.split(line.replace("1001-1008", "1001-1002"))
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert sorted(path.name for path in desk.glob("clean_2x.*.exr")) == [
        "clean_2x.1001.exr",
        "clean_2x.1002.exr",
    ]


def test_the_python_works(desk: Path) -> None:
    from backlot import media

    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    assert media.read("demo/large.1001.exr").pixels.shape == (800, 960, 3)


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"])
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"

"""Into the .nuke folder and out again: foreign lines untouched, nothing twice, nothing half."""

import os
import sys
from pathlib import Path

import pytest

from backlot.errors import CannotWrite
from tests.hosts.nuke.host import Nuke

from .conftest import forget, specs

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins/nuke"))
from backlot_nuke import install as installing

FOREIGN = "# mine\nimport os\nnuke.pluginAddPath('./tools')\n"


@pytest.fixture
def home(tmp_path):
    return tmp_path / ".nuke"


def put(home, **how):
    return installing.install(home, specs=specs(), **how)


def test_twice_is_once_and_foreign_lines_stay(home):
    home.mkdir()
    (home / "init.py").write_bytes(FOREIGN.encode())
    put(home)
    once = (home / "init.py").read_bytes()
    assert once.startswith(FOREIGN.encode())
    put(home)
    assert (home / "init.py").read_bytes() == once
    assert once.count(b"pluginAddPath") == 2
    installing.uninstall(home)
    assert (home / "init.py").read_bytes() == FOREIGN.encode()
    assert not (home / "backlot").exists()


@pytest.mark.parametrize("text", ["", "a = 1", "a = 1\r\nb = 2\r\n", "# é\n\n\n"])
def test_any_init_comes_back_to_the_byte(home, text):
    home.mkdir()
    (home / "init.py").write_bytes(text.encode())
    put(home)
    block = (home / "init.py").read_bytes().decode()
    assert ("\r\n" in block) == ("\r\n" in text)
    installing.uninstall(home)
    left = (home / "init.py").read_bytes().decode() if (home / "init.py").exists() else ""
    assert left.rstrip("\r\n") == text.rstrip("\r\n")


def test_lines_after_the_block_stay_and_doubles_go(home):
    put(home)
    init = home / "init.py"
    block = init.read_text()
    init.write_text("first = 1\n" + block + "middle = 2\n" + block + "last = 3\n")
    put(home)
    assert init.read_text() == "first = 1\n" + block + "middle = 2\nlast = 3\n"


def test_a_dry_run_changes_nothing(home):
    said = put(home, dry_run=True)
    assert not home.exists()
    assert any("init.py" in sentence for sentence in said)
    put(home)
    before = sorted(p for p in home.rglob("*"))
    assert installing.uninstall(home, dry_run=True)
    assert sorted(p for p in home.rglob("*")) == before


def test_a_folder_of_somebody_else_is_refused(home):
    (home / "backlot").mkdir(parents=True)
    (home / "backlot/notes.txt").write_text("mine")
    with pytest.raises(CannotWrite):
        put(home)
    assert not (home / "init.py").exists()
    assert installing.uninstall(home) == []
    assert (home / "backlot/notes.txt").read_text() == "mine"


def test_what_is_installed_starts_in_nuke_and_finds_this_backlot(home, monkeypatch):
    put(home)
    forget()
    host = Nuke([home], gui=True).install()
    try:
        monkeypatch.delenv("BACKLOT", raising=False)
        monkeypatch.syspath_prepend(str(home / "backlot"))
        host.start()  # the home's init.py puts the plugin on the path
        assert (home / "backlot").as_posix() in host.paths
        assert host.module.createNode("AIUpscale").Class() == "AIUpscale"
        assert "Nodes/Backlot/AIUpscale" in host.menus
        from backlot_nuke.session import _chosen

        assert _chosen() == sys.executable
    finally:
        sys.modules.pop("nuke", None)
        sys.modules.pop("nukescripts", None)
        forget()


def test_nuke_path_holds_every_folder_once():
    folder = Path("/show/backlot")
    once = installing.nuke_path(os.pathsep.join(["/a", "/show/backlot", "/b", "/a"]), folder)
    assert once.split(os.pathsep) == ["/show/backlot", "/a", "/b"]
    assert installing.nuke_path("", folder) == "/show/backlot"


def test_the_doctor_finds_what_is_wrong(home, monkeypatch):
    def bad():
        return [f.name for f in installing.doctor(home=home) if f.state == "problem"]

    assert bad() == ["plugin"]
    put(home)
    assert bad() == []
    (home / "init.py").write_text("# all gone\n")
    assert bad() == ["init.py"]
    monkeypatch.setenv("NUKE_PATH", str(home / "backlot"))
    assert bad() == []
    (home / "backlot/backlot_nuke/where.txt").write_text("/gone/python\n")
    (home / "backlot/backlot_nuke/__init__.py").write_text('VERSION = "0.0.1"\n')
    assert bad() == ["backlot", "version"]
    put(home)
    assert bad() == []

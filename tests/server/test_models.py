import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from backlot.errors import (
    CannotWrite,
    InvalidInput,
    NotFound,
    UnreadableFile,
    Unsupported,
)
from backlot.frame import Frame
from backlot_server import models
from backlot_server.models import add as adding
from backlot_server.models.__main__ import main
from backlot_server.models.add import add
from backlot_server.tools import upscale
from backlot_server.tuning import tuned
from tests.server.cards import NETWORKS, install
from tests.server.jobs import make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The models folder of a user who has none yet."""
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "models"


def test_what_ships_has_cards_that_hold():
    for path in sorted(models.SHIPPED.glob("*.json")):
        card = models.read_card(path)
        assert models.verify(card) == card.path
        assert card.path.stat().st_size == card.bytes
        assert card.licence.weights == "Apache-2.0"
        assert card.verdict == "green"
        assert "Generated" in card.licence.data


def test_the_catalogue_holds_the_users_models(folder):
    card = install(folder, "texture-x2.onnx", "mine", licence={"weights": "MIT"})
    found = models.catalogue()
    assert found["mine"] == card
    assert found["mine"].licence == models.Licence(weights="MIT")
    assert models.find("mine") == card
    with pytest.raises(NotFound, match="yours") as caught:
        models.find("yours")
    assert "mine" in caught.value.hint


def test_cards_that_cannot_be_read_are_left_out(folder, caplog):
    install(folder, "texture-x2.onnx", "whole")
    for name, change in {
        "text": "not JSON",
        "list": "[]",
        "path": json.dumps({"file": "../../secret.onnx"}),
        "verdict": json.dumps({"verdict": "blue"}),
        "margin": json.dumps({"margin": "wide"}),
        "scale": json.dumps({"scale": 0}),
        "short": json.dumps({"name": None}),
    }.items():
        card = json.loads((folder / "whole.json").read_text())
        try:
            text = json.dumps({**card, "name": name, **json.loads(change)})
        except (ValueError, TypeError):
            text = change
        if name == "short":
            text = "{}"
        (folder / f"{name}.json").write_text(text)
    found = models.catalogue()
    assert "whole" in found
    assert not {"text", "list", "path", "verdict", "margin", "scale", "short"} & set(found)
    assert len(caplog.records) == 7


def test_a_card_whose_weights_are_missing_is_left_out(folder):
    install(folder, "texture-x2.onnx", "gone").path.unlink()
    assert "gone" not in models.catalogue()


def test_a_card_is_written_and_read_alike(folder):
    card = install(folder, "fixed-x2.onnx", fixed=[48, 64], licence={"code": "MIT"})
    models.write_card(card)
    assert models.read_card(folder / "fixed-x2.json") == card


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("texture-x2.onnx", {"scale": 2, "channels": 3, "margin": 2, "multiple": 1, "peak": 1.0}),
        ("texture-x4.onnx", {"scale": 4, "channels": 3, "margin": 2, "multiple": 1, "peak": 1.0}),
        ("grey-x2.onnx", {"scale": 2, "channels": 1}),
        ("eights-x2.onnx", {"scale": 2, "multiple": 8}),
        ("fixed-x2.onnx", {"scale": 2, "fixed": (48, 64)}),
        ("bytes-x2.onnx", {"scale": 2, "peak": 255.0}),
    ],
)
def test_what_a_network_is_is_found_by_trying(folder, file, expected):
    card = add(NETWORKS / file, "mine")
    assert {name: getattr(card, name) for name in expected} == expected
    assert card.verdict == "amber"
    assert card.licence.weights == "unknown"
    assert models.find("mine") == card
    assert sorted(path.name for path in folder.iterdir()) == ["mine.json", "mine.onnx"]


@pytest.mark.parametrize("file", ["grey-x2.onnx", "eights-x2.onnx", "bytes-x2.onnx"])
def test_an_added_network_enlarges_a_frame(folder, file):
    add(NETWORKS / file, "mine")
    params = [
        replace(param, choices=upscale._networks()) if param.name == "network" else param
        for param in upscale.SPEC.params
    ]
    y, x = np.mgrid[:50, :60] / 8.0
    smooth = (0.3 + 0.25 * np.sin(x) * np.cos(y)).astype(np.float16)
    source = Frame(np.repeat(smooth[:, :, None], 3, 2))

    class Tool:
        SPEC = replace(upscale.SPEC, params=tuple(params))
        run = staticmethod(upscale.run)

    made = make(Tool, source, network="mine")
    sinc = make(Tool, source, network="sinc").frame.pixels
    assert "mine" in made.engine
    difference = np.abs(made.frame.pixels.astype(np.float32) - sinc)
    assert difference.mean() < 0.03


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("judge.onnx", "not an enlarged picture"),
        ("nan-x2.onnx", "does not look like it"),
        ("weights.pth", "PyTorch"),
        ("notes.txt", "no ONNX file"),
        ("empty.onnx", "empty.onnx"),
        ("broken.onnx", "broken.onnx"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_with_the_reason(folder, tmp_path, name, reason):
    whole = (NETWORKS / "texture-x2.onnx").read_bytes()
    content = {"empty.onnx": b"", "broken.onnx": whole[:1000]}.get(name, b"x")
    file = NETWORKS / name if (NETWORKS / name).exists() else tmp_path / name
    if file.parent == tmp_path:
        file.write_bytes(content)
    with pytest.raises((Unsupported, UnreadableFile), match=reason) as caught:
        add(file)
    assert caught.value.hint
    assert str(tmp_path) not in caught.value.sentence
    assert not folder.exists() or not list(folder.iterdir())


def test_a_name_is_made_fit_and_never_taken_twice(folder):
    assert add(NETWORKS / "texture-x2.onnx", "../My Net!").name == "my-net"
    assert add(NETWORKS / "texture-x2.onnx", "my-net").name == "my-net"
    with pytest.raises(InvalidInput, match="already"):
        add(NETWORKS / "texture-x4.onnx", "my-net")
    for name in ("///", "Auto"):
        with pytest.raises(InvalidInput, match="no name"):
            add(NETWORKS / "texture-x2.onnx", name)
    with pytest.raises(NotFound):
        add(NETWORKS / "absent.onnx")


def test_a_full_disk_leaves_nothing_behind(folder, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(adding.shutil, "copyfileobj", full)
    with pytest.raises(CannotWrite, match="No space"):
        add(NETWORKS / "texture-x2.onnx", "mine")
    assert list(folder.iterdir()) == []


def test_the_command_adds_and_measures(folder):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "backlot_server.models", *arguments],
            capture_output=True,
            text=True,
        )

    done = run("--json", "add", str(NETWORKS / "texture-x2.onnx"), "--name", "mine")
    assert json.loads(done.stdout)["scale"] == 2
    refused = run("add", str(NETWORKS / "judge.onnx"))
    assert refused.returncode == Unsupported.exit_code
    assert "not an enlarged picture" in refused.stderr
    tuned = json.loads(run("--json", "tune", "mine").stdout)
    assert {timing["engine"] for timing in tuned["mine"]} >= {"onnx"}


def test_the_command_says_which_engine_is_used_and_what_overrules_it(folder, monkeypatch, capsys):
    add(NETWORKS / "texture-x2.onnx", "mine")
    monkeypatch.delenv("BACKLOT_ENGINE", raising=False)
    assert main(["tune", "mine"]) == 0
    said = capsys.readouterr().out
    assert f"mine runs in {tuned(models.find('mine'))}, " in said
    assert f"Kept in {folder.parent / 'engines.json'}.\n" in said
    monkeypatch.setenv("BACKLOT_ENGINE", "onnx")
    main(["tune", "mine"])
    assert "$BACKLOT_ENGINE=onnx overrules it." in capsys.readouterr().out

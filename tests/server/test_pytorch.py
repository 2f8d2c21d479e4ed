"""PyTorch weights are turned into ONNX in a process of their own, or refused with the reason.

What needs PyTorch and spandrel is skipped where they are not installed (the extra "torch").
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backlot.errors import Unsupported
from backlot_server import models
from backlot_server.models import pytorch
from backlot_server.models.add import add

needs_torch = pytest.mark.skipif(
    pytorch.find_spec("torch") is None or pytorch.find_spec("spandrel") is None,
    reason="needs PyTorch and spandrel",
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "models"


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A folder with compact.pth, compact.safetensors and window.pth, of networks fresh from random.

    Made in a child, so that the tests' own process stays without PyTorch as the server does.
    """
    folder = tmp_path_factory.mktemp("weights")
    code = """
import sys, torch
from backlot_server.models import pytorch
pytorch._spandrel()
from safetensors.torch import save_file
from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact
from spandrel.architectures.SwinIR.__arch.SwinIR import SwinIR
torch.manual_seed(0)
made = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=16, num_conv=2, upscale=2).state_dict()
torch.save({"params_ema": made}, sys.argv[1] + "/compact.pth")
save_file(made, sys.argv[1] + "/compact.safetensors")
window = SwinIR(img_size=16, in_chans=3, embed_dim=12, depths=[2], num_heads=[2], window_size=8,
    upscale=2, img_range=1.0, upsampler="pixelshuffledirect", start_unshuffle=1)
torch.save(window.state_dict(), sys.argv[1] + "/window.pth")
torch.save({"a.weight": torch.zeros(3, 3)}, sys.argv[1] + "/other.pth")
"""
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, timeout=280)
    return folder


@needs_torch
@pytest.mark.parametrize("file", ["compact.pth", "compact.safetensors"])
def test_weights_become_a_network_that_enlarges(weights, folder, file):
    card = add(weights / file, "theirs")
    assert (card.scale, card.channels, card.multiple, card.peak) == (2, 3, 1, 1.0)
    assert sorted(path.name for path in folder.iterdir()) == ["theirs.json", "theirs.onnx"]
    from backlot_server.engines import onnx

    flat = np.full((1, 3, 20, 31), 0.5, np.float32)
    assert onnx.load(card, str(models.verify(card)))(flat).shape == (1, 3, 40, 62)
    assert "torch" not in sys.modules


@needs_torch
def test_an_architecture_of_windows_takes_multiples_of_them(weights):
    with pytest.raises(Unsupported, match="does not look like it"):
        add(weights / "window.pth")  # random weights make no picture; its sizes were found before
    with pytorch.as_onnx(weights / "window.pth") as exported:
        assert exported.stat().st_size > 1000


@needs_torch
def test_what_is_no_known_network_is_refused(weights, tmp_path):
    with pytest.raises(Unsupported, match="no architecture that spandrel knows"):
        add(weights / "other.pth")
    broken = tmp_path / "broken.pth"
    broken.write_bytes((weights / "compact.pth").read_bytes()[:500])
    with pytest.raises(Unsupported, match="damaged"):
        add(broken)


class Evil:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@needs_torch
@pytest.mark.parametrize("suffix", [".pth", ".ckpt"])
def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path, folder, suffix):
    mark, file = tmp_path / "ran", tmp_path / f"evil{suffix}"
    file.write_bytes(pickle.dumps({"params": Evil(mark)}, protocol=2))
    with pytest.raises(Unsupported) as caught:
        add(file)
    assert "evil" in caught.value.sentence
    assert not mark.exists()
    assert not folder.exists()


def test_a_program_is_refused_whatever_is_installed(tmp_path, monkeypatch):
    file = tmp_path / "net.pt"
    file.write_bytes(b"x")
    monkeypatch.setattr(pytorch.subprocess, "run", None)
    with pytest.raises(Unsupported, match="may hold a program") as caught:
        add(file)
    assert "safetensors" in caught.value.hint


@pytest.mark.parametrize("suffix", pytorch.SUFFIXES)
def test_without_the_extra_it_is_said_what_to_install(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(pytorch, "find_spec", lambda name: None)
    file = tmp_path / f"net{suffix}"
    file.write_bytes(b"x")
    with pytest.raises(Unsupported, match="PyTorch weights") as caught:
        add(file)
    assert "backlot[torch]" in caught.value.hint


def test_a_child_that_dies_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(pytorch, "find_spec", lambda name: object())
    monkeypatch.setattr(pytorch.sys, "executable", "/bin/false")
    file = tmp_path / "net.pth"
    file.write_bytes(b"x")
    with pytest.raises(Unsupported, match="brought PyTorch down"):
        add(file)

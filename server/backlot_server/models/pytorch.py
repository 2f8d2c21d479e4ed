"""PyTorch weights become an ONNX file: `python -m backlot_server.models.pytorch WEIGHTS OUT`.

A process of its own, because weights are strangers' files: .pth and .ckpt are pickles, which
spandrel reads by a loader that knows tensors and nothing else; .pt may be a program (TorchScript)
and is refused. It needs the extra "torch" (PyTorch and spandrel), and nothing of it is imported by
the server. What comes of it is tried out like any other ONNX file (`add`).
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from backlot.errors import BacklotError, Unsupported

SUFFIXES = (".pth", ".ckpt", ".safetensors")
PROGRAMS = (".pt",)

_SECONDS = 600
_OPSET = 17
_SIZES = ((48, 64), (64, 48))
_TOLERANCE = 1e-3
_NEEDED = ("torch", "spandrel")
_REFUSED = 3


@contextmanager
def as_onnx(file: Path) -> Iterator[Path]:
    """An ONNX file made of PyTorch weights, gone afterwards.

    Raises: Unsupported with the reason.
    """
    check(file)
    with tempfile.TemporaryDirectory(prefix="backlot-") as folder:
        out = Path(folder) / f"{file.stem}.onnx"
        command = [sys.executable, "-m", __name__, str(file), str(out)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Unsupported(
                f"{file.name} could not be turned into ONNX in {_SECONDS // 60} minutes.", _HINT
            ) from error
        if done.returncode == _REFUSED:
            raise Unsupported(done.stdout.strip(), _HINT)
        if done.returncode != 0 or not out.is_file():
            raise Unsupported(f"{file.name} brought PyTorch down.", _HINT)
        yield out


_HINT = "Export the network as ONNX where it was made, and add that file."


def check(file: Path) -> None:
    """Raise Unsupported where weights of this kind are not taken, or cannot be here."""
    if file.suffix.lower() in PROGRAMS:
        raise Unsupported(
            f"{file.name} may hold a program, not weights alone.",
            "Get the network as .safetensors, .pth or ONNX.",
        )
    if missing := [name for name in _NEEDED if not find_spec(name)]:
        raise Unsupported(
            f"{file.name} holds PyTorch weights; {' and '.join(missing)} would be needed.",
            "Install backlot[torch], or export the network as ONNX and add that file.",
        )


def main(weights: str, out: str) -> int:
    """In the child: load, export, compare. A reason goes to standard output."""
    warnings.simplefilter("ignore")
    try:
        _export(*_loaded(Path(weights)), Path(out))
    except BacklotError as error:
        print(error.sentence)
        return _REFUSED
    return 0


def _loaded(file: Path) -> tuple[Any, int]:
    """The network of a file of weights, a torch.nn.Module, and its channels."""
    spandrel = _spandrel()
    try:
        found = spandrel.ModelLoader("cpu").load_from_file(file)
    except spandrel.UnsupportedModelError as error:
        raise Unsupported(f"{file.name} is of no architecture that spandrel knows.") from error
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "forbidden" in reason:
            raise Unsupported(f"{file.name} asks for more than tensors: {reason}.") from error
        raise Unsupported(f"{file.name} is damaged, or holds no weights.") from error
    channels = found.input_channels, found.output_channels
    if found.purpose not in ("SR", "FaceSR", "Restoration") or channels not in ((1, 1), (3, 3)):
        raise Unsupported(
            f"{file.name} ({found.architecture.name}) does not make a picture of a picture."
        )
    return found.model.float().eval(), found.input_channels


def _spandrel() -> Any:
    """spandrel, also beside a torchvision that was built for another PyTorch.

    Such a torchvision fails as it is imported, because two operators are not there; no network here
    uses them, so that it is enough to name them (pytorch/vision issue 9085).
    """
    try:
        return importlib.import_module("spandrel")
    except RuntimeError:
        torch: Any = importlib.import_module("torch")
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        named = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            named.define(f"{operator}(Tensor dets, Tensor scores, float threshold) -> Tensor")
        return importlib.import_module("spandrel")


def _export(network: Any, channels: int, out: Path) -> None:
    """Write a network as ONNX for pictures of any size, else for one. Raises Unsupported."""
    torch: Any = importlib.import_module("torch")
    sides = {2: "h", 3: "w"}
    reason = "the file gives another result than the network."
    for sizes, axes in ((_SIZES, {"x": sides, "y": {2: "H", 3: "W"}}), (_SIZES[:1], None)):
        try:
            torch.onnx.export(
                network,
                (torch.rand(1, channels, *sizes[0]),),
                str(out),
                opset_version=_OPSET,
                input_names=["x"],
                output_names=["y"],
                dynamic_axes=axes,
                dynamo=False,
            )
            if all(_agrees(network, out, channels, size) for size in sizes):
                return
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    out.unlink(missing_ok=True)
    raise Unsupported(f"This architecture cannot be written as ONNX: {reason[:200]}")


def _agrees(network: Any, out: Path, channels: int, size: tuple[int, int]) -> bool:
    """Whether the file gives what the network gives, on a picture it was not exported with."""
    import numpy as np
    import onnxruntime

    torch: Any = importlib.import_module("torch")
    picture = torch.rand(1, channels, *size)
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = network(picture).numpy()
    made = session.run(None, {"x": picture.numpy()})[0]
    return bool(made.shape == expected.shape and np.abs(made - expected).max() <= _TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""ONNX Runtime: on the processor, or on CUDA, DirectML or Core ML where its build has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from backlot.errors import BacklotError, OutOfMemory, UnreadableFile, Unsupported

from ..parallel import threads as allowed_threads
from . import Tensor

NAME = "onnx"
SUFFIXES = (".onnx",)

# In order of preference. TensorRT is left out: it builds for minutes for every size of picture.
_PROVIDERS = {
    "CUDAExecutionProvider": "CUDA",
    "DmlExecutionProvider": "DirectML",
    "CoreMLExecutionProvider": "Core ML",
    "CPUExecutionProvider": "",
}
_OUT_OF_MEMORY = ("failed to allocate", "bad_alloc", "out of memory", "bad allocation")


def available() -> str:
    return "" if find_spec("onnxruntime") else "ONNX Runtime is not installed."


def accelerated() -> bool:
    """Whether it has something faster than the processor here."""
    if available():
        return False
    import onnxruntime

    return any(_PROVIDERS.get(name) for name in onnxruntime.get_available_providers())


class OnnxNetwork:
    """A network in ONNX Runtime. What a call returns is overwritten by the next call."""

    def __init__(self, session: Any, label: str) -> None:
        self.label = label
        self._session = session
        self._input = session.get_inputs()[0].name
        self._output = session.get_outputs()[0].name
        self._given: tuple[int, ...] = ()
        self._result: Tensor = np.empty(0, np.float32)

    def __call__(self, batch: Tensor) -> Tensor:
        with named_errors(self.label):
            if self._given != batch.shape:
                self._result = self._session.run(None, {self._input: batch})[0]
                self._given = batch.shape
                return self._result
            binding = self._session.io_binding()
            binding.bind_cpu_input(self._input, batch)
            binding.bind_output(
                self._output,
                "cpu",
                0,
                np.float32,
                self._result.shape,
                self._result.ctypes.data,
            )
            self._session.run_with_iobinding(binding)
        return self._result


def load(card: Any, path: str, threads: int = 0) -> OnnxNetwork:
    opened = session(Path(path).name, path, threads)
    device = _PROVIDERS[opened.get_providers()[0]]
    label = f"ONNX Runtime {device}".rstrip() + f", {card.name}"
    return OnnxNetwork(opened, label)


def session(name: str, path: str, threads: int = 0, takes: int = 1, gives: int = 1) -> Any:
    """An onnxruntime.InferenceSession of so many inputs and outputs.

    Raises: UnreadableFile, Unsupported, OutOfMemory, with `name` in the sentence.
    """
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or allowed_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    present = onnxruntime.get_available_providers()
    wanted = [provider for provider in _PROVIDERS if provider in present]
    with named_errors(name):
        opened = onnxruntime.InferenceSession(path, options, providers=wanted)
        inputs, outputs = len(opened.get_inputs()), len(opened.get_outputs())
    if (inputs, outputs) != (takes, gives):
        raise Unsupported(
            f"{name} has {inputs} inputs and {outputs} outputs.",
            "Only networks of one picture in, of a picture and a mask, or of a picture, a mask and "
            "references, and one picture out can be used.",
        )
    return opened


def inputs(file: Path) -> int:
    """How many inputs a network has. Raises: UnreadableFile, Unsupported, OutOfMemory."""
    return len(ends(file)[0])


def ends(file: Path) -> tuple[list[list[Any]], list[list[Any]]]:
    """Shapes of a network's inputs and outputs, as it declares them; see `inputs`."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    with named_errors(file.name):
        opened = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        return (
            [list(each.shape) for each in opened.get_inputs()],
            [list(each.shape) for each in opened.get_outputs()],
        )


@contextmanager
def named_errors(name: str) -> Iterator[None]:
    """ONNX Runtime's exceptions as ours. They share no base class and no import that is public."""
    try:
        yield
    except BacklotError:
        raise
    except Exception as error:
        said = str(error)
        if isinstance(error, MemoryError) or any(text in said.lower() for text in _OUT_OF_MEMORY):
            raise OutOfMemory(
                f"There is not enough memory for {name}.", "Close other programs, or use sinc."
            ) from error
        if type(error).__name__ in ("InvalidProtobuf", "InvalidGraph", "NoSuchFile"):
            raise UnreadableFile(
                f"{name} is damaged or no ONNX file.", "Get it again from where it came."
            ) from error
        raise Unsupported(
            f"ONNX Runtime cannot run {name}: {_first_line(said)}", "Choose another network."
        ) from error


def _first_line(said: str) -> str:
    """What an ONNX Runtime message says, without its prefix and without paths of this machine."""
    line = said.split("\n", 1)[0].split(" : ")[-1]
    words = ["..." if "/" in word or "\\" in word else word for word in line.split()]
    return " ".join(words)[:200] or "no reason given."

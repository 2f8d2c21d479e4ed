"""OpenVINO on the processor, in full precision. `openvino_bf16` is the faster, rougher half."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from backlot.errors import BacklotError, OutOfMemory, UnreadableFile, Unsupported

from ..parallel import threads as allowed_threads
from . import Tensor

NAME = "openvino"
SUFFIXES = (".onnx",)

_SHAPES = 4


def available() -> str:
    return "" if find_spec("openvino") else "OpenVINO is not installed."


class OpenVinoNetwork:
    """A network in OpenVINO, compiled anew for each of the last few shapes.

    What a call returns is overwritten by the next call.
    """

    def __init__(self, core: Any, model: Any, label: str, settings: dict[str, Any]) -> None:
        self.label = label
        self._core = core
        self._model = model
        self._settings = settings
        self._requests: dict[tuple[int, ...], Any] = {}

    def __call__(self, batch: Tensor) -> Tensor:
        from openvino import Tensor as Shared

        with _named_errors(self.label):
            request = self._requests.get(batch.shape) or self._compile(batch.shape)
            request.set_input_tensor(Shared(batch, shared_memory=True))
            request.infer()
            result: Tensor = request.get_output_tensor().data
        return result

    def _compile(self, shape: tuple[int, ...]) -> Any:
        if len(self._requests) >= _SHAPES:
            self._requests.pop(next(iter(self._requests)))
        self._model.reshape(list(shape))
        compiled = self._core.compile_model(self._model, "CPU", self._settings)
        self._requests[shape] = compiled.create_infer_request()
        return self._requests[shape]


def load(card: Any, path: str, threads: int = 0) -> OpenVinoNetwork:
    return load_as(card, path, threads, "f32", "OpenVINO")


def load_as(card: Any, path: str, threads: int, precision: str, label: str) -> OpenVinoNetwork:
    """Load with a precision of OpenVINO's ("f32", "bf16") for its inner sums."""
    import openvino

    core = openvino.Core()
    with _named_errors(Path(path).name):
        model = core.read_model(path)
        if len(model.inputs) != 1 or len(model.outputs) != 1:
            raise Unsupported(
                f"The network {card.name} has {len(model.inputs)} inputs and "
                f"{len(model.outputs)} outputs.",
                "Only networks of one picture in and one picture out can be used.",
            )
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads or allowed_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    return OpenVinoNetwork(core, model, f"{label}, {card.name}", settings)


@contextmanager
def _named_errors(name: str) -> Iterator[None]:
    try:
        yield
    except BacklotError:
        raise
    except MemoryError as error:
        raise OutOfMemory(
            f"There is not enough memory for {name}.", "Close other programs, or use sinc."
        ) from error
    except Exception as error:
        if "read" in str(error).lower() and not isinstance(error, ValueError):
            raise UnreadableFile(
                f"{name} is damaged or no ONNX file.", "Get it again from where it came."
            ) from error
        raise Unsupported(
            f"OpenVINO cannot run {name}.", "Choose another engine or network."
        ) from error

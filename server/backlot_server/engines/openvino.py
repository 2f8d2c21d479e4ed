"""OpenVINO on the processor, in full precision. `openvino_bf16` is the faster, rougher half."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

Run = Callable[[Tensor], Tensor]


def available() -> str:
    return "" if find_spec("openvino") else "OpenVINO is not installed."


class OpenVinoNetwork:
    """A network in OpenVINO, compiled anew for each of the last few shapes.

    What a call returns is overwritten by the next call.
    """

    def __init__(self, label: str, compiled: Callable[[tuple[int, ...]], Run]) -> None:
        self.label = label
        self._compiled = compiled
        self._runs: dict[tuple[int, ...], Run] = {}

    def __call__(self, batch: Tensor) -> Tensor:
        with named_errors(self.label):
            if batch.shape not in self._runs:
                if len(self._runs) >= _SHAPES:
                    self._runs.pop(next(iter(self._runs)))
                self._runs[batch.shape] = self._compiled(batch.shape)
            return self._runs[batch.shape](batch)


def load(card: Any, path: str, threads: int = 0) -> OpenVinoNetwork:
    core, model = opened(card, path)
    return OpenVinoNetwork(
        f"OpenVINO, {card.name}",
        lambda shape: whole(core, model, shape, settings("f32", threads)),
    )


def opened(card: Any, path: str) -> tuple[Any, Any]:
    """An openvino.Core and the model of a file. Raises UnreadableFile, Unsupported."""
    import openvino

    core = openvino.Core()
    with named_errors(Path(path).name):
        model = core.read_model(path)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise Unsupported(
            f"{card.name} has {len(model.inputs)} inputs and {len(model.outputs)} outputs.",
            "Only networks of one picture in and one picture out can be used.",
        )
    return core, model


def settings(precision: str, threads: int) -> dict[str, Any]:
    """How to compile. precision: of the sums, "f32" or "bf16"."""
    return {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads or allowed_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }


def whole(core: Any, model: Any, shape: tuple[int, ...], how: dict[str, Any]) -> Run:
    """A model compiled for one shape of batch."""
    from openvino import Tensor as Shared

    sized = model.clone()
    sized.reshape(list(shape))
    request = core.compile_model(sized, "CPU", how).create_infer_request()

    def run(batch: Tensor) -> Tensor:
        request.set_input_tensor(Shared(batch, shared_memory=True))
        request.infer(share_outputs=True)
        made: Tensor = request.get_output_tensor().data
        return made

    return run


@contextmanager
def named_errors(name: str) -> Iterator[None]:
    """OpenVINO's exceptions as ours."""
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

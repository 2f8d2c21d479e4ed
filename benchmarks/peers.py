"""Other upscalers to measure beside ours.

FSRCNN and ESPCN as OpenCV's dnn_superres knows them: frozen TensorFlow graphs that take and give
luma of 0 to 1, called NAME_x2.pb, in a folder that BACKLOT_PEERS names. OpenVINO runs them; chroma
is enlarged by bicubic interpolation. Nothing of them is part of Backlot.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import resample

Coded = NDArray[np.float64]
"""A picture (height, width, 3), display-encoded, 0 to 255, not rounded."""
Upscale = Callable[[Coded], Coded]

_FROM_RGB = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)


def interpolation(scale: int, filter: Callable[[int, int], NDArray[np.float64]]) -> Upscale:
    """`resample.bicubic` or `resample.lanczos3`."""

    def upscale(picture: Coded) -> Coded:
        height, width = picture.shape[:2]
        rows, columns = filter(height, height * scale), filter(width, width * scale)
        return np.asarray(resample.apply(picture, rows, columns))

    return upscale


def found(scale: int) -> dict[str, Upscale]:
    """The networks of that scale in the folder of peers, by name; none without one."""
    folder = os.environ.get("BACKLOT_PEERS", "")
    files = sorted(Path(folder).glob(f"*_x{scale}.pb")) if folder else []
    return {file.stem.rpartition("_")[0]: luma_network(file, scale) for file in files}


def luma_network(file: Path, scale: int, threads: int = 2) -> Upscale:
    """A network on luma, with chroma by bicubic interpolation."""
    from openvino import Core

    core = Core()
    model = core.read_model(str(file))
    cubic = interpolation(scale, resample.bicubic)

    def upscale(picture: Coded) -> Coded:
        planes = picture @ _FROM_RGB.T
        model.reshape([1, *planes.shape[:2], 1])
        how = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
        run = core.compile_model(model, "CPU", how)
        luma = planes[None, :, :, :1].astype(np.float32) / np.float32(255)
        large = cubic(planes)
        large[..., 0] = run(luma)[0].reshape(large.shape[:2]) * 255.0
        return np.asarray(large @ np.linalg.inv(_FROM_RGB).T)

    return upscale

"""Score networks: ``python -m training.score WEIGHTS.onnx ... [--images DIR]``.

The standard protocol. High resolution -> MATLAB's bicubic, antialiased -> uint8; upscale in RGB,
round to uint8; compare the luma of BT.601 (studio range, rounded); leave out a border of ``scale``
pixels. PSNR in decibels and SSIM (Gaussian window 11, deviation 1.5). A grey picture is scored on
its grey plane. Without ``--images``, the photographs that scikit-image carries.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import skimage
from numpy.typing import NDArray
from scipy.ndimage import correlate1d
from skimage.io import imread

from training import resample

Image = NDArray[np.uint8]
Upscale = Callable[[Image], Image]  # also any other change of a picture

PHOTOGRAPHS = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg")
PHOTOGRAPHS += ("motorcycle_left.png",)
_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


def to_uint8(image: NDArray[np.floating]) -> Image:
    """Round 0..255 to uint8."""
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def is_grey(image: Image) -> bool:
    """Whether all three channels of a picture (H, W, 3) are the same."""
    return bool((image == image[..., :1]).all())


def luma(image: Image, grey: bool) -> NDArray[np.float64]:
    """The plane (H, W) to compare: Y of BT.601, 16..235, rounded, or grey as it is, 0..255."""
    if grey:
        return np.round(image.mean(axis=2))
    weights = np.array([65.481, 128.553, 24.966]) / 255
    return np.round(16 + image.astype(np.float64) @ weights)


def psnr(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Peak signal to noise, decibels, of planes in 0..255."""
    return float(10 * np.log10(255**2 / np.mean((a - b) ** 2)))


def ssim(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Structural similarity of planes in 0..255, the whole window inside the picture."""
    window = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window /= window.sum()

    def mean(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return correlate1d(correlate1d(x, window, axis=0), window, axis=1)[5:-5, 5:-5]

    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = (2 * ma * mb + c1) * (2 * cov + c2)
    return float(np.mean(values / ((ma * ma + mb * mb + c1) * (va + vb + c2))))


def interpolation(matrix: Callable[[int, int], NDArray[np.float64]], scale: int) -> Upscale:
    """An upscaler by a linear operator: ``resample.bicubic`` or ``resample.lanczos3``."""

    def upscale(image: Image) -> Image:
        h, w = image.shape[:2]
        rows, columns = matrix(h, h * scale), matrix(w, w * scale)
        return to_uint8(resample.apply(image.astype(np.float64), rows, columns))

    return upscale


def interpolations(scale: int) -> dict[str, Upscale]:
    """What a network is compared with, by name."""
    return {
        "bicubic": interpolation(resample.bicubic, scale),
        "lanczos": interpolation(resample.lanczos3, scale),
    }


def network(path: Path, threads: int = 2) -> tuple[Upscale, int]:
    """An upscaler by an ONNX network, and its scale."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def upscale(image: Image) -> Image:
        planes = image.astype(np.float32).transpose(2, 0, 1)[None] / np.float32(255)
        return to_uint8(session.run(None, {"x": planes})[0][0].transpose(1, 2, 0) * 255.0)

    probe = session.run(None, {"x": np.zeros((1, 3, 8, 8), np.float32)})[0]
    return upscale, probe.shape[-1] // 8


def score(
    upscale: Upscale, high: Image, scale: int, spoil: Upscale | None = None
) -> tuple[float, float]:
    """PSNR and SSIM of one picture (H, W, 3) through one upscaler.

    ``spoil`` damages the reduced picture before it is upscaled.
    """
    h, w = (side - side % scale for side in high.shape[:2])
    high = high[:h, :w]
    rows, columns = resample.bicubic(h, h // scale), resample.bicubic(w, w // scale)
    low = to_uint8(resample.apply(high.astype(np.float64), rows, columns))
    if spoil:
        low = spoil(low)
    border = (slice(scale, -scale),) * 2
    grey = is_grey(high)
    truth, result = luma(high, grey)[border], luma(upscale(low), grey)[border]
    return psnr(truth, result), ssim(truth, result)


def read(path: Path) -> Image:
    """A picture as RGB (H, W, 3), uint8: grey repeated, alpha left out."""
    image = imread(path)
    if image.dtype != np.uint8:
        raise ValueError(f"{path} has {image.dtype} pixels; the protocol is for 8 bit")
    if image.ndim == 2:
        image = np.stack([image] * 3, axis=-1)
    return np.ascontiguousarray(image[..., :3])


def photographs() -> dict[str, Image]:
    """scikit-image's bundled photographs, by name."""
    folder = Path(skimage.__file__).parent / "data"
    return {Path(name).stem: read(folder / name) for name in PHOTOGRAPHS}


def folder(path: Path) -> dict[str, Image]:
    """The pictures of a folder, by name."""
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in _SUFFIXES)
    return {file.stem: read(file) for file in files}


def table(networks: list[Path], pictures: dict[str, Image]) -> list[str]:
    """Lines of a Markdown table: a row for each method, the means in the last column."""
    names = list(pictures)
    lines = [f"| method | {' | '.join(names)} | mean |", "|---" * (len(names) + 2) + "|"]
    done: set[int] = set()
    for path in networks:
        upscale, scale = network(path)
        methods = {} if scale in done else interpolations(scale)
        done.add(scale)
        methods[path.stem] = upscale
        for label, method in methods.items():
            scores = [score(method, picture, scale) for picture in pictures.values()]
            scores.append(tuple(np.mean(scores, axis=0)))
            lines.append(
                f"| {label} x{scale} | " + " | ".join(f"{p:.2f}/{s:.4f}" for p, s in scores) + " |"
            )
    return lines


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Score networks by the standard protocol.")
    parser.add_argument("networks", type=Path, nargs="+", metavar="WEIGHTS.onnx")
    parser.add_argument("--images", type=Path, help="a folder of pictures")
    arguments = parser.parse_args()
    pictures = folder(arguments.images) if arguments.images else photographs()
    print("\n".join(table(arguments.networks, pictures)))


if __name__ == "__main__":
    main()

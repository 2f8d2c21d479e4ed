"""A network of ours in plain PyTorch, float32, as a child for `upscale_engines`.

`python torch_reference.py WEIGHTS.safetensors SCALE THREADS HEIGHT WIDTH`; for each line on
standard input, one run is timed and its seconds are printed. It imports nothing of Backlot.
"""

from __future__ import annotations

import sys
import time

SLOPE = 0.1
FLIPS = ((), (2, 3), (3,), (2,))


def main(weights: str, scale: str, threads: str, height: str, width: str) -> None:
    import torch
    from safetensors import safe_open
    from safetensors.torch import load_file
    from torch.nn import functional

    torch.set_num_threads(int(threads))
    kernels = {name: kernel.float() for name, kernel in load_file(weights).items()}
    with safe_open(weights, "pt") as file:
        mirrors = FLIPS[: int(file.metadata().get("mirrors", 1))]
    body = [kernels[f"body.{n}"] for n in range(sum(name.startswith("body.") for name in kernels))]

    def run(x: torch.Tensor) -> torch.Tensor:
        made = [one(x.flip(axes)).flip(axes) for axes in mirrors]
        return torch.stack(made).mean(dim=0) if made[1:] else made[0]

    def one(x: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(x, (2, 2, 2, 2), mode="replicate")
        first = y = functional.leaky_relu(functional.conv2d(padded, kernels["head"]), SLOPE)
        for kernel in body[:-1]:
            y = functional.leaky_relu(functional.conv2d(y, kernel, padding=1), SLOPE)
        y = functional.leaky_relu(functional.conv2d(y, body[-1], padding=1) + first, SLOPE)
        made = functional.conv2d(y, kernels["tail"], padding=1)
        made = made + functional.conv2d(padded, kernels["bicubic"])
        return functional.pixel_shuffle(made, int(scale))

    picture = torch.rand(1, 3, int(height), int(width))
    with torch.inference_mode():
        run(picture)
        print("ready", flush=True)
        for _ in sys.stdin:
            start = time.perf_counter()
            run(picture)
            print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

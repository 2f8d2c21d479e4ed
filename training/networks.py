"""The upscaling network: plain 3x3 convolutions, no bias anywhere, exactly exposure-invariant.

Input (N, 3, H, W), output (N, 3, scale * H, scale * W), float32, display-like encoding (the product
feeds it sign(x) * sqrt(|x|) of scene-linear). With e > 0 and any constant c,

    f(e * x) = e * f(x)      because there is no bias and leaky ReLU is positively homogeneous,
    f(x + c) = f(x) + c      because the filters of the first layer sum to zero over each channel
                             (away from float rounding; frame edges are replicated, not zero).

So no exposure and no flat field is changed in colour or brightness by the network, at any value.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.resample import cubic

SLOPE = 0.1
_EDGE = 2
_FINAL_GAIN = 0.02


def bicubic_kernel(scale: int) -> Tensor:
    """Bicubic interpolation (a = -0.5) as phases, (3 * scale^2, 3, 5, 5), for pixel shuffle.

    Output sample i lies at (i + 0.5) / scale - 0.5 of the input: the half-pixel convention.
    """
    phase = (np.arange(scale) + 0.5) / scale - 0.5
    taps = cubic(phase[:, None] - np.arange(-_EDGE, _EDGE + 1))
    plane = torch.from_numpy(np.einsum("ia,jb->ijab", taps, taps)).float()
    kernel = torch.zeros(3, scale * scale, 3, 5, 5)
    for channel in range(3):
        kernel[channel, :, channel] = plane.reshape(scale * scale, 5, 5)
    return kernel.reshape(-1, 3, 5, 5)


FLIPS = ((), (2, 3), (3,), (2,))
"""Axes along which a picture is mirrored, for each of up to four images of it."""


def _activate(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, SLOPE, inplace=True)


class ResidualConv(nn.Module):
    """3x3 convolution plus the identity, folded into one kernel: x + w * x as (1 + w) * x."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(features, features, 3, 3))
        nn.init.kaiming_normal_(self.weight, a=SLOPE)
        identity = torch.zeros(features, features, 3, 3)
        identity[:, :, 1, 1] = torch.eye(features)
        self.register_buffer("identity", identity, persistent=False)
        with torch.no_grad():
            self.weight.mul_(0.3)

    def kernel(self) -> Tensor:
        """The kernel that is applied, (features, features, 3, 3)."""
        return self.weight + self.identity

    def forward(self, x: Tensor) -> Tensor:
        """x (N, features, H, W) to the same shape."""
        return functional.conv2d(x, self.kernel(), padding=1)


class Mirrored(nn.Module):
    """The mean of what a network makes of a picture and of its mirror images.

    What it guesses otherwise in a mirror is its own error: less of that is left. It keeps all
    promises of the network, at ``count`` (1, 2 or 4) times its cost.
    """

    def __init__(self, network: Upscaler, count: int) -> None:
        super().__init__()
        self.network, self.count = network, count

    def forward(self, x: Tensor) -> Tensor:
        """Upscale x (N, 3, H, W)."""
        made = [self.network(x.flip(axes)).flip(axes) for axes in FLIPS[: self.count]]
        return torch.stack(made).mean(dim=0)


class Upscaler(nn.Module):
    """Bicubic interpolation plus what a stack of convolutions adds to it."""

    def __init__(self, scale: int, features: int, layers: int) -> None:
        super().__init__()
        self.scale = scale
        self.head = nn.Parameter(torch.empty(features, 3, 5, 5))
        self.body = nn.ModuleList(ResidualConv(features) for _ in range(layers))
        self.tail = nn.Parameter(torch.empty(3 * scale * scale, features, 3, 3))
        nn.init.kaiming_normal_(self.head, a=SLOPE)
        nn.init.kaiming_normal_(self.tail, a=SLOPE)
        with torch.no_grad():
            self.tail.mul_(_FINAL_GAIN)
        self.register_buffer("bicubic", bicubic_kernel(scale), persistent=False)

    @property
    def margin(self) -> int:
        """How many input pixels away the result at a pixel depends on."""
        return _EDGE + len(self.body) + 1

    def head_kernel(self) -> Tensor:
        """The first filters, (features, 3, 5, 5), each summing to zero over each channel."""
        return self.head - self.head.mean(dim=(2, 3), keepdim=True)

    def correction(self, first: Tensor) -> Tensor:
        """What is added to the interpolation, before pixel shuffle, from the first features."""
        x = first
        for layer in self.body[:-1]:
            x = _activate(layer(x))
        x = self.body[-1](x)
        x = _activate(x + first.to(x.dtype))
        return functional.conv2d(x, self.tail, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Upscale x (N, 3, H, W) to (N, 3, scale * H, scale * W).

        Under autocast only the body runs in bf16: what reads the picture itself needs float32.
        """
        with torch.autocast(x.device.type, enabled=False):
            padded = functional.pad(x, (_EDGE,) * 4, mode="replicate")
            interpolated = functional.conv2d(padded, self.bicubic)
            first = _activate(functional.conv2d(padded, self.head_kernel()))
        correction = self.correction(first)
        return functional.pixel_shuffle(correction.float() + interpolated, self.scale)

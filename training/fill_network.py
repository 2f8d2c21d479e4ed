"""The fill network: a small U-shaped stack of convolutions without any bias.

Input (N, 12, H, W), what `backlot_server.fillnetwork.shown` shows; output (N, 3, H, W), what is to
be added to the votes; H and W multiples of 4. With e > 0, f(e * x) = e * f(x): there is no bias and
leaky ReLU is positively homogeneous. The first filters sum to zero over each channel of the
picture, so that a constant added to it changes nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.1
PICTURE = 3
"""Channels of the input that are the picture itself."""
MARGIN = 32
"""How many pixels away the result at a pixel depends on: 30, and room for the coarsest grid."""
_FINAL_GAIN = 0.05

FINE, MIDDLE, COARSE = 16, 32, 48
"""Features at full size, at half and at a quarter."""

LAYERS: tuple[tuple[str, int, int, int, int], ...] = (
    # name, from, to, step, dilation; all 3x3
    ("fine", FINE, FINE, 1, 1),
    ("down1", FINE, MIDDLE, 2, 1),
    ("middle", MIDDLE, MIDDLE, 1, 1),
    ("down2", MIDDLE, COARSE, 2, 1),
    ("coarse1", COARSE, COARSE, 1, 2),
    ("coarse2", COARSE, COARSE, 1, 1),
    ("up1", COARSE + MIDDLE, MIDDLE, 1, 1),
    ("up2", MIDDLE + FINE, FINE, 1, 1),
)


class FillNetwork(nn.Module):
    """Down to a quarter of the size and back, each size joined to its like."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Parameter(torch.empty(FINE, 12, 5, 5))
        self.layers = nn.ParameterDict(
            {name: torch.empty(to, given, 3, 3) for name, given, to, _, _ in LAYERS}
        )
        self.tail = nn.Parameter(torch.empty(3, FINE, 3, 3))
        for weight in self.parameters():
            nn.init.kaiming_normal_(weight, a=SLOPE)
        with torch.no_grad():
            self.tail.mul_(_FINAL_GAIN)

    def head_kernel(self) -> Tensor:
        """The first filters, (FINE, 12, 5, 5); those of the picture sum to zero."""
        picture = self.head[:, :PICTURE]
        centred = picture - picture.mean(dim=(2, 3), keepdim=True)
        return torch.cat([centred, self.head[:, PICTURE:]], dim=1)

    def _layer(self, name: str, x: Tensor) -> Tensor:
        _, _, _, step, dilation = next(layer for layer in LAYERS if layer[0] == name)
        x = functional.conv2d(
            x, self.layers[name], stride=step, padding=dilation, dilation=dilation
        )
        return functional.leaky_relu(x, SLOPE, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 12, H, W) to (N, 3, H, W)."""
        with torch.autocast(x.device.type, enabled=False):
            padded = functional.pad(x, (2, 2, 2, 2), mode="replicate")
            first = functional.conv2d(padded, self.head_kernel())
            first = functional.leaky_relu(first, SLOPE, inplace=True)
        fine = self._layer("fine", first)
        middle = self._layer("middle", self._layer("down1", fine))
        coarse = self._layer("coarse2", self._layer("coarse1", self._layer("down2", middle)))
        middle = self._layer("up1", torch.cat([_doubled(coarse), middle], dim=1))
        fine = self._layer("up2", torch.cat([_doubled(middle), fine], dim=1))
        return functional.conv2d(fine, self.tail, padding=1)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="nearest")

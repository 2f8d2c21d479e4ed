"""What generated pictures are like: how often what happens on them.

``plain`` is a dead-leaves picture. ``photo`` is nearer to photographs in what was measured of both
(docs/training.md): larger and longer shapes, fibres along a flow, rails; a lens that is sharper,
sharpening as cameras do it, and grain more often.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """Chances are 0..1, lengths in pixels of the canvas.

    smallest: between which the least radius lies; largest: the same of the largest. slender: chance
    that a leaf is long and narrow. fibres: of a texture that flows. rails, facades: of a picture
    that has them. defocused: until when, as leaves fall, what lies behind may be blurred.
    blurred: of a picture that is soft as a whole. sharpened: of one that the camera sharpened.
    muted: of one whose colours are. grain: of one with grain, and the strongest of it, 0..1 of the
    encoding.
    """

    smallest: tuple[float, float] = (1.8, 26)
    largest: tuple[float, float] = (80, 220)
    slender: float = 0
    fibres: float = 0
    rails: float = 0
    facades: float = 0.5
    defocused: float = 0.95
    blurred: float = 0.12
    sharpened: float = 0
    muted: float = 0
    grain: float = 0.2
    strongest: float = 0.012


LOOKS = {
    "plain": Look(),
    "photo": Look(
        smallest=(5, 80),
        largest=(120, 420),
        slender=0.3,
        fibres=0.45,
        rails=0.5,
        facades=0.6,
        defocused=0.6,
        blurred=0.04,
        sharpened=0.65,
        muted=0.5,
        grain=0.4,
        strongest=0.012,
    ),
}

"""Upscale: a frame on a raster of any size, by a network or by a windowed sinc.

The work is in `backlot_server.enlarge`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from backlot.tools import Input, Output, Param, ToolSpec, Value

from ..job import Job, Made, Plan, fingerprint
from ..models import catalogue

RADIUS = 2
"""Frames before and after that help to steady one: `steady.RADIUS`."""
SINC = "Sinc"
COPY = "Copy"


def _networks() -> tuple[tuple[str, str], ...]:
    own = [card for card in catalogue().values() if card.purpose == "upscale" and not card.size]
    return (
        ("auto", "Automatic"),
        ("fast", "Fast network"),
        ("fine", "Fine network"),
        ("sinc", "No network: sinc filter"),
        *((card.name, card.label or card.name) for card in own),
    )


SPEC = ToolSpec(
    name="upscale",
    label="Upscale",
    summary="Enlarge frames to any size, with every channel treated as what it is.",
    version="2",
    inputs=(
        Input(
            "source",
            "image",
            "Source",
            "The frames to enlarge.",
            before=RADIUS,
            after=RADIUS,
            window_param="steady",
        ),
    ),
    params=(
        Param(
            "scale",
            "float",
            2.0,
            "Scale",
            minimum=1.0,
            maximum=8.0,
            step=0.5,
            unit="x",
            group="Size",
            help="How much larger, unless a width or a height is given.",
        ),
        Param(
            "width",
            "int",
            0,
            "Width",
            minimum=0,
            maximum=65536,
            unit="px",
            group="Size",
            help="Exact width of the picture as framed. 0: from the height, or by scale.",
        ),
        Param(
            "height",
            "int",
            0,
            "Height",
            minimum=0,
            maximum=65536,
            unit="px",
            group="Size",
            help="Exact height of the picture as framed. 0: from the width, or by scale.",
        ),
        Param(
            "network",
            "choice",
            "auto",
            "Network",
            choices=_networks(),
            help="What restores the detail. Fine is slower and more exact than fast.",
        ),
        Param(
            "footage",
            "choice",
            "clean",
            "Footage",
            choices=(("clean", "Clean"), ("compressed", "Compressed or noisy")),
            help="Compressed: smooths artefacts and noise away, and some true texture with them. "
            "There is one network for it, whether fast or fine is chosen.",
        ),
        Param(
            "detail",
            "float",
            1.0,
            "Detail",
            minimum=0.0,
            maximum=1.0,
            step=0.05,
            help="How much of the network's detail: 0 is the sinc filter alone.",
            animatable=True,
        ),
        Param(
            "grain",
            "choice",
            "keep",
            "Grain",
            choices=(
                ("keep", "Keep, enlarged"),
                ("match", "Remove, then match"),
                ("remove", "Remove"),
            ),
            help="Match: grain is measured and taken out, and grain with the same spectrum and "
            "strength is put on at the new size, as if the shot had been made there.",
        ),
        Param(
            "steady",
            "bool",
            False,
            "Steady",
            help="Let the two frames before and after help: less shimmer, more true detail where "
            "motion can be followed, weaker grain, and more time.",
        ),
        Param(
            "alpha",
            "choice",
            "network",
            "Alpha",
            choices=(("network", "As colour"), ("sinc", "Sinc filter")),
            help="As colour: alpha's edges become as sharp as those of the colour it goes with, at "
            "the price of one more layer. An alpha of one value costs nothing.",
        ),
        Param(
            "ringing",
            "bool",
            False,
            "Allow ringing",
            help="Let colour swing below zero and beyond its surroundings at hard edges.",
        ),
    ),
    output=Output(size="scale", scale_param="scale", width_param="width", height_param="height"),
)


def plan(values: Mapping[str, Value]) -> Plan:
    from ..networks import family, load

    cards = family(values)
    if not cards:
        return Plan(SINC, fingerprint(SPEC, SINC))
    engine = load(next(iter(cards.values()))).label
    return Plan(engine, fingerprint(SPEC, engine, *(card.sha256 for card in cards.values())))


def run(job: Job, number: int) -> Made:
    source = job.read("source", number)
    values = job.values(number)
    data, display = job.spec.output_windows(values, source.data_window, source.display_window)
    result = job.blank(source, data_window=data, display_window=display)
    if (data, display) == (source.data_window, source.display_window):
        np.copyto(result.pixels, source.pixels)
        return Made(result, COPY)
    from ..enlarge import enlarge

    engine = enlarge(job, number, source, result)
    job.progress(number, 1.0)
    return Made(result, engine)

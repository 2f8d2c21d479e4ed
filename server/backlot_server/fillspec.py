"""What the fill tool takes: its inputs, parameters and choices."""

from __future__ import annotations

from typing import Any

from backlot.tools import Input, Output, Param, ToolSpec

from .models import catalogue

FILL = "fill"
REACH = 48
"""Frames before and after that may be read: `shotfill.shot.FAR`."""
OF_A_SHOT: dict[str, Any] = {"before": REACH, "after": REACH, "window_param": "mode=shot"}
OWN = "own"


def networks() -> tuple[tuple[str, str], ...]:
    """What may invent, as values and labels: our own way and networks that were added."""
    added = [card for card in catalogue().values() if card.purpose == "fill"]
    return ((OWN, "Backlot"), *((card.name, card.label or card.name) for card in added))


SPEC = ToolSpec(
    name="fill",
    label="Fill",
    summary="Replace what a matte covers by what could have been there.",
    version="7",
    inputs=(
        Input("source", "image", "Source", "The plates to clean up.", **OF_A_SHOT),
        Input(
            "matte",
            "matte",
            "Matte",
            "What to replace; soft edges are blended.",
            **OF_A_SHOT,
        ),
        Input(
            "clean",
            "image",
            "Clean frames",
            "Approved frames of the shot, as many or few as there are: the truth behind the matte "
            "on their frames, and carried to the others.",
            required=False,
            **OF_A_SHOT,
        ),
        Input(
            "shadow",
            "matte",
            "Shadow",
            "Which part of the matte covers only the object's shadow: there the plate's own detail "
            "stays, in the light that other frames show.",
            required=False,
        ),
        Input(
            "depth",
            "data",
            "Depth",
            "A renderer's depth along the axis of the camera, best of what is behind the object: "
            "then the shot's own is not estimated.",
            required=False,
            **OF_A_SHOT,
            layers=("depth", "z", "zdepth"),
        ),
        Input(
            "vectors",
            "data",
            "Vectors",
            "A renderer's motion vectors of what is behind the object, both ways: things that move "
            "there are filled, too.",
            required=False,
            **OF_A_SHOT,
            layers=("vector", "vectors", "motion", "mv", "forward", "backward"),
        ),
        Input(
            "texture",
            "matte",
            "Texture from",
            "Where on the plate texture may be taken from; everywhere when not given.",
            required=False,
            **OF_A_SHOT,
        ),
        Input(
            "lines",
            "matte",
            "Lines",
            "Lines along edges that run through the hole, drawn well beyond it on both sides: what "
            "is on a line there is continued on it.",
            required=False,
            **OF_A_SHOT,
        ),
        Input(
            "reference",
            "reference",
            "Reference",
            "Another picture, in the plate's colours, to take all texture from.",
            required=False,
            **OF_A_SHOT,
        ),
    ),
    params=(
        Param(
            "mode",
            "choice",
            "shot",
            "Fill from",
            choices=(("shot", "The whole shot"), ("still", "This frame alone")),
            group="Fill",
            help="Other frames show what the matte hides here; a frame alone has to invent it.",
        ),
        Param(
            "network",
            "choice",
            OWN,
            "Invented by",
            choices=networks(),
            group="Fill",
            help="What makes that which no frame shows. Networks that were added with "
            "`backlot models add` are offered beside Backlot's own way; mind their licences.",
        ),
        Param(
            "grow",
            "int",
            0,
            "Grow",
            minimum=-64,
            maximum=256,
            unit="px",
            group="Matte",
            help="Widen the matte, or shrink it.",
            animatable=True,
        ),
        Param(
            "feather",
            "int",
            0,
            "Feather",
            minimum=0,
            maximum=256,
            unit="px",
            group="Matte",
            help="A soft edge outside the matte.",
            animatable=True,
        ),
        Param(
            "blend",
            "float",
            1.0,
            "Edge blend",
            minimum=0.0,
            maximum=1.0,
            step=0.05,
            group="Fill",
            help="How much the fill is bent in brightness and colour so that no seam is left.",
            animatable=True,
        ),
        Param(
            "strength",
            "float",
            1.0,
            "Strength",
            minimum=0.0,
            maximum=1.0,
            step=0.05,
            group="Fill",
            help="How much of the fill is seen: 0 is the plate.",
            animatable=True,
        ),
        Param(
            "grain",
            "float",
            1.0,
            "Grain",
            minimum=0.0,
            maximum=2.0,
            step=0.05,
            group="Fill",
            help="Grain as the plate has it, where frames that were put together have lost theirs.",
            animatable=True,
        ),
        Param(
            "seed",
            "int",
            1,
            "Seed",
            minimum=0,
            maximum=2**31 - 1,
            group="Fill",
            help="Another number, another equally plausible fill.",
        ),
        Param(
            "show",
            "choice",
            FILL,
            "Show",
            choices=(
                (FILL, "The fill"),
                ("confidence", "Confidence"),
                ("source", "Source frame"),
                ("across", "Motion across"),
                ("down", "Motion down"),
            ),
            group="Diagnostics",
            help="Instead of the fill, as grey: confidence from 0 to 1, how many frames later the "
            "frame is that counts most, or by how many pixels it has what is behind the object "
            "further right or down.",
        ),
    ),
    output=Output(matte="matte", grow_params=("grow", "feather")),
)

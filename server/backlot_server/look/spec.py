"""What Character Lock takes: its inputs, parameters and choices."""

from __future__ import annotations

from backlot.tools import CHARACTER, Input, Output, Param, ToolSpec

from ..models import catalogue

OFF = "off"
REDRAW = "redraw"
"""What networks are for that redraw a region from references."""
NEAR = 4
"""Frames before and after that a correction is smoothed over: a median of 5, then a mean of 5."""


def networks() -> tuple[tuple[str, str], ...]:
    """Those that can redraw, as values and labels."""
    cards = [card for card in catalogue().values() if card.purpose == REDRAW]
    return tuple((card.name, card.label or card.name) for card in cards)


SPEC = ToolSpec(
    name="character-lock",
    label="Character Lock",
    summary="Say if a character's look drifted, and bring back what did.",
    version="5",
    inputs=(
        Input("source", "image", "Source", "The shot.", before=NEAR, after=NEAR),
        Input(
            "matte",
            "matte",
            "Matte",
            "A channel for each region, named as in the character or in its order; A is all of it.",
            before=NEAR,
            after=NEAR,
        ),
        Input(
            "references",
            CHARACTER,
            "References",
            "The character's own pictures, for a network that redraws.",
            required=False,
        ),
    ),
    params=(
        Param(
            "character",
            "character",
            "",
            "Character",
            group="Character",
            help="The character's folder.",
        ),
        Param(
            "costume",
            "text",
            "",
            "Costume",
            group="Character",
            help="Which of the character's costumes this shot shows; empty: any.",
        ),
        Param(
            "mode",
            "choice",
            "check",
            "Do",
            choices=(
                ("check", "Check only"),
                ("lock", "Correct what drifted"),
                ("describe", "Measure a reference"),
            ),
            group="Lock",
            help="Nothing is changed before it was looked at: check first.",
        ),
        Param(
            "strength",
            "float",
            1.0,
            "Strength",
            minimum=0.0,
            maximum=1.0,
            step=0.05,
            group="Lock",
            help="How much of the correction is applied.",
            animatable=True,
        ),
        Param(
            "only",
            "text",
            "",
            "Only",
            group="Lock",
            help="Regions that may be corrected, with commas between; empty: all that changed.",
        ),
        Param(
            "network",
            "choice",
            OFF,
            "Drifted texture",
            choices=((OFF, "Say so, no more"), *networks()),
            group="Lock",
            help="What colour cannot mend. A network that takes references, added with `backlot "
            "models add`, can redraw a region from the character's own.",
        ),
        Param(
            "redraw",
            "text",
            "",
            "Redraw",
            group="Lock",
            help="Regions that the network redraws, with commas between; empty: those whose "
            "texture drifted.",
        ),
        Param(
            "diffuse",
            "bool",
            False,
            "Diffuse colour",
            group="Check",
            help="The plate is a renderer's diffuse colour, as the references are: no light is on "
            "it, so that lightness is judged and brought back too.",
        ),
        Param(
            "clip",
            "float",
            0.0,
            "Camera clips at",
            minimum=0.0,
            maximum=1000.0,
            group="Check",
            help="Scene-linear value from which colour is lost; 0: where many pixels stop.",
        ),
    ),
    output=Output(matte="matte"),
)

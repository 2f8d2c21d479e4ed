"""What a studio lets in: $BACKLOT_ALLOW, the worst verdict, "amber" where nobody says."""

from __future__ import annotations

import os

from backlot.errors import InvalidInput

from . import VERDICTS

ALLOW = "BACKLOT_ALLOW"


def let_in(verdict: str, meaning: str, allow: str = "") -> None:
    """Raise InvalidInput where a verdict is worse than what is let in.

    Args: meaning, what the network's licence means, a sentence. allow: instead of the studio's.
    """
    worst = allow or os.environ.get(ALLOW, "") or "amber"
    if worst not in VERDICTS:
        raise InvalidInput(f"{worst!r} is no verdict.", f"Use one of {', '.join(VERDICTS)}.")
    if VERDICTS.index(verdict) > VERDICTS.index(worst):
        raise InvalidInput(
            f"{meaning} This studio lets in {worst} at most.",
            "Choose another network, or ask who set this policy.",
        )

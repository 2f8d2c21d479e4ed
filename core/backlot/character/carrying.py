"""Mattes of one frame carried along its shot, written as files that a check or lock can take."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .. import media
from ..errors import BacklotError, Cancelled, MissingFrame
from ..events import FrameFailed, Result
from ..frame import DATA, Frame
from ..sequence import Sequence as Files
from .check import Plate

if TYPE_CHECKING:
    from ..client import Studio

TOOL = "character-carry"
DOUBT = 0.5
"""Confidence below which a matte has to be looked at."""


@dataclass(frozen=True)
class CarriedFrame:
    """A frame that was written. confidence: 0 to 1 by channel; failed: why it was not written."""

    number: int
    confidence: dict[str, float]
    failed: str = ""

    @property
    def least(self) -> float:
        return min(self.confidence.values(), default=0.0)

    @property
    def doubtful(self) -> bool:
        return bool(self.failed) or self.least < DOUBT


def carry(
    studio: Studio,
    plate: str,
    mattes: Frame,
    numbers: Sequence[int],
    out: str,
    *,
    cancel: threading.Event | None = None,
) -> Iterator[CarriedFrame]:
    """Carry the mattes of a frame (its `number`) to the frames `numbers`, and write each to `out`.

    out: a pattern of files; each is written whole or not at all. Frames that cannot be carried to,
    since one on the way cannot be read, are yielded as failed. Raises: Cancelled, CannotWrite,
    ServerUnavailable, and what else ends a job.
    """
    target, source = Files.parse(out), Plate(plate)

    def read(name: str, number: int) -> Frame:
        if name == "source":
            return source.frame(number)
        if number != mattes.number:
            raise MissingFrame(f"The mattes are of frame {mattes.number}.")
        return mattes

    params = {"key": mattes.number}
    try:
        order = _outward(numbers, mattes.number)
        with studio.submit(TOOL, order, read, ["source", "matte"], params) as running:
            for event in running:
                if cancel is not None and cancel.is_set():
                    raise Cancelled("Stopped.", "Run the same again to begin anew.")
                done = None
                if isinstance(event, Result):
                    made = replace(event.frame, meaning=DATA)
                    media.write(target.path(made.number), made, pixel_type="half")
                    done = CarriedFrame(made.number, dict(event.measured["confidence"]))
                elif isinstance(event, FrameFailed):
                    done = CarriedFrame(event.number, {}, _said(event.error))
                if done is not None:
                    yield done
    finally:
        source.close()


def _outward(numbers: Sequence[int], key: int) -> list[int]:
    """In an order in which no motion is found twice: from the matte's frame on, then back."""
    ahead, behind = ([n for n in sorted(numbers) if (n >= key) == way] for way in (True, False))
    return ahead + behind[::-1]


def _said(error: BacklotError) -> str:
    return f"{error.sentence} {error.hint}".strip()

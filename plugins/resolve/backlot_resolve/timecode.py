"""Frame rates and timecode, as editors and Resolve count them.

Timecode counts frames at the nominal rate (24 for 23.976, 30 for 29.97). Drop-frame timecode
leaves out two labels a minute at 29.97, four at 59.94, except every tenth minute (SMPTE ST 12-1),
so that labels keep up with the clock; no frame is dropped, only names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from backlot.errors import InvalidInput

_DECIMALS = {
    "23.976": Fraction(24000, 1001),
    "23.98": Fraction(24000, 1001),
    "29.97": Fraction(30000, 1001),
    "47.952": Fraction(48000, 1001),
    "47.95": Fraction(48000, 1001),
    "59.94": Fraction(60000, 1001),
    "119.88": Fraction(120000, 1001),
}


@dataclass(frozen=True)
class Rate:
    """Frames a second, exactly, and whether its timecode drops labels."""

    fps: Fraction
    drop: bool = False

    def __post_init__(self) -> None:
        if self.fps <= 0:
            raise InvalidInput(f"A frame rate of {self.fps} is not possible.")
        if self.drop and self.nominal not in (30, 60, 120):
            raise InvalidInput(f"There is no drop-frame timecode at {self} frames a second.")

    @classmethod
    def parse(cls, text: str | float | int, drop: bool = False) -> Rate:
        """From what Resolve says: "24", 23.976, "29.97 DF". Raises: InvalidInput."""
        words = str(text).strip()
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:fps)?\s*(DF|NDF)?", words, re.IGNORECASE)
        if not found:
            raise InvalidInput(f"{text!r} is not a frame rate.")
        number, suffix = found.groups()
        number = number.rstrip("0").rstrip(".") if "." in number else number
        fps = _DECIMALS.get(number) or _near(Fraction(number))
        return cls(fps, drop or (suffix or "").upper() == "DF")

    @property
    def nominal(self) -> int:
        """What timecode counts to in a second."""
        return round(self.fps)

    def __str__(self) -> str:
        text = f"{float(self.fps):.3f}".rstrip("0").rstrip(".")
        return f"{text} DF" if self.drop else text

    def timecode(self, frame: int) -> str:
        """The label of a frame counted from 00:00:00:00. Past 24 hours it begins again."""
        nominal = self.nominal
        if self.drop:
            frame += self._left_out_before(frame)
        seconds, frames = divmod(frame, nominal)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        mark = ";" if self.drop else ":"
        return f"{hour % 24:02d}:{minute:02d}:{second:02d}{mark}{frames:02d}"

    def frame(self, timecode: str) -> int:
        """The frame with this label, counted from 00:00:00:00. Raises: InvalidInput."""
        found = re.fullmatch(r"(\d\d):(\d\d):(\d\d)[:;.](\d\d+)", timecode.strip())
        if not found:
            raise InvalidInput(f"{timecode!r} is not a timecode.", "Give it as HH:MM:SS:FF.")
        hour, minute, second, frames = map(int, found.groups())
        if minute > 59 or second > 59 or frames >= self.nominal:
            raise InvalidInput(f"There is no timecode {timecode} at {self} frames a second.")
        counted = ((hour * 60 + minute) * 60 + second) * self.nominal + frames
        if not self.drop:
            return counted
        dropped = self.nominal // 15
        if second == 0 and frames < dropped and minute % 10:
            raise InvalidInput(f"Drop-frame timecode leaves out {timecode}.")
        minutes = hour * 60 + minute
        return counted - dropped * (minutes - minutes // 10)

    def _left_out_before(self, frame: int) -> int:
        """How many labels were left out up to a frame."""
        dropped = self.nominal // 15
        minute = self.nominal * 60 - dropped
        tens, rest = divmod(frame, minute * 10 + dropped)
        whole = 0 if rest < minute + dropped else 1 + (rest - minute - dropped) // minute
        return dropped * (tens * 9 + whole)


def _near(fps: Fraction) -> Fraction:
    """The 1001 rate that a rounded number such as 23.98 or 59.9401 stands for, or itself."""
    exact = Fraction(round(fps) * 1000, 1001)
    return exact if fps.denominator != 1 and abs(exact - fps) < Fraction(1, 100) else fps

"""What went wrong, for an artist to read."""

from __future__ import annotations

from typing import Any, Mapping


class LinkError(Exception):
    """code: stable, see docs/link.md. sentence: what happened. hint: what to do next."""

    def __init__(self, code: str, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.hint = hint

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> LinkError:
        return cls(
            str(given.get("code", "internal")),
            str(given.get("sentence", "Backlot's companion failed without saying why.")),
            str(given.get("hint", "")),
        )

    def to_json(self) -> dict[str, str]:
        return {"code": self.code, "sentence": self.sentence, "hint": self.hint}

    def details(self) -> str:
        """What to copy into a bug report."""
        return "{}\n{}\n[{}]".format(self.sentence, self.hint, self.code)

"""Characters for a host: make one, add a reference, check a shot."""

from __future__ import annotations

import threading
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..character import adding, folder, report
from ..character.results import Line
from ..character.shotlist import Shot
from ..errors import BacklotError, Cancelled, InvalidInput, ServerUnavailable
from ..report import Update
from .protocol import Json, error_to_json, numbers_from_json, text_from_json
from .studios import Studios

_WORDS = ("shot", "costume", "light", "view", "notes")


def library(params: Mapping[str, Any]) -> Json:
    """The characters of a folder. Raises: InvalidInput, NotFound."""
    from ..character.sending import library as listed

    at = text_from_json(params, "folder", "")
    if not at:
        raise InvalidInput(
            "No folder of characters is named.", "Name the folder where the show keeps them."
        )
    return {"characters": listed(at)}


def new(params: Mapping[str, Any]) -> Json:
    """Make a character's folder. Raises: InvalidInput, CannotWrite."""
    from ..character.sending import summary

    regions = params.get("regions")
    if not isinstance(regions, list) or not all(isinstance(each, str) for each in regions):
        raise InvalidInput("regions must be a list of texts.", "As face, or coat=hero/coat*.")
    made = folder.new(
        text_from_json(params, "folder"),
        text_from_json(params, "name", ""),
        regions,
        text_from_json(params, "notes", ""),
    )
    return summary(made)


def add(params: Mapping[str, Any]) -> Json:
    """Add a reference from files. Raises: what `adding.add_frame` raises."""
    made = adding.add_frame(
        text_from_json(params, "character"),
        text_from_json(params, "plate"),
        text_from_json(params, "mattes", ""),
        numbers_from_json([params.get("frame", -1)])[0],
        {name: text_from_json(params, name, "") for name in _WORDS},
        text_from_json(params, "colorspace", ""),
    )
    return {"reference": made.id, "folder": str(made.folder), "regions": list(made.regions)}


@dataclass(frozen=True)
class Asked:
    """What a check is to do. out: the folder of its results and report."""

    job: str
    character: str
    shot: Shot
    out: Path
    costume: str
    clip: float
    colorspace: str


def asked_from_json(params: Mapping[str, Any]) -> Asked:
    """Raises: InvalidInput."""
    frames = numbers_from_json(params["frames"]) if params.get("frames") else ()
    plate = text_from_json(params, "plate")
    shot = Shot(
        text_from_json(params, "shot", "") or adding.shot_name(plate),
        plate,
        text_from_json(params, "mattes", ""),
        tuple(frames),
    )
    clip = params.get("clip", 0.0)
    if isinstance(clip, bool) or not isinstance(clip, (int, float)):
        raise InvalidInput("clip must be a number.", "0: the camera clips nowhere.")
    return Asked(
        text_from_json(params, "job", "") or uuid.uuid4().hex,
        text_from_json(params, "character"),
        shot,
        Path(text_from_json(params, "out")),
        text_from_json(params, "costume", ""),
        float(clip),
        text_from_json(params, "colorspace", ""),
    )


class CheckWork:
    """A check as one of the link's jobs (see `jobs.Work`)."""

    supersede = ""

    def __init__(
        self,
        asked: Asked,
        studios: Studios,
        tell: Callable[..., None],
        over: Callable[[str], None],
    ) -> None:
        self._asked, self._studios = asked, studios
        self._tell_job, self._over = tell, over
        self._cancelled = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._work, name="backlot-check", daemon=True).start()

    def cancel(self, why: Cancelled | None = None) -> None:
        self._cancelled.set()

    def _tell(self, event: str, **fields: Any) -> None:
        self._tell_job(self._asked.job, event, **fields)

    def _work(self) -> None:
        try:
            end = "done", self._check()
        except Cancelled as error:
            end = "cancelled", {"error": error_to_json(error)}
        except Exception as error:
            if not isinstance(error, BacklotError):
                traceback.print_exception(error)
            end = "error", {"error": error_to_json(error)}
        finally:
            self._over(self._asked.job)
        self._tell(end[0], **end[1])

    def _check(self) -> Json:
        from ..character import check, faces, sending
        from ..character.references import read_all

        asked, studio = self._asked, self._studios.get()
        character = folder.load(asked.character)
        try:
            text = sending.sent(studio, asked.character, "check")
            compared = faces.told(studio, character)
            references = read_all(character)
            checked = report.begin(asked.out, character, references, (asked.shot,), None, compared)
            work = check.Check(
                text, (asked.shot,), asked.out, asked.costume, asked.clip, asked.colorspace
            )
            (found,) = check.run(
                studio, work, progress=self._progress, line=self._line, cancel=self._cancelled
            )
        except ServerUnavailable:
            self._studios.drop(studio)
            raise
        report.write(checked)
        return {
            "finished": found.frames - len(found.failed),
            "failed": len(found.failed),
            "report": str(asked.out / "report.html"),
            "verdict": found.verdict,
            "threshold": character.threshold,
            "regions": [each.fields() for each in found.verdicts],
            "faces": checked.faces,
            **({} if found.face is None else {"face": found.face.fields()}),
        }

    def _progress(self, update: Update) -> None:
        if update.kind == "started":
            self._tell("started", device="", attempt=1)

    def _line(self, line: Line) -> None:
        if line.failed:
            error = {"code": InvalidInput.code, "sentence": line.failed, "hint": ""}
            self._tell("frame_failed", number=line.number, error=error)
        else:
            self._tell("frame", number=line.number, measured=dict(line.measured))

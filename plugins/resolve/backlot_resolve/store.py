"""Where results lie on disk: <root>/<project>/<shot>/<tool>_v001/, never overwritten.

Beside the frames are core's manifest and one small job.json: what was asked, of which clip, and
where the result went, so that the results list survives a restart of everything.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backlot.errors import CannotWrite

from .plain import from_plain, to_plain

JOB = "job.json"
ACTIVE = ("queued", "plate", "running", "placing")


def default_root() -> Path:
    """BACKLOT_RESULTS, or ~/Backlot."""
    return Path(os.environ.get("BACKLOT_RESULTS") or Path.home() / "Backlot")


def state_folder() -> Path:
    """For the journal and the panel's memory: of this person and machine."""
    base = os.environ.get("BACKLOT_HOME") or os.environ.get("XDG_STATE_HOME")
    return Path(base or Path.home() / ".local" / "state") / "backlot" / "resolve"


def safe(name: str) -> str:
    """A name as a folder everywhere: letters, digits, dot, dash, underscore."""
    kept = re.sub(r"\[.*?\]", "", Path(name).stem if "." in name else name)
    return re.sub(r"[^\w.-]+", "_", kept).strip("._") or "shot"


def shot_name(clip_name: str, first_frame: int) -> str:
    """Two clips of one take are two shots."""
    return f"{safe(clip_name)}_{first_frame:04d}"


def plate_folder(root: Path, project: str, shot: str, *identity: Any) -> Path:
    """One folder for each way of taking the plate, so that a second run takes it again."""
    digest = hashlib.blake2b(repr(identity).encode(), digest_size=4).hexdigest()
    return root / safe(project) / shot / f"plate_{digest}"


def next_version(root: Path, project: str, shot: str, tool: str) -> tuple[Path, int]:
    """A new, empty version folder and its number. Raises: CannotWrite."""
    base = root / safe(project) / shot
    for version in range(1, 10000):
        folder = base / f"{tool}_v{version:03d}"
        try:
            base.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
            return folder, version
        except FileExistsError:
            continue
        except OSError as error:
            raise CannotWrite(
                f"The results folder {base} cannot be written: {error.strerror}.",
                "Choose another one under Results > Folder.",
            ) from error
    raise CannotWrite(f"{base} holds 9999 versions.", "Remove those that are not needed.")


@dataclass
class JobRecord:
    """What job.json holds. state: queued, plate, running, placing, done, parked, failed,
    cancelled."""

    id: str
    tool: str
    label: str
    state: str
    folder: str
    asked: dict[str, Any]
    edit: Any = None
    clip: Any = None
    plate: Any = None
    result: Any = None
    placed: Any = None
    sentence: str = ""
    hint: str = ""
    engine: str = ""
    seconds: float = 0.0
    rejected: bool = False
    accepted: bool = False
    warnings: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    """What the tool found out about the shot, a sentence each."""
    curve: list[Any] = field(default_factory=list)
    """How far a character drifted on each frame, CIEDE2000, or how much of a frame is in doubt, 0
    to 1; None where that cannot be told."""
    limit: float = 3.0
    """Of the curve: what is above it needs a look."""
    report: str = ""
    """The picture of what was found out, "" for none."""

    def save(self) -> None:
        """Write job.json at once. Raises: CannotWrite."""
        path = Path(self.folder) / JOB
        partial = path.with_suffix(".partial")
        try:
            text = json.dumps({name: to_plain(v) for name, v in vars(self).items()}, indent=1)
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise CannotWrite(
                f"{path.name} cannot be written: {error.strerror}.", "Make room in the folder."
            ) from error

    def facts(self) -> dict[str, Any]:
        """For a row on screen."""
        clip, placed = self.clip, self.placed
        return {
            "id": self.id,
            "tool": self.tool,
            "label": self.label,
            "state": self.state,
            "folder": self.folder,
            "clip": clip.name if clip else "",
            "clip_id": clip.id if clip else "",
            "place": placed.place if placed else "",
            "reason": placed.reason if placed else "",
            "notes": [*(placed.notes if placed else []), *self.warnings],
            "sentence": self.sentence,
            "hint": self.hint,
            "engine": self.engine,
            "seconds": self.seconds,
            "pattern": self.result.pattern if self.result else "",
            "frames": len(self.result.span) if self.result else 0,
            "asked": self.asked,
            "rejected": self.rejected,
            "accepted": self.accepted,
            "findings": self.findings,
            "curve": self.curve,
            "limit": self.limit,
            "report": self.report,
        }


def load(path: Path) -> JobRecord | None:
    """A job.json, or None where it is not one."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        asked = raw.pop("asked")
        given = {name: from_plain(value) for name, value in raw.items()}
        for name in ("warnings", "findings", "curve"):
            given[name] = list(given.get(name, ()))
        return JobRecord(asked=asked, **given)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def results(root: Path, project: str, limit: int = 200) -> list[JobRecord]:
    """The newest results of a project first."""
    found = sorted(
        (root / safe(project)).glob(f"*/*_v*/{JOB}"),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    return [record for path in found[:limit] if (record := load(path)) is not None]


def size(root: Path, project: str) -> int:
    """Bytes that a project's results and plates take."""
    return sum(p.stat().st_size for p in (root / safe(project)).rglob("*") if p.is_file())


def remove(record: JobRecord) -> None:
    """Delete a version folder of ours: nothing else has a job.json of this id in it."""
    found = load(Path(record.folder) / JOB)
    if found is not None and found.id == record.id:
        shutil.rmtree(record.folder, ignore_errors=True)

"""The process between the panel and Resolve: JSON lines on stdin and stdout.

Everything that can hang or crash is here and not in the panel: Resolve's library, the client,
pixels. One thread talks to Resolve, one runs jobs, one makes previews, one says every half second
that this process lives and which call Resolve has not answered yet. A panel that hears nothing
says so; it never waits itself.

    {"id": 1, "do": "look"}                      -> {"id": 1, "ok": {...}}
                                                  or {"id": 1, "error": {code, sentence, hint}}
    unasked: {"event": "alive", "call": "...", "seconds": 3.1}, {"event": "job", ...}
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from backlot.errors import BacklotError, InvalidInput, NotFound, Superseded

from . import characters, keep, landing, plates, preview, render, rows, scripting, store, takes
from . import edit as editing
from .job import Pipeline, Request, parts_of, preview_span
from .store import JobRecord

_TICK = 0.5
_NEWEST_ONLY = ("preview", "estimate", "compare")
"""Of these, those that wait are dropped when a newer one comes."""


class Companion:
    """root: of the results. Answers go to `write`, one JSON object each."""

    def __init__(self, write: Callable[[dict[str, Any]], None], root: Path | None = None) -> None:
        self._write = write
        self._host = ThreadPoolExecutor(1, f"backlot-host-{id(self)}")
        self._jobs = ThreadPoolExecutor(1, f"backlot-jobs-{id(self)}")
        self._looks = ThreadPoolExecutor(1, "backlot-preview")
        self._resolve: scripting.Scripting | None = None
        self._studio: Any = None
        self._studio_lock = threading.Lock()
        self._journal = keep.Journal(store.state_folder() / "restore.json")
        self._edit: editing.Edit | None = None
        self._records: dict[str, JobRecord] = {}
        self._newest: dict[str, Any] = {}
        self._stopped = threading.Event()
        self.pipeline = Pipeline(
            self._host, self.scripting, self.studio, self._journal,
            root or store.default_root(), self._told,
        )  # fmt: skip
        threading.Thread(target=self._tick, name="backlot-alive", daemon=True).start()

    # ---- connections ----------------------------------------------------------------------

    def scripting(self) -> scripting.Scripting:
        """The running Resolve, found anew when it was closed. Host thread only, or once found."""
        if self._resolve is None or not self._resolve.alive():
            self._resolve = None
            self._resolve = scripting.connect()
            left = self._journal.read()
            if left is not None and not keep.restore(self._resolve, left):
                self._journal.clear()
        return self._resolve

    def studio(self) -> Any:
        """A session with the server, opened anew when it was lost."""
        import backlot

        with self._studio_lock:
            if self._studio is not None:
                try:
                    self._studio.status()
                except BacklotError:
                    self._studio = None
            if self._studio is None:
                self._studio = backlot.connect(client="resolve")
            return self._studio

    # ---- requests -------------------------------------------------------------------------

    def handle(self, request: dict[str, Any]) -> None:
        """Start what was asked; the answer is written when it is there."""
        verb = str(request.get("do"))
        places = dict.fromkeys(("look", "where", "show", "accept"), self._host)
        slow = (
            "preview",
            "compare",
            "characters",
            "new_character",
            "add_reference",
            "tools",
            "status",
            "submit",
            "place",
            "estimate",
        )
        places |= dict.fromkeys(slow, self._looks)
        method = getattr(self, f"_do_{verb}", None)
        if method is None:
            self._answer(request, InvalidInput(f"There is no {verb!r}.", "Update Backlot."))
            return

        if verb in _NEWEST_ONLY:
            self._newest[verb] = request.get("id")

        def work() -> None:
            try:
                if verb in _NEWEST_ONLY and self._newest[verb] != request.get("id"):
                    raise Superseded("A newer one was asked for.")
                self._answer(request, method(request))
            except BacklotError as error:
                self._answer(request, error)
            except Exception as error:  # a defect: the panel must hear of it, not hang
                self._answer(request, BacklotError(f"Backlot failed: {error!r}", "Report it."))

        if verb in places:
            places[verb].submit(work)
        else:
            work()

    def _do_look(self, request: dict[str, Any]) -> Any:
        resolve = self.scripting()
        with resolve.sentences():
            self._edit = edit = editing.read(resolve)
            timecode = resolve.call("Timeline.GetCurrentTimecode", editing.Open(resolve).timeline)
        return rows.look(resolve, edit, timecode)

    def _do_where(self, request: dict[str, Any]) -> Any:
        """What changes all the time, in a few calls: so that the panel follows the playhead."""
        resolve = self.scripting()
        with resolve.sentences():
            now = editing.Open(resolve)
            timeline = now.need_timeline()
            current = resolve.call("Timeline.GetCurrentVideoItem", timeline)
            chosen: list[Any] = []
            if resolve.has("Timeline.GetSelectedClips"):
                chosen = resolve.call("Timeline.GetSelectedClips", timeline) or []
            return {
                "timeline": resolve.call("Timeline.GetName", timeline),
                "project_id": resolve.call("Project.GetUniqueId", now.project),
                "playhead": str(resolve.call("Timeline.GetCurrentTimecode", timeline)),
                "current": str(resolve.call("TimelineItem.GetUniqueId", current) or "")
                if current
                else "",
                "selected": [str(resolve.call("TimelineItem.GetUniqueId", i)) for i in chosen],
            }

    def _do_tools(self, request: dict[str, Any]) -> Any:
        from dataclasses import asdict

        studio = self.studio()
        return [asdict(spec) for spec in studio.tools().values() if not spec.hidden]

    def _do_status(self, request: dict[str, Any]) -> Any:
        from google.protobuf.json_format import MessageToDict

        studio = self.studio()
        status = MessageToDict(studio.status(), preserving_proto_field_name=True)
        models = [MessageToDict(m, preserving_proto_field_name=True) for m in studio.models()]
        project = self._edit.project if self._edit else ""
        used = store.size(self.pipeline.root, project) if project else 0
        return {"status": status, "models": models, "root": str(self.pipeline.root), "used": used}

    def _do_estimate(self, request: dict[str, Any]) -> Any:
        clip = self._need_edit().clip(request["clip"])
        reply = self.studio().estimate(request["tool"], request["params"], *clip.size)
        return {"engine": reply.engine, "seconds_per_frame": reply.seconds_per_frame}

    def _do_preview(self, request: dict[str, Any]) -> Any:
        clip, asked, plate, matte = self._one_frame(request)
        number, folder = plate.needed.first.frame, store.state_folder() / "preview"
        before = folder / f"before-{clip.id}-{number}.png"
        size = preview.picture(
            editing.file_of(plate.pattern, number),
            plate.colour.ocio,
            before,
        )
        answer = {"before": str(before), "size": list(size), "number": number, "after": ""}
        if request.get("run", True):
            made = preview.run(self.studio(), asked, plate, matte, folder / f"after-{clip.id}")
            after = folder / f"after-{clip.id}-{number}.png"
            preview.picture(str(made), plate.colour.ocio, after)
            answer["after"] = str(after)
        return answer

    def _one_frame(
        self, request: dict[str, Any]
    ) -> tuple[editing.Clip, Request, plates.Plate, str]:
        """A clip, what was asked, and the plate and matte of the frame under the playhead."""
        edit = self._need_edit()
        clip, asked = edit.clip(request["clip"]), Request.parse(request["request"])
        span = preview_span(clip, int(request.get("frame", -1)))
        folder = store.state_folder() / "preview"

        def take() -> tuple[plates.Plate, str]:
            renderer = render.Renderer(self.scripting(), self._journal, [], threading.Event())
            return preview.take(renderer, edit, clip, asked, span, folder)

        plate, matte = self._host.submit(take).result()
        return clip, asked, plate, matte

    def _do_compare(self, request: dict[str, Any]) -> Any:
        """The middle frame of a finished result, and of its plate."""
        record = self._record(request)
        if record.result is None or record.plate is None:
            raise InvalidInput("This job has no result to show.", "Run it again.")
        plate, folder = record.plate, store.state_folder() / "preview"
        number = (plate.needed.first.frame + plate.needed.last.frame) // 2
        made = {}
        for name, pattern in (("before", plate.pattern), ("after", record.result.pattern)):
            out = folder / f"{name}-{record.id}.png"
            path = editing.file_of(pattern, number)
            preview.picture(path, plate.colour.ocio, out)
            made[name] = str(out)
        return made | {"number": number}

    def _do_submit(self, request: dict[str, Any]) -> Any:
        edit, asked = self._need_edit(), Request.parse(request["request"])
        if asked.tool not in self.studio().tools():
            raise NotFound(f"The server has no tool {asked.tool}.", "Update the server.")
        self.studio().tool(asked.tool).values(asked.params)
        made = []
        for identity in request["clips"]:
            clip = edit.clip(identity)
            for part in parts_of(clip, request.get("ranges") or []):
                record = self.pipeline.make(edit, clip, replace(asked, part=part))
                self._records[record.id] = record
                made.append(record.facts())
                self._told(record, 0.0, None, "Queued")
                self._jobs.submit(self.pipeline.run, record)
        return made

    def _do_cancel(self, request: dict[str, Any]) -> Any:
        self.pipeline.cancel(str(request["job"]))
        return True

    def _do_resume(self, request: dict[str, Any]) -> Any:
        """Go on with a job that was cancelled, failed or interrupted."""
        record = self._record(request)
        if record.state in (*store.ACTIVE, "done"):
            raise InvalidInput("There is nothing to go on with.", "Run it again instead.")
        self.pipeline.again(record)
        self._told(record, 0.0, None, "Queued")
        self._jobs.submit(self.pipeline.run, record)
        return record.facts()

    def _do_results(self, request: dict[str, Any]) -> Any:
        project = request.get("project") or self._need_edit().project
        for record in store.results(self.pipeline.root, project):
            if record.id not in self._records and record.state in store.ACTIVE:
                record.state = "cancelled"
                record.sentence = "Interrupted; Resume goes on where it stopped."
            self._records.setdefault(record.id, record)
        return [r.facts() for r in self._records.values() if not r.rejected]

    def _do_place(self, request: dict[str, Any]) -> Any:
        record = self._record(request)
        if record.result is None:
            raise InvalidInput("This job has no result to place.", "Run it again.")
        self.pipeline.place(record, request["place"])
        return record.facts()

    def _do_show(self, request: dict[str, Any]) -> Any:
        """A/B on the timeline: the result, or what was there before."""
        record, shown = self._record(request), bool(request["shown"])
        placed, resolve = record.placed, self.scripting()
        if placed is None or placed.place == landing.BIN:
            raise InvalidInput("This result is in its bin only.", "Place it first.")
        timeline = record.edit.timeline_id
        with resolve.sentences():
            done = takes.show(resolve, timeline, placed, record.clip.media_id, shown)
        if not done:
            raise NotFound("The clip or its take is not there any more.", "Refresh the list.")
        return {"shown": shown}

    def _do_accept(self, request: dict[str, Any]) -> Any:
        """The result that stays: shown on the timeline, and no other of its frames is accepted."""
        self._do_show(request | {"shown": True})
        record = self._record(request)
        changed = []
        for other in self._records.values():
            same = (other.clip.id, other.clip.record) == (record.clip.id, record.clip.record)
            if same and other.accepted != (other is record):
                other.accepted = other is record
                other.save()
                changed.append(other.facts())
        return changed

    def _do_characters(self, request: dict[str, Any]) -> Any:
        """The library: request["library"], "" for the one beside the results."""
        library = self._library(request)
        return {"library": str(library), "characters": characters.listed(library)}

    def _do_new_character(self, request: dict[str, Any]) -> Any:
        regions = [name.strip() for name in request.get("regions", "").split(",") if name.strip()]
        made = characters.new(self._library(request), str(request["name"]), regions)
        return self._do_characters(request) | {"made": str(made)}

    def _do_add_reference(self, request: dict[str, Any]) -> Any:
        """The previewed frame and its mattes into the chosen character's folder."""
        clip, asked, plate, matte = self._one_frame(request)
        told = asked.params
        said = characters.add_reference(
            str(told.get("character")), plate, matte, clip.name, str(told.get("costume", ""))
        )
        return self._do_characters(request) | {"said": said}

    def _library(self, request: dict[str, Any]) -> Path:
        chosen = request.get("library")
        return Path(chosen) if chosen else characters.default_library(self.pipeline.root)

    def _do_reject(self, request: dict[str, Any]) -> Any:
        """Out of the list; with "files", its frames go too. The timeline is left to the person."""
        record = self._record(request)
        record.rejected = True
        if request.get("files"):
            store.remove(record)
        else:
            record.save()
        return True

    def _do_root(self, request: dict[str, Any]) -> Any:
        self.pipeline.root = Path(request["path"])
        return str(self.pipeline.root)

    # ---- telling --------------------------------------------------------------------------

    def _told(self, record: JobRecord, fraction: float, left: float | None, what: str) -> None:
        self._write(
            {"event": "job", "fraction": fraction, "left": left, "what": what, **record.facts()}
        )

    def _tick(self) -> None:
        while not self._stopped.wait(_TICK):
            busy = self._resolve.busy() if self._resolve else None
            name, seconds = busy or ("", 0.0)
            self._write({"event": "alive", "call": name, "seconds": round(seconds, 1)})

    def _answer(self, request: dict[str, Any], answer: Any) -> None:
        head = {"id": request.get("id")}
        if isinstance(answer, BacklotError):
            error = {"code": answer.code, "sentence": answer.sentence, "hint": answer.hint}
            self._write(head | {"error": error})
        else:
            self._write(head | {"ok": answer})

    def _need_edit(self) -> editing.Edit:
        if self._edit is None:
            raise NotFound("The timeline was not read yet.", "Refresh.")
        return self._edit

    def _record(self, request: dict[str, Any]) -> JobRecord:
        found = self._records.get(str(request.get("job")))
        if found is None:
            raise NotFound("That result is not in the list any more.", "Refresh.")
        return found

    def close(self, seconds: float = 12.0) -> None:
        """Cancel what runs, and give it time to put Resolve back; what is finished stays."""
        self._stopped.set()
        for identity in list(self._records):
            self.pipeline.cancel(identity)
        for work in (self._looks, self._jobs, self._host):
            work.shutdown(wait=False, cancel_futures=work is not self._host)
        end = time.monotonic() + seconds
        for thread in threading.enumerate():
            if thread.name.startswith((f"backlot-jobs-{id(self)}", f"backlot-host-{id(self)}")):
                thread.join(max(0.0, end - time.monotonic()))


def serve(source: IO[str], target: IO[str]) -> None:
    """Until `source` ends."""
    lock = threading.Lock()

    def write(message: dict[str, Any]) -> None:
        with lock:
            target.write(json.dumps(message) + "\n")
            target.flush()

    companion = Companion(write)
    for line in source:
        try:
            companion.handle(json.loads(line))
        except ValueError:
            write({"id": None, "error": {"code": "invalid-input", "sentence": "Not JSON.",
                                         "hint": ""}})  # fmt: skip
    companion.close()


def main() -> None:
    """python -m backlot_resolve.companion"""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with suppress(OSError):  # what Resolve's library prints must not fall between the lines
        os.dup2(2, 1)
    serve(sys.stdin, out)
    os._exit(0)  # a thread may be stuck in Resolve


if __name__ == "__main__":
    main()

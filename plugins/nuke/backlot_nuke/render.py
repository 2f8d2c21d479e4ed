"""A node's frames: out to files, through the link, back into the node."""

import os
import shutil
import tempfile
import traceback

import nuke

from . import findings
from .host import LinkError
from .node import is_there, own_id, spec_of, unrecorded, values_of, views
from .plates import export
from .results import RED, describe, made_of, pattern_of, show_take, take_for
from .session import check_licence, session

_MOST_SAID = 20


class Run:
    """One press of a button: a job for every view, all into one take."""

    def __init__(self, node, frames):
        self.node, self.frames = node, frames
        self.id = own_id(node)
        self.spec = spec_of(node)
        self.views = views()
        self.jobs = {}
        self.error = None
        self.done = False
        self._scratch = tempfile.mkdtemp(prefix="backlot-")
        self._task = None

    def start(self):
        """Render the pipes, then hand over to the companion. Raises: LinkError."""
        node, spec = self.node, self.spec
        check_licence()
        values = values_of(node, spec, self.frames)
        settings, pipes = made_of(node, spec)
        link = session.connected()
        say(node, "Rendering the pipes")
        plates = {}
        for view in self.views:
            folder = "{}/{}".format(self._scratch, view)
            plates[view] = export(node, spec, self.frames, view, folder)
        self.take = take_for(node, self.frames, settings)
        self.pattern = pattern_of(node, self.views)
        before = self.take.recipe()
        self.recipe = dict(
            before,
            tool=spec["name"],
            node=node.fullName(),
            params=values,
            pattern=self.pattern,
            views=self.views,
            made_of=before.get("made_of") or "{} {} {}".format(settings, pipes, nuke.frame()),
        )
        if nuke.GUI:
            self._task = nuke.ProgressTask("{}: {}".format(node.name(), spec["label"]))
        session.runs[self.id] = self
        for view in self.views:
            out = {"files": self.take.file(self.pattern.replace("%V", view))}
            if spec.get("rated"):
                out["report"] = self.take.file("report.{}.png".format(view))
            self.jobs[view] = link.run(
                spec["name"], self.frames, self._told,
                params=values, inputs=plates[view], out=out,
            )  # fmt: skip
        session.follow()

    def wait(self):
        """Until it is over, where no ticks come."""
        for job in list(self.jobs.values()):
            session.link.wait(job)

    def look(self):
        """On every tick: has the artist cancelled, or deleted the node?"""
        gone = not is_there(self.node)
        if gone or (self._task is not None and self._task.isCancelled()):
            self.cancel()

    def cancel(self):
        for job in self.jobs.values():
            if not job.ended:
                session.link.cancel(job)

    def _told(self, job, event):
        if not self.done and all(each.ended for each in self.jobs.values()):
            if len(self.jobs) == len(self.views):
                self._finish()
        elif is_there(self.node) and not self.done:
            say(self.node, job.status())
            if self._task is not None:
                whole = sum(each.fraction for each in self.jobs.values()) / len(self.jobs)
                self._task.setProgress(int(100 * whole))
                self._task.setMessage(job.status())

    def _finish(self):
        """Whatever was made is kept and shown; what failed is said."""
        self.done, self._task = True, None
        session.runs.pop(self.id, None)
        shutil.rmtree(self._scratch, ignore_errors=True)
        jobs = list(self.jobs.values())
        finished = set(self.frames)
        for job in jobs:
            finished &= set(job.results)
        self.error = next((job.error for job in jobs if job.state == "failed"), None)
        failed = {}
        for job in jobs:
            failed.update({str(f): e.to_json() for f, e in job.frame_errors.items()})
        engine = next((job.engine for job in jobs if job.engine), "")
        before = set(self.recipe.get("finished") or [])
        recipe = dict(self.recipe, finished=sorted(before | finished), failed=failed)
        recipe["measured"] = dict(self.recipe.get("measured") or {}, **_measured(jobs))
        recipe["warnings"] = _warnings(jobs)
        reports = [str(job.outcome["report"]) for job in jobs if job.outcome.get("report")]
        recipe["report"] = os.path.basename(reports[0]) if reports else ""
        kept = recipe["made_of"].split()[:3]
        recipe["made_of"] = " ".join([*kept, session.weights_of(engine)]).strip()
        self._save(dict(recipe, model=session.made_with(engine) or recipe.get("model", "")))
        if is_there(self.node):
            self._show(jobs, finished, failed)

    def _save(self, recipe):
        try:
            self.take.save_recipe(recipe)
        except OSError as error:
            self.error = LinkError(
                "cannot-write",
                "The take could not be written down: {}.".format(error.strerror),
                "Make room, and render again: finished frames are kept.",
            )

    def _show(self, jobs, finished, failed):
        node = self.node
        if finished:
            show_take(node, self.take)
        if self.error is not None:
            fail(node, self.error)
        elif any(job.state == "cancelled" for job in jobs):
            say(node, "Cancelled, {} kept".format(len(finished)))
            node["tile_color"].setValue(0)
        elif failed:
            frame, error = sorted(failed.items())[0]
            fail(node, LinkError(error["code"], error["sentence"], error["hint"]), frame)
        else:
            say(node, describe(self.take))
            node["tile_color"].setValue(0)
            found = findings.told(self.take.recipe())
            if found:
                session.details[self.id] = "{}: {}\n{}".format(node.name(), self.take.name, found)


def _measured(jobs):
    """What the tool found out, by frame; of the first view that says anything."""
    found = {}
    for job in reversed(jobs):
        for frame, event in job.results.items():
            if event.get("measured"):
                found[str(frame)] = event["measured"]
    return found


def _warnings(jobs):
    """What the tool said besides, once each: the last words are about the whole shot."""
    return list(dict.fromkeys(each for job in jobs for each in job.warnings))[-_MOST_SAID:]


def say(node, sentence):
    if node["status"].value() != sentence:
        with unrecorded():
            node["status"].setValue(sentence)


def fail(node, error, frame=None):
    """The sentence on the node, the rest for Details. Not recorded for undo."""
    where = "" if frame is None else "Frame {}: ".format(frame)
    say(node, "ERROR: {}{}".format(where, error.sentence))
    with unrecorded():
        node["tile_color"].setValue(RED)
    log = session.link.log() if session.link is not None else ""
    session.details[node["backlot_id"].value()] = "{}{}\n\n{}".format(where, error.details(), log)


def start(node, frames):
    """Make frames of a node. Returns the Run; None when it could not begin, which the node says."""
    run = None
    try:
        if own_id(node) in session.runs:
            say(node, "It is rendering already")
            return None
        run = Run(node, frames)
        run.start()
        return run
    except nuke.CancelledError:
        say(node, "Cancelled")
    except LinkError as error:
        fail(node, error)
    except OSError as error:
        fail(node, LinkError("cannot-write", "Writing failed: {}.".format(error.strerror or error),
                             "Make room, or choose another folder on the Output tab."))  # fmt: skip
    except Exception as error:  # a defect of ours must not end in a traceback before the artist
        sentence = "Backlot met an error of its own ({}).".format(type(error).__name__)
        fail(node, LinkError("internal", sentence, traceback.format_exc()))
    if run is not None:
        session.runs.pop(run.id, None)
        shutil.rmtree(run._scratch, ignore_errors=True)
    return None

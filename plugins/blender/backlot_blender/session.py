# SPDX-License-Identifier: GPL-3.0-or-later
"""The companion process of this Blender, what runs in it, and the timer that hears of it.

Everything here happens on the main thread: the link's own threads only fill a queue.
"""

import contextlib
import time
import traceback

import bpy

from . import controls, preferences
from .host import Buffer, Link, LinkError, find_command

TICK = 0.1
_DRAIN_SECONDS = 0.002
_KEPT_TASKS = 20


class Task:
    """One run, as the panels show it. place: what it is of, such as ("image", "plate").

    finished: called with the task when it is done, on the main thread. take: where its files go.
    lent: input name -> buffer that it holds.
    """

    def __init__(self, label, place, finished=None):
        self.label = label
        self.place = place
        self.finished = finished
        self.job = None
        self.error = None
        self.note = "Starting"
        self.result = None
        self.take = None
        self.lent = {}
        self._cancelled = False

    @property
    def state(self):
        if self.error is not None:
            return "failed"
        if self.job is not None:
            return self.job.state
        return "cancelled" if self._cancelled else "idle"

    @property
    def ended(self):
        return self.state in ("done", "failed", "cancelled")

    @property
    def fraction(self):
        return 0.0 if self.job is None else self.job.fraction

    def status(self):
        """One line."""
        if self.error is not None:
            return self.error.sentence
        return self.job.status() if self.job is not None else self.note

    def fail(self, error):
        self.error = error
        self.give_up()
        _redraw()

    def give_up(self):
        """Nothing comes of it: an empty take is not kept."""
        self.give_back(*self.lent)
        if self.take is not None:
            self.take.discard()

    def give_back(self, *names):
        """Free the buffers of these inputs."""
        for name in names:
            buffer = self.lent.pop(name)
            buffer.close()
            if _state.link is not None:
                _state.link.ask("free", {"buffer": buffer.name})

    def cancel(self):
        self._cancelled = True
        if self.job is not None and _state.link is not None:
            _state.link.cancel(self.job)

    @property
    def cancelled(self):
        return self._cancelled


class _State:
    def __init__(self):
        self.link = None
        self.tasks = []
        self.steps = []
        self.problem = None


_state = _State()


def tasks(place=None):
    """Newest last; those of one place, or all."""
    return [task for task in _state.tasks if place is None or task.place == place]


def latest(place):
    found = tasks(place)
    return found[-1] if found else None


def live():
    return [task for task in _state.tasks if not task.ended]


def add(task):
    """Show a task in the panels and keep the timer going until it has ended."""
    _state.tasks.append(task)
    ended = [each for each in _state.tasks if each.ended]
    for old in ended[: max(0, len(ended) - _KEPT_TASKS)]:
        _state.tasks.remove(old)
    _wake()
    return task


def forget(task):
    if task in _state.tasks:
        _state.tasks.remove(task)
    _redraw()


def link():
    """The running companion, started when there is none. Raises: LinkError."""
    if _state.link is None or not _state.link.alive:
        if _state.link is not None:
            _end(_state.link)
        command = find_command(preferences.backlot_path())
        version = ".".join(str(number) for number in bpy.app.version)
        started = Link(command, "blender " + version)
        _state.link = started
        started.ask("hello", {"link": 1, "client": started.client}, _greeted)
        started.ask("tools", {}, _told_tools)
    _wake()
    return _state.link


def _end(old):
    """End a companion, and tell the tasks that were still in it."""
    old.close()
    old.drain(1.0)


def try_out(then):
    """Start afresh where no job runs, and call then(tools, error) when it is known."""
    if _state.link is not None and not live():
        _end(_state.link)
    try:
        made = link()
    except LinkError as error:
        then(None, error)
        return
    made.ask("tools", {}, then)


def log():
    return _state.link.log() if _state.link is not None else ""


def problem():
    """Why nothing works, as far as that is known; None when all is well."""
    return _state.problem


def start(task, tool, frames, **request):
    """Send a task's job. Its task fails when that is not possible."""
    _begin(task, lambda then: link().run(tool, frames, then, **request))


def check(task, character, frames, **request):
    """Send a task that holds a shot against a character; otherwise as `start`."""
    _begin(task, lambda then: link().check(character, frames, then, **request))


def _begin(task, send):
    if task.cancelled:
        return
    try:
        task.job = send(lambda job, event: _heard(task, event))
    except LinkError as error:
        task.fail(error)
    _wake()


def mapped(told):
    """A buffer that the companion described. Raises: LinkError when it cannot be opened."""
    try:
        return Buffer(told)
    except OSError as error:
        raise LinkError(
            "denied",
            f"Memory cannot be shared with Backlot: {error.strerror}.",
            "Run Blender and Backlot as the same user, both inside or both outside a container.",
        ) from error


def each_tick(task, step):
    """Call step() at every tick until it returns False: work in small pieces on the main thread."""

    def guarded_step():
        more = False
        with guarded(task):
            more = step()
        return more

    _state.steps.append(guarded_step)
    _wake()


@contextlib.contextmanager
def guarded(task):
    """An error inside becomes the task's, and not the end of the timer that called."""
    try:
        yield
    except LinkError as error:
        task.fail(error)
    except Exception as error:
        traceback.print_exc()
        task.fail(
            LinkError(
                "internal",
                f"The add-on met an error of its own ({type(error).__name__}: {error}).",
                "Copy the details into a report. What is finished lies in the folder of takes.",
            )
        )


def undo_step(label):
    """What a job brought is a step of its own: undoing an older one must not take it away."""
    manager = bpy.context.window_manager
    if not bpy.app.background and manager is not None and manager.windows:
        with bpy.context.temp_override(window=manager.windows[0]):
            bpy.ops.ed.undo_push(message="Backlot " + label)


def finish(task, timeout=None):
    """Wait for a task where no timer fires: in background. Raises: LinkError when it failed."""
    end = None if timeout is None else time.monotonic() + timeout
    while not task.ended:
        _work(0.05)
        time.sleep(0.005)
        if end is not None and time.monotonic() > end:
            task.cancel()
            raise LinkError("deadline-exceeded", "The job did not end in time.", "Try again.")
    if task.state == "failed":
        raise task.error or task.job.error
    return task


def ran(operator, *tasks):
    """What an operator that began tasks returns: in background it waits for them first."""
    if bpy.app.background:
        try:
            for task in tasks:
                finish(task)
        except LinkError as error:
            operator.report({"ERROR"}, f"{error.sentence} {error.hint}")
            return {"CANCELLED"}
    return {"FINISHED"}


def close():
    """End the companion and the timer."""
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    if _state.link is not None:
        _state.link.close()
    _state.__init__()


def _heard(task, event):
    if event["event"] == "done" and task.finished is not None:
        with guarded(task):
            task.finished(task)
            undo_step(task.label)
        task.give_back(*task.lent)
    elif event["event"] == "error":
        task.fail(task.job.error)
    elif event["event"] == "cancelled":
        task.give_up()
    _redraw()


def _greeted(result, error):
    if error is not None:
        _state.problem = error
        _redraw()


def _told_tools(result, error):
    _state.problem = error
    if error is None:
        controls.update(result["tools"])
    _redraw()


def _wake():
    """The timer runs only while there is something to hear: never in background."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=0.01, persistent=True)


def _tick():
    _work(_DRAIN_SECONDS)
    busy = _state.link is not None and _state.link.alive and _state.link.busy
    return TICK if busy or _state.steps or live() else None


def _work(seconds):
    if _state.link is not None and _state.link.drain(seconds):
        _redraw()
    for step in list(_state.steps):
        if not step():
            _state.steps.remove(step)


def _redraw():
    """Have the panels drawn again that show any of this."""
    manager = getattr(bpy.context, "window_manager", None)
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            if area.type in _SHOWING:
                area.tag_redraw()
        window.workspace.status_text_set_internal(None)  # has the status bar drawn again


_SHOWING = ("IMAGE_EDITOR", "NODE_EDITOR", "SEQUENCE_EDITOR", "PROPERTIES", "PREFERENCES")

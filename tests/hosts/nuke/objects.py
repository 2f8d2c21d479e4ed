"""The small things of the module `nuke`: frame ranges, progress, undo."""

import re


class FrameRange(object):
    def __init__(self, first, last, increment=1):
        self._all = first, last, increment

    def first(self):
        return self._all[0]

    def last(self):
        return self._all[1]

    def increment(self):
        return self._all[2]


class FrameRanges(object):
    """ "1-10x2,15", as Nuke's users write it."""

    def __init__(self, text=""):
        self._frames = []
        for part in re.split(r"[,\s]+", text.strip()):
            found = re.match(r"(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?$", part)
            if not found:
                raise RuntimeError("Invalid frame range: " + text)
            first, last, step = found.groups()
            self._frames += range(int(first), int(last or first) + 1, int(step or 1))

    def toFrameList(self):
        return list(self._frames)

    def minFrame(self):
        return min(self._frames)

    def maxFrame(self):
        return max(self._frames)


class ProgressTask(object):
    """host: the simulated artist presses Cancel by `host.cancel_progress = True`."""

    _host = None

    def __init__(self, title=""):
        self._host._edit("ProgressTask")
        self._host.progress.append((title, []))
        self._told = self._host.progress[-1][1]

    def setProgress(self, i):
        if not isinstance(i, int):
            raise TypeError("setProgress needs an int")
        self._told.append(i)

    def setMessage(self, s):
        self._told.append(str(s))

    def isCancelled(self):
        return self._host.cancel_progress


class Undo(object):
    def begin(self, *names):
        pass

    def end(self):
        pass

    def disable(self):
        pass

    def enable(self):
        pass


class CancelledError(RuntimeError):
    pass

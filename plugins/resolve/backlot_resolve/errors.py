"""What can go wrong between Backlot and Resolve: the cause in a sentence, the cure in the hint."""

from __future__ import annotations

from backlot.errors import BacklotError


class HostError(BacklotError):
    """Resolve did not do what was asked."""

    code = "host"
    exit_code = 2


class NotConnected(HostError):
    """No Resolve answers, or it went away."""

    code = "host-not-connected"
    retryable = True


class Refused(HostError):
    """A call answered with its failure value, or said yes and did nothing."""

    code = "host-refused"


class Changed(HostError):
    """The project, timeline or clip is not what it was when the job was sent."""

    code = "host-changed"


class NeedsVersion(HostError):
    """This version of Resolve cannot do it."""

    code = "host-version"


class Busy(HostError):
    """Resolve is rendering for its user, or waits behind a dialog."""

    code = "host-busy"
    retryable = True


NO_ANSWER = NotConnected(
    "DaVinci Resolve does not answer.",
    "Start DaVinci Resolve Studio, open a project, and set Preferences > System > General > "
    "“External scripting using” to Local. The free edition takes no commands from outside.",
)


def gone() -> NotConnected:
    return NotConnected(
        "DaVinci Resolve was closed or lost.",
        "Open the project again; finished frames are kept, and the job goes on where it was.",
    )

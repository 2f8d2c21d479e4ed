"""The companion process of an artist's application: JSON lines on stdin and stdout.

`backlot link`, or `python -m backlot.link`. docs/link.md is the protocol; `backlot.host` is the
other end. A host never loads gRPC, numpy or colour libraries of ours: they live here, and a crash
here costs the host a retry.
"""

from __future__ import annotations

LINK = 1
LINK_OLDEST = 1


def main() -> int:
    """Serve until stdin ends. The exit code is 0."""
    from .companion import serve_pipes

    return serve_pipes()

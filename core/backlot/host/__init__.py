"""The half of Backlot that runs inside an application: standard library alone, Python 3.7 syntax.

It starts the companion process (`backlot link`), speaks docs/link.md with it, and keeps what a
host needs to know about jobs, takes and tools. Nothing here calls the host: a plugin drains the
link on its own main thread. The folder is copied into each plugin's package when it is built,
hence the relative imports.
"""

from .buffers import Buffer
from .errors import LinkError
from .find import clean_environment, find_command
from .jobs import Job
from .link import LINK, Link
from .specs import arranged, defaults, load_specs, offered, save_specs, spec_named, window
from .takes import Take, Takes, fingerprint, stamps

__all__ = [
    "LINK",
    "Buffer",
    "Job",
    "Link",
    "LinkError",
    "Take",
    "Takes",
    "arranged",
    "clean_environment",
    "defaults",
    "find_command",
    "fingerprint",
    "load_specs",
    "offered",
    "save_specs",
    "spec_named",
    "stamps",
    "window",
]

"""A file is on disk whole under its name, or not at all; and why it could not be, in words."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import CannotWrite


@contextmanager
def atomic(target: Path) -> Iterator[str]:
    """A temporary name beside `target` that takes its place when the block ends well."""
    temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}.part"
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield str(temporary)
        _sync(temporary)
        os.replace(temporary, target)
        _sync(target.parent)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some room and run the same command again."),
    errno.EDQUOT: ("the disk quota is used up", "Free some room and run the same command again."),
    errno.EROFS: ("the disk is read-only", "Choose another output folder."),
    errno.EACCES: ("no permission", "Choose a folder that you may write to."),
    errno.EPERM: ("no permission", "Choose a folder that you may write to."),
    errno.ENOENT: ("its folder is not there", "Create the folder first."),
    errno.ENOTDIR: ("its folder is not a folder", "Choose another output folder."),
    errno.EISDIR: ("a folder has that name", "Choose another name."),
    errno.EEXIST: ("a file has that name", "Choose another name."),
    errno.ENAMETOOLONG: ("its name is too long", "Choose a shorter name."),
    errno.EFBIG: ("the file would be larger than allowed here", "Raise the file size limit."),
}


def cannot_write(target: Path, error: OSError) -> CannotWrite:
    """The error for a person, from the system's."""
    reason, hint = _REASONS.get(error.errno or 0, (error.strerror or "unknown reason", ""))
    return CannotWrite(f"{target.name} cannot be written: {reason}.", hint)

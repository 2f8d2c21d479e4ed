"""As many threads as this process may use, and work on pixels cut into strips of rows."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

LEAST_ROWS = 16


@lru_cache(maxsize=1)
def threads() -> int:
    """Cores that this process may keep busy: its affinity and its control group's quota."""
    own = getattr(os, "sched_getaffinity", None)
    count = len(own(0)) if own else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        count = min(count, max(1, int(quota) // int(period)))
    except (OSError, ValueError):  # no control groups here, or no quota
        pass
    return count


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads(), thread_name_prefix="pixels")


def in_strips(work: Callable[[int, int], object], rows: int) -> None:
    """Call work(start, end) for strips that cover 0 to rows, on all threads. Waits for all.

    work: must let go of the interpreter (a compiled kernel with nogil) to gain anything.
    """
    count = max(1, min(threads(), rows // LEAST_ROWS))
    edges = [rows * n // count for n in range(count + 1)]
    waiting = [_pool().submit(work, *ends) for ends in itertools.pairwise(edges[1:])]
    work(edges[0], edges[1])
    for each in waiting:
        each.result()

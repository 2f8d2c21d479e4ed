"""What a start costs: importing the client, and a server ready to serve."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .figures import Figure, medians


def figures() -> Iterator[Figure]:
    def python(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True)

    bare, client = medians(lambda: python("pass"), lambda: python("import backlot"), rounds=11)
    yield Figure("import backlot, over bare Python", (client - bare) * 1e3, "ms", 60.0)
    ready = sorted(_ready() for _ in range(5))
    note = f"best {ready[0]:.2f} s"
    yield Figure("server ready after its start", ready[len(ready) // 2], "s", 1.5, note)


def _ready() -> float:
    """Seconds from starting the process until the endpoint file says that it serves."""
    with tempfile.TemporaryDirectory(prefix="backlot-bench-") as folder:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "backlot_server", "--runtime", folder],
            stderr=subprocess.DEVNULL,
        )
        while not (Path(folder) / "server.json").exists():
            if process.poll() is not None:
                raise RuntimeError("the server ended before it served")
            time.sleep(0.002)
        taken = time.perf_counter() - start
        process.terminate()
        process.wait(20)
    return taken

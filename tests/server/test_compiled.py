"""Compiled loops: the process that compiles one must give the bits of those that load it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER = ROOT / "server" / "backlot_server"
PICTURES = """
import hashlib
import numpy as np
from backlot_server.spectral import extrapolate
from tests.server.shots import FIRST, Deep, run, texture
plate = texture(96, 128)
hole = np.zeros(plate.shape[:2], bool)
hole[30:60, 40:80] = True
plate = np.where(hole[..., None], 0, plate).astype(np.float32)
still = extrapolate(plate, hole, hole, lambda: None)
deep = Deep(noise=0.01)
made, _ = run(deep.inputs(), FIRST + 5, FIRST + 6)
for picture in (still, *made.values()):
    print(hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest())
"""


def compiled() -> Iterator[tuple[Path, ast.FunctionDef, set[str | None]]]:
    """Every compiled function of the server, and what its decorator tells."""
    for path in sorted(SERVER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            for mark in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "numba.njit":
                    yield path, node, {told.arg for told in mark.keywords}


def test_what_fast_loops_call_is_made_part_of_them() -> None:
    """Else the linker takes the copy that was compiled first, which rounds in its own way."""
    calls = (node for _, loop, _ in compiled() for node in ast.walk(loop))
    called = {ast.unparse(call.func) for call in calls if isinstance(call, ast.Call)}
    fast = [(p, f.name, told) for p, f, told in compiled() if "fastmath" in told]
    assert "_transform" in called & {name for _, name, _ in fast}
    for path, name, told in fast:
        inside = told & {"forceinline", "inline"}
        assert inside or name not in called, f"{path.name}: {name} has to be forceinline"


@pytest.mark.slow
def test_the_first_process_of_an_installation_makes_the_bits_of_the_next(tmp_path: Path) -> None:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", PICTURES],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=True,
            timeout=500,
        ).stdout
        for _ in range(2)
    )
    assert first.count("\n") == 3
    assert first == second
    assert list(tmp_path.rglob("*.nbc"))

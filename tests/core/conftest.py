"""A client, plates and a place for takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backlot.client import Studio, connect
from tests.plates import write_shot
from tests.takes import FRAMES


@pytest.fixture(scope="module")
def studio(shared_server) -> Iterator[Studio]:
    with connect(endpoint=shared_server.endpoint, client="test") as opened:
        yield opened


@pytest.fixture
def source(tmp_path: Path) -> str:
    return write_shot(tmp_path, FRAMES)[0]


@pytest.fixture
def out(tmp_path: Path) -> str:
    return str(tmp_path / "out" / "copy.####.exr")

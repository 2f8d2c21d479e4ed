"""Two runs on one take: never on the same frames, and nothing is left when one is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backlot.claim import Claim
from backlot.errors import CannotWrite, InvalidInput

HOLD = """
import sys
from pathlib import Path
from backlot.claim import Claim
with Claim(Path(sys.argv[1]), range(int(sys.argv[2]), int(sys.argv[3]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path, first: int, end: int) -> subprocess.Popen[str]:
    """Another process that claims frames until its stdin is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(first), str(end)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_same_frame_is_refused_with_its_number(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    with Claim(lock, [1, 2, 3]):
        with pytest.raises(InvalidInput, match="Frame 3 "), Claim(lock, [3, 4]):
            pass
        with Claim(lock, [4, -5]):
            pass
        with pytest.raises(InvalidInput, match="Frame 1 "), Claim(lock, [1]):
            pass
    with Claim(lock, [1, 2, 3]):
        pass
    assert not lock.exists()


def test_another_process_is_kept_out_of_its_frames_only(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    other = holder(lock, -2, 5)
    with pytest.raises(InvalidInput, match="Frame 4 "), Claim(lock, [4, 5]):
        pass
    with Claim(lock, [5, 6]):
        pass
    assert lock.exists(), "the other run still needs it"
    other.communicate()
    assert not lock.exists()


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    other = holder(lock, 1, 10)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    with Claim(lock, range(1, 10)):
        pass
    assert not lock.exists()


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotWrite, match=r"^x+\.exr cannot be written: its name is too long\.$"),
        Claim(tmp_path / f".{'x' * 240}.exr.backlot.lock", [1]),
    ):
        pass


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite), Claim(tmp_path / "gone" / ".lock", [1]):
        pass

"""What is asked for is checked before anything is made: the inputs, and which frames they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from backlot import order
from backlot.errors import InvalidInput, NotFound
from backlot_server.tools.fill import SPEC
from tests.plates import write_shot


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    """A shot of six frames, 1001-1006, to be filled."""
    plates, mattes = write_shot(tmp_path, range(1001, 1007))
    return {"source": plates, "matte": mattes, "out": str(tmp_path / "clean.####.exr")}


def touched(folder: Path, *names: str) -> str:
    for name in names:
        (folder / name).write_bytes(b"")
    return str(folder / names[0])


@pytest.mark.parametrize("frames", [None, "1003", "1001-1006"])
def test_one_approved_file_is_the_frame_of_its_number(tmp_path: Path, given, frames) -> None:
    """Else a frame that was painted for 1002 would be laid over every frame of the shot."""
    approved = touched(tmp_path, "ok.1002.exr")
    asked = order.take(SPEC, **given, clean=approved, frames=frames)
    assert asked.inputs["clean"].frames() == (1002,)
    assert asked.path("clean", 1003).name == "ok.1003.exr", "which is not there"


def test_a_clean_plate_without_a_number_serves_every_frame(tmp_path: Path, given) -> None:
    asked = order.take(SPEC, **given, clean=touched(tmp_path, "empty_set_v02.exr"))
    assert asked.inputs["clean"].is_still


def test_a_still_s_clean_frame_may_have_another_number(tmp_path: Path, given) -> None:
    one = {**given, "source": given["source"].replace("####", "1001")}
    asked = order.take(SPEC, **one, clean=touched(tmp_path, "ok.7.exr"))
    assert asked.path("clean", 1001).name == "ok.7.exr"


@pytest.mark.parametrize("frames", [None, "1001-1006"])
def test_one_frame_of_the_plate_is_a_reference_for_all(given, frames) -> None:
    """Not each frame its own: there the object is."""
    one = given["source"].replace("####", "1001")
    asked = order.take(SPEC, **given, reference=one, frames=frames)
    assert str(asked.path("reference", 1004)) == one


NAMES = ["matte", "clean", "shadow", "depth", "vectors", "texture", "lines", "reference"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("files", ["nothing.####.exr", "nothing.exr"])
def test_what_is_not_there_at_all_is_refused(tmp_path: Path, given, name: str, files: str) -> None:
    """Else a mistyped depth or approved frame would be left out without a word."""
    with pytest.raises(NotFound, match="nothing") as told:
        order.take(SPEC, **{**given, name: str(tmp_path / files)})
    assert f"Looked for the {name} in" in told.value.hint


def test_inputs_that_are_numbered_unlike_the_plate_are_refused(tmp_path: Path, given) -> None:
    touched(tmp_path, "z.0001.exr", "z.0002.exr")
    with pytest.raises(InvalidInput, match=r"z\.####\.exr is one of the plate's: it has 1-2, the"):
        order.take(SPEC, **given, depth=str(tmp_path / "z.####.exr"))


def test_a_part_of_a_farm_may_lie_beyond_the_approved_frames(tmp_path: Path, given) -> None:
    approved = touched(tmp_path, "ok.1001.exr").replace("1001", "####")
    asked = order.take(SPEC, **given, clean=approved, frames="1005-1006")
    assert asked.on_disk["clean"] == {1001}

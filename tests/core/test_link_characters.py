"""Characters as a host gets at them: made, given a reference, checked, through a real companion."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backlot.character import folder
from backlot.character.references import read_all
from backlot.host import Link, LinkError
from tests.server.characters import REGIONS, WARM, frame

from .test_character_check import FRAMES, REDDER, write


@pytest.fixture
def link(runtime: Path) -> Iterator[Link]:
    made = Link([sys.executable, "-m", "backlot.link"], "test")
    yield made
    made.close()


@pytest.fixture
def hero(link: Link, tmp_path: Path) -> str:
    """Made and given its reference by the link alone."""
    made = link.call("character_new", {"folder": str(tmp_path / "hero"), "regions": list(REGIONS)})
    write(tmp_path / "good", 1007, frame(1007))
    asked = {
        "character": made["folder"],
        "plate": str(tmp_path / "good" / "plate.####.exr"),
        "mattes": str(tmp_path / "good" / "roto.####.exr"),
        "light": "studio",
    }
    added = link.call("character_add", asked)
    assert sorted(added["regions"]) == sorted(REGIONS)
    return str(made["folder"])


def shot(tmp_path: Path, **look: object) -> dict[str, object]:
    for number in FRAMES:
        write(tmp_path / "sh010", number, frame(number, **look))
    return {
        "plate": str(tmp_path / "sh010" / "plate.####.exr"),
        "mattes": str(tmp_path / "sh010" / "roto.####.exr"),
        "out": str(tmp_path / "check"),
    }


def test_a_reference_that_a_host_adds_is_in_the_folder(hero: str) -> None:
    (reference,) = read_all(folder.load(hero))
    assert (reference.shot, reference.number, reference.light) == ("plate", 1007, "studio")


def test_a_check_tells_every_frame_and_what_it_comes_to(
    link: Link, hero: str, tmp_path: Path
) -> None:
    asked = shot(tmp_path, drift=REDDER, light=WARM)
    job = link.wait(link.check(hero, list(FRAMES), **asked), 120)
    assert job.state == "done", job.error and job.error.details()
    assert sorted(job.results) == list(FRAMES)
    sizes = {n: told["measured"]["regions"]["coat"]["size"] for n, told in job.results.items()}
    found = {each["region"]: each for each in job.outcome["regions"]}
    assert {name for name, each in found.items() if each["verdict"] == "changed"} == {"coat"}
    assert found["coat"]["worst"] == max(sizes, key=sizes.get)
    assert found["coat"]["spans"] == [[1001, 1006]]
    assert job.outcome["verdict"] == "changed"
    assert job.outcome["faces"] == "Faces are not compared: no face network is installed."
    assert "face" not in job.outcome
    assert "coat changed by" in Path(job.outcome["report"]).read_text()
    again = link.wait(link.check(hero, [], **asked), 120)
    assert sorted(again.results) == list(FRAMES), "what is kept is told too"


def test_frames_that_are_not_there_fail_alone(link: Link, hero: str, tmp_path: Path) -> None:
    asked = shot(tmp_path)
    (tmp_path / "sh010" / "plate.1003.exr").unlink()
    job = link.wait(link.check(hero, list(FRAMES), **asked), 120)
    assert job.state == "done"
    assert sorted(job.frame_errors) == [1003]
    assert "plate.1003.exr" in job.frame_errors[1003].sentence
    assert job.outcome["failed"] == 1


def test_a_check_without_consent_is_refused(link: Link, hero: str, tmp_path: Path) -> None:
    path = Path(hero) / folder.FILE
    fields = json.loads(path.read_text())
    fields["consent"] = {"holder": "Ada", "allowed": ["lock"], "may_train": False}
    path.write_text(json.dumps(fields))
    job = link.wait(link.check(hero, list(FRAMES), **shot(tmp_path)), 300)
    assert job.state == "failed"
    assert job.error is not None
    assert "check" in job.error.sentence


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("character_new", {"folder": "x"}),
        ("character_add", {"character": "x"}),
        ("character_check", {"character": "x", "plate": "y", "out": "z", "clip": "much"}),
    ],
)
def test_what_is_missing_is_said(link: Link, method: str, given: dict[str, object]) -> None:
    with pytest.raises(LinkError) as caught:
        link.call(method, given)
    assert caught.value.code == "invalid-input"

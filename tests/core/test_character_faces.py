"""A character's face from folder to report: consent, what is kept and sent, what a check says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

import backlot
from backlot.character import adding, consent, faces, folder, references, report, sending, shotlist
from backlot.character import check as checks
from backlot.character.check import Check
from backlot.character.consent import Consent
from backlot.client import Studio, connect
from backlot.errors import ConsentDenied
from backlot.shot import process
from tests.conftest import RunningServer
from tests.server.faces import REGIONS, Person, install_pair, mattes, plate

HERO = Person("hero")
OTHER = Person("other", x=400)
ALL = ("check", "lock", "face-embedding")
TODAY = date.today()


@pytest.fixture(scope="module")
def with_networks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("home")
    install_pair(home)
    server = RunningServer(env={"BACKLOT_HOME": str(home)}, idle=600)
    yield server
    server.close()


@pytest.fixture(scope="module")
def studio(with_networks: RunningServer) -> Iterator[Studio]:
    with connect(endpoint=with_networks.endpoint, client="test") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKLOT_SHOW", raising=False)
    monkeypatch.delenv("BACKLOT_PRODUCTION", raising=False)
    consent._logged.clear()
    consent._answered.clear()


def made(where: Path, person: Person, holder: str, uses: tuple[str, ...] = ALL) -> folder.Character:
    """A character with references of its face from the front and turned."""
    character = folder.new(where / person.name, person.name.title(), tuple(REGIONS))
    allowed(character, Consent(holder, uses=uses))
    for number, yaw in enumerate((0, 12, -30), 1):
        one = replace(person, yaw=yaw)
        references.add(folder.load(where / person.name), plate(one, number=number), mattes(one))
    return folder.load(where / person.name)


def allowed(character: folder.Character, record: Consent | None) -> folder.Character:
    folder.save(replace(character, consent=record))
    return folder.load(character.folder)


@pytest.fixture
def hero(tmp_path: Path) -> folder.Character:
    return made(tmp_path / "cast", HERO, "A. Performer")


@pytest.fixture
def cast(hero: folder.Character, tmp_path: Path) -> folder.Character:
    """The hero, beside another of whom the check may know what the face is like."""
    made(tmp_path / "cast", OTHER, "B. Performer")
    return hero


def shoot(where: Path, *frames: tuple[Person, ...], person: Person = HERO, **light) -> None:
    """A shot in which the first of each frame's people is the one that mattes are of."""
    where.mkdir(parents=True)
    for number, people in enumerate(frames, 1001):
        backlot.write(where / f"plate.{number}.exr", plate(*people, number=number, **light))
        backlot.write(where / f"roto.{number}.exr", mattes(people[0]))


def run(studio: Studio, character: folder.Character, listed: Path, out: Path) -> dict:
    """Results by shot."""
    shots = shotlist.read(listed)
    text = sending.sent(studio, character.folder, "check")
    compared = faces.told(studio, character)
    checked = report.begin(out, character, references.read_all(character), shots, None, compared)
    found = {result.shot: result for result in checks.run(studio, Check(text, shots, out))}
    report.write(checked)
    return found


def vectors(character: folder.Character) -> list[Path]:
    return sorted((character.folder / "faces").glob("*.json"))


def log(character: folder.Character) -> list[tuple[str, bool]]:
    path = character.folder / "consent.log"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(line["use"], line["allowed"]) for line in map(json.loads, lines)]


def test_faces_in_shots(studio: Studio, cast: folder.Character, tmp_path: Path) -> None:
    """As it should be, under other light and turned; somebody else in its clothes; turned away."""
    near = replace(HERO, x=420)
    shots = tmp_path / "shots"
    shoot(shots / "as-it-is", *[(replace(HERO, yaw=y), OTHER) for y in (0, 8, 28)], stops=-4)
    shoot(shots / "double", *[(replace(HERO, name="stranger"), near)] * 3)
    shoot(shots / "away", *[(replace(HERO, yaw=75),)] * 3)
    shoot(shots / "small", *[(replace(HERO, height=34),)] * 2)
    found = run(studio, cast, shots, tmp_path / "out")
    said = {name: str(result.face) for name, result in found.items()}
    assert found["as-it-is"].face.verdict == "same", said
    assert found["as-it-is"].face.compared == 3
    assert found["double"].face.verdict == "other", said
    assert found["double"].face.spans == ((1001, 1003),)
    assert found["double"].verdict == "changed"
    assert said["away"] == "likeness cannot be told: the face is turned away"
    assert said["small"] == "likeness cannot be told: the face is too small in the picture"
    page = (tmp_path / "out" / "report.html").read_text()
    assert "faces-find (green) and faces-know (amber)" in page
    assert "<th>Likeness</th>" in page
    assert "likeness of another face" in page
    told = json.loads((tmp_path / "out" / "report.json").read_text())
    assert told["faces"].startswith("Faces are compared by faces-find (green)")
    assert "3 faces of 1 other character; the same from 0." in told["faces"]
    assert {shot["shot"]: shot["face"]["verdict"] for shot in told["shots"]}["double"] == "other"
    markers = (tmp_path / "out" / "markers.otio").read_text()
    assert "Hero: another face" in markers


def test_vectors_stay_in_the_folder(studio: Studio, cast: folder.Character, tmp_path: Path) -> None:
    """Not in results, not in a take, not in what scripts see; not under version control."""
    shoot(tmp_path / "shots" / "sh010", (HERO,))
    run(studio, cast, tmp_path / "shots", tmp_path / "out")
    process(
        studio,
        "character-lock",
        tmp_path / "shots" / "sh010" / "plate.####.exr",
        tmp_path / "take" / "copy.####.exr",
        matte=str(tmp_path / "shots" / "sh010" / "roto.####.exr"),
        character=str(cast.folder),
    )
    texts = [json.loads(path.read_text())["vector"] for path in vectors(cast)]
    assert len(texts) == 3
    written = [
        path
        for place in ("out", "take", "shots")
        for path in (tmp_path / place).rglob("*")
        if path.is_file()
    ]
    assert any(path.suffix == ".jsonl" for path in written)
    manifest = next(path for path in written if "take" in path.parts and path.suffix == ".json")
    assert '"similarity"' in manifest.read_text()
    for path in written:
        assert not any(text[:40].encode() in path.read_bytes() for text in texts), path
    sent = sending.sent(studio, cast.folder, "check")
    assert "vectors" not in sent
    assert "face" in json.loads(sent)
    assert "face" not in json.loads(sending.sent(studio, cast.folder, "lock"))
    assert (cast.folder / "faces" / ".gitignore").read_text() == "*\n"


def test_vectors_are_kept_until_reference_or_network_changes(
    studio: Studio, hero: folder.Character
) -> None:
    faces.gathered(studio, hero)
    first = vectors(hero)[0]
    before = first.read_text()
    stamp = first.stat().st_mtime_ns
    faces.gathered(studio, hero)
    assert first.stat().st_mtime_ns == stamp
    fields = json.loads(before)
    for broken in (
        "",
        "[]",
        json.dumps({**fields, "vector": json.loads(vectors(hero)[1].read_text())["vector"]}),
        json.dumps({**fields, "made_from": "other networks"}),
    ):
        first.write_text(broken)
        faces.gathered(studio, hero)
        assert first.read_text() == before


def test_a_reference_that_is_gone_leaves_no_vector(studio: Studio, hero: folder.Character) -> None:
    faces.gathered(studio, hero)
    shutil.rmtree(references.read_all(hero)[0].folder)
    assert len(faces.gathered(studio, hero).faces) == len(vectors(hero)) == 2


def test_faces_stay_on_this_machine(
    studio: Studio, hero: folder.Character, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio, "remote", True)
    assert "the server is on another machine" in faces.told(studio, hero)
    assert "face" not in json.loads(sending.sent(studio, hero.folder, "check"))
    assert not vectors(hero)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (None, "no record of consent allows face-embedding"),
        (Consent("A. Performer"), "did not agree to face-embedding, only to check and lock"),
        (Consent("A. Performer", uses=ALL, productions=("dune-fox",)), "agreed for dune-fox"),
        (Consent("A. Performer", uses=ALL, begins=TODAY + timedelta(2)), "begins on"),
    ],
    ids=["none", "not for faces", "another production", "too early"],
)
def test_without_consent_the_rest_is_checked(
    studio: Studio, hero: folder.Character, tmp_path: Path, record: Consent | None, why: str
) -> None:
    """Colour needs no consent for faces; where check itself is refused, nothing is done."""
    hero = allowed(hero, record)
    reason = str(faces.gathered(studio, hero))
    assert reason.startswith("Faces are not compared: ")
    assert why in reason
    assert not vectors(hero)
    shoot(tmp_path / "shots" / "sh010", (HERO,))
    if record is not None and (record.begins or record.productions):
        with pytest.raises(ConsentDenied):
            run(studio, hero, tmp_path / "shots", tmp_path / "out")
        return
    found = run(studio, hero, tmp_path / "shots", tmp_path / "out")
    assert found["sh010"].face is None
    assert [each.verdict for each in found["sh010"].verdicts].count("unchanged") >= 3
    page = (tmp_path / "out" / "report.html").read_text()
    assert why in page
    assert "Likeness" not in page
    assert not vectors(hero)
    refused = [("face-embedding", False)] if record is not None else []
    assert [line for line in log(hero) if line[0] == "face-embedding"] == refused


@pytest.mark.parametrize(
    "record",
    [
        Consent("A. Performer", uses=ALL, revoked=TODAY),
        Consent("A. Performer", uses=ALL, ends=TODAY - timedelta(1)),
        Consent("A. Performer", uses=("check",)),
        None,
    ],
    ids=["revoked", "expired", "no longer for faces", "record removed"],
)
def test_vectors_go_when_consent_ends(
    studio: Studio, hero: folder.Character, record: Consent | None
) -> None:
    assert not faces.gathered(studio, hero).why
    assert len(vectors(hero)) == 3
    hero = allowed(hero, record)
    try:
        sending.sent(studio, hero.folder, "lock")
    except ConsentDenied:
        assert record is not None
    assert not vectors(hero)
    assert faces.gathered(studio, hero).why


def test_a_list_of_characters_removes_them_too(studio: Studio, hero: folder.Character) -> None:
    faces.gathered(studio, hero)
    allowed(hero, Consent("A. Performer", uses=ALL, revoked=TODAY))
    (listed,) = sending.library(hero.folder.parent)
    assert listed["consent"].startswith("revoked on")
    assert not vectors(hero)


def test_recording_that_it_is_revoked_removes_them_at_once(
    studio: Studio, hero: folder.Character
) -> None:
    faces.gathered(studio, hero)
    adding.record_consent(str(hero.folder), "", "", None, None, ("", "", TODAY.isoformat()))
    assert not vectors(hero)


def test_others_are_known_only_where_they_agreed(
    studio: Studio, hero: folder.Character, tmp_path: Path
) -> None:
    """The bounds rest on whose consent allows it; the hero's own other ages are no others."""
    alone = faces.gathered(studio, hero)
    assert "no bounds" in alone.basis
    assert not alone.bounds  # these networks have nothing published
    refusing = made(tmp_path / "cast", OTHER, "B. Performer", ("check", "lock"))
    made(tmp_path / "cast", replace(OTHER, name="hero-young"), "a. performer ")
    assert "no bounds" in faces.gathered(studio, hero).basis
    assert not vectors(refusing)
    assert ("face-embedding", True) not in log(refusing)
    agreeing = allowed(refusing, Consent("B. Performer", uses=ALL))
    found = faces.gathered(studio, hero)
    assert found.basis.endswith("3 faces of 1 other character")
    assert set(found.bounds) == {"front", "turned", "profile"}
    assert log(agreeing) == [("face-embedding", True)]


def test_a_face_without_a_matte_is_found(
    studio: Studio, shared_server: RunningServer, tmp_path: Path
) -> None:
    """Its colour is judged within an oval; nobody is recognised by that, so consent is not asked.
    Where no network is installed it is missing, as before."""
    person = replace(HERO, dots=0.04)
    hero = allowed(made(tmp_path / "cast", person, "A. Performer"), None)
    cloths = tuple(name for name in REGIONS if name != "face")
    red = replace(person, y=120)
    for name, flush in (("as-it-is", 1.0), ("flushed", 1.3)):
        where = tmp_path / "shots" / name
        where.mkdir(parents=True)
        for number in range(1001, 1004):
            frame = plate(red, OTHER, number=number)
            pixels = frame.pixels.copy()
            pixels[red.masks()["face"]] *= [flush, 1, 1]
            backlot.write(where / f"plate.{number}.exr", frame.with_pixels(pixels))
            whole = mattes(red, regions=cloths).pixels.copy()
            whole[..., -1] = mattes(red).pixels[..., -1]
            cover = backlot.Frame(whole, (*cloths, "A"), meaning="data")
            backlot.write(where / f"roto.{number}.exr", cover)

    def face(found: dict, shot: str) -> str:
        return next(each.verdict for each in found[shot].verdicts if each.region == "face")

    found = run(studio, hero, tmp_path / "shots", tmp_path / "out")
    assert (face(found, "as-it-is"), face(found, "flushed")) == ("unchanged", "changed")
    assert (
        "no matte of it on 3 frames; faces-find (green) found one"
        in (tmp_path / "out" / "report.html").read_text()
    )
    with connect(endpoint=shared_server.endpoint, client="test") as without:
        found = run(without, hero, tmp_path / "shots", tmp_path / "without")
    assert face(found, "flushed") == "cannot tell"


def test_references_without_a_face(studio: Studio, tmp_path: Path) -> None:
    character = folder.new(tmp_path / "back", "Back", tuple(REGIONS))
    character = allowed(character, Consent("A. Performer", uses=ALL))
    away = replace(HERO, yaw=75)
    references.add(character, plate(away), mattes(away))
    assert str(faces.gathered(studio, character)) == (
        "Faces are not compared: no reference shows it well enough: the face is turned away."
    )


def test_nothing_changes_where_no_network_is_installed(
    shared_server: RunningServer, hero: folder.Character, tmp_path: Path
) -> None:
    shoot(tmp_path / "shots" / "sh010", (HERO,))
    with connect(endpoint=shared_server.endpoint, client="test") as without:
        found = run(without, hero, tmp_path / "shots", tmp_path / "out")
        assert faces.told(without, hero) == (
            "Faces are not compared: no face network is installed."
        )
    assert found["sh010"].face is None
    assert not vectors(hero)
    assert ("face-embedding", True) not in log(hero)
    assert "no face network is installed" in (tmp_path / "out" / "report.html").read_text()


def test_networks_that_are_exchanged_or_damaged_under_a_check(
    hero: folder.Character, tmp_path: Path
) -> None:
    """What was made by other networks is compared with nothing; damage is told, and no more."""
    install_pair(tmp_path / "home")
    server = RunningServer(env={"BACKLOT_HOME": str(tmp_path / "home")})
    try:
        with connect(endpoint=server.endpoint, client="test") as studio:
            shoot(tmp_path / "shots" / "sh010", (HERO,))
            text = sending.sent(studio, hero.folder, "check")
            weights = tmp_path / "home" / "models" / "faces-know.onnx"
            weights.write_bytes(weights.read_bytes()[:-9] + b"not theirs")
            shots = shotlist.read(tmp_path / "shots")
            (result,) = checks.run(studio, Check(text, shots, tmp_path / "out"))
            assert str(result.face) == (
                "likeness cannot be told: the face networks were exchanged while it ran"
            )
            assert not result.failed
            faces._known.clear()
            assert "are not those of its card: damaged" in faces.told(studio, hero)
    finally:
        server.close()

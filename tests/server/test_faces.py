"""Networks for faces: how they are read, which faces can be compared, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot import Frame
from backlot.errors import BacklotError, InvalidInput, Unsupported
from backlot_server import faces
from backlot_server.faces import comparing, finding, pose, sface
from backlot_server.faces.finding import see
from backlot_server.faces.seeing import displayed
from backlot_server.models import add as adding
from backlot_server.models import catalogue, pull
from backlot_server.tools.character_face import searched
from tests.server.cards import NETWORKS, install
from tests.server.faces import Person, install_pair, mattes, plate

HERO = Person("hero", x=150)
OTHER = Person("other", x=400)


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> faces.Pair:
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    install_pair(tmp_path)
    found = faces.pair()
    assert found is not None
    return found


def seen(pair: faces.Pair, frame, person: Person = HERO, **limits) -> finding.Seen | None:
    return looked(pair, frame, mattes(person, **limits))


def looked(pair: faces.Pair, frame: Frame, matte: Frame) -> finding.Seen | None:
    """The face that the tool sees."""
    top, left, cover, within = searched(frame, matte)
    if not cover.size:
        return None
    here = np.s_[top : top + cover.shape[0], left : left + cover.shape[1]]
    pixels = frame.pixels[here].astype(np.float32)
    found = see(pair.detector, pixels, cover, alone=not within)
    return None if found is None else found.moved(left, top)


def likeness(pair: faces.Pair, one: finding.Seen, other: finding.Seen) -> float:
    return float(finding.vector(pair, one) @ finding.vector(pair, other))


def test_faces_are_read_as_opencv_reads_them(pair: faces.Pair) -> None:
    """OpenCV's FaceDetectorYN on the same network and picture is the other witness."""
    picture = np.zeros((640, 640, 3), np.uint8)
    picture[:360, :560] = displayed(plate(HERO, OTHER).pixels.astype(np.float32), 1.0)
    network = cv2.FaceDetectorYN.create(str(pair.detector.card.path), "", (640, 640), 0.6, 0.3)
    _, theirs = network.detect(np.ascontiguousarray(picture[..., ::-1]))
    ours = sorted(pair.detector(picture), key=lambda face: face.box[0])
    assert len(ours) == len(theirs) == 2
    for face, row in zip(ours, theirs[np.argsort(theirs[:, 0])], strict=True):
        np.testing.assert_allclose([*face.box, *face.points.ravel()], row[:14], atol=1e-2)
        assert face.score == pytest.approx(row[14], abs=1e-4)


def test_a_face_is_brought_to_its_place_and_measured_as_by_opencv(pair: faces.Pair) -> None:
    picture = displayed(plate(HERO).pixels.astype(np.float32), 1.0)
    (face,) = pair.detector(picture)
    row = np.array([[*face.box, *face.points.ravel(), face.score]], np.float32)
    network = cv2.FaceRecognizerSF.create(str(pair.embedder.card.path), "")
    theirs = network.alignCrop(picture, row)
    ours = sface.cropped(picture, face.points)
    np.testing.assert_allclose(ours, theirs, atol=3)
    feature = network.feature(np.ascontiguousarray(ours[..., ::-1]))[0]  # which takes BGR
    np.testing.assert_allclose(pair.embedder(ours), feature / np.linalg.norm(feature), atol=1e-5)


@given(st.floats(-60, 60), st.floats(-30, 30), st.floats(-40, 40), st.floats(0.1, 20))
def test_a_pose_is_found_whatever_the_size_and_the_roll(
    yaw: float, pitch: float, roll: float, size: float
) -> None:
    a, b, c = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    nod = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    seen = (pose.HEAD @ (turn @ nod).T)[:, :2] * size
    rolled = seen @ np.array([[np.cos(c), np.sin(c)], [-np.sin(c), np.cos(c)]]) + [300, 200]
    found = pose.pose(rolled)
    assert found.yaw == pytest.approx(yaw, abs=0.2)
    assert found.pitch == pytest.approx(pitch, abs=0.2)


def test_a_face_is_the_same_however_it_was_exposed(pair: faces.Pair) -> None:
    """Scene-linear, from seven stops under to seven over; half holds no more."""
    reference = seen(pair, plate(HERO, OTHER))
    assert reference is not None
    for stops in (-7, -3, 3, 7):
        one = seen(pair, plate(HERO, OTHER, number=2, stops=stops))
        assert one is not None, stops
        assert one.why == "", stops
        assert likeness(pair, reference, one) > 0.95, stops


def test_a_sun_in_the_picture_and_holes_in_it_change_nothing(pair: faces.Pair) -> None:
    frame = plate(HERO, stops=-4, dtype=np.float32)
    pixels = frame.pixels.copy()
    pixels[20:60, 20:60] = 5000.0
    pixels[200:210, 150:160] = np.nan
    pixels[300, 300] = np.inf
    one = seen(pair, frame.with_pixels(pixels))
    reference = seen(pair, plate(HERO))
    assert one is not None
    assert reference is not None
    assert likeness(pair, reference, one) > 0.95


def test_of_two_people_the_matte_says_which(pair: faces.Pair) -> None:
    frame = plate(HERO, OTHER)
    hero, other = seen(pair, frame), seen(pair, frame, OTHER)
    alone = seen(pair, plate(HERO, number=3))
    assert hero is not None
    assert other is not None
    assert alone is not None
    assert hero.face.points[2] == pytest.approx([150, 110], abs=3)
    assert other.face.points[2] == pytest.approx([400, 110], abs=3)
    assert likeness(pair, hero, alone) > 0.95
    assert likeness(pair, other, alone) < 0.5
    # An arm that reaches below the other: the rectangle around the matte shows both faces.
    arm = mattes(HERO).pixels[..., [-1]].copy()
    arm[250:262, 150:500] = 1
    reaching = Frame(arm, ("A",), meaning="data")
    both = looked(pair, frame, reaching)
    assert both is not None
    assert likeness(pair, both, alone) > 0.95


def test_where_a_face_is_looked_for(pair: faces.Pair) -> None:
    """In its matte, in the one matte of all, or between the parts: there it has to be alone."""
    frame = plate(HERO, OTHER)
    every = mattes(HERO)
    covers = (
        mattes(HERO, regions=("coat", "hair", "face")),
        every.with_pixels(every.pixels[..., [-1]], channels=("A",)),
        mattes(HERO, regions=("hair", "coat", "trousers")),
    )
    for matte, within in zip(covers, (True, True, False), strict=True):
        assert searched(frame, matte)[3] is within
        found = looked(pair, frame, matte)
        assert found is not None
        assert found.face.points[2] == pytest.approx([150, 110], abs=3)
    both = np.maximum(covers[2].pixels, mattes(OTHER, regions=("hair", "coat", "trousers")).pixels)
    assert looked(pair, frame, covers[2].with_pixels(both)) is None


@pytest.mark.parametrize(
    ("person", "options", "why"),
    [
        (replace(HERO, height=34), {}, finding.SMALL),
        (replace(HERO, yaw=75), {}, finding.TURNED),
        (HERO, {"blur": 4.0}, finding.BLURRED),
        (HERO, {"stops": -9.0, "dtype": np.float32}, finding.DARK),
    ],
    ids=lambda value: str(value)[:20],
)
def test_why_a_face_cannot_be_compared(
    pair: faces.Pair, person: Person, options: dict, why: str
) -> None:
    one = seen(pair, plate(person, **options), person)
    assert one is not None
    assert one.why == why


def test_an_overexposed_face_and_one_that_is_not_there(pair: faces.Pair) -> None:
    frame = plate(HERO)
    bright = np.minimum(frame.pixels.astype(np.float32) * 5, 1.0)
    one = seen(pair, frame.with_pixels(bright))
    assert one is None or one.why in (finding.CLIPPED, finding.NONE)
    assert seen(pair, plate(OTHER)) is None
    empty = mattes(HERO)
    nothing = empty.with_pixels(empty.pixels * np.float16(0))
    assert looked(pair, frame, nothing) is None


def test_a_detector_that_is_not_sure_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    install_pair(tmp_path, find="faces-unsure")
    pair = faces.pair()
    assert pair is not None
    one = seen(pair, plate(HERO))
    assert one is not None
    assert one.why == finding.NONE


def test_what_is_compared(pair: faces.Pair) -> None:
    one, other = seen(pair, plate(HERO)), seen(pair, plate(OTHER), OTHER)
    assert one is not None
    assert other is not None
    vectors = [
        {"id": "a", "costume": "", "vector": comparing.packed(finding.vector(pair, one))},
        {"id": "b", "costume": "mask", "vector": comparing.packed(finding.vector(pair, other))},
    ]
    bounds = {"front": {"same": 0.8, "other": 0.6}}
    known = comparing.parsed({"key": pair.key, "vectors": vectors, "bounds": bounds})
    again = finding.vector(pair, one)
    same = comparing.compared(one, again, known, "")
    assert same["verdict"] == "same"
    assert same["similarity"] == pytest.approx(1, abs=1e-4)
    assert (same["reference"], same["pose"]) == ("a", "front")
    assert comparing.compared(one, again, known, "mask")["verdict"] == "other"
    assert comparing.compared(one, again, known, "hat")["why"] == comparing.NO_REFERENCE
    near = replace(known, bounds={"front": (1.0, 0.5)})
    between = finding.vector(pair, one) * 0.9 + finding.vector(pair, other) * 0.3
    between /= np.linalg.norm(between)
    assert comparing.compared(one, between, near, "")["why"] == comparing.NEAR
    assert comparing.compared(one, again, replace(known, bounds={}), "")["why"] == "no-face-bound"
    assert comparing.compared(None, None, known, "")["why"] == finding.NONE
    for broken in ("", "AAAA", comparing.packed(np.ones(128, np.float32)), "not base64!"):
        with pytest.raises(ValueError, match="vector"):
            comparing.unpacked(broken)


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    assert faces.missing() == "no face network is installed"
    assert faces.pair() is None
    install(tmp_path / "models", "faces-know.onnx", purpose="face recognition")
    assert faces.missing() == "no network that finds faces is installed"
    install(tmp_path / "models", "faces-find.onnx", purpose="face detection")
    assert faces.missing() == ""
    (tmp_path / "models" / "faces-know.json").unlink()
    assert faces.missing() == "no network that recognises faces is installed"
    assert faces.pair() is None


@pytest.mark.parametrize(
    ("file", "purpose"),
    [("faces-find", "face detection"), ("faces-know", "face recognition")],
)
def test_a_studio_s_own_networks_are_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, purpose: str
) -> None:
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    card = adding.add(NETWORKS / f"{file}.onnx", "ours")
    assert card.purpose == purpose
    assert card.verdict == "amber"
    assert catalogue()["ours"].sha256 == card.sha256


def test_networks_of_another_shape_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    with pytest.raises(Unsupported, match="gives the same for any picture"):
        adding.add(NETWORKS / "faces-alike.onnx")
    with pytest.raises(Unsupported, match="has 1 inputs and 11 outputs"):
        adding.add(NETWORKS / "faces-eleven.onnx")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes((NETWORKS / "faces-find.onnx").read_bytes()[:3000])
    with pytest.raises(BacklotError, match="damaged"):
        adding.add(damaged)
    assert not list((tmp_path / "models").glob("*"))
    # A card that says so does not make it one.
    install(tmp_path / "models", "faces-eleven.onnx", purpose="face detection")
    install(tmp_path / "models", "smooth-x2.onnx", purpose="face recognition")
    with pytest.raises(Unsupported, match="11 outputs"):
        faces.pair()


def test_a_file_of_the_catalogue_brings_its_licence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known by its hash, whatever it is called: a studio without a network of its own copies it."""
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    entry = pull.entries()["sface"]
    file = NETWORKS / "faces-know.onnx"
    sha256 = adding.sha256_of(file, 0, 0)
    monkeypatch.setattr(pull, "entries", lambda: {"sface": replace(entry, sha256=sha256)})
    card = adding.add(file, "copied")
    assert (card.verdict, card.licence) == (entry.verdict, entry.licence)
    monkeypatch.setenv("BACKLOT_ALLOW", "green")
    with pytest.raises(InvalidInput, match="This studio lets in green at most"):
        adding.add(file, "again")


def test_published_bounds_are_those_of_one_file() -> None:
    """Of the catalogue's, and of no other network."""
    assert pull.entries()["sface"].sha256 == sface.OF_SFACE[0]
    assert sface.PUBLISHED["front"] == 0.363
    assert set(sface.PUBLISHED) == set(pose.BINS)
    assert finding.LEAST == 40

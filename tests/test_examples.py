"""The example shots are what their page says: windows, mattes, a truth that fits its plates."""

import json
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest

import backlot
from benchmarks.shot_metrics import Shot, encoded, moved_behind, read

SHOTS = Path(__file__).resolve().parent.parent / "examples" / "shots"
NAMES = ("pan", "dolly", "static", "handheld", "flicker", "dynamic")
MOVING = ("pan", "dolly", "handheld")
KINDS = {"plate", "clean", "matte", "depth", "vector"}
FRAMES = range(1001, 1025)
WIDTH, HEIGHT = 960, 540


@pytest.fixture(scope="module", params=NAMES)
def shot(request):
    return Shot.load(SHOTS / request.param, grow=0)


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_there_and_small(name):
    files = list((SHOTS / name).glob("*.exr"))
    assert {path.name for path in files} == {f"{k}.{n}.exr" for k in KINDS for n in FRAMES}
    assert sum(path.stat().st_size for path in files) < 3.2e6
    cameras = json.loads((SHOTS / name / "camera.json").read_text())
    assert [camera["frame"] for camera in cameras] == list(FRAMES)


@pytest.mark.parametrize("name", NAMES)
def test_plates_and_mattes_fill_the_picture_and_are_half(name):
    for kind in KINDS - {"clean"}:
        spec = oiio.ImageInput.open(str(SHOTS / name / f"{kind}.1001.exr")).spec()
        assert (spec.x, spec.y, spec.width, spec.height) == (0, 0, WIDTH, HEIGHT)
        assert (spec.full_width, spec.full_height) == (WIDTH, HEIGHT)
        assert str(spec.format) == "half"


def test_plates_say_whose_primaries_they_have():
    """Else they would be taken for ACEScg, and come out too colourful."""
    raw = read(SHOTS / "pan" / "plate.1001.exr")
    seen = backlot.read(SHOTS / "pan" / "plate.1001.exr").pixels
    bright = raw.max(axis=2) > 1.0
    raw, seen = raw[bright][:, :3], seen[bright][:, :3]
    assert np.ptp(seen, axis=1).mean() < 0.9 * np.ptp(raw, axis=1).mean()


def test_the_truth_fits_its_plates(shot):
    """The same outside of the figure but for compression, another picture inside; lamps above 1."""
    for plate, clean, matte in zip(shot.plates, shot.clean, shot.mattes, strict=True):
        apart = np.abs(encoded(plate) - encoded(clean)).max(2)
        assert np.mean(apart[matte == 0]) < 1.0
        assert np.mean(apart[matte == 1]) > 10.0
        assert plate.max() > 20
        assert 0.02 < np.mean(matte > 0) < 0.15


@pytest.mark.parametrize("name", MOVING)
def test_depth_and_camera_give_the_true_motion(name):
    """A frame brought over by them resembles its neighbour far more than it does as it stands."""
    import cv2

    shot = Shot.load(SHOTS / name, grow=0)
    where, _ = shot.positions(5, 9)
    moved = cv2.remap(encoded(shot.plates[9]), where, None, cv2.INTER_CUBIC)
    here, still = encoded(shot.plates[5]), encoded(shot.plates[9])
    inside = (slice(60, -60), slice(180, -180))
    there = cv2.remap(shot.mattes[9], where, None, cv2.INTER_LINEAR)
    unmatted = ((shot.mattes[5] == 0) & (there == 0))[inside]
    error, standing = (np.abs(p - here)[inside][unmatted].mean() for p in (moved, still))
    assert error < 0.25 * standing


@pytest.mark.parametrize("name", MOVING)
def test_vectors_say_what_depth_and_camera_say(name):
    shot = Shot.load(SHOTS / name, grow=0)
    where, _ = shot.positions(14, 15)
    vectors = read(SHOTS / name / "vector.1015.exr")
    rows, columns = np.mgrid[: where.shape[0], : where.shape[1]]
    across = -vectors[..., 2] - (where[..., 0] - columns)
    down = vectors[..., 3] - (where[..., 1] - rows)
    assert np.median(np.hypot(across, down)) < 0.12  # written to a quarter of a pixel
    assert np.hypot(vectors[..., 2], vectors[..., 3]).mean() > 2


def test_things_move_behind_the_figure():
    shot = Shot.load(SHOTS / "dynamic", grow=0)
    assert sum(moved_behind(shot)) > 12
    still = Shot.load(SHOTS / "static", grow=0)
    assert not any(moved_behind(still))

"""The example shots are what their page says: windows, mattes, a truth that fits its plates."""

import json
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest

from benchmarks.shot_metrics import Shot, encoded, moved_behind, read

SHOTS = Path(__file__).resolve().parent.parent / "examples" / "shots"
NAMES = ("pan", "dolly", "static", "handheld", "flicker", "dynamic")
MOVING = ("pan", "dolly")
WITH_VECTORS = ("dolly", "static", "flicker", "dynamic")
FRAMES = range(1001, 1025)


@pytest.fixture(scope="module", params=NAMES)
def shot(request):
    return Shot.load(SHOTS / request.param, grow=0)


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_there_and_small(name):
    files = list((SHOTS / name).glob("*.exr"))
    kinds = {path.name.split(".")[0] for path in files}
    also = {"vector"} if name in WITH_VECTORS else set()
    assert kinds == {"plate", "clean", "matte", "depth"} | also
    assert len(files) == len(kinds) * len(FRAMES)
    assert max(path.stat().st_size for path in files) < 1 << 17
    cameras = json.loads((SHOTS / name / "camera.json").read_text())
    assert [camera["frame"] for camera in cameras] == list(FRAMES)


@pytest.mark.parametrize("name", NAMES)
def test_plates_and_mattes_fill_the_picture_and_are_half(name):
    for kind in ("plate", "matte"):
        spec = oiio.ImageInput.open(str(SHOTS / name / f"{kind}.1001.exr")).spec()
        assert (spec.x, spec.y, spec.width, spec.height) == (0, 0, 480, 270)
        assert (spec.full_width, spec.full_height) == (480, 270)
        assert str(spec.format) == "half"


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
    inside = (slice(30, -30), slice(90, -90))
    unmatted = (shot.mattes[5] == 0)[inside]
    error, standing = (np.abs(p - here)[inside][unmatted].mean() for p in (moved, still))
    assert error < 0.35 * standing


def test_vectors_say_what_depth_and_camera_say():
    shot = Shot.load(SHOTS / "dolly", grow=0)
    where, _ = shot.positions(5, 6)
    vectors = read(SHOTS / "dolly" / "vector.1006.exr")
    rows, columns = np.mgrid[: where.shape[0], : where.shape[1]]
    across = -vectors[..., 2] - (where[..., 0] - columns)
    down = vectors[..., 3] - (where[..., 1] - rows)
    assert np.median(np.hypot(across, down)) < 0.1
    assert np.abs(vectors[..., 2]).mean() > 2


def test_things_move_behind_the_figure():
    shot = Shot.load(SHOTS / "dynamic", grow=0)
    assert sum(moved_behind(shot)) > 12
    still = Shot.load(SHOTS / "static", grow=0)
    assert not any(moved_behind(still))

"""The example shots are what their page says: windows, mattes, a truth that fits its plates."""

import json
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest

from benchmarks.shot_metrics import Shot, encoded

SHOTS = Path(__file__).resolve().parent.parent / "examples" / "shots"
NAMES = ("pan", "dolly")
FRAMES = range(1001, 1025)


@pytest.fixture(scope="module", params=NAMES)
def shot(request):
    return Shot.load(SHOTS / request.param, grow=0)


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_there_and_small(name):
    files = list((SHOTS / name).glob("*.exr"))
    kinds = {path.name.split(".")[0] for path in files}
    assert kinds == {"plate", "clean", "matte", "depth"}
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


def test_depth_and_camera_give_the_true_motion(shot):
    """A frame brought over by them resembles its neighbour far more than it does as it stands."""
    import cv2

    where, _ = shot.positions(5, 9)
    moved = cv2.remap(encoded(shot.plates[9]), where, None, cv2.INTER_CUBIC)
    here, still = encoded(shot.plates[5]), encoded(shot.plates[9])
    inside = (slice(30, -30), slice(90, -90))
    unmatted = (shot.mattes[5] == 0)[inside]
    error, standing = (np.abs(p - here)[inside][unmatted].mean() for p in (moved, still))
    assert error < 0.35 * standing

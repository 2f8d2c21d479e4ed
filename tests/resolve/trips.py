"""Frames out and back, as the tests of both go; the state between."""

from __future__ import annotations

import shutil

import numpy as np
import OpenImageIO as oiio  # noqa: N813
from backlot_resolve import bins, plates, takes
from backlot_resolve import edit as editing


def pixels(path):
    found = oiio.ImageBuf(str(path))
    assert not found.has_error, found.geterror()
    return found.get_pixels(oiio.HALF)


def clip_of(desk, index=0):
    edit = editing.read(desk.scripting)
    return edit, edit.clips[index]


def out(desk, index=0, route=plates.ISOLATED, **options):
    edit, clip = clip_of(desk, index)
    plate = plates.take_out(desk.renderer, edit, clip, route, desk.folder / "plate", **options)
    return edit, clip, plate


def as_result(desk, plate, job="job-1", label="fill v001"):
    """The plate again as a finished result, each frame copied."""
    folder = desk.folder / "results" / job
    folder.mkdir(parents=True, exist_ok=True)
    pattern = str(folder / "result.%04d.exr")
    for number in range(plate.span.first.frame, plate.span.end.frame):
        shutil.copy(editing.file_of(plate.pattern, number), pattern % number)
    return bins.Result(job, "A001", label, pattern, plate.span)


def back(desk, edit, clip, plate, result, place):
    return takes.bring_back(desk.scripting, desk.journal, edit, clip, plate, result, place)


def rendered(desk, record):
    """What Resolve shows on a frame of the timeline now: (height, width, 3) float32."""
    return np.asarray(
        desk.do(f"""[float(v) for v in __import__('tests.hosts.resolve.pixels', fromlist=['x'])
             .frame(timeline, {record})[..., :3].ravel()]"""), np.float32
    ).reshape(36, 64, 3)  # fmt: skip


def item(desk, track, index):
    return desk.state()["timelines"]["Edit"]["tracks"][track]["items"][index]

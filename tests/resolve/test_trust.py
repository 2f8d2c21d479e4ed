"""How far a fill can be trusted: a sentence, a curve and a picture, and frames painted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
from backlot_resolve import trust
from PySide6.QtGui import QDesktopServices

from .conftest import until
from .talks import submit

BOX = {"source": "drawn", "shapes": [{"kind": "box", "points": [[0.3, 0.3], [0.6, 0.7]]}]}


def test_what_is_in_doubt_is_said_and_drawn():
    frames = [(3, {"confidence": 0.98}), (1, {"confidence": 0.4}), (2, {})]
    assert trust.sentences(frames) == ["Lowest confidence 40%, on frame 1"]
    assert np.allclose(trust.curve(frames)[::2], [0.6, 0.02])
    assert trust.curve(frames)[1] is None
    assert trust.sentences([(1, {"confidence": 0.97})]) == []
    assert (trust.sentences([(1, {"drift": 2})]), trust.curve([(1, {})])) == ([], [])


def test_a_fill_says_how_far_it_can_be_trusted(talk, tmp_path):
    """The camera stands: what the box hides is seen on no frame."""
    _, spoken = talk()
    done = submit(spoken, tool="fill", route="direct", matte=BOX)
    assert done["state"] == "done", done
    assert done["findings"][0].startswith("Lowest confidence")
    assert len(done["curve"]) == done["frames"]
    assert min(done["curve"]) > done["limit"]
    assert any("clean frame" in note for note in done["notes"])
    sheet = oiio.ImageBuf(done["report"])
    assert sheet.spec().width > 900
    assert spoken.ask("results")[0]["report"] == done["report"]


def test_one_painted_file_is_the_frame_of_its_number(talk, tmp_path):
    d, spoken = talk()
    image = oiio.ImageBuf(oiio.ImageSpec(64, 36, 3, "half"))
    oiio.ImageBufAlgo.fill(image, (9.0, 9.0, 9.0))
    image.write(str(tmp_path / "ok.1010.exr"))
    given = {"clean": str(tmp_path / "ok.1010.exr")}
    done = submit(spoken, tool="fill", route="direct", matte=BOX, inputs=given)
    assert done["state"] == "done", done
    middle = {n: oiio.ImageBuf(done["pattern"] % n).getpixel(28, 18)[0] for n in (1009, 1010)}
    assert middle[1010] > 8.9
    before = oiio.ImageBuf(d.pattern % 1009).getpixel(28, 18)[0]
    assert abs(before - middle[1009]) > 1e-3, "filled, not left"
    assert Path(done["report"]).is_file()


def test_the_report_is_opened_from_the_list(app, panel, shared_server, monkeypatch):
    _, window = panel(server=shared_server)
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    row = {
        "id": "1", "state": "done", "clip": "A", "label": "Fill v001", "frames": 3, "seconds": 2.0,
        "findings": ["Lowest confidence 40%, on frame 1"], "curve": [0.6, None, 0.1],
        "limit": 0.05, "report": "/r.png", "pattern": "", "place": "take", "accepted": False,
    }  # fmt: skip
    window.results.jobs.put(row)
    window.results.setCurrentIndex(window.results.jobs.index(0))
    until(app, lambda: window.results.buttons["report"].isEnabled())
    window.results.buttons["report"].click()
    assert opened[0].toLocalFile() == "/r.png"
    assert "3 frames in 2.0 s, take. Lowest confidence 40%" in window.results.jobs.index(0).data()

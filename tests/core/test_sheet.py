"""Contact sheets: whole or not at all, and an error that a person can act on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backlot import sheet
from backlot.errors import CannotWrite, InvalidInput

TILE = sheet.Tile(np.full((20, 30, 3), (200, 10, 10), np.uint8), "a plate")


def test_a_sheet_shows_its_tiles_and_makes_its_folder(tmp_path: Path) -> None:
    out = tmp_path / "shot" / "sheets" / "takes.png"
    sheet.write_sheet(out, "takes", [[TILE, TILE], [TILE]])
    with Image.open(out) as picture:
        reds = (np.asarray(picture) == (200, 10, 10)).all(axis=2).sum()
    assert reds == 3 * 20 * 30
    assert [p.name for p in out.parent.iterdir()] == ["takes.png"]


def test_a_sheet_that_cannot_be_written_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "takes.png").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match=r"takes\.png cannot be written: a folder has that name"):
        sheet.write_sheet(tmp_path / "takes.png", "takes", [[TILE]])
    with pytest.raises(CannotWrite, match=r"takes\.png cannot be written"):
        sheet.write_sheet(tmp_path / "file" / "takes.png", "takes", [[TILE]])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "takes.png"]


@pytest.mark.parametrize("name", ["takes.exr", "takes", "takes.png.jpg"])
def test_only_png_is_a_sheet(name: str) -> None:
    with pytest.raises(InvalidInput, match="is no PNG"):
        sheet.check_name(name)
    sheet.check_name("takes.PNG")

"""Regions out of one matte: parts of one colour, named by a person, become a reference's mattes."""

from __future__ import annotations

import numpy as np
import pytest

from backlot.character import parts
from backlot.errors import InvalidInput
from tests.server.characters import REGIONS, frame, matte

TRUTH = matte().pixels[..., :-1].astype(np.float32)
ALONE = matte().with_pixels(matte().pixels[..., -1:], channels=("A",))


@pytest.fixture(scope="module")
def labels() -> parts.Labels:
    return parts.suggest(frame(3, light=(0.3, 0.1, -0.2)), ALONE)


def belongs(labels: parts.Labels) -> dict[str, list[int]]:
    """What an artist would name: each part by the region of most of its pixels."""
    found: dict[str, list[int]] = {}
    for part in range(1, int(labels.max()) + 1):
        most = TRUTH[labels == part].sum(0).argmax()
        found.setdefault(list(REGIONS)[most], []).append(part)
    return found


def test_a_part_is_of_one_region(labels: parts.Labels) -> None:
    inside = labels > 0
    assert np.array_equal(inside, ALONE.pixels[..., 0] > 0.5)
    right = sum(TRUTH[labels == part].sum(0).max() for part in range(1, int(labels.max()) + 1))
    assert right / TRUTH[inside].sum() > 0.95
    assert set(belongs(labels)) == set(REGIONS)


def test_the_same_frame_has_the_same_parts(labels: parts.Labels) -> None:
    again = parts.suggest(frame(3, light=(0.3, 0.1, -0.2)), ALONE)
    assert np.array_equal(again, labels)
    heights = [np.nonzero(labels == n)[0].mean() for n in range(1, int(labels.max()) + 1)]
    assert heights == sorted(heights)


def test_named_parts_are_mattes_soft_where_the_matte_is(labels: parts.Labels) -> None:
    made = parts.mattes(labels, frame(3), ALONE, belongs(labels))
    assert made.channels[0] == "A"
    assert np.array_equal(made.pixels[..., 0], ALONE.pixels[..., 0])
    for name in REGIONS:
        cover = made.pixels[..., made.channels.index(name)].astype(np.float32)
        true = TRUTH[..., list(REGIONS).index(name)]
        assert np.abs(cover - true).sum() < 0.1 * true.sum(), name
    assert (made.pixels[..., 1:] == 0.5).any(), "edges of the whole matte stay soft"


@pytest.mark.parametrize("named", [{"face": [99]}, {"face": [1], "coat": [2, 1]}, {"face": [0, 0]}])
def test_parts_that_cannot_be_are_refused(labels: parts.Labels, named: dict) -> None:
    with pytest.raises(InvalidInput):
        parts.mattes(labels, frame(3), ALONE, named)


def test_a_matte_of_nearly_nothing_is_refused() -> None:
    small = ALONE.with_pixels(ALONE.pixels * 0)
    small.pixels[:4, :4] = 1
    with pytest.raises(InvalidInput, match="too few"):
        parts.suggest(frame(3), small)


def test_the_picture_numbers_every_part(labels: parts.Labels) -> None:
    shown = parts.picture(labels, frame(3))
    assert shown.dtype == np.uint8
    assert shown.shape[0] >= 400
    left, right = np.array_split(shown, 2, axis=1)
    assert not np.array_equal(left, right)

"""What a renderer knows of a shot: its depth and vectors in place of estimated motion."""

from __future__ import annotations

import numpy as np
import pytest

from backlot.errors import InvalidInput
from backlot.frame import DATA, Frame
from backlot_server.shotfill import fill
from backlot_server.shotfill.passes import depth_pass, vector_pass

from .shots import FIRST, HEIGHT, WIDTH, Deep, data_frame, run

MIDDLE = FIRST + 6
LEAST = 36.0


@pytest.fixture(scope="module")
def deep() -> Deep:
    return Deep()


@pytest.mark.parametrize(
    ("channels", "at"),
    [("Z", 0), ("V", 0), ("RGBA", 0), (("scene.Depth.Z",), 0), ("YA", 0), ("AZ", 1)],
)
def test_which_channel_is_the_depth(channels: tuple[str, ...], at: int) -> None:
    """As Blender's File Output writes it, too: in R, G and B, with an alpha of 1."""
    pixels = np.ones((2, 2, len(channels)), np.float32)
    pixels[..., at] = 4.0
    assert (depth_pass(Frame(pixels, tuple(channels), meaning=DATA)) == 0.25).all()


def test_depth_is_found_where_nobody_gives_it(deep: Deep) -> None:
    made, _ = run(deep.inputs(), MIDDLE)
    assert deep.error(MIDDLE, made[MIDDLE]) > 36


def test_a_single_post_is_told_from_points_that_were_followed_wrongly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Less than a tenth of what is followed lies on it."""
    deep = Deep(noise=0.01, posts=(84,))
    made, _ = run(deep.inputs(), MIDDLE)
    assert deep.error(MIDDLE, made[MIDDLE]) > 35
    monkeypatch.setattr(fill, "ASTRAY", 1.0)
    made, _ = run(deep.inputs(), MIDDLE)
    assert deep.error(MIDDLE, made[MIDDLE]) < 30, "as one plane has it"


@pytest.mark.parametrize("of_object", [False, True])
def test_depth_that_is_given_is_better(deep: Deep, of_object: bool) -> None:
    estimated, _ = run(deep.inputs(), MIDDLE)
    made, _ = run(deep.inputs(depth=deep.depths(of_object)), MIDDLE)
    assert deep.error(MIDDLE, made[MIDDLE]) > LEAST
    assert deep.error(MIDDLE, made[MIDDLE]) > deep.error(MIDDLE, estimated[MIDDLE])
    hole = deep.mattes[MIDDLE] > 0
    assert made[MIDDLE][~hole].tobytes() == deep.plates[MIDDLE][~hole].tobytes()


def test_vectors_that_are_given_are_better(deep: Deep) -> None:
    estimated, _ = run(deep.inputs(), MIDDLE)
    made, _ = run(deep.inputs(vectors=deep.vectors()), MIDDLE)
    assert deep.error(MIDDLE, made[MIDDLE]) > LEAST
    assert deep.error(MIDDLE, made[MIDDLE]) > deep.error(MIDDLE, estimated[MIDDLE])


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ((1, 1, 1, 1), True),
        ((-1, -1, -1, -1), False),  # of another convention: the fill is wrong without any doubt
        ((1, 1, -1, -1), False),
        ((0, 0, 0, 0), True),  # says that nothing moves: nobody can know
    ],
)
def test_vectors_of_another_convention_are_told(deep: Deep, change, fits: bool) -> None:
    turned = {
        n: data_frame(frame.pixels * np.float32(change), tuple("XYZW"), n)
        for n, frame in deep.vectors().items()
    }
    _, job = run(deep.inputs(vectors=turned), MIDDLE, MIDDLE + 1)
    said = [each for each in job.warnings if "do not fit" in each]
    assert len(said) == (0 if fits else 1)


def test_passes_that_are_missing_on_some_frames(deep: Deep) -> None:
    depth, vectors = deep.depths(), deep.vectors()
    for number in (MIDDLE - 2, MIDDLE + 3):
        del depth[number], vectors[number]
    for given in ({"depth": depth}, {"vectors": vectors}):
        made, _ = run(deep.inputs(**given), MIDDLE, MIDDLE - 2)
        assert deep.error(MIDDLE, made[MIDDLE]) > 24
        assert np.isfinite(made[MIDDLE - 2]).all()


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_a_pass_that_says_nothing_is_told_and_left_out(deep: Deep, value: float) -> None:
    """An empty layer, or one of another kind: worse than none where it is believed."""
    empty = {n: data_frame(np.full((HEIGHT, WIDTH), value), ("Z",), n) for n in deep.numbers}
    estimated, _ = run(deep.inputs(), MIDDLE)
    made, job = run(deep.inputs(depth=empty), MIDDLE)
    assert np.array_equal(made[MIDDLE], estimated[MIDDLE])
    (said,) = [each for each in job.warnings if "is empty" in each]
    assert said.startswith("The depth of frame 10")


def test_passes_of_another_size_are_refused(deep: Deep) -> None:
    small = {n: Frame(np.ones((8, 8, 1), np.float32), ("Z",), meaning=DATA, number=n)
             for n in deep.numbers}  # fmt: skip
    with pytest.raises(InvalidInput, match="depth is 8x8"):
        run(deep.inputs(depth=small), MIDDLE)


def test_what_depth_means() -> None:
    values = np.full((HEIGHT, WIDTH), 2.0)
    values[0, :4] = 1e10, 0.0, -1.0, np.nan
    found = depth_pass(data_frame(values, ("Depth.Z",), 1))
    np.testing.assert_allclose(found[0, :5], [1e-10, np.nan, np.nan, np.nan, 0.5])


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (("X", "Y", "Z", "W"), (1, -2, -3, 4)),
        (("Vector.X", "Vector.Y", "Vector.Z", "Vector.W"), (1, -2, -3, 4)),
        (("forward.u", "forward.v", "backward.u", "backward.v"), (3, -4, 1, -2)),
    ],
)
def test_what_vectors_mean(channels: tuple[str, ...], expected: tuple[int, ...]) -> None:
    values = np.broadcast_to(np.array([1, 2, 3, 4], np.float32), (HEIGHT, WIDTH, 4))
    found = vector_pass(data_frame(values, channels, 1))
    np.testing.assert_array_equal(found[0, 0], expected)


def test_data_that_holds_no_pass_is_refused_with_a_sentence() -> None:
    with pytest.raises(InvalidInput, match="no vectors") as error:
        vector_pass(data_frame(np.zeros((HEIGHT, WIDTH, 2)), ("u", "v"), 1))
    assert error.value.hint
    with pytest.raises(InvalidInput, match="which"):
        depth_pass(data_frame(np.zeros((HEIGHT, WIDTH, 2)), ("left", "right"), 1))

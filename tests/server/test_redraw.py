"""Texture that colour cannot mend is handed to a network that takes references, where one is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import backlot
from backlot import connect
from backlot.character import folder, references, sending
from backlot.character.pictures import picture
from backlot.errors import InvalidInput, Unsupported
from backlot.frame import Frame
from backlot.link.protocol import spec_to_json
from backlot.shot import process
from backlot_server import models
from backlot_server.look.redraw import redraw
from backlot_server.look.spec import networks
from backlot_server.models.add import add
from backlot_server.tools import character_lock

from ..conftest import RunningServer
from .characters import REGIONS, WARM, character, frame, matte
from .jobs import LocalJob, make

NETWORKS = Path(__file__).parent / "networks"
COAT = list(REGIONS).index("coat")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def installed(home: Path) -> models.Card:
    return add(NETWORKS / "redraw.onnx", "brush")


@pytest.fixture(scope="module")
def sent() -> str:
    looks = make(character_lock, {"source": frame(50), "matte": matte()}, mode="describe")
    return character(looks.measured["regions"])


def worn(number: int, light=(0.0, 0.0, 0.0), dtype: type = np.float32) -> Frame:
    """The coat's texture is another one: strong stripes."""
    made = frame(number, light, dtype=np.float32)
    pixels = made.pixels.copy()
    stripes = np.exp(2.2 * np.sin(np.arange(pixels.shape[1]) * 0.8))[None, :, None]
    inside = matte().pixels[..., [COAT]] > 0
    pixels[..., :3] = np.where(inside, pixels[..., :3] * stripes, pixels[..., :3])
    return Frame(pixels.astype(dtype), number=number)


def shown() -> Frame:
    """The reference as a client sends its picture."""
    picture, cover = frame(50), matte()
    pixels = np.concatenate([picture.pixels[..., :3], cover.pixels[..., :-1]], axis=-1)
    return Frame(pixels, ("R", "G", "B", *REGIONS))


class Tool:
    """Character Lock as a server offers it that was started after the network was added."""

    run = staticmethod(character_lock.run)
    plan = staticmethod(character_lock.plan)

    def __init__(self) -> None:
        params = [
            replace(param, choices=(("off", ""), *networks())) if param.name == "network" else param
            for param in character_lock.SPEC.params
        ]
        self.SPEC = replace(character_lock.SPEC, params=tuple(params))


def locked(sent: str, light=(0.0, 0.0, 0.0), dtype: type = np.float32, **values):
    frames = {n: worn(n, light, dtype) for n in range(1, 10)}
    given = {"source": frames, "matte": matte(), "references": {0: shown()}}
    job = LocalJob(
        Tool().SPEC, given, {"character": sent, "mode": "lock", "network": "brush"} | values, (5,)
    )
    return frames[5].pixels, character_lock.run(job, 5), job


def off(pixels: np.ndarray, truth: np.ndarray) -> float:
    """How far the coat's ln luminance is from the truth, its mean left out."""
    core = matte().pixels[..., COAT] == 1
    apart = [np.log(np.maximum(p[core][:, 1].astype(np.float64), 1e-4)) for p in (pixels, truth)]
    return float(np.std(apart[0] - apart[1]))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("redraw.onnx", {"inputs": ("shot", "matte", "guide"), "mask": "hole", "fixed": None}),
        (
            "redraw-bytes.onnx",
            {
                "inputs": ("image", "matte", "first", "second"),
                "mask": "known",
                "made_peak": 255.0,
                "fixed": (96, 128),
                "dtype": "uint8",
            },
        ),
    ],
)
def test_what_its_inputs_mean_is_found_by_trying(home: Path, file: str, expected: dict) -> None:
    card = add(NETWORKS / file, "mine")
    assert {name: getattr(card, name) for name in expected} == expected
    assert (card.purpose, card.verdict) == ("redraw", "amber")
    assert models.find("mine") == card
    assert networks() == (("mine", "mine (added)"),)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("redraw-deaf.onnx", "the same of every reference"),
        ("redraw-noise.onnx", "does not look like the frame"),
        ("redraw-bare.onnx", "takes tensor"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(home: Path, file: str, said: str) -> None:
    with pytest.raises(Unsupported) as refused:
        add(NETWORKS / file, "mine")
    assert said in refused.value.sentence
    assert networks() == ()


@pytest.mark.parametrize("light", [(0.0, 0.0, 0.0), WARM, (-3.0, 0.0, 0.0), (4.0, 0.0, 0.0)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_drifted_texture_comes_from_the_reference_and_nothing_else_moves(
    installed: models.Card, sent: str, light: tuple, dtype: type
) -> None:
    before, made, _ = locked(sent, light, dtype)
    truth = frame(5, light, dtype=np.float32).pixels
    result = made.frame.pixels
    assert made.measured["regions"]["coat"]["redrawn"] == "brush"
    assert [n for n, r in made.measured["regions"].items() if "redrawn" in r] == ["coat"]
    assert "brush" in made.engine
    assert off(result, truth) < 0.35 * off(before, truth)
    elsewhere = matte().pixels[..., -1] == 0
    assert result[elsewhere].tobytes() == before[elsewhere].tobytes()
    assert result[..., 3].tobytes() == before[..., 3].tobytes()
    assert result.dtype == dtype


def test_the_artist_s_switches(installed: models.Card, sent: str) -> None:
    before, made, job = locked(sent, network="off")
    assert ("references", 0) not in job.asked
    assert not any("redrawn" in r for r in made.measured["regions"].values())
    assert made.measured["regions"]["coat"]["texture"] > 4
    assert not np.array_equal(locked(sent)[1].frame.pixels, before)
    for values in ({"only": "hair"}, {"mode": "check"}, {"strength": 0.0}):
        pixels, made, _ = locked(sent, **values)
        assert made.frame.pixels.tobytes() == pixels.tobytes()
    _, made, _ = locked(sent, redraw="hair, face")
    redrawn = [n for n, r in made.measured["regions"].items() if "redrawn" in r]
    assert sorted(redrawn) == ["face", "hair"]


def test_the_plan_hangs_on_the_network(installed: models.Card) -> None:
    spec = Tool().SPEC
    without, some, other = (
        character_lock.plan(spec.values(given))
        for given in ({"mode": "lock"}, {"mode": "lock", "network": "brush"}, {"network": "brush"})
    )
    assert without.fingerprint != some.fingerprint
    assert other == without, "a check redraws nothing"


@pytest.mark.parametrize("network", ["redraw", "redraw-bytes"])
def test_highlights_stay_beyond_white_and_what_is_no_number_stays(home: Path, network: str) -> None:
    """A network that keeps what it is given (no texture in frame or reference) changes little."""
    from backlot_server.look.redraw import opened

    brush = opened(add(NETWORKS / f"{network}.onnx", "brush"))
    x = np.mgrid[:90, :120][1] / 50.0
    plate = np.stack([0.2 + 0.1 * np.sin(x + c) for c in range(3)], axis=2).astype(np.float32)
    plate[30:50, 40:60] *= 60
    plate[70, 70] = np.nan
    cover = np.zeros((90, 120), np.float32)
    cover[20:80, 20:100], cover[19, 20:100] = 1.0, 0.5
    flat = np.full((40, 40, 3), 0.2, np.float32)
    made = plate.copy()
    redraw(brush, made, cover, [flat])
    assert made[cover == 0].tobytes() == plate[cover == 0].tobytes()
    assert np.isnan(made[70, 70]).all()
    assert np.isnan(made).sum() == 3
    inside = made[34:46, 44:56] / plate[34:46, 44:56]
    assert 0.8 < float(np.median(inside)) < 1.25, "60 times white is 60 times white"


def test_only_numbers_of_a_character_are_not_enough(installed: models.Card, sent: str) -> None:
    frames = {n: worn(n) for n in range(1, 10)}
    with pytest.raises(InvalidInput, match="pictures"):
        make(
            Tool(), {"source": frames, "matte": matte()}, 5,
            character=sent, mode="lock", network="brush",
        )  # fmt: skip


@pytest.fixture
def server(installed: models.Card, home: Path) -> Iterator[RunningServer]:
    running = RunningServer(env={"BACKLOT_HOME": str(home)})
    yield running
    running.close()


def test_a_client_sends_pictures_when_they_are_asked_for(
    server: RunningServer, tmp_path: Path
) -> None:
    hero = folder.new(tmp_path / "hero", "Hero", tuple(REGIONS))
    added = references.add(hero, frame(50), matte(), shot="sh010")
    assert picture(added).channels[:3] == ("R", "G", "B")
    with connect(endpoint=server.endpoint) as studio:
        spec = studio.tool("character-lock")
        assert [each["name"] for each in spec_to_json(spec)["inputs"]] == ["source", "matte"]
        plate, truth = worn(5), frame(5, dtype=np.float32)
        given = {"source": plate, "matte": matte(), "mode": "lock", "network": "brush"}
        made = studio.run("character-lock", character=str(hero.folder), **given)
        assert off(made.pixels, truth.pixels) < 0.35 * off(plate.pixels, truth.pixels)
        text = json.loads(sending.sent(studio, hero.folder, "lock"))
        text["references"][0]["id"] = "somebody_else_s"
        with pytest.raises(InvalidInput, match="pictures"):
            studio.run("character-lock", character=json.dumps(text), **given)


def test_a_take_of_a_shot_is_redrawn_too(server: RunningServer, tmp_path: Path) -> None:
    hero = folder.new(tmp_path / "hero", "Hero", tuple(REGIONS))
    references.add(hero, frame(50), matte(), shot="sh010")
    (tmp_path / "shot").mkdir()
    for number in (1001, 1002):
        plate = worn(number, dtype=np.float16)
        backlot.write(tmp_path / "shot" / f"plate.{number}.exr", plate)
        backlot.write(tmp_path / "shot" / f"roto.{number}.exr", matte())
    out = tmp_path / "locked.####.exr"
    with connect(endpoint=server.endpoint) as studio:
        take = process(
            studio, "character-lock", str(tmp_path / "shot/plate.####.exr"), str(out),
            matte=str(tmp_path / "shot/roto.####.exr"), character=str(hero.folder), mode="lock",
            network="brush",
        )  # fmt: skip
    assert not take.failed, take
    made = backlot.read(tmp_path / "locked.1002.exr").pixels
    truth = frame(1002, dtype=np.float32).pixels
    assert off(made, truth) < 0.35 * off(worn(1002).pixels, truth)
    assert [each.measured["regions"]["coat"]["redrawn"] for each in take.frames] == ["brush"] * 2

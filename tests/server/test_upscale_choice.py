"""Which network an upscale takes, and what it says where it is not the one that was asked for."""

from shutil import copy

import numpy as np
import pytest

from backlot.errors import UnreadableFile
from backlot.frame import Frame
from backlot_server import models
from backlot_server.tools import upscale
from tests.server.cards import install
from tests.server.jobs import LocalJob, make

SHIPPED = models.SHIPPED


def picture():
    return np.random.default_rng(0).gamma(0.5, 1.0, (20, 30, 3)).astype(np.float16)


def made(source, **values):
    return make(upscale, source, **values)


def test_without_networks_the_filter_works_and_says_so_once(own):
    job = LocalJob(upscale.SPEC, {"source": Frame(picture())}, {}, (1, 2))
    engines = {upscale.run(job, number).engine for number in (1, 2)}
    assert engines == {"Sinc"}
    assert len(job.warnings) == 1


def test_compressed_footage_has_networks_of_its_own(textures, own):
    frame = Frame(picture())
    assert "clean-x2-fast" in made(frame, footage="compressed").engine
    install(own, "texture-x2.onnx", "soft-x2", source="compressed", size="fine")
    assert "soft-x2" in made(frame, footage="compressed").engine
    assert "clean-x2-fast" in made(frame).engine


def test_a_size_that_footage_has_no_network_of_is_said_once():
    for values, said in (
        ({"network": "fine", "footage": "compressed"}, 1),
        ({"network": "fast", "footage": "compressed"}, 0),
        ({"footage": "compressed"}, 0),
        ({"network": "fine"}, 0),
    ):
        job = LocalJob(upscale.SPEC, {"source": Frame(picture())}, values, (1, 2))
        engines = {upscale.run(job, number).engine for number in (1, 2)}
        assert len(job.warnings) == said
        assert ("compressed-x2-fast" in engines.pop()) == ("footage" in values)


def test_shipped_weights_that_are_damaged_are_told_apart_from_ones_own(own, monkeypatch):
    shipped = own.parent / "shipped"
    shipped.mkdir()
    for suffix in ("json", "onnx"):
        copy(SHIPPED / f"clean-x2-fast.{suffix}", shipped)
    weights = shipped / "clean-x2-fast.onnx"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(bytes(content))
    monkeypatch.setattr(models, "SHIPPED", shipped)
    with pytest.raises(UnreadableFile, match=r"clean-x2-fast .* damaged or exchanged") as caught:
        made(Frame(picture()))
    assert caught.value.hint == "Install Backlot again."


def test_plan_changes_with_the_weights_and_names_the_engine(textures, own):
    values = upscale.SPEC.values({})
    before = upscale.plan(values)
    assert before.engine == made(Frame(picture())).engine
    assert upscale.plan(upscale.SPEC.values({"network": "sinc"})).engine == "Sinc"
    install(own, "eights-x2.onnx", "clean-x2-fast", source="clean", size="fast", multiple=8)
    assert upscale.plan(values).fingerprint != before.fingerprint

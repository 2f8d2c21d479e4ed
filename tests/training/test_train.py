"""The trainer on a few iterations: it resumes where it was and exports what it trained."""

# ruff: noqa: E402 - the product's environment has no PyTorch

import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from training import generate, resample, train
from training.export import graph, kernels, verify
from training.networks import Upscaler
from training.recipes import Recipe

RECIPE = Recipe("test", 2, "clean", "fast", 16, 2, iterations=6, images=4, patch=24, batch=2)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache of one shard of four images, and a trainer that reports every three iterations."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generate, "SHARD", 4)
        patch.setattr(
            train, "validation", lambda _: (torch.rand(1, 3, 9, 9), torch.rand(1, 3, 18, 18))
        )
        patch.setattr(train, "_REPORT", 3)
        name, digest = generate._write_shard(folder, 5, 0)
        manifest = {"generator": generate.generator_hash(), "seed": 5, "shards": {name: digest}}
        (folder / generate.MANIFEST).write_text(json.dumps(manifest))
        yield folder


def weights(run):
    return [p.detach().numpy().copy() for p in run.average.parameters()]


def test_a_run_that_was_stopped_ends_where_one_in_a_piece_ends(cache, tmp_path):
    whole = train.Training(RECIPE, cache, tmp_path / "whole")
    whole.run()
    first = train.Training(RECIPE, cache, tmp_path / "halves")
    first.folder.mkdir(parents=True)
    for _ in range(3):
        first.step()
    first.save()
    second = train.Training(RECIPE, cache, tmp_path / "halves")
    second.run()
    assert second.iteration == 6
    for a, b in zip(weights(whole), weights(second), strict=True):
        assert np.allclose(a, b, atol=1e-6)


def test_a_checkpoint_of_another_recipe_is_refused(cache, tmp_path):
    train.Training(RECIPE, cache, tmp_path).run()
    other = train.Training(dataclasses.replace(RECIPE, rate=1e-4), cache, tmp_path)
    with pytest.raises(ValueError, match="another recipe"):
        other.run()


@pytest.mark.parametrize("scale", [2, 4])
def test_the_exported_graph_is_the_network(scale):
    torch.manual_seed(0)
    network = Upscaler(scale, features=16, layers=3)
    torch.nn.init.normal_(network.tail, std=0.02)
    verify(graph(network), network)
    assert float(kernels(network)["head"].sum(dim=(2, 3)).abs().max()) < 1e-6


def test_verification_notices_a_wrong_margin():
    torch.manual_seed(0)
    network = Upscaler(2, features=16, layers=3)
    torch.nn.init.normal_(network.tail, std=0.02)
    model = graph(network)
    network.__class__ = type("Short", (Upscaler,), {"margin": 2})
    with pytest.raises(ValueError, match="margin"):
        verify(model, network)


def test_untrained_it_is_bicubic():
    network = Upscaler(2, features=16, layers=2)
    torch.nn.init.zeros_(network.tail)
    x = np.random.default_rng(0).random((1, 3, 20, 20), np.float32)
    with torch.no_grad():
        y = network(torch.from_numpy(x))[0].permute(1, 2, 0).numpy()
    truth = resample.apply(x[0].transpose(1, 2, 0), *[resample.bicubic(20, 40)] * 2)
    assert np.allclose(y[6:-6, 6:-6], truth[6:-6, 6:-6], atol=1e-5)

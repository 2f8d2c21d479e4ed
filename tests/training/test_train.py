"""The trainer on a few iterations: it resumes where it was and exports what it trained."""

# ruff: noqa: E402 - the product's environment has no PyTorch

import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from onnx import numpy_helper
from safetensors.torch import load_file, save_file

from training import generate, resample, train
from training.export import WEIGHTS, finished, graph, kernels, verify
from training.looks import LOOKS
from training.networks import Mirrored, Upscaler
from training.recipes import FINISHES, IMAGES_SEED, RECIPES, SHIPPED, Finish, Recipe
from training.run import learning_rate

RECIPE = Recipe("test", 2, "clean", "fast", 16, 2, iterations=6, images=4, patch=24, batch=2)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache of one shard of four images, and a trainer that reports every three iterations."""
    cache = tmp_path_factory.mktemp("cache")
    folder = cache / RECIPE.look
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generate, "SHARD", 4)
        patch.setattr(
            train, "validation", lambda _: (torch.rand(1, 3, 9, 9), torch.rand(1, 3, 18, 18))
        )
        patch.setattr(train.Training, "report", 3)
        name, digest = generate._write_shard(folder, 5, RECIPE.look, 0)
        manifest = {"generator": generate.generator_hash(), "seed": 5, "shards": {name: digest}}
        (folder / generate.MANIFEST).write_text(json.dumps(manifest))
        yield cache


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


@pytest.mark.parametrize("mirrors", [1, 2, 4])
@pytest.mark.parametrize("scale", [2, 4])
def test_the_exported_graph_is_the_network(scale, mirrors):
    torch.manual_seed(0)
    network = Upscaler(scale, features=16, layers=3)
    torch.nn.init.normal_(network.tail, std=0.02)
    verify(graph(network, mirrors), network, mirrors)
    assert float(kernels(network)["head"].sum(dim=(2, 3)).abs().max()) < 1e-6


def test_with_four_mirror_images_none_knows_left_from_right_or_up_from_down():
    torch.manual_seed(0)
    network = Upscaler(2, features=16, layers=3)
    torch.nn.init.normal_(network.tail, std=0.2)
    x = torch.rand(1, 3, 20, 24)
    with torch.no_grad():
        for axes in ((2,), (3,), (2, 3)):
            for mirrors, same in ((1, False), (4, True)):
                made = Mirrored(network, mirrors)
                mirrored = made(x.flip(axes)).flip(axes)
                assert torch.allclose(mirrored, made(x), atol=1e-5) == same


def test_what_is_shipped_may_be_the_mean_with_what_was_begun_with(tmp_path):
    for name, value in (("begun", 1.0), ("test", 2.0)):
        (tmp_path / name).mkdir()
        save_file({"head": torch.full((2,), value)}, tmp_path / name / "weights.safetensors")
    recipe = dataclasses.replace(RECIPE, start="begun")
    for share, value in ((1.0, 2.0), (0.25, 1.25)):
        made = finished(tmp_path, recipe, Finish(share=share))
        assert torch.equal(made["head"], torch.full((2,), value))


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


def test_every_recipe_has_its_start_and_images_of_one_seed(tmp_path, monkeypatch):
    filled, made = set(), []

    def run(self):
        made.append(self.recipe)
        self.folder.mkdir(parents=True)
        (self.folder / "weights.safetensors").touch()

    def begin(self, recipe, cache, runs):
        self.recipe, self.folder = recipe, runs / recipe.name

    monkeypatch.setattr(train.Training, "__init__", begin)
    monkeypatch.setattr(train.Training, "run", run)
    monkeypatch.setattr(
        train.generate, "fill", lambda folder, seed, look, *_: filled.add((folder.name, seed, look))
    )
    for name in SHIPPED:
        if not (tmp_path / name).exists():
            train.train(RECIPES[name], tmp_path / "cache", tmp_path)
    assert {recipe.name for recipe in made} == set(RECIPES)
    for name in (name for name, finish in FINISHES.items() if finish.share < 1):
        start = RECIPES[RECIPES[name].start]
        assert start.scale == RECIPES[name].scale, "its last layer must fit"
    assert filled == {(look, IMAGES_SEED, look) for look in LOOKS}


def test_a_start_keeps_its_last_layer_where_the_scale_is_its_own(tmp_path):
    first = dataclasses.replace(RECIPE, name="first")
    (tmp_path / "first").mkdir()
    known = train.build(first, tmp_path)
    save_file(known.state_dict(), tmp_path / "first" / "weights.safetensors")
    same = train.build(dataclasses.replace(RECIPE, start="first", seed=9), tmp_path)
    other = train.build(dataclasses.replace(RECIPE, start="first", seed=9, scale=4), tmp_path)
    assert torch.equal(same.tail, known.tail)
    assert torch.equal(other.body[0].weight, known.body[0].weight)
    assert other.tail.shape[0] == 4 * known.tail.shape[0]


def test_a_run_of_no_iterations_keeps_the_weights_that_it_begins_with(cache, tmp_path):
    train.Training(RECIPE, cache, tmp_path).run()
    none = dataclasses.replace(RECIPE, name="none", iterations=0, start="test", seed=9)
    train.Training(none, cache, tmp_path).run()
    files = [tmp_path / name / "weights.safetensors" for name in ("test", "none")]
    begun, kept = (load_file(file) for file in files)
    assert all(torch.equal(begun[name], kept[name]) for name in begun)
    assert (tmp_path / "none" / "checkpoint.pt").exists()


@pytest.mark.parametrize("path", sorted(WEIGHTS.glob("*-x?-*.onnx")), ids=lambda path: path.stem)
def test_kernels_for_pytorch_are_those_of_the_network_to_half_precision(path):
    known = {
        constant.name: numpy_helper.to_array(constant)
        for constant in onnx.load(path).graph.initializer
    }
    kernels = load_file(path.with_suffix(".safetensors"))
    body = [name for name in kernels if name.startswith("body.")]
    assert len(body) == sum(name.startswith("body.") for name in known)
    for name in body:
        assert kernels[name].dtype == torch.float16
        assert np.allclose(kernels[name].numpy(), known[name], rtol=2**-10, atol=1e-7)
    assert np.array_equal(kernels["head"].numpy(), known["head"][: len(kernels["head"])])


def test_a_wider_network_begins_by_doing_what_the_narrower_one_does(tmp_path):
    narrow = dataclasses.replace(RECIPE, name="narrow")
    (tmp_path / "narrow").mkdir()
    known = train.build(narrow, tmp_path)
    torch.nn.init.normal_(known.tail, std=0.1)
    save_file(known.state_dict(), tmp_path / "narrow" / "weights.safetensors")
    wide = train.build(dataclasses.replace(RECIPE, features=24, start="narrow"), tmp_path)
    x = torch.rand(1, 3, 20, 24)
    with torch.no_grad():
        assert torch.allclose(wide(x), known(x), atol=1e-5)
        assert float(wide.body[0].weight[16:].abs().mean()) > 0.01, "what is new can learn"


def test_the_rate_is_held_and_then_falls():
    recipe = dataclasses.replace(RECIPE, iterations=10_000, rate=1e-3, hold=0.4)
    rates = [learning_rate(recipe, n, recipe.hold) for n in (0, 300, 4000, 7000, 10_000)]
    assert rates == pytest.approx([1e-3 / 200, 1e-3, 1e-3, 0.5005e-3, 1e-6], rel=1e-3)
    assert learning_rate(recipe, 5000) == pytest.approx(0.5005e-3, rel=1e-3)

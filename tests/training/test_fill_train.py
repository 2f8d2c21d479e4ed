"""The fill network's trainer on a few iterations, and its export."""

# ruff: noqa: E402 - the product's environment has no PyTorch

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from training import fill_export, fill_train
from training.fill_network import MARGIN, FillNetwork

from .test_fill_samples import written

RECIPE = fill_train.FillRecipe(iterations=6, images=25, batch=4)


@pytest.fixture
def samples(tmp_path, monkeypatch):
    monkeypatch.setattr(fill_train.FillTraining, "report", 3)
    folder = tmp_path / "samples"
    folder.mkdir()
    return written(folder)


def weights(run):
    return [p.detach().numpy().copy() for p in run.average.parameters()]


def test_a_run_that_was_stopped_ends_where_one_in_a_piece_ends(samples, tmp_path):
    whole = fill_train.FillTraining(RECIPE, samples, tmp_path / "whole")
    whole.run()
    first = fill_train.FillTraining(RECIPE, samples, tmp_path / "halves")
    first.folder.mkdir()
    for _ in range(3):
        first.step()
    first.save()
    second = fill_train.FillTraining(RECIPE, samples, tmp_path / "halves")
    second.run()
    assert second.iteration == 6
    for a, b in zip(weights(whole), weights(second), strict=True):
        assert np.allclose(a, b, atol=1e-6)


def test_a_run_can_begin_with_anothers_weights(samples, tmp_path):
    begin = fill_train.FillTraining(RECIPE, samples, tmp_path / "begin")
    begin.run()
    recipe = dataclasses.replace(RECIPE, start="begin")
    after = fill_train.FillTraining(recipe, samples, tmp_path / "after")
    for a, b in zip(weights(begin), weights(after), strict=True):
        assert np.array_equal(a, b)
    with pytest.raises(ValueError, match="another recipe"):
        fill_train.FillTraining(recipe, samples, tmp_path / "begin").run()


def test_the_exported_graph_is_the_network():
    torch.manual_seed(0)
    network = FillNetwork()
    torch.nn.init.normal_(network.tail, std=0.05)
    fill_export.verify(fill_export.graph(network), network)


def test_no_pixel_depends_on_one_beyond_the_margin():
    torch.manual_seed(0)
    network = FillNetwork()
    torch.nn.init.normal_(network.tail, std=0.05)
    x = torch.rand(1, 12, 160, 160)
    with torch.no_grad():
        before = network(x)
        for y0, x0 in ((80, 80), (81, 82), (83, 81)):
            changed = x.clone()
            changed[:, :, y0, x0] += 1
            moved = (network(changed) - before).abs().amax((0, 1)) > 0
            rows, columns = np.nonzero(moved.numpy())
            assert np.abs(rows - y0).max() <= MARGIN
            assert np.abs(columns - x0).max() <= MARGIN


def test_a_constant_added_to_the_picture_changes_nothing_inside():
    torch.manual_seed(0)
    network = FillNetwork()
    torch.nn.init.normal_(network.tail, std=0.05)
    x = torch.rand(1, 12, 64, 64)
    y = x.clone()
    y[:, :3] += torch.tensor([0.3, -0.2, 0.5]).reshape(1, 3, 1, 1)
    with torch.no_grad():
        assert float((network(x) - network(y)).abs().max()) < 1e-4

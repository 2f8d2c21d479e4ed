"""Every engine is held to the same contract. A new engine's file is found by itself."""

import os
import tracemalloc

import numpy as np
import pytest

from backlot.errors import BacklotError, NotFound, OutOfMemory, UnreadableFile, Unsupported
from backlot_server import networks, tiles
from tests.server.cards import NETWORKS, install

ENGINES = {name: e for name, e in networks.all_engines().items() if ".onnx" in e.SUFFIXES}
TOLERANCE = {"openvino-bf16": 0.02}


@pytest.fixture(params=ENGINES)
def engine(request):
    engine = ENGINES[request.param]
    if missing := engine.available():
        pytest.skip(missing)
    return engine


@pytest.fixture
def card(tmp_path):
    return install(tmp_path / "models", "texture-x2.onnx")


def batch(height=24, width=31, seed=0):
    return np.random.default_rng(seed).random((1, 3, height, width), np.float32)


def test_it_gives_float32_of_the_right_shape_and_says_its_name(engine, card):
    network = engine.load(card, str(card.path))
    for height, width in ((24, 31), (7, 5), (24, 31)):
        made = network(batch(height, width))
        assert made.shape == (1, 3, 2 * height, 2 * width)
        assert made.dtype == np.float32
    assert card.name in network.label


def test_engines_agree(engine, card):
    reference = ENGINES["onnx"].load(card, str(card.path))(batch()).copy()
    made = engine.load(card, str(card.path))(batch())
    np.testing.assert_allclose(made, reference, atol=TOLERANCE.get(engine.NAME, 1e-5))


def test_it_is_deterministic_and_leaves_its_input_alone(engine, card):
    network = engine.load(card, str(card.path))
    given = batch()
    first = network(given).copy()
    network(batch(seed=1))
    np.testing.assert_array_equal(network(given), first)
    np.testing.assert_array_equal(given, batch())


def test_nothing_of_a_frames_size_is_allocated_after_the_first(engine, card):
    tiler = tiles.Tiler(engine.load(card, str(card.path)), card)
    source = np.ones((200, 300, 3), np.float16)
    made = np.empty((400, 600, 3), np.float16)

    def frame():
        whole = tiler.run(
            (200, 300),
            lambda start, end: source[start:end],
            (0, 1, 2),
            lambda start, end: (made[start:end], (0, 1, 2)),
        )
        assert list(whole) == [(0, 400)]

    frame()
    tracemalloc.start()
    try:
        frame()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < made.nbytes / 10


def test_a_batch_of_several_is_each_alone(engine, card):
    network = engine.load(card, str(card.path))
    both = network(np.concatenate([batch(seed=1), batch(seed=2)])).copy()
    tolerance = TOLERANCE.get(engine.NAME, 1e-5)
    np.testing.assert_allclose(both[:1], network(batch(seed=1)), atol=tolerance)


def test_threads_can_be_limited(engine, card):
    network = engine.load(card, str(card.path), threads=1)
    assert network(batch()).shape == (1, 3, 48, 62)


@pytest.mark.parametrize("damage", ["empty", "truncated", "noise"])
def test_a_damaged_file_is_refused_with_a_sentence(engine, card, damage):
    content = card.path.read_bytes()
    noise = np.random.default_rng(0).bytes(5000)
    broken = {"empty": b"", "truncated": content[: len(content) // 2], "noise": noise}[damage]
    card.path.write_bytes(broken)
    with pytest.raises((UnreadableFile, Unsupported)) as caught:
        engine.load(card, str(card.path))(batch())
    assert card.file in caught.value.sentence
    assert caught.value.hint
    assert str(card.folder) not in caught.value.sentence


def test_a_network_for_other_pictures_is_refused(engine, tmp_path):
    card = install(tmp_path, "grey-x2.onnx")
    with pytest.raises(BacklotError) as caught:
        engine.load(card, str(card.path))(batch())
    assert isinstance(caught.value, Unsupported)
    assert str(tmp_path) not in caught.value.sentence


def test_what_is_loaded_is_what_the_card_says(card, monkeypatch):
    monkeypatch.setenv("BACKLOT_ENGINE", "onnx")
    networks.load(card)
    assert card.sha256 in networks.held()
    content = bytearray(card.path.read_bytes())
    content[-40] ^= 1
    card.path.write_bytes(bytes(content))
    os.utime(card.path, ns=(1, 1))
    with pytest.raises(UnreadableFile, match="damaged or exchanged"):
        networks.load(card)


def test_a_network_is_loaded_once(card):
    assert networks.load(card) is networks.load(card)


def test_weights_that_are_gone_are_said_to_be(card):
    card.path.unlink()
    with pytest.raises(NotFound, match="not here"):
        networks.load(card)


def test_a_network_larger_than_memory_is_refused_before_it_is_loaded(tmp_path):
    card = install(tmp_path, "texture-x2.onnx", name="huge", bytes=1 << 50)
    with pytest.raises(OutOfMemory, match="huge needs about"):
        networks.load(card)


def test_the_engine_can_be_chosen(card, monkeypatch):
    for name, engine in ENGINES.items():
        if not engine.available():
            monkeypatch.setenv("BACKLOT_ENGINE", name)
            chosen = networks.chosen_engine(card)
            assert chosen is engine
    monkeypatch.setenv("BACKLOT_ENGINE", "abacus")
    with pytest.raises(NotFound, match="abacus"):
        networks.chosen_engine(card)


def test_without_being_asked_one_is_chosen_that_runs_here(card, monkeypatch, tmp_path):
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    monkeypatch.delenv("BACKLOT_ENGINE", raising=False)
    assert networks.chosen_engine(card).NAME == "openvino"
    monkeypatch.setattr(ENGINES["openvino"], "available", lambda: "Not installed.")
    assert networks.chosen_engine(card).NAME == "onnx"
    monkeypatch.undo()
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    monkeypatch.setattr(ENGINES["onnx"], "accelerated", lambda: True)
    assert networks.chosen_engine(card).NAME == "onnx"


def test_the_test_networks_are_small():
    assert sum(path.stat().st_size for path in NETWORKS.glob("*.onnx")) < 150_000

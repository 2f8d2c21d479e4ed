import json
from types import SimpleNamespace

import numpy as np
import pytest

from backlot.errors import CannotWrite, Unsupported
from backlot_server import networks, tuning
from backlot_server.engines import onnx
from tests.server.cards import install


class Clock:
    """Time passes where an engine says so alone."""

    now = 0.0


class Fake:
    """An engine of a known pace and error."""

    SUFFIXES = (".onnx",)

    def __init__(self, name, pause=0.0, error=0.0, missing="", problem=None):
        self.NAME, self.pause, self.error = name, pause, error
        self.missing, self.problem = missing, problem

    def available(self):
        return self.missing

    def load(self, card, path, threads=0):
        if self.problem:
            raise self.problem
        exact = onnx.load(card, path, threads)

        def network(batch):
            Clock.now += self.pause
            return exact(batch) * np.float32(1 + self.error)

        return network


@pytest.fixture
def card(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    monkeypatch.delenv("BACKLOT_ENGINE", raising=False)
    monkeypatch.setattr(tuning, "time", SimpleNamespace(perf_counter=lambda: Clock.now))
    return install(tmp_path / "models", "texture-x2.onnx")


def engines(*fakes):
    return {fake.NAME: fake for fake in fakes}


SLOW = Fake("onnx", 0.05)
FAST = Fake("swift")
ROUGH = Fake("rough", 0.0, 0.01)


def test_the_fastest_engine_is_kept_and_used(card, monkeypatch):
    found = tuning.tune({card.name: card}, engines(SLOW, FAST))
    assert [timing.engine for timing in found[card.name]] == ["swift", "onnx"]
    assert tuning.tuned(card) == "swift"
    monkeypatch.setattr(networks, "all_engines", lambda: engines(SLOW, FAST))
    assert networks.chosen_engine(card) is FAST
    monkeypatch.setenv("BACKLOT_ENGINE", "onnx")
    assert networks.chosen_engine(card) is SLOW


def test_one_network_can_be_measured_again_and_the_others_are_kept(card, tmp_path):
    other = install(tmp_path / "models", "smooth-x2.onnx")
    tuning.tune({card.name: card, other.name: other}, engines(SLOW, FAST))
    tuning.tune({card.name: card}, engines(SLOW))
    assert (tuning.tuned(card), tuning.tuned(other)) == ("onnx", "swift")


def test_a_rough_engine_is_measured_but_not_chosen(card):
    found = tuning.tune({card.name: card}, engines(SLOW, ROUGH))
    assert {t.engine: t.error > tuning.FAITHFUL for t in found[card.name]} == {
        "rough": True,
        "onnx": False,
    }
    assert tuning.tuned(card) == "onnx"


def test_what_cannot_run_is_said_and_passed_over(card):
    broken = Fake("broken", problem=Unsupported("It has no such layer."))
    absent = Fake("absent", missing="Not installed.")
    told = []
    tuning.tune({card.name: card}, engines(SLOW, broken, absent), lambda n, t: told.append((n, t)))
    assert {t.engine: t.problem for _, t in told} == {"onnx": "", "broken": "It has no such layer."}


def test_measurements_of_another_machine_do_not_count(card):
    tuning.tune({card.name: card}, engines(SLOW, FAST))
    kept = json.loads(tuning.file().read_text())
    tuning.file().write_text(json.dumps({**kept, "machine": "elsewhere"}))
    assert tuning.tuned(card) == ""


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"machine": 3, "networks": 4}'])
def test_a_damaged_file_counts_as_none(card, content):
    tuning.file().write_text(content)
    assert tuning.tuned(card) == ""


def test_a_folder_that_cannot_be_written_is_said(card, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("BACKLOT_HOME", str(blocked))
    with pytest.raises(CannotWrite):
        tuning.tune({card.name: card}, engines(SLOW))

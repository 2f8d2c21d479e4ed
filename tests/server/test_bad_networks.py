"""Networks that cannot be used, through a real server: a sentence, and the server goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import backlot
from backlot.errors import OutOfMemory, UnreadableFile, Unsupported
from backlot.frame import Frame
from tests.conftest import RunningServer
from tests.server.cards import install

EXPECTED = {
    "nan": (Unsupported, "values that are no numbers"),
    "exchanged": (UnreadableFile, "damaged or exchanged"),
    "damaged": (UnreadableFile, "damaged or no ONNX file"),
    "huge": (OutOfMemory, "huge needs about"),
    "another-scale": (Unsupported, "another size than its card says"),
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    make(home / "models")
    server = RunningServer(env={"BACKLOT_HOME": str(home), "BACKLOT_ENGINE": "auto"})
    try:
        with backlot.connect(endpoint=server.endpoint) as studio:
            yield studio
    finally:
        server.close()


def make(folder: Path) -> None:
    install(folder, "nan-x2.onnx", "nan")
    install(folder, "texture-x4.onnx", "another-scale", scale=2)
    install(folder, "texture-x2.onnx", "huge", bytes=1 << 50)
    exchanged = install(folder, "texture-x2.onnx", "exchanged")
    exchanged.path.write_bytes(exchanged.path.read_bytes()[:-1] + b"?")
    whole = install(folder, "texture-x2.onnx", "damaged").path.read_bytes()
    from hashlib import sha256

    part = whole[: len(whole) // 2]
    (folder / "damaged.onnx").write_bytes(part)
    card = json.loads((folder / "damaged.json").read_text())
    card |= {"sha256": sha256(part).hexdigest(), "bytes": len(part)}
    (folder / "damaged.json").write_text(json.dumps(card))


def frame() -> Frame:
    return Frame(np.random.default_rng(0).random((20, 30, 3)).astype(np.float16))


@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_said_what_is_wrong_and_the_next_job_works(studio, name):
    kind, reason = EXPECTED[name]
    before = studio.greet().devices[0].worker_pid
    with pytest.raises(kind, match=reason) as caught:
        studio.run("upscale", source=frame(), network=name)
    assert caught.value.hint
    assert "/" not in caught.value.sentence
    made = studio.run("upscale", source=frame(), network="fast")
    assert np.isfinite(made.pixels.astype(np.float32)).all()
    assert studio.greet().devices[0].worker_pid == before, "no worker had to die"

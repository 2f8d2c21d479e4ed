"""Runs inside an application's Python (3.7 and newer): the whole in-host half against a companion.

argv: the Python of Backlot. Prints "ok" at the end; anything else is a failure.
"""

import os
import sys
import tempfile
import threading

from plugin.host import (
    Link,
    LinkError,
    Takes,
    arranged,
    defaults,
    fingerprint,
    load_specs,
    offered,
    save_specs,
    stamps,
)


def expect(code, act):
    caught = None
    try:
        act()
    except LinkError as error:
        caught = error
    assert caught is not None, "no error, expected " + code
    assert caught.code == code, caught.details()
    assert caught.sentence.endswith("."), caught.sentence
    return caught


def link():
    made = Link([sys.argv[1], "-m", "backlot.link"], "test")
    told = made.hello()
    assert told["link"] == 1, told
    buffer = made.buffer(1 << 16)
    view = memoryview(buffer.memory).cast("f")
    view[0] = 0.5
    assert view[0] == 0.5
    view.release()
    made.free(buffer)
    expect("not-found", lambda: made.call("free", {"buffer": "b1"}))
    expect("invalid-input", lambda: made.call("characters"))
    expect("invalid-input", lambda: made.call("fly"))
    assert made.call("cancel", {"job": "none"}) == {"found": False}

    heard = []
    made.ask("hello", {"link": 1}, lambda *_: heard.append(threading.get_ident()))
    job = made.run("fill", [1], inputs={}, out={})
    made.wait(job, 20)
    assert job.state == "failed", job.state
    assert job.error.code == "invalid-input", job.error.details()
    assert heard == [threading.get_ident()]
    made.close()
    made.drain()
    assert not made.alive
    assert made.ended.code == "link-lost", made.ended.details()
    expect("link-lost", lambda: made.call("hello"))
    expect("not-installed", lambda: Link([os.path.join(tempfile.gettempdir(), "no-such")], "test"))


def killed():
    made = Link([sys.argv[1], "-m", "backlot.link"], "test")
    made._process.kill()
    job = made.run("fill", [1])
    made.wait(job, 20)
    assert job.state == "failed", job.state
    assert job.error.code == "link-lost", job.error.details()


def takes(folder):
    kept = Takes(os.path.join(folder, "takes"))
    assert kept.all() == []
    first, second = kept.new(), kept.new()
    assert [take.name for take in kept.all()] == ["v001", "v002"]
    first.discard()
    assert [take.name for take in kept.all()] == ["v002"]
    assert kept.new().name == "v003"
    os.mkdir(os.path.join(folder, "takes", "v1000"))
    assert kept.new().name == "v1001"
    os.mkdir(os.path.join(folder, "takes", "notes"))
    assert [take.name for take in kept.all()] == ["v002", "v003", "v1000", "v1001"]
    now = fingerprint({"tool": "fill", "params": {"grow": 4.0}})
    assert second.stale(now)
    second.save_recipe({"fingerprint": now})
    assert not second.stale(now)
    assert second.stale(fingerprint({"tool": "fill", "params": {"grow": 5.0}}))
    path = second.file("a.exr")
    assert stamps([path]) == [[0, 0]]
    with open(path, "w") as file:
        file.write("x")
    assert stamps([path])[0][0] == 1
    second.discard()
    assert os.path.exists(path)


def specs(folder):
    path = os.path.join(folder, "cache", "tools.json")
    assert load_specs(path) == []
    params = [
        {"name": "grow", "default": 2.0, "group": "Matte"},
        {"name": "seed", "default": 0, "group": ""},
    ]
    told = [{"name": "fill", "params": params}, {"name": "test", "params": [], "hidden": True}]
    assert save_specs(path, told)
    assert not save_specs(path, told)
    assert load_specs(path) == told
    assert [spec["name"] for spec in offered(told)] == ["fill"]
    assert defaults(told[0]) == {"grow": 2.0, "seed": 0}
    groups = [(group, [p["name"] for p in inside]) for group, inside in arranged(told[0])]
    assert groups == [("", ["seed"]), ("Matte", ["grow"])]
    with open(path, "w") as file:
        file.write("{")
    assert load_specs(path) == []


link()
killed()
with tempfile.TemporaryDirectory() as scratch:
    takes(scratch)
    specs(scratch)
assert not any(name.split(".")[0] in ("numpy", "backlot", "grpc") for name in sys.modules)
print("ok")

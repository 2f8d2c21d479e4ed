"""Figures for benchmarks/blender.py, printed as JSON."""

import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))

import bpy
import numpy
from ready import install, part

ROUNDS = 7


def clocked(act):
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def through(data):
    """Median of: an image through the companion and back, over reading and writing it once."""
    options = {"alpha": True, "float_buffer": True, "is_data": data}
    plate = bpy.data.images.new("plate", 3840, 2160, **options)
    other = bpy.data.images.new("other", 3840, 2160, **options)
    values = numpy.random.default_rng(1).random(3840 * 2160 * 4, numpy.float32)
    plate.pixels.foreach_set(values)
    pixels, session = part("pixels"), part("session")
    link = session.link()

    def once():
        layout = pixels.described(plate)
        buffer = session.mapped(link.call("buffer", {"bytes": pixels.bytes_of(layout)}))
        pixels.fill(buffer, plate)
        source = dict(layout, buffer=buffer.name)
        out = {"buffer": {"into": "source"}}
        job = link.run("passthrough", [1], inputs={"source": source}, out=out)
        link.wait(job, 60)
        pixels.take(job.results[1]["pixels"], other, [buffer])
        link.free(buffer)

    def copy():
        plate.pixels.foreach_get(values)
        other.pixels.foreach_set(values)

    for _ in range(3):
        once()
        copy()
    pairs = [(clocked(once), clocked(copy)) for _ in range(ROUNDS)]
    for image in (plate, other):
        bpy.data.images.remove(image)
    return statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)


def longest_tick():
    """While a job runs that tells its progress a hundred times a second."""
    session = part("session")
    small = bpy.data.images.new("small", 64, 64, float_buffer=True)
    settings = part("controls").settings_of(bpy.context.scene, "passthrough")
    settings.seconds = 2.0
    task = part("images").run(small, "passthrough", settings)
    while task.state != "running":
        session._tick()
        time.sleep(0.01)
    ticks = []
    while task.state == "running" and len(ticks) < 15:
        ticks.append(clocked(session._tick))
        time.sleep(session.TICK)
    task.cancel()
    return statistics.quantiles(ticks, n=10)[-1]


def enable():
    import addon_utils  # bpy brings it

    name = part("session").__package__
    addon_utils.disable(name)
    took = clocked(lambda: addon_utils.enable(name))
    bpy.context.preferences.addons[name].preferences.backlot = sys.argv[-2]
    return took


install()
print(
    json.dumps(
        {
            "enable": statistics.median(enable() for _ in range(5)),
            "data": through(True),
            "color": through(False),
            "tick": longest_tick(),
        }
    ),
    flush=True,
)
part("session").close()
os._exit(0)

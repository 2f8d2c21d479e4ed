"""Run by each Python that a Nuke has: the built plugin in the simulator, a real link and server.

    python plain.py REPOSITORY PLUGIN PLATE FOLDER

Pixels need libraries that these Pythons do not have: what a Write makes here is a copy of the file
that the Read above it reads.
"""

import os
import shutil
import sys
import time

ROOT, PLUGIN, PLATE, FOLDER = sys.argv[1:]
sys.path.insert(0, ROOT)
from tests.hosts.nuke.host import BUSY, Nuke  # noqa: E402


class Copies:
    def __init__(self, host):
        self.host = host

    def size(self, node, frame):
        return 48, 32

    def write(self, node, frame, view):
        above = node
        while above.Class() != "Read":
            above = above.input(0)
        source = self.host._framed(above["file"].value(), frame)
        shutil.copy(source, self.host._framed(node["file"].value(), frame))


host = Nuke([PLUGIN]).install()
host.pixels = Copies(host)
sys.path.insert(0, PLUGIN)

before = set(sys.modules)
start = time.perf_counter()
host.start()
seconds = time.perf_counter() - start
heavy = {"subprocess", "socket", "ssl", "json", "asyncio", "numpy", "grpc", "google"}
loaded = {name.split(".")[0] for name in set(sys.modules) - before}
assert not heavy & loaded, heavy & loaded
print("started", seconds)

nuke = host.module
source = nuke.nodes.Read(file=PLATE, raw=True)
source["first"].setValue(1001)
source["last"].setValue(1002)
host._root["name"]._value = os.path.join(FOLDER, "comp.nk")
host._frame = 1001
node = nuke.createNode("AIPassthrough")
node.setInput(0, source)
host.press(node, "render_range")
session = sys.modules["backlot_nuke.session"].session
end = time.time() + 60
while session.runs and time.time() < end:
    host.pump(0.05)
assert node["status"].value() == "v001: 2 frames", node["status"].value()
made = os.path.join(FOLDER, "backlot", os.listdir(os.path.join(FOLDER, "backlot"))[0], "v001")
assert sorted(n for n in os.listdir(made) if n.endswith(".exr")) == [
    "AIPassthrough1.1001.exr",
    "AIPassthrough1.1002.exr",
]
assert [node["has_result"].getValueAt(f) for f in (1000, 1001, 1002, 1003)] == [0, 1, 1, 0]

(copy,) = host.paste(host.copy([node]))
assert copy["result_file"].value() == node["result_file"].value()
host.save(os.path.join(FOLDER, "comp.nk"))
host.open(os.path.join(FOLDER, "comp.nk"))
assert len(host._root.nodes()) == 3

nuke.addKnobChanged(lambda: nuke.execute("Write1", 1, 1), nodeClass="Read")
said = ""
try:
    host._root.nodes()[0]["first"].setValue(7)
except RuntimeError as error:
    said = str(error)
assert said == BUSY, said
session.close()
assert not host.log, host.log
print("passed")

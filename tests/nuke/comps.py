"""A script with a node of ours, as the tests of it go; pixels compared to the bit."""

import numpy as np

from .conftest import matte, plate, read, until


class Comp:
    """A saved script with a plate, a matte and a node of ours."""

    def __init__(self, host, folder, kind="AIPaint", frames=(1001, 1003)):
        self.host, self.folder = host, folder
        numbers = range(frames[0], frames[1] + 1)
        host._root["name"]._value = str(folder / "comp.nk")
        host._root["first_frame"].setValue(frames[0])
        host._root["last_frame"].setValue(frames[1])
        host._frame = frames[0]
        self.plate = read(host, plate(folder / "plates", numbers), frames)
        self.node = host.module.createNode(kind)
        self.node.setInput(0, self.plate)
        if self.node.maxInputs() > 1:
            self.matte = read(host, matte(folder / "plates", numbers), frames)
            self.node.setInput(1, self.matte)
        self.take = folder / "backlot"

    def render(self, button="render_range"):
        self.host.press(self.node, button)
        return until(self.host, self.node)

    def pixels(self, frame, node=None):
        return self.host.show(node or self.node, frame)


def same(a, b):
    """Bit for bit, NaN included."""
    return np.array_equal(a.view(np.uint32), b.view(np.uint32))

"""Memory for results comes back when, and only when, nobody looks at it any more."""

import gc

import numpy as np

from backlot.buffers import Buffers


def address(array):
    return array.__array_interface__["data"][0]


def test_memory_is_used_again():
    buffers = Buffers()
    first = buffers.empty((100, 100, 4), np.float16)
    where = address(first)
    del first
    gc.collect()
    assert address(buffers.empty((100, 100, 4), np.float16)) == where


def test_a_view_keeps_its_memory():
    buffers = Buffers()
    row = buffers.empty((100, 100, 4), np.float32)[3]
    row[...] = 7
    gc.collect()
    other = buffers.empty((100, 100, 4), np.float32)
    other[...] = 0
    assert (row == 7).all()


def test_no_more_is_kept_than_allowed():
    buffers = Buffers(keep=1 << 20)
    held = [buffers.empty((1 << 19,), np.uint8) for _ in range(5)]
    del held
    gc.collect()
    assert sum(len(free) for free in buffers._free.values()) == 2

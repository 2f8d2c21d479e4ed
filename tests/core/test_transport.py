"""Memory that a client leased is written again, whatever sizes take turns, and is bounded."""

from __future__ import annotations

import numpy as np

import backlot


def frame(side: int) -> backlot.Frame:
    return backlot.Frame(np.full((side, side, 4), 0.5, np.float16))


def held(studio: backlot.Studio) -> int:
    mine = [each for each in studio.status().sessions if each.session == studio.session]
    return mine[0].leases


def test_frames_of_two_sizes_take_turns_without_new_leases(endpoint):
    with backlot.connect(endpoint=endpoint, transport="shared") as studio:
        generations = set()
        for _ in range(6):
            for side in (64, 128):
                sent = studio.transport.send(frame(side))
                generations.add((sent.lease.id, sent.lease.generation))
                studio.transport.give_back(sent.lease)
        assert len(generations) == 2
        assert held(studio) == 2


def test_leases_of_many_sizes_are_given_back_in_time(endpoint):
    with backlot.connect(endpoint=endpoint, transport="shared") as studio:
        for side in range(8, 48):
            sent = studio.transport.send(frame(side))
            studio.transport.give_back(sent.lease)
        assert held(studio) <= 16
        studio.run("passthrough", source=frame(9))

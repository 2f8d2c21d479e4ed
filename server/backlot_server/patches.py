"""The compiled inner loops of `backlot_server.exemplar`: comparing, searching and voting.

Pictures are flat: (height, width * channels + LANES) float32, the last columns of no meaning but
finite. Fields are (height, width): sources int32 (row * width + column, -1 for none), costs
float32. Pixels come as lists (ys, xs), and each writes only what is its own, so that a list may be
cut among threads. There is no random state: noise is a hash of seed, turn and place.
"""

from __future__ import annotations

import numba
import numpy as np

LANES = 24
"""Floats of a patch's row that are compared at once: seven pixels of three channels, and zeros.
A constant, so that the compiler makes vector code of it."""

FAST = {"contract", "reassoc", "nsz", "arcp", "nnan"}


@numba.njit(nogil=True, cache=True)
def _mixed(x):  # type: ignore[no-untyped-def]
    x = (x ^ (x >> np.uint64(31))) * np.uint64(0x7FB5D329728EA185)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x81DADEF4BC2DD44D)
    return x ^ (x >> np.uint64(33))


@numba.njit(nogil=True, cache=True)
def draw(seed, ys, xs, places, found):  # type: ignore[no-untyped-def]
    """One of the places at random for each pixel."""
    for n in range(len(ys)):
        at = (np.uint64(ys[n]) << np.uint64(32)) ^ np.uint64(xs[n])
        noise = _mixed(_mixed(seed + np.uint64(0x9E3779B97F4A7C15)) ^ at)
        found[n] = places[np.int64(noise % np.uint64(len(places)))]


@numba.njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _difference(flat, channels, patch, trust, y, x, radius, best):  # type: ignore[no-untyped-def]
    """Of a patch and the one around (y, x); given up where it is over `best`."""
    total = np.float32(0.0)
    first = (x - radius) * channels
    for j in range(2 * radius + 1):
        line, mine, weight = flat[y - radius + j, first:], patch[j], trust[j]
        part = np.float32(0.0)
        for k in range(LANES):
            gap = mine[k] - line[k]
            part += weight[k] * gap * gap
        total += part
        if total >= best:
            return total
    return total


@numba.njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _lift(flat, trust, channels, y, x, radius, patch, weights):  # type: ignore[no-untyped-def]
    """Copy a patch and its weights, which sum to one per channel's pixel."""
    total = np.float32(0.0)
    for j in range(2 * radius + 1):
        for i in range(2 * radius + 1):
            weight = trust[y - radius + j, x - radius + i]
            total += weight
            for c in range(channels):
                weights[j, i * channels + c] = weight
                patch[j, i * channels + c] = flat[y - radius + j, (x - radius + i) * channels + c]
    weights *= np.float32(1.0) / max(total * np.float32(channels), np.float32(1e-6))


@numba.njit(nogil=True, cache=True)
def score(flat, trust, labels, ys, xs, sources, costs, radius):  # type: ignore[no-untyped-def]
    width = trust.shape[1]
    channels = (flat.shape[1] - LANES) // width
    patch = np.zeros((2 * radius + 1, LANES), np.float32)
    weights = np.zeros((2 * radius + 1, LANES), np.float32)
    for n in range(len(ys)):
        y, x = ys[n], xs[n]
        _lift(flat, trust, channels, y, x, radius, patch, weights)
        at = sources[y, x]
        costs[y, x] = _unlike(labels, y, x, at) + _difference(
            flat, channels, patch, weights, at // width, at % width, radius, np.float32(1e30)
        )


@numba.njit(nogil=True, cache=True)
def _unlike(labels, y, x, at):  # type: ignore[no-untyped-def]
    """What it costs that two places have different labels; nothing where there are none."""
    if labels.size == 0:
        return np.float32(0.0)
    gap = labels[y, x] - labels[at // labels.shape[1], at % labels.shape[1]]
    return gap * gap


@numba.njit(nogil=True, cache=True)
def _broken(sources, y, x, at):  # type: ignore[no-untyped-def]
    """How many of the four neighbours were taken from elsewhere."""
    height, width = sources.shape
    count = 0
    if y > 0 and sources[y - 1, x] >= 0:
        count += sources[y - 1, x] != at - width
    if y < height - 1 and sources[y + 1, x] >= 0:
        count += sources[y + 1, x] != at + width
    if x > 0 and sources[y, x - 1] >= 0:
        count += sources[y, x - 1] != at - 1
    if x < width - 1 and sources[y, x + 1] >= 0:
        count += sources[y, x + 1] != at + 1
    return np.float32(count)


@numba.njit(nogil=True, cache=True, fastmath=FAST)
def search(  # type: ignore[no-untyped-def]
    flat, trust, labels, ys, xs, sources, costs, new_sources, new_costs, possible, places,
    radius, turn, seed, jump, reach, anywhere, penalty,
):  # fmt: skip
    height, width = trust.shape
    channels = (flat.shape[1] - LANES) // width
    patch = np.zeros((2 * radius + 1, LANES), np.float32)
    weights = np.zeros((2 * radius + 1, LANES), np.float32)
    for n in range(len(ys)):
        y, x = ys[n], xs[n]
        _lift(flat, trust, channels, y, x, radius, patch, weights)
        source = np.int64(sources[y, x])
        best = costs[y, x] + penalty * _broken(sources, y, x, source)
        for k in range(8 if jump > 1 else 4):
            far = 1 if k < 4 else jump
            dy = (-far, far, 0, 0)[k % 4]
            dx = (0, 0, -far, far)[k % 4]
            if not (0 <= y + dy < height and 0 <= x + dx < width):
                continue
            near = np.int64(sources[y + dy, x + dx])
            if near < 0:
                continue
            sy, sx = near // width - dy, near % width - dx
            if not (0 <= sy < height and 0 <= sx < width) or not possible[sy, sx]:
                continue
            at = sy * width + sx
            if at == source:
                continue
            cost = penalty * _broken(sources, y, x, at) + _unlike(labels, y, x, at)
            cost += _difference(flat, channels, patch, weights, sy, sx, radius, best - cost)
            if cost < best:
                best, source = cost, at
        noise = _mixed(
            _mixed(seed * np.uint64(0x9E3779B97F4A7C15) + turn) + np.uint64(y * width + x)
        )
        around = reach
        while around >= 1:
            noise = _mixed(noise + np.uint64(0x9E3779B97F4A7C15))
            span = np.uint64(2 * around + 1)
            sy = source // width + np.int64(noise % span) - around
            sx = source % width + np.int64((noise >> np.uint64(32)) % span) - around
            around //= 2
            if not (0 <= sy < height and 0 <= sx < width) or not possible[sy, sx]:
                continue
            at = sy * width + sx
            cost = penalty * _broken(sources, y, x, at) + _unlike(labels, y, x, at)
            cost += _difference(flat, channels, patch, weights, sy, sx, radius, best - cost)
            if cost < best:
                best, source = cost, at
        for _ in range(anywhere):
            noise = _mixed(noise + np.uint64(0x9E3779B97F4A7C15))
            at = np.int64(places[np.int64(noise % np.uint64(len(places)))])
            cost = penalty * _broken(sources, y, x, at) + _unlike(labels, y, x, at)
            cost += _difference(
                flat, channels, patch, weights, at // width, at % width, radius, best - cost
            )
            if cost < best:
                best, source = cost, at
        new_sources[y, x] = source
        new_costs[y, x] = best - penalty * _broken(sources, y, x, source)


@numba.njit(nogil=True, cache=True)
def vote(values, sources, costs, ys, xs, radius, spread, made):  # type: ignore[no-untyped-def]
    height, width, channels = values.shape
    total = np.empty(channels, np.float64)
    for n in range(len(ys)):
        total[:] = 0.0
        sum_weights = 0.0
        for y in range(max(0, ys[n] - radius), min(height, ys[n] + radius + 1)):
            for x in range(max(0, xs[n] - radius), min(width, xs[n] + radius + 1)):
                at = sources[y, x]
                if at < 0:
                    continue
                weight = np.exp(-min(costs[y, x] / spread, np.float32(80.0)))
                sy, sx = at // width + ys[n] - y, at % width + xs[n] - x
                sum_weights += weight
                for c in range(channels):
                    total[c] += weight * values[sy, sx, c]
        if sum_weights > 0.0:
            for c in range(channels):
                made[n, c] = total[c] / sum_weights


@numba.njit(nogil=True, cache=True)
def choose(sources, costs, ys, xs, radius, found):  # type: ignore[no-untyped-def]
    height, width = sources.shape
    for n in range(len(ys)):
        best = np.float32(1e30)
        for y in range(max(0, ys[n] - radius), min(height, ys[n] + radius + 1)):
            for x in range(max(0, xs[n] - radius), min(width, xs[n] + radius + 1)):
                at = sources[y, x]
                if at < 0:
                    continue
                dy, dx = ys[n] - y, xs[n] - x
                cost = costs[y, x] * np.float32(1.0 + 0.05 * (dy * dy + dx * dx))
                if cost < best:
                    best = cost
                    found[n] = (at // width + dy) * width + at % width + dx

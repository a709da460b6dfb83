"""The columns of a picture: every node moves towards its neighbours, and what leads straight on is put exactly in a line.

After this module a reader knows why the spine of a picture is straight: the way from operation to operation pulls more than an
input does; and why it is narrow: the middle of the picture pulls a little at all of it.
"""

from __future__ import annotations

import math
from itertools import pairwise

from autodiff.explain.layers import Net, apart

__all__ = ["columns"]

_ROUNDS = 48
_INWARDS = 0.2  # how much the middle of the picture pulls: it narrows what would lean to a side


def columns(net: Net, rows: list[list[int]]) -> list[float]:
    """Where each node stands in its row: near its neighbours, without touching the next one."""
    offset, x = [0.0] * len(net.width), [0.0] * len(net.width)
    for row in rows:
        place = 0.0
        for left, n in pairwise([-1, *row]):
            if left >= 0:
                place += apart(net, left, n)
            offset[n] = x[n] = place
    pulled = [[*up, *down] for up, down in zip(net.up, net.down, strict=True)]
    strong = [[pair for pair in pairs if pair[1] > 1] or pairs for pairs in pulled]
    for turn in range(_ROUNDS):
        middle = (min(x) + max(x)) / 2
        downward = turn % 2 == 0
        for row in rows if downward else rows[::-1]:
            blocks: list[list[float]] = []  # where a block wants its first node, its weight, its count
            for n in row:
                near = strong[n]
                if turn < _ROUNDS // 3:
                    near = (net.up if downward else net.down)[n] or near
                    near = [pair for pair in near if pair[1] > 1] or near
                weight = sum(w for _, w in near)
                want = (sum(x[m] * w for m, w in near) + middle * _INWARDS) / (weight + _INWARDS) if weight else x[n]
                firm = 20 if n < net.real and near[0:1] and near[0][1] > 1 else 1  # the spine stays, the others give way
                blocks.append([want - offset[n], firm * weight or 0.1, 1])
                while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
                    wish, heavy, k = blocks.pop()
                    last = blocks[-1]
                    total = last[1] + heavy
                    last[:] = [(last[0] * last[1] + wish * heavy) / total, total, last[2] + k]
            ns = iter(row)
            for wish, _, k in blocks:
                for _ in range(int(k)):
                    n = next(ns)
                    x[n] = wish + offset[n]
    _straighten(net, rows, x)
    left_edge = min(x[n] - net.width[n] / 2 for n in range(len(x)))
    return [v - left_edge for v in x]


def _straighten(net: Net, rows: list[list[int]], x: list[float]) -> None:
    """Put what leads straight on, from row to row, exactly below each other, as far as the neighbours leave room."""
    after: dict[int, int] = {}
    for n in range(len(x)):
        strong = [m for m, pull in net.down[n] if pull > 1] or [m for m, _ in net.down[n] if len(net.down[n]) == 1]
        if len(strong) == 1:
            m = strong[0]
            back = [k for k, pull in net.up[m] if pull > 1] or [k for k, _ in net.up[m] if len(net.up[m]) == 1]
            if back == [n]:
                after[n] = m
    chains: list[list[int]] = []
    for n in sorted(set(after) - set(after.values())):
        chain = [n]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        chains.append(chain)
    chains.sort(key=lambda chain: (-len(chain), chain[0]))
    beside: dict[int, tuple[int, int]] = {}  # the neighbours in the row
    for row in rows:
        for a, n, b in zip([-1, *row], row, [*row[1:], -1], strict=False):
            beside[n] = a, b
    for _ in range(3):
        for chain in chains:
            straight: list[int] = []
            low, high = -math.inf, math.inf
            for n in [*chain, -1]:  # a piece of the chain goes on as long as there is a place that all of it can have
                a, b = beside.get(n, (-1, -1))
                least = max(low, x[a] + apart(net, a, n) if a >= 0 else -math.inf)
                most = min(high, x[b] - apart(net, n, b) if b >= 0 else math.inf)
                if n >= 0 and least <= most:
                    straight.append(n)
                    low, high = least, most
                    continue
                where = sorted(x[k] for k in straight)
                middle = min(max(where[len(where) // 2], low), high) if where else 0.0
                for k in straight:
                    x[k] = middle
                if n >= 0:
                    straight = [n]
                    low = x[a] + apart(net, a, n) if a >= 0 else -math.inf
                    high = x[b] - apart(net, n, b) if b >= 0 else math.inf

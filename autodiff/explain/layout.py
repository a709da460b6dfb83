"""Where the nodes of a picture stand: in rows, what is computed below what it is computed from, with few crossings.

After this module a reader knows the four steps of drawing a graph in layers. Rows: each node as late as its first user needs
it. Dummies: an edge that crosses rows gets a point in each, and all edges of one node share them, a trunk with branches.
Order: each row is sorted by where its neighbours stand, then pairs are swapped while that saves crossings. Columns: every
node moves towards its neighbours, where the way from operation to operation pulls more than an input does, so that the spine
is straight.

Sources: Sugiyama, Tagawa and Toda 1981 (layers); Eades and Wormald 1994 (medians); Gansner et al. 1993 (swaps).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Layout", "lay_out"]

GAP = 26  # between two nodes of a row
NARROW = 14  # between two trunks, or a trunk and a node
TRUNK = 8  # how wide a trunk is
BETWEEN = 44  # between two rows

_SWEEPS = 24
_ROUNDS = 48
_LARGE = 400  # above so many nodes and dummies: few sweeps, no swaps


@dataclass
class Layout:
    """The centres of the nodes, the way of each edge, and the size of the whole."""

    x: list[float]
    y: list[float]
    paths: list[list[tuple[float, float]]]  # for each edge the points it goes through, from the first node's foot
    width: float
    height: float
    crossings: int


def lay_out(sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]) -> Layout:
    """Place nodes of those sizes (width, height); an edge (a, b) says that b is computed from a. The graph has no cycle."""
    if not sizes:
        return Layout([], [], [], 0, 0, 0)
    net = _Net([w for w, _ in sizes], edges)
    rows, crossings = _ordered(net)
    x = _columns(net, rows)
    heights = [max((sizes[n][1] for n in row if n < len(sizes)), default=0) for row in rows]
    y, top = [0.0] * len(net.width), 0.0
    for row, height in zip(rows, heights, strict=True):
        for n in row:
            y[n] = top + height / 2
        top += height + BETWEEN
    paths = _paths(net, edges, sizes, x, y, heights)
    count = len(sizes)
    width = max(x[n] + net.width[n] / 2 for n in range(len(x)))
    return Layout(x[:count], y[:count], paths, width, top - BETWEEN, crossings)


class _Net:
    """The nodes and the dummies, each in its row, and the links from row to row."""

    def __init__(self, width: list[float], edges: Sequence[tuple[int, int]]) -> None:
        self.real = len(width)
        self.width = width
        self.layer = _layers(len(width), edges)
        self.chains: list[list[int]] = []  # for each edge: its nodes and dummies
        self.up: list[list[tuple[int, int]]] = [[] for _ in width]  # (neighbour, how much it pulls)
        self.down: list[list[tuple[int, int]]] = [[] for _ in width]
        inner = {b for _, b in edges}  # what is computed
        trunks: dict[tuple[int, int], int] = {}
        linked: set[tuple[int, int]] = set()
        for a, b in edges:
            chain = [a]
            for k in range(self.layer[a] + 1, self.layer[b]):
                if (a, k) not in trunks:
                    trunks[a, k] = len(self.width)
                    self.width.append(TRUNK)
                    self.layer.append(k)
                    self.up.append([])
                    self.down.append([])
                chain.append(trunks[a, k])
            chain.append(b)
            self.chains.append(chain)
            for p, q in pairwise(chain):
                if (p, q) not in linked:
                    linked.add((p, q))
                    dummies = (p != a) + (q != b)  # a trunk is straight, and does not bend what it leads past
                    pull = 8 if dummies == 2 else 4 if not dummies and a in inner else 1
                    self.down[p].append((q, pull))
                    self.up[q].append((p, pull))


def _layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The row of each node: below all that it is computed from, and as low as its first user allows."""
    users: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for a, b in edges:
        users[a].append(b)
        waiting[b] += 1
    order = [n for n in range(count) if not waiting[n]]
    layer = [0] * count
    for n in order:
        for b in users[n]:
            layer[b] = max(layer[b], layer[n] + 1)
            waiting[b] -= 1
            if not waiting[b]:
                order.append(b)
    for n in reversed(order):
        if users[n]:
            layer[n] = min(layer[b] for b in users[n]) - 1
    least = min(layer)
    return [k - least for k in layer]


def _ordered(net: _Net) -> tuple[list[list[int]], int]:
    """The rows, each in its order, and the crossings that are left."""
    rows: list[list[int]] = [[] for _ in range(max(net.layer) + 1)]
    seen: set[int] = set()
    for start in sorted(range(len(net.width)), key=lambda n: (-net.layer[n], n)):
        stack = [start]
        while stack:
            n = stack.pop()
            if n not in seen:
                seen.add(n)
                rows[net.layer[n]].append(n)
                stack.extend(m for m, _ in reversed(net.up[n]))
    at = [0] * len(net.width)
    _note(rows, at)
    best, fewest = [row[:] for row in rows], _crossings(net, rows, at)
    large = len(net.width) > _LARGE
    for sweep in range(4 if large else _SWEEPS):
        if not fewest:
            break
        downward = sweep % 2 == 0
        near = net.up if downward else net.down
        for row in rows if downward else rows[::-1]:
            middle = {n: _median([at[m] for m, _ in near[n]], at[n]) for n in row}
            row.sort(key=middle.__getitem__)
            for i, n in enumerate(row):
                at[n] = i
        if not large:
            _swap(net, rows, at)
        now = _crossings(net, rows, at)
        if now < fewest:
            best, fewest = [row[:] for row in rows], now
    return best, fewest


def _note(rows: list[list[int]], at: list[int]) -> None:
    for row in rows:
        for i, n in enumerate(row):
            at[n] = i


def _median(places: list[int], own: int) -> float:
    if not places:
        return own
    places.sort()
    k = len(places)
    return (places[k // 2] + places[(k - 1) // 2]) / 2


def _crossings(net: _Net, rows: list[list[int]], at: list[int]) -> int:
    """How often two links cross: counted from left to right, those to the left of which others already ended."""
    total = 0
    for row in rows[:-1]:
        ended: list[int] = []
        for n in row:
            ends = sorted(at[m] for m, _ in net.down[n])
            total += sum(len(ended) - bisect_left(ended, end + 1) for end in ends)
            for end in ends:
                insort(ended, end)
    return total


def _swap(net: _Net, rows: list[list[int]], at: list[int]) -> None:
    """Exchange neighbours while that saves crossings: only the links of the two are counted."""
    for _ in range(8):
        better = False
        for row in rows:
            for i in range(len(row) - 1):
                a, b = row[i], row[i + 1]
                saved = 0
                for near in (net.up, net.down):
                    first, second = ([at[m] for m, _ in near[n]] for n in (a, b))
                    saved += sum(p > q for p in first for q in second) - sum(p < q for p in first for q in second)
                if saved > 0:
                    row[i], row[i + 1] = b, a
                    at[a], at[b] = i + 1, i
                    better = True
        if not better:
            return


def _columns(net: _Net, rows: list[list[int]]) -> list[float]:
    """Where each node stands in its row: near its neighbours, without touching the next one."""
    offset, x = [0.0] * len(net.width), [0.0] * len(net.width)
    for row in rows:
        place = 0.0
        for left, n in pairwise([-1, *row]):
            if left >= 0:
                apart = GAP if left < net.real and n < net.real else NARROW
                place += (net.width[left] + net.width[n]) / 2 + apart
            offset[n] = x[n] = place
    pulled = [[*up, *down] for up, down in zip(net.up, net.down, strict=True)]
    strong = [[pair for pair in pairs if pair[1] > 1] or pairs for pairs in pulled]
    for turn in range(_ROUNDS):
        downward = turn % 2 == 0
        for row in rows if downward else rows[::-1]:
            blocks: list[list[float]] = []  # where a block wants its first node, its weight, its count
            for n in row:
                near = strong[n]
                if turn < _ROUNDS // 3:
                    near = (net.up if downward else net.down)[n] or near
                    near = [pair for pair in near if pair[1] > 1] or near
                weight = sum(w for _, w in near)
                want = sum(x[m] * w for m, w in near) / weight if weight else x[n]
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
    left_edge = min(x[n] - net.width[n] / 2 for n in range(len(x)))
    return [v - left_edge for v in x]


def _paths(
    net: _Net, edges: Sequence[tuple[int, int]], sizes: Sequence[tuple[float, float]], x: list[float], y: list[float],
    heights: list[float],
) -> list[list[tuple[float, float]]]:
    """The points that each edge goes through: straight down past a row, and to a place of its own at the head of its end."""
    arriving: dict[int, list[tuple[float, int]]] = {}
    for i, (_, b) in enumerate(edges):
        arriving.setdefault(b, []).append((x[net.chains[i][-2]], i))
    port: dict[int, float] = {}
    for b, ends in arriving.items():
        ends.sort()
        step = min(24.0, (sizes[b][0] - 28) / max(1, len(ends) - 1)) if len(ends) > 1 else 0.0
        for k, (_, i) in enumerate(ends):
            port[i] = x[b] + (k - (len(ends) - 1) / 2) * step
    paths = []
    for i, chain in enumerate(net.chains):
        a, b = chain[0], chain[-1]
        points = [(x[a], y[a] + sizes[a][1] / 2)]
        for d in chain[1:-1]:
            half = heights[net.layer[d]] / 2
            points += [(x[d], y[d] - half), (x[d], y[d] + half)]
        points.append((port[i], y[b] - sizes[b][1] / 2))
        paths.append(points)
    return paths

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

from autodiff.explain.columns import columns
from autodiff.explain.layers import Net

__all__ = ["Layout", "lay_out"]

BETWEEN = 44  # between two rows

_SWEEPS = 24
_CROSSING = 80  # so much width a crossing less is worth
_TURNED = 60  # and so much, that inputs stand from left to right
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
    net = Net([w for w, _ in sizes], edges)
    tried = []
    for turned in (False, True)[: 1 + (len(net.width) <= _LARGE)]:  # the better of two: what comes first decides much
        rows, crossings = _ordered(net, turned)
        x = columns(net, rows)
        tried.append((crossings, _extent(net, x), turned, rows, x))
    crossings, width, _, rows, x = min(tried, key=lambda found: found[0] * _CROSSING + found[1] + found[2] * _TURNED)
    heights = [max((sizes[n][1] for n in row if n < len(sizes)), default=0) for row in rows]
    y, top = [0.0] * len(net.width), 0.0
    for row, height in zip(rows, heights, strict=True):
        for n in row:
            y[n] = top + height / 2
        top += height + BETWEEN
    paths = _paths(net, edges, sizes, x, y, heights)
    count = len(sizes)
    return Layout(x[:count], y[:count], paths, width, top - BETWEEN, crossings)


def _extent(net: Net, x: list[float]) -> float:
    """How wide a picture is that begins at 0."""
    return max(x[n] + net.width[n] / 2 for n in range(len(x)))


def _ordered(net: Net, turned: bool) -> tuple[list[list[int]], int]:
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
                stack.extend(m for m, _ in (net.up[n] if turned else reversed(net.up[n])))
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


def _crossings(net: Net, rows: list[list[int]], at: list[int]) -> int:
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


def _swap(net: Net, rows: list[list[int]], at: list[int]) -> None:
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


def _paths(
    net: Net, edges: Sequence[tuple[int, int]], sizes: Sequence[tuple[float, float]], x: list[float], y: list[float],
    heights: list[float],
) -> list[list[tuple[float, float]]]:
    """The points that each edge goes through: straight down past a row, and to a place of its own at the head of its end."""
    arriving: dict[int, list[tuple[float, int]]] = {}
    for i, (_, b) in enumerate(edges):
        arriving.setdefault(b, []).append((x[net.chains[i][-2]], i))
    port: dict[int, float] = {}
    for b, ends in arriving.items():
        ends.sort()
        room = sizes[b][0] / 2 - 14
        first = next((k for k, (at, _) in enumerate(ends) if abs(at - x[b]) < 1), (len(ends) - 1) / 2)  # straight from above
        step = min(24.0, room / max(first, len(ends) - 1 - first, 1))
        for k, (_, i) in enumerate(ends):
            port[i] = x[b] + (k - first) * step
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

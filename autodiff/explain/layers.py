"""The rows of a picture: each node as late as its first user needs it, and a point in every row that a line crosses.

After this module a reader knows what a trunk is: all lines of one node that cross rows share their points, and leave it where
their ends are. A line that leads straight on, from operation to operation, pulls more than one from an input does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["GAP", "NARROW", "Net", "apart"]

GAP = 22  # between two nodes of a row
NARROW = 12  # between two trunks, or a trunk and a node
_TRUNK = 8  # how wide a trunk is


class Net:
    """The nodes and the dummies, each in its row, and the links from row to row."""

    def __init__(self, width: list[float], edges: Sequence[tuple[int, int]]) -> None:
        self.real = len(width)
        self.width = width
        self.layer = _layers(len(width), edges)
        self.chains: list[list[int]] = []  # for each edge: its nodes and dummies
        self.up: list[list[tuple[int, int]]] = [[] for _ in width]  # (neighbour, how much it pulls)
        self.down: list[list[tuple[int, int]]] = [[] for _ in width]
        inner = _computed(self.layer, edges)
        trunks: dict[tuple[int, int], int] = {}
        linked: set[tuple[int, int]] = set()
        for a, b in edges:
            chain = [a]
            for k in range(self.layer[a] + 1, self.layer[b]):
                if (a, k) not in trunks:
                    trunks[a, k] = len(self.width)
                    self.width.append(_TRUNK)
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


def _computed(layer: list[int], edges: Sequence[tuple[int, int]]) -> set[int]:
    """What is computed from several nodes; where one alone leads to it, it is an input still: a weight turned on its side."""
    up: list[list[int]] = [[] for _ in layer]
    for a, b in edges:
        up[b].append(a)
    found: set[int] = set()
    for n in sorted(range(len(layer)), key=layer.__getitem__):
        if len(up[n]) > 1 or any(a in found for a in up[n]):
            found.add(n)
    return found


def apart(net: Net, a: int, b: int) -> float:
    """How far the centres of two neighbours in a row are at least."""
    return (net.width[a] + net.width[b]) / 2 + (GAP if a < net.real and b < net.real else NARROW)

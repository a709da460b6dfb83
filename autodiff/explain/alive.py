"""Graphs that a program keeps alive without need: of old losses in a list, or in a running sum.

After this module a reader knows why memory grows in a loop that appends its loss: a loss leads to its whole graph, and whoever
holds the one holds the other. A number, `loss.item()`, leads to nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from types import FrameType
from typing import Any

from autodiff._core.node import Node
from autodiff._core.provenance import line_of
from autodiff._core.tensor import Tensor

__all__ = ["Holders"]

_MOST = 100_000  # operations that are counted


class Holders:
    """Looks for losses of earlier walks among the program's variables, each time that another walk begins."""

    def __init__(self) -> None:
        self.roots: dict[Node, int] = {}  # where a walk began, with its number
        self.lists: dict[str, Any] = {}  # by what the program calls it: a list that ends in such a loss
        self.sums: dict[str, Tensor] = {}  # numbers that are computed from one

    def began(self, frame: FrameType | None, roots: Any, walk: int) -> None:
        """A walk begins: what do the variables hold of those before?"""
        self.look(frame)
        self.roots.update((edge[0], walk) for edge, _ in roots if isinstance(edge[0], Node))

    def look(self, frame: FrameType | None) -> None:
        """Look at the variables of a frame."""
        if frame is None or not self.roots:
            return
        for name, value in _variables(frame):
            if isinstance(value, Tensor):
                node = _node(value) if value._array.size == 1 else None
                if node is not None and any(e is not None and e[0] in self.roots for e in node.edges):
                    self.sums[name] = value
            elif _node(_last(value)) in self.roots:
                self.lists[name] = value

    def told(self) -> tuple[str, str, int, int, str] | None:
        """(name, what it is, how many losses, how many operations, the line of the last) of what holds the most; or None."""
        found = []
        for name, value in self.lists.items():
            losses = [x for x in _elements(value) if _node(x) is not None and x._array.size == 1]
            if len({self.roots.get(_node(x), 0) for x in losses}) > 1:  # of one walk there may be several
                place = line_of(_node(losses[-1]).place)
                found.append((name, type(value).__name__, len(losses), len(_graph(losses)), place))
        for name, value in self.sums.items():
            nodes = _graph([value])
            roots = sorted((node for node in nodes if node in self.roots), key=lambda node: node.index)
            if len({self.roots[node] for node in roots}) > 2:  # of two, some programs make a sum to print
                found.append((name, "sum", len(roots), len(nodes), line_of(roots[-1].place)))
        return max(found, key=lambda each: each[2:4], default=None)


def _variables(frame: FrameType) -> Iterator[tuple[str, Any]]:
    """The variables of a frame, those of `self`, and one floor further down in dictionaries."""
    for name, value in [*frame.f_globals.items(), *frame.f_locals.items()]:
        if name.startswith("__") or not name.isidentifier():
            continue
        yield name, value
        inside = vars(value) if name == "self" and hasattr(value, "__dict__") else value if isinstance(value, dict) else {}
        for key, each in [*islice(inside.items(), 50)]:
            if isinstance(each, (list, deque)):
                yield f"{name}.{key}" if inside is not value else f"{name}[{key!r}]", each


def _last(value: Any) -> Any:
    """The last element of a list and the like; None of others."""
    if isinstance(value, (list, tuple, deque)) and value:
        return value[-1]
    return next(reversed(value.values()), None) if isinstance(value, dict) else None


def _elements(value: Any) -> list[Any]:
    return [*value.values()] if isinstance(value, dict) else [*value]


def _node(x: Any) -> Any:
    """The operation that computed a tensor; None of a leaf, and of what is not a tensor."""
    edge = x._edge if isinstance(x, Tensor) else None
    return edge[0] if edge.__class__ is tuple and isinstance(edge[0], Node) else None


def _graph(tensors: list[Tensor]) -> set[Node]:
    """The operations behind some tensors."""
    seen: set[Node] = set()
    stack = [_node(t) for t in tensors]
    while stack and len(seen) < _MOST:
        node = stack.pop()
        if node is not None and node not in seen:
            seen.add(node)
            stack += [e[0] for e in node.edges if e is not None and isinstance(e[0], Node)]
    return seen

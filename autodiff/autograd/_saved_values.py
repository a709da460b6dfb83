"""What a node keeps, to be looked at: `y.grad_fn._saved_self`, `_saved_other` and `_saved_result`, by PyTorch's names.

After this module a reader knows that backward needs no tensors but a few arrays, which stand in the node until it is walked.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.missed import freed
from autodiff._core.node import FREED, TO, Node, to_leaf
from autodiff._core.operation import INPUT, OUTPUT
from autodiff._core.tensor import wrap


def _saved(node: Node, source: int, which: int, word: str) -> Any:
    if (source, which) not in node.plan.keep:
        raise AttributeError(f"{node.name()} has no attribute '_saved_{word}': its rules don't need it")
    if node.kept is FREED:
        raise freed(node)
    place = node.plan.keep.index((source, which))
    kept = node.kept[place]
    if hasattr(kept, "unpack"):  # what saved_tensors_hooks have packed
        return wrap(kept.array())
    edge = node.edges[which] if source == INPUT else None
    if edge is not None and to_leaf(edge) and edge[TO]._array is kept:
        return edge[TO]
    return node.rebuilt()[place]


def _self(node: Node) -> Any:
    """The first input, as it was."""
    return _saved(node, INPUT, 0, "self")


def _other(node: Node) -> Any:
    """The second input, as it was."""
    return _saved(node, INPUT, 1, "other")


def _result(node: Node) -> Any:
    """The result, as it was."""
    return _saved(node, OUTPUT, 0, "result")


Node._saved_self = property(_self)
Node._saved_other = property(_other)
Node._saved_result = property(_result)

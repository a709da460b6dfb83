"""A node called by hand: `y.grad_fn(g)` is one step of the walk, from the gradient of its outputs to those of its inputs.

After this module a reader knows how to look at a single rule: give its node a gradient, and see what it sends where.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.modes import mode
from autodiff._core.node import AccumulateGrad, Edge, Node, by_input
from autodiff._core.sums import accumulate, arriving
from autodiff._core.tensor import Tensor, wrap

__all__ = ["call_accumulate_grad", "call_node", "sent_by"]


def _taken(grads: tuple[Any, ...], expected: int) -> None:
    if len(grads) != expected:
        raise TypeError(f"expected {expected} arguments, got {len(grads)} instead: one gradient per output of the operation")
    for i, g in enumerate(grads):
        if g is not None and not isinstance(g, Tensor):
            raise TypeError(f"argument {i} is not a Variable: a gradient is a Tensor or None, not {type(g).__name__}")


def call_node(self: Node, *grads: Tensor | None) -> Any:
    """The gradients of the inputs, from those of the outputs; None for an input that needs none.

    A tuple where there are several inputs. The results have a graph of their own unless under no_grad. No hook runs, and
    nothing is freed. TypeError for too few or too many gradients, RuntimeError where the graph was freed.

    >>> import autodiff as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x**2).grad_fn(torch.ones(2))
    tensor([2., 4.], grad_fn=<MulBackward0>)
    """
    _taken(grads, 1 if self.outputs is None else len(self.outputs))
    create_graph = mode.grad
    if all(g is None for g in grads) and self.built_in:
        results: list[Any] = [None] * len(self.edges)
    else:
        given = [g if g is None or create_graph else g._array for g in grads]
        sent = sent_by(self, given[0] if self.outputs is None else given, create_graph)
        results = [None if one is None else _own(one[1]) for one in by_input(self.edges, sent)]
    return results[0] if len(results) == 1 else tuple(results)


def sent_by(node: Node, g: Any, create_graph: bool) -> list[tuple[Edge, Any]]:
    """What the rules of a node send, and along which edges: as it arrives there."""
    sent: list[tuple[Edge, Any]] = []

    def send(edge: Edge, gx: Any) -> None:
        sent.append((edge, None if gx is None else arriving(edge, gx)))

    before, mode.arrays = mode.arrays, True
    try:
        node.pull(g, send, create_graph)
    finally:
        mode.arrays = before
    return sent


def _own(g: Any) -> Any:
    """A gradient as a tensor whose memory nobody else has."""
    return g if g is None or isinstance(g, Tensor) else wrap(np.array(g))


def call_accumulate_grad(self: AccumulateGrad, *grads: Tensor | None) -> tuple[()]:
    """Add a gradient to `variable.grad`."""
    _taken(grads, 1)
    if grads[0] is not None:
        accumulate(self.variable, grads[0] if mode.grad else grads[0]._array, mode.grad)
    return ()

"""`backward_steps`: the backward walk, one operation per `next()`, for whoever wants to hold each gradient in their hands.

After this module a reader knows the walk once more, in its shortest form: the newest node first, its rules, and sums where
several gradients arrive. Nothing is written to `.grad`, and the graph stays whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np

from autodiff._core.calling import sent_by
from autodiff._core.modes import mode, silently
from autodiff._core.node import Node, to_leaf
from autodiff._core.provenance import line_of
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.explain.rules import written

__all__ = ["Step", "backward_steps"]


@dataclass(frozen=True)
class Step:
    """One operation on the way back."""

    node: Any  # the grad_fn
    name: str  # "MulBackward0"
    line: str  # "train.py:12"
    rules: list[str]  # a line of mathematics for each input that gets a gradient: "g · other"
    g: Any  # the gradient that came in; a list where the operation has several outputs
    sent: list[tuple[Any, Tensor]]  # (the grad_fn or the leaf that gets it, the gradient)

    def __repr__(self) -> str:
        return f"<{self.name} at {self.line}: {', '.join(self.rules)}>"


def backward_steps(loss: Tensor) -> Iterator[Step]:
    """The steps of loss.backward(), in its order. RuntimeError where it would raise one."""
    edge = edge_of(loss)
    if edge is None or loss._array.size != 1:
        what = f"has shape {list(loss.shape)}: it must be a single number" if edge is not None else "has no graph"
        raise RuntimeError(f"backward_steps(): the loss {what}")
    if to_leaf(edge):
        return
    queue: list[tuple[int, Node]] = []
    flight: dict[Node, list[Any]] = {}

    def arrive(to: Node, nr: int, g: Any) -> None:
        if to not in flight:
            flight[to] = [None] * (1 if to.outputs is None else len(to.outputs))
            heappush(queue, (-to.index, to))
        known = flight[to][nr]
        flight[to][nr] = g if known is None else known + g

    arrive(edge[0], edge[1], np.ones(loss._array.shape, loss._array.dtype))
    while queue:
        node = heappop(queue)[1]
        gs = flight.pop(node)
        sent = silently(_sent, node, gs if node.outputs is not None else gs[0])
        for to, g in sent:
            if not to_leaf(to):
                arrive(to[0], to[1], g)
        told = [(to[0], wrap(np.array(g))) for to, g in sent]
        shown = [None if g is None else wrap(np.array(g)) for g in gs]
        rules = [written(rule) for _, rule, *_ in node.plan.pulls if callable(rule)]
        place = line_of(node.place)
        yield Step(node, node.name(), place, rules, shown[0] if node.outputs is None else shown, told)


def _sent(node: Node, g: Any) -> list[tuple[Any, Any]]:
    """What the rules of a node send, with nothing recorded."""
    before, mode.grad = mode.grad, False
    try:
        return [(edge, gx) for edge, gx in sent_by(node, g, False) if gx is not None]
    finally:
        mode.grad = before

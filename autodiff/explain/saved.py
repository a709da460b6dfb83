"""`saved`: what the operation that made a tensor keeps for backward; and the same of every operation, from its rules.

After this module a reader knows which changes in place are allowed: of what no rule has asked for. A rule that names its input
keeps the input, one that names its result keeps that, and one of g alone keeps nothing.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, NamedTuple

from autodiff._core.node import FREED, Node, to_leaf
from autodiff._core.operation import ALL, INPUT, OUTPUT, Operation, Plan
from autodiff._core.provenance import line_of
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.autograd._user_node import FunctionNode
from autodiff.explain.names import in_variables
from autodiff.explain.numbers import shape_of

__all__ = ["Kept", "Saved", "kept_by", "saved"]


class Kept(NamedTuple):
    """What an operation keeps when all its inputs require a gradient."""

    inputs: list[str]
    result: bool


def kept_by(operation: Operation) -> Kept:
    """What an operation keeps of the memory that a user can change: its inputs, by their names, and its result."""
    n = 2 if operation.variadic else len(operation.inputs)
    needs = sum(1 << i for i in range(n) if operation.together is not None or operation.rule_of(i) is not None)
    plan = Plan(operation, needs, n)
    inputs = [name for name, (source, _) in zip(plan.names, plan.keep) if source in (INPUT, ALL)]
    return Kept(inputs, bool(plan.outputs))


class Saved(dict[str, Any]):
    """What is kept, by its name, as a dictionary that prints as a sentence for each."""

    def __init__(self, kept: dict[str, Any], lines: list[str]) -> None:
        super().__init__(kept)
        self._lines = lines

    def __repr__(self) -> str:
        return "\n".join(self._lines) + " (AD007)"

    __str__ = __repr__


def saved(tensor: Tensor, frame: FrameType) -> Saved:
    """What is kept of a tensor's operation, and which of the caller's variables that is."""
    edge = edge_of(tensor)
    if edge is None or to_leaf(edge):
        return Saved({}, ["Nothing is kept: no recorded operation made this tensor."])
    node: Node = edge[0]
    what = f"{node.operation.public if node.operation is not None else node.name()}, at {line_of(node.place)},"
    if node.kept is FREED:
        return Saved({}, [f"{what} keeps nothing any more: backward() has been through, and has let go of it."])
    numbers = _numbers(node)
    values = _values(node)
    tensors = {name: x for name, x in values.items() if isinstance(x, Tensor) and name not in numbers}
    for name, x in values.items():
        tensors |= {f"{name}[{i}]": t for i, t in enumerate(x if isinstance(x, list) else ()) if isinstance(t, Tensor)}
    if not tensors:
        return Saved(values, [f"{what} keeps no tensor for backward: its inputs and its result may be changed in place."])
    lines = [f"    {name}: {_called(x, frame)}{shape_of(tuple(x.shape))}" for name, x in tensors.items()]
    end = f"A change of {'it' if len(lines) == 1 else 'one of them'} in place is an error in backward()."
    return Saved(values, [f"{what} keeps for backward:", *lines, end])


def _numbers(node: Node) -> set[str]:
    """The kept single numbers that nobody else holds: `2` in x * 2, which became a tensor for the operation alone."""
    alone = 2  # the list of cells, and the call that counts
    return {
        node.plan.names[i]
        for i in range(min(len(node.cells), len(node.plan.names)))
        if getattr(node.kept[i], "ndim", None) == 0 and sys.getrefcount(node.cells[i]) <= alone
    }


def _values(node: Node) -> dict[str, Any]:
    """The kept tensors, and what else the rules ask for, by the names of the operation's arguments."""
    if isinstance(node, FunctionNode):
        return {f"saved_tensors[{i}]": t for i, t in enumerate(node.saved()) if t is not None}
    found: dict[str, Any] = {}
    packed = any(hasattr(each, "unpack") for each in node.kept)
    values = [wrap(each.array()) if hasattr(each, "unpack") else each for each in node.kept] if packed else node.rebuilt()
    for name, (source, key), value in zip(node.plan.names, node.plan.keep, values):
        found[("result" if key == 0 else f"result {key}") if source == OUTPUT else name] = value
    return found


def _called(x: Tensor, frame: FrameType) -> str:
    """The caller's variable that holds a tensor, in front of more; "" where none does."""
    name = next((n for n, t in in_variables(frame) if t._cell is x._cell and t._array.shape == x._array.shape), "")
    return f"`{name}`, " if name else ""

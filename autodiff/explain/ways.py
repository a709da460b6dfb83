"""The ways from a loss back to a tensor: the shortest one, or why there is none, and what that means for a parameter.

After this module a reader knows what is asked of a parameter without a gradient: is it on a way to a loss at all, was
backward() called on that, was the gradient cleared since, and is there an optimizer that would use it?
"""

from __future__ import annotations

import dis
from types import FrameType
from typing import Any

from autodiff._core.cuts import cut_of
from autodiff._core.graph import flat
from autodiff._core.node import FREED, Node, to_leaf
from autodiff._core.provenance import line_of
from autodiff._core.stepped import cleared
from autodiff._core.tensor import Tensor
from autodiff._core.views import edge_of

__all__ = ["flat_on", "losses_and_optimizers", "losses_in", "way"]

_MOST = 3  # losses that are told of


def losses_and_optimizers(tensor: Tensor, names: dict[int, str], frame: FrameType) -> tuple[list[str], bool]:
    """What the caller's variables have to do with a parameter that has no gradient, and whether it had one."""
    place = cleared([tensor])
    lines = [f"Its gradient was cleared by zero_grad() at {line_of(place)}, before a step had used it."] if place else []
    had = place is not None
    variables = {**frame.f_globals, **frame.f_locals}
    for loss in losses_in(frame):
        root, target = edge_of(loss), edge_of(tensor)
        steps = _path(root, target)
        told, made = names.get(id(loss), "the loss"), line_of(root[0].place) if root is not None else ""
        if steps is None:
            lines.append(f"{told}, made at {made}, was computed without it, or a detach() or no_grad() lies between.")
        elif any(node.kept is FREED for node in steps):
            lines.append(f"It is on a way to {told}, and backward() has come by: its .grad was cleared since{_by(frame)}.")
            had = True
        else:
            lines.append(f"It is on a way to {told}, made at {made}: {told}.backward() would give it a gradient.")
    if had:
        lines.append("None says that nothing has arrived since; zero_grad(set_to_none=False) writes zeros instead.")
    optimizers = {n: x for n, x in variables.items() if hasattr(x, "param_groups") and hasattr(x, "zero_grad")}
    if optimizers:
        have = [n for n, x in optimizers.items() if any(p is tensor for group in x.param_groups for p in group["params"])]
        lines.append(f"In an optimizer: {f'yes, {have[0]}' if have else 'no, so no step() will change it'}.")
    return lines, had


def _by(frame: FrameType) -> str:
    """The lines of the caller's that call zero_grad(), which alone may have been it."""
    calls = [each.offset for each in dis.get_instructions(frame.f_code) if each.argval == "zero_grad"]
    places = dict.fromkeys(line_of((frame.f_code, offset)) for offset in calls)
    return f", by zero_grad() at {' or '.join(places)}" if places else ""


def flat_on(tensor: Tensor, losses: list[Tensor]) -> list[str]:
    """The operations between losses and a tensor whose slope is 0 everywhere: round, sign, floor."""
    found: dict[str, None] = {}
    target = edge_of(tensor)
    for root in map(edge_of, losses):
        rest, seen = [] if root is None or to_leaf(root) else [root[0]], set()
        while rest:
            node = rest.pop()
            if node in seen:
                continue
            seen.add(node)
            if node.operation is not None and flat in node.operation.partials and _path((node, 0), target) is not None:
                found[f"{node.operation.public} at {line_of(node.place)}"] = None
            rest += [edge[0] for edge in node.edges if edge is not None and not to_leaf(edge)]
    return [*found]


def losses_in(frame: FrameType) -> list[Tensor]:
    """The last few single numbers with a graph that the caller's variables hold."""
    variables = {**frame.f_globals, **frame.f_locals}
    losses = [x for x in variables.values() if isinstance(x, Tensor) and x._array.size == 1 and x._edge.__class__ is tuple]
    return list(dict.fromkeys(losses))[-_MOST:]


def way(tensor: Tensor, loss: Tensor, name: str, names: dict[int, str]) -> list[str]:
    """The shortest way from the loss back to the tensor, or that there is none."""
    told = names.get(id(loss), "the loss")
    root, target = edge_of(loss), edge_of(tensor)
    if root is None:
        cut = cut_of(loss)
        where = f": it was cut by {cut[0]} at {line_of(cut[1])}" if cut is not None else ""
        return [f"{told} has no graph{where}. No gradient can come from it."]
    if target is None:
        return [f"There is no way from {told} to {name}: it does not require a gradient."]
    steps = _path(root, target)
    if steps is None:
        return [f"{name} is on no way to {told}: {told} was not computed from it, or a detach() or no_grad() lies between."]
    way = " ← ".join([told, *(f"{node.name()} ({line_of(node.place)})" for node in steps), name])
    return [f"The way back: {way}"]


def _path(root: Any, target: Any) -> list[Node] | None:
    """The nodes from an edge to another, by the fewest steps."""
    if root[0] is target[0] and root[1] == target[1]:  # not ==, which compares the numbers of two leaves
        return []
    if to_leaf(root):
        return None
    came: dict[Node, Node | None] = {root[0]: None}
    row = [root[0]]
    while row:
        following = []
        for node in row:
            for edge in node.edges:
                if edge is None:
                    continue
                if edge[0] is target[0] and edge[1] == target[1]:
                    return _back(came, node)
                if not to_leaf(edge) and edge[0] not in came:
                    came[edge[0]] = node
                    following.append(edge[0])
        row = following
    return None


def _back(came: dict[Node, Node | None], node: Node | None) -> list[Node]:
    steps: list[Node] = []
    while node is not None:
        steps.append(node)
        node = came[node]
    return steps[::-1]

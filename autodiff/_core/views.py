"""How a view stays right: how it is made, how it follows a change of its memory, and when it cannot.

After this module a reader knows that a view holds (base, path), the view operations that lead to it; that it notices by the
shared version cell that somebody wrote to its memory; and that it then replays its path from the base.
"""

from __future__ import annotations

from typing import Any

from autodiff._core import errors
from autodiff._core.modes import Inference, enable_grad, inference_mode, mode
from autodiff._core.node import Edge
from autodiff._core.tensor import LEAF, Tensor, View, wrap

__all__ = ["alias", "edge_of", "is_lost", "lost", "refresh", "share"]

_BASE_CHANGED = "its base or another view of its base has been modified inplace"


def edge_of(x: Any) -> Edge | None:
    """Where the gradient of `x` goes: None for a constant."""
    if not isinstance(x, Tensor):
        return None
    if x._view is not None and x._view.seen != x._cell[0]:
        refresh(x)
    if x._edge is LEAF:
        return (x, -1, x._array.shape, x._array.dtype)
    return x._edge  # type: ignore[no-any-return]


def is_lost(t: Tensor) -> bool:
    """Whether t is a view that could not follow a change of its memory: it can be looked at, not differentiated."""
    view = t._view
    if view is None or view.seen == t._cell[0]:
        return False
    return t._edge.__class__ is tuple if view.base._edge is None else bool(view.kind)


def refresh(t: Tensor) -> None:
    """Bring a view's edge up to date after somebody wrote through its base or another view (Note [Views])."""
    view = t._view
    if view.base._view is not None and edge_of(view.base) is not None and view.base._edge is not LEAF:
        _lengthen(view)  # what was a leaf has become a part of something that requires a gradient
    current = view.base
    if current._edge is None:
        if t._edge.__class__ is tuple and mode.grad:
            raise lost(t, _BASE_CHANGED) if view.kind else errors.view_detached()
        if t._edge is LEAF:  # a leaf that is a view of a constant stays one, whoever writes to it
            view.seen = t._cell[0]
        return
    if not view.kind:
        if mode.inference:  # where nothing would be recorded
            with inference_mode(False):
                refresh(t)
            return
        with enable_grad():
            for op, params in view.path:
                current = op(current, **params)
        before, t._edge = t._edge, current._edge
        _carry_retained(t, before)
    elif mode.grad:
        raise lost(t, _BASE_CHANGED)
    else:
        return  # stays out of date: whoever uses it where gradients are recorded is to be told
    view.seen = t._cell[0]


def _lengthen(view: View) -> None:
    """Let a view of a view be one of the tensor that owns the memory."""
    beneath = view.base._view
    view.base, view.path, view.kind = beneath.base, (*beneath.path, *view.path), view.kind or beneath.kind


def _carry_retained(t: Tensor, before: Any) -> None:
    """retain_grad() stays in force where the history is another."""
    retained = (before[0].extra or {}).get("retain", {}) if before.__class__ is tuple and before[1] >= 0 else {}
    if retained and before[1] in retained and retained[before[1]]() is t:
        node, nr = t._edge[:2]
        node.extra = node.extra or {}
        node.extra.setdefault("retain", {})[nr] = retained.pop(before[1])


def lost(t: Tensor, what: str) -> RuntimeError:
    """The error for a view whose history cannot be followed through a change of its memory."""
    view = t._view
    nr = max(t._edge[1], 0) if t._edge.__class__ is tuple else 0
    made_by = view.path[-1][0].operation.name if view.kind == "outputs" else view.kind
    several = t._edge.__class__ is tuple and t._edge[1] >= 0 and t._edge[0].outputs is not None
    kind = "outputs" if several and view.kind == made_by else view.kind  # a Function that returns several
    return errors.view_lost(kind, made_by, nr, what)


def share(t: Tensor, x: Any, op: Any, params: dict[str, Any], kind: str) -> None:
    """Make `t` a view of `x`: one cell, and the path from the base."""
    cell = t._cell = x._cell
    if cell is None:
        return
    if not mode.grad or Inference.blocks:
        kind = _unrecorded(t, x, kind)
    view = x._view
    if view is None or (x._edge is LEAF and not kind):  # a leaf is where histories begin, whoever owns its memory
        t._view = View(x, ((op, params),), cell[0], kind)
        return
    t._view = View(view.base, (*view.path, (op, params)), cell[0], kind or view.kind)
    if kind and view.base._view is not None:
        _lengthen(t._view)


def _unrecorded(t: Tensor, x: Any, kind: str) -> str:
    """The kind of a view that is made where nothing is recorded."""
    if mode.inference:
        if edge_of(x) is not None:
            t._edge = LEAF  # as in PyTorch: it requires a gradient, and leads nowhere
        return "inference"
    return kind if mode.grad else "no_grad"


def alias(x: Tensor, kind: str) -> Tensor:
    """The same memory as another tensor, without a history as yet: a view of x whose path is empty."""
    t = wrap(x._array)
    cell = t._cell = x._cell
    if cell is not None:
        t._view = View(x, (), cell[0], kind) if x._view is None else View(x._view.base, x._view.path, cell[0], kind)
    return t

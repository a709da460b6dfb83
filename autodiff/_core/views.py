"""How a view stays right: how it is made, how it follows a change of its memory, and when it cannot.

After this module a reader knows that a view holds (base, path), the view operations that lead to it; that it notices by the
shared version cell that somebody wrote to its memory; and that it then replays its path from the base.
"""

from __future__ import annotations

from typing import Any

from autodiff._core import errors
from autodiff._core.modes import Inference, enable_grad, mode
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
    current = view.base
    if current._edge is None:
        if t._edge.__class__ is tuple:  # not LEAF: a leaf that is a view of a constant stays one, whoever writes to it
            if mode.grad:
                raise lost(view, _BASE_CHANGED) if view.kind else errors.view_detached()
            return
    elif not view.kind:
        with enable_grad():
            for op, params in view.path:
                current = op(current, **params)
        before, t._edge = t._edge, current._edge
        _carry_retained(t, before)
    elif mode.grad:
        raise lost(view, _BASE_CHANGED)
    else:
        return  # stays out of date: whoever uses it where gradients are recorded is to be told
    view.seen = t._cell[0]


def _carry_retained(t: Tensor, before: Any) -> None:
    """retain_grad() stays in force where the history is another."""
    retained = (before[0].extra or {}).get("retain", {}) if before.__class__ is tuple and before[1] >= 0 else {}
    if retained and before[1] in retained and retained[before[1]]() is t:
        node, nr = t._edge[:2]
        node.extra = node.extra or {}
        node.extra.setdefault("retain", {})[nr] = retained.pop(before[1])


def lost(view: View, what: str) -> RuntimeError:
    """The error for a view whose history cannot be followed through a change of its memory."""
    made_by = view.path[-1][0].operation.name if view.kind == "outputs" else view.kind
    return errors.view_lost(view.kind, made_by, what)


def share(t: Tensor, x: Any, op: Any, params: dict[str, Any], kind: str) -> None:
    """Make `t` a view of `x`: one cell, and the path from the base."""
    cell = t._cell = x._cell
    if cell is None:
        return
    if not mode.grad or Inference.blocks:
        kind = _unrecorded(t, x, kind)
    view = x._view
    if view is None:
        t._view = View(x, ((op, params),), cell[0], kind)
    else:
        t._view = View(view.base, (*view.path, (op, params)), cell[0], kind or view.kind)


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

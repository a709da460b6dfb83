"""Another shape in place: x.squeeze_(0), x.t_(), where the tensor stays the same object and sees its memory in another way.

After this module a reader knows that the tensor becomes a view of what it was. What it was lives on without a name: whoever
looked at the tensor before goes on looking at that, and a later write through either is noticed by both.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autodiff._core.hooks import retain_grad
from autodiff._core.inplace import check_writable, without_retained
from autodiff._core.memory import changed
from autodiff._core.modes import enable_grad, inference_mode
from autodiff._core.refusals import refusal
from autodiff._core.tensor import LEAF, Tensor, View, wrap
from autodiff._core.views import edge_of

__all__ = ["seen_as", "shape_in_place"]


def shape_in_place(function: Callable[..., Any], name: str = "") -> Callable[..., Tensor]:
    """The in-place form of a function that gives a view of its first argument: the tensor itself becomes that view."""

    @functools.wraps(function, assigned=("__module__",), updated=())
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        try:
            check_writable(self, method.__name__, uniform=True)
            return seen_as(self, lambda before: function(before, *args, **kwargs))
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            if error := refusal(error):
                raise error from error.__cause__
            raise

    method.__name__ = method.__qualname__ = name or function.__name__ + "_"
    method.__doc__ = f"`{function.__name__}` of this tensor in place: the tensor becomes that view; returns the tensor."
    return method


def seen_as(t: Tensor, look: Callable[[Tensor], Tensor]) -> Tensor:
    """t, which becomes the view that `look` has of it."""
    edge = edge_of(t)
    before = wrap(t._array)
    before._cell, before._view = t._cell, t._view
    before._edge = None if edge is None or edge[1] < 0 else t._edge
    with inference_mode(t._cell is None), enable_grad():  # a view that is not recorded could not be written through
        seen = look(before)
    if seen is before:
        return t
    retained = without_retained(t)
    t._array = seen._array
    if t._edge is not LEAF:
        t._edge = seen._edge
    view = seen._view
    if view is not None and t._edge is not LEAF:
        t._view = View(view.base, view.path, view.seen, view.kind)
        t._view.turned = before._view is None or before._view.turned
    changed(t, 4)
    if retained:
        retain_grad(t)
    return t

"""What a step of an optimizer asks of the rest: was its gradient used before, and were the gradients cleared too early?

After this module a reader knows how a forgotten zero_grad() is noticed at next to no cost. A step marks one gradient as used,
with the count of its version cell. A backward that adds to a gradient finds the mark; where the count is still the same, nobody
has cleared it: each way of clearing counts a change, or puts another tensor in its place.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from autodiff._core.observer import leaving_out
from autodiff._core.provenance import Place, here
from autodiff._core.tensor import Tensor, wrap

__all__ = ["Used", "cleared", "clearing", "how", "to_zeros"]


class Used:
    """The gradient that an optimizer's last step has used. One stands for all of them."""

    __slots__ = ("added", "cell", "count", "fresh", "passes")

    def __init__(self) -> None:
        self.cell: Any = None  # its version cell
        self.count = 0  # what that counted after the step
        self.passes = 1  # how many backward passes it is the sum of
        self.added: Place | None = None  # the backward that has added to it since
        self.fresh = False  # has nothing been cleared since the step?

    def mark(self, g: Tensor) -> None:
        """A step has used g."""
        extra = g._extra
        if extra is None:
            g._extra = {"used": self}
            self.passes = 1
        elif self.added is None or g._cell is not self.cell:
            extra["used"] = self
            self.passes = 1
        self.cell = cell = g._cell
        self.count = -1 if cell is None else cell[0]
        self.added, self.fresh, _cleared.place = None, True, None

    def add(self, g: Tensor) -> None:
        """A backward is about to add to g. Zeros may have been written through NumPy, where no change is counted."""
        cell = g._cell
        if cell is not None and cell is self.cell and cell[0] == self.count and g._array.any():
            self.passes += 1
            self.count += 1  # the sum will count as one change
            self.added = here(4)


def to_zeros(p: Tensor) -> None:
    """Put zeros into the gradient of p. That it is cleared has been told, so that the writing itself is not."""
    g = p._grad
    if g is None:
        return
    with leaving_out(object):
        if g.grad_fn is not None:  # a gradient from create_graph=True: its graph is not kept
            p._grad = wrap(np.zeros_like(g._array))
        else:
            g.requires_grad_(False)
            g.zero_()


def how(set_to_none: bool) -> str:
    """The clearing as it is told."""
    return "zero_grad" if set_to_none else "zero_grad(set_to_none=False)"


class _Cleared:
    """Where a gradient was last cleared that no step had used; None after a step."""

    place: Place | None = None
    of: weakref.ref[Tensor] | None = None  # the tensor whose gradient it was


_cleared = _Cleared()


def clearing(p: Tensor) -> None:
    """Note where the gradient of p is cleared, unless a step has used it."""
    g = p._grad
    if g is not None:
        used = None if g._extra is None else g._extra.get("used")
        if used is None or used.added is not None:
            _cleared.place, _cleared.of = here(), weakref.ref(p)


def cleared(params: list[Tensor]) -> Place | None:
    """Where that was, if the gradient was that of one of these."""
    p = None if _cleared.place is None or _cleared.of is None else _cleared.of()
    return _cleared.place if p is not None and any(each is p for each in params) else None

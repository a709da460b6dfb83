"""The properties of a tensor that speak of the graph: requires_grad, grad, grad_fn, is_leaf, data; and backward.

After this module a reader knows that a tensor stores one thing, its edge, and that the rest is read off it.
"""

from __future__ import annotations

from typing import Any

from autodiff._core import grad as _grad
from autodiff._core import inplace as _inplace
from autodiff._core.cuts import cut
from autodiff._core.edges import node_at
from autodiff._core.hooks import retains_grad
from autodiff._core.naming import called
from autodiff._core.observer import LOOKING, tell
from autodiff._core.provenance import line_of
from autodiff._core.teaching import teach
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of, is_lost

__all__ = [
    "backward",
    "base",
    "del_grad",
    "detach",
    "get_data",
    "get_grad",
    "get_requires_grad",
    "grad_fn",
    "is_leaf",
    "is_view",
    "output_nr",
    "set_data",
    "set_grad",
    "set_requires_grad",
]


def get_requires_grad(self: Tensor) -> bool:
    """Whether a gradient will be computed for this tensor."""
    return is_lost(self) or edge_of(self) is not None


def set_requires_grad(self: Tensor, on: bool) -> None:
    if not isinstance(on, bool):
        raise RuntimeError(f"requires_grad must be a bool, not {type(on).__name__}")
    if on and not is_leaf(self):
        raise RuntimeError("you can only change requires_grad flags of leaf variables; this one requires a gradient already")
    _inplace.requires_grad_(self, on)


def grad_fn(self: Tensor) -> Any:
    """The node of the operation that made this tensor; None for a leaf."""
    edge = edge_of(self)
    if edge is None or edge[1] < 0:
        return None
    return node_at(edge)


def output_nr(self: Tensor) -> int:
    """Which output of its grad_fn this tensor is."""
    edge = edge_of(self)
    return 0 if edge is None else max(edge[1], 0)


def is_view(self: Tensor) -> bool:
    """Whether this tensor was made by an operation that shares its input's memory, as `_base` says whose.

    >>> import autodiff as torch
    >>> x = torch.ones(4)
    >>> x.view(2, 2)._is_view(), x.view(2, 2)._base is x, x.clone()._base
    (True, True, None)
    """
    return self._view is not None


def base(self: Tensor) -> Tensor | None:
    """The tensor whose memory this one sees through views; None for a tensor that has its own."""
    return None if self._view is None else self._view.base


def is_leaf(self: Tensor) -> bool:
    """Whether this tensor was made by the user rather than by a recorded operation."""
    edge = edge_of(self)
    return edge is None or edge[1] < 0


def get_grad(self: Tensor) -> Tensor | Any:
    """The gradient that backward() accumulated; None before, and where it is not kept (see retain_grad)."""
    if self._grad is None and self._edge.__class__ is tuple and not retains_grad(self):
        name = called(self, "x").strip("`")
        teach(
            "AD019",
            f"`{name}` was made at {line_of(self._edge[0].place)}; backward() passes through it, and keeps gradients only for "
            f"leaves. Call {name}.retain_grad() before backward(), or look at it in autodiff.watch(). If it is a parameter "
            "that you update by hand, do that under no_grad(), with w -= lr * w.grad.",
            "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
            "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, "
            "use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access the "
            "leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more information.",
        )
    return self._grad


def set_grad(self: Tensor, g: Tensor | None) -> None:
    if g is not None:
        if not isinstance(g, Tensor):
            raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(g).__name__}")
        if g._array.shape != self._array.shape:
            raise RuntimeError(
                f"assigned grad has data of a different size: {list(g.shape)} for a tensor of {list(self.shape)}"
            )
        if g._array.dtype != self._array.dtype:
            raise RuntimeError(f"assigned grad has data of a different type: {g.dtype} for a tensor of {self.dtype}")
        if g is self:
            raise RuntimeError("can't assign Variable as its own grad")
    elif LOOKING and self._grad is not None:
        tell("cleared", [self], "grad = None")
    self._grad = g


def del_grad(self: Tensor) -> None:
    set_grad(self, None)


def detach(input: Tensor) -> Tensor:
    """The same numbers in the same memory, outside the graph. A change of one shows in the other, and is noticed.

    >>> import autodiff as torch
    >>> y = torch.ones(1, requires_grad=True) * 2
    >>> y.detach()
    tensor([2.])
    """
    t = wrap(input._array)
    t._cell = input._cell
    if input._edge.__class__ is tuple:
        cut("detach", (input,), t)
    return t


def get_data(self: Tensor) -> Tensor:
    """The same numbers outside the graph: `detach()`. Assigning replaces the numbers and leaves the tensor's identity."""
    return detach(self)


def set_data(self: Tensor, new: Tensor) -> None:
    if not isinstance(new, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(new).__name__}")
    if self._edge is not None and new._array.dtype.kind != "f":
        raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
    looking = LOOKING and new._array is not self._array  # `w.data -= x` assigns what it has changed already
    if looking:
        tell("changing", self, "data", (new,), {})
    # The old array stays with whoever kept it: their gradients remain right.
    self._array, self._cell, self._view = new._array, new._cell, None
    if looking:
        tell("changed", self, "data")


def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add d(self)/d(leaf) to `.grad` of every leaf that this tensor was computed from.

    `gradient`, of this tensor's shape, is needed unless it has one element. See `autograd.backward`.

    >>> import autodiff as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x**2).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """
    _grad.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

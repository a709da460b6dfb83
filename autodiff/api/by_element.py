"""A Python function of every element, in place: apply_, map_, map2_; and one number along a diagonal, fill_diagonal_.

After this module a reader knows why these are slow, and why they refuse a tensor that requires a gradient: nobody knows the
slope of a function of Python's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.errors import misfit
from autodiff._core.graph import renamed
from autodiff._core.inplace import check_writable, in_place, method
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor
from autodiff._core.views import edge_of
from autodiff.api._calls import boolean, number
from autodiff.api.assign import setitem
from autodiff.api.lists import element
from autodiff.ops.fill import drawn

_written_ = in_place(renamed(drawn, "Random"), "map_")


def _each(self: Tensor, name: str, function: Callable[..., Any], others: tuple[Tensor, ...]) -> Tensor:
    """The tensor, each of its elements replaced by what the function says of it and of those of the others in its place."""
    for each in (self, *others):
        if not isinstance(each, Tensor):
            raise TypeError(f"{name}(): expected Tensors, but got {type(each).__name__}")
        if edge_of(each) is not None:
            raise RuntimeError(
                f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead: a function of "
                "Python's has no slope."
            )
    check_writable(self, name)
    shape, dtype = self._array.shape, self._array.dtype
    for other in others:
        if found := misfit(name, (shape, other._array.shape)):
            raise found
    rows = [self._array.reshape(-1).tolist(), *(np.broadcast_to(each._array, shape).reshape(-1).tolist() for each in others)]
    values = np.array([element(function(*numbers), dtype) for numbers in zip(*rows, strict=True)], dtype)
    return _written_(self, values=values.reshape(shape))


@method
@at_the_door
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each element by what the function makes of it; returns the tensor. Slow: for a function of Python's only.

    >>> import autodiff as torch
    >>> torch.tensor([1.0, 2.0]).apply_(lambda x: x + 1)
    tensor([2., 3.])
    """
    return _each(self, "apply_", callable, ())


@method
@at_the_door
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replace each element by what the function makes of it and of the one in its place in `tensor`; returns the tensor.

    >>> import autodiff as torch
    >>> torch.tensor([1.0, 2.0]).map_(torch.tensor([3.0, 4.0]), lambda a, b: a * b)
    tensor([3., 8.])
    """
    return _each(self, "map_", callable, (tensor,))


@method
@at_the_door
def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """`map_` with two other tensors."""
    return _each(self, "map2_", callable, (x, y))


@method
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Set the main diagonal to a number; with `wrap` it begins anew below a tall matrix's last column. Returns the tensor.

    Of more than two dimensions, which must be equally long, the places whose indices are all the same.

    >>> import autodiff as torch
    >>> torch.zeros(2, 2).fill_diagonal_(3)
    tensor([[3., 0.],
            [0., 3.]])
    """
    value, shape = number("fill_diagonal_", "fill_value", fill_value), self._array.shape
    boolean("fill_diagonal_", "wrap", wrap)
    if len(shape) < 2:
        raise RuntimeError("fill_diagonal_: dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("fill_diagonal_: all dimensions of input must be of equal length")
    check_writable(self, "fill_diagonal_")
    if not self._array.size:
        return self
    if len(shape) > 2 or not wrap:
        setitem(self, (np.arange(min(shape)),) * len(shape), value)
        return self
    rows, columns = np.divmod(np.arange(0, self._array.size, shape[1] + 1), shape[1])
    setitem(self, (rows, columns), value)
    return self

"""Elements in order as PyTorch's calls give them: sort, argsort, msort, topk.

After this module a reader knows that sorting keeps equal elements in their order, and what a nan does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import SortResult, TopkResult
from autodiff.api._calls import boolean, dimension, takes_tensors, whole
from autodiff.api.reading import positions
from autodiff.ops import extremes as ops

_sorted, _topk = renamed(ops.chosen, "Sort"), renamed(ops.chosen, "Topk")


def order_of(array: Any, axis: int, descending: bool) -> Any:
    """The places that sort an array along an axis; equal elements stay in their order, a nan is larger than any number."""
    if descending:  # stable also from large to small: sort the mirrored array, and mirror the places back
        n = array.shape[axis]
        return positions(n - 1 - np.flip(np.argsort(np.flip(array, axis), axis, kind="stable"), axis))
    return positions(np.argsort(array, axis, kind="stable"))


def in_order(input: Tensor, axis: int, descending: bool) -> tuple[Tensor, Tensor]:
    """(values, indices) along an axis."""
    if not input._array.ndim:
        return input.clone(), wrap(np.zeros((), np.int64))
    values, indices = _sorted(input, places=order_of(input._array, axis, descending), axis=axis, keepdim=True)
    return values, indices


@method
@takes_tensors
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Any:
    """(values, indices) in increasing order along `dim`; equal elements stay in their order.

    >>> import autodiff as torch
    >>> torch.sort(torch.tensor([3.0, 1.0, 2.0])).values
    tensor([1., 2., 3.])
    """
    if descending is not False:
        boolean("sort", "descending", descending)
    if stable is not False and stable is not None:  # None is PyTorch's default here, but not in argsort
        boolean("sort", "stable", stable)
    return SortResult(*in_order(input, dimension(dim, input._array.ndim), descending))


@method
@takes_tensors
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """The indices that sort `input` along `dim`.

    >>> import autodiff as torch
    >>> torch.argsort(torch.tensor([3.0, 1.0, 2.0]))
    tensor([1, 2, 0])
    """
    if descending is not False:
        boolean("argsort", "descending", descending)
    if stable is not False:
        boolean("argsort", "stable", stable)
    axis = dimension(dim, input._array.ndim)
    return wrap(order_of(input._array, axis, descending) if input._array.ndim else np.zeros((), np.int64))


@method
@takes_tensors
def msort(input: Tensor) -> Tensor:
    """The elements in increasing order along the first dimension.

    >>> import autodiff as torch
    >>> torch.msort(torch.tensor([[3, 1], [2, 4]]))
    tensor([[2, 1],
            [3, 4]])
    """
    return in_order(input, 0, descending=False)[0]


@method
@takes_tensors
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """(values, indices) of the k largest (or smallest) elements along `dim`, best first, and of equal ones the first.

    >>> import autodiff as torch
    >>> torch.topk(torch.tensor([3.0, 1.0, 2.0]), 2).values
    tensor([3., 2.])
    """
    boolean("topk", "largest", largest)
    boolean("topk", "sorted", sorted)
    axis, k = dimension(dim, input._array.ndim), whole("topk", "k", k)
    n = input._array.shape[axis] if input._array.ndim else 1
    if not 0 <= k <= n:
        raise RuntimeError(f"selected index k out of range: {k} of {n}")
    if not input._array.ndim:
        return TopkResult(input.clone(), wrap(np.zeros((), np.int64)))
    if input._array.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes; use x.int()")
    places = _best(input._array, axis, k, largest)
    return TopkResult(*_topk(input, places=places, axis=axis, keepdim=True))


def _best(array: Any, axis: int, k: int, largest: bool) -> Any:
    """Where the k largest or smallest elements along an axis are, best first: of a long line only these are sorted."""
    n = array.shape[axis]
    if n < 64 or k > n // 4 or not k:
        return np.take(order_of(array, axis, largest), range(k), axis)
    last = n - k if largest else k - 1
    places = np.argpartition(array, last, axis)
    worst = np.take_along_axis(array, np.take(places, [last], axis), axis)
    places = np.sort(np.take(places, range(n - k, n) if largest else range(k), axis), axis)  # equal ones in their order
    best = np.take_along_axis(array, places, axis)
    # A partition takes any of those that are as good as the last; a nan is equal to none.
    if np.count_nonzero(best == worst) != np.count_nonzero(array == worst) or np.isnan(worst).any():
        return np.take(order_of(array, axis, largest), range(k), axis)
    return np.take_along_axis(places, order_of(best, axis, largest), axis)

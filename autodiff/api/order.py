"""Elements in order as PyTorch's calls give them: sort, topk, median, unique, bincount.

After this module a reader knows that sorting keeps equal elements in their order, and what a nan does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.errors import no_tensor
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.modes import silently
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import MedianResult, SortResult, TopkResult
from autodiff.api._calls import ALL, boolean, dimension, number, takes_keepdim, takes_tensors, whole
from autodiff.api.extremes import not_empty
from autodiff.api.reading import positions
from autodiff.ops import extremes as ops
from autodiff.ops.rounding import not_for_bools

_sorted, _topk = renamed(ops.chosen, "Sort"), renamed(ops.chosen, "Topk")
_median = renamed(ops.chosen, "MedianBackward1")


def _order(array: Any, axis: int, descending: bool) -> Any:
    if descending:  # stable also from large to small: sort the mirrored array, and mirror the places back
        n = array.shape[axis]
        return positions(n - 1 - np.flip(np.argsort(np.flip(array, axis), axis, kind="stable"), axis))
    return positions(np.argsort(array, axis, kind="stable"))


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
    axis = dimension(dim, input._array.ndim)
    if not input._array.ndim:
        return SortResult(input.clone(), wrap(np.zeros((), np.int64)))
    places = _order(input._array, axis, descending)
    return SortResult(*_sorted(input, places=places, axis=axis, keepdim=True))


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
    return wrap(_order(input._array, axis, descending) if input._array.ndim else np.zeros((), np.int64))


@method
@takes_tensors
def msort(input: Tensor) -> Tensor:
    """The elements in increasing order along the first dimension.

    >>> import autodiff as torch
    >>> torch.msort(torch.tensor([[3, 1], [2, 4]]))
    tensor([[2, 1],
            [3, 4]])
    """
    values: Tensor = sort(input, 0).values
    return values


@method
@takes_tensors
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """(values, indices) of the k largest (or smallest) elements along `dim`, best first.

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
        return np.take(_order(array, axis, largest), range(k), axis)
    places = np.argpartition(array, n - k if largest else k - 1, axis)
    places = np.sort(np.take(places, range(n - k, n) if largest else range(k), axis), axis)  # equal ones in their order
    return np.take_along_axis(places, _order(np.take_along_axis(array, places, axis), axis, largest), axis)


@method
@takes_keepdim
def median(input: Tensor, dim: Any = ALL, keepdim: bool = False) -> Any:
    """The middle element (the lower of two), nan where one is; with `dim`, (values, indices) along it.

    Without `dim` the elements that are equal to the median share its gradient evenly.

    >>> import autodiff as torch
    >>> torch.median(torch.tensor([3.0, 1.0, 2.0, 9.0]))
    tensor(2.)
    """
    if keepdim is not False:
        boolean("median", "keepdim", keepdim)
    not_for_bools(input._array, "median")
    if dim is ALL:
        return ops.median_all(input) if input._array.size else wrap(np.array(np.nan, input._array.dtype))
    axis = dimension(dim, input._array.ndim)
    not_empty(input, "median", axis)
    if not input._array.ndim:
        return MedianResult(input.clone(), wrap(np.zeros((), np.int64)))
    n = input._array.shape[axis]
    order = _order(input._array, axis, False) if n < 64 else np.argpartition(input._array, (n - 1) // 2, axis)
    places = np.take(order, [(n - 1) // 2], axis)
    nans = np.isnan(input._array)
    if nans.any():  # the first of them is the median of its lane
        places = positions(np.where(nans.any(axis, keepdims=True), np.argmax(nans, axis, keepdims=True), places))
    return MedianResult(*_median(input, places=places, axis=axis, keepdim=keepdim))


@method
@takes_tensors
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The distinct elements in increasing order, with where each went and how often it occurs if asked.

    With `dim` the distinct slices along it. A nan is distinct from every other.

    >>> import autodiff as torch
    >>> torch.unique(torch.tensor([3, 1, 3]))
    tensor([1, 3])
    """
    for name, value in (("sorted", sorted), ("return_inverse", return_inverse), ("return_counts", return_counts)):
        boolean("unique", name, value)
    array = input._array
    axis = None if dim is None else dimension(dim, array.ndim)
    if axis is not None and array.ndim and array.shape[axis] and not array.size:
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
    result = [wrap(values)]
    if return_inverse:
        result.append(wrap(positions(inverse.reshape(array.shape if axis is None else -1))))
    if return_counts:
        result.append(wrap(positions(counts)))
    return result[0] if len(result) == 1 else tuple(result)


@takes_tensors
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is among `test_elements`; the opposite with `invert`. One of the two may be a number.

    >>> import autodiff as torch
    >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([3, 1]))
    tensor([ True, False,  True])
    """
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise no_tensor("isin", "elements", 1, elements)
    given = (("elements", elements), ("test_elements", test_elements))
    x, among = (np.asarray(v._array if isinstance(v, Tensor) else number("isin", name, v)) for name, v in given)
    if x.dtype.kind == "b" or among.dtype.kind == "b":
        raise RuntimeError("Unsupported input type encountered for isin(): Bool; use x.int()")
    return wrap(np.asarray(np.isin(x, among, assume_unique, invert)))


@method
@takes_tensors
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number 0, 1, ... occurs, or the sum of its weights: float32 for those, else float64.

    >>> import autodiff as torch
    >>> torch.bincount(torch.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    if weights is not None and not isinstance(weights, Tensor):
        raise no_tensor("bincount", "weights", 2, weights)
    array = input._array
    if weights is not None and not isinstance(weights, Tensor):
        raise no_tensor("bincount", "weights", 2, weights)
    if array.dtype.kind not in "iu":
        raise NotImplementedError(f'"bincount" not implemented for {input.dtype}; it counts whole numbers: x.long()')
    if array.ndim != 1 or (array.size and array.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if weights is None:
        return wrap(positions(np.bincount(array, None, minlength)))
    if weights._array.shape != array.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    dtype = np.float32 if weights._array.dtype == np.float32 else np.float64
    total = np.zeros(max(minlength, int(array.max()) + 1 if array.size else 0), dtype)
    silently(np.add.at, total, array, weights._array)
    return wrap(total)

"""The element of a certain rank as PyTorch's calls give it: median, kthvalue; and the most frequent one, mode.

After this module a reader knows that each of them chooses an element, so that its gradient goes to the place it was taken from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.modes import silently
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import KthvalueResult, MedianResult, ModeResult
from autodiff.api._calls import ALL, boolean, dimension, takes_keepdim, takes_tensors, whole
from autodiff.api.extremes import not_empty
from autodiff.api.order import order_of
from autodiff.api.reading import positions
from autodiff.ops import extremes as ops
from autodiff.ops.rounding import not_for_bools

_median = renamed(ops.chosen, "MedianBackward1")
_kthvalue, _mode = renamed(ops.chosen, "Kthvalue"), renamed(ops.chosen, "Mode")


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
    if dim is ALL:
        not_for_bools(input._array, "median")
        return ops.median_all(input) if input._array.size else wrap(silently(np.array(np.nan).astype, input._array.dtype))
    axis = dimension(dim, input._array.ndim)
    not_empty(input, "median", axis)
    not_for_bools(input._array, "median")
    if not input._array.ndim:
        return MedianResult(input.clone(), wrap(np.zeros((), np.int64)))
    places = _middle(input._array, axis)
    nans = np.isnan(input._array)
    if nans.any():  # the first of them is the median of its lane
        places = positions(np.where(nans.any(axis, keepdims=True), np.argmax(nans, axis, keepdims=True), places))
    return MedianResult(*_median(input, places=places, axis=axis, keepdim=keepdim))


def _middle(array: Any, axis: int) -> Any:
    """Where the middle element of each lane is: of equal ones that which a stable sort would put there."""
    at = (array.shape[axis] - 1) // 2
    if array.shape[axis] < 64:
        return np.take(order_of(array, axis, False), [at], axis)
    places = np.take(np.argpartition(array, at, axis), [at], axis)
    middle = np.take_along_axis(array, places, axis)
    equal = array == middle
    if np.count_nonzero(equal) <= places.size:
        return places
    before = np.count_nonzero(array < middle, axis=axis, keepdims=True)
    return np.argmax(np.cumsum(equal, axis) == at - before + 1, axis, keepdims=True)


@method
@takes_tensors
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """(values, indices) of the k-th smallest elements along `dim`, counted from 1; a nan is larger than any number.

    RuntimeError for a k out of range.

    >>> import autodiff as torch
    >>> torch.kthvalue(torch.tensor([3.0, 1.0, 2.0]), 2).values
    tensor(2.)
    """
    k = whole("kthvalue", "k", k)
    boolean("kthvalue", "keepdim", keepdim)
    axis = dimension(dim, input._array.ndim)
    not_empty(input, "kthvalue", axis)
    n = input._array.shape[axis] if input._array.ndim else 1
    if not 1 <= k <= n:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}: {k} of {n}")
    if not input._array.ndim:
        return KthvalueResult(input.clone(), wrap(np.zeros((), np.int64)))
    if input._array.dtype.kind == "b":
        raise NotImplementedError("\"kthvalue_cpu\" not implemented for 'Bool'; use x.int()")
    places = np.take(order_of(input._array, axis, False), [k - 1], axis)
    return KthvalueResult(*_kthvalue(input, places=places, axis=axis, keepdim=keepdim))


@method
@takes_tensors
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """(values, indices) of the most frequent elements along `dim`, the smallest of several; the index is that of the last one.

    >>> import autodiff as torch
    >>> torch.mode(torch.tensor([2, 1, 2, 3, 3]))
    torch.return_types.mode(
    values=tensor(2),
    indices=tensor(2))
    """
    boolean("mode", "keepdim", keepdim)
    axis = dimension(dim, input._array.ndim)
    not_empty(input, "mode", axis)
    if not input._array.ndim:
        return ModeResult(input.clone(), wrap(np.zeros((), np.int64)))
    order = np.moveaxis(order_of(input._array, axis, False), axis, -1)
    ordered = np.take_along_axis(np.moveaxis(input._array, axis, -1), order, -1)
    n = order.shape[-1]
    last = np.ones(ordered.shape, np.bool_)  # is it the last of a run of equal elements?
    last[..., :-1] = ordered[..., 1:] != ordered[..., :-1]
    ends = np.where(last, np.arange(n), -1)
    before = np.concatenate([np.full((*ends.shape[:-1], 1), -1), np.maximum.accumulate(ends, -1)[..., :-1]], -1)
    longest = np.argmax(np.where(last, np.arange(n) - before, 0), -1)  # the first of several: that of the smallest element
    places = np.expand_dims(np.take_along_axis(order, longest[..., None], -1)[..., 0], axis)
    return ModeResult(*_mode(input, places=positions(places), axis=axis, keepdim=keepdim))

"""Searching as PyTorch's calls give it: distinct elements and how often they occur, and where a number belongs among others.

After this module a reader knows that to ask where a number belongs in an ordered row takes as many steps as the row's length
has binary digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.errors import no_tensor
from autodiff._core.inplace import method
from autodiff._core.modes import silently
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import boolean, dimension, number, size_of, takes_tensors, whole
from autodiff.api.reading import positions

# ---- distinct elements ----


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
    axis = None if dim is None else _axis_of(array, dim)
    if axis is not None:
        _check_zeros(array, axis)
    values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
    result = [wrap(values)]
    if return_inverse:
        result.append(wrap(positions(inverse.reshape(array.shape if axis is None else -1))))
    if return_counts:
        result.append(wrap(positions(counts)))
    return result[0] if len(result) == 1 else tuple(result)


def _check_zeros(array: Any, axis: int) -> None:
    """RuntimeError where another dimension than the one selected has no elements: its slices would all be nothing."""
    if list(array.shape).count(0) > 1:
        raise RuntimeError("Number of zero sized dimensions is more than one, so unique cannot be applied")
    if array.shape[axis] and not array.size:
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")


def _axis_of(array: Any, dim: int) -> int:
    axis = dimension(dim, array.ndim)
    if not array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return axis


@method
@takes_tensors
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements without those that equal the one before, with where each went and how long its run was if asked.

    With `dim` the slices along it. A nan is distinct from every other.

    >>> import autodiff as torch
    >>> torch.unique_consecutive(torch.tensor([1, 1, 2, 1]), return_counts=True)
    (tensor([1, 2, 1]), tensor([2, 1, 1]))
    """
    for name, value in (("return_inverse", return_inverse), ("return_counts", return_counts)):
        boolean("unique_consecutive", name, value)
    array, axis = input._array, 0
    if dim is not None:
        axis = _axis_of(array, dim)
        _check_zeros(array, axis)
    rows = array.reshape(-1) if dim is None else array
    n = rows.shape[axis]
    others = tuple(d for d in range(rows.ndim) if d != axis)
    new = np.ones(n, np.bool_)
    new[1:] = (np.take(rows, range(1, n), axis) != np.take(rows, range(n - 1), axis)).any(others) if n else new[1:]
    result = [wrap(np.compress(new, rows, axis))]
    if return_inverse:
        inverse = positions(np.cumsum(new) - 1)
        result.append(wrap(inverse.reshape(array.shape) if dim is None else inverse))
    if return_counts:
        result.append(wrap(positions(np.diff(np.append(np.flatnonzero(new), n)))))
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
    if array.dtype.kind not in "iu":
        raise NotImplementedError(f'"bincount" not implemented for {input.dtype}; it counts whole numbers: x.long()')
    if array.ndim != 1 or (array.size and array.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if whole("bincount", "minlength", minlength) < 0:
        raise RuntimeError("minlength should be >= 0")
    if weights is None:
        try:
            return wrap(positions(np.bincount(array, None, minlength)))
        except ValueError:  # larger than any memory
            size_of((max(minlength, int(array.max(initial=0)) + 1),))
            raise
    if weights._array.shape != array.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    dtype = np.float32 if weights._array.dtype == np.float32 else np.float64
    total = np.zeros(size_of((max(minlength, int(array.max()) + 1 if array.size else 0),)), dtype)
    silently(np.add.at, total, array, weights._array)
    return wrap(total)


# ---- places among ordered elements ----


@takes_tensors
def searchsorted(
    sorted_sequence: Tensor, input: Any = None, *, out_int32: bool = False, right: bool = False, side: str | None = None,
    sorter: Tensor | None = None, self: Any = None,
) -> Tensor:
    """Where each number of `input` belongs in the ordered last dimension of `sorted_sequence`: before equal ones, or behind.

    Behind them with `right`, or side="right". `sorter` holds the indices that sort the sequence. The sequence is one row for
    all numbers, or a row for each row of them. PyTorch calls a single number `self`; that name is taken too.

    >>> import autodiff as torch
    >>> torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 6]))
    tensor([1, 3])
    """
    if input is not None and self is not None:
        raise TypeError("searchsorted() got both input= and self=, which mean the same")
    value = _the_value("searchsorted", self if input is None else input)
    sequence = sorted_sequence._array
    if side not in (None, "left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    if not sequence.ndim:
        raise RuntimeError("torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 dimension")
    if not value.ndim and sequence.ndim != 1:
        raise RuntimeError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got "
            f"boundaries tensor dim({sequence.ndim}) and input value's dim(0) numel(1)"
        )
    if sequence.ndim != 1 and sequence.shape[:-1] != value.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor "
            f"and input value tensor must match, but we got boundaries tensor {list(sequence.shape)} and input value tensor "
            f"{list(value.shape)}"
        )
    behind = boolean("searchsorted", "right", right) or side == "right"
    order = None if sorter is None else _checked_sorter(sequence, sorter)
    return _found(sequence, value, behind, order, boolean("searchsorted", "out_int32", out_int32))


def _the_value(function: str, given: Any) -> Any:
    """What is looked for, as an array."""
    if given is None:
        raise TypeError(f"{function}() missing 1 required positional argument: 'input'")
    return given._array if isinstance(given, Tensor) else np.asarray(number(function, "input", given))


def _checked_sorter(sequence: Any, sorter: Tensor) -> Any:
    order = sorter._array
    if order.shape != sequence.shape:
        raise RuntimeError(
            f"torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
            f"{list(sequence.shape)} and got sorter tensor {list(order.shape)}"
        )
    if order.dtype != np.int64:
        raise RuntimeError(f"torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {sorter.dtype}")
    if order.size and (order.min() < 0 or order.max() >= sequence.shape[-1]):
        raise RuntimeError("torch.searchsorted(): sorter index out of range")
    return order


def _found(sequence: Any, value: Any, behind: bool, order: Any, small: bool) -> Tensor:
    """A binary search for all numbers at once. What compares with nothing, a nan, belongs behind all."""
    if order is not None:
        sequence = np.take_along_axis(sequence, order, -1)
    rows = value if sequence.ndim > 1 else value.reshape(1, value.size)
    table = sequence if sequence.ndim > 1 else sequence[None]
    low, high = np.zeros(rows.shape, np.int64), np.full(rows.shape, table.shape[-1])
    for _ in range(table.shape[-1].bit_length()):
        middle = (low + high) // 2
        seen = np.take_along_axis(table, np.minimum(middle, table.shape[-1] - 1), -1)
        further = (low < high) & ~(seen > rows if behind else seen >= rows)
        low, high = np.where(further, middle + 1, low), np.where(further | (low >= high), high, middle)
    return wrap(low.reshape(value.shape).astype(np.int32 if small else np.int64))


@takes_tensors
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Between which of the ordered `boundaries` each number is: the index of the first one that is not smaller.

    With `right` that of the first one that is larger.

    >>> import autodiff as torch
    >>> torch.bucketize(torch.tensor([0, 3, 6]), torch.tensor([1, 3, 5]))
    tensor([0, 1, 3])
    """
    if boundaries._array.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries._array.ndim})")
    value, small = _the_value("bucketize", input), boolean("bucketize", "out_int32", out_int32)
    return _found(boundaries._array, value, boolean("bucketize", "right", right), None, small)

"""Numbers written over others as PyTorch's calls give it: index_copy, index_fill, put, masked_scatter, the scatters over views.

After this module a reader knows that each has an in-place form, which is what a program mostly calls.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import misfit
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.promotion import cast
from autodiff._core.scalars import filling
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import dimension, number, takes_tensors, whole
from autodiff.api.rearrange import expand
from autodiff.ops import fill as filled
from autodiff.ops import places as at_places
from autodiff.ops import written as ops
from autodiff.ops.places import along, span, viewed
from autodiff.ops.triangle import diagonal

_index_copy, _index_fill = renamed(at_places.put, "IndexCopy"), renamed(at_places.put, "IndexFillBackward1")
_index_fill_number = renamed(at_places.put, "IndexFillBackward0")
_select_scatter = renamed(ops.written_at, "SelectScatter")
_fill, _fill_number = renamed(filled.fill, "FillBackward1"), renamed(filled.fill, "FillBackward0")


# ---- rows ----


def _long(index: Tensor, name: str, kind: type[Exception], words: str) -> Any:
    if index._array.dtype != np.int64:
        raise kind(f"{name}(): {words}, but got {index.dtype}; write index.long()")
    return np.atleast_1d(index._array).astype(np.int64)


def _value_of(function: str, value: Any, dtype: np.dtype[Any]) -> Any:
    """A number in the dtype of the tensor that it is written into; a 0-d tensor as it is, cast."""
    if not isinstance(value, Tensor):
        return wrap(np.asarray(filling(number(function, "value", value), dtype)))
    if value._array.ndim:
        raise RuntimeError(
            f"{function}_ only supports a 0-dimensional value tensor, but got tensor with {value._array.ndim} dimension(s)."
        )
    return value if value._array.dtype == dtype else cast(value, dtype=dtype)


@method(inplace=True)
@takes_tensors
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy of `input` with `value`, a number or 0-d tensor, in the slices along `dim` at the places in the 1-d `index`.

    A negative place counts from the end. IndexError for one that is out of range.

    >>> import autodiff as torch
    >>> torch.index_fill(torch.ones(3), 0, torch.tensor([0, -1]), 7)
    tensor([7., 1., 7.])
    """
    axis = dimension(dim, input._array.ndim)
    if index._array.ndim > 1:
        raise RuntimeError("index_fill_(): Index has to be a vector/scalar")
    places = _long(index, "index_fill_", IndexError, "Expected dtype int64 for index")
    n = input._array.shape[axis] if input._array.ndim else 1
    if not input._array.size:  # there is nothing to fill, and PyTorch does not look where
        places = places[:0]
    for place in places[(places < -n) | (places >= n)]:
        raise IndexError(f"index_fill(): index {place} is out of bounds for dimension {axis} with size {n}")
    fill = _index_fill if isinstance(value, Tensor) else _index_fill_number
    places = np.unique(places % max(n, 1))  # each once: what is written twice is no more sensitive than what is written once
    return fill(input, _value_of("index_fill", value, input._array.dtype), index=_slices(input, axis, places))


def _slices(input: Tensor, axis: int, places: Any) -> tuple[Any, ...]:
    """The advanced index of the slices; a tensor without dimensions has one, itself."""
    return along(axis, places) if input._array.ndim else (np.asarray(bool(places.size)),)


@method(inplace=True)
@takes_tensors
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy of `input` with the slices of `source` written along `dim` at the places in the 1-d `index`.

    IndexError for a place that is out of range, and where the numbers of places and slices differ.

    >>> import autodiff as torch
    >>> torch.index_copy(torch.zeros(3), 0, torch.tensor([2, 0]), torch.tensor([5.0, 6.0]))
    tensor([6., 0., 5.])
    """
    axis = dimension(dim, input._array.ndim)
    if index._array.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {index._array.ndim})")
    into, of = list(input._array.shape), list(source._array.shape)
    if not of and index._array.size != 1:
        raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {index._array.size})")
    if of and into and len(of) != len(into):
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
            f"dimensionality ({len(of)}), destination dimensionality ({len(into)})"
        )
    places = _long(index, "index_copy_", RuntimeError, "Expected a long tensor for index")
    if source._array.dtype != input._array.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{scalar_type(input._array)} and (source) {scalar_type(source._array)}"
        )
    _fit_slices(into, of, axis)
    if of and of[axis] != places.size:
        raise IndexError(f"index_copy_(): Number of indices ({places.size}) should be equal to source.size(dim) ({of[axis]})")
    n = into[axis] if into else 1
    if of and not source._array.size:  # there is nothing to write, and PyTorch does not look where
        source, places = viewed(source, index=span(axis, 0, 0)), places[:0]
    for place in places[(places < 0) | (places >= n)]:
        raise IndexError(f"index_copy_(): index {place} is out of bounds for dimension {axis} with size {n}")
    if not into:
        return _index_copy(input, source.reshape(()) if of else source, index=_slices(input, axis, places))
    return _index_copy(input, source, index=_slices(input, axis, places))


def _fit_slices(into: list[int], of: list[int], axis: int) -> None:
    rest, others = (shape[:axis] + shape[axis + 1 :] for shape in (into, of))
    if rest != others:
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{rest} at dimension {axis} and source slice shape: {others} at dimension 0."
        )


# ---- places in a row, and where a mask holds ----


@method(inplace=True)
@takes_tensors
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of `input` with the elements of `source` written (or added) at places counted in the flattened tensor.

    A negative place counts from the end.

    >>> import autodiff as torch
    >>> torch.put(torch.zeros(2, 2), torch.tensor([0, -1]), torch.tensor([5.0, 6.0]))
    tensor([[5., 0.],
            [0., 6.]])
    """
    places = _long(index, "put_", RuntimeError, "Expected a long tensor for index").reshape(index._array.shape)
    if source._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = {scalar_type(input._array)} and "
            f"source.dtype = {scalar_type(source._array)}"
        )
    if places.size != source._array.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source._array.size}, index.numel() = {places.size}"
        )
    n = input._array.size
    if places.size and not n:
        raise IndexError("put_(): Tried to put elements into an empty tensor")
    for place in places[(places < -n) | (places >= n)]:
        raise IndexError(f"put_(): out of range: tried to access index {place} on a tensor of {n} elements.")
    write = ops.put_added_flat if accumulate else ops.put_flat
    return write(input, source.reshape(places.shape), places=places)


@method(inplace=True)
@takes_tensors
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy of `input` with the elements of `source`, one after the other, where `mask` is True.

    RuntimeError for a source that has fewer elements than the mask has places.

    >>> import autodiff as torch
    >>> torch.masked_scatter(torch.zeros(3), torch.tensor([True, False, True]), torch.tensor([5.0, 6.0]))
    tensor([5., 0., 6.])
    """
    if mask._array.dtype.kind != "b":
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}")
    if source._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got {input.dtype} and {source.dtype}"
        )
    if found := misfit("masked_scatter", (input._array.shape, mask._array.shape)):
        raise found
    shape = np.broadcast_shapes(input._array.shape, mask._array.shape)
    where = np.broadcast_to(mask._array, shape).copy()
    count = int(np.count_nonzero(where))
    if count > source._array.size:
        raise RuntimeError(
            f"masked_scatter: Number of elements of source < number of ones in mask: {source._array.size} < {count}"
        )
    return ops.masked_scatter(input if shape == input._array.shape else expand(input, shape), source, mask=where, count=count)


# ---- over a view, and everywhere ----


def _covers(src: Tensor, shape: tuple[int, ...]) -> None:
    if src._array.shape != shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = {list(shape)}"
        )


def _in_dtype_of(input: Tensor, src: Tensor) -> Tensor:
    return src if src._array.dtype == input._array.dtype else cast(src, dtype=input._array.dtype)


@method
@takes_tensors
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of `input` with `src` written over the slice at `index` along `dim`.

    >>> import autodiff as torch
    >>> torch.select_scatter(torch.zeros(2, 2), torch.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    axis, shape = dimension(dim, input._array.ndim), input._array.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    index = whole("select_scatter", "index", index)
    if not -shape[axis] <= index < shape[axis]:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {axis}")
    _covers(src, shape[:axis] + shape[axis + 1 :])
    return _select_scatter(input, _in_dtype_of(input, src), index=along(axis, index))


@method
@takes_tensors
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy of `input` with `src` written over the slice from `start` to `end` along `dim`.

    >>> import autodiff as torch
    >>> torch.slice_scatter(torch.zeros(4), torch.ones(2), 0, 1, 3)
    tensor([0., 1., 1., 0.])
    """
    axis, shape = dimension(dim, input._array.ndim), input._array.shape
    if not shape:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    ends = [None if v is None else whole("slice_scatter", name, v) for name, v in (("start", start), ("end", end))]
    if whole("slice_scatter", "step", step) <= 0:
        raise RuntimeError("slice step must be positive")
    part = slice(ends[0], ends[1], step)
    _covers(src, (*shape[:axis], len(range(*part.indices(shape[axis]))), *shape[axis + 1 :]))
    return ops.written_at(input, _in_dtype_of(input, src), index=along(axis, part))


@method
@takes_tensors
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of `input` with `src` written over the diagonal of two dimensions.

    >>> import autodiff as torch
    >>> torch.diagonal_scatter(torch.zeros(2, 2), torch.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    ndim, offset = input._array.ndim, whole("diagonal_scatter", "offset", offset)
    a, b = dimension(dim1, ndim), dimension(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    _covers(src, diagonal.operation.forward(input._array, offset=offset, a=a, b=b).shape)
    return ops.written_on_diagonal(input, _in_dtype_of(input, src), offset=offset, a=a, b=b)


@takes_tensors
def fill(input: Tensor, value: Any) -> Tensor:
    """`value`, a number or 0-d tensor, everywhere, in the shape and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.fill(torch.zeros(2), 7)
    tensor([7., 7.])
    """
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(f"fill only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions.")
    if isinstance(value, Tensor):
        return _fill(input, value)
    return _fill_number(input, wrap(np.asarray(filling(number("fill", "value", value), input._array.dtype))))

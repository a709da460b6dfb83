"""Elements taken from, and written to, places that a tensor names: gather, scatter, index_select, index_add, take.

After this module a reader knows that gather and scatter_add are each other's gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import misfit
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.scalars import fitted
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import dimension, number, takes_tensors
from autodiff.api.index import getitem, normalize
from autodiff.api.shape import reshape
from autodiff.ops import places as ops

_take, _index_add = renamed(ops.indexed, "Take"), renamed(ops.put_added, "IndexAdd")


def _indices(index: Tensor, name: str, *dtypes: Any) -> Any:
    """The places as int64; RuntimeError for what is not of these dtypes, int64 and int32 unless others are named."""
    wanted = dtypes or (np.int64, np.int32)
    if index._array.dtype not in wanted:
        words = "/".join(np.dtype(d).name for d in wanted)
        raise RuntimeError(f"{name}(): Expected dtype {words} for index, got {index.dtype}; convert it with index.long()")
    return index._array.astype(np.int64)


def row_of_indices(index: Tensor, name: str) -> Any:
    if index._array.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector")
    return _indices(index, name)


def _length(x: Tensor, axis: int) -> int:
    """How long x is along an axis: a tensor without dimensions counts as one with a single element."""
    return x._array.shape[axis] if x._array.ndim else 1


def check_within(places: Any, x: Tensor, axis: int, name: str, kind: type[Exception] = RuntimeError) -> None:
    n = _length(x, axis)
    if places.size and (places.min() < 0 or places.max() >= n):
        wrong = places[(places < 0) | (places >= n)].flat[0]
        raise kind(f"{name}(): index {wrong} is out of bounds for dimension with size {n}")


@method
@takes_tensors
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices along `dim` at the places in the 1-d `index`, as a copy.

    >>> import autodiff as torch
    >>> torch.index_select(torch.tensor([1, 2, 3]), 0, torch.tensor([2, 0]))
    tensor([3, 1])
    """
    axis = dimension(dim, input._array.ndim)
    places = row_of_indices(index, "index_select")
    if not input._array.ndim and places.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {places.size} value(s)")
    several = input._array.ndim > 1  # PyTorch's classes: its loops over elements and those over slices differ
    check_within(places, input, axis, "index_select", RuntimeError if several and not _length(input, axis) else IndexError)
    if not input._array.ndim:
        return input.clone()
    return ops.index_select(input, axis=axis, places=np.atleast_1d(places))


@method
@takes_tensors
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """For each place in `index`, the element of `input` with that index along `dim`.

    >>> import autodiff as torch
    >>> torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    axis = dimension(dim, input._array.ndim)
    return ops.gather(input, axis=axis, places=places_along(input, index, axis, "gather", "input"))


def places_along(x: Tensor, index: Tensor, axis: int, name: str, what: str) -> Any:
    """The places along an axis, which fit x; an index without elements fits anything, as in PyTorch."""
    if not index._array.size:
        return np.zeros(index._array.shape, np.int64)
    places = _indices(index, name)
    if max(places.ndim, 1) != max(x._array.ndim, 1):
        raise RuntimeError(f"{name}(): Index tensor must have the same number of dimensions as {what} tensor")
    for d, (n, m) in enumerate(zip(places.shape, x._array.shape)):
        if d != axis and n > m:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(places.shape)} to be no larger than {what} "
                f"{list(x.shape)} apart from dimension {axis}"
            )
    check_within(places, x, axis, name)
    return places


@method
@takes_tensors
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """`gather` with the other dimensions broadcast; without `dim`, from the flattened tensor.

    With `dim`, places count modulo its length, as in PyTorch: -1 is the last one.

    >>> import autodiff as torch
    >>> torch.take_along_dim(torch.tensor([[3, 1]]), torch.tensor([[1]]), 1)
    tensor([[1]])
    """
    if indices._array.dtype != np.int64:
        raise RuntimeError(f"take_along_dim(): dtype of indices should be Long but got {indices.dtype}; write indices.long()")
    places = indices._array
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    if indices._array.ndim != input._array.ndim:
        raise RuntimeError(
            "take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input._array.ndim} dimensions for input, and {indices._array.ndim} dimensions for indices"
        )
    if not input._array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = dimension(dim, input._array.ndim)
    shapes = [list(array.shape) for array in (input._array, places)]
    n, m = (shape[axis] for shape in shapes)
    for shape in shapes:
        shape[axis] = 1
    wrong = misfit("take_along_dim", [(*shape,) for shape in shapes])
    if wrong is not None:
        raise wrong
    common = list(np.broadcast_shapes(*((*shape,) for shape in shapes)))
    if n:
        places = places % n
    spread = np.broadcast_to(places, (*common[:axis], m, *common[axis + 1 :]))
    return gather(input.expand(*common[:axis], n, *common[axis + 1 :]), axis, wrap(spread))


@method
@takes_tensors
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at the places of `index` in the flattened tensor.

    >>> import autodiff as torch
    >>> torch.take(torch.tensor([[1, 2], [3, 4]]), torch.tensor([0, 3]))
    tensor([1, 4])
    """
    flat_input = input.reshape(-1)
    _, choice = normalize(wrap(_indices(index, "take", np.int64)), flat_input._array.shape)
    if choice is None:  # a 0-d index
        return getitem(flat_input, int(index)).clone()
    return _take(flat_input, index=choice)


def source_for(input: Tensor, src: Any, places: Any, name: str) -> tuple[Any, Any]:
    """What is written, in the shape of the places, and the places: both without elements where the index has none."""
    ndim = max(input._array.ndim, 1)
    if not places.size:
        places = np.zeros((0,) * ndim, np.int64)
    if not isinstance(src, Tensor):
        return fitted(number(name, "value", src), input._array.dtype), places
    if src._array.dtype != input._array.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}")
    if not places.size:
        return reshape(ops.viewed(reshape(src, src._array.size), index=(slice(0), ...)), places.shape), places
    shape = src._array.shape or (1,)
    if len(shape) != ndim or any(n > m for n, m in zip(places.shape, shape)):
        raise RuntimeError(
            f"{name}(): Expected index {list(places.shape)} to be no larger than src {list(src.shape)} in any dimension"
        )
    if src._array.ndim != places.ndim:  # one of them has no dimensions, and counts as a row of one element
        src = reshape(ops.viewed(reshape(src, shape), index=(slice(1), ...)), places.shape)
    if src._array.shape != places.shape:
        src = ops.viewed(src, index=tuple(slice(n) for n in places.shape))
    return src, places


@method(inplace=True)
@takes_tensors
def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Tensor:
    """A copy of `input` with the elements of `src` (or a number) written at the indices along `dim`.

    With `reduce` "add" or "multiply" they are added to, or multiplied with, what is there; then there is no derivative, as in
    PyTorch. `scatter_add` has one.

    >>> import autodiff as torch
    >>> torch.scatter(torch.zeros(1, 3), 1, torch.tensor([[2]]), torch.tensor([[5.0]]))
    tensor([[0., 0., 5.]])
    """
    axis = dimension(dim, input._array.ndim)
    places = places_along(input, index, axis, "scatter", "self")
    if src is None and value is None:
        raise TypeError('scatter() missing 1 required argument: "src", a tensor, or "value", a number')
    if isinstance(value, Tensor) and value._array.ndim:
        raise TypeError("scatter(): argument 'value' must be Number, not Tensor; a tensor is given as src=")
    values, places = source_for(input, value if src is None else src, places, "scatter")
    if reduce is None:
        return ops.scatter(input, values, axis=axis, places=places)
    if reduce not in ("add", "multiply"):
        raise RuntimeError(f"reduce argument must be either add or multiply, not {reduce!r}")
    combine = np.add if reduce == "add" else np.multiply
    return ops.scatter_reduced(input, values, axis=axis, places=places, combine=combine)


@method(inplace=True)
@takes_tensors
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy of `input` with the elements of `src` added at the indices along `dim`.

    >>> import autodiff as torch
    >>> torch.scatter_add(torch.zeros(3), 0, torch.tensor([2, 2]), torch.tensor([5.0, 1.0]))
    tensor([0., 0., 6.])
    """
    axis = dimension(dim, input._array.ndim)
    places = places_along(input, index, axis, "scatter_add", "self")
    _ = src._array  # a number is not taken here
    values, places = source_for(input, src, places, "scatter_add")
    return ops.scatter_add(input, values, axis=axis, places=places)


@method(inplace=True)
@takes_tensors
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy of `input` with the slices of `source`, times alpha, added at the places in the 1-d `index` along `dim`.

    >>> import autodiff as torch
    >>> torch.index_add(torch.zeros(3), 0, torch.tensor([2, 2]), torch.tensor([5.0, 1.0]))
    tensor([0., 0., 6.])
    """
    axis = dimension(dim, input._array.ndim)
    places = row_of_indices(index, "index_add")
    check_slices(input, source, axis, places)
    check_within(places, input, axis, "index_add", RuntimeError if input._array.ndim > 1 else IndexError)
    if number("index_add", "alpha", alpha) != 1:
        source = source * (alpha if source._array.dtype.kind == "f" else int(alpha))
    return _index_add(input, source, index=ops.along(axis, np.atleast_1d(places)) if input._array.ndim else ())


def check_slices(input: Tensor, source: Tensor, axis: int, places: Any, name: str = "index_add_") -> None:
    """RuntimeError where the slices of source along an axis do not fit those of input, one for each place."""
    if source._array.dtype != input._array.dtype:
        ours, theirs = scalar_type(input._array), scalar_type(source._array)
        raise RuntimeError(f"{name}(): self ({ours}) and source ({theirs}) must have the same scalar type")
    into, of = list(input._array.shape), list(source._array.shape)
    if len(into) != len(of) or into[:axis] + into[axis + 1 :] != of[:axis] + of[axis + 1 :]:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{into} source.shape = {of}"
        )
    if places.size != _length(source, axis):
        raise RuntimeError(
            f"{name}(): Number of indices ({places.size}) should be equal to source.size(dim): ({_length(source, axis)}), "
            f"for dim: {axis}"
        )

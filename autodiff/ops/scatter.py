"""Elements taken from, and written to, places that a tensor names: gather, scatter, index_select, index_add, take, nonzero.

After this module a reader knows that gather and scatter_add are each other's gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import primitive, renamed
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, takes_tensors
from autodiff.ops.extremes import gathered, grid_of
from autodiff.ops.index import getitem, index_taken, narrow, normalize
from autodiff.ops.rearrange import _taken_at
from autodiff.ops.shape import dimension

__all__ = [
    "argwhere",
    "gather",
    "index_add",
    "index_select",
    "nonzero",
    "scatter",
    "scatter_add",
    "take",
    "take_along_dim",
]


def _indices(index: Tensor, name: str) -> Any:
    if index._array.dtype.kind != "i":
        raise RuntimeError(f"{name}(): Expected dtype int64 for index, got {index.dtype}")
    return index._array.astype(np.int64)


def _within(places: Any, n: int, name: str) -> None:
    if places.size and (places.min() < 0 or places.max() >= n):
        wrong = places[(places < 0) | (places >= n)].flat[0]
        # PyTorch's classes: IndexError from index_select, RuntimeError from gather and scatter.
        kind = IndexError if name.startswith("index") else RuntimeError
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
    places = _indices(index, "index_select")
    if places.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    _within(places, input._array.shape[axis], "index_select")
    return _taken_at(input, axis=axis, places=np.atleast_1d(places))


@method
@takes_tensors
def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """For each place in `index`, the element of `input` with that index along `dim`.

    >>> import autodiff as torch
    >>> torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    axis = dimension(dim, input._array.ndim)
    places = _indices(index, "gather")
    _sizes_fit(input, places, axis, "gather", "input")
    _within(places, input._array.shape[axis], "gather")
    part = input
    for d, n in enumerate(places.shape):
        if d != axis and n != input._array.shape[d]:
            part = narrow(part, d, 0, n)
    return gathered(part, axis=axis, places=places)


def _sizes_fit(x: Tensor, places: Any, axis: int, name: str, what: str) -> None:
    if places.ndim != x._array.ndim:
        raise RuntimeError(f"{name}(): Index tensor must have the same number of dimensions as {what} tensor")
    for d, (n, m) in enumerate(zip(places.shape, x._array.shape)):
        if d != axis and n > m:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(places.shape)} to be no larger than {what} "
                f"{list(x.shape)} apart from dimension {axis}"
            )


@method
@takes_tensors
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """`gather` with the other dimensions broadcast; without `dim`, from the flattened tensor.

    >>> import autodiff as torch
    >>> torch.take_along_dim(torch.tensor([[3, 1]]), torch.tensor([[1]]), 1)
    tensor([[1]])
    """
    if dim is None:
        return take(input, indices.reshape(-1))
    axis = dimension(dim, input._array.ndim)
    a, b = list(input._array.shape), list(indices._array.shape)
    n, m = a[axis], b[axis]
    a[axis] = b[axis] = 1
    common = list(np.broadcast_shapes(tuple(a), tuple(b)))
    whole = [*common[:axis], n, *common[axis + 1 :]]
    places = [*common[:axis], m, *common[axis + 1 :]]
    return gather(input.expand(*whole), axis, indices.expand(*places))


@method
@takes_tensors
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at the places of `index` in the flattened tensor.

    >>> import autodiff as torch
    >>> torch.take(torch.tensor([[1, 2], [3, 4]]), torch.tensor([0, 3]))
    tensor([1, 4])
    """
    flat_input = input.reshape(-1)
    _, where_ = normalize(wrap(_indices(index, "take")), flat_input._array.shape)
    if where_ is None:  # a 0-d index
        return getitem(flat_input, int(index)).clone()
    return index_taken(flat_input, index=where_)


@primitive(
    lambda g, axis, places: zeroed_along(g, axis=axis, places=places),
    lambda g, axis, places, value_shape: corner(gathered(g, axis=axis, places=places), shape=value_shape),
    name="Scatter",
)
def scattered_into(x, value, *, axis, places):
    """x with value written at the places along an axis."""
    out = x.copy()
    out[grid_of(places, axis)] = value[tuple(slice(n) for n in places.shape)] if value.ndim else value
    return out


def _no_slope(g: Any) -> Any:
    raise RuntimeError("derivative for aten::scatter is not implemented with reduce=; use scatter_add(), which has one")


@primitive(_no_slope, _no_slope, name="NotImplemented")
def scattered_onto(x, value, *, axis, places, reduce):
    """x with value added to, or multiplied with, what is at the places along an axis."""
    out = x.copy()
    combine = np.add if reduce == "add" else np.multiply
    combine.at(out, grid_of(places, axis), value[tuple(slice(n) for n in places.shape)] if value.ndim else value)
    return out


@primitive(lambda g, axis, places: zeroed_along(g, axis=axis, places=places), name="Scatter")
def zeroed_along(x, *, axis, places):
    """x with zeros at the places along an axis."""
    out = x.copy()
    out[grid_of(places, axis)] = 0
    return out


@primitive(
    lambda g: g,
    lambda g, axis, places, value_shape: corner(gathered(g, axis=axis, places=places), shape=value_shape),
    name="ScatterAdd",
)
def scatter_added(x, value, *, axis, places):
    """x with value added at the places along an axis."""
    out = x.copy()
    np.add.at(out, grid_of(places, axis), value[tuple(slice(n) for n in places.shape)])
    return out


@primitive(lambda g, x_shape: _cut(g, shape=x_shape), name="ConstantPadNd")
def corner(x, *, shape):
    """Zeros of `shape` with x in the first corner: src may be larger than index. A 0-d shape sums."""
    if not len(shape):
        return np.add.reduce(x, axis=None)
    if x.shape == tuple(shape):
        return x.copy()
    out = np.zeros(shape, x.dtype)
    out[tuple(slice(n) for n in x.shape)] = x
    return out


@primitive(lambda g, x_shape: corner(g, shape=x_shape), name="Slice")
def _cut(x, *, shape):
    if not x.ndim:
        return np.broadcast_to(x, shape).copy()
    return x[tuple(slice(n) for n in shape)].copy()


def _source(input: Tensor, src: Any, places: Any, name: str) -> Any:
    if not isinstance(src, Tensor):
        return np.asarray(number(name, "value", src), input._array.dtype)
    if src._array.dtype != input._array.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}")
    if src._array.ndim != places.ndim or any(n > m for n, m in zip(places.shape, src._array.shape)):
        raise RuntimeError(
            f"{name}(): Expected index {list(places.shape)} to be no larger than src {list(src.shape)} in any dimension"
        )
    return src


@method(inplace=True)
@takes_tensors
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """A copy of `input` with the elements of `src` (or a number) written at the indices along `dim`.

    With `reduce` "add" or "multiply" they are added to, or multiplied with, what is there; then there is no derivative, as in
    PyTorch. `scatter_add` has one.

    >>> import autodiff as torch
    >>> torch.scatter(torch.zeros(1, 3), 1, torch.tensor([[2]]), torch.tensor([[5.0]]))
    tensor([[0., 0., 5.]])
    """
    axis = dimension(dim, input._array.ndim)
    places = _indices(index, "scatter")
    _sizes_fit(input, places, axis, "scatter", "self")
    _within(places, input._array.shape[axis], "scatter")
    values = _source(input, value if src is None else src, places, "scatter")
    if reduce is None:
        return scattered_into(input, values, axis=axis, places=places)
    if reduce not in ("add", "multiply"):
        raise RuntimeError(f"reduce argument must be either add or multiply, not {reduce!r}")
    result = scattered_onto(input, values, axis=axis, places=places, reduce=reduce)
    return result


@method(inplace=True)
@takes_tensors
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy of `input` with the elements of `src` added at the indices along `dim`.

    >>> import autodiff as torch
    >>> torch.scatter_add(torch.zeros(3), 0, torch.tensor([2, 2]), torch.tensor([5.0, 1.0]))
    tensor([0., 0., 6.])
    """
    axis = dimension(dim, input._array.ndim)
    places = _indices(index, "scatter_add")
    _sizes_fit(input, places, axis, "scatter_add", "self")
    _within(places, input._array.shape[axis], "scatter_add")
    _ = src._array  # a number is not taken here
    return scatter_added(input, _source(input, src, places, "scatter_add"), axis=axis, places=places)


index_added = renamed(scatter_added, "IndexAdd")


@method(inplace=True)
@takes_tensors
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy of `input` with the slices of `source`, times alpha, added at the places in the 1-d `index` along `dim`.

    >>> import autodiff as torch
    >>> torch.index_add(torch.zeros(3), 0, torch.tensor([2, 2]), torch.tensor([5.0, 1.0]))
    tensor([0., 0., 6.])
    """
    axis = dimension(dim, input._array.ndim)
    places = _indices(index, "index_add")
    _within(places, input._array.shape[axis], "index_add")
    if places.ndim > 1 or places.size != source._array.shape[axis]:
        raise IndexError(
            f"index_add(): Number of indices ({places.size}) should be equal to source.size(dim): ({source.shape[axis]})"
        )
    grid = places.reshape(*(-1 if d == axis else 1 for d in range(source._array.ndim)))
    whole = np.broadcast_to(grid, source._array.shape)
    return index_added(input, source if alpha == 1 else source * alpha, axis=axis, places=whole)


@method
@takes_tensors
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the nonzero elements, a row each; as_tuple gives one index tensor per dimension.

    >>> import autodiff as torch
    >>> torch.nonzero(torch.tensor([1, 0, 2]))
    tensor([[0],
            [2]])
    """
    places = np.nonzero(np.atleast_1d(input._array))
    if as_tuple:
        return tuple(wrap(p) for p in places)
    if not input._array.ndim:
        return wrap(np.zeros((len(places[0]), 0), np.int64))
    return wrap(np.stack(places, -1))


@method
@takes_tensors
def argwhere(input: Tensor) -> Tensor:
    """The indices of the nonzero elements, a row each.

    >>> import autodiff as torch
    >>> torch.argwhere(torch.tensor([1, 0, 2]))
    tensor([[0],
            [2]])
    """
    return nonzero(input)  # type: ignore[no-any-return]

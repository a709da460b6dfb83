"""Many numbers into fewer: sums, means, extremes, spreads, and the orders that they come from.

After this module a reader knows that the gradient of a sum is spread evenly over what was summed, and that the gradient of
a maximum goes to the element that was chosen.
"""

from __future__ import annotations

import builtins
import math
from collections import namedtuple
from typing import Any

import numpy as np

from autodiff._dtypes import as_numpy_dtype
from autodiff._graph import cast, flat, primitive
from autodiff._numpy_names import numpy_names
from autodiff._tensor import Tensor, wrap
from autodiff.ops.arithmetic import abs as abs_
from autodiff.ops.arithmetic import maximum, minimum, where, where_op
from autodiff.ops.elementwise import exp, isnan, sign
from autodiff.ops.shape import dimension, expanded, reshape, reshaped

__all__ = [
    "all",
    "amax",
    "amin",
    "aminmax",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "bincount",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "logsumexp",
    "max",
    "mean",
    "median",
    "min",
    "nanmean",
    "nansum",
    "norm",
    "prod",
    "sort",
    "std",
    "sum",
    "topk",
    "unique",
    "var",
]


class _Result:
    """A named pair that prints as PyTorch's: torch.return_types.max(values=..., indices=...)."""

    def __repr__(self) -> str:
        fields = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self))  # type: ignore[attr-defined,call-overload]
        return f"torch.return_types.{type(self).__name__}(\n{fields})"


class MaxResult(_Result, namedtuple("max", "values indices")):
    """What max(dim) returns."""


class MinResult(_Result, namedtuple("min", "values indices")):
    """What min(dim) returns."""


class SortResult(_Result, namedtuple("sort", "values indices")):
    """What sort returns."""


class TopkResult(_Result, namedtuple("topk", "values indices")):
    """What topk returns."""


class MedianResult(_Result, namedtuple("median", "values indices")):
    """What median(dim) returns."""


class AminmaxResult(_Result, namedtuple("aminmax", "min max")):
    """What aminmax returns."""


for _kind in (MaxResult, MinResult, SortResult, TopkResult, MedianResult, AminmaxResult):
    _kind.__name__ = _kind.__name__.removesuffix("Result").lower()


def axes_of(dim: Any, ndim: int) -> tuple[int, ...]:
    """The dimensions named by `dim`, counted from the front; all of them for None, () or []."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    dims = [dimension(d, ndim) for d in ((dim,) if isinstance(dim, int) else dim)]
    if len(set(dims)) != len(dims):
        raise RuntimeError(f"dim {dims[-1]} appears multiple times in the list of dims")
    return tuple(d for d in dims if d < ndim)


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with the dimensions `axes` of size 1: what a reduction with keepdim gives."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def spread(g: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """The gradient of a reduction, given back its dimensions and repeated to the shape that was reduced."""
    return expanded(reshaped(g, shape=kept_shape(shape, axes)), shape=shape)


def _dropped(out: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
    return out if keepdim else out.reshape(tuple(n for i, n in enumerate(out.shape) if i not in axes))


# ---- sums ----


@primitive(lambda g, x_shape: expanded(g, shape=x_shape), name="SumBackward0")
def sum_all(x: Any) -> Any:
    """The sum of all elements."""
    return np.add.reduce(x, axis=None) if x.dtype.kind == "f" else np.sum(x, dtype=np.int64)


@primitive(lambda g, x_shape, axes: spread(g, x_shape, axes), name="SumBackward1")
def sum_over(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """The sum over some dimensions."""
    return np.sum(x, axis=axes, keepdims=keepdim, dtype=None if x.dtype.kind == "f" else np.int64)


def _converted(input: Tensor, dtype: Any) -> Tensor:
    np_dtype = as_numpy_dtype(dtype)
    return input if np_dtype is None or np_dtype == input._array.dtype else cast(input, dtype=np_dtype)


@numpy_names
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum of all elements, or over the dimensions `dim`. Integers and bools give int64.

    >>> import autodiff as torch
    >>> torch.sum(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 0)
    tensor([4., 6.])
    """
    if dtype is not None:
        input = _converted(input, dtype)
    if dim is None and not keepdim:
        result: Tensor = sum_all(input)
    else:
        result = sum_over(input, axes=axes_of(dim, input._array.ndim), keepdim=keepdim)
    return result


@primitive(lambda g, x_shape: expanded(g * (1.0 / math.prod(x_shape)), shape=x_shape) if math.prod(x_shape) else
           expanded(g, shape=x_shape), name="MeanBackward0")  # fmt: skip
def mean_all(x: Any) -> Any:
    """The mean of all elements."""
    return np.add.reduce(x, axis=None) / x.dtype.type(x.size)


@primitive(lambda g, x_shape, axes: spread(g * (1.0 / _count(x_shape, axes)), x_shape, axes), name="MeanBackward1")
def mean_over(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """The mean over some dimensions."""
    return np.add.reduce(x, axis=axes, keepdims=keepdim) / x.dtype.type(math.prod(x.shape[a] for a in axes))


def _count(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    return builtins.max(math.prod(shape[a] for a in axes), 1)


@numpy_names
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of all elements, or over the dimensions `dim`. RuntimeError for integers: give a dtype.

    >>> import autodiff as torch
    >>> torch.mean(torch.tensor([1.0, 2.0, 6.0]))
    tensor(3.)
    """
    input = _converted(input, dtype)
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{input.dtype}; write x.float().mean()"
        )
    with np.errstate(invalid="ignore", divide="ignore") if not input._array.size else _nothing:
        if dim is None and not keepdim:
            result: Tensor = mean_all(input)
        else:
            result = mean_over(input, axes=axes_of(dim, input._array.ndim), keepdim=keepdim)
    return result


class _Nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


_nothing = _Nothing()


@primitive(lambda g, x, axes: spread(g, x.shape, axes) * is_number(x), name="Nansum")
def nansum_over(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """The sum over some dimensions, with nan counted as 0."""
    return np.add.reduce(np.where(x == x, x, 0), axis=axes, keepdims=keepdim, dtype=x.dtype)


@primitive(flat)
def is_number(x: Any) -> Any:
    """0 where x is nan, else 1, in x's dtype."""
    return (x == x).astype(x.dtype)


@numpy_names
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum, with nan counted as 0.

    >>> import autodiff as torch
    >>> torch.nansum(torch.tensor([1.0, float("nan")]))
    tensor(1.)
    """
    x = _converted(input, dtype)
    if x._array.dtype.kind != "f":
        return sum(x, dim, keepdim)
    result: Tensor = nansum_over(x, axes=axes_of(dim, x._array.ndim), keepdim=keepdim)
    return result


@numpy_names
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of the elements that are not nan.

    >>> import autodiff as torch
    >>> torch.nanmean(torch.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    return nansum(input, dim, keepdim, dtype=dtype) / sum(~isnan(input), dim, keepdim)


@primitive(lambda g, x, axes, keepdim: spread(g, x.shape, axes) * others_product(x, axes=axes), name="ProdBackward1")
def prod_over(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """The product over some dimensions."""
    return np.prod(x, axis=axes, keepdims=keepdim, dtype=None if x.dtype.kind == "f" else np.int64)


@primitive(lambda g, x: expanded(g, shape=x.shape) * others_product(x, axes=tuple(range(x.ndim))), name="ProdBackward0")
def prod_all(x: Any) -> Any:
    """The product of all elements."""
    return np.prod(x, dtype=None if x.dtype.kind == "f" else np.int64)


def others_product(x: Any, *, axes: tuple[int, ...]) -> Any:
    """For each element the product of all others along the axes: right also where some are zero."""
    if isinstance(x, Tensor):
        return _others_recorded(x, axes)
    moved = np.moveaxis(x, axes, range(-len(axes), 0)) if axes else x[..., None]
    rows = moved.reshape(*moved.shape[: moved.ndim - builtins.max(len(axes), 1)], -1)
    before = np.ones_like(rows)
    after = np.ones_like(rows)
    np.cumprod(rows[..., :-1], axis=-1, out=before[..., 1:])
    after[..., :-1] = np.cumprod(rows[..., :0:-1], axis=-1)[..., ::-1]
    others = (before * after).reshape(moved.shape)
    return np.moveaxis(others, range(-len(axes), 0), axes) if axes else others[..., 0]


def _others_recorded(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    # Under create_graph: for each element, the product of the row with that element replaced by 1.
    n = _count(x.shape, axes)
    rest = [i for i in range(x.ndim) if i not in axes]
    rows = x.permute(*rest, *axes).reshape(-1, n) if x.ndim else x.reshape(1, 1)
    eye = wrap(np.eye(n, dtype=bool))
    grid = where(eye, 1.0, rows.unsqueeze(1).expand(rows.shape[0], n, n))
    products = prod_over(grid, axes=(2,), keepdim=False)
    back = products.reshape(*[x.shape[i] for i in (*rest, *axes)])
    return back.permute(*np.argsort([*rest, *axes]).tolist()) if x.ndim else back  # type: ignore[no-any-return]


@numpy_names
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product of all elements, or along `dim`.

    >>> import autodiff as torch
    >>> torch.prod(torch.tensor([2.0, 3.0, 4.0]))
    tensor(24.)
    """
    input = _converted(input, dtype)
    if dim is None:
        result: Tensor = prod_all(input)
    else:
        result = prod_over(input, axes=axes_of(dim, input._array.ndim), keepdim=keepdim)
    return result


@primitive(lambda g, axis: flip_cumsum(g, axis=axis), name="Cumsum")
def _cumsum(x: Any, *, axis: Any) -> Any:
    if not x.ndim:
        return x.copy()
    return np.cumsum(x, axis, dtype=None if x.dtype.kind == "f" else np.int64)


@primitive(lambda g, axis: _cumsum(g, axis=axis), name="CumsumBackward")
def flip_cumsum(x: Any, *, axis: Any) -> Any:
    """The running sum from the end."""
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis).copy() if x.ndim else x.copy()


@numpy_names
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running sum along `dim`.

    >>> import autodiff as torch
    >>> torch.cumsum(torch.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    result: Tensor = _cumsum(_converted(input, dtype), axis=dimension(dim, input._array.ndim))
    return result


@primitive(lambda g, x, axis: cumprod_slope(g, x, axis=axis), name="Cumprod")
def _cumprod(x: Any, *, axis: Any) -> Any:
    if not x.ndim:
        return x.copy()
    return np.cumprod(x, axis, dtype=None if x.dtype.kind == "f" else np.int64)


def cumprod_slope(g: Any, x: Any, *, axis: int) -> Any:
    """d/dx of the running product: for each k, the sum over j >= k of g_j times the product of x_i, i <= j, i != k."""
    if not x.ndim:
        return g
    total = None
    n = x.shape[axis]
    for j in range(n):
        part = _narrow(x, axis, j + 1)
        others = others_product(part, axes=(axis,))
        term = _pad(others * _at(g, axis, j), axis, n)
        total = term if total is None else total + term
    return g if total is None else total


def _narrow(x: Any, axis: int, length: int) -> Any:
    from autodiff.ops.shape import sliced

    return sliced(x, axis=axis, start=0, length=length)


def _at(x: Any, axis: int, j: int) -> Any:
    from autodiff.ops.shape import sliced

    return sliced(x, axis=axis, start=j, length=1)


def _pad(x: Any, axis: int, n: int) -> Any:
    from autodiff.ops.shape import padded

    return padded(x, axis=axis, start=0, n=n)


@numpy_names
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running product along `dim`.

    >>> import autodiff as torch
    >>> torch.cumprod(torch.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    result: Tensor = _cumprod(_converted(input, dtype), axis=dimension(dim, input._array.ndim))
    return result


# ---- extremes ----


@primitive(
    lambda g, axis, places, x_shape: scattered(g, axis=axis, places=places, n=x_shape[axis]), name="Gather"
)
def gathered(x: Any, *, axis: Any, places: Any) -> Any:
    """x at the places, one index per output element, along an axis."""
    return np.take_along_axis(x, places, axis)


@primitive(lambda g, axis, places: gathered(g, axis=axis, places=places), name="GatherBackward")
def scattered(x: Any, *, axis: Any, places: Any, n: Any) -> Any:
    """Zeros, n along the axis, with x added at the places."""
    out = np.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), x.dtype)
    grid = list(np.indices(places.shape, sparse=True))
    grid[axis] = places
    np.add.at(out, tuple(grid), x)
    return out


def _chosen(name: str) -> Any:
    """An operation with the outputs (values, indices), whose gradient goes to the elements chosen."""

    @primitive(
        lambda g, y1, axis, keepdim, x_shape: scattered(
            _restored(g[0], axis, keepdim), axis=axis, places=_places(y1, axis, keepdim), n=x_shape[axis]
        ),
        name=name,
    )
    def choosing(x: Any, *, places: Any, axis: Any, keepdim: Any) -> Any:
        """The elements at the places that were found."""
        values = np.take_along_axis(x, places, axis)
        if not keepdim:
            return values.squeeze(axis), places.squeeze(axis)
        return values, places

    choosing.__name__ = choosing.__qualname__ = f"{name.lower()}_choice"
    return choosing


def _restored(g: Any, axis: int, keepdim: bool) -> Any:
    return g if keepdim else reshaped(g, shape=(*g.shape[:axis], 1, *g.shape[axis:]))


def _places(y1: Any, axis: int, keepdim: bool) -> Any:
    places = y1._array if isinstance(y1, Tensor) else y1
    return places if keepdim else np.expand_dims(places, axis)


max_choice, min_choice = _chosen("Max"), _chosen("Min")
sort_choice, topk_choice, median_choice = _chosen("Sort"), _chosen("Topk"), _chosen("Median")


def _empty(input: Tensor, name: str, dim: int | None) -> None:
    if dim is None and not input._array.size:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
            "'dim' argument."
        )
    if dim is not None and input._array.ndim and not input._array.shape[dim]:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")


@primitive(lambda g, x, y: even_share(g, x, y, None), name="MaxBackward1")
def max_all(x: Any) -> Any:
    """The largest element."""
    return np.max(x)


@primitive(lambda g, x, y: even_share(g, x, y, None), name="MinBackward1")
def min_all(x: Any) -> Any:
    """The smallest element."""
    return np.min(x)


def even_share(g: Any, x: Any, y: Any, axes: Any) -> Any:
    """The gradient of an extreme value, shared evenly by all elements that are equal to it."""
    xs, ys = (v._array if isinstance(v, Tensor) else v for v in (x, y))
    everything = tuple(range(xs.ndim)) if axes is None else axes
    shape = kept_shape(xs.shape, everything)
    equal = xs == np.reshape(ys, shape)
    share = (equal / np.add.reduce(equal, axis=everything, keepdims=True)).astype(xs.dtype)
    whole = spread(g, xs.shape, everything)
    return whole * (wrap(share) if isinstance(g, Tensor) else share)


@primitive(lambda g, x, y, axes: even_share(g, x, y, axes), name="Amax")
def amax_over(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """The largest elements over some dimensions."""
    return np.max(x, axis=axes, keepdims=keepdim)


@primitive(lambda g, x, y, axes: even_share(g, x, y, axes), name="Amin")
def amin_over(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """The smallest elements over some dimensions."""
    return np.min(x, axis=axes, keepdims=keepdim)


def _extreme(input: Tensor, dim: Any, keepdim: bool, name: str) -> Any:
    """The parts that max and min share; `name` is one of the two."""
    whole, choice, kind, find, pair = {
        "max": (max_all, max_choice, MaxResult, np.argmax, maximum),
        "min": (min_all, min_choice, MinResult, np.argmin, minimum),
    }[name]
    if isinstance(dim, Tensor):
        return pair(input, dim)
    if dim is None:
        _empty(input, name, None)
        return whole(input)
    axis = dimension(dim, input._array.ndim)
    _empty(input, name, axis)
    if not input._array.ndim:
        return kind(input.clone(), wrap(np.zeros((), np.int64)))
    places = find(input._array, axis=axis, keepdims=True)
    return kind(*choice(input, places=places, axis=axis, keepdim=keepdim))


@numpy_names
def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element; with `dim`, (values, indices) along it; with a second tensor, `maximum`.

    >>> import autodiff as torch
    >>> torch.max(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), 1)
    torch.return_types.max(
    values=tensor([5., 4.]),
    indices=tensor([1, 0]))
    """
    return _extreme(input, dim, keepdim, "max")


@numpy_names
def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element; with `dim`, (values, indices) along it; with a second tensor, `minimum`.

    >>> import autodiff as torch
    >>> torch.min(torch.tensor([3.0, 1.0]))
    tensor(1.)
    """
    return _extreme(input, dim, keepdim, "min")


@numpy_names
def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The largest elements over the dimensions `dim`; equal ones share the gradient.

    >>> import autodiff as torch
    >>> torch.amax(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), 1)
    tensor([5., 4.])
    """
    result: Tensor = amax_over(input, axes=_solid(input, dim, "amax"), keepdim=keepdim)
    return result


@numpy_names
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The smallest elements over the dimensions `dim`; equal ones share the gradient.

    >>> import autodiff as torch
    >>> torch.amin(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), 1)
    tensor([1., 2.])
    """
    result: Tensor = amin_over(input, axes=_solid(input, dim, "amin"), keepdim=keepdim)
    return result


def _solid(input: Tensor, dim: Any, name: str) -> tuple[int, ...]:
    axes = axes_of(dim, input._array.ndim)
    for axis in axes:
        _empty(input, name, axis)
    return axes


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """(min, max), of all elements or along `dim`.

    >>> import autodiff as torch
    >>> torch.aminmax(torch.tensor([3.0, 1.0]))
    torch.return_types.aminmax(
    min=tensor(1.),
    max=tensor(3.))
    """
    where_ = () if dim is None else dim
    return AminmaxResult(amin(input, where_, keepdim), amax(input, where_, keepdim))


@numpy_names
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The position of the largest element, in the flattened tensor or along `dim`.

    >>> import autodiff as torch
    >>> torch.argmax(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), 1)
    tensor([1, 0])
    """
    return _position(input, dim, keepdim, np.argmax, "argmax")


@numpy_names
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The position of the smallest element, in the flattened tensor or along `dim`.

    >>> import autodiff as torch
    >>> torch.argmin(torch.tensor([3.0, 1.0]))
    tensor(1)
    """
    return _position(input, dim, keepdim, np.argmin, "argmin")


def _position(input: Tensor, dim: int | None, keepdim: bool, find: Any, name: str) -> Tensor:
    axis = None if dim is None else dimension(dim, input._array.ndim)
    if axis is None and not input._array.size:
        raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
    _empty(input, name, axis)
    if not input._array.ndim:
        return wrap(np.zeros((), np.int64))
    return wrap(np.asarray(find(input._array, axis=axis, keepdims=keepdim)))


# ---- order ----


def _order(array: Any, axis: int, descending: bool) -> Any:
    if descending:  # stable also from large to small: sort the mirrored array, and mirror the places back
        n = array.shape[axis]
        return n - 1 - np.flip(np.argsort(np.flip(array, axis), axis, kind="stable"), axis)
    return np.argsort(array, axis, kind="stable")


@numpy_names
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """(values, indices) in increasing order along `dim`; equal elements stay in their order.

    >>> import autodiff as torch
    >>> torch.sort(torch.tensor([3.0, 1.0, 2.0])).values
    tensor([1., 2., 3.])
    """
    axis = dimension(dim, input._array.ndim)
    if not input._array.ndim:
        return SortResult(input.clone(), wrap(np.zeros((), np.int64)))
    places = _order(input._array, axis, descending)
    return SortResult(*sort_choice(input, places=places, axis=axis, keepdim=True))


@numpy_names
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort `input` along `dim`.

    >>> import autodiff as torch
    >>> torch.argsort(torch.tensor([3.0, 1.0, 2.0]))
    tensor([1, 2, 0])
    """
    return sort(input, dim, descending).indices  # type: ignore[no-any-return]


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """(values, indices) of the k largest (or smallest) elements along `dim`, best first.

    >>> import autodiff as torch
    >>> torch.topk(torch.tensor([3.0, 1.0, 2.0]), 2).values
    tensor([3., 2.])
    """
    axis = dimension(dim, input._array.ndim)
    if not input._array.ndim:
        return TopkResult(input.clone(), wrap(np.zeros((), np.int64)))
    if not 0 <= k <= input._array.shape[axis]:
        raise RuntimeError(f"selected index k out of range: {k} of {input._array.shape[axis]}")
    places = np.take(_order(input._array, axis, largest), range(k), axis)
    return TopkResult(*topk_choice(input, places=places, axis=axis, keepdim=True))


@numpy_names
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element (the lower of two); with `dim`, (values, indices) along it.

    >>> import autodiff as torch
    >>> torch.median(torch.tensor([3.0, 1.0, 2.0, 9.0]))
    tensor(2.)
    """
    if dim is None:
        return median(reshape(input, -1), 0)[0] if input._array.size else wrap(np.array(np.nan, input._array.dtype))
    axis = dimension(dim, input._array.ndim)
    _empty(input, "median", axis)
    if not input._array.ndim:
        return MedianResult(input.clone(), wrap(np.zeros((), np.int64)))
    places = np.take(_order(input._array, axis, False), [(input._array.shape[axis] - 1) // 2], axis)
    return MedianResult(*median_choice(input, places=places, axis=axis, keepdim=keepdim))


def unique(input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False) -> Any:
    """The distinct elements in increasing order, with where each went and how often it occurs if asked.

    >>> import autodiff as torch
    >>> torch.unique(torch.tensor([3, 1, 3]))
    tensor([1, 3])
    """
    values, inverse, counts = np.unique(input._array, return_inverse=True, return_counts=True)
    result = [wrap(values)]
    if return_inverse:
        result.append(wrap(inverse.reshape(input._array.shape)))
    if return_counts:
        result.append(wrap(counts))
    return result[0] if len(result) == 1 else tuple(result)


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number 0, 1, ... occurs, or the sum of its weights.

    >>> import autodiff as torch
    >>> torch.bincount(torch.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    array = input._array
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array.size and array.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    return wrap(np.bincount(array, None if weights is None else weights._array, minlength))


# ---- spreads ----


def _moments(input: Tensor, dim: Any, unbiased: Any, correction: Any, name: str) -> tuple[tuple[int, ...], float]:
    if input._array.dtype.kind != "f":
        raise RuntimeError(f"{name}: only floating point tensors are supported, got {input.dtype}; use x.float()")
    axes = axes_of(dim, input._array.ndim)
    if correction is None:
        correction = 1 if unbiased else 0
    return axes, _count(input._array.shape, axes) - correction


@primitive(
    lambda g, x, axes, denominator: spread(g, x.shape, axes) * deviations(x, axes) * _inverse_of(denominator, 2.0),
    name="Var",
)
def var_over(x: Any, *, axes: Any, keepdim: Any, denominator: Any) -> Any:
    """The sum of squared deviations from the mean, over a denominator."""
    centred = x - np.mean(x, axis=axes, keepdims=True)
    total = np.add.reduce(centred * centred, axis=axes, keepdims=keepdim)
    return total / x.dtype.type(builtins.max(denominator, 0))


@primitive(
    lambda g, x, y, axes, denominator: spread(g / y, x.shape, axes) * deviations(x, axes) * _inverse_of(denominator, 1.0),
    name="Std",
)
def std_over(x: Any, *, axes: Any, keepdim: Any, denominator: Any) -> Any:
    """The square root of the variance."""
    return np.sqrt(var_over.forward(x, axes=axes, keepdim=keepdim, denominator=denominator))


def _inverse_of(denominator: float, factor: float) -> float:
    return factor / denominator if denominator > 0 else math.nan


def deviations(x: Any, axes: tuple[int, ...]) -> Any:
    """x minus its mean over the axes."""
    return x - mean_over(x, axes=axes, keepdim=True)


@numpy_names
def var(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Tensor:
    """The variance: the sum of squared deviations from the mean over n - correction (1 unless unbiased=False).

    >>> import autodiff as torch
    >>> torch.var(torch.tensor([1.0, 2.0, 6.0]))
    tensor(7.)
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    axes, denominator = _moments(input, dim, unbiased, correction, "var")
    with np.errstate(all="ignore"):
        result: Tensor = var_over(input, axes=axes, keepdim=keepdim, denominator=denominator)
    return result


@numpy_names
def std(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Tensor:
    """The standard deviation: the square root of `var`.

    >>> import autodiff as torch
    >>> torch.std(torch.tensor([1.0, 3.0, 5.0]))
    tensor(2.)
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    axes, denominator = _moments(input, dim, unbiased, correction, "std")
    with np.errstate(all="ignore"):
        result: Tensor = std_over(input, axes=axes, keepdim=keepdim, denominator=denominator)
    return result


@primitive(
    lambda g, x, y, axes: spread(g, x.shape, axes) * exp(x - spread(y, x.shape, axes)),
    name="Logsumexp",
)
def logsumexp_over(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """log of the sum of exponentials."""
    m = np.max(x, axis=axes, keepdims=True)
    m = np.where(np.isfinite(m), m, 0)
    with np.errstate(divide="ignore", over="ignore"):
        out = np.log(np.sum(np.exp(x - m), axis=axes, keepdims=True)) + m
    return _dropped(out, axes, keepdim).astype(x.dtype, copy=False)


@numpy_names
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(e**x)) over `dim`, without overflow.

    >>> import autodiff as torch
    >>> torch.logsumexp(torch.tensor([1000.0, 1000.0]), 0)
    tensor(1000.6931)
    """
    x = input if input._array.dtype.kind == "f" else input.float()
    result: Tensor = logsumexp_over(x, axes=axes_of(dim, x._array.ndim), keepdim=keepdim)
    return result


@primitive(lambda g, x, y, axes: spread(g, x.shape, axes) * unit(x, spread(y, x.shape, axes)),
           name="LinalgVectorNorm")  # fmt: skip
def euclidean(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """The square root of the sum of squares."""
    return np.sqrt(np.add.reduce(x * x, axis=axes, keepdims=keepdim))


def unit(x: Any, length: Any) -> Any:
    """x / length, and 0 where the length is 0: the subgradient that PyTorch takes."""
    zero = (length._array if isinstance(length, Tensor) else length) == 0
    if isinstance(x, Tensor):
        return where_op(wrap(zero), 0.0, x / where_op(wrap(zero), 1.0, length))
    return np.where(zero, 0, x / np.where(zero, 1, length)).astype(x.dtype)


@primitive(lambda g, x, axes: spread(g, x.shape, axes) * sign(x), name="LinalgVectorNorm")
def absolute_sum(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """The sum of |x| over some dimensions: the 1-norm."""
    return np.add.reduce(np.abs(x), axis=axes, keepdims=keepdim)


@numpy_names
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(sum |x|**p) ** (1/p), of all elements or over `dim`; "fro" and 2 are the Euclidean length, inf the largest |x|.

    >>> import autodiff as torch
    >>> torch.norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    x = _converted(input, dtype)
    if x._array.dtype.kind != "f":
        raise RuntimeError(f"norm: expected a floating point tensor, got {input.dtype}; use x.float()")
    axes = axes_of(dim, x._array.ndim)
    if p in ("fro", 2, None):
        result: Tensor = euclidean(x, axes=axes, keepdim=keepdim)
        return result
    if isinstance(p, str):
        raise RuntimeError(f"norm: order {p!r} is not supported; use 'fro' or a number")
    if p == math.inf:
        return amax(abs_(x), axes, keepdim)
    if p == -math.inf:
        return amin(abs_(x), axes, keepdim)
    if p == 0:
        return sum((x != 0).to(x.dtype), axes, keepdim)
    if p == 1:
        result = absolute_sum(x, axes=axes, keepdim=keepdim)
        return result
    return sum(abs_(x) ** float(p), axes, keepdim) ** (1.0 / float(p))


# ---- yes or no ----


def _named_axes(dim: Any, ndim: int) -> tuple[int, ...]:
    # For any() and all() no dimensions are no dimensions; everywhere else PyTorch takes them for all.
    return () if isinstance(dim, (tuple, list)) and not dim else axes_of(dim, ndim)


@numpy_names
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all elements are nonzero, of the tensor or along `dim`.

    >>> import autodiff as torch
    >>> torch.all(torch.tensor([True, False]))
    tensor(False)
    """
    return wrap(np.asarray(np.all(input._array, axis=_named_axes(dim, input._array.ndim), keepdims=keepdim)))


@numpy_names
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether any element is nonzero, of the tensor or along `dim`.

    >>> import autodiff as torch
    >>> torch.any(torch.tensor([True, False]))
    tensor(True)
    """
    return wrap(np.asarray(np.any(input._array, axis=_named_axes(dim, input._array.ndim), keepdims=keepdim)))


@numpy_names
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are nonzero, of the tensor or along `dim`.

    >>> import autodiff as torch
    >>> torch.count_nonzero(torch.tensor([1, 0, 2]))
    tensor(2)
    """
    return wrap(np.asarray(np.count_nonzero(input._array, axis=axes_of(dim, input._array.ndim))))

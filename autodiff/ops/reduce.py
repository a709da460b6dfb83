"""Many numbers into fewer: sums, means and products, of everything or along dimensions; and running ones.

After this module a reader knows that the gradient of a sum is spread evenly over what was summed.
"""

from __future__ import annotations

import builtins
import math
from collections import namedtuple
from typing import Any

import numpy as np

from autodiff._core.broadcast import PAIRWISE, added_up, expanded
from autodiff._core.dtypes import as_numpy_dtype
from autodiff._core.graph import flat, primitive
from autodiff._core.inplace import method
from autodiff._core.promotion import cast
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors
from autodiff.ops.arithmetic import where
from autodiff.ops.elementwise import isnan
from autodiff.ops.places import placed, resized, span, viewed
from autodiff.ops.shape import dimension, reshape

__all__ = [
    "cumprod",
    "cumsum",
    "mean",
    "nanmean",
    "nansum",
    "prod",
    "sum",
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
    dims = [dimension(d, ndim) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    if len(set(dims)) != len(dims):
        raise RuntimeError(f"dim {dims[-1]} appears multiple times in the list of dims")
    return tuple(d for d in dims if d < ndim)


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with the dimensions `axes` of size 1: what a reduction with keepdim gives."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def spread(g: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """The gradient of a reduction, given back its dimensions and repeated to the shape that was reduced."""
    return expanded(reshape(g, shape=kept_shape(shape, axes)), shape=shape)


def _dropped(out: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
    return out if keepdim else out.reshape(tuple(n for i, n in enumerate(out.shape) if i not in axes))


# ---- sums ----


@primitive(lambda g, x_shape: expanded(g, shape=x_shape), name="SumBackward0")
def sum_all(x):
    """The sum of all elements."""
    if x.dtype.kind != "f":
        return np.sum(x, dtype=np.int64)
    total = _whole(x)
    return total if total.dtype == x.dtype else total.astype(x.dtype)


def _whole(x: Any) -> Any:
    if x.dtype.char != "e" and (x.size <= PAIRWISE or x.flags.forc):  # what most losses are: `added_up` without its questions
        return np.add.reduce(x, axis=None)
    return added_up(x, tuple(range(x.ndim)), wide=True)


@primitive(lambda g, x_shape, axes: spread(g, x_shape, axes), name="SumBackward1")
def sum_over(x, *, axes, keepdim):
    """The sum over some dimensions."""
    if x.dtype.kind == "f":
        return added_up(x, axes, keepdim)
    return np.sum(x, axis=axes, keepdims=keepdim, dtype=np.int64)


def _converted(input: Tensor, dtype: Any) -> Tensor:
    np_dtype = as_numpy_dtype(dtype)
    return input if np_dtype is None or np_dtype == input._array.dtype else cast(input, dtype=np_dtype)


@method
@takes_tensors
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
def mean_all(x):
    """The mean of all elements."""
    return _share(_whole(x), x.size, x.dtype)


@primitive(lambda g, x_shape, axes: spread(g * (1.0 / _count(x_shape, axes)), x_shape, axes), name="MeanBackward1")
def mean_over(x, *, axes, keepdim):
    """The mean over some dimensions."""
    return _share(added_up(x, axes, keepdim, wide=True), math.prod(x.shape[a] for a in axes), x.dtype)


def _share(total: Any, n: int, dtype: Any) -> Any:
    # A sum of float16 numbers can be too large for one, and their mean is not.
    return total / dtype.type(n) if total.dtype == dtype else (total / np.float32(n)).astype(dtype)


def _count(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    return builtins.max(math.prod(shape[a] for a in axes), 1)


@method
@takes_tensors
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
def nansum_over(x, *, axes, keepdim):
    """The sum over some dimensions, with nan counted as 0."""
    return added_up(np.where(x == x, x, x.dtype.type(0)), axes, keepdim)


@primitive(flat)
def is_number(x):
    """0 where x is nan, else 1, in x's dtype."""
    return (x == x).astype(x.dtype)


@method
@takes_tensors
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum, with nan counted as 0.

    >>> import autodiff as torch
    >>> torch.nansum(torch.tensor([1.0, float("nan")]))
    tensor(1.)
    """
    x = _converted(input, dtype)
    if x._array.dtype.kind != "f":
        return sum(x, dim, keepdim)
    return nansum_over(x, axes=axes_of(dim, x._array.ndim), keepdim=keepdim)


@method
@takes_tensors
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of the elements that are not nan.

    >>> import autodiff as torch
    >>> torch.nanmean(torch.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    return nansum(input, dim, keepdim, dtype=dtype) / sum(~isnan(input), dim, keepdim)


@primitive(lambda g, x, axes, keepdim: spread(g, x.shape, axes) * others_product(x, axes=axes), name="ProdBackward1")
def prod_over(x, *, axes, keepdim):
    """The product over some dimensions."""
    return np.prod(x, axis=axes, keepdims=keepdim, dtype=None if x.dtype.kind == "f" else np.int64)


@primitive(lambda g, x: expanded(g, shape=x.shape) * others_product(x, axes=tuple(range(x.ndim))), name="ProdBackward0")
def prod_all(x):
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
    return back.permute(*np.argsort([*rest, *axes]).tolist()) if x.ndim else back


@method
@takes_tensors
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
def _cumsum(x, *, axis):
    if not x.ndim:
        return x.copy()
    return _running(np.cumsum, x, axis)


def _running(ufunc: Any, x: Any, axis: int) -> Any:
    """A running sum or product: of floats in a wider dtype, since each step rounds what the one before left."""
    if x.dtype.kind != "f":
        return ufunc(x, axis, dtype=np.int64)
    return ufunc(x, axis, dtype=np.float32 if x.dtype.char == "e" else np.float64).astype(x.dtype, copy=False)


@primitive(lambda g, axis: _cumsum(g, axis=axis), name="CumsumBackward")
def flip_cumsum(x, *, axis):
    """The running sum from the end."""
    return np.flip(_running(np.cumsum, np.flip(x, axis), axis), axis).copy() if x.ndim else x.copy()


@method(inplace=True)
@takes_tensors
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running sum along `dim`.

    >>> import autodiff as torch
    >>> torch.cumsum(torch.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    return _cumsum(_converted(input, dtype), axis=dimension(dim, input._array.ndim))


@primitive(lambda g, x, axis: cumprod_slope(g, x, axis=axis), name="Cumprod")
def _cumprod(x, *, axis):
    if not x.ndim:
        return x.copy()
    return _running(np.cumprod, x, axis)


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
    return viewed(x, index=span(axis, 0, length))


def _at(x: Any, axis: int, j: int) -> Any:
    return viewed(x, index=span(axis, j, 1))


def _pad(x: Any, axis: int, n: int) -> Any:
    return placed(x, index=span(axis, 0, x.shape[axis]), shape=resized(x.shape, axis, n))


@method(inplace=True)
@takes_tensors
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running product along `dim`.

    >>> import autodiff as torch
    >>> torch.cumprod(torch.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    return _cumprod(_converted(input, dtype), axis=dimension(dim, input._array.ndim))

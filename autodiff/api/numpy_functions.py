"""NumPy's functions of tensors: `np.mean(x, axis=0)` is `x.mean(0)`, recorded, wherever autodiff has the function.

After this module a reader knows where NumPy's names mean something else than PyTorch's: `std` divides by n, `median` takes the
mean of the two in the middle, `axis=None` is all elements in one row. NotImplemented stands for what is left to NumPy.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.dtypes import dtype as Dtype
from autodiff._core.dtypes import from_numpy_dtype, get_default_dtype
from autodiff._core.tensor import Tensor, wrap
from autodiff.api import comparison, extremes, join, likes, order, places, rearrange, reduce, shape, statistics, triangle
from autodiff.api.matmul import matmul, outer
from autodiff.api.positions import argwhere, nonzero
from autodiff.api.products import inner
from autodiff.api.turn import flip, fliplr, flipud, roll
from autodiff.ops import arithmetic, rounding
from autodiff.ops.comparison import maximum, minimum
from autodiff.ops.shape import clone

__all__ = ["FUNCTIONS"]


def _tensor(x: Any) -> Tensor:
    """A tensor as it is; an array, which shares its memory with the tensor, or numbers as one."""
    return x if isinstance(x, Tensor) else wrap(np.asarray(x))


def beside(t: Tensor, x: Any) -> Tensor:
    """An operand as a tensor: a float beside a tensor of integers has the default dtype, as in PyTorch."""
    alone = isinstance(x, float) and not isinstance(x, np.generic) and t._array.dtype.kind != "f"
    return _tensor(np.asarray(x, get_default_dtype().np) if alone else x)


def _tensors(xs: Any) -> list[Tensor]:
    return [_tensor(x) for x in xs]


def _dtype(dtype: Any) -> Any:
    """A dtype of NumPy's as one of ours."""
    return dtype if dtype is None or isinstance(dtype, Dtype) else from_numpy_dtype(np.dtype(dtype))


def _row(a: Any, axis: Any) -> tuple[Tensor, int]:
    """The tensor and the axis; for None all elements in one row."""
    return (shape.ravel(_tensor(a)), 0) if axis is None else (_tensor(a), axis)


# ---- sums and the like -------------------------------------------------------------------------------------------


def _sum(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tensor:
    return reduce.sum(_tensor(a), axis, keepdims, dtype=_dtype(dtype))


def _mean(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tensor:
    return reduce.mean(_tensor(a), axis, keepdims, dtype=_dtype(dtype))


def _nansum(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tensor:
    return reduce.nansum(_tensor(a), axis, keepdims, dtype=_dtype(dtype))


def _nanmean(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tensor:
    return reduce.nanmean(_tensor(a), axis, keepdims, dtype=_dtype(dtype))


def _prod(a: Any, axis: int | None = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    if isinstance(axis, tuple) or (axis is None and keepdims):
        return NotImplemented
    over = () if axis is None else (axis, keepdims)
    return reduce.prod(_tensor(a), *over, dtype=_dtype(dtype))


def _cumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    return reduce.cumsum(*_row(a, axis), dtype=_dtype(dtype))


def _cumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    return reduce.cumprod(*_row(a, axis), dtype=_dtype(dtype))


def _std(a: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Tensor:
    return statistics.std(_tensor(a), axis, correction=ddof, keepdim=keepdims)


def _var(a: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Tensor:
    return statistics.var(_tensor(a), axis, correction=ddof, keepdim=keepdims)


def _max(a: Any, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    return extremes.amax(_tensor(a), () if axis is None else axis, keepdims)


def _min(a: Any, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    return extremes.amin(_tensor(a), () if axis is None else axis, keepdims)


def _argmax(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    return extremes.argmax(_tensor(a), axis, keepdims)


def _argmin(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    return extremes.argmin(_tensor(a), axis, keepdims)


def _all(a: Any, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    return comparison.all(_tensor(a), axis, keepdims)


def _any(a: Any, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    return comparison.any(_tensor(a), axis, keepdims)


def _count_nonzero(a: Any, axis: Any = None) -> Tensor:
    return comparison.count_nonzero(_tensor(a), axis)


def _median(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    if isinstance(axis, tuple) or (axis is None and keepdims):
        return NotImplemented
    row, dim = _row(a, axis)
    n = row.shape[dim]
    if not n or row._array.dtype.kind != "f":
        return NotImplemented
    ordered = order.sort(row, dim)[0]  # nan stands last, and hides the median as it does in NumPy
    middle = reduce.mean(ordered.narrow(dim, (n - 1) // 2, 2 - n % 2), dim, keepdims)
    last = ordered.narrow(dim, n - 1, 1)
    return comparison.where(last.isnan(), last, middle.reshape(last.shape)).reshape(middle.shape)


def _round(a: Any, decimals: int = 0) -> Tensor:
    return rounding.round(_tensor(a), decimals=decimals)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    t = _tensor(x)
    vector = isinstance(axis, int) or (axis is None and t.ndim == 1)
    if t._array.dtype.kind != "f" or not (ord is None or vector):
        return NotImplemented  # of whole numbers, and of matrices
    return statistics.norm(t, 2 if ord is None else ord, axis, keepdims)


# ---- shapes ------------------------------------------------------------------------------------------------------


def _reshape(a: Any, shape: Any) -> Tensor:
    return _tensor(a).reshape(shape)


def _transpose(a: Any, axes: Any = None) -> Tensor:
    t = _tensor(a)
    return t.permute(tuple(reversed(range(t.ndim))) if axes is None else tuple(axes))


def _squeeze(a: Any, axis: Any = None) -> Tensor:
    return shape.squeeze(_tensor(a), axis) if axis is not None else shape.squeeze(_tensor(a))


def _expand_dims(a: Any, axis: Any) -> Any:
    return NotImplemented if isinstance(axis, tuple) else shape.unsqueeze(_tensor(a), axis)


def _flip(m: Any, axis: Any = None) -> Tensor:
    t = _tensor(m)
    return flip(t, tuple(range(t.ndim)) if axis is None else axis)


def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    t = _tensor(ary)
    n = t.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        if n % indices_or_sections:
            raise ValueError("array split does not result in an equal division")
        ends = range(n // indices_or_sections, n, n // indices_or_sections) if n else [0] * (int(indices_or_sections) - 1)
    else:
        ends = indices_or_sections
    at = [0, *(slice(end).indices(n)[1] for end in ends), n]
    return [t.narrow(axis, start, max(end - start, 0)) for start, end in itertools.pairwise(at)]


def _meshgrid(*xi: Any, indexing: str = "xy") -> tuple[Tensor, ...]:
    return rearrange.meshgrid(*_tensors(xi), indexing=indexing)


# ---- places ------------------------------------------------------------------------------------------------------


def _take(a: Any, indices: Any, axis: int | None = None) -> Any:
    index = _tensor(indices)
    if axis is None:
        return places.take(_tensor(a), index)
    return places.index_select(_tensor(a), axis, index) if index.ndim == 1 else NotImplemented


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return nonzero(_tensor(condition), as_tuple=True)
    return comparison.where(_tensor(condition), *(v if isinstance(v, (int, float)) else _tensor(v) for v in (x, y)))


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Tensor:
    t, low, high = _tensor(a), a_min if min is None else min, a_max if max is None else max
    numbers = [limit for limit in (low, high) if isinstance(limit, (int, float))]
    if numbers and len(numbers) == (low is not None) + (high is not None):
        return comparison.clamp(t, low, high)
    t = t if low is None else maximum(t, beside(t, low))
    t = t if high is None else minimum(t, beside(t, high))
    return t if t is not a else clone(t)


def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Tensor:
    return rearrange.repeat_interleave(_tensor(a), repeats if isinstance(repeats, int) else _tensor(repeats), axis)


def _concatenate(arrays: Any, axis: int | None = 0) -> Tensor:
    tensors = _tensors(arrays)
    return join.cat(tensors, axis) if axis is not None else join.cat([shape.ravel(t) for t in tensors])


def _close(function: Any, a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    a, b = _tensor(a), _tensor(b)
    return function(a, b, rtol, atol, equal_nan) if a._array.dtype == b._array.dtype else NotImplemented


def _isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    return _close(comparison.isclose, a, b, rtol, atol, equal_nan)


def _allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    return _close(comparison.allclose, a, b, rtol, atol, equal_nan)


def _dot(a: Any, b: Any) -> Any:
    a, b = _tensor(a), _tensor(b)
    if not a.ndim or not b.ndim:
        return arithmetic.mul(a, b)
    return matmul(a, b) if b.ndim <= 2 else NotImplemented


# ---- the table ---------------------------------------------------------------------------------------------------

FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _sum,
    np.mean: _mean,
    np.nansum: _nansum,
    np.nanmean: _nanmean,
    np.prod: _prod,
    np.cumsum: _cumsum,
    np.cumprod: _cumprod,
    np.std: _std,
    np.var: _var,
    np.max: _max,
    np.amax: _max,
    np.min: _min,
    np.amin: _min,
    np.argmax: _argmax,
    np.argmin: _argmin,
    np.all: _all,
    np.any: _any,
    np.count_nonzero: _count_nonzero,
    np.median: _median,
    np.linalg.norm: _norm,
    np.round: _round,
    np.around: _round,
    np.clip: _clip,
    np.nan_to_num: lambda x: _tensor(x).nan_to_num(),
    np.diff: lambda a, n=1, axis=-1: _tensor(a).diff(n, axis),
    np.reshape: _reshape,
    np.ravel: lambda a: shape.ravel(_tensor(a)),
    np.transpose: _transpose,
    np.swapaxes: lambda a, axis1, axis2: shape.swapaxes(_tensor(a), axis1, axis2),
    np.moveaxis: lambda a, source, destination: shape.movedim(_tensor(a), source, destination),
    np.squeeze: _squeeze,
    np.expand_dims: _expand_dims,
    np.broadcast_to: lambda array, shape: rearrange.broadcast_to(_tensor(array), shape),
    np.atleast_1d: lambda ary: join.atleast_1d(_tensor(ary)),
    np.atleast_2d: lambda ary: join.atleast_2d(_tensor(ary)),
    np.tile: lambda A, reps: rearrange.tile(_tensor(A), reps),
    np.repeat: _repeat,
    np.roll: lambda a, shift, axis=None: roll(_tensor(a), shift, axis),
    np.flip: _flip,
    np.fliplr: lambda m: fliplr(_tensor(m)),
    np.flipud: lambda m: flipud(_tensor(m)),
    np.concatenate: _concatenate,
    np.stack: lambda arrays, axis=0: join.stack(_tensors(arrays), axis),
    np.hstack: lambda tup: join.hstack(_tensors(tup)),
    np.vstack: lambda tup: join.vstack(_tensors(tup)),
    np.dstack: lambda tup: join.dstack(_tensors(tup)),
    np.split: _split,
    np.meshgrid: _meshgrid,
    np.sort: lambda a, axis=-1: order.sort(*_row(a, axis))[0],
    np.argsort: lambda a, axis=-1: order.argsort(*_row(a, axis)),
    np.take: _take,
    np.take_along_axis: lambda arr, indices, axis=-1: places.take_along_dim(_tensor(arr), _tensor(indices), axis),
    np.where: _where,
    np.nonzero: lambda a: nonzero(_tensor(a), as_tuple=True),
    np.argwhere: lambda a: argwhere(_tensor(a)),
    np.isclose: _isclose,
    np.allclose: _allclose,
    np.diag: lambda v, k=0: triangle.diag(_tensor(v), k),
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: triangle.diagonal(_tensor(a), offset, axis1, axis2),
    np.trace: lambda a: triangle.trace(_tensor(a)),
    np.tril: lambda m, k=0: triangle.tril(_tensor(m), k),
    np.triu: lambda m, k=0: triangle.triu(_tensor(m), k),
    np.dot: _dot,
    np.inner: lambda a, b: inner(_tensor(a), _tensor(b)),
    np.outer: lambda a, b: outer(shape.ravel(_tensor(a)), shape.ravel(_tensor(b))),
    np.copy: lambda a: clone(_tensor(a)),
    np.zeros_like: lambda a, dtype=None: likes.zeros_like(a, dtype=_dtype(dtype)),
    np.ones_like: lambda a, dtype=None: likes.ones_like(a, dtype=_dtype(dtype)),
    np.empty_like: lambda prototype, dtype=None: likes.empty_like(prototype, dtype=_dtype(dtype)),
    np.full_like: lambda a, fill_value, dtype=None: likes.full_like(a, fill_value, dtype=_dtype(dtype)),
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.numel(),
}

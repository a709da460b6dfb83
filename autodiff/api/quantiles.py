"""The value below which a given part of the numbers lies: quantile, and median, beside what is nan.

After this module a reader knows that a quantile is found in the sorted numbers, and that the two that stand on either side of
it share its gradient, the nearer one the more of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import NanmedianResult
from autodiff.api._calls import ALL, boolean, dimension, number, takes_keepdim, takes_tensors
from autodiff.api.arithmetic import lerp
from autodiff.api.comparison import where
from autodiff.api.extremes import not_empty
from autodiff.api.order import sort
from autodiff.api.places import gather
from autodiff.api.ranked import median
from autodiff.api.reading import positions
from autodiff.api.shape import movedim, reshape
from autodiff.ops import extremes as ops
from autodiff.ops.arithmetic import mul, sub
from autodiff.ops.rounding import not_for_bools

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


@method
@takes_tensors
def quantile(input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
    """The q-quantiles, of all elements or along `dim`: of n sorted numbers the one at place q * (n - 1); nan where one is nan.

    `q` is a number from 0 to 1, or a vector of them, whose dimension then comes first. Between two places `interpolation` takes
    "linear", "lower", "higher", "midpoint" or "nearest". RuntimeError for other dtypes than float32 and float64.

    >>> import autodiff as torch
    >>> torch.quantile(torch.tensor([0.0, 1.0, 2.0, 4.0]), torch.tensor([0.5, 0.75]))
    tensor([1.5000, 2.5000])
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@method
@takes_tensors
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The q-quantiles of what is not nan; nan where there is nothing else. For the rest see `quantile`.

    >>> import autodiff as torch
    >>> torch.nanquantile(torch.tensor([float("nan"), 1.0, 2.0]), 0.5)
    tensor(1.5000)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


def _parts(name: str, input: Tensor, q: Any) -> Tensor:
    """`q` as a tensor of input's dtype; RuntimeError for one that is not from 0 to 1."""
    dtype = input._array.dtype
    if dtype.char not in "fd":
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype, got {input.dtype}; use x.float()")
    if not input._array.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if not isinstance(q, Tensor):
        q = number(name, "q", q)
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")
        return wrap(np.asarray(q, dtype))
    if q._array.dtype != dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor, {input.dtype}; got {q.dtype}")
    if q._array.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor, got {q._array.ndim} dimensions")
    if not np.all((q._array >= 0) & (q._array <= 1)):
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    return q


def _quantile(name: str, input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str) -> Tensor:
    boolean(name, "keepdim", keepdim)
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(f"{name}() interpolation must be one of {', '.join(_INTERPOLATIONS)}, but got {interpolation}")
    parts = _parts(name, input, q)
    ndim, several = input._array.ndim, parts._array.ndim
    axis = None if dim is None else dimension(dim, ndim)
    if axis is None or not ndim:
        lines, kept = reshape(input, -1), (1,) * ndim
    else:
        lines = movedim(input, axis, -1)
        kept = tuple(1 if d == axis else n for d, n in enumerate(input._array.shape))
    ordered = sort(lines, -1)[0]
    ranks = _ranks(ordered, reshape(parts, -1), skips=name == "nanquantile")
    found = movedim(_between(ordered, ranks, interpolation), -1, 0)
    rest = kept if keepdim else lines._array.shape[:-1]
    return reshape(found, (*parts._array.shape, *rest) if several else rest)


def _ranks(ordered: Tensor, parts: Tensor, skips: bool) -> Tensor:
    """The places of the quantiles in each line, whole or between; the last one, a nan, where the line holds one."""
    array = ordered._array
    last = array.shape[-1] - 1
    nans = np.isnan(array).sum(-1, keepdims=True)
    if skips:
        return mul(parts, wrap(np.maximum(last - nans, 0).astype(array.dtype)))
    ranks = mul(parts, wrap(np.full((*array.shape[:-1], 1), last, array.dtype)))
    return where(wrap(nans > 0), float(last), ranks) if nans.any() else ranks


def _between(ordered: Tensor, ranks: Tensor, interpolation: str) -> Tensor:
    """What stands at the places, between two of them by interpolation."""
    exact = ranks._array
    if interpolation in ("lower", "higher", "nearest"):
        exact = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}[interpolation](exact)
    below = np.floor(exact)
    lower = gather(ordered, -1, wrap(below.astype(np.int64)))
    if interpolation in ("lower", "higher", "nearest"):
        return lower
    upper = gather(ordered, -1, wrap(np.ceil(exact).astype(np.int64)))
    weight = sub(ranks, wrap(below)) if interpolation == "linear" else wrap(np.full_like(below, 0.5))
    return lerp(lower, upper, weight)


_nanmedian = renamed(ops.chosen, "NanmedianBackward1")


@method
@takes_keepdim
def nanmedian(input: Tensor, dim: Any = ALL, keepdim: bool = False) -> Any:
    """The middle element (the lower of two) of what is not nan; with `dim`, (values, indices) along it.

    >>> import autodiff as torch
    >>> torch.nanmedian(torch.tensor([3.0, float("nan"), 1.0, 2.0]))
    tensor(2.)
    """
    if keepdim is not False:
        boolean("nanmedian", "keepdim", keepdim)
    not_for_bools(input._array, "median_cpu")
    if dim is ALL:
        return ops.nanmedian_all(input) if input._array.size else median(input)
    axis = dimension(dim, input._array.ndim)
    not_empty(input, "nanmedian", axis)
    if not input._array.ndim:
        return NanmedianResult(input.clone(), wrap(np.zeros((), np.int64)))
    array = input._array
    order = np.argsort(array, axis, kind="stable")  # nan comes last
    count = np.count_nonzero(array == array, axis, keepdims=True)
    places = positions(np.take_along_axis(order, np.maximum(count - 1, 0) // 2, axis))
    return NanmedianResult(*_nanmedian(input, places=places, axis=axis, keepdim=keepdim))

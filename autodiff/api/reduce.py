"""Sums, means and products as PyTorch calls them: of everything or over `dim`, in a `dtype` of choice.

After this module a reader knows what becomes of integers: a sum of them is an int64, or of the dtype asked for, in which it
wraps around; and a mean of them is refused.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype, from_numpy_dtype
from autodiff._core.inplace import in_place, method
from autodiff._core.modes import mode, silently
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.api._calls import ALL, axes_of, boolean, converted, dimension, takes_keepdim, takes_tensors
from autodiff.ops import cumulative as running
from autodiff.ops.comparison import isnan
from autodiff.ops.reduce import mean_all, mean_over, nansum_over, prod_all, prod_over, sum_all, sum_over


def whole_dtype(dtype: Any) -> np.dtype[Any] | None:
    """The dtype given, if it is one of integers or bools."""
    found = as_numpy_dtype(dtype)
    return None if found is None or found.kind == "f" else found


def _in_integers(name: str, function: Any, input: Tensor, dtype: np.dtype[Any], axis: Any, **options: Any) -> Tensor:
    """A sum or product in a dtype of integers, where it wraps around; bools are joined by or, or by and."""
    if mode.grad and edge_of(input) is not None:
        raise RuntimeError(
            f"Autograd not support dtype: {from_numpy_dtype(dtype)}: {name}(dtype=...) of integers has no gradient; write "
            "x.detach() where that is meant"
        )
    numbers = silently(input._array.astype, dtype)
    return wrap(np.asarray(function(numbers, axis=axis, dtype=dtype, **options)))


@method
@takes_keepdim
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum of all elements, or over the dimensions `dim`. Integers and bools give int64.

    >>> import autodiff as torch
    >>> torch.sum(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 0)
    tensor([4., 6.])
    """
    if keepdim is not False:
        boolean("sum", "keepdim", keepdim)
    ndim = input._array.ndim
    if dtype is not None:
        if (whole := whole_dtype(dtype)) is not None:
            return _in_integers("sum", np.sum, input, whole, axes_of(dim, ndim), keepdims=keepdim)
        input = converted(input, dtype)
    if dim is None and not keepdim:
        return sum_all(input)
    return sum_over(input, axes=axes_of(dim, ndim), keepdim=keepdim)


@method
@takes_keepdim
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of all elements, or over the dimensions `dim`. RuntimeError for integers: give a dtype.

    >>> import autodiff as torch
    >>> torch.mean(torch.tensor([1.0, 2.0, 6.0]))
    tensor(3.)
    """
    if keepdim is not False:
        boolean("mean", "keepdim", keepdim)
    if dtype is not None:
        input = converted(input, dtype)
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{input.dtype}; write x.float().mean()"
        )
    if dim is None and not keepdim:
        return mean_all(input)
    return mean_over(input, axes=axes_of(dim, input._array.ndim), keepdim=keepdim)


@method
@takes_tensors
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum, with nan counted as 0.

    >>> import autodiff as torch
    >>> torch.nansum(torch.tensor([1.0, float("nan")]))
    tensor(1.)
    """
    if keepdim is not False:
        boolean("nansum", "keepdim", keepdim)
    if input._array.dtype.kind != "f":
        return sum(input, dim, keepdim, dtype=dtype)
    if whole_dtype(dtype) is not None:
        return sum(input.nan_to_num(posinf=math.inf, neginf=-math.inf), dim, keepdim, dtype=dtype)
    x = converted(input, dtype)
    return nansum_over(x, axes=axes_of(dim, x._array.ndim), keepdim=keepdim)


@method
@takes_tensors
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of the elements that are not nan.

    >>> import autodiff as torch
    >>> torch.nanmean(torch.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    if keepdim is not False:
        boolean("nanmean", "keepdim", keepdim)
    if input._array.dtype.kind != "f" or whole_dtype(dtype) is not None:
        raise RuntimeError(
            f"nanmean(): expected input and dtype to be floating, but got {input.dtype} and dtype={dtype}; write x.float()"
        )
    return nansum(input, dim, keepdim, dtype=dtype) / sum(~isnan(input), dim, keepdim)


@method
@takes_keepdim
def prod(input: Tensor, dim: Any = ALL, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product of all elements, or along `dim`. Integers and bools give int64.

    >>> import autodiff as torch
    >>> torch.prod(torch.tensor([2.0, 3.0, 4.0]))
    tensor(24.)
    """
    if keepdim is not False:
        boolean("prod", "keepdim", keepdim)
    ndim = input._array.ndim
    axes = tuple(range(ndim)) if dim is ALL else (dimension(dim, ndim),)[:ndim]
    if (whole := whole_dtype(dtype)) is not None:
        return _in_integers("prod", np.prod, input, whole, axes, keepdims=keepdim and dim is not ALL)
    input = converted(input, dtype)
    return prod_all(input) if dim is ALL else prod_over(input, axes=axes, keepdim=keepdim)


@method
@takes_tensors
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running sum along `dim`. Integers and bools give int64.

    >>> import autodiff as torch
    >>> torch.cumsum(torch.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    axis = dimension(dim, input._array.ndim)
    if (whole := whole_dtype(dtype)) is not None:
        return _along("cumsum", np.cumsum, input, whole, axis)
    return running.cumsum(converted(input, dtype), axis=axis)


@method
@takes_tensors
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running product along `dim`. Integers and bools give int64.

    >>> import autodiff as torch
    >>> torch.cumprod(torch.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    axis = dimension(dim, input._array.ndim)
    if (whole := whole_dtype(dtype)) is not None:
        return _along("cumprod", np.cumprod, input, whole, axis)
    return running.cumprod(converted(input, dtype), axis=axis)


def _along(name: str, function: Any, input: Tensor, dtype: np.dtype[Any], axis: int) -> Tensor:
    if dtype.kind == "b":
        raise NotImplementedError(f'"{name}" not implemented for bools: give an integer dtype')
    return _in_integers(name, function, input, dtype, axis if input._array.ndim else None).reshape(input.shape)


def _in_its_own_dtype(changing: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The in-place form, where it leaves the dtype as it is; RuntimeError for another dtype."""
    name = changing.__name__

    @functools.wraps(changing)
    def checked(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        wanted = as_numpy_dtype(kwargs.get("dtype"))
        if wanted is not None and wanted != self._array.dtype:
            raise RuntimeError(f"Bad in-place call: {name} of a tensor of {self.dtype} cannot give {wanted}; use {name[:-1]}")
        if wanted is None and self._array.dtype.kind == "b":
            raise NotImplementedError(f'"{name}" not implemented for bools; use {name[:-1]}')
        return changing(self, *args, **kwargs)

    return checked


cumsum_ = method(_in_its_own_dtype(in_place(cumsum)))
cumprod_ = method(_in_its_own_dtype(in_place(cumprod)))

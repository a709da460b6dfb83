"""Sums, means and products as PyTorch calls them: of everything or over `dim`, in a `dtype` of choice.

After this module a reader knows what becomes of integers: a sum of them is an int64, and a mean of them is refused.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import ALL, axes_of, converted, dimension, takes_keepdim, takes_tensors
from autodiff.ops import cumulative as running
from autodiff.ops.comparison import isnan
from autodiff.ops.reduce import mean_all, mean_over, nansum_over, prod_all, prod_over, sum_all, sum_over


@method
@takes_keepdim
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum of all elements, or over the dimensions `dim`. Integers and bools give int64.

    >>> import autodiff as torch
    >>> torch.sum(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 0)
    tensor([4., 6.])
    """
    ndim = input._array.ndim
    if dtype is not None:
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
    x = converted(input, dtype)
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


@method
@takes_keepdim
def prod(input: Tensor, dim: Any = ALL, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product of all elements, or along `dim`. Integers and bools give int64.

    >>> import autodiff as torch
    >>> torch.prod(torch.tensor([2.0, 3.0, 4.0]))
    tensor(24.)
    """
    ndim = input._array.ndim
    input = converted(input, dtype)
    if dim is ALL:
        return prod_all(input)
    axis = dimension(dim, ndim)
    return prod_over(input, axes=(axis,) if ndim else (), keepdim=keepdim)


@method(inplace=True)
@takes_tensors
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running sum along `dim`. Integers and bools give int64.

    >>> import autodiff as torch
    >>> torch.cumsum(torch.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    return running.cumsum(converted(input, dtype), axis=dimension(dim, input._array.ndim))


@method(inplace=True)
@takes_tensors
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running product along `dim`. Integers and bools give int64.

    >>> import autodiff as torch
    >>> torch.cumprod(torch.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    return running.cumprod(converted(input, dtype), axis=dimension(dim, input._array.ndim))

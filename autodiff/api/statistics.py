"""Variance, logsumexp and norms as PyTorch calls them.

After this module a reader knows what a variance is divided by: n - 1 unless told otherwise, so that it is right on average for
the whole that the n numbers were drawn from.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from autodiff._core.inplace import method
from autodiff._core.operation import Recorded
from autodiff._core.tensor import Tensor
from autodiff.api._calls import axes_of, converted, number, takes_tensors, whole
from autodiff.api.extremes import amax, amin
from autodiff.api.reduce import sum
from autodiff.ops.arithmetic import abs as abs_
from autodiff.ops.reduce import count
from autodiff.ops.statistics import absolute_sum, euclidean, logsumexp_over, power_norm, std_over, var_over


@method
@takes_tensors
def var(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Tensor:
    """The variance: the sum of squared deviations from the mean over n - correction (1 unless unbiased=False).

    >>> import autodiff as torch
    >>> torch.var(torch.tensor([1.0, 2.0, 6.0]))
    tensor(7.)
    """
    return _about_the_mean(var_over, "var", input, dim, unbiased, keepdim, correction)


@method
@takes_tensors
def std(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Tensor:
    """The standard deviation: the square root of `var`.

    >>> import autodiff as torch
    >>> torch.std(torch.tensor([1.0, 3.0, 5.0]))
    tensor(2.)
    """
    return _about_the_mean(std_over, "std", input, dim, unbiased, keepdim, correction)


def _about_the_mean(
    operation: Recorded, name: str, input: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any
) -> Tensor:
    """What var and std share: their arguments, and the number that the squares are divided by."""
    if isinstance(dim, bool):
        if unbiased is not True:
            raise TypeError(f"{name}(): argument 'dim' must be int, not bool ({dim}): `unbiased` was given already")
        dim, unbiased = None, dim
    if input._array.dtype.kind != "f":
        raise RuntimeError(f"{name}: only floating point tensors are supported, got {input.dtype}; use x.float()")
    axes = axes_of(dim, input._array.ndim)
    if correction is None:
        correction = 1 if unbiased else 0
    denominator = max(count(input._array.shape, axes) - number(name, "correction", correction), 0)
    if not denominator:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input numel "
            f"divided by output numel): the result is nan for a single number. Use unbiased=False where that is meant.",
            UserWarning,
            stacklevel=4,
        )
    inverse = 1.0 / denominator if denominator else math.nan
    return operation(input, axes=axes, keepdim=keepdim, denominator=denominator, inverse=inverse)


@method
@takes_tensors
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(e**x)) over `dim`, without overflow.

    >>> import autodiff as torch
    >>> torch.logsumexp(torch.tensor([1000.0, 1000.0]), 0)
    tensor(1000.6932)
    """
    x = input if input._array.dtype.kind == "f" else input.float()
    if dim is None:
        dim = whole("logsumexp", "dim", dim)
    return logsumexp_over(x, axes=axes_of(dim, x._array.ndim), keepdim=keepdim)


@method
@takes_tensors
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(sum |x|**p) ** (1/p), of all elements or over `dim`; "fro" and 2 are the Euclidean length, inf the largest |x|.

    RuntimeError for integers, and for an order that is neither a number nor "fro".

    >>> import autodiff as torch
    >>> torch.norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    x = converted(input, dtype)
    if x._array.dtype.kind != "f":
        raise RuntimeError(f"norm: expected a floating point tensor, got {input.dtype}; use x.float()")
    axes = axes_of(dim, x._array.ndim)
    if isinstance(p, (Tensor, list, tuple)):
        raise TypeError(f"norm(): argument 'p' (position 2) must be Number, not {type(p).__name__}")
    if p in ("fro", 2, None):
        return euclidean(x, axes=axes, keepdim=keepdim)
    if isinstance(p, str):
        raise RuntimeError(f"norm: order {p!r} is not supported; use 'fro' or a number")
    if math.isinf(p) and not all(x._array.shape[axis] for axis in axes):
        raise RuntimeError(f"norm cannot compute the {p} norm of nothing: there is no element that is the largest")
    if p == math.inf:
        return amax(abs_(x), axes, keepdim)
    if p == -math.inf:
        return amin(abs_(x), axes, keepdim)
    if p == 0:
        return sum((x != 0).to(x.dtype), axes, keepdim)
    if p == 1:
        return absolute_sum(x, axes=axes, keepdim=keepdim)
    return power_norm(x, axes=axes, keepdim=keepdim, p=float(p))

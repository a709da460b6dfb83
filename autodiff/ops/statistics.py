"""How large, and how far apart: variance and standard deviation, logsumexp, norms.

After this module a reader knows where these have no slope (a norm at 0), and what PyTorch says the gradient is there.
"""

from __future__ import annotations

import builtins
import math
import warnings
from typing import Any

import numpy as np

from autodiff._core.arguments import number, takes_tensors
from autodiff._core.broadcast import added_up
from autodiff._core.graph import primitive
from autodiff._core.tensor import Tensor, wrap
from autodiff.ops.arithmetic import abs as abs_
from autodiff.ops.arithmetic import where_op
from autodiff.ops.elementwise import exp, sign
from autodiff.ops.extremes import amax, amin
from autodiff.ops.reduce import _converted, _count, _dropped, axes_of, mean_over, spread, sum

__all__ = [
    "logsumexp",
    "norm",
    "std",
    "var",
]


@primitive(
    lambda g, x, axes, denominator: spread(g, x.shape, axes) * deviations(x, axes) * _inverse_of(denominator, 2.0),
    name="Var",
)
def var_over(x: Any, *, axes: Any, keepdim: Any, denominator: Any) -> Any:
    """The sum of squared deviations from the mean, over a denominator."""
    centred = x - mean_over.operation.forward(x, axes=axes, keepdim=True)
    total = added_up(centred * centred, axes, keepdim)
    return total / x.dtype.type(builtins.max(denominator, 0))


@primitive(
    lambda g, x, y, axes, denominator: (
        spread(unit(g, y), x.shape, axes) * deviations(x, axes) * _inverse_of(denominator, 1.0)
    ),
    name="Std",
)
def std_over(x: Any, *, axes: Any, keepdim: Any, denominator: Any) -> Any:
    """The square root of the variance; where that is 0 its slope is taken as 0."""
    return np.sqrt(var_over.operation.forward(x, axes=axes, keepdim=keepdim, denominator=denominator))


def _inverse_of(denominator: float, factor: float) -> float:
    return factor / denominator if denominator > 0 else math.nan


def deviations(x: Any, axes: tuple[int, ...]) -> Any:
    """x minus its mean over the axes."""
    return x - mean_over(x, axes=axes, keepdim=True)


def _about_the_mean(
    operation: Any, name: str, input: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any
) -> Tensor:
    """What var and std share: their arguments, and the number that the squares are divided by."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if input._array.dtype.kind != "f":
        raise RuntimeError(f"{name}: only floating point tensors are supported, got {input.dtype}; use x.float()")
    axes = axes_of(dim, input._array.ndim)
    if correction is None:
        correction = 1 if unbiased else 0
    correction = number(name, "correction", correction)
    denominator = _count(input._array.shape, axes) - correction
    if denominator <= 0:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input numel "
            f"divided by output numel): the result is nan for a single number. Use unbiased=False where that is meant.",
            UserWarning,
            stacklevel=4,
        )
    with np.errstate(all="ignore"):
        result: Tensor = operation(input, axes=axes, keepdim=keepdim, denominator=denominator)
    return result


@takes_tensors
def var(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Tensor:
    """The variance: the sum of squared deviations from the mean over n - correction (1 unless unbiased=False).

    >>> import autodiff as torch
    >>> torch.var(torch.tensor([1.0, 2.0, 6.0]))
    tensor(7.)
    """
    return _about_the_mean(var_over, "var", input, dim, unbiased, keepdim, correction)


@takes_tensors
def std(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Tensor:
    """The standard deviation: the square root of `var`.

    >>> import autodiff as torch
    >>> torch.std(torch.tensor([1.0, 3.0, 5.0]))
    tensor(2.)
    """
    return _about_the_mean(std_over, "std", input, dim, unbiased, keepdim, correction)


@primitive(
    lambda g, x, y, axes: spread(g, x.shape, axes) * exp(x - spread(y, x.shape, axes)),
    name="Logsumexp",
)
def logsumexp_over(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """log of the sum of exponentials."""
    m = np.max(x, axis=axes, keepdims=True, initial=-np.inf)
    m = np.where(np.isfinite(m), m, 0)
    with np.errstate(divide="ignore", over="ignore"):
        out = np.log(added_up(np.exp(x - m), axes, True, wide=True)) + m
    return _dropped(out, axes, keepdim).astype(x.dtype, copy=False)


@takes_tensors
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(e**x)) over `dim`, without overflow.

    >>> import autodiff as torch
    >>> torch.logsumexp(torch.tensor([1000.0, 1000.0]), 0)
    tensor(1000.6932)
    """
    x = input if input._array.dtype.kind == "f" else input.float()
    result: Tensor = logsumexp_over(x, axes=axes_of(dim, x._array.ndim), keepdim=keepdim)
    return result


@primitive(lambda g, x, y, axes: spread(g, x.shape, axes) * unit(x, spread(y, x.shape, axes)),
           name="LinalgVectorNorm")  # fmt: skip
def euclidean(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """The square root of the sum of squares."""
    if x.dtype.char == "e":  # a square can be too large for float16, and its root is not
        return euclidean.operation.forward(x.astype(np.float32), axes=axes, keepdim=keepdim).astype(x.dtype)
    return np.sqrt(added_up(x * x, axes, keepdim))


def unit(x: Any, length: Any) -> Any:
    """x / length, and 0 where the length is 0: the subgradient that PyTorch takes."""
    zero = np.asarray((length._array if isinstance(length, Tensor) else length) == 0)
    if isinstance(x, Tensor):
        return where_op(wrap(zero), 0.0, x / where_op(wrap(zero), 1.0, length))
    return np.where(zero, 0, x / np.where(zero, 1, length)).astype(x.dtype)


@primitive(lambda g, x, axes: spread(g, x.shape, axes) * sign(x), name="LinalgVectorNorm")
def absolute_sum(x: Any, *, axes: Any, keepdim: Any) -> Any:
    """The sum of |x| over some dimensions: the 1-norm."""
    return added_up(np.abs(x), axes, keepdim)


@primitive(
    lambda g, x, y, axes, p: spread(g * nonzero_power(y, p=1.0 - p), x.shape, axes) * sign(x) * nonzero_power(x, p=p - 1.0),
    name="LinalgVectorNorm",
)
def power_norm(x: Any, *, axes: Any, keepdim: Any, p: Any) -> Any:
    """(sum |x|**p) ** (1/p)."""
    return np.power(added_up(np.power(np.abs(x), x.dtype.type(p)), axes, keepdim), x.dtype.type(1.0 / p))


@primitive(lambda g, x, p: g * sign(x) * nonzero_power(x, p=p - 1.0) * p)
def nonzero_power(x: Any, *, p: Any) -> Any:
    """|x|**p, and 0 where x is 0: the subgradient of a norm that PyTorch takes."""
    zero = x == 0
    return np.where(zero, 0, np.power(np.abs(np.where(zero, 1, x)), x.dtype.type(p))).astype(x.dtype)


@takes_tensors
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
    result = power_norm(x, axes=axes, keepdim=keepdim, p=float(p))
    return result

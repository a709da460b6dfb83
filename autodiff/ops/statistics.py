"""How large, and how far apart: variance and standard deviation, logsumexp, norms.

After this module a reader knows where these have no slope (a norm at 0), and what PyTorch says the gradient is there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.broadcast import added_up, in_rows, widened
from autodiff._core.graph import flat, primitive
from autodiff.ops.exponential import exp
from autodiff.ops.reduce import mean_over, spread
from autodiff.ops.rounding import sign

# ---- how far from the mean ----


def deviations(x: Any, axes: tuple[int, ...]) -> Any:
    """x - mean(x): over the axes."""
    return x - mean_over(x, axes=axes, keepdim=True)


@primitive(
    lambda g, x, axes, inverse: spread(g * (2.0 * inverse), x.shape, axes) * deviations(x, axes),
    name="Var",
    says="The farther a number is from the mean, the more it moves the variance.",
)
def var_over(x, *, axes, keepdim, denominator, inverse):
    """The sum of squared deviations from the mean, over a denominator; `inverse` is 1 / denominator, nan where that is 0."""
    return _spread(x, axes, keepdim, denominator, False)


def _spread(x: Any, axes: tuple[int, ...], keepdim: bool, denominator: float, root: bool) -> Any:
    """The variance, or its root. In double, as in PyTorch: a square may be too large or too small for x's dtype."""
    rows = x.ndim - len(axes)
    if axes == tuple(range(rows, x.ndim)) and x.size and x.flags.c_contiguous and x.dtype.char in "fd":
        found = _kernels.row_spread(x.reshape(math.prod(x.shape[:rows]), -1), denominator, root)
        return found.reshape(x.shape[:rows] + (1,) * (len(axes) if keepdim else 0))
    found = _variance(x, axes, keepdim, denominator)
    return (np.sqrt(found) if root else found).astype(x.dtype, copy=False)


def _variance(x: Any, axes: tuple[int, ...], keepdim: bool, denominator: float) -> Any:
    x = x.astype(np.float64, copy=False)
    centred = np.asarray(x - added_up(x, axes, True) / math.prod(x.shape[a] for a in axes))  # a single number is no array
    return added_up(np.multiply(centred, centred, out=centred), axes, keepdim) / denominator


@primitive(
    lambda g, x, y, axes, inverse: spread(over(g, y), x.shape, axes) * deviations(x, axes) * inverse,
    name="Std",
    says="The farther a number is from the mean, the more it moves the spread.",
)
def std_over(x, *, axes, keepdim, denominator, inverse):
    """The square root of the variance; where that is 0 its slope is taken as 0."""
    return _spread(x, axes, keepdim, denominator, True)


# ---- the logarithm of a sum ----


@primitive(
    lambda g, x, y, axes: spread(g, x.shape, axes) * exp(x - spread(y, x.shape, axes)),
    name="Logsumexp",
    says="The numbers share g as softmax does: the largest one gets the most of it.",
)
def logsumexp_over(x, *, axes, keepdim):
    """log of the sum of exponentials."""
    m = np.max(x, axis=axes, keepdims=True, initial=-np.inf)
    m = np.where(np.isfinite(m), m, 0)
    out = np.log(added_up(np.exp(x - m), axes, True, wide=True)) + m
    return (out if keepdim else np.squeeze(out, axes)).astype(x.dtype, order="C", copy=False)


# ---- lengths ----


def _of_single_numbers(x: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
    """The length of one number is its size, whatever becomes of its square; None where there are several."""
    if math.prod(x.shape[a] for a in axes) != 1:
        return None
    return in_rows(np.abs(x) if keepdim else np.squeeze(np.abs(x), axes))


@primitive(
    lambda g, b: over(g, b),
    lambda g, y, b: -over(g * y, b),
    says="Divided by a number, a change is divided by it too; where that is 0, nothing passes.",
)
def over(a, b):
    """a / b: and 0 where b is 0, the subgradient of a length that PyTorch takes."""
    zero = b == 0
    return np.where(zero, 0, a / np.where(zero, 1, b)).astype(a.dtype, copy=False)


@primitive(
    lambda g, x, y, axes: spread(g, x.shape, axes) * over(x, spread(y, x.shape, axes)),
    name="LinalgVectorNorm",
    says="A length grows fastest along its own direction: each number gets its share of it.",
)
def euclidean(x, *, axes, keepdim):
    """The square root of the sum of squares."""
    sizes = _of_single_numbers(x, axes, keepdim)
    if sizes is not None:
        return sizes
    wide = widened(x)
    return np.sqrt(added_up(wide * wide, axes, keepdim)).astype(x.dtype, copy=False)


@primitive(
    lambda g, x, axes: spread(g, x.shape, axes) * sign(x), name="LinalgVectorNorm", says="Each number gets g with its own sign."
)
def absolute_sum(x, *, axes, keepdim):
    """The sum of |x| over some dimensions: the 1-norm."""
    return added_up(np.abs(x), axes, keepdim)


@primitive(
    lambda g, x, y, axes, p: spread(g * nonzero_power(y, p=1.0 - p), x.shape, axes) * sign(x) * nonzero_power(x, p=p - 1.0),
    name="LinalgVectorNorm",
    says="Large numbers have more of the slope, the more so the larger p is; each keeps its sign.",
)
def power_norm(x, *, axes, keepdim, p):
    """(sum |x|**p) ** (1/p)."""
    sizes = _of_single_numbers(x, axes, keepdim)
    if sizes is not None:
        return sizes
    wide = widened(x)
    total = added_up(np.power(np.abs(wide), wide.dtype.type(p)), axes, keepdim)
    return np.power(total, wide.dtype.type(1.0 / p)).astype(x.dtype, copy=False)


@primitive(
    lambda g, x, p: g * sign(x) * nonzero_power(x, p=p - 1.0) * p,
    says="The slope of |x|ⁿ is n · |x|ⁿ⁻¹ with the sign of x; at 0 nothing passes.",
)
def nonzero_power(x, *, p):
    """abs(x)**p: and 0 where x is 0, the subgradient of a norm that PyTorch takes."""
    zero = x == 0
    return np.where(zero, 0, np.power(np.abs(np.where(zero, 1, x)), x.dtype.type(p))).astype(x.dtype, copy=False)


@primitive(flat, name="LinalgVectorNorm", says="A number is zero or not, however it is changed a little: nothing passes.")
def is_nonzero(x):
    """1 where x is not 0, else 0."""
    return (x != 0).astype(x.dtype)

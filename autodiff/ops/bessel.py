"""The modified Bessel functions, and the same by an exponential smaller, of ordinary size far out.

After this module a reader knows that such a family has no last member: the slope of each is the mean of its neighbours.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.broadcast import widened
from autodiff._core.graph import primitive
from autodiff._core.promotion import to_floating
from autodiff.ops.rounding import sign
from autodiff.ops.special import scipys


def _mean_beside(x: Any, order: int) -> Any:
    """the mean of the neighbours at `x`: of orders n - 1 and n + 1."""
    return (bessel_i(x, order=max(order - 1, 1 - order)) + bessel_i(x, order=order + 1)) * 0.5


@primitive(
    lambda g, input, order: g * _mean_beside(input, order),
    promote=to_floating,
    says="Each of the family has as its slope the mean of its two neighbours.",
)
def bessel_i(input, *, order):
    """I_n(x): the modified Bessel function of the first kind, of that order."""
    if order == 0:
        return np.i0(widened(input).astype(np.float64)).astype(input.dtype)
    return scipys("i1", input) if order == 1 else scipys("iv", np.float64(order), input)


def _mean_neighbour(x: Any, order: int) -> Any:
    """the mean of the neighbours at `x`: those of orders n - 1 and n + 1."""
    return (bessel_ie(x, order=max(order - 1, 1 - order)) + bessel_ie(x, order=order + 1)) * 0.5


@primitive(
    lambda g, input, y, order: g * (_mean_neighbour(input, order) - sign(input) * y),
    promote=to_floating,
    says="The slope is the mean of its two neighbours, less what the shrinking scale takes away.",
)
def bessel_ie(input, *, order):
    """e**-|x| I_n(x): the modified Bessel function of that order, of ordinary size far out."""
    if order < 2:
        return scipys(f"i{order}e", input)
    wide = input.astype(np.float64)
    # SciPy has nan where the series ends up; out there three terms of the one in 1/x are exact
    far, size, m = np.abs(wide) > 1e8, np.abs(wide), 4.0 * order * order
    series = 1 - (m - 1) / (8 * size) * (1 - (m - 9) / (16 * size))
    tail = np.where(wide < 0, (-1.0) ** order, 1.0) * series / np.sqrt(2 * math.pi * size)
    return np.where(far, tail, scipys("ive", np.float64(order), np.where(far, 0, wide))).astype(input.dtype, copy=False)

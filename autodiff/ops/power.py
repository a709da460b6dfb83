"""Powers and roots.

After this module a reader knows the one rule of them all, n · xⁿ⁻¹, and what it needs at 0: there a slope of 0 wins over an
infinite power. Where the exponent is itself an input, its slope is that of an exponential.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.graph import flat, primitive
from autodiff._core.inplace import method
from autodiff._core.promotion import to_common, to_floating
from autodiff.ops.comparison import where
from autodiff.ops.rounding import not_for_bools

# ---- by a number ----

# np.power is many times slower than a product; squares and cubes are what classroom programs raise to. A root is one of its own
# as in PyTorch: of minus infinity it is nan, not infinity as C says of its power.
_QUICK: dict[float, Callable[[Any], Any]] = {
    0.0: np.ones_like, 2.0: lambda x: x * x, 3.0: lambda x: x * x * x, 0.5: np.sqrt, -0.5: lambda x: 1.0 / np.sqrt(x),
    -1.0: np.reciprocal, -2.0: lambda x: 1.0 / (x * x),
}  # fmt: skip


def power_of(x: Any, p: Any) -> Any:
    """x**p of arrays: of |x|, with the sign put back, since np.power is fifty times slower where a float is negative."""
    if x.dtype.kind != "f":
        return np.power(x, p)
    negative = np.signbit(x)
    if not negative.any():
        return np.power(x, p)
    size = np.power(np.abs(x), p)
    odd = np.abs(np.fmod(p, 2.0)) == 1.0
    real = odd | (np.trunc(p) == p) | ~(x < 0) | np.isinf(x)  # a negative number has no power with a fraction
    return np.where(real, np.where(negative & odd, -size, size), x.dtype.type(np.nan))


@primitive(
    lambda g, x, c, p: g * term(x, c=c * p, p=p - 1.0),
    name="PowBackward0",
    public="pow",
    says="The slope of xⁿ is n · xⁿ⁻¹.",
)
def term(x, *, c, p):
    """c * x**p: for numbers c and p, and 0 where c is 0, also where x**p is infinite."""
    if c == 0:
        return np.zeros_like(x)
    if p == 1:
        return x * c
    power = _QUICK[p](x) if p in _QUICK else power_of(x, p)
    return power if c == 1 else power * c


@method(inplace=True)
@primitive(
    lambda g, input: g * term(input, c=2.0, p=1.0),  # not input * 2.0: its own slope, 2, still carries the graph, as PyTorch's
    name="PowBackward0",
    says="The slope of a square is twice the number.",
)
def square(input):
    """x * x.

    >>> import autodiff as torch
    >>> torch.square(torch.tensor([3.0, -2.0]))
    tensor([9., 4.])
    """
    return input * input if input.dtype.kind != "b" else input.astype(np.int64)


@method(inplace=True)
@primitive(
    lambda g, y: -g * (y * y),
    promote=to_floating,
    says="The slope is −1/x²: what grows makes its reciprocal shrink, most of all near 0.",
)
def reciprocal(input):
    """1 / x.

    >>> import autodiff as torch
    >>> torch.reciprocal(torch.tensor([2.0, 4.0]))
    tensor([0.5000, 0.2500])
    """
    return np.reciprocal(input)


@method(inplace=True)
@primitive(lambda g, y: g / (y * 2.0), promote=to_floating, says="The slope is 1 over twice the root.")
def sqrt(input):
    """The square root.

    >>> import autodiff as torch
    >>> torch.sqrt(torch.tensor([4.0, 9.0]))
    tensor([2., 3.])
    """
    return np.sqrt(input)


@method(inplace=True)
@primitive(
    lambda g, y: g * (y * y * y * -0.5),
    promote=to_floating,
    says="What grows makes 1 over its root shrink, most of all near 0.",
)
def rsqrt(input):
    """1 / sqrt(x).

    >>> import autodiff as torch
    >>> torch.rsqrt(torch.tensor([4.0]))
    tensor([0.5000])
    """
    return 1.0 / np.sqrt(input)


@method(inplace=True)
@primitive(
    lambda g, y, input: g * (input / y),
    lambda g, y, other: g * (other / y),
    promote=to_common,
    says="Each side gets g times its own share of the length.",
)
def hypot(input, other):
    """sqrt(x**2 + y**2), without overflow.

    >>> import autodiff as torch
    >>> torch.hypot(torch.tensor([3.0]), torch.tensor([4.0]))
    tensor([5.])
    """
    if input.dtype.kind != "f":
        raise NotImplementedError(f'"hypot" not implemented for {input.dtype}: make one of the two floating with .float()')
    return np.hypot(input, other)


# ---- by a tensor ----


@primitive(
    lambda g, input, other: g * power_slope(input, other),
    lambda g, y, input, other: g * times_log(y, input, other),
    name="PowBackward1",
    promote=to_common,
    says="The slope of xⁿ is n · xⁿ⁻¹ in x, and xⁿ · log(x) in n.",
)
def pow(input, other):
    """input ** other."""
    not_for_bools(input, "pow")
    if other.dtype.kind in "iu" and np.any(other < 0):
        # One over a whole number, without its fraction: 1 and -1 stay, the others are 0 (as 0 is, in PyTorch).
        kept = np.where((input == 1) | ((input == -1) & (other % 2 == 0)), 1, np.where(input == -1, -1, 0))
        return np.where(other < 0, kept, np.power(input, np.maximum(other, 0))).astype(input.dtype)
    if other.ndim == 0 and other == 2:
        return input * input
    return power_of(input, other)


@primitive(
    lambda g, x, p: g * where(p == 0.0, 0.0, p * power_slope(x, p - 1.0)),
    lambda g, x, p: g * where(p == 0.0, 0.0, pow(x, p - 1.0) + p * times_log(pow(x, p - 1.0), x, p - 1.0)),
    promote=to_common,
    says="The slope of a slope: the exponent comes down once more.",
)
def power_slope(x, p):
    """p * x**(p - 1): the slope of x**p in x, and 0 where p is 0, also where x**(p - 1) is infinite."""
    return np.where(p == 0, x.dtype.type(0), p * power_of(x, p - 1.0))


@primitive(
    lambda g, x, p: times_log(g, x, p),
    lambda g, v, x, p: where(rests_at_zero(x, p), 0.0, g * v / x),
    flat,
    says="A product with a logarithm: one factor gets g · log(x), the number in the logarithm gets g times the other over x.",
)
def times_log(v, x, p):
    """v * log(x): with v = x**p, the slope of x**p in p, and 0 where x is 0 and p is not negative."""
    zero = (x == 0) & (p >= 0)
    return np.where(zero, x.dtype.type(0), v * np.log(np.where(zero, x.dtype.type(1), x)))


@primitive()
def rests_at_zero(x, p):
    """x == 0 and p >= 0: where x**p does not move with p."""
    return (x == 0) & (p >= 0)

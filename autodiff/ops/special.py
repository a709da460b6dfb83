"""Special functions: those of probability and physics that have names of their own.

After this module a reader knows that the derivative of a special function is another of its family, so that a family is closed
when each of its members says which. What NumPy lacks SciPy computes, where it is installed.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from autodiff._core.broadcast import widened
from autodiff._core.graph import primitive
from autodiff._core.inplace import method
from autodiff._core.promotion import tensors_to_floating, to_floating
from autodiff.ops import digamma_series
from autodiff.ops.comparison import where
from autodiff.ops.exponential import exp, log
from autodiff.ops.no_slope import no_slope

_LN2, _ROOT_PI = math.log(2.0), math.sqrt(math.pi)


def scipys(name: str, *args: Any) -> Any:
    """SciPy's function of that name, of arrays; ModuleNotFoundError where it is not installed."""
    try:
        special = importlib.import_module("scipy.special")
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"this function needs SciPy ({name}), which is not installed: pip install scipy", name="scipy"
        ) from None
    floats = [a for a in args if getattr(a, "dtype", None) is not None]
    return np.asarray(getattr(special, name)(*map(widened, args) if floats else args)).astype(floats[-1].dtype, copy=False)


# ---- products with a logarithm ----


@primitive()
def in_domain(factor, x):
    """factor != 0 or x > 0: where factor * log x has a slope in the factor."""
    return (factor != 0) | (x > 0)


@method(inplace=True)
@primitive(
    lambda g, input, other: where(in_domain(input, other), xlogy(g, other), 0.0),
    lambda g, input, other: g * input / other,
    promote=to_floating,
    says="The factor gets g times the logarithm; the number in the logarithm gets g times the factor over that number.",
)
def xlogy(input, other):
    """x log y, and 0 where x is 0, whatever y is, unless it is nan. One of the two may be a number.

    >>> import autodiff as torch
    >>> torch.xlogy(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    return np.where((input == 0) & (other == other), input.dtype.type(0), input * np.log(other))


@primitive(
    lambda g, input, other: where(in_domain(input, other + 1.0), xlog1py(g, other), 0.0),
    lambda g, input, other: g * input / (other + 1.0),
    promote=to_floating,
    name="SpecialXlog1Py",
    says="The factor gets g times the logarithm; the number in it gets g times the factor over 1 plus that number.",
)
def xlog1py(input, other):
    """x log(1 + y), and 0 where x is 0, whatever y is, unless it is nan. One of the two may be a number.

    >>> import autodiff as torch
    >>> torch.special.xlog1py(torch.tensor([0.0, 2.0]), torch.tensor([-1.0, 1.0]))
    tensor([0.0000, 1.3863])
    """
    return np.where((input == 0) & (other == other), input.dtype.type(0), input * np.log1p(other))


@primitive(
    lambda g, input: g * (-log(input) - 1.0),
    promote=to_floating,
    name="SpecialEntr",
    says="The rarer something is, the more a little more of it adds to the surprise; from 1/e on it takes away.",
)
def entr(input):
    """-x log x, what an event of probability x adds to the entropy: 0 at 0, minus infinity below it.

    >>> import autodiff as torch
    >>> torch.special.entr(torch.tensor([0.0, 0.5]))
    tensor([0.0000, 0.3466])
    """
    ends = np.where(input < 0, -np.inf, input)  # 0 and nan are themselves
    return np.where(input > 0, -input * np.log(input), ends).astype(input.dtype, copy=False)


# ---- waves that die away ----


def _between_neighbours(before: Any, after: Any, order: int) -> Any:
    """the difference of the neighbours: (n before - (n + 1) after) / (2n + 1)."""
    return (before * order - after * (order + 1.0)) / (2.0 * order + 1.0)


@primitive(
    lambda g, z, order: g * _between_neighbours(spherical(z, order=max(order - 1, 0)), spherical(z, order=order + 1), order),
    says="Each wave of the family is steep where its neighbours are large: one before it and one behind it, of opposite signs.",
)
def spherical(z, *, order):
    """j of order `order` at `z`: the spherical Bessel function j_n(z), of which sin z / z is the first."""
    wide = z.astype(np.float64)
    with np.errstate(all="ignore"):
        before, y = np.cos(wide) / wide, np.sin(wide) / wide
        for n in range(order):  # upwards, which is exact where z is not small
            before, y = y, (2 * n + 1) / wide * y - before
    small = np.abs(wide) < order + 2
    term = total = np.where(small, wide, 0) ** order / math.prod(range(1, 2 * order + 2, 2))
    for k in range(1, 25):  # the power series, where it is
        term = term * np.where(small, wide, 0) ** 2 / (-2.0 * k * (2 * order + 2 * k + 1))
        total = total + term
    return np.where(small, total, y).astype(z.dtype, copy=False)


@method(inplace=True)
@primitive(
    lambda g, input: g * (spherical(input * math.pi, order=1) * -math.pi),
    promote=to_floating,
    says="A wave that dies away: flat at 0, and then its slope goes up and down with it.",
)
def sinc(input):
    """sin(pi x) / (pi x), and 1 at 0.

    >>> import autodiff as torch
    >>> torch.sinc(torch.tensor([0.0, 0.5]))
    tensor([1.0000, 0.6366])
    """
    z = input * input.dtype.type(math.pi)
    return np.where(z == 0, 1, np.sin(z) / np.where(z == 0, 1, z)).astype(input.dtype, copy=False)


# ---- the gamma function ----


@primitive(
    lambda g, input, order: g * polygamma(input, order=order + 1),
    promote=to_floating,
    says="The slope of each is the next one of the family: one more derivative of the logarithm of gamma.",
)
def polygamma(input, *, order):
    """The derivative number `order` of digamma: digamma itself for 0."""
    if order == 0:
        return psi(input)
    wide = widened(input).astype(np.float64)
    sums = scipys("zeta", np.float64(order + 1), wide)
    return (np.float64(-1.0) ** (order + 1) * math.factorial(order) * sums).astype(input.dtype)


def psi(x: Any) -> Any:
    """The digamma function of an array: SciPy's, which is fast, or that of its asymptotic series."""
    try:
        y = scipys("digamma", x)
    except ModuleNotFoundError:
        y = digamma_series.psi(x.astype(np.float64))
    return np.where((x == 0), np.copysign(np.inf, -x), y).astype(x.dtype, copy=False)


@method(inplace=True)
@primitive(
    lambda g, input: g * polygamma(input, order=1),
    promote=to_floating,
    says="Its slope is the trigamma function: large near 0, about 1/x far out.",
)
def digamma(input):
    """The slope of the logarithm of the gamma function.

    >>> import autodiff as torch
    >>> torch.digamma(torch.tensor([1.0, 2.0]))
    tensor([-0.5772,  0.4228])
    """
    return psi(input)


@method(inplace=True)
@primitive(
    lambda g, input: g * digamma(input),
    promote=to_floating,
    says="Its slope is the digamma function, about log x: negative up to x = 1.46, and positive from there.",
)
def lgamma(input):
    """The logarithm of the gamma function's size: of (x - 1)! for whole numbers. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.lgamma(torch.tensor([1.0, 5.0]))
    tensor([0.0000, 3.1781])
    """
    return np.where(np.isneginf(input), np.inf, scipys("gammaln", input)).astype(input.dtype, copy=False)


# ---- the error function turned around ----


@method(inplace=True)
@primitive(
    lambda g, y: g * (exp(y * y) * (_ROOT_PI / 2.0)),
    promote=to_floating,
    says="Flattest in the middle; the closer to −1 or 1, the steeper.",
)
def erfinv(input):
    """The inverse of erf: the y with erf(y) = x, infinite at 1 and -1, nan beyond. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.erfinv(torch.tensor([0.0, 0.5]))
    tensor([0.0000, 0.4769])
    """
    return np.copysign(scipys("erfinv", input), input)


# ---- the zeta function ----

_no_slope_of_zeta = no_slope("the derivative for 'zeta' is not implemented. It has one for `other` only.")


@primitive(
    _no_slope_of_zeta,
    lambda g, input, other: -g * (input * zeta(input + 1.0, other)),
    promote=to_floating,
    name="SpecialZeta",
    says="All terms of the sum shrink as the shift grows; their slopes add up to the next zeta function.",
)
def zeta(input, other):
    """Hurwitz's zeta function: the sum of (q + k) ** -x over k = 0, 1, 2, ... One of the two may be a number. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.zeta(torch.tensor([2.0, 4.0]), 1)
    tensor([1.6449, 1.0823])
    """
    return scipys("zeta", input, other)


# ---- the incomplete gamma function ----

_no_slope = no_slope("the derivative for 'igamma: input' is not implemented. It has one for `other` only.")
_no_slope_above = no_slope("the derivative for 'igammac: input' is not implemented. It has one for `other` only.")


def _density(a: Any, x: Any) -> Any:
    """the density at x: x ** (a - 1) e ** -x / gamma(a), which the incomplete gamma function adds up."""
    return exp(xlogy(a - 1.0, x) - x - lgamma(a))


@method(inplace=True)
@primitive(
    _no_slope,
    lambda g, input, other: g * _density(input, other),
    promote=tensors_to_floating,
    says="What is added up to x grows by the density there; how it depends on the shape PyTorch does not say.",
)
def igamma(input, other):
    """The regularized lower incomplete gamma function P(a, x): the part of gamma(a) up to x. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.igamma(torch.tensor([1.0]), torch.tensor([1.0]))
    tensor([0.6321])
    """
    return scipys("gammainc", input, other)


@method(inplace=True)
@primitive(
    _no_slope_above,
    lambda g, input, other: -g * _density(input, other),
    promote=tensors_to_floating,
    says="What is left from x on shrinks by the density there; how it depends on the shape PyTorch does not say.",
)
def igammac(input, other):
    """The regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x). Needs SciPy.

    >>> import autodiff as torch
    >>> torch.igammac(torch.tensor([1.0]), torch.tensor([1.0]))
    tensor([0.3679])
    """
    return scipys("gammaincc", input, other)

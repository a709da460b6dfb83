"""Special functions as PyTorch calls them, where that differs from the mathematics.

After this module a reader knows that the multivariate gamma function is a sum of ordinary ones, and where the number of a
derivative stands.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.errors import no_tensor
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.operation import Recorded
from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors, whole
from autodiff.ops import bessel
from autodiff.ops import special as ops
from autodiff.ops.exponential import erfc

_i0, _i1 = renamed(bessel.bessel_i, "I0"), renamed(bessel.bessel_i, "SpecialI1")
_i0e, _i1e = renamed(bessel.bessel_ie, "SpecialI0E"), renamed(bessel.bessel_ie, "SpecialI1E")


def _bessel(name: str, operation: Recorded, input: Any, order: int) -> Tensor:
    """The operation, which has another name, of a tensor."""
    if not isinstance(input, Tensor):
        raise no_tensor(name, "input", 1, input)
    return operation(input, order=order)


# ---- gamma and Bessel ----


@method(inplace=True)
@takes_tensors
def i0(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, of order 0.

    >>> import autodiff as torch
    >>> torch.i0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return _bessel("i0", _i0, input, 0)


@takes_tensors
def polygamma(n: int, input: Tensor) -> Tensor:
    """The derivative number n of digamma, itself the slope of the logarithm of the gamma function. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.polygamma(1, torch.tensor([1.0]))
    tensor([1.6449])
    """
    if not isinstance(input, Tensor):
        raise no_tensor("polygamma", "input", 2, input)
    if whole("polygamma", "n", n) < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return ops.polygamma(input, order=n)


@method(name="polygamma", inplace=True)
def _polygamma(self: Tensor, n: int) -> Tensor:
    """`torch.polygamma(n, self)`."""
    return polygamma(n, self)


@method(inplace=True)
@takes_tensors
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension p: p (p - 1) / 4 log pi and the sum of lgamma(x - i / 2).

    RuntimeError where p is not positive. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.mvlgamma(torch.tensor([2.0]), 2)
    tensor([0.4516])
    """
    if not isinstance(input, Tensor):
        raise no_tensor("mvlgamma", "input", 1, input)
    if whole("mvlgamma", "p", p) < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    if input._array.dtype.kind == "b":
        raise RuntimeError("The input tensor may not be a boolean tensor.")
    total = ops.lgamma(input) + p * (p - 1) / 4 * math.log(math.pi)
    for i in range(1, p):
        total = total + ops.lgamma(input - i / 2)
    return total


@takes_tensors
def i0e(input: Tensor) -> Tensor:
    """e**-|x| times the modified Bessel function of the first kind of order 0, of ordinary size far out. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.i0e(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.4658])
    """
    return _bessel("i0e", _i0e, input, 0)


@takes_tensors
def i1(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.i1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """
    return _bessel("i1", _i1, input, 1)


@takes_tensors
def i1e(input: Tensor) -> Tensor:
    """e**-|x| times the modified Bessel function of the first kind of order 1, of ordinary size far out. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.i1e(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2079])
    """
    return _bessel("i1e", _i1e, input, 1)


# ---- of the normal distribution ----


@takes_tensors
def ndtr(input: Tensor) -> Tensor:
    """The part of the normal distribution that lies below x: (1 + erf(x / sqrt(2))) / 2.

    >>> import autodiff as torch
    >>> torch.special.ndtr(torch.tensor([0.0, 1.96]))
    tensor([0.5000, 0.9750])
    """
    if not isinstance(input, Tensor):
        raise no_tensor("ndtr", "input", 1, input)
    return erfc(input * -math.sqrt(0.5)) * 0.5

"""Special functions as PyTorch calls them, where that differs from the mathematics.

After this module a reader knows that the multivariate gamma function is a sum of ordinary ones, and where the number of a
derivative stands.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.errors import no_tensor
from autodiff._core.graph import renamed
from autodiff._core.inplace import in_place, method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors, whole
from autodiff.ops import special as ops

_i0 = renamed(ops.bessel_i, "I0")


@method(inplace=True)
@takes_tensors
def i0(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, of order 0.

    >>> import autodiff as torch
    >>> torch.i0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    if not isinstance(input, Tensor):
        raise no_tensor("i0", "input", 1, input)
    return _i0(input, order=0)


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


def _polygamma(self: Tensor, n: int) -> Tensor:
    return polygamma(n, self)


Tensor.polygamma = _polygamma
Tensor.polygamma_ = in_place(_polygamma, "polygamma_")


@method(inplace=True)
@takes_tensors
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension p: p (p - 1) / 4 log pi and the sum of lgamma(x - i / 2).

    RuntimeError where p is not positive. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.mvlgamma(torch.tensor([2.0]), 2)
    tensor([0.4516])
    """
    if whole("mvlgamma", "p", p) < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    if input._array.dtype.kind == "b":
        raise RuntimeError("The input tensor may not be a boolean tensor.")
    total: Any = p * (p - 1) / 4 * math.log(math.pi)
    for i in range(p):
        total = ops.lgamma(input - i / 2) + total
    return total

"""How variables move together: covariances and correlations.

After this module a reader knows that a covariance matrix is a product of deviations from the mean, and a correlation one whose
diagonal was made 1.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff._core.inplace import method
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors, whole
from autodiff.api.comparison import clamp
from autodiff.api.matmul import mm
from autodiff.api.reduce import mean
from autodiff.api.reduce import sum as sum_
from autodiff.api.shape import reshape, squeeze, t, unsqueeze
from autodiff.api.triangle import diagonal
from autodiff.ops.power import sqrt


@method
@takes_tensors
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """The covariances of the variables in the rows of `input`, over the observations in its columns.

    The sum of products of deviations is divided by the number of observations less `correction`. `fweights` are whole numbers,
    how often each was observed; `aweights` how much it is worth. A vector is one variable. RuntimeError for more than two
    dimensions and for bools; the result is nan, with a warning, where that number is not positive.

    >>> import autodiff as torch
    >>> torch.cov(torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    return _covariance(input, whole("cov", "correction", correction), fweights, aweights)


def _weight(name: str, weight: Tensor, kinds: str, n: int) -> Tensor:
    array = weight._array
    if array.ndim > 1 or array.size != n:
        raise RuntimeError(f"cov(): expected {name} to have one weight for each of {n} observations, got {list(array.shape)}")
    if array.dtype.kind not in kinds:
        wanted = "an integral" if kinds == "iu" else "a floating"
        raise RuntimeError(f"cov(): expected {name} to have {wanted} dtype, got {weight.dtype}")
    if array.size and not array.min() >= 0:  # a nan, too
        raise RuntimeError(f"cov(): {name} cannot be negative")
    return weight


def _covariance(input: Tensor, correction: int, fweights: Tensor | None, aweights: Tensor | None) -> Tensor:
    if input._array.ndim > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {input._array.ndim}")
    if input._array.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input; use x.float()")
    x = input if input._array.ndim == 2 else reshape(input, (1, input._array.size))
    x = x if x._array.dtype.kind == "f" else x.float()
    n = x._array.shape[1]
    f = None if fweights is None else _weight("fweights", fweights, "iu", n)
    a = None if aweights is None else _weight("aweights", aweights, "f", n)
    weight = f if a is None else a if f is None else f * a
    total: Any = n if weight is None else sum_(weight)
    if weight is not None and n and not total._array:
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    middle = mean(x, 1, True) if weight is None else unsqueeze(sum_(x * weight, 1) / total, 1)
    less = correction if a is None or not correction else correction * sum_(weight * a) / total
    divisor = total - less
    if (divisor._array if isinstance(divisor, Tensor) else divisor) <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
            UserWarning,
            stacklevel=stacklevel(),
        )
        divisor = 0
    away = x - middle
    products = mm(away, t(away if weight is None else away * weight))
    return squeeze(products / (divisor if isinstance(divisor, Tensor) else wrap(np.asarray(divisor, x._array.dtype))))


@method
@takes_tensors
def corrcoef(input: Tensor) -> Tensor:
    """The correlations of the variables in the rows of `input`: covariances over the product of both deviations, from -1 to 1.

    >>> import autodiff as torch
    >>> torch.corrcoef(torch.tensor([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input._array.ndim > 2:
        raise RuntimeError(f"corrcoef(): expected input to have two or fewer dimensions but got {input._array.ndim} dimensions")
    c = _covariance(input, 1, None, None)
    if not c._array.ndim:
        return c / c
    deviations = sqrt(diagonal(c))
    return clamp(c / unsqueeze(deviations, 1) / unsqueeze(deviations, 0), -1, 1)

"""Poisson and binomial numbers, and the fillings by Cauchy and geometric ones, as PyTorch's calls give them.

After this module a reader knows that a count has no slope: its gradient is zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _draws
from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import misfit
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff._core.views import edge_of
from autodiff.api._calls import number, takes_tensors
from autodiff.api.fill import filled, floating_of, stream_of
from autodiff.api.reading import leaf
from autodiff.ops.draws import counted
from autodiff.random import Generator

__all__ = ["binomial", "cauchy_", "geometric_", "poisson"]


def _recorded(op: Any, input: Tensor, values: Any) -> Tensor:
    return leaf(values) if edge_of(input) is None else op(input, values=values)


@takes_tensors
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """A Poisson number for each rate in `input`, in its shape and dtype; its gradient is zero.

    RuntimeError for a negative rate.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.poisson(torch.tensor([1.0, 4.0, 100.0]))
    tensor([ 2.,  5., 94.])
    """
    floating_of(input, "poisson")
    if not (input._array >= 0).all():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    return _recorded(counted, input, _draws.poisson(stream_of(generator), input._array))


@takes_tensors
def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of `count` trials succeed, each with the chance `prob`; both are broadcast. The gradient is zero.

    ValueError for whole numbers of either.

    >>> import autodiff as torch
    >>> torch.binomial(torch.tensor([10.0, 10.0]), torch.tensor([0.0, 1.0]))
    tensor([ 0., 10.])
    """
    for name, given in (("count", count), ("prob", prob)):
        if given._array.dtype.kind != "f":
            raise ValueError(f"binomial only supports floating-point dtypes for {name}, got: {scalar_type(given._array)}")
    if count.dtype is not prob.dtype:
        raise RuntimeError(f"binomial: expected count and prob of one dtype, got {count.dtype} and {prob.dtype}")
    if found := misfit("binomial", (count._array.shape, prob._array.shape)):
        raise found
    arrays = np.broadcast_arrays(count._array, prob._array)
    values = _draws.binomial(stream_of(generator), *arrays)
    source = count if edge_of(count) is not None else prob
    return _recorded(counted, source.expand(values.shape), values)


@method
def cauchy_(self: Tensor, median: float = 0, sigma: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill with Cauchy numbers, median + sigma * tan(pi * (u - 1/2)) for u uniform; returns the tensor.

    >>> import autodiff as torch
    >>> torch.empty(3).cauchy_().shape
    torch.Size([3])
    """
    median, sigma = number("cauchy_", "median", median), number("cauchy_", "sigma", sigma)
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    dtype = floating_of(self, "cauchy_")
    return filled(self, lambda stream, shape: _draws.cauchy(stream, shape, median, sigma).astype(dtype), generator)


@method
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with the number of trials until the first success, each with the chance p; returns the tensor.

    >>> import autodiff as torch
    >>> bool((torch.empty(5).geometric_(0.5) >= 1).all())
    True
    """
    if not 0 < number("geometric_", "p", p) < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    dtype = self._array.dtype
    if dtype.kind == "b":
        raise NotImplementedError('"geometric_" not implemented for bools')
    return filled(self, lambda stream, shape: _draws.geometric(stream, shape, float(p)).astype(dtype), generator)

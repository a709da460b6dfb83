"""Normal numbers between two limits, in PyTorch's order of draws.

After this module a reader knows the two ways: draw again what falls outside, or draw evenly and keep with the probability of
the density. The first is quick where the limits hold much of the distribution, the second where they hold little.
"""

from __future__ import annotations

import numpy as np

from autodiff._core.tensor import Tensor, wrap
from autodiff.api import fill
from autodiff.random import Generator

__all__ = ["keep_by_density", "redraw_outside"]


def redraw_outside(tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None) -> None:
    low, high = (tensor._array.dtype.type(limit) for limit in (a, b))
    values = fill.normal_(tensor, mean, std, generator=generator)._array
    while True:
        outside = (values < low) | (values > high)
        if not outside.any():
            break
        # A whole tensor is drawn, so that the random numbers are PyTorch's.
        again = fill.normal_(wrap(np.empty_like(tensor._array)), mean, std, generator=generator)._array
        values = np.where(outside, again, values)
    tensor.copy_(wrap(values))


def keep_by_density(tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None) -> None:
    dtype = tensor._array.dtype.type
    log_peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    values: np.ndarray | None = None
    pending = np.ones(tensor._array.shape, bool)
    while pending.any():
        drawn = fill.uniform_(wrap(np.empty_like(tensor._array)), a, b, generator=generator)._array
        values = drawn if values is None else np.where(pending, drawn, values)
        # log(density / largest density): a candidate stays if the log of a uniform number is below.
        height = ((drawn - dtype(mean)) / dtype(std)) ** 2 * dtype(-0.5) - dtype(log_peak)
        chance = fill.uniform_(wrap(np.empty_like(tensor._array)), 0.0, 1.0, generator=generator)._array
        with np.errstate(divide="ignore"):
            pending = pending & (np.log(chance) > height)
    if values is not None:
        tensor.copy_(wrap(values))

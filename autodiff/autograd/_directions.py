"""gradcheck's fast mode: the slope along one direction instead of the whole Jacobian.

After this module a reader knows how one number tells whether a matrix is right, nearly always: v J u, measured by moving the
input along u and weighing the output with v, is computed by one backward with v, whose gradient is weighed with u.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor

__all__ = ["allowed", "copied", "difference_quotients", "direction", "measured_along"]

Array = np.ndarray[Any, Any]
Copied = list[tuple[Array, Any, Any]]


def direction(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Random numbers from 0 to 1, as long as one together: with all signs alike no error cancels what an allowance is for."""
    drawn = rng.random(shape)
    return drawn / max(float(np.sqrt((drawn * drawn).sum())), np.finfo(np.float64).tiny)


def measured_along(outputs: Callable[[], list[Tensor]], x: Array, u: Array, eps: float) -> list[Array]:
    """The slope of each output along u, by central differences; x is moved in its own memory, and put back."""
    before = x.copy()
    sides: list[Copied] = []
    try:
        for step in (eps, -eps):
            x[...] = before + step * u
            sides.append(copied(outputs()))
    finally:
        x[...] = before
    return difference_quotients(sides[0], sides[1], eps, "")


def copied(outputs: list[Tensor]) -> Copied:
    """Each output in memory of its own, which the input may not share, with its shape and dtype."""
    return [(o._array.astype(np.float64), o.shape, o.dtype) for o in outputs]


def difference_quotients(up: Copied, down: Copied, eps: float, where: str) -> list[Array]:
    """(up - down) / 2 eps for each output; AssertionError where one changed its shape or dtype on the way."""
    for after, before in zip(up, down, strict=False):
        for what, a, b in zip(("shape", "dtype"), before[1:], after[1:], strict=True):
            if a != b:
                raise AssertionError(
                    f"Expected `func` to return outputs with the same {what} when inputs are perturbed{where} by {eps}, "
                    f"but got: {what}s {a} and {b}."
                )
    return [(a[0] - b[0]) / (2 * eps) for a, b in zip(up, down, strict=True)]


def allowed(measured: float, u: Array, v: Array, rtol: float, atol: float) -> float:
    """How far v J u may be off where each element of J may be off by atol: as far as all of them together make it."""
    return atol * float(u.sum()) * float(v.sum()) + rtol * abs(measured)

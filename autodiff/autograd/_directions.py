"""gradcheck's fast mode: the slope along one direction instead of the whole Jacobian.

After this module a reader knows how one number tells whether a matrix is right, nearly always: v J u, measured by moving the
input along u and weighing the output with v, is computed by one backward with v, whose gradient is weighed with u.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["allowed", "direction", "measured_along"]

Array = np.ndarray[Any, Any]


def direction(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Random numbers from 0 to 1, as long as one together: with all signs alike no error cancels what an allowance is for."""
    drawn = rng.random(shape)
    return drawn / max(float(np.sqrt((drawn * drawn).sum())), np.finfo(np.float64).tiny)


def measured_along(outputs: Callable[[], list[Array]], x: Array, u: Array, eps: float) -> list[Array]:
    """The slope of each output along u, by central differences; x is moved in its own memory, and put back."""
    before, sides = x.copy(), []
    try:
        for step in (eps, -eps):
            x[...] = before + step * u
            sides.append(outputs())
    finally:
        x[...] = before
    return [(up - down) / (2 * eps) for up, down in zip(*sides, strict=True)]


def allowed(measured: float, u: Array, v: Array, rtol: float, atol: float) -> float:
    """How far v J u may be off where each element of J may be off by atol: as far as all of them together make it."""
    return atol * float(u.sum()) * float(v.sum()) + rtol * abs(measured)

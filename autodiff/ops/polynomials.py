"""Orthogonal polynomials: Chebyshev's, Hermite's, Laguerre's, Legendre's.

After this module a reader knows that each family is given by its first two and a step from two neighbours to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[Any, int, Any, Any], Any]


def _doubled(x: Any, k: int, p: Any, before: Any) -> Any:
    return 2 * x * p - before


# By name: the second of the family (the first is 1), and the step from number k and the one before it to the next.
FAMILIES: dict[str, tuple[Callable[[Any], Any], Step]] = {
    "chebyshev_polynomial_t": (lambda x: x, _doubled),
    "chebyshev_polynomial_u": (lambda x: 2 * x, _doubled),
    "chebyshev_polynomial_v": (lambda x: 2 * x - 1, _doubled),
    "chebyshev_polynomial_w": (lambda x: 2 * x + 1, _doubled),
    "hermite_polynomial_h": (lambda x: 2 * x, lambda x, k, p, before: 2 * x * p - 2 * k * before),
    "hermite_polynomial_he": (lambda x: x, lambda x, k, p, before: x * p - k * before),
    "laguerre_polynomial_l": (lambda x: 1 - x, lambda x, k, p, before: ((2 * k + 1 - x) * p - k * before) / (k + 1)),
    "legendre_polynomial_p": (lambda x: x, lambda x, k, p, before: ((2 * k + 1) * x * p - k * before) / (k + 1)),
}

LONGEST = 100_000  # a degree above it is a slip, which would seem to hang


def polynomial(name: str, x: Any, n: Any) -> Any:
    """The polynomial of degree n at x, which broadcast; 0 for a negative degree. A shifted one is that of 2 x - 1."""
    if name.startswith("shifted_"):
        return polynomial(name.removeprefix("shifted_"), 2 * x - 1, n)
    x, n = np.broadcast_arrays(x, np.asarray(n).astype(np.int64))
    second, step = FAMILIES[name]
    if n.max(initial=0) > LONGEST:
        raise RuntimeError(f"{name}: n is {n.max()}, which would take as many steps; at most {LONGEST:,} are taken here")
    before, p = np.ones_like(x), np.asarray(second(x), x.dtype)
    found = np.where(n == 0, before, np.where(n == 1, p, 0))
    for k in range(1, int(n.max(initial=0))):
        before, p = p, step(x, k, p, before).astype(x.dtype, copy=False)
        found = np.where(n == k + 1, p, found)
    return found.astype(x.dtype, copy=False)

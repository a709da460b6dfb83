"""The digamma function by its series, where SciPy is not installed.

After this module a reader knows that a function which is simple far out is simple everywhere, once a recurrence leads there.
Source: Bernardo, Algorithm AS 103, 1976.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)  # B_2k / 2k for k = 1, 2, ...


def psi(x: Any) -> Any:
    """psi(x), brought to x > 10 by psi(x) = psi(x + 1) - 1/x, and from below 0 by psi(x) = psi(1 - x) - pi / tan(pi x)."""
    with np.errstate(all="ignore"):
        beyond = np.where(x < 0, np.where(x == np.floor(x), np.nan, np.pi / np.tan(np.pi * (x - np.floor(x)))), 0.0)
        x = np.where(x < 0, 1 - x, x)
        steps = np.zeros_like(x)
        while (low := x < 10).any():
            steps -= np.where(low, 1 / x, 0)
            x = np.where(low, x + 1, x)
        square, series = 1 / (x * x), np.zeros_like(x)
        for c in reversed(_BERNOULLI):
            series = (series + c) * square
        return steps + np.log(x) - 0.5 / x - series - beyond

"""Fused multiply-adds: a sum with a product in it that is rounded once.

After this module a reader knows that what a product and a sum lose by rounding can itself be computed, exactly. PyTorch's loops
are made of such multiply-adds; where a program notices the last digit, this is how it gets PyTorch's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["fused"]


def fused(a: Any, k: Any, step: Any, dtype: Any) -> Any:
    """a + k * step, rounded once; k has at most 26 digits in base two.

    What the product and the sum lose is found exactly (Dekker 1971, Knuth's two-sum), and added at the end.
    """
    a, step = np.float64(a), np.float64(step)
    high = step * 134217729.0  # 2**27 + 1: the upper half of the digits of step
    high -= high - step
    product = step * k
    lost = (high * k - product) + (step - high) * k
    total = a + product
    part = total - a
    lost += (a - (total - part)) + (product - part)
    return (total + lost).astype(dtype)

"""Twins of `loops/softmax.pxi`: after reading it you know how softmax and its logarithm keep from overflowing."""

from __future__ import annotations

import numpy as np

from autodiff._kernels.reference.checks import Array, check_rows, check_same
from autodiff._kernels.reference.sums import wide


def softmax(x: Array) -> Array:
    """exp(x) / sum(exp(x)) along each row, shifted by the row's maximum so that nothing overflows."""
    check_rows("softmax", x)
    with np.errstate(invalid="ignore"):  # inf - inf is nan: the answer for such a row
        e = np.exp(x - x.max(axis=1, keepdims=True), dtype=wide(x))
        return np.asarray(e / e.sum(axis=1, keepdims=True), x.dtype)


def log_softmax(x: Array) -> Array:
    """x - log(sum(exp(x))) along each row, shifted by the row's maximum so that nothing overflows."""
    check_rows("log_softmax", x)
    with np.errstate(invalid="ignore"):
        z = (x - x.max(axis=1, keepdims=True)).astype(wide(x))
        return np.asarray(z - np.log(np.exp(z).sum(axis=1, keepdims=True)), x.dtype)


def softmax_grad(g: Array, y: Array) -> Array:
    """dL/dx of y = softmax(x): y * (g - sum(g * y))."""
    check_rows("softmax_grad", y)
    check_same("softmax_grad", g, y)
    with np.errstate(invalid="ignore", over="ignore"):
        dot = np.multiply(g, y, dtype=wide(y)).sum(axis=1, keepdims=True)
        return np.asarray(y * (g - dot), y.dtype)


def log_softmax_grad(g: Array, y: Array) -> Array:
    """dL/dx of y = log_softmax(x): g - exp(y) * sum(g)."""
    check_rows("log_softmax_grad", y)
    check_same("log_softmax_grad", g, y)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(g - np.exp(y, dtype=wide(y)) * g.sum(axis=1, keepdims=True, dtype=wide(y)), y.dtype)

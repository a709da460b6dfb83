"""Twins of `loops/elements.pxi`: after reading it you know what the loops over single elements compute."""

from __future__ import annotations

import math

import numpy as np

from autodiff._kernels.reference.checks import Array, check_arrays, check_same


def relu(x: Array) -> Array:
    """max(x, 0), and nan where x is nan."""
    check_arrays("relu", x=x)
    return np.asarray(np.maximum(x, x.dtype.type(0)))


def relu_grad(g: Array, y: Array) -> Array:
    """g where y > 0 (or y is nan), else 0: the slope of relu, taken as 0 at 0."""
    check_same("relu_grad", g, y)
    return np.where(y <= 0, y.dtype.type(0), g)


_erfc = np.frompyfunc(math.erfc, 1, 1)


def _probability(x: Array) -> Array:
    """P(N < x): exact in double, number by number."""
    return np.asarray(_erfc(-x.astype(np.float64) * math.sqrt(0.5)), np.float64) / 2


def gelu(x: Array) -> Array:
    """x * P(N < x), for a normal number N."""
    check_arrays("gelu", x=x)
    with np.errstate(invalid="ignore"):
        return np.asarray(x * _probability(x), x.dtype)


def gelu_grad(g: Array, x: Array) -> Array:
    """dL/dx of gelu, from g = dL/dy: g * (P(N < x) + x * the density of N at x)."""
    check_same("gelu_grad", g, x)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        density = np.exp(-0.5 * x.astype(np.float64) ** 2) / math.sqrt(2 * math.pi)
        return np.asarray(g * (_probability(x) + x * density), x.dtype)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    check_arrays("sigmoid", x=x)
    with np.errstate(over="ignore", under="ignore"):
        e = np.exp(-np.abs(x))
        return np.asarray(np.where(x < 0, e, 1) / (1 + e), x.dtype)


def sigmoid_grad(g: Array, y: Array) -> Array:
    """dL/dx of y = sigmoid(x): g * y * (1 - y)."""
    check_same("sigmoid_grad", g, y)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        return np.asarray(g * (y * (1 - y)))


def silu(x: Array) -> Array:
    """x * sigmoid(x)."""
    check_arrays("silu", x=x)
    with np.errstate(invalid="ignore", under="ignore"):
        return np.asarray(x * sigmoid(x))


def silu_grad(g: Array, x: Array) -> Array:
    """dL/dx of silu, from g = dL/dy: g * s * (1 + x * (1 - s)), for s = sigmoid(x)."""
    check_same("silu_grad", g, x)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        s = sigmoid(x)
        return np.asarray(g * (s * (x * (1 - s) + 1)))

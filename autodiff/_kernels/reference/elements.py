"""Twins of `loops/elements.pxi`: after reading it you know what the loops over single elements compute."""

from __future__ import annotations

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

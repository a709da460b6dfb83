"""Twins of `loops/convolution.pxi` and its neighbours: after reading it you know that a convolution is a sum of products.

There is one matrix product for each tap of a window.

x is (n, c, *inside), w is (o, c / groups, *kernel), and what belongs to the output is (n, o, *size). Each of the three is a
product of the other two. What a tap meets outside of the input is left out, and is not a product with zero: so an infinite
weight makes nothing nan at the border.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._kernels.reference.checks import Array
from autodiff._kernels.windows import Slices, Windows


def convolution(x: Array, w: Array, b: Array | None, windows: Windows, groups: int) -> Array:
    """y[p] = b + the sum of w[t] @ x[p * stride + t * dilation - padding] over the taps t."""
    y = _begun((len(x), len(w), *windows.size), x, b)
    weights = _by_groups(w, groups)
    with np.errstate(all="ignore"):
        for tap, out, into in windows.taps():
            y[out] += _back(weights[(..., *tap)] @ _positions(x, into, groups), y[out])
    return y.astype(x.dtype, copy=False)


def transposed_convolution(g: Array, w: Array, b: Array | None, windows: Windows, groups: int) -> Array:
    """x[p * stride + t * dilation - padding] = b + the sum of w[t].T @ g[p]: the gradient of a convolution's input."""
    x = _begun((len(g), w.shape[1] * groups, *windows.inside), g, b)
    weights = _by_groups(w, groups).swapaxes(1, 2)
    with np.errstate(all="ignore"):
        for tap, out, into in windows.taps():
            x[into] += _back(weights[(..., *tap)] @ _positions(g, out, groups), x[into])
    return x.astype(g.dtype, copy=False)


def convolution_weight(g: Array, x: Array, windows: Windows, groups: int) -> Array:
    """w[t] = the sum of g[p] @ x[p * stride + t * dilation - padding].T over the positions p and the examples."""
    w = np.zeros((groups, g.shape[1] // groups, x.shape[1] // groups, *windows.kernel), _single(x))
    with np.errstate(all="ignore"):
        for tap, out, into in windows.taps():
            products = _positions(g, out, groups) @ _positions(x, into, groups).swapaxes(2, 3)
            w[(..., *tap)] = np.add.reduce(products, axis=0)
    return w.reshape(g.shape[1], x.shape[1] // groups, *windows.kernel).astype(x.dtype, copy=False)


def _single(x: Array) -> Any:
    """What the sums are taken in: single precision for half, else x's own dtype."""
    return np.dtype(np.float32) if x.dtype.char == "e" else x.dtype


def _begun(shape: tuple[int, ...], x: Array, b: Array | None) -> Array:
    """The bias in every place, or zeros."""
    y = np.zeros(shape, _single(x))
    if b is not None:
        y += b.reshape(-1, *[1] * (len(shape) - 2))
    return y


def _by_groups(w: Array, groups: int) -> Array:
    return w.reshape(groups, len(w) // groups, *w.shape[1:]).astype(_single(w), copy=False)


def _positions(x: Array, places: Slices, groups: int) -> Array:
    """What lies at the places, as matrices (n, groups, channels of a group, places)."""
    part = x[places]
    n, channels = part.shape[:2]
    return part.reshape(n, groups, channels // groups, math.prod(part.shape[2:])).astype(_single(x), copy=False)


def _back(matrices: Array, like: Array) -> Array:
    return matrices.reshape(like.shape)

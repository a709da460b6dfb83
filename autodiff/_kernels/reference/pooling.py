"""Twins of `loops/pooling.pxi`: after reading it you know how the largest of each window is found, and gets its gradient.

Where the largest element of a window stands is kept as the number of its tap, counted through the window row by row. For a
window of at most 256 taps that is one byte for each element of the output.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._kernels.reference.checks import Array
from autodiff._kernels.windows import Windows


def max_pool(x: Array, windows: Windows) -> tuple[Array, Array]:
    """(the largest element of each window, the number of its tap): the first of equal ones, the last nan where there is one."""
    taps = first_taps(windows, x.shape[:2])
    y = np.empty(taps.shape, x.dtype)
    y[...] = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    for tap, out, into in windows.taps():
        seen = x[into]
        larger = (seen > y[out]) | (seen != seen)  # a nan is larger than all
        np.copyto(y[out], seen, where=larger)
        np.copyto(taps[out], taps.dtype.type(np.ravel_multi_index(tap, windows.kernel)), where=larger)
    return y, taps


def max_pool_grad(g: Array, taps: Array, windows: Windows) -> Array:
    """g added in zeros where the largest elements stood."""
    x = np.zeros((*g.shape[:2], *windows.inside), g.dtype)
    for tap, out, into in windows.taps():
        t = np.ravel_multi_index(tap, windows.kernel)
        x[into] += np.where(taps[out] == t, g[out], g.dtype.type(0))
    return x


def first_taps(windows: Windows, batch: tuple[int, ...]) -> Array:
    """The first tap of each window that stands inside of the input: the answer for a window that holds -inf only."""
    dtype: Any = np.uint8 if windows.count_of_taps() <= 256 else np.int32
    first = np.zeros((), np.int64)
    for size, k, stride, padding, dilation in zip(*windows[1:], strict=True):
        outside = np.maximum(padding - np.arange(size) * stride, 0)
        first = first[..., None] * k + -(-outside // dilation)
    return np.array(np.broadcast_to(first.astype(dtype), batch + windows.size))

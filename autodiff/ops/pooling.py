"""Pools: one number for each window, the largest, or the mean.

After this module a reader knows that the largest element of a window gets all of the gradient and the others none of it, that a
mean is spread evenly over its window, and that both are pairs: gathering and spreading, each the other's gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.formats import laid_as
from autodiff._core.graph import primitive, renamed
from autodiff._kernels.windows import Windows, along

# ---- the largest ----


@primitive(
    lambda g, y1, windows: max_pool_spread(g[0], y1, windows=windows),
    name="MaxPool2DWithIndices",
    walked_once=True,
    says="Of each window only the largest element counts, so it alone gets the window's g; all others get 0.",
)
def max_pool(x, *, windows):
    """(the largest of each window, the number of the tap that met it)."""
    y, taps = _kernels.max_pool(x, windows)
    return laid_as(y, x), taps


max_pool_of_volumes = renamed(max_pool, "MaxPool3DWithIndices")


@primitive(
    lambda g, taps, windows: max_pool_gathered(g, taps, windows=windows),
    name="MaxPoolBackward",
    says="What was put in a place gets the gradient of that place.",
)
def max_pool_spread(d, taps, *, windows):
    """d added where each window's largest element stood: in zeros."""
    return in_single(_kernels.max_pool_grad, d, taps, windows)


@primitive(
    lambda g, taps, windows: max_pool_spread(g, taps, windows=windows),
    name="MaxPoolBackward",
    says="What was taken gets its gradient back in its place, summed where several windows took it; the rest gets zero.",
)
def max_pool_gathered(x, taps, *, windows):
    """The element of each window that its tap number names."""
    y = np.zeros(taps.shape, x.dtype)
    for tap, out, into in windows.taps():
        np.copyto(y[out], x[into], where=taps[out] == np.ravel_multi_index(tap, windows.kernel))
    return y


def places_of(taps: Any, windows: Windows) -> Any:
    """Where the largest elements stand, counted through all of the input's spatial dimensions: int64."""
    places = np.zeros(taps.shape, np.int64)
    rest = taps.astype(np.int64)
    weight = 1
    for d in range(len(windows.size) - 1, -1, -1):
        n, size, kernel, stride, padding, dilation = (field[d] for field in windows)
        rest, tap = np.divmod(rest, kernel)
        positions = (np.arange(size) * stride - padding).reshape(-1, *[1] * (len(windows.size) - 1 - d))
        places += (positions + tap * dilation) * weight
        weight *= n
    return places


# ---- the mean ----


@primitive(
    lambda g, windows, counts: avg_pool_spread(g, windows=windows, counts=counts),
    name="AvgPool2D",
    walked_once=True,
    says="Each element of a window has an equal share in its mean, so each gets an equal share of the window's g.",
)
def avg_pool(x, *, windows, counts):
    """The sum of each window / its count: one dimension after the other; counts is a number or one for each window."""
    return laid_as(in_single(_means, x, windows, counts), x)


def in_single(function: Any, x: Any, *options: Any) -> Any:
    """The function of x; of half precision computed in single, since sums of few digits soon stop growing."""
    if x.dtype.char == "e":
        return function(x.astype(np.float32), *options).astype(np.float16)
    return function(x, *options)


def _means(x: Any, windows: Windows, counts: Any) -> Any:
    for d in range(len(windows.size)):
        x = _summed(x, d, windows)
    if x.dtype.kind != "f":  # towards zero, as the division of C is
        return np.sign(x) * np.sign(counts) * (np.abs(x) // np.abs(counts))
    x += x.dtype.type(0)  # a sum begins with 0, so that it never is -0
    x /= np.asarray(counts, x.dtype)
    return x


avg_pool_of_volumes = renamed(avg_pool, "AvgPool3D")


@primitive(
    lambda g, windows, counts: avg_pool(g, windows=windows, counts=counts),
    name="AvgPoolBackward",
    says="What was spread over a window comes back as the mean of that window.",
)
def avg_pool_spread(x, *, windows, counts):
    """x / its window's count, added at every place of the window."""
    return in_single(_shares, x, windows, counts)


def _shares(x: Any, windows: Windows, counts: Any) -> Any:
    x = x / np.asarray(counts, x.dtype)
    x += x.dtype.type(0)  # no -0, as in _means
    for d in range(len(windows.size) - 1, -1, -1):
        x = _spread(x, d, windows)
    return x


def _summed(x: Any, d: int, windows: Windows) -> Any:
    """The sums of the windows along one spatial dimension."""
    n, size, kernel, stride, padding, dilation = (field[d] for field in windows)
    met = [both for t in range(kernel) if (both := along(n, size, stride, t * dilation - padding))]
    met.sort(key=lambda both: both[0] != slice(0, size))  # the taps that meet something everywhere come first
    if len(met) > 1 and met[1][0] == slice(0, size):
        y = x[_at(d, met[0][1])] + x[_at(d, met[1][1])]
        del met[:2]
    else:
        y = np.zeros((*x.shape[: d + 2], size, *x.shape[d + 3 :]), x.dtype)
    for out, into in met:
        y[_at(d, out)] += x[_at(d, into)]
    return y


def _spread(y: Any, d: int, windows: Windows) -> Any:
    """Each element added at every place of its window along one spatial dimension."""
    n, size, kernel, stride, padding, dilation = (field[d] for field in windows)
    x = np.zeros((*y.shape[: d + 2], n, *y.shape[d + 3 :]), y.dtype)
    for t in range(kernel):
        if both := along(n, size, stride, t * dilation - padding):
            if t < stride and dilation == 1:  # taps that no two windows share
                x[_at(d, both[1])] = y[_at(d, both[0])]
            else:
                x[_at(d, both[1])] += y[_at(d, both[0])]
    return x


def _at(d: int, part: slice) -> tuple[slice, ...]:
    return (*[slice(None)] * (d + 2), part)

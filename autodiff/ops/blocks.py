"""Blocks of an image as columns, and back.

After this module a reader knows how a convolution becomes one matrix product: `unfold` writes every window as a column, and its
gradient, `fold`, adds the columns up where they were taken from.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff._kernels.windows import Windows
from autodiff.ops.pooling import in_single


@primitive(
    lambda g, windows: fold(g, windows=windows),
    name="Im2Col",
    says="An element that stands in several windows gets a gradient from each, and they are added up.",
)
def unfold(x, *, windows):
    """Every window as a column: (n, c * taps, positions)."""
    n, c = x.shape[:2]
    columns = np.zeros((n, c, *windows.kernel, *windows.size), x.dtype)
    for tap, out, into in windows.taps():
        columns[(slice(None), slice(None), *tap, *out[2:])] = x[into]
    return columns.reshape(n, c * windows.count_of_taps(), math.prod(windows.size))


@primitive(
    lambda g, windows: unfold(g, windows=windows),
    name="Col2Im",
    says="Each number of a column gets the gradient of the place that it was added at.",
)
def fold(x, *, windows):
    """The columns added up where `unfold` takes them from: (n, c, *inside)."""
    return in_single(_added_up, x, windows)


def _added_up(x: Any, windows: Windows) -> Any:
    n = len(x)
    c = x.shape[1] // windows.count_of_taps()
    columns = x.reshape(n, c, *windows.kernel, *windows.size)
    y = np.zeros((n, c, *windows.inside), x.dtype)
    for tap, out, into in windows.taps():
        y[into] += columns[(slice(None), slice(None), *tap, *out[2:])]
    return y

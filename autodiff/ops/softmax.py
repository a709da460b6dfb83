"""Scores into probabilities: softmax and its logarithm, along any dimension.

After this module a reader knows that the kernels work on the rows of a matrix, and that any other dimension is moved to the
last place first. The gradient of each is an operation with a kernel of its own, so it can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.graph import primitive
from autodiff.ops.exponential import exp
from autodiff.ops.reduce import sum_over


def _by_rows(kernel: Callable[..., Any], axis: int, *arrays: Any) -> Any:
    """Run a kernel for matrices with the given axis as the columns; half precision is computed in single."""
    if not arrays[0].size:
        return np.empty(arrays[0].shape, arrays[0].dtype)
    half = arrays[0].dtype.char == "e"  # float16
    if half:
        arrays = tuple(a.astype(np.float32) for a in arrays)
    if arrays[0].ndim == 2 and axis == 1:
        out = kernel(*arrays)
    else:
        moved = [np.moveaxis(a, axis, -1) if a.ndim else a.reshape(1) for a in arrays]
        shape = moved[0].shape
        n = shape[-1]
        rows = [np.ascontiguousarray(m).reshape(m.size // n if n else 0, n) for m in moved]
        done = kernel(*rows).reshape(shape)
        out = np.ascontiguousarray(np.moveaxis(done, -1, axis)) if arrays[0].ndim else done.reshape(())
    return out.astype(np.float16) if half else out


@primitive(
    lambda g, y, axis: softmax_grad(g, y, axis=axis),
    says="One probability rises at the cost of the others: each score gets y times how far its g lies above the average.",
)
def softmax(x, *, axis):
    """softmax(x): e**x / sum(e**x) along an axis."""
    return _by_rows(_kernels.softmax, axis, x)


@primitive(
    lambda g, y, axis: softmax_grad(g, y, axis=axis),
    lambda g, d, y, axis: g * (d - _total(d * y, axis)) - d * _total(g * y, axis),
    name="SoftmaxBackward",
    says="What softmax does to g it does to each change of g too; and the probabilities move as well.",
)
def softmax_grad(d, y, *, axis):
    """y * (d - sum(d * y)): dL/dx of y = softmax(x), where d = dL/dy."""
    return _by_rows(_kernels.softmax_grad, axis, d, y)


@primitive(
    lambda g, y, axis: log_softmax_grad(g, y, axis=axis),
    says="Each score gets its own g, less its probability times the sum of all g.",
)
def log_softmax(x, *, axis):
    """x - log(sum(e**x)) along an axis."""
    return _by_rows(_kernels.log_softmax, axis, x)


@primitive(
    lambda g, y, axis: g - _total(g * exp(y), axis),
    lambda g, d, y, axis: -g * (exp(y) * _total(d, axis)),
    name="LogSoftmaxBackward",
    says="Each g counts for itself, and in the sum that all scores share.",
)
def log_softmax_grad(d, y, *, axis):
    """d - e**y * sum(d): dL/dx of y = log_softmax(x), where d = dL/dy."""
    return _by_rows(_kernels.log_softmax_grad, axis, d, y)


def _total(x: Any, axis: int) -> Any:
    """sum(x): along the axis, which a 0-d tensor has not."""
    return sum_over(x, axes=tuple(range(x.ndim))[axis : axis + 1], keepdim=True)

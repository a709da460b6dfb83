"""Repeating along a dimension, and summing back: the two operations that the engine itself needs.

After this module a reader knows that the gradient of repeating (broadcasting, expand) is a sum, and how a long sum is added up
without adding up its rounding errors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.graph import primitive

__all__ = ["PAIRWISE", "added_up", "expanded", "in_rows", "sum_to", "widened"]

PAIRWISE = 512  # elements; fewer lose next to nothing


def widened(x: Any) -> Any:
    """float16 as float32, in which PyTorch computes it: something on the way may be too large for it, and the result is not."""
    return x.astype(np.float32) if x.dtype.char == "e" else x


def in_rows(x: Any) -> Any:
    """x, contiguous: NumPy gives many a result the layout of its input, where PyTorch's has a view() in one dimension."""
    return x if x.flags.c_contiguous else x.copy()


def added_up(x: Any, axes: tuple[int, ...], keepdims: Any = False, wide: bool = False) -> Any:
    """The sum of an array over some dimensions, without adding up rounding errors; `wide` leaves float16 as float32.

    NumPy sums neighbours in memory pair by pair, but rows one after the other: 60,000 rows of 0.1 come to 6003.5.
    """
    if x.dtype.kind != "f" or not axes:
        return in_rows(np.add.reduce(x, axis=axes, keepdims=keepdims))
    if x.size > PAIRWISE and x.flags.c_contiguous and x.dtype.char in "fd":
        if x.ndim == 2 and len(axes) == 1 and not keepdims:
            return _kernels.row_sums(x) if axes[0] else _kernels.column_sums(x)
        total = _by_kernel(x, axes)
        if total is not None:
            return total.reshape([1 if d in axes else n for d, n in enumerate(x.shape) if keepdims or d not in axes])
    if x.dtype.char == "e":
        total = in_rows(np.add.reduce(x, axis=axes, keepdims=keepdims, dtype=np.float32))
        return total if wide else total.astype(x.dtype)
    if x.size > PAIRWISE and x.dtype.char == "f" and not _neighbours(x, axes):
        return np.add.reduce(x, axis=axes, keepdims=keepdims, dtype=np.float64).astype(x.dtype, order="C")
    return in_rows(np.add.reduce(x, axis=axes, keepdims=keepdims))


def _by_kernel(x: Any, axes: tuple[int, ...]) -> Any:
    """The sums over rows, over columns, or over both sides of what stands in the middle; None where `axes` are others.

    The kernels add up in double.
    """
    kept = [d for d in range(x.ndim) if d not in axes]
    if not kept:
        return _kernels.row_sums(x.reshape(1, -1))
    first, last = kept[0], kept[-1] + 1
    if len(kept) != last - first:
        return None
    before, after = math.prod(x.shape[:first]), math.prod(x.shape[last:])
    if not first:
        return _kernels.row_sums(x.reshape(-1, after))
    if last == x.ndim:
        return _kernels.column_sums(x.reshape(before, -1))
    return _kernels.channel_sums(x.reshape(before, -1, after))


def _neighbours(x: Any, axes: tuple[int, ...]) -> bool:
    """Whether what is summed lies together in memory, so that NumPy's sum is pairwise."""
    if not x.flags.forc:
        return False
    kept = [s for d, s in enumerate(x.strides) if d not in axes]
    return not kept or max(x.strides[d] for d in axes) < min(kept)


@primitive(
    lambda g, x_shape: expanded(g, shape=x_shape),
    name="SumBackward1",
    says="A sum is as sensitive to each of its parts as to any other, so each gets g unchanged.",
)
def sum_to(x: Any, *, shape: Any) -> Any:
    """x summed to `shape`: over the dimensions along which a tensor of that shape was repeated to give x."""
    lead = x.ndim - len(shape)
    if lead < 0 or any(s != n and s != 1 for s, n in zip(shape, x.shape[lead:])):
        raise RuntimeError(f"a gradient of shape {list(x.shape)} cannot be summed to its tensor's shape {list(shape)}")
    axes = tuple(range(lead)) + tuple(i + lead for i, s in enumerate(shape) if s != x.shape[i + lead])
    return added_up(x, axes).reshape(shape) if axes else x.reshape(shape)


@primitive(
    lambda g, x_shape: sum_to(g, shape=x_shape),
    name="Expand",
    view=True,
    says="A number that is used in several places gets a gradient from each of them, and they are added up.",
)
def expanded(x: Any, *, shape: Any) -> Any:
    """x in every place: repeated to `shape` without copying."""
    out = np.broadcast_to(x, shape)
    out.flags.writeable = x.flags.writeable  # what sees no element twice may be written to
    return out

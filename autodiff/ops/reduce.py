"""Many numbers into fewer: sums, means and products, of everything or along dimensions.

After this module a reader knows that the gradient of a sum is spread evenly over what was summed, and that of a product is
the product of all the others.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.broadcast import PAIRWISE, added_up, expanded, in_rows
from autodiff._core.graph import flat, primitive

# For extremes, order and truth, until they name these things' home themselves.
from autodiff.ops.cumulative import after, before, times
from autodiff.ops.shape import reshape

# ---- what the rules share ----


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with the dimensions `axes` of size 1: what a reduction with keepdim gives."""
    return tuple((n, 1)[i in axes] for i, n in enumerate(shape))


def spread(g: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """g in every place: the gradient of a reduction, given back its dimensions and repeated to the shape that was reduced."""
    return expanded(reshape(g, shape=kept_shape(shape, axes)), shape=shape)


def count(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    """n: how many numbers become one; 1 where there are none."""
    return max(math.prod(shape[a] for a in axes), 1)


def size(shape: tuple[int, ...]) -> int:
    """n: how many numbers there are; 1 where there are none."""
    return max(math.prod(shape), 1)


# ---- sums ----


@primitive(
    lambda g, x_shape: expanded(g, shape=x_shape),
    name="SumBackward0",
    says="Each number counts once, so each gets g unchanged.",
)
def sum_all(x):
    """The sum of all elements."""
    if x.dtype.kind != "f":
        return np.sum(x, dtype=np.int64)
    total = _whole(x)
    return total if total.dtype == x.dtype else total.astype(x.dtype)


def _whole(x: Any) -> Any:
    if x.size <= PAIRWISE and x.dtype.char != "e":  # what most losses are: `added_up` without its questions
        return np.add.reduce(x, axis=None)
    if x.flags.c_contiguous and x.dtype.char in "fd":
        return _kernels.row_sums(x.reshape(1, -1)).reshape(())
    return added_up(x, tuple(range(x.ndim)), wide=True)


@primitive(
    lambda g, x_shape, axes: spread(g, x_shape, axes),
    name="SumBackward1",
    says="Each number counts once in its sum, so each gets that sum's g unchanged.",
)
def sum_over(x, *, axes, keepdim):
    """sum(x): over some dimensions."""
    if x.dtype.kind == "f":
        return added_up(x, axes, keepdim)
    return in_rows(np.sum(x, axis=axes, keepdims=keepdim, dtype=np.int64))


@primitive(
    lambda g, x, axes: spread(g, x.shape, axes) * is_number(x),
    name="Nansum",
    says="Each number that counts gets its sum's g unchanged; what is nan does not count and gets zero.",
)
def nansum_over(x, *, axes, keepdim):
    """The sum over some dimensions, with nan counted as 0."""
    return added_up(np.where(x == x, x, x.dtype.type(0)), axes, keepdim)


@primitive(flat, says="A little step does not turn a number into nan: nothing passes.")
def is_number(x):
    """0 where x is nan, else 1: in x's dtype."""
    return (x == x).astype(x.dtype)


# ---- means ----


@primitive(
    lambda g, x_shape: expanded(g * (1.0 / size(x_shape)), shape=x_shape),
    name="MeanBackward0",
    says="Each of n numbers counts one n-th, so each gets g / n.",
)
def mean_all(x):
    """The mean of all elements."""
    return _share(_whole(x), x.size, x.dtype)


@primitive(
    lambda g, x_shape, axes: spread(g * (1.0 / count(x_shape, axes)), x_shape, axes),
    name="MeanBackward1",
    says="Each of the n numbers of a mean counts one n-th, so each gets g / n.",
)
def mean_over(x, *, axes, keepdim):
    """The mean over some dimensions."""
    return _share(added_up(x, axes, keepdim, wide=True), math.prod(x.shape[a] for a in axes), x.dtype)


def _share(total: Any, n: int, dtype: Any) -> Any:
    if not n:
        return np.full_like(total, np.nan, dtype)  # 0 / 0, of which NumPy would warn
    # A sum of float16 numbers can be too large for one, and their mean is not.
    return total / dtype.type(n) if total.dtype == dtype else (total / np.float32(n)).astype(dtype)


# ---- products ----


@primitive(
    lambda g, x, axes: spread(g, x.shape, axes) * as_quotient(others(x, axes), x, axes=axes, zeros=None),
    name="ProdBackward1",
    says="Each factor gets g times the product of all the others.",
)
def prod_over(x, *, axes, keepdim):
    """The product over some dimensions."""
    return in_rows(np.prod(x, axis=axes, keepdims=keepdim, dtype=None if x.dtype.kind == "f" else np.int64))


@primitive(
    lambda g, x: expanded(g, shape=x.shape)
    * as_quotient(others(x, tuple(range(x.ndim))), x, axes=tuple(range(x.ndim)), zeros=1),
    name="ProdBackward0",
    says="Each factor gets g times the product of all the others.",
)
def prod_all(x):
    """The product of all elements."""
    return np.prod(x, dtype=None if x.dtype.kind == "f" else np.int64)


@primitive(
    lambda g: g,
    flat,
    says="These are the same numbers, so g passes unchanged; where they are nan, so is all that comes of them.",
)
def as_quotient(found, x, *, axes, zeros):
    """The product of the others; where not all is finite, as PyTorch computes it, with nan in its places: product / x.

    With a zero among x it is the products before and after each number; with more of them than `zeros` it is 0.
    """
    product = np.prod(x, axis=axes, keepdims=True)
    if np.isfinite(product).all() and np.isfinite(x).all():
        return found
    nothing = np.count_nonzero(x == 0)
    if not nothing:
        return product / x
    if zeros is not None and nothing > zeros:
        return np.zeros_like(x)
    forward_before, forward_after = before.operation.forward, after.operation.forward
    return (forward_before(x, axes=axes) * forward_after(x, axes=axes)).astype(x.dtype, copy=False)


def others(x: Any, axes: tuple[int, ...]) -> Any:
    """The product of all other x: for each element, along the axes, since a division by it would fail where it is 0."""
    return times(before(x, axes=axes), after(x, axes=axes))

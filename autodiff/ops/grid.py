"""Points among pixels: how a coordinate is brought back into the image, and how fast it moves there.

After this module a reader knows that what is clipped stands still, and what is mirrored moves backwards: such a function is its
values and its slopes, and no more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.graph import primitive
from autodiff.ops.fused import fused

__all__ = ["among_pixels", "clipped", "mapped", "piecewise", "reflected", "scaled"]


@primitive(lambda g, by: scaled(g, by=by), name="Mul", says="A factor on the way there is the same factor on the way back.")
def scaled(x, *, by):
    """x * by: an array of factors that are not tensors."""
    return x * by


@primitive(
    lambda g, slope: scaled(g, by=slope),
    name="GridSampler2D",
    says="Within a piece the function is straight: g times the slope of the piece that the number lies in.",
)
def piecewise(x, *, value, slope):
    """A function of x that is made of straight pieces, by its values and slopes at x."""
    return value.astype(x.dtype, copy=False)


@primitive(
    lambda g, points: pulled_back(g, points=points),
    name="AffineGridGenerator",
    says="A map moves every point: each of its numbers gets g of all the points, times what it multiplies in them.",
)
def mapped(theta, *, points):
    """points @ theta.mT: where each of the maps puts the points."""
    return _kernels.matmul(_for_each(points, theta), np.ascontiguousarray(theta.mT))


@primitive(
    lambda g, points: mapped(g, points=points),
    name="Bmm",
    says="The gradient of a map is a sum over its points, so its own slope puts them through the map that comes in.",
)
def pulled_back(x, *, points):
    """x.mT @ points: what comes in for the points, gathered for each number of the map."""
    return _kernels.matmul(np.ascontiguousarray(x.mT), _for_each(points, x))


def _for_each(points: Any, x: Any) -> Any:
    return np.ascontiguousarray(np.broadcast_to(points, (x.shape[0], *points.shape)))


def among_pixels(x: Any, n: int) -> Any:
    """((x + 1) * n - 1) / 2, rounded as PyTorch does for images: where on n pixels x is, if -1 and 1 are the outer edges."""
    from_edge = (x + x.dtype.type(1)).astype(np.float64)
    found = fused(-0.5, n / 2, from_edge, np.float64)
    return np.where(np.isfinite(found), found, from_edge * (n / 2) - 0.5).astype(x.dtype)  # not finite: too large to take apart


def clipped(x: Any, n: int) -> tuple[Any, Any]:
    """x between 0 and n - 1, and the slope there: 0 at an end and beyond. nan becomes 0."""
    return np.fmin(np.fmax(x, 0), n - 1), ((x > 0) & (x < n - 1)).astype(x.dtype)


def reflected(x: Any, n: int, align_corners: bool) -> tuple[Any, Any]:
    """x mirrored at the middles of the outermost pixels, or at their edges, until it is inside; and the slope, 1 or -1."""
    low, span = (0.0, float(n - 1)) if align_corners else (-0.5, float(n))
    if span == 0:
        return np.zeros_like(x), np.zeros_like(x)
    away = np.abs(x - low)
    turns, rest = np.floor(away / span), np.fmod(away, span)
    even = turns % 2 == 0
    slope = np.where(x < low, -1, 1) * np.where(even, 1, -1)
    inside, kept = clipped(np.where(even, rest + low, span - rest + low).astype(x.dtype, copy=False), n)
    return inside, (slope * kept).astype(x.dtype)

"""Points among pixels: how a coordinate is brought back into the image, how fast it moves there, and what is read around it.

After this module a reader knows that what is clipped stands still, and what is mirrored moves backwards: such a function is its
values and its slopes, and no more. And a sample of an image is linear in its pixels, and in their weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff.ops.embedding import embedding, rows_added
from autodiff.ops.fused import fused
from autodiff.ops.places import blanked
from autodiff.ops.reduce import sum_over
from autodiff.ops.shape import reshape

__all__ = ["among_pixels", "clipped", "mixed", "piecewise", "reflected", "scaled"]


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


def _to_pixels(g: Any, weights: Any, places: Any, nowhere: Any, count: int) -> Any:
    """g of each sample, times the weight of each of its pixels, added up where the pixels are."""
    each = blanked(g * weights, mask=nowhere)
    return rows_added(reshape(each, shape=(*places.shape, 1)), places=places, rows=count, padding=-1, by_frequency=False)


def _to_weights(g: Any, pixels: Any, places: Any, nowhere: Any) -> Any:
    """The sum over the channels of g times the pixel that a weight stands at."""
    read = reshape(embedding(pixels, places=places, padding=-1, by_frequency=False), shape=places.shape)
    return sum_over(g * blanked(read, mask=nowhere), axes=(2,), keepdim=True)


@primitive(
    lambda g, weights, places, nowhere, pixels_shape: _to_pixels(g, weights, places, nowhere, pixels_shape[0]),
    lambda g, pixels, places, nowhere: _to_weights(g, pixels, places, nowhere),
    name="GridSampler2D",
    says="A pixel gets g times the weight that it has in a sample; a weight gets g times the pixel that it stands at.",
)
def mixed(pixels, weights, *, places, nowhere):
    """the sum of weights * pixels[places] over the first dimension: 0 for what is `nowhere`.

    Of k pixels around each of p points: pixels (count, 1), weights and `nowhere` (k, n, 1, p), places (k, n, channels, p).
    """
    read = pixels.reshape(-1).take(places)
    np.copyto(read, 0, where=nowhere)
    read *= weights
    return np.add.reduce(read, axis=0)

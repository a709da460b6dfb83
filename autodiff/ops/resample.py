"""Images in another size: every new number is a weighted sum of a few old ones, along one axis after the other.

After this module a reader knows that all modes of interpolation are one operation, told by its weights alone, and that its
gradient is the transposed sum: each old number collects, with the same weights, from the new ones that it went into.

Note [Bytes]: an image of bytes is computed as image libraries do, in integers. The weights are multiplied by a power of 2, as
large as it can be for the largest of them to stay below 2**15, and rounded; the sums are divided by it, and rounded and cut to
bytes after each axis. Source: the resizing of Pillow, which PyTorch follows.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autodiff import _kernels
from autodiff._core.formats import laid_as
from autodiff._core.graph import primitive, renamed
from autodiff.ops.padding import added_along
from autodiff.ops.places import along


class Taps(NamedTuple):
    """Along an axis, tap by tap: which new places have that tap (all, for None), the old place of each, and its weight."""

    axis: int
    taps: tuple[tuple[Any, Any, Any], ...]
    new: int
    old: int


def _weighted(x: Any, axis: int, weights: Any) -> Any:
    return x * weights.reshape((-1,) + (1,) * (x.ndim - axis - 1))


_SMALL = 128  # up to here a product of matrices is quicker than a sum of so few


def _matrix(each: Any, new: int, old: int, dtype: Any) -> Any:
    """All weights as a matrix (new, old): most of it is zero, so it is for finite numbers only."""
    matrix = np.zeros((new, old), dtype)
    for rows, places, weights in each:
        np.add.at(matrix, (np.arange(new) if rows is None else rows, places), weights.astype(dtype))
    return matrix


def _by_matrix(x: Any, axis: int, matrix: Any) -> Any:
    """The matrix applied along an axis."""
    lead, rest = x.shape[:axis], x.shape[axis + 1 :]
    if not rest:
        rows = np.ascontiguousarray(x).reshape(math.prod(lead), x.shape[axis])
        product = _kernels.matmul(rows, np.ascontiguousarray(matrix.T))
        return product.reshape(*lead, matrix.shape[0])
    each = x.reshape(math.prod(x.shape[:axis]), x.shape[axis], math.prod(rest))
    product = _kernels.matmul(np.broadcast_to(matrix, (len(each), *matrix.shape)), each)
    return product.reshape(*lead, matrix.shape[0], *rest)


@primitive(
    lambda g, taps, x_shape: resampled_back(g, taps=taps),
    name="UpsampleBilinear2DBackward0",
    says="Each old number collects the gradients of the new ones that it is a part of, with its weight there.",
)
def resampled(x, *, taps):
    """The weighted sums of x along some of its axes, the last one first; of bytes as in Note [Bytes]."""
    given = x
    if x.dtype == np.uint8:
        return laid_as(_of_bytes(x, taps), given)
    kept, x = x.dtype, x.astype(np.float32, copy=False) if x.dtype == np.float16 else x
    finite = np.isfinite(x).all()
    for axis, each, new, old in reversed(taps):
        if finite and old <= _SMALL:
            x = _by_matrix(x, axis, _matrix(each, new, old, x.dtype))
            continue
        out = np.zeros((*x.shape[:axis], new, *x.shape[axis + 1 :]), x.dtype)
        for rows, places, weights in each:
            part = _weighted(np.take(x, places, axis), axis, weights.astype(x.dtype))
            if rows is None:
                out += part
            else:
                out[along(axis, rows)] += part
        x = out
    return laid_as(x.astype(kept, copy=False), given)


def _of_bytes(x: Any, taps: Any) -> Any:
    """The weighted sums of bytes by whole weights, rounded to bytes after each axis."""
    for axis, each, new, old in reversed(taps):
        if old == new:
            continue
        weights = _matrix(each, new, old, np.float64)
        bits = 0
        while bits < 22 and int(weights.max() * 2 ** (bits + 1) + 0.5) < 2**15:
            bits += 1
        whole = np.trunc(weights * 2**bits + np.copysign(0.5, weights))
        sums = _by_matrix(x.astype(np.float64), axis, whole)  # exact, as all are whole numbers below 2**53
        x = np.clip(np.floor(sums / 2**bits + 0.5), 0, 255).astype(np.uint8)
    return x


@primitive(
    lambda g, taps: resampled(g, taps=taps),
    name="UpsampleBilinear2DBackwardBackward0",
    says="A number that is a part of several sums, with a weight in each, gets their gradients with these weights.",
)
def resampled_back(x, *, taps):
    """The sums of `x`, by the same weights: the transposed ones, what each old number collects."""
    kept, x = x.dtype, x.astype(np.float32, copy=False) if x.dtype == np.float16 else x
    finite = np.isfinite(x).all()
    for axis, each, new, old in taps:
        if finite and old <= _SMALL:
            x = _by_matrix(x, axis, _matrix(each, new, old, x.dtype).T)
            continue
        out = np.zeros((*x.shape[:axis], old, *x.shape[axis + 1 :]), x.dtype)
        for rows, places, weights in each:
            part = x if rows is None else np.take(x, rows, axis)
            added_along(out, _weighted(part, axis, weights.astype(x.dtype)), axis, places)
        x = out
    return x.astype(kept, copy=False)


# The same operation by the names that PyTorch's nodes have.
upsample_linear1d = renamed(resampled, "UpsampleLinear1DBackward0")
upsample_trilinear3d = renamed(resampled, "UpsampleTrilinear3DBackward0")
upsample_bicubic2d = renamed(resampled, "UpsampleBicubic2DBackward0")
upsample_bilinear2d_aa = renamed(resampled, "UpsampleBilinear2DAaBackward0")
upsample_bicubic2d_aa = renamed(resampled, "UpsampleBicubic2DAaBackward0")
upsample_lanczos2d_aa = renamed(resampled, "UpsampleLanczos2DAaBackward0")
area = renamed(resampled, "AdaptiveAvgPool2DBackward0")


# ---- which old numbers, with which weights ----


def nearest_places(old: int, new: int, scale: float, exact: bool) -> Any:
    """The old place of each new one: floor(i * scale), or with `exact` the one in the middle, floor((i + 1/2) * scale)."""
    at = np.arange(new, dtype=np.float32) + np.float32(0.5 if exact else 0.0)
    return np.minimum(np.floor(at * np.float32(scale)).astype(np.int64), old - 1)


def _sources(new: int, scale: Any, align_corners: bool, real: Any) -> Any:
    """Where each new place lies among the old ones: by the middles of the pixels, or with the corners on one another."""
    at = np.arange(new, dtype=real)
    return at * scale if align_corners else (at + real(0.5)) * scale - real(0.5)


def linear_taps(axis: int, old: int, new: int, scale: Any, align_corners: bool, real: Any) -> Taps:
    """The two neighbours of each new place, each the heavier the nearer it is."""
    if old == new:
        return Taps(axis, ((None, np.arange(new), np.ones(new, real)),), new, old)
    source = np.maximum(_sources(new, scale, align_corners, real), 0)
    low = np.minimum(np.floor(source).astype(np.int64), old - 1)
    share = np.clip(source - low, 0, 1).astype(real)
    return Taps(axis, ((None, low, 1 - share), (None, np.minimum(low + 1, old - 1), share)), new, old)


def _near(x: Any, a: float) -> Any:
    return ((a + 2) * x - (a + 3)) * x * x + 1


def _far(x: Any, a: float) -> Any:
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def cubic_weights(t: Any, a: float = -0.75) -> tuple[Any, Any, Any, Any]:
    """The weights of four neighbours, t behind the second of them: cubic convolution (Keys 1981)."""
    return _far(t + 1, a), _near(t, a), _near(1 - t, a), _far(2 - t, a)


def cubic_taps(axis: int, old: int, new: int, scale: Any, align_corners: bool, real: Any) -> Taps:
    """The four neighbours of each new place; beyond an end the last one is repeated."""
    source = _sources(new, scale, align_corners, real)
    low = np.minimum(np.floor(source).astype(np.int64), old - 1)
    weights = cubic_weights(np.clip(source - low, 0, 1).astype(real))
    return Taps(axis, tuple((None, np.clip(low + k - 1, 0, old - 1), w) for k, w in enumerate(weights)), new, old)


def _triangle(x: Any) -> Any:
    return np.maximum(1 - np.abs(x), 0)


def _cubic(x: Any) -> Any:
    x = np.abs(x)
    return np.where(x < 1, _near(x, -0.5), np.where(x < 2, _far(x, -0.5), 0))


def _lanczos(x: Any) -> Any:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


_FILTERS = {"bilinear": (_triangle, 2), "bicubic": (_cubic, 4), "lanczos": (_lanczos, 6)}


def antialiased_taps(axis: int, old: int, new: int, scale: Any, mode: str, real: Any) -> Taps:
    """All old places below the filter that is laid around each new one, and stretched where the image shrinks."""
    if old == new:  # PyTorch leaves such a dimension as it is, whatever the factor; its backward doesn't
        return Taps(axis, ((None, np.arange(new), np.ones(new, real)),), new, old)
    curve, size = _FILTERS[mode]
    scale = real(scale)
    support = real(size * 0.5) * max(scale, real(1))
    middle = scale * (np.arange(new, dtype=real) + real(0.5))
    first = np.maximum((middle - support + real(0.5)).astype(np.int64), 0)
    count = np.minimum((middle + support + real(0.5)).astype(np.int64), old) - first
    k = np.arange(count.max())
    shrunk = real(1) / max(scale, real(1))
    weights = curve((k + first[:, None] - middle[:, None] + real(0.5)) * shrunk)
    weights = np.where(k < count[:, None], weights, 0).astype(real)
    weights /= weights.sum(1, keepdims=True)
    return Taps(axis, _ragged(first, count, weights), new, old)


def area_taps(axis: int, old: int, new: int, real: Any) -> Taps:
    """All old places that a new one covers, whole or in part, with equal weights."""
    at = np.arange(new)
    first = at * old // new
    count = -(-(at + 1) * old // new) - first
    weights = np.repeat((1 / count).astype(real)[:, None], count.max(initial=0), 1)
    return Taps(axis, _ragged(first, count, weights), new, old)


def _ragged(first: Any, count: Any, weights: Any) -> tuple[tuple[Any, Any, Any], ...]:
    """Taps of which some places have fewer than others. A weight of zero would not do for them: 0 times infinity is nan."""
    taps = []
    for k in range(weights.shape[1]):
        rows = np.flatnonzero(count > k)
        taps.append((None if rows.size == count.size else rows, first[rows] + k, weights[rows, k]))
    return tuple(taps)

"""Pools whose windows are cut so that the output has a given size, and those that stand where the caller says.

After this module a reader knows that window i of `size` over n elements goes from floor(i * n / size) to
ceil((i + 1) * n / size), so that neighbours may share an element. A choice by places is undone by adding at these places.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.formats import laid_as
from autodiff._core.graph import primitive, renamed
from autodiff.ops.pooling import in_single, places_of


def ends(n: int, size: int) -> list[tuple[int, int]]:
    """Where each of `size` windows over n elements begins and ends."""
    return [(i * n // size, -(-(i + 1) * n // size)) for i in range(size)]


# ---- means ----


@primitive(
    lambda g, x_shape: adaptive_avg_spread(g, inside=x_shape[2:]),
    name="AdaptiveAvgPool2D",
    walked_once=True,
    says="Each element of a window has an equal share in its mean; where two windows share it, it gets a share from both.",
)
def adaptive_avg(x, *, size):
    """The mean of each window, one dimension after the other."""
    return laid_as(in_single(_means, x, size), x)


def _means(x: Any, size: tuple[int, ...]) -> Any:
    for d, count in enumerate(size, 2):
        windows = [(x[_part(d, a, b)], x.dtype.type(b - a)) for a, b in ends(x.shape[d], count)]
        parts = [np.add.reduce(window, axis=d, keepdims=True) / n for window, n in windows]
        x = np.concatenate(parts, d) if parts else x[_part(d, 0, 0)]
    return x


adaptive_avg_of_volumes = renamed(adaptive_avg, "AdaptiveAvgPool3D")


@primitive(
    lambda g, x_shape: adaptive_avg(g, size=x_shape[2:]),
    name="AdaptiveAvgPoolBackward",
    says="What was spread over a window comes back as the mean of that window.",
)
def adaptive_avg_spread(x, *, inside):
    """x / its window's count, added at every place of the window."""
    _not_empty(x)
    return in_single(_shares, x, inside)


def _not_empty(g: Any) -> None:
    """RuntimeError for the gradient of an adaptive pool without windows, as in PyTorch."""
    if 0 in g.shape[2:]:
        raise RuntimeError(
            "Expected grad_output to have non-zero size for non-batch dimensions, but grad_output has sizes "
            f"{list(g.shape)}: the pool was told to make nothing"
        )


def _shares(x: Any, inside: tuple[int, ...]) -> Any:
    for d in range(len(inside) + 1, 1, -1):
        y = np.zeros((*x.shape[:d], inside[d - 2], *x.shape[d + 1 :]), x.dtype)
        for i, (a, b) in enumerate(ends(inside[d - 2], x.shape[d])):
            y[_part(d, a, b)] += x[_part(d, i, i + 1)] / x.dtype.type(b - a)
        x = y
    return x


def _part(d: int, a: int, b: int) -> tuple[slice, ...]:
    return (*[slice(None)] * d, slice(a, b))


# ---- the largest: by places in the flattened spatial dimensions ----


@primitive(
    lambda g, places, x_shape: added_in_place(g, places, inside=x_shape[2:]),
    name="FractionalMaxPool2D",
    walked_once=True,
    says="Of each window only the largest element counts, so it alone gets the window's g; all others get 0.",
)
def taken_in_place(x, places):
    """The elements at the places: these are counted through all spatial dimensions."""
    return np.take_along_axis(_flat(x), _flat(places), 2).reshape(places.shape)


def _flat(x: Any) -> Any:
    """x with all spatial dimensions as one."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


taken_in_place_of_volumes = renamed(taken_in_place, "FractionalMaxPool3D")


@primitive(
    lambda g, places, x_shape: adaptive_max_spread(g, places, inside=x_shape[2:]),
    name="AdaptiveMaxPool2D",
    walked_once=True,
    says="Of each window only the largest element counts, so it alone gets the window's g; all others get 0.",
)
def adaptive_max(x, places):
    """The largest elements, which stand at the places."""
    return laid_as(np.take_along_axis(_flat(x), _flat(places), 2).reshape(places.shape), x)


adaptive_max_of_volumes = renamed(adaptive_max, "AdaptiveMaxPool3D")


@primitive(
    lambda g, places: taken_in_place(g, places),
    name="MaxPoolBackward",
    says="What was put in a place gets the gradient of that place.",
)
def added_in_place(x, places, *, inside):
    """x added at the places in zeros."""
    return _added(x, places, inside)


@primitive(
    lambda g, places: adaptive_max(g, places),
    name="AdaptiveMaxPoolBackward",
    says="What was put in a place gets the gradient of that place.",
)
def adaptive_max_spread(x, places, *, inside):
    """x added at the places in zeros; RuntimeError where there are none."""
    _not_empty(x)
    return _added(x, places, inside)


def _added(x: Any, places: Any, inside: tuple[int, ...]) -> Any:
    planes, elements = x.shape[0] * x.shape[1], math.prod(inside)
    first = np.arange(0, planes * elements, elements).reshape(*x.shape[:2], 1)
    sums = np.bincount((_flat(places) + first).reshape(-1), x.reshape(-1), planes * elements)
    return sums.astype(x.dtype).reshape(*x.shape[:2], *inside)


@primitive(
    lambda g, places: taken_in_place(g, places),
    name="MaxUnpool2D",
    walked_once=True,
    says="Each number gets the gradient of the place that it was put in.",
)
def unpooled(x, places, *, size):
    """Zeros with x at the places; of several at one place the last counts."""
    y = np.zeros((*x.shape[:2], *size), x.dtype)
    np.put_along_axis(_flat(y), _flat(places), _flat(x), 2)
    return laid_as(y, x)


unpooled_volumes = renamed(unpooled, "MaxUnpool3D")


@primitive(
    lambda g, y1, windows: added_in_place(g[0], y1, inside=windows.inside),
    name="MaxPool2DWithIndices",
    public="max_pool_with_indices",
    walked_once=True,
    says="Of each window only the largest element counts, so it alone gets the window's g; all others get 0.",
)
def max_pool_with_places(x, *, windows):
    """(the largest of each window, its place): what a max pool gives where the places are asked for."""
    y, taps = _kernels.max_pool(x, windows)
    return laid_as(y, x), laid_as(places_of(taps, windows), x)


max_pool_with_places_of_volumes = renamed(max_pool_with_places, "MaxPool3DWithIndices")


def largest(x: Any, ranges: list[Any]) -> Any:
    """Where the largest of each window stands, counted through the spatial dimensions: the first of equal ones.

    The last nan, where there is one. ranges holds, for each spatial dimension, the (begin, end) of the windows.
    """
    longest = [max((b - a for a, b in each), default=0) for each in ranges]
    if 0 < math.prod(longest) < math.prod(map(len, ranges)):
        return _largest_by_taps(x, ranges, longest)
    places = np.zeros((*x.shape[:2], *map(len, ranges)), np.int64)
    for at in np.ndindex(*map(len, ranges)):
        corner = [ends[i] for ends, i in zip(ranges, at, strict=True)]
        window = x[(slice(None), slice(None), *(slice(a, b) for a, b in corner))]
        best = np.unravel_index(_first_largest(_flat(window)), window.shape[2:])
        places[(slice(None), slice(None), *at)] = np.ravel_multi_index(
            tuple(i + a for i, (a, _) in zip(best, corner, strict=True)), x.shape[2:]
        )
    return places


def _largest_by_taps(x: Any, ranges: list[Any], longest: list[int]) -> Any:
    """The same where windows have fewer elements than there are windows: all first elements at once, then all second ones.

    A window that has no such element gives its last one again, which changes nothing.
    """
    flat, best, places = _flat(x), None, None
    for tap in np.ndindex(*longest):
        at: Any = 0
        for each, t, n in zip(ranges, tap, x.shape[2:], strict=True):
            at = np.expand_dims(at, -1) * n + np.array([min(a + t, b - 1) for a, b in each])
        seen = flat[:, :, at]
        if best is None or places is None:
            best, places = seen, np.broadcast_to(at, seen.shape).copy()
            continue
        larger = (seen > best) | (seen != seen)  # a nan is larger than all
        np.copyto(best, seen, where=larger)
        np.copyto(places, at, where=larger)
    return places


def _first_largest(x: Any) -> Any:
    """Where the largest stands along the last dimension."""
    nan = x != x
    last = x.shape[-1] - 1 - nan[..., ::-1].argmax(-1)
    return np.where(nan.any(-1), last, x.argmax(-1))


def largest_from(x: Any, starts: list[Any], kernel: tuple[int, ...]) -> Any:
    """The same for windows of one size, which begin at other places in each channel: starts (n, c, count) of each."""
    n, c, *inside = x.shape
    counts = [s.shape[2] for s in starts]
    best: Any = None
    places: Any = None
    for tap in np.ndindex(*kernel):
        at = np.zeros((n, c, *[1] * len(kernel)), np.int64)
        for d, (start, t, size) in enumerate(zip(starts, tap, inside, strict=True)):
            shape = [1] * len(kernel)
            shape[d] = counts[d]
            at = at * size + (start + t).reshape(n, c, *shape)
        seen = np.take_along_axis(_flat(x), _flat(at), 2).reshape(at.shape)
        larger = True if best is None else (seen > best) | (seen != seen)  # a nan is larger than all
        best, places = (seen, at) if best is None else (np.where(larger, seen, best), np.where(larger, at, places))
    return places


def fractional_starts(samples: Any, n: int, size: int, kernel: int) -> Any:
    """Where `size` windows over n elements begin, (..., size): evenly, with a random phase; the last ends with the input."""
    starts = np.full((*samples.shape, size), n - kernel, np.int64)
    if size > 1:
        step = samples.dtype.type(n - kernel) / samples.dtype.type(size - 1)
        i = np.arange(size - 1, dtype=samples.dtype)
        starts[..., :-1] = ((i + samples[..., None]) * step).astype(np.int64) - (samples * step).astype(np.int64)[..., None]
    return starts

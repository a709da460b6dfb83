"""A tensor with a border around it: of one value, or of the numbers that are nearest to it.

After this module a reader knows that both are linear. A border of one value is cut off again by the gradient, which is a
padding with negative sizes; where a border repeats numbers, each of them gets back the sum of all gradients at its
repetitions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.formats import laid_as
from autodiff._core.graph import primitive, renamed
from autodiff.ops.places import along


def _cut_back(g: Any, pads: Any) -> Any:
    """g without the border: with a border of the opposite width, zeros where elements had been cut off."""
    return constant_pad(g, pads=tuple((-before, -after) for before, after in pads), value=0)


@primitive(
    lambda g, pads: _cut_back(g, pads),
    name="ConstantPadNdBackward0",
    says="The border is no part of the input: it is cut off the gradient again.",
)
def constant_pad(x, *, pads, value):
    """x with a border of one value: (before, after) for each dimension; a negative one cuts elements off."""
    out = np.full([n + before + after for n, (before, after) in zip(x.shape, pads)], value, x.dtype)
    inner = tuple(slice(max(before, 0), n - max(after, 0)) for n, (before, after) in zip(out.shape, pads))
    out[inner] = x[tuple(slice(max(-before, 0), n - max(-after, 0)) for n, (before, after) in zip(x.shape, pads))]
    return laid_as(out, x)


def _even(places: Any) -> Any:
    """The places as a slice, where they follow evenly: a view instead of a copy."""
    steps = np.diff(places)
    if steps.size and steps[0] > 0 and (steps == steps[0]).all():
        return slice(int(places[0]), int(places[-1]) + 1, int(steps[0]))
    return places


def added_along(out: Any, x: Any, axis: int, places: Any) -> None:
    """out += x at the places along an axis: first what comes first to each place, then what comes second, and so on."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    turn = np.arange(len(ordered)) - np.repeat(first, np.diff(first, append=len(ordered)))
    if turn.max(initial=0) < 8:
        for n in range(turn.max(initial=-1) + 1):
            out[along(axis, _even(ordered[turn == n]))] += x[along(axis, _even(order[turn == n]))]
    else:
        out[along(axis, ordered[first])] += np.add.reduceat(np.take(x, order, axis), first, axis)


@primitive(
    lambda g, pairs, x_shape: repeated_back(g, pairs=pairs, shape=x_shape),
    name="CopySlices!",
    walked_once=True,
    says="A number that is repeated gets the gradients of all its repetitions, added up.",
)
def repeated(x, *, pairs):
    """x at the places along some of its axes: (axis, places) pairs, a place as often as it is repeated."""
    given = x
    for axis, at in pairs:
        times, over = divmod(len(at), x.shape[axis])
        if not over and np.array_equal(at, np.repeat(np.arange(x.shape[axis]), times)):
            x = np.repeat(x, times, axis)
        else:
            x = np.take(x, at, axis)
    return laid_as(x, given)


@primitive(
    lambda g, pairs: repeated(g, pairs=pairs),
    name="CopySlicesBackward",
    says="Each number gets the gradient of the place that it is added at.",
)
def repeated_back(x, *, pairs, shape):
    """x added up at the places it came from, in zeros: of `shape`, along some axes."""
    for axis, at in reversed(pairs):
        out = np.zeros((*x.shape[:axis], shape[axis], *x.shape[axis + 1 :]), x.dtype)
        added_along(out, x, axis, at)
        x = out
    return x


# The same operation by the names that PyTorch's nodes have.
reflection_pad1d = renamed(repeated, "ReflectionPad1DBackward0")
reflection_pad2d = renamed(repeated, "ReflectionPad2DBackward0")
reflection_pad3d = renamed(repeated, "ReflectionPad3DBackward0")
replication_pad1d = renamed(repeated, "ReplicationPad1DBackward0")
replication_pad2d = renamed(repeated, "ReplicationPad2DBackward0")
replication_pad3d = renamed(repeated, "ReplicationPad3DBackward0")
upsample_nearest1d = renamed(repeated, "UpsampleNearest1DBackward0", walked_once=False)
upsample_nearest2d = renamed(repeated, "UpsampleNearest2DBackward0", walked_once=False)
upsample_nearest3d = renamed(repeated, "UpsampleNearest3DBackward0", walked_once=False)
upsample_nearest_exact1d = renamed(repeated, "UpsampleNearestExact1DBackward0", walked_once=False)
upsample_nearest_exact2d = renamed(repeated, "UpsampleNearestExact2DBackward0", walked_once=False)
upsample_nearest_exact3d = renamed(repeated, "UpsampleNearestExact3DBackward0", walked_once=False)

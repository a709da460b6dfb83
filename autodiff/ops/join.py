"""Tensors joined to one, and one cut into several: cat and stack, split and unbind.

After this module a reader knows that each is the other's gradient: what was joined is cut again, and what was cut is joined.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.formats import channels_follow_last, laid_as
from autodiff._core.graph import primitive
from autodiff.ops.places import along, span, viewed


@primitive(
    lambda g, starts, axis, xs_shape, i: viewed(g, index=span(axis, starts[i], xs_shape[i][axis])),
    name="Cat",
    variadic=True,
    says="Each of the tensors gets back the stretch of the gradient that it became.",
)
def cat(*xs, axis, starts):
    """`xs` joined along `axis`: one after the other; `starts` are the places where they begin."""
    y = np.concatenate(xs, axis=axis)
    if y.ndim > 3 and xs[0].strides[1] <= xs[0].strides[-1] and all(map(channels_follow_last, xs)):
        return laid_as(y, xs[0])
    return np.ascontiguousarray(y)  # NumPy keeps any order in memory that all inputs have, PyTorch none but channels_last


def _in_one_batch(xs: tuple[Any, ...]) -> Any:
    """The images one batch after the other, channels last as they are."""
    return laid_as(np.concatenate(xs), xs[0]).reshape(len(xs), *xs[0].shape)


@primitive(
    lambda g, axis, i: viewed(g, index=along(axis, i)),
    name="Stack",
    variadic=True,
    says="Each of the tensors gets back the slice of the gradient that it became.",
)
def stack(*xs, axis):
    """`xs` stacked along `axis`: a new one."""
    if not axis and xs[0].ndim > 3 and all(map(channels_follow_last, xs)):
        return _in_one_batch(xs)
    return np.ascontiguousarray(np.stack(xs, axis))


@primitive(
    lambda g, axis, stops: cat(*g, axis=axis, starts=[0, *stops]),
    name="Split",
    view=True,
    says="The gradients of the parts are joined again, in the same order.",
)
def split(x, *, axis, stops):
    """x cut before each of the stops along an axis: views."""
    return tuple(np.split(x, stops, axis))


@primitive(
    lambda g, axis: stack(*g, axis=axis),
    name="Unbind",
    view=True,
    says="The gradients of the slices are stacked again, in the same order.",
)
def unbind(x, *, axis):
    """The slices of x along an axis, without it: views."""
    return tuple(np.moveaxis(x, axis, 0)[i, ...] for i in range(x.shape[axis]))

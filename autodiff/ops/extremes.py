"""The largest, the smallest and the middle, and elements in order.

After this module a reader knows who gets the gradient of a maximum: the element that was chosen, or all that are equal to it in
equal shares; and that the gradient of sorting goes back to where each element came from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.broadcast import expanded, in_rows
from autodiff._core.graph import flat, primitive
from autodiff.ops.places import scattered
from autodiff.ops.reduce import kept_shape, spread
from autodiff.ops.shape import reshape


@primitive(flat, flat, says="A little step does not change which elements are the extreme: nothing passes.")
def shares(x, extreme, *, axes):
    """1/n where x == extreme, else 0: n elements are equal to the extreme over the dimensions `axes` (None: all)."""
    equal = x == extreme
    if axes is None:  # a nan is equal to nan here, and in amax and amin makes all of the gradient nan, as in PyTorch
        equal |= (x != x) & (extreme != extreme)
    return (equal / np.add.reduce(equal, axis=axes, keepdims=True)).astype(x.dtype)


@primitive(
    lambda g, x, y: expanded(g, shape=x.shape) * shares(x, y, axes=None),
    name="MaxBackward1",
    says="Only the largest element gets g; where several are equally large, they share it.",
)
def max_all(x):
    """The largest element."""
    return np.max(x)


@primitive(
    lambda g, x, y: expanded(g, shape=x.shape) * shares(x, y, axes=None),
    name="MinBackward1",
    says="Only the smallest element gets g; where several are equally small, they share it.",
)
def min_all(x):
    """The smallest element."""
    return np.min(x)


@primitive(
    lambda g, x, y: expanded(g, shape=x.shape) * shares(x, y, axes=None),
    name="Median",
    says="Only the element in the middle gets g; equal ones share it.",
)
def median_all(x):
    """The middle element, the lower of two; nan where there is one."""
    middle = x.size - 1 if x.dtype.kind == "f" and np.isnan(x).any() else (x.size - 1) // 2
    return np.partition(x, middle, None)[middle]


@primitive(
    lambda g, x, y: expanded(g, shape=x.shape) * shares(x, y, axes=None),
    name="NanmedianBackward0",
    says="Only the element in the middle gets g, nan not counted; equal ones share it.",
)
def nanmedian_all(x):
    """The middle element of those that are not nan, the lower of two; nan where there is no other."""
    numbers = x[x == x]
    return np.partition(numbers, (numbers.size - 1) // 2, None)[(numbers.size - 1) // 2] if numbers.size else x.flat[0]


def _shared(g: Any, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
    """g / n where x == y, else 0: the gradient of the extremes over some dimensions, shared by the n equal elements."""
    return spread(g, x.shape, axes) * shares(x, reshape(y, shape=kept_shape(x.shape, axes)), axes=axes)


@primitive(
    lambda g, x, y, axes: _shared(g, x, y, axes),
    name="Amax",
    says="Only the largest elements get their g; equal ones share it.",
)
def amax(x, *, axes, keepdim):
    """The largest elements over some dimensions; equal ones share the gradient."""
    return in_rows(np.max(x, axis=axes, keepdims=keepdim))


@primitive(
    lambda g, x, y, axes: _shared(g, x, y, axes),
    name="Amin",
    says="Only the smallest elements get their g; equal ones share it.",
)
def amin(x, *, axes, keepdim):
    """The smallest elements over some dimensions; equal ones share the gradient."""
    return in_rows(np.min(x, axis=axes, keepdims=keepdim))


def _back_to(g: Any, places: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """g at `places` along dimension `axis`, in zeros: where the dimension has gone, g gets it back first."""
    return scattered(reshape(g, shape=places.shape), axis=axis, places=places, shape=shape)


@primitive(
    lambda g, places, axis, x_shape: _back_to(g[0], places, axis, x_shape),
    name="MaxBackward0",
    walked_once=True,
    says="The gradient goes to the elements that were chosen; all others get 0.",
)
def chosen(x, *, places, axis, keepdim):
    """(values, places): the elements at the places that max, sort or topk found along an axis."""
    values = np.take_along_axis(x, places, axis)
    if keepdim:
        return values, places.copy()  # copies: the user may write into them, and the gradient needs the places
    return values.squeeze(axis), places.squeeze(axis).copy()

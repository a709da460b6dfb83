"""The same numbers in another shape: views where the memory allows, copies elsewhere.

After this module a reader knows that the gradient of a new shape is the old one: the same numbers, put back in the shape and
the order of dimensions that they came from.
"""

from __future__ import annotations

import numpy as np

from autodiff._core.formats import axes_in, copied, laid_as
from autodiff._core.graph import primitive
from autodiff._core.inplace import method
from autodiff._core.memory import order_of_copy

# ---- other shapes of the same memory ----


@primitive(
    lambda g, x_shape: reshape(g, shape=x_shape),
    name="View",
    view="maybe",
    says="Each number only changes its place: the gradient that comes back from there is its own.",
)
def reshape(x, *, shape):
    """x reshaped to `shape`."""
    return x.reshape(shape)


@primitive(
    lambda g, x_shape: reshape(g, shape=x_shape),
    name="UnsafeView",
    says="Each number only changes its place: the gradient that comes back from there is its own.",
)
def reshape_copy(x, *, shape):
    """x's elements in another shape, in memory of their own."""
    return x.reshape(shape)


@primitive(
    lambda g, x_shape: reshape(g, shape=x_shape),
    name="SqueezeBackward0",
    view=True,
    says="The numbers stay the same without a dimension of size 1: the gradient gets it back.",
)
def squeeze(x, *, shape):
    """x without some of its dimensions of size 1."""
    return x.reshape(shape)


@primitive(
    lambda g, x_shape: reshape(g, shape=x_shape),
    name="UnsqueezeBackward0",
    view=True,
    says="The numbers stay the same with one more dimension of size 1: the gradient loses it again.",
)
def unsqueeze(x, *, axis):
    """x with a new dimension of size 1."""
    return np.expand_dims(x, axis)


# ---- exchanging dimensions ----


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The inverse of `axes`: the order that brings each dimension back."""
    return tuple(int(i) for i in np.argsort(axes))


@primitive(
    lambda g, axes: permute(g, axes=_inverse(axes)),
    name="Permute",
    view=True,
    says="The dimensions change their order on the way there, and change back on the way back.",
)
def permute(x, *, axes):
    """x with its dimensions ordered by `axes`."""
    return x.transpose(axes)


@primitive(
    lambda g, a, b: transpose(g, a=a, b=b),
    name="Transpose",
    view=True,
    says="Rows become columns on the way there, and become rows again on the way back.",
)
def transpose(x, *, a, b):
    """x with dimensions `a` and `b` exchanged."""
    return x.swapaxes(a, b)


@primitive(
    lambda g: t(g), name="T", view=True, says="Rows become columns on the way there, and become rows again on the way back."
)
def t(x):
    """x.T: the transpose of a matrix, a vector as it is."""
    return x.T


# ---- copies ----


@method
@primitive(lambda g: g, says="A copy is as large as the original: g passes unchanged.")
def clone(input, *, memory_format=None):
    """A copy in memory of its own, in the graph.

    >>> import autodiff as torch
    >>> torch.clone(torch.tensor([1.0]))
    tensor([1.])
    """
    axes = None if memory_format is None else axes_in("clone", memory_format, input.ndim)
    if axes is not None:
        return copied(input, axes)
    copy = np.array(input, order=order_of_copy(input))
    return copy if input.ndim < 4 else laid_as(copy, input)


@primitive(lambda g: g, name="Clone", says="A copy is as large as the original: g passes unchanged.")
def compact(x, *, axes=None):
    """A copy of x in row-major order, or with the dimensions `axes` in this order in memory."""
    if axes is None:
        return np.array(x, order="C")
    return np.array(x.transpose(axes), order="C").transpose(np.argsort(axes))

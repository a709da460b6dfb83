"""Numbers written over others: at rows, at places in a row of all elements, where a mask holds, over a view.

After this module a reader knows that it is always the same: what is overwritten gets a gradient of zero, and what is written
there gets the gradient that comes back from its place.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff.ops.places import added_into, blanked, indexed, placed, viewed, zeroed
from autodiff.ops.shape import reshape
from autodiff.ops.triangle import diagonal


@primitive(
    lambda g, index: zeroed(g, index=index),
    lambda g, index: viewed(g, index=index),
    name="SliceScatter",
    says="What is overwritten gets zero; what is written in its place gets the gradient from there.",
)
def written_at(x, src, *, index):
    """x with src, of the shape of x[index], written over that view of it: a basic index."""
    out = x.copy()
    out[index] = src
    return out


@primitive(
    lambda g, offset, a, b: off_diagonal(g, offset=offset, a=a, b=b),
    lambda g, offset, a, b: diagonal(g, offset=offset, a=a, b=b),
    name="DiagonalScatter",
    says="What is overwritten gets zero; what is written on the diagonal gets the gradient from there.",
)
def written_on_diagonal(x, src, *, offset, a, b):
    """x with src written over a diagonal of it."""
    out = x.copy()
    diagonal.operation.forward(out, offset=offset, a=a, b=b)[...] = src
    return out


@primitive(
    lambda g, offset, a, b: off_diagonal(g, offset=offset, a=a, b=b),
    says="What was kept gets its gradient; the diagonal was made zero and gets none.",
)
def off_diagonal(x, *, offset, a, b):
    """x with zeros on a diagonal."""
    out = x.copy()
    diagonal.operation.forward(out, offset=offset, a=a, b=b)[...] = 0
    return out


# ---- in a row of all elements ----


@primitive(
    lambda g, places: zeroed_flat(g, places=places),
    lambda g, places: taken(g, places=places),
    name="Put",
    says="What is overwritten gets zero; what is written in its place gets the gradient from there.",
)
def put_flat(x, source, *, places):
    """x with the source, of the shape of the places, written at places counted in a row of all elements."""
    out = np.array(x, order="C")
    out.reshape(-1)[places] = source
    return out


@primitive(
    lambda g: g,
    lambda g, places: taken(g, places=places),
    name="Put",
    says="A sum at some places: the old numbers get g unchanged, the new ones the gradient of their places.",
)
def put_added_flat(x, source, *, places):
    """x with the source added at places counted in a row of all elements."""
    out = np.array(x, order="C")
    added_into(out.reshape(-1), (places,), source)
    return out


@primitive(
    lambda g, places: zeroed_flat(g, places=places),
    says="What is overwritten no longer matters and gets zero; all other numbers get g unchanged.",
)
def zeroed_flat(x, *, places):
    """x with zeros at the places: counted in a row of all elements."""
    out = np.array(x, order="C")
    out.reshape(-1)[places] = 0
    return out


@primitive(
    lambda g, places, x_shape: put_in_zeros(g, places=places, shape=x_shape),
    says="What was taken gets its gradient back in its place, summed where it was taken twice; the rest gets zero.",
)
def taken(x, *, places):
    """The elements of `x` at the places: counted in a row of all elements, and in the shape of the places."""
    return np.asarray(x.reshape(-1)[places])


@primitive(lambda g, places: taken(g, places=places), says="Each number gets the gradient of the place it is added at.")
def put_in_zeros(x, *, places, shape):
    """x added at the places it came from, in zeros: of `shape`, the places counted in a row of all elements."""
    out = np.zeros(shape, x.dtype)
    added_into(out.reshape(-1), (places,), x)
    return out


# ---- where a mask holds ----


@primitive(
    lambda g, mask: blanked(g, mask=mask),
    lambda g, mask, count, source_shape: _back_to_source(g, mask, count, source_shape),
    name="MaskedScatter",
    says="Where the mask holds, the next number of the source gets g; elsewhere the number that is still there does.",
)
def masked_scatter(x, source, *, mask, count):
    """x with the first numbers of the source, one after the other, at the places where the mask holds: so many, `count`."""
    out = x.copy()
    out[mask] = source.reshape(-1)[:count]
    return out


def _back_to_source(g: Any, mask: Any, count: int, shape: tuple[int, ...]) -> Any:
    """g where the mask holds, in a row: and zeros for the numbers of the source that were not needed."""
    chosen = indexed(g, index=(mask,))
    return reshape(placed(chosen, index=(slice(count),), shape=(math.prod(shape),)), shape=shape)

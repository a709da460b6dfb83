"""Rows of a matrix by their numbers: what turns words into vectors, alone or summed in bags.

After this module a reader knows that an embedding is a product with one-hot rows that is never carried out, and that its
gradient adds each vector's g onto the row it was read from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.broadcast import widened
from autodiff._core.graph import primitive
from autodiff.ops.places import index_select
from autodiff.ops.reduce import sum_over
from autodiff.ops.shape import unsqueeze

OFTEN = 1000  # how many times a row may be named, on average, before its sum is taken in double


def _as_counted(rows: Any, places: Any, padding: int, by_frequency: bool) -> Any:
    """Each row times what its place counts in the gradient: one over how often it is named; that of the padding is 0.

    Not 0 times the row: a nan there, as the mean over padding alone has it, counts nothing either.
    """
    if by_frequency:
        _, which, counts = np.unique(places, return_inverse=True, return_counts=True)
        rows = rows * (1.0 / counts)[which.reshape(places.shape)][..., None].astype(rows.dtype)
    return np.where((places == padding)[..., None], rows.dtype.type(0), rows) if padding >= 0 else rows


@primitive(
    lambda g, places, padding, by_frequency, weight_shape: rows_added(
        g, places=places, rows=weight_shape[0], padding=padding, by_frequency=by_frequency
    ),
    says="Each row gets the gradients of all places where it was read, added up; the row of the padding gets none.",
)
def embedding(weight, *, places, padding, by_frequency):
    """weight[places]: a row for each place. `padding` (-1: none) and `by_frequency` say how places count in the gradient."""
    if places.size and places.min() < 0:
        raise IndexError(f"index out of range in self: found {places.min()} among the indices of {len(weight)} embeddings")
    try:
        return weight.take(places, 0)
    except IndexError:
        raise IndexError(
            f"index out of range in self: found {places.max()} among the indices of {len(weight)} embeddings"
        ) from None


@primitive(
    lambda g, places, padding, by_frequency: shared_rows(g, places=places, padding=padding, by_frequency=by_frequency),
    name="EmbeddingDenseBackward",
    says="Each number gets the gradient of the row that it was added to, as far as its place counts.",
)
def rows_added(d, *, places, rows, padding, by_frequency):
    """d added up in `rows` rows of zeros: each of its vectors in the row that its place names, times what that place counts."""
    columns, places = d.shape[-1], places.reshape(-1)
    wide = _as_counted(widened(d).reshape(len(places), columns), places, padding, by_frequency)
    out = np.zeros((rows, columns), wide.dtype)
    if len(places) <= OFTEN * rows:
        out = _kernels.add_rows(out, places, wide)
    elif columns:  # in double, since the sums are long
        order = places.argsort(kind="stable")
        named = places[order]
        starts = np.flatnonzero(np.diff(named, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(places)], strict=True):
            out[named[start]] = _kernels.column_sums(wide[order[start:end]])
    return out.astype(d.dtype, copy=False)


@primitive(
    lambda g, places, padding, by_frequency, weight_shape: rows_added(
        g, places=places, rows=weight_shape[0], padding=padding, by_frequency=by_frequency
    ),
    name="EmbeddingDenseBackward",
    says="Each row gets the gradients of all places where it was read, added up, as far as they count.",
)
def shared_rows(weight, *, places, padding, by_frequency):
    """weight[places], each row times what its place counts in a gradient."""
    return _as_counted(weight.take(places, 0), places, padding, by_frequency)


# ---- summed in bags ----


def _scaled(g: Any, scale: Any, bags: Any) -> Any:
    """g of each place's bag, times `scale`."""
    return index_select(g, axis=0, places=bags) * unsqueeze(scale, axis=1)


def _met(g: Any, weight: Any, places: Any, bags: Any) -> Any:
    """The sum of g · weight: for each place, g of its bag and the row that it names."""
    rows = index_select(weight, axis=0, places=places)
    return sum_over(index_select(g, axis=0, places=bags) * rows, axes=(1,), keepdim=False)


@primitive(
    lambda g, scale, places, bags, by_frequency, weight_shape: rows_added(
        _scaled(g, scale, bags), places=places, rows=weight_shape[0], padding=-1, by_frequency=by_frequency
    ),
    lambda g, weight, places, bags: _met(g, weight, places, bags),
    says="Every row in a bag gets the bag's g, times the scale that it has there.",
)
def embedding_bag(weight, scale, *, places, bags, count, by_frequency):
    """The sum of scale * weight[places] in each of `count` bags: `bags` says which one a place is in, in rising order."""
    out = np.zeros((count, weight.shape[1]), weight.dtype)
    if len(places):
        starts = np.flatnonzero(np.diff(bags, prepend=-1))
        rows = weight.take(places, 0) * scale[:, None]
        wide = np.float32 if rows.dtype.char == "e" else rows.dtype
        out[bags[starts]] = np.add.reduceat(rows, starts, 0, dtype=wide)
    return out


def largest_in_bags(weight: Any, places: Any, bags: Any, count: int) -> Any:
    """For each bag and column the row that has the largest number there, the first of equals; 0 for a bag without places."""
    winners = np.zeros((count, weight.shape[1]), np.int64)
    if len(places):
        starts = np.flatnonzero(np.diff(bags, prepend=-1))
        rows = weight.take(places, 0)
        named = bags[starts]
        largest = np.zeros((count, weight.shape[1]), weight.dtype)
        largest[named] = np.maximum.reduceat(rows, starts, 0)
        found = largest[bags]
        hit = (rows == found) | ((rows != rows) & (found != found))
        first = np.where(hit, np.arange(len(places))[:, None], len(places))
        winners[named] = places[np.minimum.reduceat(first, starts, 0)]
    return winners

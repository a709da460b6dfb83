"""Several numbers brought together at one place: their sum, mean, product, largest and smallest.

After this module a reader knows that a reduction over places has the gradient of the reduction over a dimension: the mean
shares it evenly, a product multiplies it by all the others, and the largest takes all of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import flat, primitive
from autodiff.ops.places import added_into, blanked, gather, grid_of, row_of

# ---- the pieces: `lost` says where the old number x does not count ----


def lost_at(shape: tuple[int, ...], axis: int, places: Any, include: bool) -> Any:
    """Where the old numbers are overwritten: at the places along an axis, and nowhere if they are included."""
    lost = np.zeros(shape, np.bool_)
    if not include and places.size:
        row_of(lost)[grid_of(row_of(places), axis)] = True
    return lost


def _together(combine: Any, x: Any, value: Any, axis: int, places: Any) -> Any:
    """x, into which each value is combined at its place; x itself is changed."""
    if places.size:
        combine.at(row_of(x), grid_of(row_of(places), axis), value)
    return x


def _counts(x: Any, axis: int, places: Any, lost: Any) -> Any:
    """How many numbers come together at each place, at least 1."""
    one = x.dtype.type(1)
    return np.maximum(_together(np.add, np.where(lost, x.dtype.type(0), one), one, axis, places), one)


@primitive(
    lambda g, axis, places, lost: shared(g, axis=axis, places=places, lost=lost),
    says="Each number is divided by a count, and so is its gradient.",
)
def shared(x, *, axis, places, lost):
    """x / n: n numbers come together at each place."""
    return x / _counts(x, axis, places, lost)


@primitive(flat, flat, says="A little step does not change which numbers are the extreme: nothing passes.")
def winners(x, extreme):
    """1 where x == extreme, else 0."""
    return (x == extreme).astype(x.dtype)


@primitive(
    flat, lambda g, axis, places: flat(gather(g, axis=axis, places=places)),
    says="A little step does not change how many numbers are the extreme: nothing passes.",
)
def share(own, values, *, axis, places):
    """1 / n: there are n winners at a place, among the old numbers, `own`, and the values."""
    return 1 / _together(np.add, own.copy(), values, axis, places)


# ---- factors that are zero: a product cannot be divided by them ----


@primitive(
    lambda g, x: where_solid(g, x), flat, says="Where the other number is zero nothing passes; elsewhere g passes unchanged."
)
def where_solid(value, x):
    """`value` where x is not 0, else 0."""
    return np.where(x != 0, value, value.dtype.type(0))


@primitive(lambda g, x: where_solid(g, x), says="Where x is zero, a one stands and nothing passes; elsewhere g passes.")
def solid(x):
    """x where x is not 0, else 1."""
    return np.where(x != 0, x, x.dtype.type(1))


def _only_zeros(value: Any, axis: int, places: Any) -> tuple[Any, Any]:
    """Where a value is the only zero at its place, and whether there are several at some place."""
    zero = np.asarray(value == 0)
    longest = [int(places.max()) + 1 if d == axis and places.size else n for d, n in enumerate(places.shape)]
    zeros = _together(np.add, np.zeros(longest if places.ndim else 1, np.int64), zero, axis, places)
    mine = gather.operation.forward(zeros, axis=axis, places=places)
    return zero & (mine == 1), (zero & (mine > 1)).any()


@primitive(
    lambda g, value, axis, places: where_only_zero(g, value, axis=axis, places=places),
    flat,
    says="Where the other number is the only zero at its place, g passes unchanged; elsewhere nothing does.",
)
def where_only_zero(x, value, *, axis, places):
    """x where `value` is the only zero at its place, else 0."""
    return np.where(_only_zeros(value, axis, places)[0], x, x.dtype.type(0))


@primitive(
    lambda g, value, axis, places: where_others(g, value, axis=axis, places=places),
    flat,
    says="Where the other number is the only zero at its place nothing passes; elsewhere g passes unchanged.",
)
def where_others(x, value, *, axis, places):
    """0 where `value` is the only zero at its place, else x."""
    return np.where(_only_zeros(value, axis, places)[0], x.dtype.type(0), x)


@primitive(
    lambda g, value, axis, places: where_others(g, value, axis=axis, places=places),
    says="The only zero at a place became a one, through which nothing passes; elsewhere g passes unchanged.",
)
def one_for_only_zero(value, *, axis, places):
    """1 where `value` is the only zero at its place, else value."""
    return np.where(_only_zeros(value, axis, places)[0], value.dtype.type(1), value)


@primitive(
    lambda g, value, axis, places: one_zero_at_most(g, value, axis=axis, places=places),
    flat,
    says="g passes unchanged; several zeros at one place have no second derivative.",
)
def derived_once(x, value, *, axis, places):
    """x: what is differentiated a second time only if at most one factor at each place is zero."""
    return x


@primitive(
    lambda g, value, axis, places: one_zero_at_most(g, value, axis=axis, places=places),
    flat,
    says="The numbers stay as they are: g passes unchanged.",
)
def one_zero_at_most(x, value, *, axis, places):
    """x: RuntimeError where several values at one place are zero."""
    if _only_zeros(value, axis, places)[1]:
        raise RuntimeError(
            "scatter_reduce(): Double backward is unsupported for src when >1 zeros in src are scattered to the same position "
            "in self"
        )
    return x


# ---- the five reductions ----


@primitive(
    lambda g, lost: blanked(g, mask=lost),
    lambda g, axis, places: gather(g, axis=axis, places=places),
    name="ScatterReduce",
    walked_once=True,
    says="A sum at some places: each number that takes part gets the gradient of its place.",
)
def scattered_sum(x, value, *, axis, places, lost):
    """x + the values at each place along an axis; without x where it is lost."""
    out = np.where(lost, x.dtype.type(0), x)
    if places.size:
        added_into(row_of(out), grid_of(row_of(places), axis), value)
    return out


@primitive(
    lambda g, axis, places, lost: blanked(shared(g, axis=axis, places=places, lost=lost), mask=lost),
    lambda g, axis, places, lost: gather(shared(g, axis=axis, places=places, lost=lost), axis=axis, places=places),
    name="ScatterReduce",
    walked_once=True,
    says="The n numbers of a mean get 1/n of the gradient each.",
)
def scattered_mean(x, value, *, axis, places, lost):
    """The mean of x and the values at each place along an axis; without x where it is lost."""
    total = scattered_sum.operation.forward(x, value, axis=axis, places=places, lost=lost)
    counts = _counts(x, axis, places, lost)
    return total / counts if x.dtype.kind == "f" else total // counts


def _others_than_x(g: Any, x: Any, value: Any, axis: int, places: Any, lost: Any) -> Any:
    """g times the product of the other factors: not by division by x, which may be zero."""
    others = scattered_prod(solid(x), value, axis=axis, places=places, lost=lost) / solid(x)
    return blanked(g * others, mask=lost)


def _others_than_values(g: Any, x: Any, value: Any, y: Any, axis: int, places: Any, lost: Any) -> Any:
    """g times the product of the other factors: the quotient, and where the value is the only zero the product without it."""
    quotients = gather(g * y, axis=axis, places=places) / solid(value)
    rest = scattered_prod(x, one_for_only_zero(value, axis=axis, places=places), axis=axis, places=places, lost=lost)
    without = where_only_zero(gather(g * rest, axis=axis, places=places), value, axis=axis, places=places)
    both = where_others(quotients, value, axis=axis, places=places) + without
    return derived_once(both, value, axis=axis, places=places)


@primitive(
    lambda g, x, value, axis, places, lost: _others_than_x(g, x, value, axis, places, lost),
    lambda g, x, value, y, axis, places, lost: _others_than_values(g, x, value, y, axis, places, lost),
    name="ScatterReduce",
    says="A factor's slope is the product of all the other factors at its place.",
)
def scattered_prod(x, value, *, axis, places, lost):
    """The product of x and the values at each place along an axis; without x where it is lost."""
    return _together(np.multiply, np.where(lost, x.dtype.type(1), x), value, axis, places)


def _extreme_of_x(g: Any, x: Any, value: Any, y: Any, axis: int, places: Any, lost: Any) -> Any:
    """g / n where x is one of n extremes, else 0."""
    own, others = winners(x, y), winners(value, gather(y, axis=axis, places=places))
    return blanked(g * own * share(own, others, axis=axis, places=places), mask=lost)


def _extreme_of_values(g: Any, x: Any, value: Any, y: Any, axis: int, places: Any) -> Any:
    """g / n where the value is one of n extremes, else 0."""
    own, others = winners(x, y), winners(value, gather(y, axis=axis, places=places))
    return others * gather(g * share(own, others, axis=axis, places=places), axis=axis, places=places)


@primitive(
    lambda g, x, value, y, axis, places, lost: _extreme_of_x(g, x, value, y, axis, places, lost),
    lambda g, x, value, y, axis, places: _extreme_of_values(g, x, value, y, axis, places),
    name="ScatterReduce",
    says="Only the largest number at a place gets its g; equal ones share it.",
)
def scattered_amax(x, value, *, axis, places, lost):
    """The largest of x and the values at each place along an axis; without x where it is lost."""
    return _together(np.maximum, np.where(lost, _lowest(x.dtype), x), value, axis, places)


@primitive(
    lambda g, x, value, y, axis, places, lost: _extreme_of_x(g, x, value, y, axis, places, lost),
    lambda g, x, value, y, axis, places: _extreme_of_values(g, x, value, y, axis, places),
    name="ScatterReduce",
    says="Only the smallest number at a place gets its g; equal ones share it.",
)
def scattered_amin(x, value, *, axis, places, lost):
    """The smallest of x and the values at each place along an axis; without x where it is lost."""
    return _together(np.minimum, np.where(lost, _highest(x.dtype), x), value, axis, places)


def _lowest(dtype: Any) -> Any:
    return dtype.type(-np.inf if dtype.kind == "f" else False if dtype.kind == "b" else np.iinfo(dtype).min)


def _highest(dtype: Any) -> Any:
    return dtype.type(np.inf if dtype.kind == "f" else True if dtype.kind == "b" else np.iinfo(dtype).max)

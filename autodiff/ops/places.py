"""Reading at a place, and adding at that place in zeros: three pairs, each of them the other's gradient.

After this module a reader knows the gradient of everything that chooses elements, from x[1] to max and sort: what comes back is
added where it was taken from, and the rest is zero. The places are *basic* (ints, slices, None, Ellipsis), which gives a view,
*advanced* (lists, integer arrays, masks), or one number per element *along an axis*.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.broadcast import in_rows
from autodiff._core.graph import primitive
from autodiff.ops.no_slope import no_slope


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """`part` along `axis`: the index that takes an int, a slice or an array there, and everything of the other dimensions."""
    return (*[slice(None)] * axis, part, ...)


def span(axis: int, start: int, length: int) -> tuple[Any, ...]:
    """the stretch from `start` along `axis`: the index of `length` places."""
    return along(axis, slice(start, start + length))


# ---- basic: ints, slices, None, Ellipsis ----


@primitive(
    lambda g, index, x_shape: placed(g, index=index, shape=x_shape),
    name="Slice",
    view=True,
    says="What was taken gets its gradient back in its place; what was left out gets zero.",
)
def viewed(x, *, index):
    """x[index]: for ints, slices, None and Ellipsis, a view."""
    return x[index]


@primitive(
    lambda g, index: viewed(g, index=index),
    name="SliceBackward",
    says="Each number gets the gradient of the place it is put in.",
)
def placed(x, *, index, shape):
    """x put at `index` in zeros: a basic index, and zeros of `shape`."""
    out = np.zeros(shape, x.dtype)
    out[index] = x
    return out


# ---- advanced: lists, integer arrays, masks ----


@primitive(
    lambda g, index, x_shape: added_at(g, index=index, shape=x_shape),
    name="Index",
    walked_once=True,
    says="What was taken gets its gradient back in its place, summed where it was taken twice; the rest gets zero.",
)
def indexed(x, *, index):
    """x[index]: for lists, integer arrays and masks, a copy."""
    try:
        out = x[index]
    except IndexError as error:
        if "broadcast" not in str(error):
            raise
        shapes = ", ".join(str(list(p.shape)) for p in index if isinstance(p, np.ndarray))
        raise IndexError(f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}") from None
    # NumPy lays the chosen dimension out first. PyTorch does not, and keeps the order that the other dimensions have in x.
    return out if out.flags.c_contiguous or not _ordered(x, index) else out.copy()


def _ordered(x: Any, index: Any) -> bool:
    """Whether the dimensions of x that `index` leaves whole, all but those chosen from, follow in memory as in the shape."""
    if x.flags.c_contiguous:
        return True
    whole, d = [], 0
    for part in index:
        if isinstance(part, slice):
            whole.append(d)
        d += part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1
    steps = [x.strides[d] for d in (*whole, *range(d, x.ndim)) if x.shape[d] > 1]
    return steps == sorted(steps, reverse=True)


@primitive(
    lambda g, index: indexed(g, index=index), name="IndexPut", says="Each number gets the gradient of the place it is added at."
)
def added_at(x, *, index, shape):
    """x added at `index` in zeros: an advanced index, repeated places summed, and zeros of `shape`."""
    out = np.zeros(shape, x.dtype)
    if all(not isinstance(p, np.ndarray) or p.dtype.kind == "b" for p in index):
        out[index] = x  # a mask names no place twice
    else:
        added_into(out, index, x)
    return out


def added_into(out: Any, index: Any, x: Any) -> None:
    """out[index] += x: where a place is named several times, all of it is added.

    Floats are counted into their places, many times faster than by np.add.at, and summed in double. Not so a few among many.
    """
    if out.dtype.kind != "f" or 4 * np.size(x) < out.size:
        np.add.at(out, index, x)
        return
    places = np.arange(out.size).reshape(out.shape)[index]
    sums = np.bincount(places.reshape(-1), np.broadcast_to(x, places.shape).reshape(-1), out.size)
    out += sums.reshape(out.shape).astype(out.dtype, copy=False)


@primitive(
    lambda g, axis, places, x_shape: added_at(g, index=along(axis, places), shape=x_shape),
    name="IndexSelect",
    says="A row that was taken gets its gradient back, summed where it was taken twice; a row left out gets zero.",
)
def index_select(x, *, axis, places):
    """The slices of x at the places along an axis: x[..., places, ...] with its elements in row-major order."""
    return np.take(x, places, axis)


# ---- along an axis: a place for every element ----


def grid_of(places: Any, axis: int) -> tuple[Any, ...]:
    """`places` along `axis`: the index of these elements, for every place its own row and column in the other dimensions."""
    grid = np.indices(places.shape, sparse=True)
    return (*grid[:axis], places, *grid[axis + 1 :])


def row_of(x: Any) -> Any:
    """x, seen as a row of one element where it has no dimensions."""
    return x if x.ndim else x.reshape(1)


@primitive(
    lambda g, axis, places, x_shape: scattered(g, axis=axis, places=places, shape=x_shape),
    name="Gather",
    says="What was taken gets its gradient back in its place, summed where it was taken twice; the rest gets zero.",
)
def gather(x, *, axis, places):
    """x at `places` along `axis`: a place for each element of the result; the other dimensions of x may be longer."""
    if not places.size:
        return np.empty(places.shape, x.dtype)
    return in_rows(row_of(x)[grid_of(row_of(places), axis)]).reshape(places.shape)


@primitive(
    lambda g, axis, places: gather(g, axis=axis, places=places),
    name="GatherBackward",
    says="Each number gets the gradient of the place it is added at.",
)
def scattered(x, *, axis, places, shape):
    """x added at `places` along `axis` in zeros: zeros of `shape`."""
    out = np.zeros(shape, x.dtype)
    if places.size:
        added_into(row_of(out), grid_of(row_of(places), axis), x)
    return out


# ---- writing into what is there, not into zeros ----


def _deepened(x: Any, ndim: int) -> Any:
    """x: with leading dimensions of size 1, since a value may have more of them than the place it is written to."""
    return viewed(x, index=(*(None,) * (ndim - x.ndim), ...))


def misfit(x: Any, value: Any, index: Any) -> RuntimeError:
    return RuntimeError(
        f"shape mismatch: value tensor of shape {list(value.shape)} cannot be broadcast to indexing result of shape "
        f"{list(x[index].shape)}"
    )


@primitive(
    lambda g, index: zeroed(g, index=index),
    lambda g, index, value_shape: _deepened(indexed(g, index=index), len(value_shape)),
    name="IndexPut",
    walked_once=True,
    says="What is overwritten gets zero; what is written in its place gets the gradient from there.",
)
def put(x, value, *, index):
    """x with the value written at an advanced index."""
    out = x.copy()
    try:
        out[index] = value
    except (TypeError, ValueError):
        lead = value.ndim - x[index].ndim
        if lead <= 0 or value.shape[:lead] != (1,) * lead:
            raise misfit(x, value, index) from None
        return put.operation.forward(x, value.reshape(value.shape[lead:]), index=index)  # NumPy refuses these with a mask
    return out


@primitive(
    lambda g: g,
    lambda g, index, value_shape: _deepened(indexed(g, index=index), len(value_shape)),
    name="IndexPut",
    says="A sum at some places: the old numbers get g unchanged, the new ones the gradient of their places.",
)
def put_added(x, value, *, index):
    """x with the value added at an advanced index."""
    out = x.copy()
    try:
        added_into(out, index, value)
    except ValueError:
        raise misfit(x, value, index) from None
    return out


@primitive(
    lambda g, index: zeroed(g, index=index),
    name="IndexPut",
    walked_once=True,
    says="What is overwritten no longer matters and gets zero; all other numbers get g unchanged.",
)
def zeroed(x, *, index):
    """x with zeros at `index`: an advanced one."""
    out = x.copy()
    out[index] = 0
    return out


@primitive(
    lambda g, axis, places: scatter(g, 0.0, axis=axis, places=places),
    lambda g, axis, places: gather(g, axis=axis, places=places),
    name="Scatter",
    says="What is overwritten gets zero; what is written in its place gets the gradient from there.",
)
def scatter(x, value, *, axis, places):
    """x with `value` at `places` along `axis`: a number, or as many as there are places."""
    out = x.copy()
    row_of(out)[grid_of(row_of(places), axis)] = value
    return out


@primitive(
    lambda g: g,
    lambda g, axis, places: gather(g, axis=axis, places=places),
    name="ScatterAdd",
    says="A sum at some places: the old numbers get g unchanged, the new ones the gradient of their places.",
)
def scatter_add(x, value, *, axis, places):
    """x with the value added at the places along an axis."""
    out = x.copy()
    added_into(row_of(out), grid_of(row_of(places), axis), value)
    return out

_no_slope = no_slope("derivative for aten::scatter is not implemented with reduce=; use scatter_add(), which has one")


@primitive(
    _no_slope, _no_slope, name="NotImplemented", says="PyTorch has no derivative for this; use scatter_add, which has one."
)
def scatter_reduced(x, value, *, axis, places, combine):
    """x with the value added to, or multiplied with, what is at the places along an axis: `combine` is NumPy's function."""
    out = x.copy()
    combine.at(row_of(out), grid_of(row_of(places), axis), value)
    return out


@primitive(
    lambda g, mask: blanked(g, mask=mask),
    lambda g, mask: blanked(g, mask=~mask),
    name="MaskedFillBackward1",
    says="Where the mask holds, the value gets g; elsewhere the number that is still there does.",
)
def masked_fill(x, value, *, mask):
    """x with the value where the mask holds."""
    return np.where(mask, value, x).astype(x.dtype, copy=False)


@primitive(
    lambda g, mask: blanked(g, mask=mask),
    name="MaskedFillBackward0",
    says="Where the mask holds, a zero stands and nothing passes; elsewhere g passes unchanged.",
)
def blanked(x, *, mask):
    """0 where mask, else x."""
    return np.where(mask, 0, x).astype(x.dtype, copy=False)

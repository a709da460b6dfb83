"""Memory seen through other steps: as_strided, and the windows that slide along a dimension.

After this module a reader knows that a view may show a number in several places; its gradient is the sum over all of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff._core.memory import memory_order

Geometry = tuple[tuple[int, ...], tuple[int, ...]]  # the sizes of a tensor, and its steps in elements

# ---- where elements are in memory ----


def memory_of(x: Any) -> tuple[Any, int]:
    """(the array that owns x's memory, in the order of memory; the byte in it where x begins)."""
    owner = x
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    begin = x.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    if not owner.flags.c_contiguous:  # a copy lies in the order of what it was copied from
        owner = owner.transpose(memory_order(owner.strides))
    return owner, begin


def geometry_of(x: Any) -> Geometry:
    """The sizes and steps of an array; a step that is never taken counts as 0."""
    return x.shape, tuple(s // x.itemsize if n > 1 else 0 for n, s in zip(x.shape, x.strides))


def _places(size: tuple[int, ...], stride: tuple[int, ...], start: int) -> Any:
    """Where each element is, counted from the first element of another tensor."""
    places = np.full(size, start)
    for d, (n, step) in enumerate(zip(size, stride)):
        places += (np.arange(n) * step).reshape(-1, *[1] * (len(size) - d - 1))
    return places


def _both(size: Any, stride: Any, start: int, geometry: Geometry) -> tuple[Any, Any, int]:
    """(places of the view, places of the tensor, how many there are), both counted from the lowest."""
    seen, own = _places(size, stride, start), _places(*geometry, 0)
    lowest = min((int(p.min()) for p in (seen, own) if p.size), default=0)
    highest = max((int(p.max()) for p in (seen, own) if p.size), default=-1)
    return seen - lowest, own - lowest, highest - lowest + 1


def shows_more(size: Any, stride: Any, start: int, geometry: Geometry) -> bool:
    """Whether what is seen with other steps reaches memory that the tensor itself does not show."""
    seen, own, _ = _both(size, stride, start, geometry)
    return not np.isin(seen, own).all()


def _summed(x: Any, places: Any, count: int) -> Any:
    """x, a gradient, summed into its places in a row of zeros."""
    return np.bincount(places.reshape(-1), x.reshape(-1), count).astype(x.dtype)


def _times(places: Any, count: int) -> Any:
    """How often each place is named, at least 1."""
    return np.maximum(np.bincount(places.reshape(-1), minlength=count), 1)


# ---- any steps ----


@primitive(
    lambda g, size, stride, start, geometry: unstrided(g, size=size, stride=stride, start=start, geometry=geometry),
    name="AsStrided",
    view=True,
    says="A number gets the gradients from all the places where the view shows it, added up.",
)
def strided(x, *, size, stride, start, geometry):
    """x seen with other sizes and steps, from the element `start` after its first: the steps of x itself are in `geometry`."""
    if geometry_of(x) != geometry:
        raise RuntimeError("as_strided: the view could not be followed in a copy of its base; clone() it before changing it")
    owner, begin = memory_of(x)  # counted in bytes, since the owner may be of another dtype, and x begin inside of its element
    begin += start * x.itemsize
    needed = begin + (sum((n - 1) * step for n, step in zip(size, stride)) + 1) * x.itemsize if math.prod(size) else 0
    if needed > owner.nbytes or begin < 0:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {begin // x.itemsize}, and itemsize "
            f"{x.itemsize} requiring a storage size of {needed} are out of bounds for storage of size {owner.nbytes}"
        )
    begin = min(begin, owner.nbytes)  # what has no elements may begin anywhere
    return np.ndarray(size, x.dtype, owner, begin, [step * x.itemsize for step in stride])


@primitive(
    lambda g, size, stride, start, geometry: restrided(g, size=size, stride=stride, start=start, geometry=geometry),
    name="AsStridedBackward",
    says="Each number gets the gradient of the place it is added at.",
)
def unstrided(x, *, size, stride, start, geometry):
    """x summed to where it was seen: in zeros of the sizes in `geometry`; elements of one place share the sum."""
    seen, own, count = _both(size, stride, start, geometry)
    return (_summed(x, seen, count) / _times(own, count)).astype(x.dtype)[own]


@primitive(
    lambda g, size, stride, start, geometry: unstrided(g, size=size, stride=stride, start=start, geometry=geometry),
    says="A number gets the gradients from all the places where it is shown, added up.",
)
def restrided(x, *, size, stride, start, geometry):
    """x as it is seen with other sizes and steps: as a copy, whatever the layout of x."""
    seen, own, count = _both(size, stride, start, geometry)
    return (_summed(x, own, count) / _times(own, count)).astype(x.dtype)[seen]


@primitive(
    lambda g, size, stride, start, geometry: hidden(g, size=size, stride=stride, start=start, geometry=geometry),
    lambda g, size, stride, start, geometry: restrided(g, size=size, stride=stride, start=start, geometry=geometry),
    name="AsStridedScatter",
    says="What is overwritten gets zero; what is written in its place gets the gradient from there.",
)
def written_strided(x, src, *, size, stride, start, geometry):
    """x with src over what the view shows: what is seen of it with other sizes and steps."""
    seen, own, count = _both(size, stride, start, geometry)
    row = np.zeros(count, x.dtype)
    row[own] = x
    row[seen] = src
    return row[own]


@primitive(
    lambda g, size, stride, start, geometry: hidden(g, size=size, stride=stride, start=start, geometry=geometry),
    says="What is overwritten gets zero; all other numbers get g unchanged.",
)
def hidden(x, *, size, stride, start, geometry):
    """x with zeros over what the view shows: what is seen of it with other sizes and steps."""
    return written_strided.operation.forward(x, 0, size=size, stride=stride, start=start, geometry=geometry)


# ---- windows ----


@primitive(
    lambda g, axis, size, step, x_shape: unwindowed(g, axis=axis, size=size, step=step, shape=x_shape),
    name="Unfold",
    view=True,
    says="A number gets the gradients from all the windows that it is in, added up.",
)
def windows(x, *, axis, size, step):
    """The windows of `size` elements along `axis`, one every `step`: the window is the last dimension."""
    n = max((x.shape[axis] - size) // step + 1, 0)
    shape = (*x.shape[:axis], n, *x.shape[axis + 1 :], size)
    strides = (*x.strides[:axis], x.strides[axis] * step, *x.strides[axis + 1 :], x.strides[axis])
    return np.lib.stride_tricks.as_strided(x, shape, strides)


@primitive(
    lambda g, axis, size, step: windows(g, axis=axis, size=size, step=step),
    name="UnfoldBackward",
    says="Each number gets the gradient of the place it is added at.",
)
def unwindowed(x, *, axis, size, step, shape):
    """x summed to where its windows lie along `axis`: in zeros of `shape`."""
    out = np.zeros(shape, x.dtype)
    n = x.shape[axis]
    for k in range(size):
        part = (*[slice(None)] * axis, slice(k, k + step * n, step))
        out[part] += x[..., k]
    return out

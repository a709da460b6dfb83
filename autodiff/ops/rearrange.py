"""Elements in other places: repeated, rolled, flipped, turned.

After this module a reader knows that the gradient of moving elements is moving them back, and of repeating them adding up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.broadcast import sum_to
from autodiff._core.formats import laid_as
from autodiff._core.graph import primitive
from autodiff.ops.shape import reshape


def _pairs(times: tuple[int, ...], shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(how often, size) of each dimension side by side, and the same with every "how often" 1."""
    sizes = (1,) * (len(times) - len(shape)) + shape
    return tuple(n for pair in zip(times, sizes) for n in pair), tuple(n for size in sizes for n in (1, size))


def _folded(g: Any, times: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """g summed over the repetitions: to the shape that was repeated."""
    spread, single = _pairs(times, shape)
    return reshape(sum_to(reshape(g, shape=spread), shape=single), shape=shape)


@primitive(
    lambda g, times, x_shape: _folded(g, times, x_shape),
    name="Repeat",
    says="A number that is repeated gets a gradient from each copy, and they are added up.",
)
def repeat(x, *, times):
    """x repeated times[i] times along each dimension, in new memory."""
    return np.array(np.tile(x, times), order="C", copy=None)


def _back(shifts: tuple[int, ...]) -> tuple[int, ...]:
    """-shifts: the way back."""
    return tuple(-s for s in shifts)


@primitive(
    lambda g, shifts, axes: roll(g, shifts=_back(shifts), axes=axes),
    name="Roll",
    says="The gradient is rolled back the same way.",
)
def roll(x, *, shifts, axes):
    """x moved on by `shifts` along `axes`; what falls off comes in again."""
    return laid_as(np.array(np.roll(x, shifts, axes), order="C", copy=None), x)


def _order(x: Any) -> Any:
    """Of a copy, as PyTorch makes it: the order of dimensions in memory stays, but for what repeats in its memory."""
    return "C" if 0 in x.strides else "K"


@primitive(lambda g, axes: flip(g, axes=axes), name="Flip", says="The gradient is turned round again.")
def flip(x, *, axes):
    """x in reverse order along `axes`."""
    return np.flip(x, axes).copy(_order(x))


@primitive(
    lambda g, k, a, b: rot90(g, k=-k, a=a, b=b), name="Rot90", says="The gradient makes the same turns in the other direction."
)
def rot90(x, *, k, a, b):
    """x turned by `k` quarters from dimension `a` towards `b`."""
    return np.array(np.rot90(x, k, (a, b)), order=_order(x) if k % 4 else "C")

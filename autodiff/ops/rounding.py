"""Rounding, signs, and nan made a number: functions made of steps.

After this module a reader knows why nothing is learned through rounding: between its steps the slope is 0, and at them there is
none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.broadcast import widened
from autodiff._core.graph import flat, primitive
from autodiff._core.inplace import method


def not_for_bools(array: Any, name: str) -> None:
    """NotImplementedError for an array of bools, as PyTorch has no such kernel for them."""
    if array.dtype.kind == "b":
        raise NotImplementedError(f"\"{name}\" not implemented for 'Bool': make the bools numbers with .float() or .long()")


@method(inplace=True)
@primitive(flat, says="Between its steps nothing moves, so nothing is learned through rounding.")
def floor(input):
    """The largest whole number that is not larger.

    >>> import autodiff as torch
    >>> torch.floor(torch.tensor([1.5, -1.5]))
    tensor([ 1., -2.])
    """
    not_for_bools(input, "floor")
    return np.floor(input).astype(input.dtype, copy=False)


@method(inplace=True)
@primitive(flat, says="Between its steps nothing moves, so nothing is learned through rounding.")
def ceil(input):
    """The smallest whole number that is not smaller.

    >>> import autodiff as torch
    >>> torch.ceil(torch.tensor([1.5, -1.5]))
    tensor([ 2., -1.])
    """
    not_for_bools(input, "ceil")
    return np.ceil(input).astype(input.dtype, copy=False)


@method(inplace=True)
@primitive(flat, says="Between its steps nothing moves, so nothing is learned through rounding.")
def trunc(input):
    """The whole part, towards zero.

    >>> import autodiff as torch
    >>> torch.trunc(torch.tensor([1.5, -1.5]))
    tensor([ 1., -1.])
    """
    not_for_bools(input, "trunc")
    return np.trunc(input).astype(input.dtype, copy=False)


@method(inplace=True)
@primitive(lambda g: g, says="Between the whole numbers the fraction moves as the number does: g passes unchanged.")
def frac(input):
    """x - trunc(x).

    >>> import autodiff as torch
    >>> torch.frac(torch.tensor([1.5, -1.25]))
    tensor([ 0.5000, -0.2500])
    """
    if input.dtype.kind != "f":
        raise NotImplementedError(f'"frac" not implemented for {input.dtype}: whole numbers have no fraction')
    return input - np.trunc(input)


@method(inplace=True)
@primitive(flat, says="Between its steps nothing moves, so nothing is learned through rounding.")
def round(input, *, decimals=0):
    """The nearest whole number, halves to the even one; with `decimals`, the nearest such fraction.

    >>> import autodiff as torch
    >>> torch.round(torch.tensor([0.5, 1.5, -0.7]))
    tensor([ 0.,  2., -1.])
    """
    not_for_bools(input, "round")
    return np.round(widened(input), decimals).astype(input.dtype, copy=False)


@method(inplace=True)
@primitive(flat, says="The sign does not move with a little step: nothing passes.")
def sign(input):
    """-1, 0 or 1, as the sign of each element; 0 for nan, as in PyTorch.

    >>> import autodiff as torch
    >>> torch.sign(torch.tensor([3.0, -2.0, 0.0]))
    tensor([ 1., -1.,  0.])
    """
    if input.dtype.kind == "b":
        return input.copy()
    return np.subtract(input > 0, input < 0, dtype=input.dtype)


@primitive(
    lambda g, input: g * isfinite_mask(input),
    name="NanToNum",
    says="Finite numbers pass g unchanged; what was replaced gets zero.",
)
def nan_to_num(input, *, nan=0.0, posinf=None, neginf=None):
    """nan and the infinities replaced: the infinities by the largest and smallest finite numbers where none is given."""
    return np.nan_to_num(input, nan=nan, posinf=posinf, neginf=neginf)


@primitive(flat, says="A little step makes nothing infinite: nothing passes.")
def isfinite_mask(x):
    """1 where x is finite, else 0: in x's dtype."""
    return np.isfinite(x).astype(x.dtype)

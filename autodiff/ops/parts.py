"""The parts of a number: its sign, and as a float its mantissa, its exponent and its neighbours.

After this module a reader knows which of them have a slope. A sign has none. A mantissa and a number scaled by a power of two
have that power's; the sign that a number takes from another turns its slope around.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.broadcast import widened
from autodiff._core.graph import flat, primitive
from autodiff._core.inplace import method
from autodiff._core.promotion import tensor_to_floating, tensors_to_common, tensors_to_floating, to_floating
from autodiff.ops.comparison import where
from autodiff.ops.exponential import exp2
from autodiff.ops.no_slope import no_slope

_LN2 = math.log(2.0)

# ---- signs ----


@method(inplace=True)
@primitive(flat, walked_once=True, says="The sign does not move with a little step: nothing passes.")
def sgn(input):
    """-1, 0 or 1, as the sign of each element: `sign`, whose name for complex numbers this is.

    >>> import autodiff as torch
    >>> torch.sgn(torch.tensor([3.0, -2.0, 0.0]))
    tensor([ 1., -1.,  0.])
    """
    return input.copy() if input.dtype.kind == "b" else np.subtract(input > 0, input < 0, dtype=input.dtype)


@method
@primitive()
def signbit(input):
    """Whether the sign is negative: a bool tensor, True also for -0.0.

    >>> import autodiff as torch
    >>> torch.signbit(torch.tensor([1.0, -0.0, -2.0]))
    tensor([False,  True,  True])
    """
    return np.signbit(input) if input.dtype.kind == "f" else np.less(input, 0)


@method
@primitive()
def isposinf(input):
    """Where the element is positive infinity: a bool tensor.

    >>> import autodiff as torch
    >>> torch.isposinf(torch.tensor([1.0, float("inf"), -float("inf")]))
    tensor([False,  True, False])
    """
    return np.equal(input, np.inf)


@method
@primitive()
def isneginf(input):
    """Where the element is negative infinity: a bool tensor.

    >>> import autodiff as torch
    >>> torch.isneginf(torch.tensor([1.0, float("inf"), -float("inf")]))
    tensor([False, False,  True])
    """
    return np.equal(input, -np.inf)


@method(inplace=True)
@primitive(
    lambda g, input, other: g * turned(input, other),
    flat,
    promote=tensor_to_floating,
    says="Where the sign was kept, g passes unchanged; where it was turned, g is turned too; what gave the sign gets zero.",
)
def copysign(input, other):
    """The size of `input` with the sign of `other`, a tensor or a number; at 0 the slope is taken as 0.

    >>> import autodiff as torch
    >>> torch.copysign(torch.tensor([1.0, -2.0]), -3)
    tensor([-1., -2.])
    """
    return np.copysign(input, other)


@primitive(flat, flat, says="Signs stay as they are in a little step: nothing passes.")
def turned(a, b):
    """the turn from a to b: -1 where their signs differ, else 1; 0 where a is 0, nan where it is nan."""
    return (np.sign(a) * np.copysign(1, b)).astype(a.dtype, copy=False)

_no_slope = no_slope("derivative for aten::heaviside is not implemented; a step has no slope to learn from")


def _equal_dtypes(values: list[Any], dtype: Any) -> None:
    if values[0].dtype != values[1].dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes; convert one with x.to(dtype)")


@method(inplace=True)
@primitive(
    _no_slope,
    _no_slope,
    promote=tensors_to_common,
    check=_equal_dtypes,
    says="A step is flat on both sides and has no slope at the jump, and PyTorch refuses to give it a gradient.",
)
def heaviside(input, values):
    """0 where `input` is negative or nan, 1 where it is positive, and `values` where it is 0.

    RuntimeError where the dtypes differ. As in PyTorch it has no derivative, and a backward through it is a RuntimeError.

    >>> import autodiff as torch
    >>> torch.heaviside(torch.tensor([-1.0, 0.0, 2.0]), torch.tensor([0.5]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return np.where(input == 0, values, np.greater(input, 0).astype(input.dtype))


# ---- the larger and the smaller, where a nan is not looked at ----


@method
@primitive(
    lambda g, input, other: where(foremost(input, other), g, 0.0),
    lambda g, input, other: where(foremost(input, other), 0.0, g),
    promote=tensors_to_common,
    says="Only the larger of the two gets g, the first where they are equal; what is nan gets zero.",
)
def fmax(input, other):
    """The larger of each pair; of a number and nan the number. Of equal ones the first gets the gradient.

    >>> import autodiff as torch
    >>> torch.fmax(torch.tensor([1.0, float("nan")]), torch.tensor([3.0, 2.0]))
    tensor([3., 2.])
    """
    return np.where((input >= other) | (other != other), input, other)


@method
@primitive(
    lambda g, input, other: where(foremost(-input, -other), g, 0.0),
    lambda g, input, other: where(foremost(-input, -other), 0.0, g),
    promote=tensors_to_common,
    says="Only the smaller of the two gets g, the first where they are equal; what is nan gets zero.",
)
def fmin(input, other):
    """The smaller of each pair; of a number and nan the number. Of equal ones the first gets the gradient.

    >>> import autodiff as torch
    >>> torch.fmin(torch.tensor([1.0, float("nan")]), torch.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """
    return np.where((input <= other) | (other != other), input, other)


@primitive()
def foremost(a, b):
    """a >= b: and wherever b is nan."""
    return (a >= b) | (b != b)


@primitive()
def apart(a, b):
    """a != b: whether there is a next float on the way from a to b."""
    return a != b


# ---- floats as they lie in memory ----


@method(inplace=True)
@primitive(
    lambda g, input, other: where(apart(input, other), g, 0.0),
    flat,
    promote=tensors_to_common,
    says="The next float moves along with the number: g passes unchanged, except where the two are equal.",
)
def nextafter(input, other):
    """The float next to `input` in the direction of `other`.

    >>> import autodiff as torch
    >>> torch.nextafter(torch.tensor(1.0), torch.tensor(2.0)).item() - 1
    1.1920928955078125e-07
    """
    if input.dtype.kind != "f":
        raise NotImplementedError(f'"nextafter" not implemented for {input.dtype}: whole numbers have no neighbours in between')
    return np.where(input == other, other, np.nextafter(input, other))  # 0.0 on the way to -0.0 is there


@method(inplace=True)
@primitive(
    lambda g, other: g * exp2(other),
    lambda g, y: g * (y * _LN2),
    promote=tensors_to_floating,
    says="The number gets g times the power of two; the exponent's slope is the result times log 2.",
)
def ldexp(input, other):
    """input * 2**other.

    >>> import autodiff as torch
    >>> torch.ldexp(torch.tensor([0.5, 3.0]), torch.tensor([3, 1]))
    tensor([4., 6.])
    """
    return input * np.exp2(other)


@primitive(
    lambda g, y1: ldexp(g[0], -y1),
    says="The mantissa is the number over a power of two, and so is its gradient; the exponent is a whole number and has none.",
)
def frexp(x):
    """(mantissa, exponent) with x = mantissa * 2**exponent."""
    mantissa, exponent = np.frexp(widened(x))
    return mantissa.astype(x.dtype, copy=False), exponent.astype(np.int32, copy=False)


@primitive(flat, promote=to_floating, says="Along the real numbers the angle only jumps, where the sign does: nothing passes.")
def angle(input):
    """0 where x is not negative, pi where it is, and nan where it is nan."""
    return np.where(input != input, input, np.where(input < 0, input.dtype.type(np.pi), input.dtype.type(0)))

"""Sums, products and quotients: the operations that a formula is written with.

After this module a reader has seen the shape of every operation: the forward in NumPy, one partial per input above
it. Inputs of different shapes broadcast; the rules need not know, because the engine sums each gradient back to the
shape of its input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.broadcast import widened
from autodiff._core.graph import flat, primitive
from autodiff._core.inplace import method
from autodiff._core.promotion import to_common, to_floating
from autodiff.ops.no_slope import no_slope
from autodiff.ops.rounding import not_for_bools, sign

# ---- sums and products ----


@primitive(
    lambda g: g,
    lambda g: g,
    promote=to_common,
    numbers=True,
    says="A sum moves exactly as much as each of its parts, so both get g unchanged.",
)
def add(input, other):
    """input + other."""
    return np.add(input, other)


def no_bools(values: list[Any], dtype: Any = None) -> None:
    """RuntimeError where one of the values is a bool: they are not subtracted."""
    if any(isinstance(v, bool) or getattr(v, "dtype", None) == np.bool_ for v in values):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead; a bool becomes a number with .float() or .long()."
        )


@primitive(
    lambda g: g,
    lambda g: -g,
    promote=to_common,
    numbers=True,
    check=no_bools,
    says="The first part gets g; the second pulls the other way and gets −g.",
)
def sub(input, other):
    """input - other."""
    if input.dtype.kind == "b":
        no_bools([input, other])
    return np.subtract(input, other)


@method(inplace=True)
@primitive(
    lambda g, other: g * other,
    lambda g, input: g * input,
    promote=to_common,
    numbers=True,
    says="Each factor gets g times the other factor: the bigger your partner, the more you matter.",
)
def mul(input, other):
    """The elementwise product, input * other. Shapes broadcast; the dtype is PyTorch's common type.

    >>> import autodiff as torch
    >>> torch.mul(torch.tensor([1.0, 2.0]), 3)
    tensor([3., 6.])
    """
    return np.multiply(input, other)


@method(inplace=True)
@primitive(lambda g: -g, silent=False, says="Whatever x gains, −x loses: it gets −g.")
def neg(input):
    """-input.

    >>> import autodiff as torch
    >>> torch.neg(torch.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """
    if input.dtype.kind == "b":
        raise RuntimeError("Negation, the `-` operator, on a bool tensor is not supported. Use the `~` operator instead.")
    return np.negative(input)


@method(inplace=True)
@primitive(lambda g, input: g * sign(input), says="g passes where x is positive, −g where it is negative, 0 where it is 0.")
def abs(input):
    """|input|; the slope at 0 is taken as 0.

    >>> import autodiff as torch
    >>> torch.abs(torch.tensor([1.0, -2.0]))
    tensor([1., 2.])
    """
    not_for_bools(input, "abs")
    return np.abs(input)


# ---- quotients and remainders ----


@primitive(
    lambda g, other: g / other,
    lambda g, input, other: -g * (input / other / other),
    promote=to_floating,
    numbers=True,
    says="Divided by a number, a change is divided by it too; a larger divisor makes the result smaller, so it gets a minus.",
)
def div(input, other):
    """input / other."""
    return np.divide(input, other)


@primitive(
    flat,
    flat,
    name="DivBackward2",
    promote=to_common,
    public="div",
    numbers=True,
    says="Between its steps a rounded quotient does not move: nothing passes.",
)
def div_floor(input, other):
    """floor(input / other)."""
    _divisible(other, "div_floor_cpu")
    return np.floor_divide(input, other)


@primitive(
    flat,
    flat,
    name="DivBackward2",
    promote=to_common,
    public="div",
    numbers=True,
    says="Between its steps a rounded quotient does not move: nothing passes.",
)
def div_trunc(input, other):
    """trunc(input / other)."""
    _divisible(other, "div_trunc_cpu")
    if input.dtype.kind == "f":
        return np.trunc(np.divide(input, other))
    q = np.floor_divide(input, other)
    return q + ((q < 0) & (q * other != input))

_no_slope = no_slope("derivative for aten::floor_divide is not implemented; use div(..., rounding_mode='floor')")


@method(inplace=True)
@primitive(
    _no_slope,
    _no_slope,
    promote=to_common,
    says="Between its steps a rounded quotient does not move, and PyTorch refuses to give it a gradient.",
)
def floor_divide(input, other):
    """floor(input / other); as in PyTorch it has no derivative, and a backward through it is a RuntimeError.

    >>> import autodiff as torch
    >>> torch.floor_divide(torch.tensor([7.0, -7.0]), 2)
    tensor([ 3., -4.])
    """
    _divisible(other, "div_floor_cpu")
    return np.floor_divide(input, other)


@primitive(
    lambda g: g,
    lambda g, input, other: -g * div_floor(input, other),
    name="RemainderBackward1",
    promote=to_common,
    says="The remainder grows as the number does, and shrinks by the whole quotient for each unit of the divisor.",
)
def remainder(input, other):
    """input - other * floor(input / other)."""
    _divisible(other, "remainder_cpu")
    result = np.remainder(input, other)
    if result.dtype.kind == "f" and not np.all(result):  # a zero has the sign of input, as C's fmod gives it
        result = np.where(result == 0, np.copysign(result, input), result)
    return result


@primitive(
    lambda g: g,
    lambda g, input, other: -g * div_trunc(input, other),
    name="FmodBackward1",
    promote=to_common,
    says="The remainder grows as the number does, and shrinks by the whole quotient for each unit of the divisor.",
)
def fmod(input, other):
    """input - other * trunc(input / other)."""
    _divisible(other, "fmod_cpu")
    return np.fmod(input, other)


def _divisible(other: Any, kernel: str) -> None:
    not_for_bools(other, kernel)
    if other.dtype.kind in "iu" and not np.all(other):
        raise RuntimeError("ZeroDivisionError")


# ---- several at once ----


@primitive(
    lambda g: g,
    lambda g, tensor2, value: g * (tensor2 * value),
    lambda g, tensor1, value: g * (tensor1 * value),
    promote=to_common,
    says="The sum passes g unchanged; each factor gets g times the value and the other factor.",
)
def addcmul(input, tensor1, tensor2, *, value):
    """input + value * tensor1 * tensor2."""
    return input + np.asarray(value, input.dtype) * tensor1 * tensor2


@primitive(
    lambda g: g,
    lambda g, tensor2, value: g * value / tensor2,
    lambda g, tensor1, tensor2, value: -g * value * (tensor1 / tensor2) / tensor2,
    promote=to_common,
    says="The sum passes g unchanged; numerator and denominator get it as in a quotient, times the value.",
)
def addcdiv(input, tensor1, tensor2, *, value):
    """input + value * tensor1 / tensor2."""
    return input + np.asarray(value, input.dtype) * (tensor1 / tensor2)


# From the nearer end, so that a weight of 1 gives exactly `end`.
def _from_input(a: Any, b: Any, weight: Any) -> Any:
    return a + weight * (b - a)


def _from_end(a: Any, b: Any, weight: Any) -> Any:
    return b - (b - a) * (1 - weight)


@primitive(
    lambda g, weight: g * (1.0 - weight),
    lambda g, weight: g * weight,
    lambda g, input, end: g * (end - input),
    name="LerpBackward1",
    says="On the way from one end to the other, each end gets its share of g, as the weight divides it.",
)
def lerp(input, end, weight):
    """input + weight * (end - input)."""
    a, b = widened(input), widened(end)
    near = np.abs(weight) < 0.5
    return np.where(near, _from_input(a, b, weight), _from_end(a, b, weight)).astype(input.dtype, copy=False)


@primitive(
    lambda g, weight: g * (1.0 - weight),
    lambda g, weight: g * weight,
    name="LerpBackward0",
    public="lerp",
    says="On the way from one end to the other, each end gets its share of g, as the weight divides it.",
)
def lerp_by_number(input, end, *, weight):
    """input + weight * (end - input), the weight a number."""
    way = _from_input if -0.5 < weight < 0.5 else _from_end
    return way(widened(input), widened(end), input.dtype.type(weight)).astype(input.dtype, copy=False)

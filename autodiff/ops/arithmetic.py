"""Sums, products, powers, comparisons, and choosing between two tensors: the operations with two operands.

After this module a reader has seen the shape of every operation: the forward in NumPy, one partial per input above
it. Inputs of different shapes broadcast; the rules need not know, because the engine sums each gradient back to the
shape of its input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import result_numpy
from autodiff._core.errors import misfit
from autodiff._core.graph import flat, primitive, renamed
from autodiff._core.inplace import method
from autodiff._core.promotion import to_common, to_floating
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, takes_tensors
from autodiff.ops.elementwise import log, not_for_bools, sign

__all__ = [
    "abs",
    "absolute",
    "add",
    "allclose",
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "div",
    "divide",
    "eq",
    "equal",
    "float_power",
    "floor_divide",
    "fmod",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isclose",
    "le",
    "less",
    "less_equal",
    "lt",
    "maximum",
    "minimum",
    "mul",
    "multiply",
    "ne",
    "neg",
    "negative",
    "not_equal",
    "pow",
    "remainder",
    "rsub",
    "sub",
    "subtract",
    "true_divide",
    "where",
]


@primitive(lambda g: g, lambda g: g, name="Add", promote=to_common, numbers=True, public="add")
def plus(input, other):
    """input + other."""
    return np.add(input, other)


def _no_bools(values: list[Any], dtype: Any) -> None:
    if any(isinstance(v, bool) or getattr(v, "dtype", None) == np.bool_ for v in values):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead; a bool becomes a number with .float() or .long()."
        )


@primitive(lambda g: g, lambda g: -g, name="Sub", promote=to_common, numbers=True, public="sub", check=_no_bools)
def minus(input, other):
    """input - other."""
    if input.dtype.kind == "b":
        _no_bools([input, other], input.dtype)
    return np.subtract(input, other)


@method(inplace=True)
@primitive(lambda g, other: g * other, lambda g, input: g * input, promote=to_common, numbers=True)
def mul(input, other):
    """The elementwise product, input * other. Shapes broadcast; the dtype is PyTorch's common type.

    >>> import autodiff as torch
    >>> torch.mul(torch.tensor([1.0, 2.0]), 3)
    tensor([3., 6.])
    """
    return np.multiply(input, other)


@primitive(
    lambda g, other: g / other,
    lambda g, input, other: -g * (input / other / other),
    name="Div",
    promote=to_floating,
    numbers=True,
    public="div",
)
def quotient(input, other):
    """input / other."""
    return np.divide(input, other)


@primitive(lambda g: g, lambda g, input, other: -g * floor_quotient(input, other), name="RemainderBackward1",
           promote=to_common, public="remainder")  # fmt: skip
def remainder_of_tensors(input, other):
    """input - other * floor(input / other)."""
    _divisible(other, "remainder_cpu")
    result = np.remainder(input, other)
    if result.dtype.kind == "f" and not np.all(result):  # a zero has the sign of input, as C's fmod gives it
        result = np.where(result == 0, np.copysign(result, input), result)
    return result


remainder_of_number = renamed(remainder_of_tensors, "RemainderBackward0")


@method(inplace=True)
def remainder(input: Any, other: Any) -> Tensor:
    """input - other * floor(input / other), with the sign of `other`, as Python's %.

    >>> import autodiff as torch
    >>> torch.remainder(torch.tensor([-3.0, 5.0]), 2)
    tensor([1., 1.])
    """
    return (remainder_of_tensors if isinstance(other, Tensor) else remainder_of_number)(input, other)


@primitive(lambda g: g, lambda g, input, other: -g * trunc_quotient(input, other), name="FmodBackward1", promote=to_common,
           public="fmod")  # fmt: skip
def fmod_of_tensors(input, other):
    """input - other * trunc(input / other)."""
    _divisible(other, "fmod_cpu")
    return np.fmod(input, other)


fmod_of_number = renamed(fmod_of_tensors, "FmodBackward0")


@method(inplace=True)
def fmod(input: Any, other: Any) -> Tensor:
    """input - other * trunc(input / other), with the sign of `input`, as C's fmod.

    >>> import autodiff as torch
    >>> torch.fmod(torch.tensor([-3.0, 5.0]), 2)
    tensor([-1.,  1.])
    """
    return (fmod_of_tensors if isinstance(other, Tensor) else fmod_of_number)(input, other)


@primitive(flat, flat, name="DivBackward2", promote=to_common, public="div")
def floor_quotient(input, other):
    """floor(input / other)."""
    _divisible(other, "div_floor_cpu")
    return np.floor_divide(input, other)


def _no_slope(g: Any) -> Any:
    raise RuntimeError("derivative for aten::floor_divide is not implemented; use div(..., rounding_mode='floor')")


@method(inplace=True)
@primitive(_no_slope, _no_slope, name="FloorDivide", promote=to_common)
def floor_divide(input, other):
    """floor(input / other); as in PyTorch it has no derivative, and a backward through it is a RuntimeError.

    >>> import autodiff as torch
    >>> torch.floor_divide(torch.tensor([7.0, -7.0]), 2)
    tensor([ 3., -4.])
    """
    _divisible(other, "div_floor_cpu")
    return np.floor_divide(input, other)


@primitive(flat, flat, name="DivBackward2", promote=to_common, public="div")
def trunc_quotient(input, other):
    """trunc(input / other)."""
    _divisible(other, "div_trunc_cpu")
    if input.dtype.kind == "f":
        return np.trunc(np.divide(input, other))
    q = np.floor_divide(input, other)
    return q + ((q < 0) & (q * other != input))


def _divisible(other: Any, kernel: str) -> None:
    not_for_bools(other, kernel)
    if other.dtype.kind in "iu" and not np.all(other):
        raise RuntimeError("ZeroDivisionError")


@method(inplace=True)
@primitive(lambda g: -g)
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
@primitive(lambda g, input: g * sign(input))
def abs(input):
    """|input|; the slope at 0 is taken as 0.

    >>> import autodiff as torch
    >>> torch.abs(torch.tensor([1.0, -2.0]))
    tensor([1., 2.])
    """
    not_for_bools(input, "abs")
    return np.abs(input)


def _fits(values: list[Any], dtype: Any) -> None:
    for v in values:
        if isinstance(v, int) and dtype.kind in "iu" and not np.iinfo(dtype).min <= v <= np.iinfo(dtype).max:
            raise RuntimeError(f"value {v} cannot be converted to type {dtype} without overflow")


@primitive(
    lambda g, input, other: g * power_slope(input, other),
    lambda g, y, input, other: g * power_log(y, input, other),
    name="PowBackward1",
    promote=to_common,
    public="pow",
    check=_fits,
)
def power(input, other):
    """input ** other, both tensors."""
    not_for_bools(input, "pow")
    if other.dtype.kind in "iu" and np.any(other < 0):
        # One over a whole number, without its fraction: 1 and -1 stay, the others are 0 (as 0 is, in PyTorch).
        kept = np.where((input == 1) | ((input == -1) & (other % 2 == 0)), 1, np.where(input == -1, -1, 0))
        return np.where(other < 0, kept, np.power(input, np.maximum(other, 0))).astype(input.dtype)
    return _powers(input, other)


power_of_number = renamed(power, "PowBackward2")


@primitive(lambda g, input, other: g * power_slope(input, other), name="PowBackward0", promote=to_common, public="pow",
           check=_fits)  # fmt: skip
def number_power(input, other):
    """input ** other, the exponent a number."""
    if input.dtype.kind == "b":
        return input | ~other
    if other.dtype.kind in "iu" and np.any(other < 0):
        raise RuntimeError(
            "Integers to negative integer powers are not allowed: make the base floating with .float()"
        )
    return _powers(input, other)


def _powers(input: Any, other: Any) -> Any:
    # np.power is many times slower than a product; the square is what classroom programs raise to.
    if other.ndim == 0 and other == 2:
        return input * input
    return np.power(input, other)


def power_slope(input: Any, other: Any) -> Any:
    """d/dx x**p = p * x**(p - 1), and 0 where p is 0 also at x = 0, where the formula says 0 * inf."""
    if isinstance(other, Tensor) and (other.requires_grad or other.numel() > 1):
        # A power that is itself differentiated: written with operations that are recorded.
        return where_op(wrap(other._array == 0), 0.0, other * power(input, other - 1))
    exponent = other._array if isinstance(other, Tensor) else other
    if exponent.ndim:
        return np.where(exponent == 0, 0, exponent * np.power(input, exponent - 1)).astype(input.dtype)
    p = float(exponent)
    if p == 0.0:
        return input * 0.0 if np.isfinite(_values(input)).all() else _zeros(input)
    if p == 1.0:
        return _zeros(input) + 1.0
    if p == 2.0:
        return input * 2.0
    if isinstance(input, Tensor):
        return number_power(input, p - 1.0) * p
    return np.power(input, input.dtype.type(p - 1.0)) * p


def _values(x: Any) -> Any:
    return x._array if isinstance(x, Tensor) else x


def _zeros(x: Any) -> Any:
    return flat(x)


def power_log(y: Any, input: Any, other: Any) -> Any:
    """d/dp x**p = x**p * log(x), and 0 where x is 0 and p is not negative."""
    zero = (_values(input) == 0) & (_values(other) >= 0)
    if isinstance(y, Tensor):
        return where_op(wrap(zero), 0.0, y * log(where_op(wrap(zero), 1.0, input)))
    return np.where(zero, 0, y * np.log(np.where(zero, 1, input))).astype(y.dtype)


@method
@primitive(
    lambda g, input, other: g * larger(input, other),
    lambda g, input, other: g * larger(other, input),
    promote=to_common,
)
def maximum(input, other):
    """The larger of each pair; where they are equal, each gets half of the gradient.

    >>> import autodiff as torch
    >>> torch.maximum(torch.tensor([1.0, 5.0]), torch.tensor([3.0, 2.0]))
    tensor([3., 5.])
    """
    return np.maximum(input, other)


@method
@primitive(
    lambda g, input, other: g * larger(other, input),
    lambda g, input, other: g * larger(input, other),
    promote=to_common,
)
def minimum(input, other):
    """The smaller of each pair; where they are equal, each gets half of the gradient.

    >>> import autodiff as torch
    >>> torch.minimum(torch.tensor([1.0, 5.0]), torch.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """
    return np.minimum(input, other)


@primitive(flat, flat)
def larger(a, b):
    """0 where a < b, 1/2 where they are equal, 1 elsewhere: also where one is nan, so that this is seen in the gradient."""
    return (1.0 - (a < b) - 0.5 * (a == b)).astype(np.result_type(a, b))


@primitive(None, lambda g, condition: where_op(condition, g, 0.0), lambda g, condition: where_op(condition, 0.0, g),
           name="Where")  # fmt: skip
def choose(condition, input, other):
    """input where the condition holds, other elsewhere; both of one dtype."""
    return np.where(condition, input, other)


def where_op(condition: Any, input: Any, other: Any) -> Any:
    """`where` for rules: arrays in a first order walk, Tensors under create_graph."""
    if not any(isinstance(x, Tensor) for x in (condition, input, other)):
        dtype = next(x.dtype for x in (input, other) if isinstance(x, np.ndarray))
        return np.where(condition, input, other).astype(dtype, copy=False)
    return where(condition, input, other)


@primitive(lambda g, input, low, high: where_op(inside(input, low=low, high=high), g, 0.0), name="ClampBackward1")
def clamp_numbers(input, *, low, high):
    """input limited to [low, high]; None leaves a side open."""
    return np.clip(input, low, high)


clamp_low_number, clamp_high_number = (renamed(clamp_numbers, f"{side}Backward0") for side in ("ClampMin", "ClampMax"))


@primitive(
    lambda g, input, low: where_op(input >= low, g, 0.0),
    lambda g, input, low: where_op(input >= low, 0.0, g),
    name="ClampMinBackward1",
    promote=to_common,
)
def clamp_low(input, low):
    """The larger of the two; where they are equal, input has all of the gradient."""
    return np.maximum(input, low)


@primitive(
    lambda g, input, high: where_op(input <= high, g, 0.0),
    lambda g, input, high: where_op(input <= high, 0.0, g),
    name="ClampMaxBackward1",
    promote=to_common,
)
def clamp_high(input, high):
    """The smaller of the two; where they are equal, input has all of the gradient."""
    return np.minimum(input, high)


clamp_between_low, clamp_between_high = renamed(clamp_low, "ClampBackward0"), renamed(clamp_high, "ClampBackward0")


@primitive()
def inside(input, *, low, high):
    """Whether low <= input <= high: where the slope of clamp is 1, as in PyTorch also at the limits."""
    result = np.ones(input.shape, bool)
    if low is not None:
        result &= input >= low
    if high is not None:
        result &= input <= high
    return result


# What users call, with PyTorch's signatures.


def _scaled(name: str, input: Any, other: Any, alpha: Any) -> Any:
    """alpha * other, where PyTorch allows that factor."""
    if alpha.__class__ is int and alpha == 1:
        return other
    if isinstance(alpha, Tensor):
        alpha = alpha.item()
    if not isinstance(alpha, (bool, int, float)):
        raise TypeError(f"{name}(): argument 'alpha' must be Number, not {type(alpha).__name__}")
    kind = result_numpy([x._array if isinstance(x, Tensor) else x for x in (input, other)]).kind
    if isinstance(alpha, bool) and kind != "b":
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and kind != "f":
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if kind == "b":
        return mul(other, bool(alpha)) if isinstance(other, Tensor) else bool(other and alpha)
    return mul(other, alpha) if isinstance(other, Tensor) else other * alpha


@method(inplace=True)
def add(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """input + alpha * other. Shapes broadcast; the dtype is PyTorch's common type.

    >>> import autodiff as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), alpha=10)
    tensor([31., 42.])
    """
    return plus(input, _scaled("add", input, other, alpha))


@method(inplace=True)
def sub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """input - alpha * other. Shapes broadcast; the dtype is PyTorch's common type.

    >>> import autodiff as torch
    >>> torch.sub(torch.tensor([1.0, 2.0]), 1)
    tensor([0., 1.])
    """
    if alpha != 1:
        _no_bools([x._array if isinstance(x, Tensor) else x for x in (input, other)], None)
    return minus(input, _scaled("sub", input, other, alpha))


minus_from_tensor, minus_from_number = renamed(minus, "RsubBackward0"), renamed(minus, "RsubBackward1")


def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """other - alpha * input: what `1 - x` calls.

    >>> import autodiff as torch
    >>> torch.rsub(torch.tensor([1.0, 2.0]), 1)
    tensor([ 0., -1.])
    """
    minus_from = minus_from_tensor if isinstance(other, Tensor) else minus_from_number
    return minus_from(other, _scaled("rsub", other, input, alpha))


@method(inplace=True)
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other; with rounding_mode "trunc" or "floor" the rounded quotient. Integers give floats.

    >>> import autodiff as torch
    >>> torch.div(torch.tensor([7, -7]), 2), torch.div(torch.tensor([7, -7]), 2, rounding_mode="trunc")
    (tensor([ 3.5000, -3.5000]), tensor([ 3, -3]))
    """
    if rounding_mode is None:
        result: Tensor = quotient(input, other)
    elif rounding_mode == "floor":
        result = floor_quotient(input, other)
    elif rounding_mode == "trunc":
        result = trunc_quotient(input, other)
    else:
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return result


@method(inplace=True)
def pow(input: Any, exponent: Any) -> Tensor:
    """input ** exponent, elementwise; d/dx = p x**(p-1), d/dp = x**p log x.

    >>> import autodiff as torch
    >>> torch.pow(torch.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    if isinstance(exponent, (int, float)) and isinstance(input, Tensor):
        result: Tensor = number_power(input, exponent)
    else:
        result = (power if isinstance(input, Tensor) else power_of_number)(input, exponent)
    return result


@method
@takes_tensors
def float_power(input: Tensor, exponent: Any) -> Tensor:
    """input ** exponent in float64.

    >>> import autodiff as torch
    >>> torch.float_power(torch.tensor([2]), 3)
    tensor([8.], dtype=torch.float64)
    """
    return pow(input.double(), exponent.double() if isinstance(exponent, Tensor) else exponent)


@method(inplace=True)
@takes_tensors
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """input limited to [min, max], numbers or tensors; the slope is 1 inside and at the limits, 0 outside.

    >>> import autodiff as torch
    >>> torch.clamp(torch.tensor([-1.0, 0.5, 2.0]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        if min is not None:
            input = clamp_between_low(input, min)
        return input if max is None else clamp_between_high(input, max)
    return _limited(clamp_numbers, input, min, max)


def _limited(operation: Any, input: Tensor, low: Any, high: Any) -> Tensor:
    low, high = (None if v is None else number("clamp", name, v) for name, v in (("min", low), ("max", high)))
    if input._array.dtype.kind != "f" and any(isinstance(v, float) for v in (low, high)):
        input = input * 1.0
    return operation(input, low=low, high=high)


@method(inplace=True)
@takes_tensors
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """The larger of input and `min`.

    >>> import autodiff as torch
    >>> torch.clamp_min(torch.tensor([-1.0, 2.0]), 0)
    tensor([0., 2.])
    """
    return clamp_low(input, min) if isinstance(min, Tensor) else _limited(clamp_low_number, input, min, None)


@method(inplace=True)
@takes_tensors
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """The smaller of input and `max`.

    >>> import autodiff as torch
    >>> torch.clamp_max(torch.tensor([-1.0, 2.0]), 0)
    tensor([-1.,  0.])
    """
    return clamp_high(input, max) if isinstance(max, Tensor) else _limited(clamp_high_number, input, None, max)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """input where the condition (bool) holds, other elsewhere; with the condition alone, its nonzero positions.

    >>> import autodiff as torch
    >>> x = torch.tensor([1.0, -2.0])
    >>> torch.where(x > 0, x, 0.0)
    tensor([1., 0.])
    """
    if not isinstance(condition, Tensor):
        raise TypeError(f"where(): argument 'condition' (position 1) must be Tensor, not {type(condition).__name__}")
    if input is None and other is None:
        return tuple(wrap(a) for a in np.nonzero(np.atleast_1d(condition._array)))
    if condition._array.dtype.kind not in "b" and condition._array.dtype != np.uint8:
        raise RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}")
    condition = condition if condition._array.dtype.kind == "b" else wrap(condition._array != 0)
    a, b = to_common.bring(choose_operands.operation, (input, other))
    try:
        return choose(condition, a, b)
    except ValueError as error:
        raise RuntimeError(f"where(): {error}") from None


@primitive(promote=to_common, name="Where", public="where", check=_fits)
def choose_operands(input, other):
    """Names the operands of `where` in messages about their types."""
    return input, other


def _comparison(ufunc: Any, name: str, sign: str) -> Any:
    @primitive(promote=to_common, name=name, public=name)
    def compare(input, other):
        return ufunc(input, other)

    compare.__name__ = compare.__qualname__ = name
    compare.__doc__ = f"""input {sign} other, elementwise: a bool tensor.

    >>> import autodiff as torch
    >>> torch.{name}(torch.tensor([1, 2, 3]), 2)
    tensor([{", ".join(f"{v!s:>5}" for v in ufunc([1, 2, 3], 2).tolist())}])
    """
    return compare


eq = _comparison(np.equal, "eq", "==")
ne = _comparison(np.not_equal, "ne", "!=")
lt = _comparison(np.less, "lt", "<")
le = _comparison(np.less_equal, "le", "<=")
gt = _comparison(np.greater, "gt", ">")
ge = _comparison(np.greater_equal, "ge", ">=")


@method
@takes_tensors
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and the same elements.

    >>> import autodiff as torch
    >>> torch.equal(torch.tensor([1, 2]), torch.tensor([1, 2]))
    True
    """
    return bool(np.array_equal(input._array, other._array))


@method
@takes_tensors
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether |input - other| <= atol + rtol * |other|, elementwise.

    >>> import autodiff as torch
    >>> torch.isclose(torch.tensor([1.0, 2.0]), torch.tensor([1.000001, 2.1]))
    tensor([ True, False])
    """
    if input._array.dtype != other._array.dtype:
        raise RuntimeError(f"{input.dtype} did not match {other.dtype}")
    rtol, atol = number("isclose", "rtol", rtol), number("isclose", "atol", atol)
    if found := misfit("isclose", (input._array.shape, other._array.shape)):
        raise found
    return wrap(np.asarray(np.isclose(input._array, other._array, rtol, atol, equal_nan)))


@method
@takes_tensors
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol * |other| for all elements.

    >>> import autodiff as torch
    >>> torch.allclose(torch.tensor([1.0]), torch.tensor([1.000001]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


absolute, negative, multiply, subtract = abs, neg, mul, sub
divide = true_divide = div
clip = clamp
not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge

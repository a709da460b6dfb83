"""Functions of one number, applied to every element: exponentials, roots, rounding, and a few of two numbers.

This page reads like the back page of a calculus book: above each function stands its derivative. Where the derivative is
cheaper to say with the output y (exp, tanh, sqrt), y is what is kept.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.arguments import number, takes_tensors
from autodiff._core.errors import misfit
from autodiff._core.graph import flat, primitive
from autodiff._core.promotion import to_floating
from autodiff._core.tensor import Tensor

__all__ = [
    "ceil",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "frac",
    "hypot",
    "isfinite",
    "isinf",
    "isnan",
    "lerp",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logit",
    "nan_to_num",
    "reciprocal",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sqrt",
    "square",
    "trunc",
]

_LN2, _LN10 = math.log(2.0), math.log(10.0)


def not_for_bools(array: Any, name: str) -> None:
    """NotImplementedError for an array of bools, as PyTorch has no such kernel for them."""
    if array.dtype.kind == "b":
        raise NotImplementedError(f"\"{name}\" not implemented for 'Bool': make the bools numbers with .float() or .long()")


# ---- exponentials and logarithms ----


@primitive(lambda g, y: g * y, promote=to_floating)
def exp(input: Any) -> Any:
    """e**x.

    >>> import autodiff as torch
    >>> torch.exp(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """
    return np.exp(input)


@primitive(lambda g, y: g * (y * _LN2), promote=to_floating)
def exp2(input: Any) -> Any:
    """2**x.

    >>> import autodiff as torch
    >>> torch.exp2(torch.tensor([0.0, 3.0]))
    tensor([1., 8.])
    """
    return np.exp2(input)


@primitive(lambda g, y: g * (y + 1.0), promote=to_floating)
def expm1(input: Any) -> Any:
    """e**x - 1, exact also where x is tiny.

    >>> import autodiff as torch
    >>> torch.expm1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.7183])
    """
    return np.expm1(input)


@primitive(lambda g, input: g / input, promote=to_floating)
def log(input: Any) -> Any:
    """The natural logarithm.

    >>> import autodiff as torch
    >>> torch.log(torch.tensor([1.0, 10.0]))
    tensor([0.0000, 2.3026])
    """
    return np.log(input)


@primitive(lambda g, input: g / (input * _LN2), promote=to_floating)
def log2(input: Any) -> Any:
    """The logarithm to base 2.

    >>> import autodiff as torch
    >>> torch.log2(torch.tensor([1.0, 8.0]))
    tensor([0., 3.])
    """
    return np.log2(input)


@primitive(lambda g, input: g / (input * _LN10), promote=to_floating)
def log10(input: Any) -> Any:
    """The logarithm to base 10.

    >>> import autodiff as torch
    >>> torch.log10(torch.tensor([1.0, 1000.0]))
    tensor([0., 3.])
    """
    # In double and back: NumPy's own log10 of one float32 misses the last digit, and log10(1000) is not 3.
    return np.log10(input, dtype=np.float64).astype(input.dtype) if input.dtype == np.float32 else np.log10(input)


@primitive(lambda g, input: g / (input + 1.0), name="Log1P", promote=to_floating)
def log1p(input: Any) -> Any:
    """log(1 + x), exact also where x is tiny.

    >>> import autodiff as torch
    >>> torch.log1p(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.6931])
    """
    return np.log1p(input)


@primitive(lambda g, y: g * (y * (1.0 - y)), promote=to_floating)
def sigmoid(input: Any) -> Any:
    """1 / (1 + e**-x); its slope is y (1 - y).

    >>> import autodiff as torch
    >>> torch.sigmoid(torch.tensor([0.0, 1.0]))
    tensor([0.5000, 0.7311])
    """
    # e**-|x| never overflows: for negative x the fraction is multiplied through by e**x.
    e = np.exp(-np.abs(input))
    return np.where(input >= 0, 1.0, e).astype(input.dtype) / (1.0 + e)


@primitive(lambda g, input: g / _unit_product(input), name="LogitBackward0", promote=to_floating)
def _logit(input: Any) -> Any:
    return np.log(input / (1.0 - input))


@primitive(lambda g, x: g * (1.0 - x * 2.0))
def _unit_product(x: Any) -> Any:
    """x (1 - x), nan outside [0, 1]: where logit is not defined, it has no slope."""
    return np.where((x < 0) | (x > 1), x.dtype.type(np.nan), x * (1.0 - x))


@takes_tensors
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(x / (1 - x)), the inverse of sigmoid; with `eps`, x is first limited to [eps, 1 - eps].

    >>> import autodiff as torch
    >>> torch.logit(torch.tensor([0.5, 0.75]))
    tensor([0.0000, 1.0986])
    """
    result: Tensor = _logit(input if eps is None else input.clamp(number("logit", "eps", eps), 1 - eps))
    return result


@primitive(lambda g, input, other: g * sigmoid(input - other), lambda g, input, other: g * sigmoid(other - input),
           promote=to_floating)  # fmt: skip
def logaddexp(input: Any, other: Any) -> Any:
    """log(e**x + e**y), without overflow.

    >>> import autodiff as torch
    >>> torch.logaddexp(torch.tensor([0.0]), torch.tensor([0.0]))
    tensor([0.6931])
    """
    return np.logaddexp(input, other)


# ---- roots ----


@primitive(lambda g, y: g / (y * 2.0), promote=to_floating)
def sqrt(input: Any) -> Any:
    """The square root.

    >>> import autodiff as torch
    >>> torch.sqrt(torch.tensor([4.0, 9.0]))
    tensor([2., 3.])
    """
    return np.sqrt(input)


@primitive(lambda g, y: g * (y * y * y * -0.5), promote=to_floating)
def rsqrt(input: Any) -> Any:
    """1 / sqrt(x).

    >>> import autodiff as torch
    >>> torch.rsqrt(torch.tensor([4.0]))
    tensor([0.5000])
    """
    return 1.0 / np.sqrt(input)


@primitive(lambda g, input: g * (input * 2.0), name="PowBackward0")
def square(input: Any) -> Any:
    """x * x.

    >>> import autodiff as torch
    >>> torch.square(torch.tensor([3.0, -2.0]))
    tensor([9., 4.])
    """
    return input * input if input.dtype.kind != "b" else input.astype(np.int64)


@primitive(lambda g, y: -g * (y * y), promote=to_floating)
def reciprocal(input: Any) -> Any:
    """1 / x.

    >>> import autodiff as torch
    >>> torch.reciprocal(torch.tensor([2.0, 4.0]))
    tensor([0.5000, 0.2500])
    """
    return np.reciprocal(input)


@primitive(lambda g, y, input: g * (input / y), lambda g, y, other: g * (other / y), promote=to_floating)
def hypot(input: Any, other: Any) -> Any:
    """sqrt(x**2 + y**2), without overflow.

    >>> import autodiff as torch
    >>> torch.hypot(torch.tensor([3.0]), torch.tensor([4.0]))
    tensor([5.])
    """
    return np.hypot(input, other)


# ---- the error function ----

# math.erf is the C library's, correct to the last bit or so; NumPy has none.
_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)
_TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)


@primitive(lambda g, input: g * (exp(-(input * input)) * _TWO_OVER_ROOT_PI), promote=to_floating)
def erf(input: Any) -> Any:
    """The error function, 2/sqrt(pi) times the integral of e**-t**2 from 0 to x.

    >>> import autodiff as torch
    >>> torch.erf(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """
    return np.asarray(_erf(input)).astype(input.dtype)


@primitive(lambda g, input: -g * (exp(-(input * input)) * _TWO_OVER_ROOT_PI), promote=to_floating)
def erfc(input: Any) -> Any:
    """1 - erf(x), exact also where that is tiny.

    >>> import autodiff as torch
    >>> torch.erfc(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.1573])
    """
    return np.asarray(_erfc(input)).astype(input.dtype)


# ---- rounding: flat wherever there is a slope ----


@primitive(flat)
def floor(input: Any) -> Any:
    """The largest whole number that is not larger.

    >>> import autodiff as torch
    >>> torch.floor(torch.tensor([1.5, -1.5]))
    tensor([ 1., -2.])
    """
    not_for_bools(input, "floor")
    return np.floor(input).astype(input.dtype)


@primitive(flat)
def ceil(input: Any) -> Any:
    """The smallest whole number that is not smaller.

    >>> import autodiff as torch
    >>> torch.ceil(torch.tensor([1.5, -1.5]))
    tensor([ 2., -1.])
    """
    not_for_bools(input, "ceil")
    return np.ceil(input).astype(input.dtype)


@primitive(flat)
def trunc(input: Any) -> Any:
    """The whole part, towards zero.

    >>> import autodiff as torch
    >>> torch.trunc(torch.tensor([1.5, -1.5]))
    tensor([ 1., -1.])
    """
    not_for_bools(input, "trunc")
    return np.trunc(input).astype(input.dtype)


@primitive(lambda g: g)
def frac(input: Any) -> Any:
    """x - trunc(x).

    >>> import autodiff as torch
    >>> torch.frac(torch.tensor([1.5, -1.25]))
    tensor([ 0.5000, -0.2500])
    """
    if input.dtype.kind != "f":
        raise NotImplementedError(f"\"frac\" not implemented for {input.dtype}: whole numbers have no fraction")
    return input - np.trunc(input)


@primitive(flat)
def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest whole number, halves to the even one; with `decimals`, the nearest such fraction.

    >>> import autodiff as torch
    >>> torch.round(torch.tensor([0.5, 1.5, -0.7]))
    tensor([ 0.,  2., -1.])
    """
    not_for_bools(input, "round")
    return np.round(input, decimals)


@primitive(flat)
def sign(input: Any) -> Any:
    """-1, 0 or 1, as the sign of each element; 0 for nan, as in PyTorch.

    >>> import autodiff as torch
    >>> torch.sign(torch.tensor([3.0, -2.0, 0.0]))
    tensor([ 1., -1.,  0.])
    """
    if input.dtype.kind == "b":
        return input.copy()
    return np.subtract(input > 0, input < 0, dtype=input.dtype)


# ---- between two, and clean-up ----


def _on_the_way(input: Any, end: Any, weight: Any) -> Any:
    # From the nearer end, so that a weight of 1 gives exactly `end`.
    return np.where(weight < 0.5, input + weight * (end - input), end - (end - input) * (1 - weight)).astype(input.dtype)


@primitive(lambda g, weight: g * (1.0 - weight), lambda g, weight: g * weight, name="LerpBackward0")
def lerp_by_number(input: Any, end: Any, *, weight: Any) -> Any:
    """input + weight * (end - input), the weight a number."""
    return _on_the_way(input, end, input.dtype.type(weight))


@primitive(
    lambda g, weight: g * (1.0 - weight),
    lambda g, weight: g * weight,
    lambda g, input, end: g * (end - input),
    name="LerpBackward1",
)
def lerp_by_tensor(input: Any, end: Any, weight: Any) -> Any:
    """input + weight * (end - input)."""
    return _on_the_way(input, end, weight)


@takes_tensors
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight * (end - input): the point that lies `weight` of the way to `end`.

    >>> import autodiff as torch
    >>> torch.lerp(torch.tensor([0.0]), torch.tensor([10.0]), 0.25)
    tensor([2.5000])
    """
    if not isinstance(weight, Tensor):
        weight = float(number("lerp", "weight", weight))
    if end._array.dtype != input._array.dtype:
        raise RuntimeError(f"expected dtype {input.dtype} for `end` but got dtype {end.dtype}")
    if isinstance(weight, Tensor) and weight._array.dtype != input._array.dtype:
        raise RuntimeError(f"expected dtype {input.dtype} for `weight` but got dtype {weight.dtype}")
    try:
        if isinstance(weight, Tensor):
            result: Tensor = lerp_by_tensor(input, end, weight)
        else:
            result = lerp_by_number(input, end, weight=weight)
    except ValueError as error:
        given = [x._array.shape for x in (input, end, weight) if isinstance(x, Tensor)]
        raise misfit("lerp", given) or RuntimeError(f"lerp: {error}") from None
    return result


@primitive(lambda g, input: g * isfinite_mask(input), name="NanToNum")
def nan_to_num(input: Any, *, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """nan and the infinities replaced by numbers: 0, and the largest and smallest finite ones, unless given.

    >>> import autodiff as torch
    >>> torch.nan_to_num(torch.tensor([float("nan"), 1.0]))
    tensor([0., 1.])
    """
    return np.nan_to_num(input, nan=nan, posinf=posinf, neginf=neginf)


@primitive(flat)
def isfinite_mask(x: Any) -> Any:
    """1 where x is finite, else 0, in x's dtype."""
    return np.isfinite(x).astype(x.dtype)


@primitive()
def isnan(input: Any) -> Any:
    """Whether each element is nan.

    >>> import autodiff as torch
    >>> torch.isnan(torch.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """
    return np.isnan(input)


@primitive()
def isinf(input: Any) -> Any:
    """Whether each element is infinite.

    >>> import autodiff as torch
    >>> torch.isinf(torch.tensor([1.0, float("inf")]))
    tensor([False,  True])
    """
    return np.isinf(input)


@primitive()
def isfinite(input: Any) -> Any:
    """Whether each element is neither infinite nor nan.

    >>> import autodiff as torch
    >>> torch.isfinite(torch.tensor([1.0, float("inf")]))
    tensor([ True, False])
    """
    return np.isfinite(input)


def _of_truth(ufunc: Any, input: Any, other: Any) -> Any:
    for i, (name, x) in enumerate((("input", input), ("other", other)), 1):
        if not isinstance(x, np.ndarray):
            raise TypeError(f"{ufunc.__name__}(): argument '{name}' (position {i}) must be Tensor, not {type(x).__name__}")
    try:
        return ufunc(input, other)
    except ValueError:
        raise misfit(ufunc.__name__, (input.shape, other.shape)) or RuntimeError(ufunc.__name__) from None


@primitive()
def logical_not(input: Any) -> Any:
    """True where an element is zero.

    >>> import autodiff as torch
    >>> torch.logical_not(torch.tensor([0, 2]))
    tensor([ True, False])
    """
    return np.logical_not(input)


@primitive()
def logical_and(input: Any, other: Any) -> Any:
    """True where both are nonzero.

    >>> import autodiff as torch
    >>> torch.logical_and(torch.tensor([0, 2]), torch.tensor([1, 1]))
    tensor([False,  True])
    """
    return _of_truth(np.logical_and, input, other)


@primitive()
def logical_or(input: Any, other: Any) -> Any:
    """True where one or both are nonzero.

    >>> import autodiff as torch
    >>> torch.logical_or(torch.tensor([0, 2]), torch.tensor([0, 1]))
    tensor([False,  True])
    """
    return _of_truth(np.logical_or, input, other)


@primitive()
def logical_xor(input: Any, other: Any) -> Any:
    """True where exactly one is nonzero.

    >>> import autodiff as torch
    >>> torch.logical_xor(torch.tensor([0, 2]), torch.tensor([1, 1]))
    tensor([ True, False])
    """
    return _of_truth(np.logical_xor, input, other)

"""Arithmetic as PyTorch calls it: alpha, rounding_mode, exponents that are numbers, and the names that grad_fn prints.

After this module a reader knows why PyTorch has several names for one operation: x**2, x**y and 2**x are recorded as
PowBackward0, 1 and 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import result_numpy, scalar_type
from autodiff._core.errors import misfit, no_tensor
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.operators import between_two, infix, left_to
from autodiff._core.promotion import cast, to_common
from autodiff._core.scalars import fitted
from autodiff._core.tensor import Tensor
from autodiff.api._calls import number, takes_tensors
from autodiff.api.comparison import where
from autodiff.ops import arithmetic as ops
from autodiff.ops import bits, exponential, power, rounding
from autodiff.ops.comparison import gt, lt

# What the operators +, - and / do for two tensors.
plus, minus, over = between_two(ops.add, np.add), between_two(ops.sub, np.subtract), between_two(ops.div, np.divide)

sub_from_number, _sub_from_tensor = renamed(ops.sub, "RsubBackward1"), renamed(ops.sub, "RsubBackward0")
_remainder_by_number, _fmod_by_number = renamed(ops.remainder, "RemainderBackward0"), renamed(ops.fmod, "FmodBackward0")
_pow_of_number = renamed(power.pow, "PowBackward2")


def _scaled(name: str, input: Any, other: Any, alpha: Any) -> Any:
    """alpha * other, where PyTorch allows that factor."""
    alpha = number(name, "alpha", alpha)
    if isinstance(other, np.generic):
        other = number(name, "other", other)
    common = result_numpy([x._array if isinstance(x, Tensor) else x for x in (input, other)])
    if isinstance(alpha, bool) and common.kind != "b":
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and common.kind != "f":
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if not isinstance(other, Tensor):
        return bool(other and alpha) if common.kind == "b" else other * alpha
    if common.kind == "b":
        return ops.mul(other, bool(alpha))
    return ops.mul(other if other._array.dtype == common else cast(other, dtype=common), alpha)


@method(inplace=True)
@takes_tensors
def add(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """input + alpha * other. Shapes broadcast; the dtype is PyTorch's common type.

    >>> import autodiff as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), alpha=10)
    tensor([31., 42.])
    """
    if alpha.__class__ is not int or alpha != 1:
        other = _scaled("add", input, other, alpha)
    return (plus if input.__class__ is Tensor else ops.add)(input, other)


@method(inplace=True)
@takes_tensors
def sub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """input - alpha * other. Shapes broadcast; the dtype is PyTorch's common type.

    >>> import autodiff as torch
    >>> torch.sub(torch.tensor([1.0, 2.0]), 1)
    tensor([0., 1.])
    """
    if alpha.__class__ is not int or alpha != 1:
        if number("sub", "alpha", alpha) != 1:
            ops.no_bools([x._array if isinstance(x, Tensor) else x for x in (input, other)])
        other = _scaled("sub", input, other, alpha)
    return (minus if input.__class__ is Tensor else ops.sub)(input, other)


@takes_tensors
def rsub(input: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """other - alpha * input: what `1 - x` calls.

    >>> import autodiff as torch
    >>> torch.rsub(torch.tensor([1.0, 2.0]), 1)
    tensor([ 0., -1.])
    """
    if not isinstance(input, Tensor):
        raise no_tensor("rsub", "input", 1, input)
    if isinstance(other, np.generic):
        other = number("rsub", "other", other)
    ops.no_bools([input._array, other._array if isinstance(other, Tensor) else other])
    sub_from = _sub_from_tensor if isinstance(other, Tensor) else sub_from_number
    return sub_from(other, input if alpha.__class__ is int and alpha == 1 else _scaled("rsub", other, input, alpha))


@method(inplace=True)
@takes_tensors
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other; with rounding_mode "trunc" or "floor" the rounded quotient. Integers give floats.

    >>> import autodiff as torch
    >>> torch.div(torch.tensor([7, -7]), 2), torch.div(torch.tensor([7, -7]), 2, rounding_mode="trunc")
    (tensor([ 3.5000, -3.5000]), tensor([ 3, -3]))
    """
    if rounding_mode is None:
        return (over if input.__class__ is Tensor else ops.div)(input, other)
    if rounding_mode == "floor":
        return ops.div_floor(input, other)
    if rounding_mode == "trunc":
        return ops.div_trunc(input, other)
    raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")


@method(inplace=True)
@takes_tensors
def remainder(input: Any, other: Any) -> Tensor:
    """input - other * floor(input / other), with the sign of `other`, as Python's %.

    >>> import autodiff as torch
    >>> torch.remainder(torch.tensor([-3.0, 5.0]), 2)
    tensor([1., 1.])
    """
    return (ops.remainder if isinstance(other, Tensor) else _remainder_by_number)(input, other)


@method(inplace=True)
@takes_tensors
def fmod(input: Any, other: Any) -> Tensor:
    """input - other * trunc(input / other), with the sign of `input`, as C's fmod.

    >>> import autodiff as torch
    >>> torch.fmod(torch.tensor([-3.0, 5.0]), 2)
    tensor([-1.,  1.])
    """
    if not isinstance(input, Tensor):
        raise no_tensor("fmod", "input", 1, input)
    return (ops.fmod if isinstance(other, Tensor) else _fmod_by_number)(input, other)


@method(inplace=True)
@takes_tensors
def pow(input: Any, exponent: Any) -> Tensor:
    """input ** exponent, elementwise; d/dx = p x**(p-1), d/dp = x**p log x.

    >>> import autodiff as torch
    >>> torch.pow(torch.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    if not isinstance(input, Tensor):
        return _pow_of_number(input, exponent)
    if not isinstance(exponent, (int, float)):
        return power.pow(input, exponent)
    if input._array.dtype.kind == "f":
        return power.term(input, c=1, p=float(exponent))
    return _whole_power(input, exponent)


_raised = infix(power.pow)


def to_the(input: Tensor, exponent: Any) -> Tensor:
    """The operator input ** exponent: `pow`, which leaves a foreign exponent to its own class."""
    if not isinstance(exponent, (int, float)):
        return _raised(input, exponent)
    if input._array.dtype.kind == "f":
        return power.term(input, c=1, p=float(exponent))
    return _whole_power(input, exponent)


def modulo(input: Tensor, other: Any) -> Tensor:
    """The operator input % other: `remainder`, which leaves a foreign divisor to its own class."""
    try:
        return (ops.remainder if isinstance(other, Tensor) else _remainder_by_number)(input, other)
    except TypeError:
        if left_to(other):
            return NotImplemented  # type: ignore[no-any-return]
        raise


def _whole_power(input: Tensor, exponent: float) -> Tensor:
    """A power of integers or bools by a number: of the common type of the two."""
    base, brought = to_common.bring(power.pow.operation, (input, exponent))
    kind, p = base._array.dtype.kind, brought.item()
    if kind == "b":
        return bits.bitwise_or(base, not p)
    if kind != "f":
        if exponent < 0:
            raise RuntimeError("Integers to negative integer powers are not allowed: make the base floating with .float()")
        if exponent > 127:
            fitted(exponent, base._array.dtype)
    return power.term(base, c=1, p=p)


@method(inplace=True)
@takes_tensors
def float_power(input: Any, exponent: Any) -> Tensor:
    """input ** exponent in float64. One of the two may be a number.

    >>> import autodiff as torch
    >>> torch.float_power(torch.tensor([2]), 3)
    tensor([8.], dtype=torch.float64)
    """
    if isinstance(exponent, Tensor):
        exponent = exponent.double()
        if not isinstance(input, Tensor):
            return _pow_of_number(float(number("float_power", "input", input)), exponent)
    return pow(input.double(), exponent)


@method(inplace=True)
@takes_tensors
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(x / (1 - x)), the inverse of sigmoid; with `eps`, x is first limited to [eps, 1 - eps].

    >>> import autodiff as torch
    >>> torch.logit(torch.tensor([0.5, 0.75]))
    tensor([0.0000, 1.0986])
    """
    if eps is not None:
        eps = number("logit", "eps", eps)
        # nan stays, and its slope too, unlike in clamp. Of limits that have changed places the lower counts first.
        low, high = eps, 1 - eps
        input = where(lt(input, low), low, where(gt(input, high), high, input))
    return exponential.logit(input)


@method(inplace=True)
@takes_tensors
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight * (end - input): the point that lies `weight` of the way to `end`.

    >>> import autodiff as torch
    >>> torch.lerp(torch.tensor([0.0]), torch.tensor([10.0]), 0.25)
    tensor([2.5000])
    """
    tensors = [("end", end)]
    if isinstance(weight, Tensor):
        tensors.append(("weight", weight))
    else:
        weight = float(number("lerp", "weight", weight))
    for name, x in tensors:
        if x._array.dtype != input._array.dtype:
            raise RuntimeError(f"expected dtype {input.dtype} for `{name}` but got dtype {x.dtype}")
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"\"lerp\" not implemented for '{scalar_type(input._array)}': the points are floating ones")
    try:
        return ops.lerp(input, end, weight) if len(tensors) == 2 else ops.lerp_by_number(input, end, weight=weight)
    except ValueError as error:
        shapes = [input._array.shape, *(x._array.shape for _, x in tensors)]
        raise misfit("lerp", shapes) or RuntimeError(f"lerp: {error}") from None


def _three_tensors(function: str, *given: Any) -> None:
    for i, (name, x) in enumerate(zip(("input", "tensor1", "tensor2"), given, strict=True), 1):
        if not isinstance(x, Tensor):
            raise no_tensor(function, name, i, x)


@method(inplace=True)
@takes_tensors
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value * tensor1 * tensor2. Shapes broadcast; among integers `value` is one too.

    >>> import autodiff as torch
    >>> torch.addcmul(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([3.0]), value=0.5)
    tensor([4.])
    """
    _three_tensors("addcmul", input, tensor1, tensor2)
    if input._array.dtype.kind == tensor1._array.dtype.kind == tensor2._array.dtype.kind == "b":
        rounding.not_for_bools(input._array, "addcmul")
    return ops.addcmul(input, tensor1, tensor2, value=number("addcmul", "value", value))


@method(inplace=True)
@takes_tensors
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value * tensor1 / tensor2. Shapes broadcast; RuntimeError for a quotient of integers.

    >>> import autodiff as torch
    >>> torch.addcdiv(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([4.0]), value=-1)
    tensor([0.5000])
    """
    _three_tensors("addcdiv", input, tensor1, tensor2)
    if not (tensor1.is_floating_point() or tensor2.is_floating_point()):
        raise RuntimeError("Integer division with addcdiv is no longer supported: make one of the two floating with .float()")
    return ops.addcdiv(input, tensor1, tensor2, value=number("addcdiv", "value", value))


@method(inplace=True)
@takes_tensors
def nan_to_num(input: Tensor, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Tensor:
    """nan and the infinities replaced by numbers: 0, and the largest and smallest finite ones, unless given.

    >>> import autodiff as torch
    >>> torch.nan_to_num(torch.tensor([float("nan"), 1.0]))
    tensor([0., 1.])
    """
    given = {"nan": 0.0 if nan is None else nan, "posinf": posinf, "neginf": neginf}
    return rounding.nan_to_num(input, **{k: v if v is None else number("nan_to_num", k, v) for k, v in given.items()})

"""PyTorch's common type: which dtype the inputs of an operation are brought to before it computes.

After this module a reader knows why an operation sees one dtype only: tensors are brought to the common one by a recorded
cast, whose own gradient is cast back, and numbers become tensors of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core import errors
from autodiff._core.dtypes import from_numpy_dtype, get_default_dtype, result_numpy
from autodiff._core.graph import primitive
from autodiff._core.memory import order_of_copy
from autodiff._core.modes import silently
from autodiff._core.operation import Operation, Promotion
from autodiff._core.tensor import Tensor, wrap

__all__ = [
    "cast", "promoted_number", "tensor_to_common", "tensor_to_floating", "tensors_to_common", "tensors_to_floating",
    "to_common", "to_common_of", "to_floating",
]

_NUMBERS = frozenset((int, float))


def _common(operation: Operation, xs: Sequence[Any], floating: bool = False, first: int = 0) -> list[Any]:
    """The inputs, from number `first` on, brought to one dtype: tensors by a recorded cast, numbers as 0-d tensors."""
    if len(xs) == 2:
        # By far the most frequent: a floating tensor and a number, which takes the tensor's dtype.
        number, x = xs if xs[0].__class__ in _NUMBERS else (xs[1], xs[0])
        if number.__class__ in _NUMBERS and isinstance(x, Tensor) and x._array.dtype.kind == "f":
            constant = wrap(promoted_number(number, x._array.dtype))
            return [x, constant] if x is xs[0] else [constant, x]
    values: list[Any] = []
    for i, x in enumerate(xs, first):
        if isinstance(x, Tensor):
            values.append(x._array)
        elif isinstance(x, np.generic):
            values.append(float(x) if x.dtype.kind == "b" else x.item())  # to PyTorch a bool of NumPy's is a float
        elif isinstance(x, (bool, int, float)):
            values.append(x)
        elif isinstance(x, np.ndarray):
            from_numpy_dtype(x.dtype)  # or TypeError
            values.append(x)
        else:
            raise errors.no_operand(operation.public, operation.input_name(i), i + 1, type(x).__name__)
    dtype = result_numpy(values)
    if operation.check is not None:
        operation.check(values, dtype)
    if floating and dtype.kind != "f":
        dtype = get_default_dtype().np
    result: list[Any] = []
    for x, value in zip(xs, values, strict=True):
        if not isinstance(x, Tensor):
            result.append(wrap(promoted_number(value, dtype)))
        elif x._array.dtype != dtype:
            result.append(cast(x, dtype=dtype))
        else:
            result.append(x)
    return result


def _as_tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else wrap(np.asarray(x))


def promoted_number(value: Any, dtype: Any) -> Any:
    """The number as an array without dimensions of the dtype, as an operand of integers is: it wraps around, -1 is 255."""
    if dtype.kind == "f" and isinstance(value, (int, float)) and not -65504.0 <= value <= 65504.0:
        return silently(np.asarray, value, dtype)  # too large for the dtype it is infinite, of which NumPy would warn
    try:
        return np.asarray(value, dtype)
    except (OverflowError, ValueError):
        pass
    if isinstance(value, float):
        return silently(np.asarray(value).astype, dtype)  # nan or infinity as an integer: what C makes of it
    if not -(2**63) <= value < 2**64:
        raise OverflowError(f"int too big to convert: {value} has more than 64 bits, which no integer dtype has")
    return np.asarray(value, np.int64 if value < 0 else np.uint64).astype(dtype)


def _floating(operation: Operation, xs: Sequence[Any]) -> list[Any]:
    return _common(operation, xs, floating=True)


def _of_tensors(operation: Operation, xs: Sequence[Any]) -> list[Any]:
    for i, x in enumerate(xs):
        if not isinstance(x, Tensor):
            raise errors.no_tensor(operation.public, operation.input_name(i), i + 1, x)
    assert operation.promote is not None
    return _common(operation, xs, floating=operation.promote.floating)


def _of_a_tensor(operation: Operation, xs: Sequence[Any]) -> list[Any]:
    if not isinstance(xs[0], Tensor):
        raise errors.no_tensor(operation.public, operation.input_name(0), 1, xs[0])
    assert operation.promote is not None
    return _common(operation, xs, floating=operation.promote.floating)


def to_common_of(*names: str) -> Promotion:
    """PyTorch's table for the inputs of these names, which stand last; those before them stay as they are."""

    def bring(operation: Operation, xs: Sequence[Any]) -> list[Any]:
        first = len(xs) - len(names)
        return [*map(_as_tensor, xs[:first]), *_common(operation, xs[first:], first=first)]

    return Promotion(bring, of=names)


# PyTorch's table for arithmetic; and for functions such as exp, whose result has a fraction whatever goes in.
to_common, to_floating = Promotion(_common), Promotion(_floating, floating=True)

# The same for functions that take no number in the place of a tensor.
tensors_to_common = Promotion(_of_tensors, numbers=False)
tensors_to_floating = Promotion(_of_tensors, floating=True, numbers=False)


@primitive(
    lambda g: g,
    name="ToCopy",
    public="to",
    says="Another dtype is the same number: its gradient passes unchanged, in the dtype it came from.",
)
def cast(x: Any, *, dtype: Any) -> Any:
    """x in another dtype; the engine brings the gradient back to x's own."""
    return x.astype(dtype, order=order_of_copy(x))

# The same for functions whose first input is a tensor: torch.eq(x, 2), but not torch.eq(2, x).
tensor_to_common, tensor_to_floating = Promotion(_of_a_tensor), Promotion(_of_a_tensor, floating=True)

"""Comparing as PyTorch calls it: where and clamp with numbers or tensors, and the questions about whole tensors.

After this module a reader knows what is True of all elements, of any, and of all up to a tolerance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import from_numpy_dtype, result_numpy
from autodiff._core.errors import misfit, no_tensor, wrong_count
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.modes import silently
from autodiff._core.operation import Recorded
from autodiff._core.scalars import fitted
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import axes_of, boolean, converted, number, takes_tensors
from autodiff.api.reading import positions
from autodiff.ops import comparison as ops
from autodiff.ops.rounding import not_for_bools

# PyTorch names a node by the function that was called, and by whether its limit was a number.
_clamp_min_number, _clamp_max_number = renamed(ops.clamp, "ClampMinBackward0"), renamed(ops.clamp, "ClampMaxBackward0")
_clamp_low, _clamp_high = renamed(ops.clamp_min, "ClampBackward0"), renamed(ops.clamp_max, "ClampBackward0")

# ---- choosing ----


@takes_tensors
def where(condition: Tensor, input: Any = None, other: Any = None) -> Tensor | Any:
    """input where the condition (bool) holds, other elsewhere; with the condition alone, its nonzero positions.

    >>> import autodiff as torch
    >>> x = torch.tensor([1.0, -2.0])
    >>> torch.where(x > 0, x, 0.0)
    tensor([1., 0.])
    """
    given = condition._array
    if input is None and other is None:
        return tuple(wrap(positions(a)) for a in np.nonzero(np.atleast_1d(given)))
    if input is None or other is None:
        raise wrong_count("where", ("condition", "input", "other"), 2, ["other" if other is None else "input"])
    if given.dtype != np.bool_ and given.dtype != np.uint8:
        raise RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}")
    for x in (input, other):
        if x.__class__ is float and abs(x) > 65504.0:  # perhaps too large for the dtype of the result
            fitted(x, result_numpy([each._array if isinstance(each, Tensor) else each for each in (input, other)]))
    return ops.where(condition, input, other)


@method(inplace=True)
@takes_tensors
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """input limited to [min, max], numbers or tensors; the slope is 1 inside and at the limits, 0 outside.

    >>> import autodiff as torch
    >>> torch.clamp(torch.tensor([-1.0, 0.5, 2.0]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if min is None and max is None:
        if not isinstance(input, Tensor):
            raise no_tensor("clamp", "input", 1, input)
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    # Of a number and a tensor without dimensions both are numbers.
    if (min is None or isinstance(min, Tensor)) and (max is None or isinstance(max, Tensor)):
        if not isinstance(input, Tensor):
            raise no_tensor("clamp", "input", 1, input)
        if min is not None:
            input = _clamp_low(input, min)
        return input if max is None else _clamp_high(input, max)
    return _limited(ops.clamp, input, min, max)


def _limited(operation: Recorded, input: Tensor, min: Any, max: Any) -> Tensor:
    """The input between two numbers, in the common type of all; integers become floating for a limit with a fraction."""
    min, max = (None if v is None else number("clamp", name, v) for name, v in (("min", min), ("max", max)))
    dtype = input._array.dtype
    if dtype.kind != "f":
        dtype = result_numpy([input._array, *(v for v in (min, max) if v is not None)])
        input = converted(input, from_numpy_dtype(dtype))
        not_for_bools(input._array, "clamp")
    min, max = (v if v is None else fitted(v, dtype).item() for v in (min, max))
    return operation(input, min=min, max=max)


@method(inplace=True)
@takes_tensors
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """The larger of input and `min`.

    >>> import autodiff as torch
    >>> torch.clamp_min(torch.tensor([-1.0, 2.0]), 0)
    tensor([0., 2.])
    """
    if min is None:
        min = number("clamp_min", "min", min)  # which says what it should be
    _ = input._array  # a number is not limited
    return ops.clamp_min(input, min) if isinstance(min, Tensor) else _limited(_clamp_min_number, input, min, None)


@method(inplace=True)
@takes_tensors
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """The smaller of input and `max`.

    >>> import autodiff as torch
    >>> torch.clamp_max(torch.tensor([-1.0, 2.0]), 0)
    tensor([-1.,  0.])
    """
    if max is None:
        max = number("clamp_max", "max", max)  # which says what it should be
    _ = input._array  # a number is not limited
    return ops.clamp_max(input, max) if isinstance(max, Tensor) else _limited(_clamp_max_number, input, None, max)


# ---- of whole tensors ----


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
    for word, value in (("rtol", rtol), ("atol", atol)):
        if not value >= 0:
            raise RuntimeError(f"{word} must be greater than or equal to zero, but got {value}")
    if found := misfit("isclose", (input._array.shape, other._array.shape)):
        raise found
    return wrap(np.asarray(silently(np.isclose, input._array, other._array, rtol, atol, equal_nan)))


@method
@takes_tensors
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol * |other| for all elements.

    >>> import autodiff as torch
    >>> torch.allclose(torch.tensor([1.0]), torch.tensor([1.000001]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


def _verdict(find: Any, array: Any, dim: Any, keepdim: bool) -> Tensor:
    if keepdim is not False:
        boolean(find.__name__, "keepdim", keepdim)
    # For any() and all() an empty tuple names no dimension; everywhere else PyTorch takes it for all.
    axes = () if isinstance(dim, (tuple, list)) and not dim else axes_of(dim, array.ndim)
    found = np.asarray(find(array, axis=axes, keepdims=keepdim), order="C")
    return wrap(found.astype(np.uint8) if array.dtype == np.uint8 else found)  # bytes were PyTorch's first bools


@method
@takes_tensors
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all elements are nonzero, of the tensor or along `dim`.

    >>> import autodiff as torch
    >>> torch.all(torch.tensor([True, False]))
    tensor(False)
    """
    return _verdict(np.all, input._array, dim, keepdim)


@method
@takes_tensors
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether any element is nonzero, of the tensor or along `dim`.

    >>> import autodiff as torch
    >>> torch.any(torch.tensor([True, False]))
    tensor(True)
    """
    return _verdict(np.any, input._array, dim, keepdim)


@method
@takes_tensors
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are nonzero, of the tensor or along `dim`.

    >>> import autodiff as torch
    >>> torch.count_nonzero(torch.tensor([1, 0, 2]))
    tensor(2)
    """
    return wrap(positions(np.count_nonzero(input._array, axis=axes_of(dim, input._array.ndim))))

"""A number brought to a dtype: what wraps around, what is cut off, and what does not fit.

After this module a reader knows that a number written into a tensor is checked first: 300 fits into no byte, although a tensor
of 300 that is cast to bytes wraps around to 44.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.dtypes import from_numpy_dtype
from autodiff._core.modes import silently

__all__ = ["filling", "fitted", "narrowed"]

DType = np.dtype[Any]

_LARGEST = {"e": 65504.0, "f": float(np.finfo(np.float32).max), "d": float(np.finfo(np.float64).max)}
_SINGLE = np.dtype(np.float32)


def fitted(value: float, dtype: DType) -> Any:
    """The number as an array without dimensions of the dtype; RuntimeError where it is too large for it.

    A fraction is cut off, -1 is 255 as a byte, and anything but 0 is True. OverflowError for an int of more than 64 bits.
    """
    limit = _LARGEST.get(dtype.char, -1.0)
    if value.__class__ is float and -limit <= value <= limit:
        return np.asarray(value, dtype)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise OverflowError(f"int too big to convert: {value} has more than 64 bits; write it as a float")
    if dtype.kind == "b":
        return np.asarray(bool(value))
    if dtype.kind != "f":
        return narrowed(np.asarray(value), dtype)
    if math.isfinite(value) and abs(value) > limit:
        raise _too_large(value, dtype)
    return np.asarray(value, dtype)


def filling(value: float, dtype: DType) -> Any:
    """`fitted`, for all elements of a tensor: where that is of half precision, PyTorch asks whether a single number fits."""
    return silently(fitted(value, _SINGLE).astype, dtype) if dtype.char == "e" else fitted(value, dtype)


def narrowed(values: Any, dtype: DType) -> Any:
    """Whole or floating numbers in an integer dtype, fractions cut off; RuntimeError for the first that is out of its range.

    A negative int wraps around in an unsigned dtype, down to minus the largest; a negative float doesn't.
    """
    limits = np.iinfo(dtype)
    wraps = values.dtype.kind != "f" and limits.min == 0
    within = (values >= (-limits.max if wraps else limits.min)) & (values <= limits.max)
    if not within.all():
        raise _too_large(values[~within].flat[0], dtype)
    return values.astype(dtype)


def _too_large(value: Any, dtype: DType) -> RuntimeError:
    return RuntimeError(f"value {value} cannot be converted to type {from_numpy_dtype(dtype)} without overflow")

"""Filling and copying in place, as PyTorch's `copy_`, `fill_` and `zero_`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import renamed
from autodiff._core.inplace import in_place, method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import number
from autodiff.ops.fill import copy, fill, zero

__all__ = ["copy_", "fill_", "zero_"]

_copy_, _fill_ = in_place(copy), in_place(fill)
_fill_number_ = in_place(renamed(fill, "FillBackward2"), uniform=True)
zero_ = method(in_place(zero, uniform=True))


@method
def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Copy `src` into this tensor's memory, broadcast and cast; returns the tensor.

    >>> import autodiff as torch
    >>> torch.zeros(3).copy_(torch.tensor([1, 2, 3]))
    tensor([1., 2., 3.])
    """
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    return _copy_(self, src)


@method
def fill_(self: Tensor, value: Any) -> Tensor:
    """Set every element to `value`, a number or a 0-d tensor; returns the tensor.

    >>> import autodiff as torch
    >>> torch.zeros(2).fill_(7)
    tensor([7., 7.])
    """
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions."
        )
    if not isinstance(value, Tensor):
        value = np.asarray(number("fill_", "value", value))
    return _fill_(self, value) if isinstance(value, Tensor) else _fill_number_(self, value)

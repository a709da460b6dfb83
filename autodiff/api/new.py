"""Tensors in the dtype of one that is there: x.new_zeros and the rest, and `new`, which programs of old know.

After this module a reader knows that a function written with them works for float32 and float64 alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype
from autodiff._core.formats import dense_only
from autodiff._core.inplace import method
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor
from autodiff.api._calls import size_of
from autodiff.api.filled import filled
from autodiff.api.reading import array_of, leaf


def _like(input: Tensor, dtype: Any) -> np.dtype[Any]:
    return as_numpy_dtype(dtype) or input._array.dtype


@method
def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """`tensor(data)` in the dtype of this tensor."""
    return leaf(array_of(data, np.dtype(_like(self, dtype))), requires_grad, device)


@method
def new_zeros(
    self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """`zeros(size)` in the dtype of this tensor."""
    if layout is not None or pin_memory is not False:
        dense_only("new_zeros", layout, pin_memory)
    return leaf(np.zeros(size_of(sizes, size), _like(self, dtype)), requires_grad, device)


@method
def new_ones(
    self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """`ones(size)` in the dtype of this tensor."""
    if layout is not None or pin_memory is not False:
        dense_only("new_ones", layout, pin_memory)
    return leaf(np.ones(size_of(sizes, size), _like(self, dtype)), requires_grad, device)


@method
def new_empty(
    self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """`empty(size)` in the dtype of this tensor."""
    if layout is not None or pin_memory is not False:
        dense_only("new_empty", layout, pin_memory)
    return leaf(np.empty(size_of(sizes, size), _like(self, dtype)), requires_grad, device)


@method
def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """`full(size, fill_value)` in the dtype of this tensor."""
    if layout is not None or pin_memory is not False:
        dense_only("new_full", layout, pin_memory)
    return leaf(filled("new_full", size, fill_value, _like(self, dtype)), requires_grad, device)


@method
def new(self: Tensor, *sizes: Any, device: Any = None) -> Tensor:
    """A tensor in the dtype of this one: an uninitialised one of the sizes given as ints or a Size, or one of a list's numbers.

    Without an argument it has no element; a tensor is seen as it is, and must have the dtype. Programs of today say new_empty
    or new_tensor.

    >>> import autodiff as torch
    >>> torch.ones(1).new([1, 2]), torch.ones(1).new(2, 3).shape
    (tensor([1., 2.]), torch.Size([2, 3]))
    """
    dtype, first = self._array.dtype, sizes[0] if len(sizes) == 1 else None
    try:
        if isinstance(first, Tensor):
            if first._array.dtype != dtype:
                raise TypeError(f"new(): expected a tensor of dtype {self.dtype}, but got one of {first.dtype}")
            return first.detach()
        if isinstance(first, (list, tuple, np.ndarray)) and type(first).__name__ != "Size":
            return leaf(array_of(first, dtype), False, device)
        if isinstance(first, (str, float)):
            raise TypeError(f"new(): data must be a sequence, or sizes must be ints (got {type(first).__name__})")
        return leaf(np.empty(size_of(sizes or (0,)), dtype), False, device)
    except (RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise

"""Yes or no, and how many: all, any, count_nonzero, bincount. None of them has a slope."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors
from autodiff.ops.reduce import axes_of

__all__ = [
    "all",
    "any",
    "count_nonzero",
]


def _named_axes(dim: Any, ndim: int) -> tuple[int, ...]:
    # For any() and all() no dimensions are no dimensions; everywhere else PyTorch takes them for all.
    return () if isinstance(dim, (tuple, list)) and not dim else axes_of(dim, ndim)


def _verdict(find: Any, array: Any, dim: Any, keepdim: bool) -> Tensor:
    found = np.asarray(find(array, axis=_named_axes(dim, array.ndim), keepdims=keepdim))
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
    return wrap(np.asarray(np.count_nonzero(input._array, axis=axes_of(dim, input._array.ndim))))

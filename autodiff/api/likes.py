"""Tensors of the size and dtype of another: zeros_like, rand_like and the rest.

After this module a reader knows that they lie in memory as the other does, unless a memory format is asked for, and that
random numbers are drawn in the order of memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype
from autodiff._core.formats import arranged, dense_only, laid_as
from autodiff._core.scalars import filling
from autodiff._core.tensor import Tensor
from autodiff.api._calls import number, takes_tensors, whole
from autodiff.api._ends import ends_of
from autodiff.api.fill import normal_, random_, uniform_
from autodiff.api.reading import asked, leaf
from autodiff.random import Generator


def _like(input: Tensor, dtype: Any) -> np.dtype[Any]:
    return as_numpy_dtype(dtype) or input._array.dtype


def _made(
    name: str, input: Tensor, array: Any, device: Any, requires_grad: bool, layout: Any = None, pin_memory: bool | None = False,
    memory_format: Any = None,
) -> Tensor:
    """The tensor around a new array, in the format asked for, or in the input's."""
    if layout is not None or pin_memory is not False:
        dense_only(name, layout, pin_memory)
    if memory_format is not None:
        array = arranged(name, array, memory_format)
    elif array.ndim > 3:
        array = laid_as(array, input._array)  # NumPy forgets whose channels are last where sizes of 1 leave it open
    return leaf(array, requires_grad, device)


@takes_tensors
def zeros_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool | None = False,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:
    """Zeros of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.zeros_like(torch.tensor([1, 2]))
    tensor([0, 0])
    """
    array = np.zeros_like(input._array, _like(input, dtype))
    return _made("zeros_like", input, array, device, requires_grad, layout, pin_memory, memory_format)


@takes_tensors
def ones_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool | None = False,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:
    """Ones of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.ones_like(torch.tensor([1.5, 2.5]))
    tensor([1., 1.])
    """
    array = np.ones_like(input._array, _like(input, dtype))
    return _made("ones_like", input, array, device, requires_grad, layout, pin_memory, memory_format)


@takes_tensors
def empty_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool | None = False,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:
    """An uninitialised tensor of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.empty_like(torch.ones(2, 3)).shape
    torch.Size([2, 3])
    """
    array = np.empty_like(input._array, _like(input, dtype))
    return _made("empty_like", input, array, device, requires_grad, layout, pin_memory, memory_format)


@takes_tensors
def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:
    """One value everywhere, in the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.full_like(torch.ones(2), 5)
    tensor([5., 5.])
    """
    value = number("full_like", "fill_value", fill_value)
    found = _like(input, dtype)
    array = np.full_like(input._array, filling(value, found), found)
    return _made("full_like", input, array, device, requires_grad, layout, pin_memory, memory_format)


@takes_tensors
def rand_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool | None = False,
    requires_grad: bool = False, memory_format: Any = None, generator: Generator | None = None,
) -> Tensor:
    """Uniform numbers in [0, 1) of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.rand_like(torch.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    array = np.empty_like(input._array, as_numpy_dtype(dtype))
    found = _made("rand_like", input, array, device, False, layout, pin_memory, memory_format)
    uniform_(found, generator=generator)
    return asked(found, requires_grad)


@takes_tensors
def randn_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool | None = False,
    requires_grad: bool = False, memory_format: Any = None, generator: Generator | None = None,
) -> Tensor:
    """Normal numbers of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.randn_like(torch.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    array = np.empty_like(input._array, as_numpy_dtype(dtype))
    found = _made("randn_like", input, array, device, False, layout, pin_memory, memory_format)
    normal_(found, generator=generator)
    return asked(found, requires_grad)


@takes_tensors
def randint_like(
    input: Tensor, *_ends: int, low: int | None = None, high: int | None = None, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool | None = False, requires_grad: bool = False, memory_format: Any = None,
    generator: Generator | None = None,
) -> Tensor:
    """Whole numbers in [low, high), or in [0, high) where one is given, of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.randint_like(torch.zeros(2, 3), 5).shape
    torch.Size([2, 3])
    """
    low, high = ends_of("randint_like", ("low", "high"), _ends, low, high)
    lo, hi = whole("randint_like", "low", 0 if low is None else low), whole("randint_like", "high", high)
    array = np.empty_like(input._array, as_numpy_dtype(dtype))
    found = _made("randint_like", input, array, device, False, layout, pin_memory, memory_format)
    random_(found, lo, hi, generator=generator)
    return asked(found, requires_grad)

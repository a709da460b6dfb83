"""Making tensors of a size, filled with one value: zeros, ones, full, empty, eye.

After this module a reader knows which dtype such a tensor has: the default one, or for `full` that of the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype, result_numpy
from autodiff._core.formats import arranged, dense_only, named_order
from autodiff._core.refusals import refusal
from autodiff._core.scalars import filling
from autodiff._core.tensor import Tensor
from autodiff.api._calls import check_storage, number, size_of, whole
from autodiff.api.out import chosen_dtype, fresh
from autodiff.api.reading import asked, float_or_default, leaf


def zeros(
    *sizes: Any, size: Any = None, out: Tensor | None = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """Zeros of the size given as ints or a tuple, in the default dtype.

    >>> import autodiff as torch
    >>> torch.zeros(2, 2)
    tensor([[0., 0.],
            [0., 0.]])
    """
    if layout is not None or pin_memory is not False:
        dense_only("zeros", layout, pin_memory)
    if out is not None:
        dtype = chosen_dtype("zeros", out, dtype)
    return leaf(np.zeros(size_of(sizes, size), float_or_default(dtype)), requires_grad, device, out, "zeros")


def ones(
    *sizes: Any, size: Any = None, out: Tensor | None = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """Ones of the size given as ints or a tuple, in the default dtype.

    >>> import autodiff as torch
    >>> torch.ones(2)
    tensor([1., 1.])
    """
    if layout is not None or pin_memory is not False:
        dense_only("ones", layout, pin_memory)
    if out is not None:
        dtype = chosen_dtype("ones", out, dtype)
    return leaf(np.ones(size_of(sizes, size), float_or_default(dtype)), requires_grad, device, out, "ones")


def empty(
    *sizes: Any, size: Any = None, out: Tensor | None = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False, memory_format: Any = None
) -> Tensor:
    """A tensor of the size given, whose elements are whatever the memory held; they lie in the order of `memory_format`.

    >>> import autodiff as torch
    >>> torch.empty(2, 3).shape
    torch.Size([2, 3])
    """
    if layout is not None or pin_memory is not False:
        dense_only("empty", layout, pin_memory)
    if out is not None:
        chosen_dtype("empty", out, dtype)
        found = fresh("empty", out, size_of(sizes, size))
        return asked(found, requires_grad)
    array = np.empty(size_of(sizes, size), float_or_default(dtype))
    if memory_format is not None:
        array = arranged("empty", array, named_order("empty", memory_format))
    return leaf(array, requires_grad, device)


def full(
    size: Sequence[int], fill_value: Any, *, out: Tensor | None = None, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """A tensor of the size given with one value everywhere, its dtype that of the value.

    >>> import autodiff as torch
    >>> torch.full((2,), 7)
    tensor([7, 7])
    """
    if layout is not None or pin_memory is not False:
        dense_only("full", layout, pin_memory)
    if out is not None:
        dtype = chosen_dtype("full", out, dtype)
    return leaf(filled("full", size, fill_value, as_numpy_dtype(dtype)), requires_grad, device, out, "full")


def filled(function: str, size: Any, fill_value: Any, dtype: np.dtype[Any] | None) -> Any:
    """The array of that size with the number everywhere; its dtype is that of the number where none is given."""
    try:
        if not isinstance(size, (tuple, list)):
            raise TypeError(f"{function}(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
        value = number(function, "fill_value", fill_value)
        return np.full(size_of((size,)), filling(value, result_numpy((value,)) if dtype is None else dtype))
    except (RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise


def eye(
    n: int, m: int | None = None, *, out: Tensor | None = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """The n by m matrix with ones on the diagonal.

    >>> import autodiff as torch
    >>> torch.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    if layout is not None or pin_memory is not False:
        dense_only("eye", layout, pin_memory)
    n, m = whole("eye", "n", n), None if m is None else whole("eye", "m", m)
    if n < 0 or (m is not None and m < 0):
        raise RuntimeError(f"n must be greater or equal to 0, got {n if n < 0 else m}")
    if out is not None:
        dtype = chosen_dtype("eye", out, dtype)
    check_storage((n, n if m is None else m))
    return leaf(np.eye(n, m, dtype=float_or_default(dtype)), requires_grad, device, out, "eye")

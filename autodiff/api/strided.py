"""Memory seen through other steps as PyTorch's calls give it: as_strided, unfold, empty_strided.

After this module a reader knows that a tensor is a stretch of memory, a place in it to begin at, and a step for each dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype
from autodiff._core.formats import dense_only
from autodiff._core.inplace import method
from autodiff._core.promotion import cast
from autodiff._core.refusals import at_the_door
from autodiff._core.reshaped import shape_in_place
from autodiff._core.tensor import Tensor
from autodiff.api._calls import dimension as axis_of
from autodiff.api._calls import sizes as sizes_of
from autodiff.api._calls import takes_tensors, whole
from autodiff.api.reading import float_or_default, leaf
from autodiff.api.shape import reshape
from autodiff.ops import strided as ops


def _steps(name: str, size: Any, stride: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    for word, given in (("size", size), ("stride", stride)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(f"{name}(): argument '{word}' must be tuple of ints, not {type(given).__name__}")
    sizes, steps = sizes_of((size,), name, "size"), sizes_of((stride,), name, "stride")
    if len(sizes) != len(steps):
        if name != "as_strided":
            raise RuntimeError(
                f"dimensionality of sizes ({len(sizes)}) must match dimensionality of strides ({len(steps)}) in {name}()"
            )
        raise RuntimeError(f"{name}: mismatch in length of strides and shape: {len(steps)} and {len(sizes)}")
    if any(n < 0 for n in sizes):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(sizes)}: {list(sizes)}")
    if any(step < 0 for step in steps):
        raise RuntimeError(f"{name}: Negative strides are not supported at the moment, got strides: {list(steps)}")
    return sizes, steps


def _seen(name: str, input: Tensor, size: Any, stride: Any, storage_offset: int | None) -> dict[str, Any]:
    sizes, steps = _steps(name, size, stride)
    start = 0
    if storage_offset is not None:
        offset = whole(name, "storage_offset", storage_offset)
        if offset < 0:
            raise RuntimeError(f"Tensor: invalid storage offset {offset}")
        start = offset - ops.memory_of(input._array)[1] // input._array.itemsize
    return {"size": sizes, "stride": steps, "start": start, "geometry": ops.geometry_of(input._array)}


@method
@takes_tensors
def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """The memory of `input` seen with the sizes and steps given, from element `storage_offset` of the memory on. A view.

    RuntimeError where that leaves the memory. What is seen in several places gets its gradient from all of them.

    >>> import autodiff as torch
    >>> torch.as_strided(torch.arange(4.0), (3, 2), (1, 1))
    tensor([[0., 1.],
            [1., 2.],
            [2., 3.]])
    """
    seen = _seen("as_strided", input, size, stride, storage_offset)
    result = ops.strided(input, **seen)
    view = result._view
    if view is not None and not view.kind and len(view.path) > 1 and ops.shows_more(**seen):
        view.kind = "outside"
    return result


Tensor.as_strided_ = shape_in_place(as_strided)


@method
@takes_tensors
def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """A copy of `input` with `src` written over what `as_strided` shows of it.

    >>> import autodiff as torch
    >>> torch.as_strided_scatter(torch.zeros(4), torch.ones(2), (2,), (2,))
    tensor([1., 0., 1., 0.])
    """
    seen = _seen("as_strided_scatter", input, size, stride, storage_offset)
    part = ops.strided.operation.forward(input._array, **seen)
    if src._array.shape != part.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
            f"{list(part.shape)}"
        )
    return ops.written_strided(input, src if src._array.dtype == part.dtype else cast(src, dtype=part.dtype), **seen)


@method
@takes_tensors
def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """The windows of `size` elements along `dimension`, one every `step`; the last dimension runs through a window. A view.

    >>> import autodiff as torch
    >>> torch.arange(5).unfold(0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])
    """
    axis, size, step = axis_of(dimension, input._array.ndim), whole("unfold", "size", size), whole("unfold", "step", step)
    n = input._array.shape[axis] if input._array.ndim else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {axis} is {n} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not input._array.ndim:
        return ops.windows(reshape(input, 1), axis=0, size=size, step=step)[0]
    return ops.windows(input, axis=axis, size=size, step=step)


# ---- made of sizes and steps ----


def _strided_array(name: str, size: Any, stride: Any, dtype: np.dtype[Any]) -> Any:
    sizes, steps = _steps(name, size, stride)
    needed = sum((n - 1) * step for n, step in zip(sizes, steps)) + 1 if 0 not in sizes else 0
    memory = np.empty(needed, dtype)
    return np.ndarray(sizes, dtype, memory, 0, [step * dtype.itemsize for step in steps])


@at_the_door
def empty_strided(
    size: Sequence[int], stride: Sequence[int], *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """An uninitialised tensor of the sizes and steps given.

    >>> import autodiff as torch
    >>> torch.empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    if layout is not None or pin_memory is not False:
        dense_only("empty_strided", layout, pin_memory)
    array = _strided_array("empty_strided", size, stride, float_or_default(dtype))
    return leaf(array, requires_grad, device)


@method
@at_the_door
def new_empty_strided(
    self: Tensor, size: Sequence[int], stride: Sequence[int], *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """`empty_strided(size, stride)` in the dtype of this tensor."""
    if layout is not None or pin_memory is not False:
        dense_only("new_empty_strided", layout, pin_memory)
    found = as_numpy_dtype(dtype) or self._array.dtype
    array = _strided_array("new_empty_strided", size, stride, found)
    return leaf(array, requires_grad, device)


@at_the_door
def empty_permuted(
    size: Sequence[int], physical_layout: Sequence[int], *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """An uninitialised tensor without gaps, whose dimensions follow in memory in the order of `physical_layout`.

    >>> import autodiff as torch
    >>> torch.empty_permuted((2, 3, 4), (1, 0, 2)).stride()
    (4, 8, 1)
    """
    if layout is not None or pin_memory is not False:
        dense_only("empty_permuted", layout, pin_memory)
    sizes, order = sizes_of((size,), "empty_permuted"), sizes_of((physical_layout,), "empty_permuted", "physical_layout")
    if len(sizes) != len(order):
        raise RuntimeError(
            f"Number of dimensions in size does not match the length of the physical_layout: {len(sizes)} and {len(order)}"
        )
    if any(d < 0 or d >= len(sizes) for d in order):
        raise RuntimeError(f"Dimension out of range (expected to be between 0 and {len(sizes) - 1}, but got {list(order)})")
    if len(set(order)) != len(order):
        raise RuntimeError(f"Duplicate dim not allowed: {list(order)}")
    memory = np.empty([sizes[d] for d in order], float_or_default(dtype))
    return leaf(memory.transpose(np.argsort(order)) if order else memory, requires_grad, device)

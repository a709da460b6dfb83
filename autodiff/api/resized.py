"""A tensor that gets other memory, or another size of its own: resize_, resize_as_, set_.

After this module a reader knows that these change what a tensor is, so that one that takes part in a graph refuses them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.formats import axes_in, channels_last, channels_last_3d, contiguous_format, named_order, preserve_format
from autodiff._core.inplace import check_writable, method
from autodiff._core.memory import changed
from autodiff._core.modes import mode
from autodiff._core.tensor import LEAF, Tensor
from autodiff._core.views import edge_of
from autodiff.api._calls import check_storage, takes_tensors
from autodiff.api._calls import sizes as sizes_of
from autodiff.api.storage import UntypedStorage, look_at
from autodiff.api.strided import as_strided
from autodiff.api.typed_storage import TypedStorage, flat
from autodiff.ops.strided import memory_of


@method
@takes_tensors
def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Give this tensor another size, in rows: the same elements of its memory, and new ones that nobody has set; returns it.

    A tensor of that size already stays as it is, in its own order.

    RuntimeError for a tensor that requires a gradient, and for a view that would outgrow its base.

    >>> import autodiff as torch
    >>> torch.arange(6).resize_(2, 2)
    tensor([[0, 1],
            [2, 3]])
    """
    shape = sizes_of(size, "resize_")
    axes = None if memory_format is None else axes_in("resize_", named_order("resize_", memory_format), len(shape))
    if any(n < 0 for n in shape):
        raise RuntimeError(f"resize_: a size must not be negative, got {list(shape)}")
    if edge_of(self) is not None:
        raise RuntimeError("cannot resize variables that require grad")
    if axes is None and shape == self._array.shape:
        return self
    check_storage(shape)
    memory, begin = memory_of(self._array)
    dtype = self._array.dtype
    needed = begin + math.prod(shape) * dtype.itemsize  # in bytes: the memory may be that of another dtype
    if needed > memory.nbytes:
        if self._view is not None:
            count = memory.nbytes // dtype.itemsize
            raise RuntimeError(f"resize_: this view of a tensor with {count} elements can't grow to {list(shape)}")
        before, memory = memory, np.empty(needed, np.uint8)
        memory[: before.nbytes] = before.reshape(-1).view(np.uint8)
    order = tuple(range(len(shape))) if axes is None else axes
    rows = np.ndarray(tuple(shape[d] for d in order), dtype, memory, begin)
    self._array = rows.transpose(np.argsort(order)) if axes else rows
    self._view = None
    return self


@method
@takes_tensors
def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """`resize_` to the size of another tensor, with torch.preserve_format in its order in memory, too; returns the tensor.

    >>> import autodiff as torch
    >>> torch.arange(6).resize_as_(torch.ones(2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    if memory_format is preserve_format:
        rows, formats = the_template.is_contiguous(), (channels_last, channels_last_3d)
        last = [each for each in formats if the_template.is_contiguous(memory_format=each) and not rows]
        memory_format = last[0] if last else contiguous_format
    return resize_(input, the_template._array.shape, memory_format=memory_format)


@method
@takes_tensors
def set_(self: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None) -> Tensor:
    """Let this tensor see the memory of another one, or a storage, with its size or the one given; without one, none at all.

    A write into either shows in the other. RuntimeError for a leaf that requires a gradient, and for another dtype.

    >>> import autodiff as torch
    >>> x = torch.arange(3)
    >>> torch.tensor([7]).set_(x)
    tensor([0, 1, 2])
    """
    check_writable(self, "set_", uniform=True)
    if source is None:
        self._array = np.empty(0, self._array.dtype)
        changed(self)
        return self
    if isinstance(source, (TypedStorage, UntypedStorage)):
        source = flat(source, self.dtype)
    if not isinstance(source, Tensor):
        raise TypeError(f"set_(): argument 'source' (position 1) must be Tensor, not {type(source).__name__}")
    if source._array.dtype != self._array.dtype:
        theirs, ours = scalar_type(source._array), scalar_type(self._array)
        raise RuntimeError(f"Could not set tensor of type {theirs} to a tensor of type {ours}")
    seen = source.detach()
    if size is not None:
        sizes = sizes_of((size,), "set_")
        steps = [math.prod(sizes[d + 1 :]) for d in range(len(sizes))] if stride is None else stride
        seen = as_strided(seen, sizes, steps, storage_offset)
    changed(self)
    self._array, self._cell, self._view = seen._array, seen._cell, None
    if self._edge is not LEAF or mode.grad:
        self._edge = None
    changed(self)
    return self


@method(name="__setstate__")
def _setstate(self: Tensor, state: Any) -> None:
    """What pickles of PyTorch before its version 0.2 say of a tensor: its storage, and how it looks at it."""
    storage, offset, size, stride = state
    self._array = look_at(storage.untyped()._bytes, storage.dtype.np, offset, tuple(size), tuple(stride))

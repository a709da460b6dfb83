"""In which order a tensor's elements lie in memory, by PyTorch's names: rows, or the channels of an image last.

After this module a reader knows that a memory format changes no number. A format asked for is given: the strides are
PyTorch's. The layers of images (convolutions, pools, batch and group norm, padding, interpolation) and functions of each number
hand on the format of what they are given, as PyTorch's do, and a leaf's gradient has the leaf's; another operation lays its
result out as it likes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "arranged", "axes_in", "channels_follow_last", "copied", "dense_only", "laid_as", "layout", "memory_format",
    "named_order",
]

Array = np.ndarray[Any, Any]


class _Named:
    """One of a few objects, of which nobody makes another."""

    __slots__ = ("_name",)
    _name: str

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"cannot create 'torch.{cls.__name__}' instances: the ones that there are have names")

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name


class memory_format(_Named):
    """The order of a tensor's elements in memory, which changes no number.

    contiguous_format (rows), channels_last (of images, (N, C, H, W)), channels_last_3d (of volumes), and preserve_format (as it
    was). `x.to(memory_format=torch.channels_last)` has PyTorch's strides, and what a layer of images makes of it is
    channels_last, too.

    >>> import autodiff as torch
    >>> x = torch.zeros(1, 2, 3, 4).to(memory_format=torch.channels_last)
    >>> x.stride(), x.is_contiguous(memory_format=torch.channels_last)
    ((24, 1, 8, 2), True)
    """

    __slots__ = ()


class layout(_Named):
    """What a tensor keeps of its elements: `strided`, all of them. The sparse ones have a name here, and no tensor.

    >>> import autodiff as torch
    >>> torch.zeros(2).layout
    torch.strided
    """

    __slots__ = ()


def _one(kind: type[_Named], name: str) -> Any:
    made = object.__new__(kind)
    made._name = name
    return made


contiguous_format = _one(memory_format, "contiguous_format")
preserve_format = _one(memory_format, "preserve_format")
channels_last = _one(memory_format, "channels_last")
channels_last_3d = _one(memory_format, "channels_last_3d")

strided = _one(layout, "strided")
sparse_coo = _one(layout, "sparse_coo")
sparse_csr = _one(layout, "sparse_csr")
sparse_csc = _one(layout, "sparse_csc")
sparse_bsr = _one(layout, "sparse_bsr")
sparse_bsc = _one(layout, "sparse_bsc")
jagged = _one(layout, "jagged")


def axes_in(function: str, wanted: Any, ndim: int) -> tuple[int, ...] | None:
    """The dimensions in the order in which they lie in memory; None for preserve_format.

    TypeError for what is not a memory format, RuntimeError for a tensor of another rank.
    """
    if not isinstance(wanted, memory_format):
        raise TypeError(
            f"{function}(): argument 'memory_format' must be torch.memory_format, not {type(wanted).__name__} ({wanted!r}); "
            "the formats are torch.contiguous_format, preserve_format, channels_last and channels_last_3d"
        )
    if wanted is preserve_format:
        return None
    if wanted is contiguous_format:
        return tuple(range(ndim))
    rank = 4 if wanted is channels_last else 5
    if ndim != rank:
        raise RuntimeError(f"required rank {rank} tensor to use {wanted._name} format, but {function}() got one of rank {ndim}")
    return (0, *range(2, rank), 1)


def named_order(function: str, wanted: Any) -> Any:
    """The format itself; RuntimeError for preserve_format, where nothing is there whose order could be preserved."""
    if wanted is preserve_format:
        raise RuntimeError(f"{function}(): unsupported memory format Preserve: there is no order yet; name one")
    return wanted


def arranged(function: str, array: Array, wanted: Any) -> Array:
    """The array, or a copy in the format that is asked for."""
    axes = axes_in(function, wanted, array.ndim)
    if axes is None:
        return array
    lies_so = array.transpose(axes).flags.c_contiguous and (wanted is contiguous_format or channels_follow_last(array))
    return array if lies_so else copied(array, axes)


def copied(array: Array, axes: tuple[int, ...]) -> Array:
    """A copy whose dimensions lie in memory in that order, with its steps also where sizes of 1 leave them open."""
    copy = np.empty([array.shape[axis] for axis in axes], array.dtype).transpose(np.argsort(axes))
    copy[...] = array
    return copy


def channels_follow_last(array: Array) -> bool:
    """Whether PyTorch takes the steps of an image or a volume for channels_last, where sizes of 1 leave it open.

    It compares the steps themselves, of dimensions of size 1 too. Source: c10/core/MemoryFormat.h of PyTorch.
    """
    if array.ndim not in (4, 5) or not array.size or not 0 < array.strides[1] <= array.strides[-1]:
        return False
    least = 0
    for axis in (1, *range(array.ndim - 1, 1, -1), 0):
        step = array.strides[axis]
        if step < least or (axis == 0 and least == array.strides[1]):
            return False
        least = step * max(array.shape[axis], 1)
    return True


def laid_as(y: Array, *given: Array) -> Array:
    """What a layer made, channels last where one of what it was given is an image or a volume that has them last."""
    if y.ndim > 3:
        for x in given:
            strides = x.strides
            if strides[1] <= strides[-1] and x.ndim == y.ndim and channels_follow_last(x):
                return arranged("laid_as", y, channels_last if y.ndim == 4 else channels_last_3d)
    return y


def dense_only(function: str, wanted: Any, pin_memory: bool | None) -> None:
    """Refuses what no tensor on a CPU has: TypeError for what is not a layout or a bool.

    NotImplementedError for a sparse layout, RuntimeError for pinned memory, which only a graphics card reads from.
    """
    if wanted is not None and not isinstance(wanted, layout):
        raise TypeError(f"{function}(): argument 'layout' must be torch.layout, not {type(wanted).__name__} ({wanted!r})")
    if wanted is not None and wanted is not strided:
        raise NotImplementedError(f"{function}(): a layout of {wanted!r} is not supported: all tensors here are torch.strided")
    if pin_memory is not None and not isinstance(pin_memory, bool):
        raise TypeError(f"{function}(): argument 'pin_memory' must be bool, not {type(pin_memory).__name__}")
    if pin_memory:
        raise RuntimeError(
            f"{function}(): pin_memory=True requires a CUDA or other accelerator backend; everything is on the CPU here: leave "
            "it out"
        )

"""The memory behind a tensor, as a flat row of bytes: `untyped_storage()`.

After this module a reader knows that a tensor is a way to look at a storage (where to begin, how far to step), and that views
of one tensor are several ways to look at the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from autodiff._core import types
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff.api import shared

__all__ = ["UntypedStorage", "look_at", "memory_of", "share", "writable"]

Array = np.ndarray[Any, Any]


class _Span:
    """Memory that belongs to `owner`: what NumPy makes an array of."""

    def __init__(self, owner: Array, **interface: Any) -> None:
        self.owner, self.__array_interface__ = owner, {"version": 3, **interface}


def writable(array: Array) -> Array:
    """The same memory in an array that may be written to."""
    return np.asarray(_Span(array, **{**array.__array_interface__, "data": (array.ctypes.data, False)}))


def memory_of(array: Array) -> tuple[Array, int]:
    """The memory that an array looks at, as bytes, and the byte in it where the array begins.

    That of the array at the end of the chain of views: so two views of one array get the same. A copy of the array where it
    doesn't step forward through memory by whole elements (a field of a structured array).
    """
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    if not owner.size:
        return np.empty(0, np.uint8), 0
    low, high = np.lib.array_utils.byte_bounds(owner)
    memory = np.asarray(_Span(owner, typestr="|u1", shape=(high - low,), data=(low, not owner.flags.writeable)))
    start = array.ctypes.data - memory.ctypes.data
    if start % array.itemsize or any(step % array.itemsize or step < 0 for step in array.strides):
        return np.array(array, order="C").reshape(-1).view(np.uint8), 0
    return memory, start


def look_at(memory: Array, dtype: np.dtype[Any], start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """An array that looks at bytes of memory: from `start`, in steps of `strides`, both counted in elements.

    RuntimeError where that would reach outside of the memory.
    """
    if len(shape) != len(strides):
        raise RuntimeError(f"a tensor of {len(shape)} dimensions needs as many strides, not {len(strides)}")
    if min(shape, default=0) < 0 or min(strides, default=0) < 0 or start < 0:
        raise RuntimeError(f"sizes, strides and place must not be negative: {shape}, {strides}, {start}")
    size = dtype.itemsize
    last = start + sum((n - 1) * step for n, step in zip(shape, strides)) + 1 if 0 not in shape else 0
    if last * size > memory.size:
        raise RuntimeError(
            f"a tensor of sizes {list(shape)} and strides {list(strides)} from element {start} on would end at element {last}, "
            f"outside of its storage, which has {memory.size // size}"
        )
    most = memory.size // size
    start = min(start, most) if 0 in shape else start
    taken = 0 not in shape
    steps = tuple((step if taken and n > 1 else min(step, most)) * size for n, step in zip(shape, strides))
    try:
        return np.ndarray(shape, dtype, memory, start * size, steps)
    except ValueError as error:  # more dimensions or elements than NumPy can count
        raise RuntimeError(f"a tensor of sizes {list(shape)} can't be made: {error}") from None


class UntypedStorage:
    """A row of bytes: what a tensor's numbers lie in. `UntypedStorage(n)` has n bytes of zeros.

    >>> import autodiff as torch
    >>> memory = torch.tensor([1.0, 2.0]).untyped_storage()
    >>> memory.nbytes(), memory[3]
    (8, 63)
    """

    device = types.CPU
    is_cuda = False

    def __init__(self, size: int = 0) -> None:
        if not isinstance(size, int):
            raise TypeError(f"UntypedStorage(): size must be an int, not {type(size).__name__}")
        if size < 0:
            raise RuntimeError(f"UntypedStorage(): a storage can't have {size} bytes")
        self._bytes: Array = np.zeros(size, np.uint8)

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return self._bytes.ctypes.data

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._bytes.size

    size = __len__ = nbytes

    def element_size(self) -> int:
        """1: the elements are bytes."""
        return 1

    def tolist(self) -> list[int]:
        """The bytes as a list."""
        found: list[int] = self._bytes.tolist()
        return found

    def __getitem__(self, index: Any) -> Any:
        return of_bytes(self._bytes[index]) if isinstance(index, slice) else int(self._bytes[index])

    def __setitem__(self, index: Any, value: int) -> None:
        self._bytes[index] = value

    def __iter__(self) -> Iterator[int]:
        return iter(self.tolist())

    @property
    def _cdata(self) -> int:
        """What tells one storage from another."""
        return self.data_ptr()

    def fill_(self, value: int) -> UntypedStorage:
        """Put a number into every byte."""
        self._bytes[...] = value
        return self

    def copy_(self, source: UntypedStorage, non_blocking: bool | None = None) -> UntypedStorage:
        """Take over the bytes of a storage of the same size."""
        self._bytes[...] = source._bytes
        return self

    def clone(self) -> UntypedStorage:
        """A copy."""
        return of_bytes(self._bytes.copy())

    def cpu(self) -> UntypedStorage:
        """The storage itself: there is no other device."""
        return self

    def cuda(self, device: Any = None) -> UntypedStorage:
        """RuntimeError: there is no GPU here."""
        types.on_cpu("cuda" if device is None else device)
        return self

    def share_memory_(self) -> UntypedStorage:
        """Moves the storage, and all tensors that look at it, to where other processes see it; returns the storage."""
        shared.move([self._bytes], UntypedStorage)
        return self

    def is_shared(self) -> bool:
        """Does it lie in memory that other processes see?"""
        return shared.is_shared(self._bytes)

    def __repr__(self) -> str:
        lines = "".join(f" {byte}\n" for byte in self._bytes)
        return f"{lines}[torch.storage.UntypedStorage(device=cpu) of size {len(self)}]"


def of_bytes(memory: Array) -> UntypedStorage:
    found = UntypedStorage()
    found._bytes = memory
    return found


# ---- methods of Tensor -------------------------------------------------------------------------------------------


@method
def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory that this tensor and all views of it look at, as bytes.

    >>> import autodiff as torch
    >>> x = torch.zeros(3, 2)
    >>> x.untyped_storage().nbytes(), x[1].untyped_storage().data_ptr() == x.data_ptr()
    (24, True)
    """
    return of_bytes(memory_of(self._array)[0])


@method
def storage_offset(self: Tensor) -> int:
    """The place in the storage, in elements, where this tensor begins.

    >>> import autodiff as torch
    >>> torch.arange(6).view(2, 3)[1].storage_offset()
    3
    """
    return memory_of(self._array)[1] // self._array.itemsize


@method
def share_memory_(self: Tensor) -> Tensor:
    """Moves the tensor, and all that look at its memory, to where other processes see it; returns the tensor.

    A process that is forked, or is sent the tensor, then reads and writes the same numbers. A NumPy array that shared its
    memory before keeps the old one. Where processes can't be forked (on Windows, in a browser), nothing is moved.

    >>> import autodiff as torch
    >>> x = torch.zeros(2)
    >>> x.is_shared(), x.share_memory_().is_shared(), x[1:].is_shared()
    (False, True, True)
    """
    share([self])
    return self


def share(tensors: Iterable[Tensor]) -> None:
    """Move tensors to where other processes see them: all of them into one piece of memory."""
    shared.move([memory_of(t._array)[0] for t in tensors], UntypedStorage)


@method
def is_shared(self: Tensor) -> bool:
    """Does the tensor lie in memory that other processes see, as after `share_memory_`?"""
    return shared.is_shared(self._array)


@method
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """The tensor itself: pinned memory is for a GPU."""
    return self


@method
def is_pinned(self: Tensor, device: Any = None) -> bool:
    """False: pinned memory is for a GPU."""
    return False

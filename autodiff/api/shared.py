"""Memory that several processes see: what `share_memory_()` puts a tensor into, so that they can train one model together.

After this module a reader knows that a tensor is moved there with all others that look at its memory, since the numbers keep
one place; and that a process is not sent the numbers but the file that they lie in, which has no name on any disk.
"""

from __future__ import annotations

import bisect
import gc
import itertools
import math
import mmap
import os
import pickle
import sys
import weakref
from collections.abc import Iterable, Iterator
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np

from autodiff._core.fields import get_requires_grad
from autodiff._core.tensor import Tensor
from autodiff.api.copies import rebuild_tensor, state_of

__all__ = ["is_shared", "move"]

Array = np.ndarray[Any, Any]

_NUMBERS: Any = Tensor.__dict__["_array"]  # the slot itself: a parameter without a size has a property in front of it
_LINE = 64  # bytes: each tensor begins at one of these, as NumPy's own arrays do for vectors
_HAS_IT = sys.platform not in ("win32", "emscripten")


class SharedMemory(mmap.mmap):
    """The memory of a file that is open and has no name: whoever has its descriptor, or is forked, sees the same bytes."""

    fd: int

    def __new__(cls, fd: int, size: int) -> SharedMemory:
        self = super().__new__(cls, fd, size)
        self.fd = fd
        weakref.finalize(self, os.close, fd)
        return self


def _without_a_name(size: int) -> int:
    """The descriptor of a new file of so many bytes, in memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("autodiff")
    else:
        import tempfile

        fd, path = tempfile.mkstemp()
        os.unlink(path)
    os.ftruncate(fd, size)
    return fd


def is_shared(array: Any) -> bool:
    """Does the array lie in memory that `share` made?"""
    return _behind(array) is not None


def _behind(array: Any) -> SharedMemory | None:
    while array is not None and not isinstance(array, SharedMemory):
        array = array.base if isinstance(array, np.ndarray) else getattr(array, "owner", None)  # a storage's span of memory
    found: SharedMemory | None = array
    return found


def move(memories: Iterable[Array], storage: type) -> None:
    """Move memories, arrays of bytes, to where other processes see them, with every tensor and storage that looks at them.

    Where processes can't be forked (on Windows, in a browser), nothing is moved.
    """
    old = {memory.ctypes.data: memory for memory in memories if memory.size and not is_shared(memory)}
    if not old or not _HAS_IT:
        return
    lows = sorted(old)
    starts = list(itertools.accumulate((math.ceil(old[low].size / _LINE) * _LINE for low in lows), initial=0))
    shared = SharedMemory(_without_a_name(starts[-1]), starts[-1])
    new: list[Array] = [np.ndarray(old[low].size, np.uint8, shared, start) for low, start in zip(lows, starts)]
    for low, memory in zip(lows, new):
        memory[...] = old[low]
    ForkingPickler.register(SharedMemory, _sent_memory)
    for looker, array in list(_lookers(storage)):
        at = array.__array_interface__["data"][0]
        i = bisect.bisect_right(lows, at) - 1
        if i < 0 or at >= lows[i] + new[i].size or not array.size:
            continue
        moved: Array = np.ndarray(array.shape, array.dtype, new[i], at - lows[i], array.strides)
        moved.flags.writeable = array.flags.writeable
        if isinstance(looker, Tensor):
            _NUMBERS.__set__(looker, moved)
            ForkingPickler.register(type(looker), _sent)
        else:
            looker._bytes = moved


def _lookers(storage: type) -> Iterator[tuple[Any, Array]]:
    """All the tensors and storages that there are, with the arrays by which they look at memory."""
    frozen = gc.get_freeze_count()
    if frozen:  # what is frozen is not listed, and a program that forks freezes all it has
        gc.unfreeze()
    objects = gc.get_objects()
    if frozen:
        gc.freeze()
    # There may be millions of them, of a few thousand types, and a type need not have a hash.
    types = list(map(type, objects))  # isinstance would ask a proxy what it stands for
    kinds = {id(kind) for kind in dict(zip(map(id, types), types)).values() if kind is storage or issubclass(kind, Tensor)}
    for each in itertools.compress(objects, map(kinds.__contains__, map(id, types))):
        try:
            yield each, _NUMBERS.__get__(each) if issubclass(type(each), Tensor) else each._bytes
        except AttributeError:
            continue  # it is being made


# ---- how they are sent to a process that is not forked ----------------------------------------------------------------------


def _sent(t: Tensor) -> Any:
    memory = _behind(t._array)
    if memory is None:
        return t.__reduce_ex__(pickle.DEFAULT_PROTOCOL)
    start = t._array.__array_interface__["data"][0] - np.frombuffer(memory, np.uint8).ctypes.data
    look = t._array.dtype.str, start, t._array.shape, t._array.strides
    return _received, (type(t), memory, look, get_requires_grad(t), state_of(t))


def _received(kind: type[Tensor], memory: SharedMemory, look: Any, wanted: bool, state: Any) -> Tensor:
    dtype, start, shape, strides = look
    ForkingPickler.register(kind, _sent)
    return rebuild_tensor(kind, np.ndarray(shape, dtype, memory, start, strides), wanted, state)


def _sent_memory(memory: SharedMemory) -> Any:
    from multiprocessing.reduction import DupFd  # there is none on Windows

    return _received_memory, (DupFd(memory.fd), len(memory))


def _received_memory(handle: Any, size: int) -> SharedMemory:
    ForkingPickler.register(SharedMemory, _sent_memory)
    return SharedMemory(handle.detach(), size)

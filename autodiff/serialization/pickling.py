"""What is written: a pickle in which each tensor names PyTorch's function that rebuilds it, and a storage kept outside.

After this module a reader knows why two tensors that share memory still do when they come back: the pickle says for each where
it begins in which storage, and a storage is written once.
"""

from __future__ import annotations

import codecs
import pickle
from collections import OrderedDict
from types import FunctionType
from typing import Any, ClassVar

import numpy as np

from autodiff._core import dtypes
from autodiff._core.fields import get_requires_grad
from autodiff._core.tensor import Tensor
from autodiff.api.copies import state_of, warn_of_hooks
from autodiff.api.storage import UntypedStorage, memory_of
from autodiff.api.typed_storage import TypedStorage
from autodiff.nn.modules._form import to_pytorchs
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Buffer, Parameter
from autodiff.serialization import rebuild
from autodiff.serialization.locations import location_tag
from autodiff.serialization.names import theirs
from autodiff.serialization.rebuild import STORAGES, StorageType
from autodiff.serialization.sources import source_of

__all__ = ["Storages", "pickler"]

Array = np.ndarray[Any, Any]

_TYPES = {found.dtype: found for found in STORAGES.values() if found.dtype is not None}


class Storages:
    """The storages of one file, each under a number."""

    def __init__(self) -> None:
        self.memory: list[Array] = []
        self.dtypes: list[dtypes.dtype] = []
        self._numbers: dict[tuple[int, int], int] = {}
        self._empty: dict[int, int] = {}  # by the object that has no memory, which is kept alive below
        self._alive: list[Any] = []

    def number(self, memory: Array, dtype: dtypes.dtype, owner: Any) -> int:
        """The number of the storage with this memory. RuntimeError when it is looked at as two dtypes."""
        if memory.size:
            n = self._numbers.setdefault((memory.ctypes.data, memory.size), len(self.memory))
        else:
            n = self._empty.setdefault(id(owner), len(self.memory))
        if n == len(self.memory):
            self.memory.append(memory)
            self.dtypes.append(dtype)
            self._alive.append(owner)
        elif self.dtypes[n] is not dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different types: here "
                f"{self.dtypes[n]} and {dtype}; save a clone() of one of them"
            )
        return n


class _Outside:
    """A storage, on its way to become a persistent id."""

    __slots__ = ("id",)

    def __init__(self, kind: StorageType, number: int, count: int, storage: Any) -> None:
        self.id = ("storage", kind, str(number), location_tag(storage), count)


def _tensor_parts(t: Tensor, storages: Storages) -> tuple[Any, ...]:
    memory, start = memory_of(t._array)
    number, size = storages.number(memory, t.dtype, t), t._array.itemsize
    outside = _Outside(_TYPES[t.dtype], number, memory.size // size, t.untyped_storage())
    return outside, start // size, tuple(t.shape), t.stride(), get_requires_grad(t), OrderedDict()


def _reduced(t: Tensor, storages: Storages, protocol: int) -> Any:
    """How to write a tensor: the function that rebuilds it, and its arguments. A class may have a way of its own."""
    if type(t).__reduce_ex__ is not Tensor.__reduce_ex__:
        return t.__reduce_ex__(protocol)
    warn_of_hooks(t)
    kind, notes = type(t), state_of(t)
    if isinstance(t, (Parameter, Buffer)) and kind in (Parameter, Buffer):
        *rest, wanted, hooks = _tensor_parts(t, storages)
        if kind is Buffer:
            marked = {"persistent": notes.get("persistent", True), Buffer.mark: True}
            return rebuild.from_type, (rebuild.tensor_v2, Tensor, (*rest, wanted, hooks), marked)
        plain = _Call(rebuild.tensor_v2, (*rest, False, hooks))
        if notes:
            return rebuild.parameter_with_state, (plain, wanted, hooks, notes)
        return rebuild.parameter, (plain, wanted, hooks)
    parts = _tensor_parts(t, storages)
    if kind is Tensor and not notes:
        return rebuild.tensor_v2, parts
    return rebuild.from_type, (rebuild.tensor_v2, kind, parts, notes)


class _Call:
    """An object that is written as a call: of `function` with `args`."""

    __slots__ = ("args", "function")

    def __init__(self, function: Any, args: tuple[Any, ...]) -> None:
        self.function, self.args = function, args

    def __reduce__(self) -> Any:
        return self.function, self.args


def _module(module: Module, protocol: int) -> Any:
    """How to write a module: as Python would, its attributes in the form that PyTorch's modules have."""
    how = list(module.__reduce_ex__(protocol))
    if len(how) > 2 and isinstance(how[2], dict):
        how[2] = to_pytorchs(module, how[2])
    return tuple(how)


_BY_DEFAULT: Any = pickle._Pickler.__dict__["save_global"]


class Pickler(pickle._Pickler):
    """Python's pickler in the form written in Python: the other one writes no name that it has not looked up."""

    storages: Storages
    legacy: bool
    classes: set[type]
    proto: int
    write: Any
    memoize: Any

    def persistent_id(self, obj: Any) -> Any:
        """What stands in the pickle for a storage; None for all that is written into it."""
        if isinstance(obj, TypedStorage):
            number = self.storages.number(obj._untyped_storage._bytes, obj.dtype, obj)
            obj = _Outside(_TYPES[obj.dtype], number, obj.size(), obj)
        elif isinstance(obj, UntypedStorage):
            number = self.storages.number(obj._bytes, dtypes.uint8, obj)
            kind = STORAGES["ByteStorage" if self.legacy else "UntypedStorage"]  # PyTorch reads the latter in archives only
            obj = _Outside(kind, number, obj.nbytes(), obj)
        if isinstance(obj, _Outside):
            return (*obj.id, None) if self.legacy else obj.id
        if self.legacy and isinstance(obj, type) and issubclass(obj, Module) and obj not in self.classes and not theirs(obj):
            self.classes.add(obj)  # the second time, for the class itself, it is written by its name
            return ("module", obj, *(source_of(obj) or (None, None)))
        return None

    def reducer_override(self, obj: Any) -> Any:
        """How tensors and modules are written."""
        if isinstance(obj, Tensor):
            return _reduced(obj, self.storages, self.proto)
        if isinstance(obj, Module):
            return _module(obj, self.proto)
        if type(obj) is bytes and not obj and self.proto < 3:
            return codecs.encode, ("", "latin1")  # Python would write a call of `bytes`, which PyTorch does not allow
        return NotImplemented

    def save_global(self, obj: Any, name: Any = None) -> None:
        """Write a name: PyTorch's for what is the package's."""
        if not self._known(obj):
            self.others(obj, name)

    def save_function(self, obj: Any) -> None:
        """The same for a function, which the user's module may write in another way."""
        if not self._known(obj):
            self.other_functions(obj)

    def _known(self, obj: Any) -> bool:
        known = theirs(obj)
        if known is None:
            return False
        self.write(b"c" + known.replace(" ", "\n").encode() + b"\n")
        self.memoize(obj)
        return True

    others = other_functions = _BY_DEFAULT
    dispatch: ClassVar[dict[type, Any]] = {**pickle._Pickler.dispatch, FunctionType: save_function}


def pickler(pickle_module: Any, file: Any, protocol: int, storages: Storages, legacy: bool) -> Pickler:
    """The pickler of one file; of the user's module, such as dill, it takes over what that adds to Python's.

    TypeError for a module whose pickler is not written in Python.
    """
    cls: Any = Pickler
    base = pickle_module.Pickler
    if base is not pickle.Pickler:
        if not issubclass(base, pickle._Pickler):
            raise TypeError(f"pickle_module: the Pickler of {pickle_module.__name__} can't write PyTorch's names; use pickle")
        table = {**base.dispatch, FunctionType: Pickler.save_function}
        theirs_too = {"others": base.save_global, "other_functions": base.dispatch[FunctionType], "dispatch": table}
        cls = type("Pickler", (Pickler, base), theirs_too)
    found: Pickler = cls(file, protocol)
    found.storages, found.legacy, found.classes = storages, legacy, set()
    return found

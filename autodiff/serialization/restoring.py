"""What is read: storages are made when the pickle first asks for them, and tensors look at them.

After this module a reader knows the two ways of reading the pickle of a file: by the machine that runs no code of it, and, if
the user says that the file is to be trusted, by Python's own, with PyTorch's classes replaced by those of this package.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core import dtypes
from autodiff._core.tensor import Tensor
from autodiff.api.storage import UntypedStorage, of_bytes
from autodiff.api.typed_storage import TypedStorage, typed
from autodiff.serialization.archive import damaged
from autodiff.serialization.machine import FromUser, Machine, Refused, named, run_by_user
from autodiff.serialization.names import added, allowed, call, find_safe, ours
from autodiff.serialization.rebuild import StorageType, tensor_v1
from autodiff.serialization.sources import check_source

__all__ = ["Restoring", "machine", "trusting"]

Array = np.ndarray[Any, Any]
Locate = Callable[[Any, str], Any]


class Restoring:
    """The storages of one file, read when they are first asked for; `fetch` reads one: its bytes, by key and expected size."""

    def __init__(self, fetch: Callable[[str, int], Array], locate: Locate, byteorder: str = "little") -> None:
        self._fetch, self._locate, self._swap = fetch, locate, byteorder != sys.byteorder
        self.found: dict[str, UntypedStorage] = {}
        self.dtypes: dict[str, dtypes.dtype] = {}

    def named(self, persistent: Any) -> Any:
        """What a persistent id names: a storage; or, in the old format, a class, whose source stands beside it."""
        parts = tuple(map(_text, persistent)) if type(persistent) is tuple else ()
        if len(parts) == 4 and parts[0] == "module" and isinstance(parts[1], type):
            check_source(*parts[1:])
            return parts[1]
        if len(parts) not in (5, 6) or parts[0] != "storage":
            raise Refused(f"persistent id {named(persistent)} names no storage")
        _, kind, key, location, count, *view = parts
        if not isinstance(kind, StorageType) or type(key) is not str or type(count) is not int or count < 0:
            raise Refused(f"persistent id {named(key)} names no storage")
        if type(location) is not str:
            raise Refused(f"the place of a storage is {named(location)}")
        storage = self._storage(kind, key, count, location)
        return storage if not view or view[0] is None else _part(storage, view[0])

    def _storage(self, kind: StorageType, key: str, count: int, location: Any) -> TypedStorage:
        dtype = dtypes.uint8 if kind.name == "UntypedStorage" else kind.dtype
        if dtype is None:
            raise RuntimeError(
                f"the file holds a tensor whose numbers stand in a {kind.name}; autodiff has no such tensors: convert it in "
                "PyTorch, for instance with .float(), and save it again"
            )
        storage = self.found.get(key)
        if storage is None:
            storage = self.found[key] = self._made(key, dtype, count, location)
            self.dtypes[key] = dtype
        return typed(storage, dtype)

    def _made(self, key: str, dtype: dtypes.dtype, count: int, location: Any) -> UntypedStorage:
        memory = self._fetch(key, count * dtype.itemsize)
        if self._swap:
            memory = memory.view(dtype.np).byteswap().view(np.uint8)
        located = run_by_user(self._locate, of_bytes(memory), location)
        if isinstance(located, TypedStorage):
            located = located.untyped()
        if not isinstance(located, UntypedStorage):
            raise FromUser(TypeError(f"map_location should return a storage or None, not {type(located).__name__}"))
        return located


def _text(part: Any) -> Any:
    """Python 2's strings, which are bytes if the user wants so, as text."""
    return part.decode("ascii", "replace") if type(part) is bytes else part


def _part(storage: TypedStorage, view: Any) -> TypedStorage:
    """The part of a storage that PyTorch before its version 0.4 wrote as a view: (key, where it begins, how long it is)."""
    if type(view) is not tuple or len(view) != 3 or not all(type(n) is int and n >= 0 for n in view[1:]):
        raise Refused(f"{named(view)} is not a part of a storage")
    size = storage.element_size()
    start, end = view[1] * size, (view[1] + view[2]) * size
    if end > storage.nbytes():
        raise damaged("a part of a storage would end behind it")
    return typed(of_bytes(storage.untyped()._bytes[start:end]), storage.dtype)


def machine(data: bytes, restoring: Restoring, encoding: str) -> Machine:
    """The machine for the pickles in `data`."""
    return Machine(data, find_safe, restoring.named, allowed, call, give_state, encoding)


def give_state(target: Any, state: Any) -> None:
    """Give an object what the pickle says of it: attributes, to an OrderedDict and what the user allows; memory to a tensor."""
    kind = type(target)
    if kind is Tensor and type(state) is tuple and len(state) == 4:  # before PyTorch's version 0.2
        tensor_v1(*state)  # which checks them
        target.__setstate__(state)
    elif kind is OrderedDict and type(state) is dict:
        vars(target).update(state)
    elif not any(kind is known for known in added.named.values()):
        raise Refused(f"Can only build OrderedDict or classes allowed by add_safe_globals, but got {kind}")
    elif hasattr(target, "__setstate__"):
        run_by_user(target.__setstate__, state)
    else:
        plain, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
        if plain:
            vars(target).update(plain)
        for name, value in (slots or {}).items():
            setattr(target, name, value)


class Unpickler(pickle.Unpickler):
    """Python's own unpickler, for a file that is trusted: it may call anything."""

    restoring: Restoring

    def find_class(self, module: str, name: str) -> Any:
        """What a name stands for: PyTorch's names for what there is of it here."""
        found = ours(module, name)
        return super().find_class(module, name) if found is None else found

    def persistent_load(self, saved_id: Any) -> Any:
        """The storage that is kept outside."""
        return self.restoring.named(saved_id)


def trusting(pickle_module: Any, restoring: Restoring, file: io.BytesIO, **options: Any) -> Unpickler:
    """The unpickler for a file that is trusted, with what the user's module adds to Python's."""
    base = pickle_module.Unpickler
    cls: Any = Unpickler if base is pickle.Unpickler else type("Unpickler", (Unpickler, base), {})
    found: Unpickler = cls(file, **options)
    found.restoring = restoring
    return found

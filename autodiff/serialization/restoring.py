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
from autodiff.api.storage import TypedStorage, UntypedStorage, of_bytes
from autodiff.serialization.machine import Machine, Refused
from autodiff.serialization.names import added, allowed, find_safe, ours
from autodiff.serialization.rebuild import StorageType

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
        if type(persistent) is tuple and len(persistent) == 4 and persistent[0] == "module" and isinstance(persistent[1], type):
            return persistent[1]
        return self._storage(persistent)

    def _storage(self, persistent: Any) -> TypedStorage:
        if type(persistent) is not tuple or len(persistent) not in (5, 6) or persistent[0] not in ("storage", b"storage"):
            raise Refused(f"persistent id {str(persistent)[:100]!r} names no storage")
        _, kind, key, location, count, *view = persistent
        if not isinstance(kind, StorageType) or type(key) is not str or type(count) is not int or count < 0:
            raise Refused(f"persistent id {key!r} names no storage")
        if view and view[0] is not None:
            raise Refused("views of storages were written by PyTorch before its version 0.4 only: load and save it there")
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
        return TypedStorage(storage, dtype)

    def _made(self, key: str, dtype: dtypes.dtype, count: int, location: Any) -> UntypedStorage:
        memory = self._fetch(key, count * dtype.itemsize)
        if self._swap and dtype.itemsize > 1:
            memory = memory.view(dtype.np).byteswap().view(np.uint8)
        located = self._locate(of_bytes(memory), location)
        if isinstance(located, TypedStorage):
            located = located.untyped()
        if not isinstance(located, UntypedStorage):
            raise TypeError(f"map_location should return a storage or None, not {type(located).__name__}")
        return located


def machine(data: bytes, restoring: Restoring, encoding: str) -> Machine:
    """The machine for the pickles in `data`."""
    return Machine(data, find_safe, restoring.named, allowed, _takes_state, encoding)


def _takes_state(target: Any) -> bool:
    return type(target) is OrderedDict or any(type(target) is known for known in added.named.values())


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

"""The form of files before PyTorch 1.6: pickles one after another, and the storages behind them.

After this module a reader knows what such a file begins with (a magic number, a version, the sizes of C's types), and why
several objects can be saved into one file: each is read to its end and no further.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

from autodiff.serialization.archive import damaged
from autodiff.serialization.pickling import Storages, pickler
from autodiff.serialization.restoring import Locate, Restoring, machine, trusting
from autodiff.serialization.skipping import skipping

__all__ = ["read", "write"]

_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_SYSTEM = {"protocol_version": _VERSION, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def write(obj: Any, file: Any, pickle_module: Any, protocol: int) -> None:
    """Write an object and its storages."""
    storages = Storages()
    for fact in (_MAGIC, _VERSION, _SYSTEM):
        file.write(pickle.dumps(fact, protocol))
    pickler(pickle_module, file, protocol, storages, True).dump(obj)
    file.write(pickle.dumps([str(n) for n in range(len(storages.memory))], protocol))
    for memory, dtype in zip(storages.memory, storages.dtypes, strict=True):
        file.write((memory.size // dtype.itemsize).to_bytes(8, "little"))
        numbers = np.zeros_like(memory) if skipping() else memory
        file.write(numbers.view(dtype.np).astype(dtype.np.newbyteorder("<"), copy=False).data.cast("B"))


def read(file: Any, locate: Locate, pickle_module: Any, options: dict[str, Any]) -> Any:
    """Read the object that begins where the file stands, and leave the file behind it. `pickle_module` None: weights only.

    The storages come last: the pickle is read with storages that are filled afterwards.
    """
    start = file.tell()
    data = file.read()
    if len(data) > 262 and data[257:262] == b"ustar":
        raise RuntimeError(
            "this is a file in the .tar format that PyTorch had before its version 0.1.10: load it there, and save it again"
        )
    promised: dict[str, int] = {}  # how many bytes the pickle says that each storage has

    left = len(data)

    def promise(key: str, size: int) -> Any:
        nonlocal left
        promised[key] = size
        left -= size
        if left < 0:
            raise damaged("its storages would be longer than the file")
        return np.zeros(size, np.uint8)

    restoring = Restoring(promise, locate)
    pickles = _Pickles(data, restoring, pickle_module, options)
    if pickles.next() != _MAGIC:
        raise RuntimeError("Invalid magic number; corrupt file?")
    if (version := pickles.next()) != _VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}")
    pickles.next()
    result, keys = pickles.next(), pickles.next()
    keys = [key.decode("ascii", "replace") if type(key) is bytes else key for key in keys] if type(keys) is list else []
    if set(map(str, keys)) != promised.keys():
        raise damaged("its storages are not those that its pickle names")
    at = _fill(data, pickles.at, restoring, keys)
    file.seek(start + at)
    return result


class _Pickles:
    """The pickles of a file, one after another."""

    def __init__(self, data: bytes, restoring: Restoring, pickle_module: Any, options: dict[str, Any]) -> None:
        self._machine = machine(data, restoring, options["encoding"]) if pickle_module is None else None
        self._file = io.BytesIO(data)
        self._restoring, self._module, self._options = restoring, pickle_module, options
        self.at = 0

    def next(self) -> Any:
        """The object of the next pickle."""
        if self._machine is not None:
            found, self.at = self._machine.run(self.at), self._machine.at
            return found
        found = trusting(self._module, self._restoring, self._file, **self._options).load()
        self.at = self._file.tell()
        return found


def _fill(data: bytes, at: int, restoring: Restoring, keys: list[str]) -> int:
    """Put the numbers into the storages; the place behind them."""
    for key in keys:
        kind, memory = restoring.dtypes[key], restoring.found[key]._bytes
        count = int.from_bytes(data[at : at + 8], "little")
        at += 8
        if count * kind.itemsize != memory.size or at + memory.size > len(data):
            raise damaged(f"its storage {key} ends too early, or has another size than its pickle says")
        if not skipping():
            memory[:] = np.frombuffer(data, np.uint8, memory.size, at)
        at += memory.size
    return at

"""What else a file may name: classes and functions that the user allows, for good or for the length of a `with` block.

After this module a reader knows how to find out what a file asks for before it is loaded.
"""

from __future__ import annotations

import pickletools
from typing import Any

from autodiff.serialization.archive import Reader
from autodiff.serialization.containers import is_zipfile
from autodiff.serialization.files import reading
from autodiff.serialization.machine import Refused
from autodiff.serialization.names import added, find_safe

__all__ = [
    "add_safe_globals", "clear_safe_globals", "get_safe_globals", "get_unsafe_globals_in_checkpoint", "safe_globals",
]


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Allow classes and functions in files that are loaded with `weights_only=True`.

    Each is a class or function, or a tuple of it and the full name that files have for it. Only add what you would let a
    stranger call, with arguments of his choice.

    >>> import autodiff as torch
    >>> torch.serialization.add_safe_globals([range])
    >>> torch.serialization.get_safe_globals()
    [<class 'range'>]
    >>> torch.serialization.clear_safe_globals()
    """
    added.add(safe_globals)


def get_safe_globals() -> list[Any]:
    """What `add_safe_globals` has allowed.

    >>> import autodiff as torch
    >>> torch.serialization.get_safe_globals()
    []
    """
    return list(added.given)


def clear_safe_globals() -> None:
    """Take back all that `add_safe_globals` has allowed.

    >>> import autodiff as torch
    >>> torch.serialization.clear_safe_globals()
    """
    added.replace([])


class safe_globals:
    """`add_safe_globals` for the length of a `with` block.

    >>> import autodiff as torch
    >>> with torch.serialization.safe_globals([range]):
    ...     torch.serialization.get_safe_globals()
    [<class 'range'>]
    """

    def __init__(self, safe_globals: list[Any]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        self._before = get_safe_globals()
        add_safe_globals(self.safe_globals)

    def __exit__(self, *error: object) -> None:
        added.replace(self._before)


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """The names in a file that `load(f, weights_only=True)` would refuse. ValueError for a file of the old format.

    >>> import autodiff as torch, io
    >>> file = io.BytesIO()
    >>> torch.save(torch.nn.Identity(), file)
    >>> torch.serialization.get_unsafe_globals_in_checkpoint(file)
    ['torch.nn.modules.linear.Identity']
    """
    with reading(f) as file:
        file.seek(0)
        if not is_zipfile(file):
            raise ValueError("Expected input to be a checkpoint returned by torch.save but got a file of another format")
        structure = Reader(file).get_record("data.pkl")
    found, strings = [], [""]
    for code, value, _ in pickletools.genops(structure):
        if code.name == "GLOBAL":
            strings += str(value).split(" ", 1)
        elif isinstance(value, str):
            strings.append(value)
        if code.name in ("GLOBAL", "STACK_GLOBAL"):
            module, name = strings[-2:]
            try:
                find_safe(module, name)
            except Refused:
                found.append(f"{module}.{name}")
    return list(dict.fromkeys(found))

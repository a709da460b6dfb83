"""The switches of saving and loading, under PyTorch's names: `utils.serialization.config.save` and `.load`.

After this module a reader knows the two ways of looking at a file as memory: with pages of one's own, or with those that every
other program sees, so that a change of a tensor changes the file.
"""

from __future__ import annotations

import mmap
from typing import Any

__all__ = [
    "get_crc32_options", "get_default_mmap_options", "load", "save", "set_crc32_options", "set_default_mmap_options",
]

MAP_SHARED, MAP_PRIVATE = (getattr(mmap, name, None) for name in ("MAP_SHARED", "MAP_PRIVATE"))  # None on Windows


class _Save:
    """How `save` writes a file."""

    __slots__ = ("compute_crc32", "storage_alignment", "use_pinned_memory_for_d2h")

    def __init__(self) -> None:
        self.compute_crc32 = True  # without, no checksum finds a damaged record
        self.storage_alignment = 64  # the numbers of a tensor begin at a multiple of so many bytes
        self.use_pinned_memory_for_d2h = False  # of devices: there is nothing to bring here from one


class _Load:
    """How `load` reads a file, where its arguments don't say it."""

    __slots__ = ("calculate_storage_offsets", "endianness", "mmap", "mmap_flags")

    def __init__(self) -> None:
        self.mmap = False
        self.mmap_flags: int | None = MAP_PRIVATE
        self.endianness: Any = None  # a LoadEndianness: the order of bytes of a file that doesn't say it
        self.calculate_storage_offsets = False  # PyTorch's way to look less often into a file: the same tensors


save, load = _Save(), _Load()


def get_crc32_options() -> bool:
    """Whether `save` computes a checksum of each record.

    >>> import autodiff as torch
    >>> torch.serialization.get_crc32_options()
    True
    """
    return save.compute_crc32


def set_crc32_options(compute_crc32: bool) -> None:
    """Set whether `save` computes a checksum of each record; without one, Python's zipfile calls the file damaged.

    >>> import autodiff as torch
    >>> torch.serialization.set_crc32_options(True)
    """
    save.compute_crc32 = compute_crc32


def get_default_mmap_options() -> int | None:
    """How `load(path, mmap=True)` looks at the file: mmap.MAP_PRIVATE or mmap.MAP_SHARED; None on Windows.

    >>> import mmap, autodiff as torch
    >>> torch.serialization.get_default_mmap_options() == mmap.MAP_PRIVATE
    True
    """
    return load.mmap_flags


class set_default_mmap_options:
    """Set how `load(path, mmap=True)` looks at the file, for good or for the length of a `with` block.

    By mmap.MAP_PRIVATE a change of a tensor changes a copy of its page; by mmap.MAP_SHARED it changes the file, whose checksum
    is then wrong: save it after `set_crc32_options(False)`, or only look at it by `mmap=True`. ValueError for other flags,
    RuntimeError on Windows.

    >>> import mmap, autodiff as torch
    >>> with torch.serialization.set_default_mmap_options(mmap.MAP_SHARED):
    ...     torch.serialization.get_default_mmap_options() == mmap.MAP_SHARED
    True
    """

    def __init__(self, flags: int) -> None:
        if MAP_PRIVATE is None:
            raise RuntimeError("Changing the default mmap options is currently not supported for Windows")
        if flags not in (MAP_PRIVATE, MAP_SHARED):
            raise ValueError(
                "Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, but "
                f"got {flags}"
            )
        self._before, load.mmap_flags = load.mmap_flags, flags

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        load.mmap_flags = self._before

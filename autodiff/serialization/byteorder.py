"""The order of the bytes of a number in files that don't say it: PyTorch's before its version 2.1.

After this module a reader knows that nearly every machine is little-endian, and what to do with a file of one that is not.
"""

from __future__ import annotations

import sys
from enum import Enum

from autodiff.serialization import options

__all__ = ["LoadEndianness", "get_default_load_endianness", "set_default_load_endianness", "unmarked"]


class LoadEndianness(Enum):
    """Which order of bytes a file has that doesn't say it: this machine's, little-endian or big-endian."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


def get_default_load_endianness() -> LoadEndianness | None:
    """The order of bytes that is taken for a file that doesn't say it; None, unless it was set, is little-endian.

    >>> import autodiff as torch
    >>> torch.serialization.get_default_load_endianness() is None
    True
    """
    chosen: LoadEndianness | None = options.load.endianness
    return chosen


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Set which order of bytes is taken for a file that doesn't say it. TypeError for what is not a LoadEndianness.

    >>> from autodiff.serialization import LoadEndianness, set_default_load_endianness
    >>> set_default_load_endianness(LoadEndianness.BIG)
    >>> set_default_load_endianness(None)
    """
    if not (endianness is None or isinstance(endianness, LoadEndianness)):
        raise TypeError(f"Invalid argument type in function set_default_load_endianness: {endianness!r}")
    options.load.endianness = endianness


def unmarked() -> str:
    """The order of bytes of a file that doesn't say it."""
    if options.load.endianness is LoadEndianness.NATIVE:
        return sys.byteorder
    return "big" if options.load.endianness is LoadEndianness.BIG else "little"

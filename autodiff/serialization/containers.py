"""The container of a saved file, opened by itself: its records can be looked at without loading a tensor.

After this module a reader knows how `torch.serialization._open_zipfile_reader(path)`, of which programs make use that inspect
files, comes to the records of an archive.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from autodiff.serialization.archive import Reader, Writer
from autodiff.serialization.files import reading, writing

__all__ = ["VERSION", "is_zipfile", "open_file_like", "open_zipfile_reader", "open_zipfile_writer"]

VERSION = b"3\n"  # of the format: PyTorch reads no archive without it


def is_zipfile(f: Any) -> bool:
    """Whether an archive begins where the file object stands."""
    start = f.tell()
    first = f.read(4)
    f.seek(start)
    return bool(first == b"PK\3\4")


def open_file_like(name_or_buffer: Any, mode: str) -> contextlib.AbstractContextManager[Any]:
    """A path's file, or the file object itself, to be read ("rb") or written ("wb")."""
    if "w" not in mode and "r" not in mode:
        raise RuntimeError(f"Expected 'r' or 'w' in mode but got {mode}")
    return writing(name_or_buffer) if "w" in mode else reading(name_or_buffer)


@contextlib.contextmanager
def open_zipfile_reader(name_or_buffer: Any) -> Iterator[Reader]:
    """The records of an archive, by `get_record(name)`."""
    with reading(name_or_buffer) as file:
        yield Reader(file)


@contextlib.contextmanager
def open_zipfile_writer(name_or_buffer: Any) -> Iterator[Writer]:
    """A new archive, whose records are written by `write_record(name, data, size)`."""
    with writing(name_or_buffer) as file:
        writer = Writer(file.write, "archive")
        yield writer
        writer.write_record("version", VERSION)
        writer.write_end_of_file()

"""The container of a saved file: a zip archive in which nothing is compressed.

After this module a reader knows how PyTorch lays out such an archive: one record with the pickled structure, one per storage,
each beginning at a multiple of 64 bytes, so that a file can be mapped into memory. And why reading one allocates no more than
the file is long: a record is read once, as it stands, and all that is read together may not be longer than the file.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["ALIGNMENT", "Reader", "Writer", "damaged"]

Array = np.ndarray[Any, Any]

ALIGNMENT = 64
LIMIT = 0xFFFFFFFF  # what four bytes can say; a size or place from here on stands in eight bytes, in an extra field
_FLAGS = 0x0808  # names are UTF-8; checksum and sizes follow the data
_DATE = 0x21  # the first of January 1980, zip's earliest: a file depends on nothing but what was saved
_LOCAL, _CENTRAL = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")


def damaged(what: str) -> RuntimeError:
    """The error for a file that is not what it says it is."""
    return RuntimeError(f"the file is damaged, or was not written by save: {what}")


def _long_form(size: int, offset: int) -> bytes:
    """The extra field for what four bytes cannot say; empty where they can."""
    values = ([size, size] if size >= LIMIT else []) + ([offset] if offset >= LIMIT else [])
    return struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values) if values else b""


class Writer:
    """Writes an archive front to back: it asks of the file no more than `write`.

    Each record begins at a multiple of `alignment` bytes, and has a checksum, or 0 in its place.
    """

    def __init__(
        self, write: Callable[[Any], Any], folder: str, alignment: int = ALIGNMENT, checksums: bool = True
    ) -> None:
        if not 0 < alignment < 0xFFFF:
            raise ValueError(f"storage_alignment must be positive and less than 65535, but is {alignment}")
        self._write, self._folder, self._alignment, self._checksums = write, folder, alignment, checksums
        self._at = 0
        self._directory: list[bytes] = []

    def _put(self, data: Any) -> None:
        self._write(data)
        self._at += len(data)

    def write_record(self, name: str, data: Any, size: int | None = None) -> None:
        """Write one record; `data` is bytes, or a contiguous array of bytes, of which `size` are written."""
        data = data.encode() if isinstance(data, str) else data
        data = data if size is None else memoryview(data).cast("B")[:size]
        self._write_record(name, data, zlib.crc32(data) if self._checksums else 0)

    def write_record_metadata(self, name: str, size: int) -> None:
        """Write one record of zeros without a checksum: its numbers are filled in by somebody else."""
        self._write_record(name, bytes(size), 0)

    def _write_record(self, name: str, data: Any, crc: int) -> None:
        path, start, size = f"{self._folder}/{name}".encode(), self._at, len(data)
        long_form = _long_form(size, start)
        before = start + _LOCAL.size + len(path) + len(long_form) + 4
        padding = -before % self._alignment
        extra = long_form + struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        self._put(_LOCAL.pack(b"PK\3\4", 0, _FLAGS, 0, 0, _DATE, 0, 0, 0, len(path), len(extra)) + path + extra)
        if size:
            self._put(memoryview(data).cast("B"))
        self._put(struct.pack("<4sL2Q" if size >= LIMIT else "<4s3L", b"PK\7\10", crc, size, size))
        short, place = (0xFFFFFFFF if n >= LIMIT else n for n in (size, start))
        self._directory.append(
            _CENTRAL.pack(b"PK\1\2", 0, 0, _FLAGS, 0, 0, _DATE, crc, short, short, len(path), len(long_form), 0, 0, 0, 0, place)
            + path
            + long_form
        )

    def write_end_of_file(self) -> None:
        """Write the directory, which is at the end."""
        start, count = self._at, len(self._directory)
        for entry in self._directory:
            self._put(entry)
        size = self._at - start
        if count >= 0xFFFF or start >= LIMIT:
            end = self._at
            self._put(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start))
            self._put(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
            count, start = 0xFFFF, 0xFFFFFFFF
        self._put(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, start, 0))


class Reader:
    """Reads the records of an archive. RuntimeError for whatever is wrong with it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        if self.size is None:  # a file object of the user's whose seek returns nothing
            self.size = file.tell()
        self._left = self.size
        try:
            entries = zipfile.ZipFile(file).infolist()
        except Exception as error:  # a directory can be wrong in many ways
            raise damaged(f"its directory cannot be read ({str(error) or type(error).__name__})") from None
        if any(not 0 <= entry.header_offset < self.size for entry in entries):
            raise damaged("a record is outside of the file")
        self._folder = entries[0].filename.partition("/")[0] if entries else ""
        self._entries = {entry.filename: entry for entry in entries}

    def has_record(self, name: str) -> bool:
        """Whether there is a record of that name."""
        return f"{self._folder}/{name}" in self._entries

    def place(self, name: str) -> tuple[int, int]:
        """Where a record begins in the file, and how long it is."""
        entry = self._entries.get(f"{self._folder}/{name}")
        if entry is None:
            raise damaged(f"it has no record {name!r}")
        size = entry.file_size
        if entry.flag_bits & 1:
            raise damaged(f"its record {name!r} is encrypted")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != size:
            raise damaged(
                f"its record {name!r} is compressed, which save never does; a small file could unpack to any size: unpack it "
                "with unzip, and pack it again with zip -0"
            )
        self._file.seek(entry.header_offset)
        header = self._file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
            raise damaged(f"its record {name!r} is not where the directory says")
        start = entry.header_offset + _LOCAL.size + sum(_LOCAL.unpack(header)[-2:])
        if start + size > self.size:
            raise damaged(f"its record {name!r} would end behind the end of the file")
        return start, size

    def get_all_records(self) -> list[str]:
        """The names of all records."""
        return [name.partition("/")[2] for name in self._entries]

    def get_record_offset(self, name: str) -> int:
        """Where a record begins in the file."""
        return self.place(name)[0]

    def get_record(self, name: str) -> bytes:
        """A record's bytes."""
        return self.array(name).tobytes()

    def array(self, name: str) -> Array:
        """A record as an array of bytes, whose memory is nobody else's."""
        start, size = self.place(name)
        self._left -= size
        if self._left < 0:
            raise damaged("its records overlap: together they are longer than the file")
        found = np.empty(size, np.uint8)
        self._file.seek(start)
        _fill(self._file, found.data, name)
        crc = self._entries[f"{self._folder}/{name}"].CRC
        if crc and zlib.crc32(found.data) != crc:  # PyTorch can be told to compute none, and then writes 0
            raise damaged(f"the checksum of its record {name!r} is wrong")
        return found


def _fill(file: Any, memory: memoryview, name: str) -> None:
    """Read as many bytes as `memory` has."""
    at = 0
    into = getattr(file, "readinto", None)
    while at < len(memory):
        if into is not None:
            count = into(memory[at:])
        else:
            piece = file.read(len(memory) - at)
            count = len(piece)
            memory[at : at + count] = piece
        if not count:
            raise damaged(f"its record {name!r} ends too early")
        at += count

"""Where a file is written to and read from: a path, or a file object.

After this module a reader knows how a crash, a full disk or Ctrl-C leaves either the old file or the new one, never half of
one: what is new is written beside the old, and put in its place by one rename.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

__all__ = ["is_path", "reading", "replacing", "writing"]


def is_path(f: Any) -> bool:
    """Whether f names a file."""
    return isinstance(f, (str, os.PathLike))


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write to that takes the place of `path` when all of it is written; after an error the old file is there."""
    target = Path(os.path.realpath(path))  # a link stays one
    if target.exists() and not target.is_file():  # a device or a pipe; for a folder, the error
        with target.open("wb") as file:
            yield file
        return
    temporary = target.with_name(f".{target.name[:64]}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(f: Any) -> Iterator[Any]:
    """What to write to: the path's new file, or the file object itself.

    RuntimeError for a path in a folder that doesn't exist, AttributeError for an object that cannot be written to.
    """
    if not is_path(f):
        if not hasattr(f, "write"):
            raise AttributeError(
                "expected 'f' to be string, path, or a file-like object with a 'write' attribute, such as open(path, 'wb')"
            )
        yield f
        if hasattr(f, "flush"):
            f.flush()
        return
    folder = os.path.dirname(os.fspath(f))
    if folder and not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    with replacing(f) as file:
        yield file


@contextlib.contextmanager
def reading(f: Any) -> Iterator[Any]:
    """What to read from: the path's file, or the file object itself. An error where it cannot be read back and forth."""
    if is_path(f):
        with open(f, "rb") as file:
            yield file
        return
    try:
        f.seek(f.tell())
        f.read, f.readline  # noqa: B018  (asked for, not called)
    except (AttributeError, OSError) as error:
        raise type(error)(
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the data into a buffer like "
            "io.BytesIO and try to load from it instead."
        ) from None
    yield f

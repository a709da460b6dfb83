"""Saving and loading what was learned: weights and everything needed to use them, in one safetensors file.

After this module a reader knows how a file is replaced so that a crash, a full disk or Ctrl-C leaves either the old one or the
new one, never half of one.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save as to_bytes

from autodiff._cli.problem import Problem

__all__ = ["load_model", "save_model", "write_atomically"]

Array = np.ndarray[Any, Any]
_FORMAT = "autodiff-model-1"


def write_atomically(path: str, content: bytes) -> None:
    """Write a temporary file beside `path` and rename it: readers see the old file or the new one."""
    target = Path(path)
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent or Path())
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        raise Problem(f"cannot write {path!r}: {error.strerror or error}; what was there before is unchanged") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def check_writable(path: str) -> None:
    """Problem before any work is done, rather than after it, when `path` cannot be written."""
    target = Path(path)
    if target.is_dir():
        raise Problem(f"cannot write {path!r}: it is a folder")
    if not target.parent.is_dir():
        raise Problem(f"cannot write {path!r}: there is no folder {str(target.parent)!r}")
    if not os.access(target.parent, os.W_OK):
        raise Problem(f"cannot write {path!r}: the folder is read-only")


def save_model(path: str, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
    """Save arrays (in row-major order: safetensors writes others wrongly) and JSON facts."""
    ordered = {name: np.array(a, order="C") for name, a in arrays.items()}
    write_atomically(path, to_bytes(ordered, {"format": _FORMAT, "facts": json.dumps(facts)}))


def load_model(path: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and facts of a model file; Problem for what is not one."""
    from safetensors import safe_open

    if not Path(path).exists():
        raise Problem(f"there is no file {path!r}")
    if Path(path).is_dir():
        raise Problem(f"{path!r} is a folder; give the name of a model file")
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata.get("format") != _FORMAT:
            raise Problem(f"{path} was not written by `autodiff train --save`")
        facts = json.loads(metadata["facts"])
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise Problem(f"{path} is not a model file, or is damaged: {str(error).splitlines()[0]}") from None
    return arrays, facts

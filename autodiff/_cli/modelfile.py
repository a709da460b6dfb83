"""Model files: weights and everything needed to use them, in one safetensors file; and how a file is replaced.

After this module a reader knows how a crash, a full disk or Ctrl-C leaves either the old file or the new one, never half of
one, and what is checked of a file before anything in it is used.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from autodiff._cli.problem import Problem

__all__ = ["check_outputs", "is_safetensors", "load_model", "save_model", "write_atomically"]

Array = np.ndarray[Any, Any]
_FORMAT = "autodiff-model-1"

# What the facts of a model file look like: [x] is a list of x, {str: x} any names for x, a dict of names exactly those.
_NUMBER = (int, float)
_FACTS: dict[str, Any] = {
    "data": str,
    "history": [{"loss": _NUMBER, "accuracy": _NUMBER}],
    "tested": [{"loss": _NUMBER, "accuracy": _NUMBER}],
    "settings": {
        "hidden": [int], "epochs": int, "batch_size": int, "lr": _NUMBER, "momentum": _NUMBER, "weight_decay": _NUMBER,
        "seed": int, "test_share": _NUMBER,
    },
    "encoding": {
        "task": str, "target": str, "columns": [str], "categories": {str: [str]}, "labels": [str], "mean": [_NUMBER],
        "deviation": [_NUMBER], "target_mean": _NUMBER, "target_deviation": _NUMBER, "missing": str, "decimal": str,
        "lowest": [_NUMBER], "highest": [_NUMBER],
    },
}  # fmt: skip


def is_safetensors(path: str) -> bool:
    """Whether a file begins as such a file does: with the length of a JSON header, and the header."""
    try:
        with Path(path).open("rb") as file:
            start, size = file.read(9), os.fstat(file.fileno()).st_size
    except OSError:
        return False
    return start[8:] == b"{" and int.from_bytes(start[:8], "little") <= size


def write_atomically(path: str, content: bytes) -> None:
    """Write a temporary file beside `path` and rename it: readers see the old file or the new one."""
    target = Path(os.path.realpath(path))  # a link stays one
    temporary = target.with_name(f".{target.name[:64]}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise Problem(f"cannot write {path!r}: {error.strerror or error}; what was there before is unchanged") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_outputs(outputs: list[str | None], inputs: list[str | None]) -> None:
    """Problem before any work is done, rather than after it, when a file cannot be written or would replace an input."""
    taken = {os.path.realpath(path): path for path in inputs if path is not None}
    for path in outputs:
        if path is None:
            continue
        target = Path(os.path.realpath(path))
        try:
            if target.is_dir():
                raise Problem(f"cannot write {path!r}: it is a folder")
            if not target.parent.is_dir():
                raise Problem(f"cannot write {path!r}: there is no folder {str(target.parent)!r}")
            if target.exists() and not target.is_file():
                raise Problem(f"cannot write {path!r}: it is a device, not a file that can be replaced")
        except OSError as error:
            raise Problem(f"cannot write {path!r}: {error.strerror}") from None
        if not os.access(target.parent, os.W_OK):
            raise Problem(f"cannot write {path!r}: the folder is read-only")
        if str(target) in taken:
            raise Problem(f"cannot write {path!r}: the same file is given as {taken[str(target)]!r} and would be lost")
        taken[str(target)] = path


def save_model(path: str, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
    """Save arrays (in row-major order: safetensors writes others wrongly) and JSON facts."""
    ordered = {name: np.array(a, order="C") for name, a in arrays.items()}
    write_atomically(path, to_bytes(ordered, {"format": _FORMAT, "facts": json.dumps(facts)}))


def load_model(path: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and facts of a model file; Problem for what is not one."""
    try:
        if not Path(path).exists():
            raise Problem(f"there is no file {path!r}")
        if Path(path).is_dir():
            raise Problem(f"{path!r} is a folder; give the name of a model file")
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise Problem(f"{path} was not written by `autodiff train --save`")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        facts = json.loads(metadata["facts"])
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise Problem(f"{path} is not a model file, or is damaged: {str(error).partition(chr(10))[0]}") from None
    _add_later_facts(facts)
    wrong = _misfit(facts, _FACTS, "facts")
    if wrong is None and not _consistent(facts, arrays):
        wrong = "its columns, settings and weights do not belong together"
    if wrong is not None:
        raise Problem(f"{path} is damaged: {wrong}")
    return arrays, facts


def _add_later_facts(facts: Any) -> None:
    """What older files do not say: no test curve, no missing values, no decimal comma, not how far the training rows reach."""
    if isinstance(facts, dict):
        facts.setdefault("tested", [])
        if isinstance(facts.get("encoding"), dict):
            for name, value in {"missing": "none", "decimal": "", "lowest": [], "highest": []}.items():
                facts["encoding"].setdefault(name, value)


def _misfit(value: Any, shape: Any, name: str) -> str | None:
    """What in `value` is not as `shape` says, or None."""
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{name} is not a list"
        inner = [(item, shape[0], f"{name}[{i}]") for i, item in enumerate(value)]
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"{name} is not a table"
        if str in shape:
            inner = [(item, shape[str], f"{name}[{key!r}]") for key, item in value.items()]
        elif value.keys() != shape.keys():
            return f"{name} has {sorted(value)} instead of {sorted(shape)}"
        else:
            inner = [(value[key], shape[key], f"{name}.{key}") for key in shape]
    else:
        fits = isinstance(value, shape) and not isinstance(value, bool)
        return None if fits else f"{name} is {str(value)[:40]!r}"
    return next((wrong for item in inner if (wrong := _misfit(*item)) is not None), None)


def _consistent(facts: dict[str, Any], arrays: dict[str, Array]) -> bool:
    """Whether the facts belong together, and to weights of these shapes: a network is built only then."""
    encoding, settings = facts["encoding"], facts["settings"]
    inputs = sum(len(encoding["categories"].get(name, [None])) for name in encoding["columns"])
    classes = encoding["task"] == "classification"
    widths = [inputs, *settings["hidden"], len(encoding["labels"]) if classes else 1]
    shapes = [arrays[f"model.{2 * i}.weight"].shape for i in range(len(widths) - 1) if f"model.{2 * i}.weight" in arrays]
    return (
        (classes or encoding["task"] == "regression")
        and shapes == list(zip(widths[1:], widths, strict=False))
        and encoding["missing"] in ("none", "drop", "mean")
        and encoding["decimal"] in ("", ".", ",")
        and len(encoding["lowest"]) == len(encoding["highest"]) in (0, inputs)
        and len(facts["tested"]) <= len(facts["history"])
        and len(encoding["mean"]) == len(encoding["deviation"]) == inputs
        and min(widths) > 0
        and all(encoding["deviation"])
        and settings["batch_size"] > 0
        and 0 <= settings["seed"] < 2**63
        and 0 < settings["lr"] < float("inf")
        and 0 <= settings["momentum"] < 1
        and 0 <= settings["weight_decay"] < float("inf")
        and 0 < settings["test_share"] < 1
    )

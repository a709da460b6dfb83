"""Files whose names end in .safetensors: tensors under names, and nothing else.

After this module a reader knows what such a file can't say: that two tensors share memory, or anything that is not a tensor.
"""

from __future__ import annotations

import os
from itertools import combinations
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import device, on_cpu
from autodiff.serialization.archive import damaged
from autodiff.serialization.files import is_path, replacing

__all__ = ["is_safetensors", "load", "save"]


def is_safetensors(f: Any) -> bool:
    """Whether f is the path of such a file."""
    return is_path(f) and os.fspath(f).endswith(".safetensors")


def _library() -> Any:
    try:
        import safetensors
        import safetensors.numpy
    except ImportError as error:
        raise RuntimeError(
            "a path that ends in .safetensors is read and written by the package safetensors, which is not installed: "
            "pip install safetensors; or choose another ending, such as .pt"
        ) from error
    return safetensors


def save(obj: Any, path: Any) -> None:
    """Write a dict of tensors. TypeError for anything else, RuntimeError for tensors that share memory."""
    if not isinstance(obj, dict) or not all(isinstance(k, str) and isinstance(t, Tensor) for k, t in obj.items()):
        raise TypeError(
            "a safetensors file holds a dict of tensors under names, such as model.state_dict(); for anything else choose a "
            "path with another ending, such as .pt"
        )
    for (a, x), (b, y) in combinations(obj.items(), 2):
        if np.may_share_memory(x._array, y._array) and x._array.size and y._array.size:
            raise RuntimeError(
                f"Some tensors share memory, which a safetensors file cannot say: {a!r} and {b!r}. Save a clone() of one of "
                "them, or choose a path with another ending, such as .pt"
            )
    arrays = {name: np.array(t._array, order="C") for name, t in obj.items()}  # others it would write wrongly
    content = _library().numpy.save(arrays, {"format": "pt"})
    with replacing(path) as file:
        file.write(content)


def load(path: Any, map_location: Any) -> dict[str, Tensor]:
    """The tensors of a file, by their names."""
    library = _library()
    if isinstance(map_location, dict) or not (map_location is None or isinstance(map_location, (str, bytes, device))):
        kind = "dict" if isinstance(map_location, dict) else "callable"
        raise RuntimeError(
            f"Loading safetensors file with {kind} map_location is not supported. Use a device string or torch.device instead."
        )
    on_cpu("cpu" if map_location is None else map_location.decode() if isinstance(map_location, bytes) else map_location)
    with open(path, "rb"):  # FileNotFoundError and the like are Python's own
        pass
    try:
        with library.safe_open(os.fspath(path), "numpy") as file:
            return {name: wrap(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except (library.SafetensorError, TypeError, ValueError, AttributeError) as error:
        raise damaged(str(error)) from None

"""The words of PyTorch's annotations: `from torch.types import Device, Number, _size`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO, Any, TypeAlias

from autodiff._core import dtypes, formats
from autodiff._core.missing import missing_name
from autodiff._core.tensor import Tensor
from autodiff._core.types import Size
from autodiff._core.types import device as _device
from autodiff.api.storage import UntypedStorage as Storage

__all__ = ["Device", "FileLike", "Number", "Storage"]

Device: TypeAlias = _device | str | int | None
FileLike: TypeAlias = str | os.PathLike[str] | IO[bytes]
Number: TypeAlias = int | float | bool
_Number = (int, float, bool)

_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
_size: TypeAlias = Size | list[int] | tuple[int, ...]
_dtype, _layout = dtypes.dtype, formats.layout
_bool, _bytes, _complex, _float, _int, _str = bool, bytes, complex, float, int, str


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)

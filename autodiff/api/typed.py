"""PyTorch's old constructors: `FloatTensor`, `LongTensor` and the others, a tensor class for each dtype.

After this module a reader knows that they are no classes of their own: `LongTensor([1, 2])` is `tensor([1, 2], dtype=int64)`,
and `isinstance(x, LongTensor)` asks for a dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core import dtypes as _dtypes
from autodiff._core.tensor import Tensor
from autodiff._core.types import Size
from autodiff.api.creation import empty, tensor


class TensorType:
    """What makes tensors of one dtype: from (lists of) numbers, or uninitialised ones of the size given as ints.

    TypeError for a single number that is not an int, for text, and for a tensor of another dtype.

    >>> import autodiff as torch
    >>> torch.LongTensor([1, 2]), torch.FloatTensor(2, 3).shape
    (tensor([1, 2]), torch.Size([2, 3]))
    >>> isinstance(torch.ones(2), torch.FloatTensor), isinstance(torch.ones(2), torch.LongTensor)
    (True, False)
    """

    def __init__(self, name: str, dtype: _dtypes.dtype) -> None:
        self.name, self.dtype = name, dtype

    def __call__(self, *data: Any) -> Tensor:
        if len(data) != 1 or isinstance(data[0], (int, Size)):
            return empty(data[0] if len(data) == 1 and isinstance(data[0], Size) else data or (0,), dtype=self.dtype)
        given = data[0]
        if isinstance(given, Tensor):
            if given.dtype is not self.dtype:
                raise TypeError(f"expected a tensor of dtype {self.dtype}, got {given.dtype}; use x.to({self.dtype})")
            return given.detach()
        if isinstance(given, (float, str, np.generic)) or not hasattr(given, "__len__"):
            raise TypeError(
                f"{self.name}: data must be a sequence (got {type(given).__name__}); write [{given!r}] for one number"
            )
        return tensor(given, dtype=self.dtype)

    def __instancecheck__(self, x: Any) -> bool:
        return isinstance(x, Tensor) and x.dtype is self.dtype

    def __repr__(self) -> str:
        return f"<class 'torch.{self.name}'>"


FloatTensor = TensorType("FloatTensor", _dtypes.float32)
DoubleTensor = TensorType("DoubleTensor", _dtypes.float64)
HalfTensor = TensorType("HalfTensor", _dtypes.float16)
LongTensor = TensorType("LongTensor", _dtypes.int64)
IntTensor = TensorType("IntTensor", _dtypes.int32)
ShortTensor = TensorType("ShortTensor", _dtypes.int16)
CharTensor = TensorType("CharTensor", _dtypes.int8)
ByteTensor = TensorType("ByteTensor", _dtypes.uint8)
BoolTensor = TensorType("BoolTensor", _dtypes.bool)

_ALL = (FloatTensor, DoubleTensor, HalfTensor, LongTensor, IntTensor, ShortTensor, CharTensor, ByteTensor, BoolTensor)

# What x.type("torch.FloatTensor") means.
BY_NAME = {f"torch.{each.name}": each for each in _ALL}

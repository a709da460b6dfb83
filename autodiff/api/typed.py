"""PyTorch's old constructors: `FloatTensor`, `LongTensor` and the others, a tensor class for each dtype.

After this module a reader knows that they are no classes of their own: `LongTensor([1, 2])` is `tensor([1, 2], dtype=int64)`,
and `isinstance(x, LongTensor)` asks for a dtype. Those of `torch.cuda` are there to be named.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

import numpy as np

from autodiff._core import dtypes as _dtypes
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, adopt, wrap
from autodiff._core.types import Size, on_cpu
from autodiff.api.creation import as_tensor
from autodiff.api.filled import empty


def _made(name: str, given: tuple[Any, ...], dtype: _dtypes.dtype) -> Tensor:
    """The tensor of a dtype that is uninitialised, of the size given as ints, or made of the data given."""
    if len(given) == 1 and isinstance(given[0], Size):
        return empty(given[0], dtype=dtype)
    if len(given) != 1 or (isinstance(given[0], (int, np.integer)) and not isinstance(given[0], bool)):
        return empty(given or (0,), dtype=dtype)
    data = given[0]
    if isinstance(data, Tensor):
        if data.dtype is not dtype:
            raise TypeError(f"expected a tensor of dtype {dtype}, got {data.dtype}; use x.to({dtype})")
        return data.detach()
    if isinstance(data, (str, bytes, dict, np.generic)) or not hasattr(type(data), "__getitem__"):
        raise TypeError(f"{name}: data must be a sequence (got {type(data).__name__}); write [{data!r}] for one number")
    return as_tensor(data, dtype=dtype)


@method(name="__init__")
def _of_default_dtype(self: Tensor, *data: Any, device: Any = None, **others: Any) -> None:
    if hasattr(self, "_array"):
        return  # `__new__` was told what it is made of
    for word in others:
        raise TypeError(f"Tensor.__init__() got an unexpected keyword argument {word!r}")
    if device is not None:
        on_cpu(device)
    if len(data) == 1 and isinstance(data[0], Tensor):
        # Of the dtype that it has. One with a history is copied: a change of the new tensor could not be seen there.
        array = data[0]._array
        adopt(self, wrap(array.copy()) if data[0].requires_grad else data[0])
    else:
        adopt(self, _made("Tensor", data, _dtypes.get_default_dtype()))


def _new(cls: type[Tensor], *data: Any, **others: Any) -> Tensor:
    """An object of the class. A subclass may make it here, as in PyTorch, or in its `__init__`."""
    t: Tensor = object.__new__(cls)
    if not data or cls is Tensor:
        return t  # the usual way: what it is made of is told to `__init__`
    if cls.__new__ is not Tensor.__new__:
        _of_default_dtype(t, *data, **others)
    elif cls.__init__ is not Tensor.__init__:
        with suppress(RuntimeError, TypeError, ValueError):  # then its own `__init__` has to say what it is made of
            _of_default_dtype(t, *data, **others)
    return t


method(name="__new__")(staticmethod(_new))


class OfOneDtype:
    """A name for the things of one dtype, which makes them and which isinstance takes for their class."""

    kind: ClassVar[Any]

    def __init__(self, name: str, dtype: _dtypes.dtype) -> None:
        self.name, self.dtype = name, dtype

    def __instancecheck__(self, x: Any) -> bool:
        return isinstance(x, self.kind) and x.dtype is self.dtype

    def __repr__(self) -> str:
        return f"<class 'torch.{self.name}'>"


class TensorType(OfOneDtype):
    """What makes tensors of one dtype: from (lists of) numbers, or uninitialised ones of the size given as ints.

    TypeError for a single number that is not an int, for text, and for a tensor of another dtype.

    >>> import autodiff as torch
    >>> torch.LongTensor([1, 2]), torch.FloatTensor(2, 3).shape
    (tensor([1, 2]), torch.Size([2, 3]))
    >>> isinstance(torch.ones(2), torch.FloatTensor), isinstance(torch.ones(2), torch.LongTensor)
    (True, False)
    """

    kind = Tensor
    is_cuda = False

    def __call__(self, *data: Any) -> Tensor:
        return _made(self.name, data, self.dtype)


class CudaTensorType(TensorType):
    """What would make tensors on a GPU: no tensor is of such a type, and calling it is a TypeError.

    >>> import autodiff as torch
    >>> Tensor = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor
    >>> Tensor([1]), isinstance(torch.ones(2), torch.cuda.FloatTensor)
    (tensor([1.]), False)
    """

    is_cuda = True

    def __call__(self, *data: Any) -> Tensor:
        raise self.refused()

    def __instancecheck__(self, x: Any) -> bool:
        return False

    def refused(self) -> TypeError:
        """The error of a program that needs this type."""
        plain = self.name.removeprefix("cuda.")
        return TypeError(
            f"type torch.{self.name} not available. Torch not compiled with CUDA enabled: autodiff computes on the CPU only; "
            f"use torch.{plain}"
        )


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

ON_CUDA = {each.name: CudaTensorType(f"cuda.{each.name}", each.dtype) for each in _ALL}

# What x.type("torch.FloatTensor") means.
BY_NAME = {f"torch.{each.name}": each for each in (*_ALL, *ON_CUDA.values())}

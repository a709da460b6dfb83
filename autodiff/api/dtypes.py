"""A tensor in another dtype: `to`, `float`, `long`, `type_as`, `type`.

After this module a reader knows that each of them is `to`, which gives the tensor itself when nothing changes, and that there
is one device.
"""

from __future__ import annotations

from typing import Any

from autodiff._core import dtypes
from autodiff._core.dtypes import scalar_type
from autodiff._core.inplace import method
from autodiff._core.promotion import cast
from autodiff._core.tensor import Tensor
from autodiff._core.types import device
from autodiff.api import typed
from autodiff.api._calls import takes_tensors


@method
def to(self: Tensor, *args: Any, dtype: Any = None, copy: bool = False, non_blocking: bool = False, **kwargs: Any) -> Tensor:
    """This tensor in another dtype (or of another tensor's dtype); itself when nothing changes, unless `copy`.

    A device may be named too; the only one is the CPU.

    >>> import autodiff as torch
    >>> torch.ones(1).to(torch.float64)
    tensor([1.], dtype=torch.float64)
    """
    places = [kwargs.pop("device", None), *args]
    other = kwargs.pop("other", None)
    if kwargs:
        raise TypeError(f"to() got an unexpected keyword argument '{next(iter(kwargs))}'")
    for place in [*places, other]:
        if isinstance(place, Tensor):
            dtype = place.dtype
        elif isinstance(place, (str, device)):
            device(place)
        elif place is not None and not isinstance(place, bool):
            dtype = place
    np_dtype = dtypes.as_numpy_dtype(dtype)
    if np_dtype is None or np_dtype == self._array.dtype:
        return self.clone() if copy else self
    return cast(self, dtype=np_dtype)


@method(name="cpu")
def _cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """This tensor: there is no other device."""
    return self


@method(name="cuda")
def _cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """RuntimeError: there is no GPU here."""
    raise RuntimeError("autodiff computes on the CPU only: leave out .cuda(), or use .to('cpu')")


def _converter(name: str, dtype: Any) -> Any:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return to(self, dtype)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"This tensor as {dtype.name}: `to(torch.{dtype.name})`."
    return convert


method(_converter("float", dtypes.float))
method(_converter("double", dtypes.double))
method(_converter("half", dtypes.half))
method(_converter("int", dtypes.int))
method(_converter("long", dtypes.long))
method(_converter("short", dtypes.short))
method(_converter("bool", dtypes.bool))
method(_converter("byte", dtypes.uint8))
method(_converter("char", dtypes.int8))


@method
@takes_tensors
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of `other`."""
    return to(self, other.dtype)


@method(name="type")
def _type(self: Tensor, dtype: Any = None) -> Any:
    """This tensor in another dtype; without one, the name of its type, such as 'torch.FloatTensor', which is taken too."""
    if dtype is None:
        return f"torch.{scalar_type(self._array)}Tensor"
    if dtype is Tensor:
        return to(self, dtypes.get_default_dtype())
    if isinstance(dtype, str):
        if dtype not in typed.BY_NAME:
            raise ValueError(f"invalid type: {dtype!r}; write a dtype such as torch.float32, or one of {list(typed.BY_NAME)}")
        dtype = typed.BY_NAME[dtype]
    return to(self, dtype.dtype if isinstance(dtype, typed.TensorType) else dtype)

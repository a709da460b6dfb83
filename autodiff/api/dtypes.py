"""A tensor in another dtype: `to`, `float`, `long`, `type_as`, `type`.

After this module a reader knows that each of them is `to`, which gives the tensor itself when nothing changes, and that there
is one device.
"""

from __future__ import annotations

from typing import Any

from autodiff._core import dtypes
from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import given_twice, no_tensor, unexpected_keyword, wrong_count
from autodiff._core.formats import axes_in, channels_follow_last, contiguous_format
from autodiff._core.inplace import method
from autodiff._core.promotion import cast
from autodiff._core.tensor import Tensor
from autodiff._core.types import NoDevice, device, on_cpu
from autodiff.api import typed
from autodiff.api._calls import boolean, takes_tensors


@method
def to(self: Tensor, *args: Any, dtype: Any = None, copy: bool = False, non_blocking: bool = False, **kwargs: Any) -> Tensor:
    """This tensor in another dtype (or of another tensor's dtype); itself when nothing changes, unless `copy`.

    A device may be named too; the only one is the CPU. `memory_format` is the order of the elements in memory.

    >>> import autodiff as torch
    >>> torch.ones(1).to(torch.float64)
    tensor([1.], dtype=torch.float64)
    """
    place = wanted = None
    if kwargs:
        place, wanted = kwargs.pop("device", None), kwargs.pop("memory_format", None)
    if args or kwargs:
        first = args[0] if args and dtype is None and place is None and not kwargs else None
        if len(args) == 1 and isinstance(first, dtypes.dtype):
            dtype = first
        elif len(args) == 1 and isinstance(first, Tensor):
            dtype = first.dtype
        elif isinstance(first, (str, device)) and (len(args) == 1 or (len(args) == 2 and isinstance(args[1], dtypes.dtype))):
            place, dtype = first, args[1] if len(args) == 2 else None
        else:
            named = {"device": place, "dtype": dtype, "copy": copy, "non_blocking": non_blocking, **kwargs}
            place, dtype, copy, non_blocking = _asked(args, named)
    if place is not None:
        on_cpu(place)
    if copy is not False or non_blocking is not False:
        boolean("to", "copy", copy)
        boolean("to", "non_blocking", non_blocking)
    np_dtype = dtypes.as_numpy_dtype(dtype)
    if np_dtype is None or np_dtype == self._array.dtype:
        found = self.clone() if copy else self
    else:
        found = cast(self, dtype=np_dtype)
    return found if wanted is None else _in_format("to", found, wanted, found is self)


def _in_format(name: str, t: Tensor, wanted: Any, as_it_was: bool) -> Tensor:
    """t in that format; one that nothing else has changed stays as it was where PyTorch takes its order for rows."""
    if axes_in(name, wanted, t._array.ndim) is None:
        return t
    last = channels_follow_last(t._array)
    if wanted is not contiguous_format and not last:
        return t.clone(memory_format=wanted)
    return t if as_it_was and not last else t.contiguous(memory_format=wanted)


_WORDS = frozenset(("device", "dtype", "other", "non_blocking", "copy"))


def _asked(args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any, bool, bool]:
    """The device, dtype, `copy` and `non_blocking` asked for; TypeError where the arguments fit no form of `to`."""
    first = args[0] if args else None
    if isinstance(first, Tensor):
        names: tuple[str, ...] = ("other", "non_blocking", "copy")
    elif first is None or isinstance(first, (str, device)):
        names = ("device", "dtype", "non_blocking", "copy")
    else:
        names = ("dtype", "non_blocking", "copy")
    if len(args) > len(names):
        raise wrong_count("to", names, len(args), [])
    for name, value in zip(names, args):
        if named.get(name) is not None and named[name] is not False:
            raise given_twice("to", name)
        named[name] = value
    if len(named) > 4:
        for word in named:
            if word not in _WORDS:
                raise unexpected_keyword("to", word)
    place, other = named["device"], named.get("other")
    if names[0] != "device" and len(args) > 1 and not isinstance(args[1], bool):
        raise TypeError(
            f"to() takes a device and then a dtype, or a dtype or a Tensor alone; got {type(first).__name__} and then "
            f"{type(args[1]).__name__}"
        )
    if other is not None and not isinstance(other, Tensor):
        raise no_tensor("to", "other", 1, type(other).__name__)
    if (other is not None or names[0] == "dtype") and place is not None:
        raise TypeError("to(): a device comes before the dtype, as in to('cpu', torch.float64); a Tensor has both")
    if other is not None and named["dtype"] is not None:
        raise TypeError("to() takes a dtype, or a Tensor that has one; not both")
    return place, named["dtype"] if other is None else other.dtype, named["copy"], named["non_blocking"]


@method(name="cpu")
def _cpu(self: Tensor, *, memory_format: Any = None) -> Tensor:
    """This tensor: there is no other device."""
    return self if memory_format is None else _in_format("cpu", self, memory_format, True)


@method(name="cuda")
def _cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """RuntimeError: there is no GPU here."""
    raise NoDevice(
        "Torch not compiled with CUDA enabled: autodiff computes on the CPU only: leave out .cuda(), or use .to('cpu')"
    )


def _converter(name: str, dtype: Any) -> Any:
    def convert(self: Tensor, *, memory_format: Any = None) -> Tensor:
        found = to(self, dtype)
        return found if memory_format is None else _in_format(name, found, memory_format, found is self)

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
            names = [name for name, made in typed.BY_NAME.items() if not made.is_cuda]
            raise ValueError(f"invalid type: {dtype!r}; write a dtype such as torch.float32, or one of {names}")
        dtype = typed.BY_NAME[dtype]
    if isinstance(dtype, typed.CudaTensorType):
        on_cpu("cuda")
    return to(self, dtype.dtype if isinstance(dtype, typed.TensorType) else dtype)

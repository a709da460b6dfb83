"""Tensors as PyTorch's files describe them: by the function that rebuilds one, and what it is called with.

After this module a reader knows what of a tensor is in a file: a storage, where to begin in it, sizes, strides, whether it
requires a gradient, and what users noted on it. Each function checks all of that: what calls it may be any file.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Any, NoReturn

from autodiff._core import dtypes
from autodiff._core.tensor import LEAF, Tensor
from autodiff._core.types import Size, device
from autodiff.api.copies import give_state, own_slots, rebuild_tensor
from autodiff.api.storage import UntypedStorage, look_at
from autodiff.api.typed_storage import TypedStorage
from autodiff.nn.parameter import Parameter
from autodiff.serialization.machine import Refused, hashable, named

__all__ = ["REBUILDS", "STORAGES", "StorageType"]


class StorageType:
    """What stands in a file for PyTorch's class of storages of one dtype: FloatStorage, LongStorage."""

    __slots__ = ("dtype", "name")

    def __init__(self, name: str, dtype: dtypes.dtype | None) -> None:
        self.name, self.dtype = name, dtype

    def __reduce__(self) -> str:
        return self.name


def _sizes(what: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple) or not all(type(n) is int for n in value):
        raise Refused(f"the {what} of a tensor is {named(value)}")
    return tuple(value)


def _switch(what: str, value: Any) -> bool:
    if type(value) is not bool:
        raise Refused(f"{what} of a tensor is {named(value)}")
    return value


def _plain(storage: Any, dtype: dtypes.dtype, offset: Any, size: Any, stride: Any, requires_grad: Any) -> Tensor:
    if type(offset) is not int:
        raise Refused(f"the place of a tensor in its storage is {named(offset)}")
    memory = storage._untyped_storage._bytes if isinstance(storage, TypedStorage) else storage._bytes
    array = look_at(memory, dtype.np, offset, _sizes("size", size), _sizes("stride", stride))
    wanted = _switch("requires_grad", requires_grad)
    if wanted and not dtype.is_floating_point:
        raise Refused("only a tensor of a floating dtype can require a gradient")
    return rebuild_tensor(Tensor, array, wanted, None)


def _typed(storage: Any) -> TypedStorage:
    if type(storage) is not TypedStorage:
        raise Refused(f"a tensor is rebuilt from {type(storage).__name__}, not from a storage")
    return storage


def tensor_v1(storage: Any, offset: Any, size: Any, stride: Any) -> Tensor:
    """torch._utils._rebuild_tensor"""
    return _plain(_typed(storage), storage.dtype, offset, size, stride, False)


def tensor_v2(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, backward_hooks: Any, metadata: Any = None
) -> Tensor:
    """torch._utils._rebuild_tensor_v2"""
    return _plain(_typed(storage), storage.dtype, offset, size, stride, requires_grad)


def tensor_v3(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, backward_hooks: Any, dtype: Any, metadata: Any = None
) -> Tensor:
    """torch._utils._rebuild_tensor_v3: for dtypes that have no class of storages."""
    if not isinstance(storage, (TypedStorage, UntypedStorage)) or not isinstance(dtype, dtypes.dtype):
        raise Refused("a tensor is rebuilt without a storage or a dtype")
    if isinstance(dtype, dtypes.Absent):
        raise RuntimeError(f"the file holds a tensor of {dtype}, of which there are none here: convert it in PyTorch")
    return _plain(storage, dtype, offset, size, stride, requires_grad)


def parameter(data: Any, requires_grad: Any, backward_hooks: Any) -> Parameter:
    """torch._utils._rebuild_parameter"""
    if not isinstance(data, Tensor):
        raise Refused("a parameter is rebuilt without a tensor")
    return Parameter(data, _switch("requires_grad", requires_grad))


def parameter_with_state(data: Any, requires_grad: Any, backward_hooks: Any, state: Any) -> Parameter:
    """torch._utils._rebuild_parameter_with_state"""
    found = parameter(data, requires_grad, backward_hooks)
    _note(found, state)
    return found


def from_type(function: Any, kind: Any, args: Any, state: Any) -> Tensor:
    """torch._tensor._rebuild_from_type_v2: a tensor of a class of its own, or with notes on it."""
    known = any(function is rebuild for rebuild in (tensor_v2, tensor_v3, parameter))
    if not known or type(args) is not tuple or not isinstance(kind, type) or not issubclass(kind, Tensor):
        raise Refused("a tensor is not rebuilt from its parts")
    found: Tensor = function(*args)
    if type(found) is not kind:
        found = rebuild_tensor(kind, found._array, found._edge is LEAF, None)
    _note(found, state)
    return found


def _note(t: Tensor, state: Any) -> None:
    kind: Any = type(t)
    if kind.__setstate__ is Tensor.__setstate__:  # else it is a class that the user allows, which knows what to do
        notes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
        for named in (notes or {}, slots or {}):
            if not isinstance(named, dict) or not all(type(name) is str for name in named):
                raise Refused("what is noted on a tensor has no names")
        if not set(slots or ()) <= set(own_slots(kind)):
            raise Refused(f"a {kind.__name__} has no slots {sorted(slots or ())}")
    give_state(t, state)


def layout(name: Any) -> Any:
    """torch.serialization._get_layout"""
    if type(name) is not str or name != "torch.strided":
        raise Refused(f"tensors of layout {named(name)} are not supported")
    return name


def latin1(text: Any, encoding: Any = "latin1") -> bytes:
    """_codecs.encode: how protocol 2 writes bytes."""
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise Refused("only bytes are encoded")
    return text.encode("latin1")


def bytes_of_nothing() -> bytes:
    """builtins.bytes: how protocol 2 writes b''."""
    return b""


def bytes_changeable(*args: Any) -> bytearray:
    """builtins.bytearray, of bytes only: of a number it would make as many."""
    if args and not (type(args[0]) is bytes or (type(args[0]) is str and args[1:] in (("latin-1",), ("latin1",)))):
        raise Refused("a bytearray is made of something else than bytes")
    return bytearray(*args)


def _listed(*given: Any) -> Any:
    """What a container is made of; a tensor would give as many items as it says it has, and one number in memory is enough."""
    if given and not isinstance(given[0], (list, tuple, set, frozenset, dict)):
        raise Refused(f"a container is made of {named(given[0])}")
    return given[0] if given else ()


def ordered(*pairs: Any) -> OrderedDict[Any, Any]:
    """collections.OrderedDict"""
    found: OrderedDict[Any, Any] = OrderedDict()
    for key, value in _listed(*pairs):
        found[hashable(key)] = value
    return found


def counted(*counts: Any) -> Counter[Any]:
    """collections.Counter"""
    found: Counter[Any] = Counter()
    if counts and type(counts[0]) is not dict:
        raise Refused(f"a Counter is made of {named(counts[0])}")
    for key, value in counts[0].items() if counts else ():
        found[hashable(key)] = value
    return found


def set_of(*items: Any) -> set[Any]:
    """builtins.set"""
    return set(map(hashable, _listed(*items)))


def frozen(*items: Any) -> frozenset[Any]:
    """builtins.frozenset"""
    return frozenset(map(hashable, _listed(*items)))


def complex_of(real: Any = 0.0, imag: Any = 0.0) -> complex:
    """builtins.complex"""
    return complex(float(real), float(imag))


def size(sizes: Any = ()) -> Size:
    """torch.Size"""
    return Size(_sizes("size", tuple(_listed(sizes))))


def _absent(what: str) -> Any:
    def refuse(*args: Any) -> NoReturn:
        raise Refused(f"the file holds a {what} tensor, and there are none here: convert it in PyTorch, then save it")

    return refuse


# What a file may call, by its name there.
REBUILDS: dict[str, Any] = {
    "torch._utils._rebuild_tensor": tensor_v1,
    "torch._utils._rebuild_tensor_v2": tensor_v2,
    "torch._utils._rebuild_tensor_v3": tensor_v3,
    "torch._utils._rebuild_parameter": parameter,
    "torch._utils._rebuild_parameter_with_state": parameter_with_state,
    "torch._tensor._rebuild_from_type_v2": from_type,
    "torch._utils._rebuild_sparse_tensor": _absent("sparse"),
    "torch._utils._rebuild_sparse_csr_tensor": _absent("sparse"),
    "torch._utils._rebuild_nested_tensor": _absent("nested"),
    "torch._utils._rebuild_qtensor": _absent("quantized"),
    "torch._utils._rebuild_meta_tensor_no_storage": _absent("meta"),
    "torch._utils._rebuild_wrapper_subclass": _absent("wrapper"),
    "torch._utils._rebuild_device_tensor_from_numpy": _absent("device's"),
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _absent("device's"),
    "torch.serialization._get_layout": layout,
    "torch.Size": size,
    "torch.device": device,
    "collections.OrderedDict": ordered,
    "collections.Counter": counted,
    "_codecs.encode": latin1,
    "builtins.bytes": bytes_of_nothing,
    "builtins.bytearray": bytes_changeable,
    "builtins.set": set_of,
    "builtins.frozenset": frozen,
    "builtins.complex": complex_of,
}

STORAGES: dict[str, StorageType] = {
    "FloatStorage": StorageType("FloatStorage", dtypes.float32),
    "DoubleStorage": StorageType("DoubleStorage", dtypes.float64),
    "HalfStorage": StorageType("HalfStorage", dtypes.float16),
    "LongStorage": StorageType("LongStorage", dtypes.int64),
    "IntStorage": StorageType("IntStorage", dtypes.int32),
    "ShortStorage": StorageType("ShortStorage", dtypes.int16),
    "CharStorage": StorageType("CharStorage", dtypes.int8),
    "ByteStorage": StorageType("ByteStorage", dtypes.uint8),
    "BoolStorage": StorageType("BoolStorage", dtypes.bool),
    "UntypedStorage": StorageType("UntypedStorage", None),  # bytes
    "BFloat16Storage": StorageType("BFloat16Storage", None),
    "ComplexFloatStorage": StorageType("ComplexFloatStorage", None),
    "ComplexDoubleStorage": StorageType("ComplexDoubleStorage", None),
    "QInt8Storage": StorageType("QInt8Storage", None),
    "QUInt8Storage": StorageType("QUInt8Storage", None),
    "QInt32Storage": StorageType("QInt32Storage", None),
    "QUInt4x2Storage": StorageType("QUInt4x2Storage", None),
    "QUInt2x4Storage": StorageType("QUInt2x4Storage", None),
}

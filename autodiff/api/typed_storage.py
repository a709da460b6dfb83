"""A storage as elements of a dtype: `storage()`, FloatStorage, LongStorage and the other names that older programs use.

After this module a reader knows that these are one class: what differs is the dtype by which the bytes are read.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autodiff._core import dtypes, types
from autodiff._core.dtypes import get_default_dtype
from autodiff._core.inplace import method
from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import at_the_constructor
from autodiff._core.tensor import Tensor, wrap
from autodiff.api.storage import UntypedStorage, memory_of, of_bytes
from autodiff.api.typed import OfOneDtype

__all__ = [
    "BoolStorage", "ByteStorage", "CharStorage", "DoubleStorage", "FloatStorage", "HalfStorage", "IntStorage", "LongStorage",
    "ShortStorage", "StorageType", "TypedStorage", "flat", "typed",
]

Array = np.ndarray[Any, Any]


class TypedStorage:
    """A storage read as elements of a dtype: the form in which PyTorch's files and older programs name it.

    Of a number of elements, which are zero, of a list of them, or of the bytes of `wrap_storage`.

    >>> import autodiff as torch
    >>> torch.TypedStorage([1, 2], dtype=torch.float32).tolist()
    [1.0, 2.0]
    >>> torch.TypedStorage(wrap_storage=torch.tensor([[1.0, 2.0]]).untyped_storage(), dtype=torch.float32).size()
    2
    """

    device = types.CPU
    is_cuda = False

    def __init__(
        self, data: Any = 0, *more: Any, wrap_storage: UntypedStorage | None = None, dtype: dtypes.dtype | None = None,
        device: Any = None,
    ) -> None:
        if device is not None:
            types.on_cpu(device)
        self.dtype = get_default_dtype() if dtype is None else dtype
        if wrap_storage is None:
            wrap_storage = of_bytes(self._filled(data, *more).view(np.uint8))
        self._untyped_storage = wrap_storage

    def _filled(self, data: Any, *more: Any) -> Array:
        """The elements of a list, or as many zeros as a number says."""
        name = type(self).__name__
        if more:
            raise RuntimeError(f"{name}(): too many positional arguments: it takes a number of elements, or a list of them")
        if isinstance(data, int):
            if data < 0:
                raise RuntimeError(f"{name}(): a storage can't have {data} elements")
            return np.zeros(data, self.dtype.np)
        if isinstance(data, str) or not isinstance(data, Sequence):
            raise TypeError(
                f"{name}(): argument type not recognized: {type(data).__name__}; it takes a number of elements, or a list of "
                "them; a tensor's own is x.untyped_storage()"
            )
        return np.array(data, self.dtype.np)

    @property
    def _array(self) -> Array:
        memory = self._untyped_storage._bytes
        return memory[: memory.size // self.dtype.itemsize * self.dtype.itemsize].view(self.dtype.np)

    def untyped(self) -> UntypedStorage:
        """The bytes."""
        return self._untyped_storage

    def data_ptr(self) -> int:
        """The address of the first element."""
        address: int = self._untyped_storage.data_ptr()
        return address

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._untyped_storage.nbytes()

    def size(self) -> int:
        """The number of elements."""
        return self._array.size

    __len__ = size

    def element_size(self) -> int:
        """The bytes of one element."""
        return int(self.dtype.itemsize)

    def tolist(self) -> list[Any]:
        """The elements as a list."""
        found: list[Any] = self._array.tolist()
        return found

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        return self._array[index].item()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._array[index] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    @property
    def _cdata(self) -> int:
        """What tells one storage from another."""
        return self._untyped_storage._cdata

    def fill_(self, value: Any) -> TypedStorage:
        """Put a number into every element."""
        self._array[...] = value
        return self

    def copy_(self, source: TypedStorage, non_blocking: bool | None = None) -> TypedStorage:
        """Take over the elements of a storage of the same size."""
        self._array[...] = source._array
        return self

    def clone(self) -> TypedStorage:
        """A copy."""
        return typed(self._untyped_storage.clone(), self.dtype)

    def cpu(self) -> TypedStorage:
        """The storage itself: there is no other device."""
        return self

    def share_memory_(self) -> TypedStorage:
        """Moves the storage, and all tensors that look at it, to where other processes see it; returns the storage."""
        self._untyped_storage.share_memory_()
        return self

    def is_shared(self) -> bool:
        """Does it lie in memory that other processes see?"""
        return self._untyped_storage.is_shared()

    def __repr__(self) -> str:
        lines = "".join(f" {x}\n" for x in self.tolist())
        return f"{lines}[torch.storage.TypedStorage(dtype={self.dtype}, device=cpu) of size {self.size()}]"


def typed(storage: UntypedStorage, dtype: dtypes.dtype) -> TypedStorage:
    """The elements of a storage."""
    return TypedStorage(wrap_storage=storage, dtype=dtype)


def flat(storage: TypedStorage | UntypedStorage, dtype: dtypes.dtype) -> Tensor:
    """A tensor of one dimension that sees a storage. RuntimeError for a typed storage of another dtype."""
    if isinstance(storage, TypedStorage) and storage.dtype is not dtype:
        raise RuntimeError(f"Expected a Storage of type {dtype} or an UntypedStorage, but got type {storage.dtype}")
    whole = storage if isinstance(storage, TypedStorage) else typed(storage, dtype)
    return wrap(whole._array)


class _Said:
    already = False  # once is enough, as in PyTorch


@method
def storage(self: Tensor) -> TypedStorage:
    """The memory that this tensor and all views of it look at, as elements of its dtype; deprecated, as in PyTorch."""
    if not _Said.already:
        _Said.already = True
        warnings.warn(
            "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage class. "
            "This should only matter to you if you are using storages directly.  To access UntypedStorage directly, use "
            "tensor.untyped_storage() instead of tensor.storage()",
            UserWarning,
            stacklevel=stacklevel(),
        )
    return typed(of_bytes(memory_of(self._array)[0]), self.dtype)


class StorageType(OfOneDtype):
    """What makes storages of one dtype: of a number of elements, or of a list of them.

    >>> import autodiff as torch
    >>> torch.LongStorage([1, 2]).tolist(), isinstance(torch.LongStorage(3), torch.FloatStorage)
    ([1, 2], False)
    """

    kind = TypedStorage

    @at_the_constructor
    def __call__(self, data: Any = 0, *more: Any, wrap_storage: UntypedStorage | None = None) -> TypedStorage:
        return TypedStorage(data, *more, wrap_storage=wrap_storage, dtype=self.dtype)


FloatStorage = StorageType("FloatStorage", dtypes.float32)
DoubleStorage = StorageType("DoubleStorage", dtypes.float64)
HalfStorage = StorageType("HalfStorage", dtypes.float16)
LongStorage = StorageType("LongStorage", dtypes.int64)
IntStorage = StorageType("IntStorage", dtypes.int32)
ShortStorage = StorageType("ShortStorage", dtypes.int16)
CharStorage = StorageType("CharStorage", dtypes.int8)
ByteStorage = StorageType("ByteStorage", dtypes.uint8)
BoolStorage = StorageType("BoolStorage", dtypes.bool)

"""Making tensors of data: `tensor`, `as_tensor`, `from_numpy`.

After this module a reader knows that what is made is a leaf, and that `tensor` copies while `from_numpy` shares memory.
"""

from __future__ import annotations

import array
import warnings
from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype, from_numpy_dtype
from autodiff._core.formats import dense_only
from autodiff._core.promotion import cast
from autodiff._core.refusals import at_the_door, refusal
from autodiff._core.tensor import Tensor
from autodiff._core.types import on_cpu
from autodiff.api._calls import boolean, whole
from autodiff.api.reading import array_of, asked, float_or_default, leaf, of_buffer
from autodiff.ops.shape import clone


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new leaf with a copy of `data`: a number, nested lists of numbers, a NumPy array.

    Floats become the default dtype (float32), ints int64, bools bool; arrays keep their dtype. ValueError for lists of
    unequal lengths, TypeError for what is not a number, RuntimeError for integers with requires_grad.

    >>> import autodiff as torch
    >>> torch.tensor([[1, 2], [3, 4]]), torch.tensor([0.5], requires_grad=True)
    (tensor([[1, 2],
            [3, 4]]), tensor([0.5000], requires_grad=True))
    """
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    if pin_memory is not False:
        dense_only("tensor", None, boolean("tensor", "pin_memory", pin_memory))
    try:
        return leaf(array_of(data, as_numpy_dtype(dtype)), requires_grad, device)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares memory with a NumPy array: a change of one shows in the other.

    A change made through the array cannot be seen by the graph (detect_anomaly checks for it). TypeError for what is
    not an array of a supported dtype, ValueError for negative strides.

    >>> import numpy as np
    >>> import autodiff as torch
    >>> a = np.zeros(2)
    >>> t = torch.from_numpy(a)
    >>> a[0] = 5
    >>> t
    tensor([5., 0.], dtype=torch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if not ndarray.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            "currently not supported: use array.astype(array.dtype.newbyteorder('='))"
        )
    from_numpy_dtype(ndarray.dtype)
    if any(s < 0 for s in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently "
            "supported. (You can probably work around this by making a copy of your array with array.copy().) "
        )
    return leaf(ndarray.view(np.ndarray))


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A tensor of the bytes of a buffer (bytearray, memoryview, array.array), whose memory it shares.

    `offset` is in bytes, `count` in elements; a negative one is all that there are. ValueError where the bytes are fewer, or a
    part of an element is left, and for what is no buffer. A tensor of bytes, which nobody may change, can't be written to.

    >>> import autodiff as torch
    >>> torch.frombuffer(bytearray([1, 0, 2, 0]), dtype=torch.int16)
    tensor([1, 2], dtype=torch.int16)
    """
    try:
        return leaf(_numbers_in(buffer, as_numpy_dtype(dtype), whole("frombuffer", "count", count), offset), requires_grad)
    except (RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise


def _numbers_in(buffer: Any, dtype: Any, count: int, offset: int) -> Any:
    """The array that sees the buffer's memory."""
    if dtype is None:
        raise TypeError("frombuffer(): argument 'dtype' must be torch.dtype, not NoneType")
    try:
        seen = memoryview(buffer).cast("B")
    except TypeError:
        raise ValueError(f"object does not implement Python buffer protocol: {type(buffer).__name__}") from None
    length, start, size = seen.nbytes, whole("frombuffer", "offset", offset), dtype.itemsize
    if not length or not count:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= start < length:
        raise ValueError(
            f"offset ({start} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1"
        )
    if count < 0 and (length - start) % size:
        raise ValueError(
            f"buffer length ({length - start} bytes) after offset ({start} bytes) must be a multiple of element size ({size})"
        )
    if start + max(count, 0) * size > length:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({start} bytes) must not be greater than actual "
            f"buffer length ({length} bytes)"
        )
    return np.frombuffer(seen, dtype, max(count, -1), start)


def as_tensor(data: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor, without a copy where none is needed: a tensor itself, an array's own memory.

    >>> import autodiff as torch
    >>> x = torch.ones(2)
    >>> torch.as_tensor(x) is x
    True
    """
    if device is not None:
        on_cpu(device)
    np_dtype = as_numpy_dtype(dtype)
    # Not `in (None, ...)`: for NumPy float64 == None, since None names its default dtype.
    if isinstance(data, Tensor):
        return data if np_dtype is None or np_dtype == data._array.dtype else cast(data, dtype=np_dtype)
    same = isinstance(data, np.ndarray) and (np_dtype is None or np_dtype == data.dtype)
    if same and data.dtype.isnative and data.dtype.kind in "fiub":
        return from_numpy(data) if all(s >= 0 for s in data.strides) else leaf(data.copy())
    try:
        return leaf(array_of(data, np_dtype))
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise


@at_the_door
def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None
) -> Tensor:
    """`obj` as a tensor; copied if `copy`, or where it must be. The copy of a tensor stays in its graph, as `clone` does.

    With requires_grad=False the result is outside of the graph; a leaf that is returned as it is requires no gradient any more.
    The bytes of a buffer (bytearray, memoryview, array.array) are taken for numbers of the dtype, or of the default dtype.
    ValueError with copy=False for what cannot share its memory: a list, or numbers of another dtype.

    >>> import autodiff as torch
    >>> torch.asarray([1, 2])
    tensor([1, 2])
    """
    if device is not None:
        on_cpu(device)
    if isinstance(obj, (bytes, bytearray, memoryview, array.array)):
        obj = of_buffer(memoryview(obj).cast("B"), float_or_default(dtype))
    if copy is False:
        _check_shared(obj, as_numpy_dtype(dtype))
    t = tensor(obj, dtype=dtype) if copy and not isinstance(obj, Tensor) else as_tensor(obj, dtype=dtype)
    if copy and isinstance(obj, Tensor):
        t = clone(t)
    if requires_grad is False and t.requires_grad:
        return t.requires_grad_(False) if t.is_leaf else t.detach()
    return t if requires_grad is None else asked(t, requires_grad)


def _check_shared(obj: Any, dtype: np.dtype[Any] | None) -> None:
    """ValueError for what a tensor of this dtype cannot share memory with; RuntimeError for a number of NumPy's."""
    if isinstance(obj, np.generic):
        raise RuntimeError("can't alias NumPy scalars. Either remove copy=False or transform it in a ndarray.")
    if not isinstance(obj, (Tensor, np.ndarray)):
        raise ValueError(f"can't alias arbitrary sequence into a tensor: a {type(obj).__name__} is copied; remove copy=False")
    found = from_numpy(obj) if isinstance(obj, np.ndarray) else obj  # which refuses what cannot be shared
    if dtype is not None and dtype != found._array.dtype:
        raise ValueError(f"can't alias tensor with dtype {found.dtype} into dtype {from_numpy_dtype(dtype)}; remove copy=False")

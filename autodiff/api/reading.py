"""What `tensor` makes of the data it is given: Python's numbers, nested lists of them, NumPy's arrays.

After this module a reader knows which dtype a number becomes (floats the default dtype, ints int64, bools bool), and what is
refused.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype, from_numpy_dtype, get_default_dtype
from autodiff._core.modes import mode, silently
from autodiff._core.provenance import here
from autodiff._core.tensor import LEAF, Tensor, wrap
from autodiff._core.types import on_cpu
from autodiff.api._calls import takes_tensors
from autodiff.api.lists import array_of_list, element
from autodiff.api.out import fill, fresh

DType = np.dtype[Any]

_INT64 = np.dtype(np.int64)


def leaf(array: Any, requires_grad: bool = False, place: Any = None, out: Any = None, name: str = "") -> Tensor:
    """A tensor around an array, a leaf of the graph if it requires a gradient; `place` is checked to be the CPU.

    Where a function, `name`, was given an `out`, that is the tensor, and the array is copied into it.
    """
    if place is not None:
        on_cpu(place)
    t = wrap(array) if out is None else fill(name, fresh(name, out, array.shape), array)
    if array.dtype.char == "d" and out is None:
        t._cell[1] = here(3)  # for a message, where float32 is wanted
    if requires_grad:
        _check_asked(requires_grad)
        if array.dtype.kind != "f":
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients, not "
                f"{from_numpy_dtype(array.dtype)}; write 1.0 for 1, or give dtype=float32 (AD028)"
            )
        t._edge = LEAF
    if mode.inference and out is None:
        t._cell = None
    return t


def asked(t: Tensor, requires_grad: bool) -> Tensor:
    """The tensor, which has been filled, as a leaf that requires a gradient if that is asked for."""
    if not requires_grad:
        return t
    _check_asked(requires_grad)
    return t.requires_grad_()


def _check_asked(requires_grad: Any) -> None:
    if not isinstance(requires_grad, bool):
        raise TypeError(f"argument 'requires_grad' must be bool, not {type(requires_grad).__name__}")


# ---- the array of what was given ----


def array_of(data: Any, dtype: DType | None) -> Any:
    """A new array of what the user gave: a number, nested sequences of numbers, an array, a tensor."""
    if reader := _USUAL.get(data.__class__):
        return reader(data, dtype)
    for kind, reader in _READERS:
        if isinstance(data, kind):
            return reader(data, dtype)
    return _of_sequence(data, dtype)


def _of_tensor(data: Tensor, dtype: DType | None) -> Any:
    return silently(np.array, data._array, dtype)


def _of_array(data: Any, dtype: DType | None) -> Any:
    if data.dtype.kind not in "fiub":
        raise TypeError(
            f"can't convert np.ndarray of type {data.dtype}. The supported types are: float64, float32, float16, int64, "
            "int32, int16, int8, uint8, and bool; complex numbers and objects are not."
        )
    return silently(np.array, data, dtype if dtype is not None else data.dtype.newbyteorder("="))


def _of_scalar(data: Any, dtype: DType | None) -> Any:
    """A number of NumPy's: of its own dtype, or brought to another one as a number in a list is."""
    array = _of_array(data, None)
    return array if dtype is None else element(data, dtype)


def _of_bool(data: bool, dtype: DType | None) -> Any:
    return np.array(data, dtype or np.bool_)


def _of_int(data: int, dtype: DType | None) -> Any:
    return np.array(data, np.int64) if dtype is None and -(2**63) <= data < 2**63 else element(data, dtype or _INT64)


def _of_float(data: float, dtype: DType | None) -> Any:
    if dtype is not None and dtype.kind != "f":
        return element(data, dtype)
    return silently(np.array(data).astype, dtype or get_default_dtype().np)


def _of_sequence(data: Any, dtype: DType | None) -> Any:
    if not hasattr(type(data), "__getitem__"):
        return _no_numbers(data, dtype) if dtype is None else element(data, dtype)
    return array_of_list(data, dtype)


def _no_complex(data: Any, dtype: DType | None) -> NoReturn:
    raise TypeError("complex numbers are not supported; use two tensors, for the real and the imaginary part")


def _no_numbers(data: Any, dtype: DType | None) -> NoReturn:
    kind = RuntimeError if dtype is None else TypeError
    raise kind(f"Could not infer dtype of {type(data).__name__}: a tensor is made of (lists of) numbers")


def _no_text(data: Any, dtype: DType | None) -> NoReturn:
    raise TypeError(f"a tensor holds numbers, not {type(data).__name__} ({data!r})")


def _no_order(data: Any, dtype: DType | None) -> NoReturn:
    kind = RuntimeError if dtype is None else TypeError
    raise kind(f"Could not infer dtype of {type(data).__name__}: it has no order; make it a list first")


# A bool is an int too, and a np.float64 a float: the first kind that fits counts.
_READERS: tuple[tuple[Any, Any], ...] = (
    (Tensor, _of_tensor),
    (np.ndarray, _of_array),
    (np.generic, _of_scalar),
    ((list, tuple), _of_sequence),
    (bool, _of_bool),
    (int, _of_int),
    (float, _of_float),
    (complex, _no_complex),
    ((type(None), dict), _no_numbers),
    ((str, bytes), _no_text),
    ((set, frozenset), _no_order),
)


_USUAL: dict[type, Any] = {float: _of_float, int: _of_int, list: array_of_list, np.ndarray: _of_array}


def positions(found: Any) -> Any:
    """Positions or counts that NumPy found, as int64, in rows: on 32 bits, as in every browser, its own are int32."""
    return np.asarray(found).astype(np.int64, order="C", copy=False)


def of_buffer(buffer: memoryview, dtype: np.dtype[Any]) -> Any:
    """The memory as an array of the dtype, in one dimension; ValueError where it is empty, or a part of a number is left."""
    if not buffer.nbytes:
        raise ValueError("both buffer length (0) and count (-1) must not be 0")
    if buffer.nbytes % dtype.itemsize:
        raise ValueError(f"buffer length ({buffer.nbytes} bytes) must be a multiple of element size ({dtype.itemsize})")
    return np.frombuffer(buffer, dtype)


# ---- what is a tensor, and of what ----


def float_or_default(dtype: Any) -> DType:
    """The dtype given, or the default one: what a tensor that is made of no numbers has."""
    found = as_numpy_dtype(dtype)
    return get_default_dtype().np if found is None else found


@takes_tensors
def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating type.

    >>> import autodiff as torch
    >>> torch.is_floating_point(torch.ones(1)), torch.is_floating_point(torch.tensor([1]))
    (True, False)
    """
    return bool(input._array.dtype.kind == "f")


@takes_tensors
def numel(input: Tensor) -> int:
    """The number of elements.

    >>> import autodiff as torch
    >>> torch.numel(torch.ones(2, 3))
    6
    """
    return input._array.size


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor.

    >>> import autodiff as torch
    >>> torch.is_tensor(torch.ones(1)), torch.is_tensor([1])
    (True, False)
    """
    return isinstance(obj, Tensor)

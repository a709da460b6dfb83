"""What `tensor` makes of the data it is given: Python's numbers, nested lists of them, NumPy's arrays.

After this module a reader knows which dtype a number becomes (floats the default dtype, ints int64, bools bool), and what is
refused.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype, from_numpy_dtype, get_default_dtype
from autodiff._core.modes import mode, silently
from autodiff._core.tensor import LEAF, Tensor, wrap
from autodiff._core.types import device
from autodiff.api._calls import takes_tensors
from autodiff.api.out import fill, fresh

DType = np.dtype[Any]


def leaf(array: Any, requires_grad: bool = False, place: Any = None, out: Any = None, name: str = "") -> Tensor:
    """A tensor around an array, a leaf of the graph if it requires a gradient; `place` is checked to be the CPU.

    Where a function, `name`, was given an `out`, that is the tensor, and the array is copied into it.
    """
    if place is not None:
        device(place)
    t = wrap(array) if out is None else fill(name, fresh(name, out, array.shape), array)
    if requires_grad:
        if array.dtype.kind != "f":
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients, not "
                f"{from_numpy_dtype(array.dtype)}; write 1.0 for 1, or give dtype=float32"
            )
        t._edge = LEAF
    if mode.inference and out is None:
        t._cell = None
    return t


# ---- the array of what was given ----


def array_of(data: Any, dtype: DType | None) -> Any:
    """A new array of what the user gave: a number, nested sequences of numbers, an array, a tensor."""
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


def _of_bool(data: bool, dtype: DType | None) -> Any:
    return np.array(data, dtype or np.bool_)


def _of_int(data: int, dtype: DType | None) -> Any:
    _check_size(data)
    return _converted(data, dtype or np.dtype(np.int64))


def _of_float(data: float, dtype: DType | None) -> Any:
    return _converted(data, dtype or get_default_dtype().np)


def _of_sequence(data: Any, dtype: DType | None) -> Any:
    try:
        items = _plain(list(data))
    except TypeError:
        raise TypeError(f"Could not infer dtype of {type(data).__name__}: a tensor is made of (lists of) numbers") from None
    _check_lengths(items, [])
    array = np.array(items) if items else np.zeros(0, get_default_dtype().np)
    _check_numbers(array, items)
    found = dtype or _dtype_for(array, items)
    _check_range(array, found)
    return silently(array.astype, found) if found.kind != "b" else array != 0


def _no_complex(data: Any, dtype: DType | None) -> NoReturn:
    raise TypeError("complex numbers are not supported; use two tensors, for the real and the imaginary part")


def _no_numbers(data: Any, dtype: DType | None) -> NoReturn:
    raise RuntimeError(f"Could not infer dtype of {type(data).__name__}: a tensor is made of (lists of) numbers")


def _no_text(data: Any, dtype: DType | None) -> NoReturn:
    raise TypeError(f"a tensor holds numbers, not {type(data).__name__} ({data!r})")


def _no_order(data: Any, dtype: DType | None) -> NoReturn:
    raise RuntimeError(f"Could not infer dtype of {type(data).__name__}: it has no order; make it a list first")


# A bool is an int too, and a np.float64 a float: the first kind that fits counts.
_READERS: tuple[tuple[Any, Any], ...] = (
    (Tensor, _of_tensor),
    ((np.ndarray, np.generic), _of_array),
    ((list, tuple), _of_sequence),
    (bool, _of_bool),
    (int, _of_int),
    (float, _of_float),
    (complex, _no_complex),
    ((type(None), dict), _no_numbers),
    ((str, bytes), _no_text),
    ((set, frozenset), _no_order),
)


def _check_size(n: int) -> None:
    if not -(2**63) <= n < 2**63:
        raise ValueError(f"Overflow when unpacking long long: {n} does not fit into 64 bits; write it as a float")


def _converted(n: Any, dtype: DType) -> Any:
    if isinstance(n, float) and dtype.kind in "iu" and not math.isfinite(n):
        raise RuntimeError(f"value cannot be converted to type {from_numpy_dtype(dtype)} without overflow: it is {n}")
    try:
        return silently(np.array(n).astype, dtype) if isinstance(n, float) else np.array(n, dtype)
    except OverflowError:
        raise RuntimeError(f"value {n} cannot be converted to type {from_numpy_dtype(dtype)} without overflow") from None


def _plain(data: Any) -> Any:
    """Nested lists with every tensor in them, which has one element, turned into an array."""
    if isinstance(data, Tensor):
        if data._array.size != 1:
            raise ValueError(
                "only one element tensors can be converted to Python scalars, and one in the list has shape "
                f"{list(data.shape)}; join tensors with torch.stack([...]) or torch.cat([...])"
            )
        return data._array.reshape(())
    if isinstance(data, (list, tuple, range)):
        return [_plain(x) for x in data]
    return data


def _dtype_of(items: Any) -> DType | None:
    """The dtype of the first array in nested lists: lists of arrays keep theirs, lists of numbers have none."""
    while isinstance(items, list) and items:
        items = items[0]
    return items.dtype if isinstance(items, (np.ndarray, np.generic)) and items.dtype.kind in "fiub" else None


def _check_lengths(items: Any, path: list[int]) -> int:
    """ValueError that names the odd one out where nested lists have unequal lengths."""
    if isinstance(items, np.ndarray) and items.ndim:
        return len(items)
    if not isinstance(items, list):
        return -1
    lengths = [_check_lengths(x, [*path, i]) for i, x in enumerate(items)]
    for i, n in enumerate(lengths):
        if n != lengths[0]:
            if n == -1 or lengths[0] == -1:
                raise ValueError(f"expected sequence of numbers only or of sequences only at dim {len(path) + 1} (item {i})")
            raise ValueError(f"expected sequence of length {lengths[0]} at dim {len(path) + 1} (got {n}, in item {i})")
    return len(items)


def _odd(items: Any) -> str:
    while isinstance(items, list):
        items = next((x for x in items if not isinstance(x, (int, float))), items[0])
    return type(items).__name__


def _check_numbers(array: Any, items: Any) -> None:
    if array.dtype.kind == "c":
        _no_complex(items, None)
    if array.dtype.kind == "u" or (array.dtype.kind == "O" and all(isinstance(x, int) for x in array.flat)):
        for n in array.flat:
            _check_size(int(n))
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a tensor holds numbers, but the data has elements of type {_odd(items)}")


def _dtype_for(array: Any, items: Any) -> DType:
    """The dtype of nested lists: that of the arrays in them, else the default one for floats and int64 for ints."""
    if array.dtype.kind == "u":
        return np.dtype(np.int64)
    return _dtype_of(items) or (get_default_dtype().np if array.dtype.kind == "f" else array.dtype)


def _check_range(array: Any, dtype: DType) -> None:
    if dtype.kind in "iu" and array.dtype.kind in "iuf" and array.size:
        for n in (array.min(), array.max()):
            if not -np.iinfo(dtype).max - 1 <= n <= np.iinfo(dtype).max:  # -1 as a byte is 255, as in PyTorch
                raise RuntimeError(f"value {n} cannot be converted to type {from_numpy_dtype(dtype)} without overflow")


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

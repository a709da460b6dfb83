"""Nested lists of numbers: the array that they become, and its dtype and shape.

After this module a reader knows that all elements have a say in the dtype, whatever they are, Python's numbers, NumPy's, or
tensors of one element: it is the smallest one that holds them all. The shape is that of the first elements, and the others
must agree.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from autodiff._core.dtypes import from_numpy_dtype, get_default_dtype, promote_numpy
from autodiff._core.modes import silently
from autodiff._core.scalars import narrowed
from autodiff._core.tensor import Tensor, wrap

DType = np.dtype[Any]

_NUMBERS = frozenset((bool, int, float))
_DEEPEST = 64  # dimensions that an array of NumPy's can have


def array_of_list(data: Any, dtype: DType | None) -> Any:
    """A new array of nested sequences of numbers, of the dtype given or of that which holds all of them.

    ValueError for sequences of unequal lengths, TypeError for what is not a number, RuntimeError for one that is too large.
    """
    kinds: set[Any] = set()
    _collect(data, kinds, 0)
    shape = None if kinds <= _NUMBERS else _shape(data)  # first, as in PyTorch: what has no shape needs no dtype
    found = _common(kinds) if dtype is None else dtype
    if kinds <= _NUMBERS:
        try:
            return _of_plain(data, found, kinds)
        except (OverflowError, TypeError, ValueError):
            shape = _shape(data)  # what is wrong, or unusual, is found element by element
    array = np.empty(shape or (), found)
    _store(array, data, [])
    return array


# ---- of what dtype ----


def _collect(data: Any, kinds: set[Any], depth: int) -> None:
    """Add what is met in nested sequences to `kinds`: bool, int and float, NumPy's dtypes, the classes of anything else."""
    if depth > _DEEPEST:
        raise _too_deep(data)
    if isinstance(data, (list, tuple)):
        classes = set(map(type, data))
        if not data:
            kinds.add(float)
        elif classes <= _NUMBERS:
            kinds |= classes
        else:
            for x in data:
                _collect(x, kinds, depth + 1)
    elif isinstance(data, Tensor):
        kinds.add(data._array.dtype)
    elif isinstance(data, (np.ndarray, np.generic)):
        kinds.add(data.dtype.newbyteorder("="))
    elif isinstance(data, (bool, int, float)):
        kinds.add(bool if isinstance(data, bool) else int if isinstance(data, int) else float)
    elif isinstance(data, range):
        kinds.add(int if data else float)
    elif _is_sequence(data) and not isinstance(data, (str, bytes)):
        _collect(_items(data), kinds, depth)
    else:
        kinds.add(type(data))


def _common(kinds: set[Any]) -> DType:
    """The smallest dtype that holds all kinds; RuntimeError or TypeError for what is not a number."""
    of_numbers = {bool: np.dtype(np.bool_), int: np.dtype(np.int64), float: get_default_dtype().np}
    found: DType | None = None
    for kind in kinds:
        dtype = of_numbers.get(kind, kind)
        if not isinstance(dtype, np.dtype):
            raise _no_number(kind)
        if dtype.kind not in "fiub":
            raise TypeError(
                f"can't convert np.ndarray of type {dtype}. The supported types are: float64, float32, float16, int64, int32, "
                "int16, int8, uint8, and bool; complex numbers, text and objects are not."
            )
        from_numpy_dtype(dtype)
        found = dtype if found is None else promote_numpy(found, dtype)
    return get_default_dtype().np if found is None else found


def _no_number(kind: type) -> Exception:
    if issubclass(kind, complex):
        return TypeError("complex numbers are not supported; use two tensors, for the real and the imaginary part")
    if issubclass(kind, (str, bytes)):
        return TypeError(f"a tensor holds numbers, but the data has elements of type {kind.__name__}")
    return RuntimeError(f"Could not infer dtype of {kind.__name__}: a tensor is made of (lists of) numbers")


# ---- of what shape ----


def _is_sequence(x: Any) -> bool:
    return hasattr(type(x), "__getitem__") and not isinstance(x, (dict, np.generic))


def _items(data: Any) -> Any:
    """What a sequence holds, asked for by number: a table that is iterated over would give the names of its columns."""
    if isinstance(data, (list, tuple, range, np.ndarray)):
        return data
    n = len(data)
    try:
        return [data[i] for i in range(n)]
    except Exception:
        hint = "; make it an array first, with .to_numpy()" if hasattr(data, "to_numpy") else ""
        raise ValueError(f"could not determine the shape of object type '{type(data).__name__}'{hint}") from None


def _shape(data: Any) -> tuple[int, ...]:
    """The shape by the first element of each dimension, up to the first that has none. A tensor in a list is a number."""
    sizes: list[int] = []
    while isinstance(data, str) or (_is_sequence(data) and not isinstance(data, Tensor)):
        if isinstance(data, str) or len(sizes) == _DEEPEST:
            raise _too_deep(data)
        if isinstance(data, np.ndarray) and not data.ndim:
            raise TypeError("len() of unsized object: an array without dimensions in a list; use its number, array.item()")
        items = _items(data)
        sizes.append(len(items))
        if not len(items):
            break
        data = items[0]
    return tuple(sizes)


def _too_deep(data: Any) -> ValueError:
    return ValueError(f"too many dimensions '{type(data).__name__}': a tensor is made of numbers, in at most 64 nested lists")


# ---- the array ----


def _of_plain(data: Any, dtype: DType, kinds: set[Any]) -> Any:
    """The array of nested lists that hold nothing but Python's numbers; an error of NumPy's where something is wrong."""
    if dtype.kind == "f":
        return silently(np.array(data, np.float64).astype, dtype)
    if dtype.kind == "b":
        return np.array(data, np.bool_)
    if float in kinds and len(kinds) > 1:
        raise ValueError  # as floats, large ints would lose digits
    return narrowed(np.array(data, np.float64 if float in kinds else np.int64), dtype)


def _store(out: Any, data: Any, path: list[int]) -> None:
    """Write nested sequences into an array; ValueError that names the odd one out where their lengths differ."""
    array = data._array if isinstance(data, Tensor) else data
    if isinstance(array, np.ndarray) and array.shape == out.shape and _is_read_whole(data, array.dtype, out.dtype):
        if array.dtype == out.dtype:
            out[...] = array
        else:
            out[...] = narrowed(array, out.dtype) if out.dtype.kind in "iu" else silently(array.astype, out.dtype)
        return
    if not _is_sequence(array) or (isinstance(array, np.ndarray) and not array.ndim):
        raise TypeError(
            f"not a sequence of length {len(out)} at dim {len(path)} (item {path[-1]}) but {_named(data)}: write numbers only "
            "or sequences only"
        )
    items = _items(array) if array is data else [wrap(np.asarray(x)) for x in array]
    if len(items) != len(out):
        raise ValueError(f"expected sequence of length {len(out)} at dim {len(path)} (got {len(items)}, in item {path[-1]})")
    if not len(items):
        return
    if out.ndim == 1:
        out[...] = _row(items, out.dtype)
    else:
        for i, x in enumerate(items):
            _store(out[i], x, [*path, i])


def _is_read_whole(data: Any, source: DType, target: DType) -> bool:
    """Whether every element of a tensor or array of this dtype is taken for a number of the other: see `element`."""
    if target.kind == "f":
        return source.kind in "fiub"
    return source.kind in "iub" if isinstance(data, Tensor) else source.kind in "iu" or source in (np.float64, target)


# ---- numbers ----


def _row(items: Any, dtype: DType) -> Any:
    """The numbers of the innermost list, as an array of the dtype."""
    kinds = set(map(type, items))
    if dtype.kind == "f":
        plain = all(issubclass(kind, (int, float, np.bool_, np.integer, np.floating)) for kind in kinds)
        return silently(np.array(items if plain else [_as_float(x) for x in items], np.float64).astype, dtype)
    if dtype.kind == "b" or not all(issubclass(kind, (int, np.integer)) for kind in kinds):
        return [element(x, dtype) for x in items]
    try:
        return narrowed(np.array(items, np.int64), dtype)
    except OverflowError:
        return [element(x, dtype) for x in items]


def element(x: Any, dtype: DType) -> Any:
    """What is given for one element, as a number of the dtype: a Python or NumPy number, or a tensor of one element.

    TypeError for anything else, and for a float of NumPy's that would be cut off (a Python float is), RuntimeError for a number
    that is too large.
    """
    if dtype.kind == "f":
        return silently(np.asarray(_as_float(x)).astype, dtype)
    if isinstance(x, float):
        return np.asarray(bool(x)) if dtype.kind == "b" else narrowed(np.asarray(x), dtype)
    number = x if isinstance(x, int) or (isinstance(x, np.bool_) and dtype.kind == "b") else _as_int(x, dtype)
    if dtype.kind == "b":
        return np.asarray(bool(number))
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"Overflow when unpacking long long: {number} does not fit into 64 bits; write it as a float")
    return narrowed(np.asarray(number, np.int64), dtype)


def _as_float(x: Any) -> float:
    if isinstance(x, Tensor):
        if x._array.size != 1:
            raise ValueError(
                "only one element tensors can be converted to Python scalars, and one in the list has shape "
                f"{list(x.shape)}; join tensors with torch.stack([...]) or torch.cat([...])"
            )
        return float(x._array.item())
    if isinstance(x, np.ndarray) and x.ndim:
        raise TypeError(f"a number was expected at this depth of the nested lists, not an array of shape {list(x.shape)}")
    if isinstance(x, (str, bytes)) or not (hasattr(x, "__float__") or hasattr(x, "__index__")):
        raise TypeError(f"must be real number, not {_named(x)}")
    return float(x)


def _as_int(x: Any, dtype: DType) -> int:
    if isinstance(x, Tensor):
        if x._array.size != 1 or x._array.dtype.kind == "f":
            raise TypeError(
                "only integer tensors of a single element can be converted to an index, and one in the list has shape "
                f"{list(x.shape)} and is {x.dtype}; join tensors with torch.stack([...]), or take the number with .item()"
            )
        return int(x._array.item())
    try:
        return operator.index(x)
    except TypeError:
        raise TypeError(
            f"{_named(x)} object cannot be interpreted as an integer, and the dtype is {from_numpy_dtype(dtype)}: "
            "take Python's number, as .item() gives it"
        ) from None


def _named(x: Any) -> str:
    name = type(x).__name__
    return f"'{'numpy.' + name if isinstance(x, (np.generic, np.ndarray)) else name}'"

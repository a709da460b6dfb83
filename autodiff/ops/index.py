"""Reading and writing parts of a tensor by ints, slices, None, Ellipsis, masks and integer tensors.

After this module a reader knows the two kinds of index: *basic* (ints, slices, None, Ellipsis) gives a view, *advanced*
(lists, integer tensors, masks) a copy; and that the gradient of reading is adding at the same places.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff._core.graph import primitive, renamed
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, takes_tensors, whole
from autodiff.ops.comparison import where
from autodiff.ops.join import picked, sliced
from autodiff.ops.shape import dimension

__all__ = [
    "getitem",
    "index_put",
    "masked_fill",
    "masked_select",
    "narrow",
    "normalize",
    "select",
]


def normalize(index: Any, shape: tuple[int, ...]) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """The index in two steps: its basic part, which gives a view, and the arrays that then choose from the view.

    Each step is None where it does nothing. NumPy takes both at once, and counts x[0, :, [1, 2]]'s int among the arrays, which
    moves their dimension to the front; PyTorch takes the int first, and so do we. IndexError for what fits no tensor of
    this shape.
    """
    if isinstance(index, list) and len(index) < 32 and any(_opens_tuple(part) for part in index):
        warnings.warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated; use x[tuple(seq)] instead of x[seq], or "
            "x[torch.tensor(seq)] for one index tensor",
            UserWarning,
            stacklevel=4,
        )
        index = tuple(index)  # PyTorch's rule: x[[[0, 1], [1, 2]]] is x[[0, 1], [1, 2]]
    parts = index if isinstance(index, tuple) else (index,)
    found: list[Any] = []
    used = 0  # dimensions of the tensor that the index speaks about
    for part in parts:
        if isinstance(part, Tensor):
            part = part._array
        if part is Ellipsis and any(before is Ellipsis for before in found):
            continue  # the first one has taken all the dimensions that were left
        if part is None or part is Ellipsis:
            found.append(part)
        elif isinstance(part, bool):
            found.append(np.array(part))
        elif isinstance(part, (int, np.integer)):
            found.append(int(part))
            used += 1
        elif isinstance(part, slice):
            found.append(_plain_slice(part))
            used += 1
        else:
            array = _index_array(part)
            if array.ndim == 0 and array.dtype.kind == "i":
                found.append(int(array))
                used += 1
                continue
            found.append(array)
            used += array.ndim if array.dtype.kind == "b" else 1
    if used > len(shape):
        if not shape:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    _check_bounds(found, shape, used)
    if not any(part is Ellipsis for part in found):
        found.append(Ellipsis)  # with an Ellipsis NumPy gives a view also where every dimension has an int
    view: list[Any] = []
    choice: list[Any] = []
    for part in found:
        if isinstance(part, np.ndarray):
            if part.ndim == 0:  # one bool, which chooses from a dimension of its own
                view.append(None)
                choice.append(part.reshape(1))
            else:
                view += [slice(None)] * (part.ndim if part.dtype.kind == "b" else 1)
                choice.append(part)
        else:
            view.append(part)
            if part is Ellipsis:
                choice += [slice(None)] * (len(shape) - used)
            elif not isinstance(part, int):
                choice.append(slice(None))
    if not any(isinstance(part, np.ndarray) for part in choice):
        return tuple(view), None
    trivial = all(part is Ellipsis or part == slice(None) for part in view)
    return None if trivial else tuple(view), tuple(choice)


def _opens_tuple(part: Any) -> bool:
    """Whether a list with this item means a tuple of indices, not one list of ints."""
    return part is None or part is Ellipsis or isinstance(part, (list, tuple, range, slice, np.ndarray, Tensor))


def _plain_slice(part: slice) -> slice:
    ends = [v.__index__() if isinstance(v, (Tensor, np.integer)) else v for v in (part.start, part.stop, part.step)]
    if ends[2] is not None and ends[2] <= 0:
        raise ValueError("step must be greater than zero; flip() reverses")
    return slice(*ends)


def _index_array(part: Any) -> Any:
    if isinstance(part, (list, tuple, range)):
        part = np.asarray([p._array if isinstance(p, Tensor) else p for p in part]) if len(part) else np.zeros(0, np.int64)
    elif not isinstance(part, np.ndarray):
        raise (TypeError if isinstance(part, str) else IndexError)(
            "only integers, slices (`:`), ellipsis (`...`), None and long or bool tensors are valid indices "
            f"(got {type(part).__name__})"
        )
    if part.dtype == np.uint8:
        part = part != 0  # PyTorch still takes uint8 for a mask
    if part.dtype.kind not in "ib":
        raise IndexError(f"tensors used as indices must be long, int, byte or bool tensors, not {part.dtype}")
    return part.copy() if part.dtype.kind == "b" else part.astype(np.int64)


def _check_bounds(found: list[Any], shape: tuple[int, ...], used: int) -> None:
    """NumPy would check too, but a negative dimension number or a mask's shape deserve PyTorch's words."""
    at = 0
    for part in found:
        if part is None:
            continue
        if part is Ellipsis:
            at += len(shape) - used
        elif isinstance(part, int):
            if not -shape[at] <= part < shape[at]:
                raise IndexError(f"index {part} is out of bounds for dimension {at} with size {shape[at]}")
            at += 1
        elif isinstance(part, slice):
            at += 1
        elif part.dtype.kind == "b":
            for d, n in enumerate(part.shape):
                if shape[at + d] != n:
                    raise IndexError(
                        f"The shape of the mask {list(part.shape)} at index {d} does not match the shape of the indexed "
                        f"tensor {list(shape)} at index {at + d}"
                    )
            at += part.ndim
        else:
            n = shape[at]
            if part.size and not (part.min() >= -n and part.max() < n):
                wrong = part[(part < -n) | (part >= n)].flat[0]
                raise IndexError(f"index {wrong} is out of bounds for dimension {at} with size {n}")
            at += 1


# ---- x[index] ----


def _sliced_class(name: str) -> Any:
    @primitive(lambda g, index, x_shape: basic_placed(g, index=index, shape=x_shape), name=name, view=True)
    def basic_index(x, *, index):
        """x[index] for ints, slices, None and Ellipsis: a view."""
        return x[index]

    return basic_index


# One operation under the names that PyTorch gives its last step.
viewed_select, viewed_slice, viewed_new, viewed_alias = (
    _sliced_class(name) for name in ("Select", "Slice", "Unsqueeze", "Alias")
)


@primitive(lambda g, index: viewed_slice(g, index=index), name="SliceBackward")
def basic_placed(x, *, index, shape):
    """Zeros of `shape` with x at a basic index."""
    out = np.zeros(shape, x.dtype)
    out[index] = x
    return out


@primitive(lambda g, index, x_shape: added_at(g, index=index, shape=x_shape), name="Index")
def indexed(x, *, index):
    """x[index] for lists, integer arrays and masks: a copy."""
    return _numpy_index(x, index)


index_taken, index_masked = renamed(indexed, "Take"), renamed(indexed, "MaskedSelect")


@primitive(lambda g, index: indexed(g, index=index), name="IndexPut")
def added_at(x, *, index, shape):
    """Zeros of `shape` with x added at an advanced index, repeated places summed."""
    out = np.zeros(shape, x.dtype)
    if all(not isinstance(p, np.ndarray) or p.dtype.kind == "b" for p in index):
        out[index] = x  # a mask names no place twice
    else:
        np.add.at(out, index, x)
    return out


def _numpy_index(x: Any, index: Any) -> Any:
    try:
        return x[index]
    except IndexError as error:
        if "broadcast" in str(error):
            shapes = ", ".join(str(list(p.shape)) for p in index if isinstance(p, np.ndarray))
            raise IndexError(f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}") from None
        raise


def getitem(input: Tensor, index: Any) -> Tensor:
    """input[index]: a view for ints, slices, None and Ellipsis; a copy for lists, integer tensors and masks."""
    if index.__class__ is int and input._array.ndim:  # the commonest: a row
        n = input._array.shape[0]
        if not -n <= index < n:
            raise IndexError(f"index {index} is out of bounds for dimension 0 with size {n}")
        return viewed_select(input, index=(index, ...))
    basic, choice = normalize(index, input._array.shape)
    result = input if basic is None else viewed(input, basic)
    if choice is not None:
        result = indexed(result, index=choice)
    return result


def viewed(input: Tensor, index: tuple[Any, ...]) -> Tensor:
    """input[index] for a basic index with an Ellipsis: a view, under the name of PyTorch's last step."""
    last = next((p for p in reversed(index) if p is not Ellipsis and p != slice(None)), Ellipsis)
    view = viewed_alias if last is Ellipsis else viewed_new if last is None else (
        viewed_select if isinstance(last, int) else viewed_slice
    )  # fmt: skip
    return view(input, index=index)


@method
@takes_tensors
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice at `index` along `dim`, without that dimension. A view.

    >>> import autodiff as torch
    >>> torch.select(torch.tensor([[1, 2], [3, 4]]), 1, 0)
    tensor([1, 3])
    """
    axis = dimension(dim, input._array.ndim)
    if not input._array.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    n, index = input._array.shape[axis], whole("select", "index", index)
    if not -n <= index < n:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension {axis}"
        )
    return picked(input, axis=axis, at=index)


@method
@takes_tensors
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`length` slices from `start` on along `dim`. A view.

    >>> import autodiff as torch
    >>> torch.narrow(torch.tensor([1, 2, 3, 4]), 0, 1, 2)
    tensor([2, 3])
    """
    axis = dimension(dim, input._array.ndim)
    n = input._array.shape[axis]
    first = start + n if start < 0 else start
    if not 0 <= first <= n:
        raise IndexError(f"start out of range (expected to be in range of [-{n}, {n}], but got {start})")
    if length < 0 or first + length > n:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return sliced(input, axis=axis, start=first, length=length)


# ---- x[index] = value ----


def _deepened(x: Any, ndim: int) -> Any:
    """x with leading dimensions of size 1: a value may have more of them than the place it is written to."""
    return x if x.ndim >= ndim else viewed_new(x, index=(*(None,) * (ndim - x.ndim), ...))


@primitive(
    lambda g, index, accumulate: g if accumulate else zeroed(g, index=index),
    lambda g, index, value_shape: _deepened(indexed(g, index=index), len(value_shape)),
    name="IndexPut",
)
def put_at(x, value, *, index, accumulate):
    """x with `value` written, or added, at an advanced index."""
    out = x.copy()
    try:
        if accumulate:
            np.add.at(out, index, value)
        else:
            out[index] = value
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value.shape)} cannot be broadcast to indexing result of shape "
            f"{list(x[index].shape)}"
        ) from None
    return out


@primitive(lambda g, index: zeroed(g, index=index), name="IndexPut")
def zeroed(x, *, index):
    """x with zeros at an advanced index."""
    out = x.copy()
    out[index] = 0
    return out


@method(inplace=True)
@takes_tensors
def index_put(input: Tensor, index: Any, values: Any = None, accumulate: bool = False, **named: Any) -> Tensor:
    """A copy of `input` with `values` written (or added) at the tuple of index tensors.

    >>> import autodiff as torch
    >>> torch.index_put(torch.zeros(3), (torch.tensor([0, 2]),), torch.tensor([5.0, 6.0]))
    tensor([5., 0., 6.])
    """
    indices = named.pop("indices", index)
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put(): argument 'indices' (position 2) must be tuple of Tensors, not {type(indices).__name__}")
    if values._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {input.dtype} for the destination and "
            f"{values.dtype} for the source."
        )
    _, where_ = normalize(tuple(indices), input._array.shape)
    if where_ is None:
        raise IndexError("index_put takes index tensors; for ints and slices write x[index] = values")
    return put_at(input, values, index=where_, accumulate=accumulate)


@primitive(lambda g, mask: where(wrap(mask), 0.0, g) if isinstance(g, Tensor) else np.where(mask, 0, g).astype(g.dtype),
           lambda g, mask: where(wrap(mask), g, 0.0) if isinstance(g, Tensor) else np.where(mask, g, 0).astype(g.dtype),
           name="MaskedFillBackward1")  # fmt: skip
def filled_at(x, value, *, mask):
    """x with `value` where the mask holds."""
    return np.where(mask, value, x).astype(x.dtype)


filled_with_number = renamed(filled_at, "MaskedFillBackward0")


@method(inplace=True)
@takes_tensors
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """A copy of `input` with `value`, a number or 0-d tensor, where `mask` is True.

    >>> import autodiff as torch
    >>> torch.masked_fill(torch.tensor([1.0, 2.0]), torch.tensor([True, False]), 0.0)
    tensor([0., 2.])
    """
    if mask._array.dtype.kind != "b":
        raise RuntimeError(f"masked_fill only supports boolean masks, but got mask with dtype {mask.dtype}")
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            f"masked_fill only supports a 0-dimensional value tensor, but got tensor with {value._array.ndim} dimension(s)."
        )
    fill = filled_at if isinstance(value, Tensor) else filled_with_number
    if not isinstance(value, Tensor):
        value = number("masked_fill", "value", value)
        try:
            fits = int(value) if isinstance(value, float) and input._array.dtype.kind in "iu" else value
            value = np.asarray(fits, input._array.dtype)
        except (OverflowError, ValueError):  # too large, infinite or nan
            raise RuntimeError(f"value {value} cannot be converted to type {input.dtype} without overflow") from None
    return fill(input, value, mask=mask._array.copy())


@method
@takes_tensors
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where `mask` is True, in one dimension.

    >>> import autodiff as torch
    >>> torch.masked_select(torch.tensor([1, 2, 3]), torch.tensor([True, False, True]))
    tensor([1, 3])
    """
    if mask._array.dtype.kind != "b":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    shape = np.broadcast_shapes(input._array.shape, mask._array.shape)
    whole = np.broadcast_to(mask._array, shape).copy()
    return index_masked(input if shape == input._array.shape else input.expand(*shape), index=(whole,))

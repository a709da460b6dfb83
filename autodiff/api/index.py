"""x[...]: parts of a tensor read by ints, slices, None, Ellipsis, masks and integer tensors.

After this module a reader knows the two kinds of index: *basic* (ints, slices, None, Ellipsis) gives a view, *advanced*
(lists, integer tensors, masks) a copy; and that PyTorch takes the basic part first.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.errors import misfit
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor
from autodiff.api._calls import dimension, takes_tensors, whole
from autodiff.ops import places as ops
from autodiff.ops.shape import clone

# One operation under the names that PyTorch gives its last step.
_select, _new, _alias = renamed(ops.viewed, "Select"), renamed(ops.viewed, "Unsqueeze"), renamed(ops.viewed, "Alias")
_masked_select = renamed(ops.indexed, "MaskedSelect")


def normalize(index: Any, shape: tuple[int, ...]) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """The index in two steps: its basic part, which gives a view, and the arrays that then choose from the view.

    Each step is None where it does nothing. NumPy takes both at once, and counts x[0, :, [1, 2]]'s int among the arrays, which
    moves their dimension to the front; PyTorch takes the int first, and so do we. IndexError for what fits no tensor of
    this shape.
    """
    try:
        found = _parts(index, len(shape))
    except (TypeError, ValueError):
        parts = index if isinstance(index, tuple) else (index,)
        _check_count(sum(not (part is None or part is Ellipsis or isinstance(part, bool)) for part in parts), shape)
        raise
    used = sum(map(_dimensions, found))
    _check_count(used, shape)
    _check_bounds(found, shape, used)
    if not any(part is Ellipsis for part in found):
        found.append(Ellipsis)  # with an Ellipsis NumPy gives a view also where every dimension has an int
    if not any(isinstance(part, np.ndarray) for part in found):
        return tuple(found), None
    view, choice = _two_steps(found, len(shape) - used)
    trivial = all(part is Ellipsis or part == slice(None) for part in view)
    return None if trivial else tuple(view), tuple(choice)


def index_arrays(tensors: Sequence[Tensor], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Index tensors as arrays; IndexError for what fits no tensor of this shape."""
    for t in tensors:
        if not t._array.ndim and t._array.dtype.kind == "i":
            _check_places(t._array)
    found = [_index_array(t) for t in tensors]
    used = sum(map(_dimensions, found))
    _check_count(used, shape)
    _check_bounds(found, shape, used)
    return tuple(found)


def _check_count(used: int, shape: tuple[int, ...]) -> None:
    """IndexError where an index speaks about more dimensions than there are: PyTorch asks this first."""
    if used > len(shape):
        if not shape:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")


def _parts(index: Any, ndim: int) -> list[Any]:
    """The parts of an index as ints, slices, None, at most one Ellipsis, and arrays of ints or bools."""
    if isinstance(index, list) and len(index) < 32 and any(_opens_tuple(part) for part in index):
        warnings.warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated; use x[tuple(seq)] instead of x[seq], or "
            "x[torch.tensor(seq)] for one index tensor",
            UserWarning,
            stacklevel=stacklevel(),
        )
        index = tuple(index)  # PyTorch's rule: x[[[0, 1], [1, 2]]] is x[[0, 1], [1, 2]]
    found: list[Any] = []
    for part in index if isinstance(index, tuple) else (index,):
        if part is None:
            found.append(part)
        elif part is Ellipsis:
            if any(before is Ellipsis for before in found):  # the first one has taken all the dimensions that were left
                _check_ellipses(index, ndim)
            else:
                found.append(part)
        elif isinstance(part, bool):
            found.append(np.array(part))
        elif isinstance(part, (int, np.integer)):
            found.append(int(part))
        elif isinstance(part, slice):
            found.append(_plain_slice(part))
        else:
            array = _index_array(part)
            found.append(int(array) if array.ndim == 0 and array.dtype.kind == "i" else array)
    return found


def _check_ellipses(index: tuple[Any, ...], ndim: int) -> None:
    """IndexError for a second Ellipsis, in front of other parts, where the first stands for a dimension: as PyTorch has it."""
    second = [at for at, part in enumerate(index) if part is Ellipsis][1]
    others = tuple(part for part in index if part is not Ellipsis)
    followed = any(part is not Ellipsis for part in index[second:])
    if followed and sum(map(_dimensions, _parts(others, ndim))) < ndim:
        raise IndexError("an index can only have a single ellipsis ('...')")


def _dimensions(part: Any) -> int:
    """How many dimensions of the tensor a part of an index speaks about."""
    if isinstance(part, np.ndarray):
        return part.ndim if part.dtype.kind == "b" else 1
    return 0 if part is None or part is Ellipsis else 1


def _two_steps(found: list[Any], rest: int) -> tuple[list[Any], list[Any]]:
    """The parts that make a view, and those that then choose from it; an Ellipsis stands for `rest` dimensions."""
    view: list[Any] = []
    choice: list[Any] = []
    for part in found:
        if not isinstance(part, np.ndarray):
            view.append(part)
            if part is Ellipsis:
                choice += [slice(None)] * rest
            elif not isinstance(part, int):
                choice.append(slice(None))
        elif part.ndim == 0:  # one bool, which chooses from a dimension of its own
            view.append(None)
            choice.append(np.zeros(int(part), np.int64))
        else:
            view += [slice(None)] * _dimensions(part)
            choice.append(part)
    return view, choice


def _opens_tuple(part: Any) -> bool:
    """Whether a list with this item means a tuple of indices, not one list of ints."""
    return part is None or part is Ellipsis or isinstance(part, (list, tuple, range, slice, np.ndarray, Tensor))


def _plain_slice(part: slice) -> slice:
    ends = (part.start, part.stop, part.step)
    start, stop, step = (v.__index__() if isinstance(v, (Tensor, np.integer)) else v for v in ends)
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero; flip() reverses")
    return slice(start, stop, step)


def _index_array(part: Any) -> Any:
    if isinstance(part, (list, tuple, range)):
        part = np.asarray([p._array if isinstance(p, Tensor) else p for p in part]) if len(part) else np.zeros(0, np.int64)
    elif isinstance(part, Tensor):
        part = part._array
    elif isinstance(part, np.ndarray):
        part = part.astype(np.int64) if not part.size and part.dtype.kind == "f" else part  # np.array([]) is of float64
    else:
        raise (TypeError if isinstance(part, (str, bytes)) else IndexError)(
            "only integers, slices (`:`), ellipsis (`...`), None and long or bool tensors are valid indices "
            f"(got {type(part).__name__})"
        )
    if part.dtype == np.uint8:
        if part.ndim:
            warnings.warn(
                "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead: mask.bool(), or "
                "index.long() for places",
                UserWarning,
                stacklevel=stacklevel(),
            )
        return np.asarray(part != 0)  # PyTorch still takes it for a mask
    if part.dtype.kind == "b":
        return part.copy()
    if part.ndim or part.dtype.kind != "i":
        _check_places(part)
    return part.astype(np.int64)


def _check_places(part: Any) -> None:
    if part.dtype not in (np.int64, np.int32):
        raise IndexError(f"tensors used as indices must be long, int, byte or bool tensors, not {part.dtype}")


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
                which = f"dimension {at} with size {n}" if n else f"dimension with size 0 (the dimension {at})"
                raise IndexError(f"index {wrong} is out of bounds for {which}")
            at += 1


# ---- x[index] ----


def getitem(input: Tensor, index: Any) -> Tensor:
    """input[index]: a view for ints, slices, None and Ellipsis; a copy for lists, integer tensors and masks."""
    if index.__class__ is int and input._array.ndim:  # the commonest: a row
        n = input._array.shape[0]
        if not -n <= index < n:
            raise IndexError(f"index {index} is out of bounds for dimension 0 with size {n}")
        return _select(input, index=(index, ...))
    if index.__class__ is slice and input._array.ndim:
        return viewed(input, (_plain_slice(index), ...))
    try:
        basic, choice = normalize(index, input._array.shape)
        result = input if basic is None else viewed(input, basic)
        return result if choice is None else ops.indexed(result, index=choice)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise


def viewed(input: Tensor, index: tuple[Any, ...]) -> Tensor:
    """input[index] for a basic index with an Ellipsis: a view, under the name of PyTorch's last step."""
    last = next((p for p in reversed(index) if p is not Ellipsis and p != slice(None)), Ellipsis)
    if last is Ellipsis:
        return _alias(input, index=index)
    if last is None:
        return _new(input, index=index)
    return (_select if isinstance(last, int) else ops.viewed)(input, index=index)


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
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension {axis}")
    return _select(input, index=ops.along(axis, index))


@method
@takes_tensors
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`length` slices from `start` on along `dim`. A view.

    >>> import autodiff as torch
    >>> torch.narrow(torch.tensor([1, 2, 3, 4]), 0, 1, 2)
    tensor([2, 3])
    """
    axis = dimension(dim, input._array.ndim)
    if not input._array.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor):
        if start._array.ndim or start._array.dtype.kind not in "iu":
            raise RuntimeError("start must be an 0-dim integral Tensor.")
        start = start._array.item()
    if start.__class__ is not int or length.__class__ is not int:
        start, length = whole("narrow", "start", start), whole("narrow", "length", length)
    n = input._array.shape[axis]
    first = start + n if start < 0 else start
    if not 0 <= first <= n:
        raise IndexError(f"start out of range (expected to be in range of [-{n}, {n}], but got {start})")
    if length < 0 or first + length > n:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return ops.viewed(input, index=ops.span(axis, first, length))


@method
@takes_tensors
def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`narrow` as a copy.

    >>> import autodiff as torch
    >>> torch.narrow_copy(torch.tensor([1, 2, 3, 4]), 0, 1, 2)
    tensor([2, 3])
    """
    return clone(narrow(input, dim, start, length))


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
    if found := misfit("masked_select", (input._array.shape, mask._array.shape)):
        raise found
    shape = np.broadcast_shapes(input._array.shape, mask._array.shape)
    chosen = np.broadcast_to(mask._array, shape).copy()
    return _masked_select(input if shape == input._array.shape else input.expand(shape), index=(chosen,))

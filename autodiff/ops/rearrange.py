"""Elements in other places: repeated, rolled, flipped, spread over a grid.

After this module a reader knows that the gradient of moving elements is moving them back, and of repeating them adding up.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff._core.broadcast import sum_to
from autodiff._core.graph import primitive
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors, whole
from autodiff.ops.shape import (
    _sizes,
    clone,
    contiguous,
    dimension,
    expand,
    ravel,
    reshape,
    reshaped,
    unsqueeze,
    view,
)

__all__ = [
    "flip",
    "fliplr",
    "flipud",
    "meshgrid",
    "repeat",
    "repeat_interleave",
    "roll",
    "tile",
]


def _pairs(times: tuple[int, ...], shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(how often, size) of each dimension side by side, and the same with every "how often" 1."""
    sizes = (1,) * (len(times) - len(shape)) + shape
    return tuple(n for pair in zip(times, sizes) for n in pair), tuple(n for size in sizes for n in (1, size))


def _folded(g: Any, times: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    spread, single = _pairs(times, shape)
    return reshaped(sum_to(reshaped(g, shape=spread), shape=single), shape=shape)


@primitive(lambda g, times, x_shape: _folded(g, times, x_shape), name="Repeat")
def _repeated(x, *, times):
    return np.tile(x, times)


@method
@takes_tensors
def repeat(input: Tensor, *sizes: Any) -> Tensor:
    """`input` repeated sizes[i] times along each dimension, in new memory.

    >>> import autodiff as torch
    >>> torch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times = _sizes(sizes, "repeat", "repeats")
    shape = input._array.shape
    if len(times) < len(shape):
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if any(n < 0 for n in times):
        raise RuntimeError(f"repeat: the numbers of repetitions must not be negative, got {list(times)}")
    return _repeated(input, times=times)


@method
@takes_tensors
def tile(input: Tensor, *dims: Any) -> Tensor:
    """Like `repeat`, but missing sizes in front count as 1.

    >>> import autodiff as torch
    >>> torch.tile(torch.tensor([1, 2]), (2,))
    tensor([1, 2, 1, 2])
    """
    times = _sizes(dims, "tile", "dims")
    return repeat(input, *(1,) * (input._array.ndim - len(times)), *times)


@primitive(lambda g, axis, places, x_shape: _summed_at(g, axis=axis, places=places, n=x_shape[axis]), name="IndexSelect")
def _taken_at(x, *, axis, places):
    return np.take(x, places, axis)


@primitive(lambda g, axis, places: _taken_at(g, axis=axis, places=places), name="IndexAdd")
def _summed_at(x, *, axis, places, n):
    out = np.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), x.dtype)
    np.add.at(out, (*[slice(None)] * axis, places), x)
    return out


@method
@takes_tensors
def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None) -> Tensor:
    """Every element (or slice along `dim`) repeated `repeats` times in a row; a tensor gives a number for each.

    >>> import autodiff as torch
    >>> torch.repeat_interleave(torch.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    if dim is None:
        input, dim = ravel(input), 0
    axis = dimension(dim, input._array.ndim)
    if not isinstance(repeats, Tensor):
        repeats = whole("repeat_interleave", "repeats", repeats)
    if isinstance(repeats, int) and repeats >= 0 and input._array.ndim:
        pairs = list(input._array.shape)
        pairs.insert(axis + 1, repeats)
        block = contiguous(expand(unsqueeze(input, axis + 1), *pairs))
        return view(block, *pairs[:axis], pairs[axis] * repeats, *pairs[axis + 2 :])
    times = repeats._array if isinstance(repeats, Tensor) else repeats
    try:
        places = np.repeat(np.arange(input._array.shape[axis]), times)
    except ValueError:
        raise RuntimeError("repeats must have the same size as input along dim, and no negative number") from None
    return _taken_at(input, axis=axis, places=places)


@primitive(lambda g, shifts, axes: _rolled(g, shifts=tuple(-s for s in shifts), axes=axes), name="Roll")
def _rolled(x, *, shifts, axes):
    return np.roll(x, shifts, axes)


@method
@takes_tensors
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Elements moved on by `shifts` along `dims`, those that fall off come in again; without dims, as if flat.

    >>> import autodiff as torch
    >>> torch.roll(torch.tensor([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    moves = tuple(whole("roll", "shifts", n) for n in (shifts if isinstance(shifts, (tuple, list)) else (shifts,)))
    if dims is None:
        return reshape(roll(ravel(input), moves, 0), *input._array.shape)
    axes = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(axes) != len(moves):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(moves)}, dims:{len(axes)}")
    return _rolled(input, shifts=moves, axes=tuple(dimension(d, input._array.ndim) for d in axes))


@primitive(lambda g, axes: _flipped(g, axes=axes), name="Flip")
def _flipped(x, *, axes):
    return np.flip(x, axes).copy()


@method
@takes_tensors
def flip(input: Tensor, *dims: Any) -> Tensor:
    """Elements in reverse order along `dims`, as a copy.

    >>> import autodiff as torch
    >>> torch.flip(torch.tensor([1, 2, 3]), (0,))
    tensor([3, 2, 1])
    """
    if not input._array.ndim:
        copy: Tensor = clone(input)
        return copy
    return _flipped(input, axes=tuple(dimension(d, input._array.ndim) for d in _sizes(dims, "flip", "dims")))


@method
@takes_tensors
def fliplr(input: Tensor) -> Tensor:
    """Columns in reverse order.

    >>> import autodiff as torch
    >>> torch.fliplr(torch.tensor([[1, 2]]))
    tensor([[2, 1]])
    """
    if input._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


@method
@takes_tensors
def flipud(input: Tensor) -> Tensor:
    """Rows in reverse order.

    >>> import autodiff as torch
    >>> torch.flipud(torch.tensor([1, 2]))
    tensor([2, 1])
    """
    if input._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


@takes_tensors
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of a grid: each vector repeated along the others' dimensions.

    `indexing`: with "ij" the first vector runs down the rows, with "xy" along the columns, as in a drawing. Without it there
    is a UserWarning, as in PyTorch, and "ij" is meant.

    >>> import autodiff as torch
    >>> a, b = torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4]), indexing="ij")
    >>> a
    tensor([[1, 1],
            [2, 2]])
    """
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument; write "
            'indexing="ij" for what you have now, or "xy" for NumPy\'s order',
            UserWarning,
            stacklevel=3,
        )
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    xs = list(tensors[0]) if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else list(tensors)
    for i, x in enumerate(xs):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}")
        if x._array.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {list(x.shape)}")
    swap = indexing == "xy" and len(xs) >= 2
    if swap:
        xs[0], xs[1] = xs[1], xs[0]
    shape = tuple(x._array.size for x in xs)
    grids = [
        expand(reshape(x, *(-1 if k == i else 1 for k in range(len(xs)))), *shape) for i, x in enumerate(xs)
    ]
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)

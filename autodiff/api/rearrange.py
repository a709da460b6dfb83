"""Repeating and moving elements as PyTorch's calls give it: expand, repeat and tile, roll, flip, meshgrid.

After this module a reader knows that expand repeats without memory, as a view, and repeat in memory of its own.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff._core.broadcast import expanded
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import dimension, takes_tensors, whole
from autodiff.api._calls import sizes as sizes_of
from autodiff.api.shape import contiguous, ravel, reshape, unsqueeze, view
from autodiff.ops import rearrange as ops
from autodiff.ops.places import index_select
from autodiff.ops.shape import clone


@method
@takes_tensors
def expand(input: Tensor, *sizes: Any) -> Tensor:
    """A view of `input` repeated to a larger size, no memory used; -1 leaves a dimension as it is.

    >>> import autodiff as torch
    >>> torch.tensor([[1.0], [2.0]]).expand(2, 3)
    tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """
    wanted = sizes_of(sizes, "expand")
    shape = input._array.shape
    lead = len(wanted) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand({list(shape)}, size={list(wanted)}): the number of sizes provided ({len(wanted)}) must be greater or "
            f"equal to the number of dimensions in the tensor ({len(shape)})"
        )
    full = tuple(shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(wanted))
    for i, n in enumerate(full):
        if n < 0 or (i >= lead and shape[i - lead] not in (1, n)):
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({shape[i - lead] if i >= lead else 1}) "
                f"at non-singleton dimension {i}.  Target sizes: {list(wanted)}.  Tensor sizes: {list(shape)}"
            )
    return expanded(input, shape=full)


@method
@takes_tensors
def broadcast_to(input: Tensor, *size: Any) -> Tensor:
    """`input` repeated to `size`, as a view.

    >>> import autodiff as torch
    >>> torch.broadcast_to(torch.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, sizes_of(size, "broadcast_to"))


@method
@takes_tensors
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """`input` repeated to the size of `other`, as a view."""
    return expand(input, other._array.shape)


@takes_tensors
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """All tensors repeated to their common shape, as views.

    >>> import autodiff as torch
    >>> a, b = torch.broadcast_tensors(torch.ones(2, 1), torch.zeros(3))
    >>> a.shape, b.shape
    (torch.Size([2, 3]), torch.Size([2, 3]))
    """
    try:
        shape = np.broadcast_shapes(*(x._array.shape for x in tensors))
    except ValueError as error:
        raise RuntimeError(f"broadcast_tensors(): {error}") from None
    return tuple(expand(x, *shape) for x in tensors)


@method
@takes_tensors
def repeat(input: Tensor, *sizes: Any) -> Tensor:
    """`input` repeated sizes[i] times along each dimension, in new memory.

    >>> import autodiff as torch
    >>> torch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times = sizes_of(sizes, "repeat", "repeats")
    shape = input._array.shape
    if len(times) < len(shape):
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if any(n < 0 for n in times):
        raise RuntimeError(f"repeat: the numbers of repetitions must not be negative, got {list(times)}")
    return ops.repeat(input, times=times)


@method
@takes_tensors
def tile(input: Tensor, *dims: Any) -> Tensor:
    """Like `repeat`, but missing sizes in front count as 1.

    >>> import autodiff as torch
    >>> torch.tile(torch.tensor([1, 2]), (2,))
    tensor([1, 2, 1, 2])
    """
    times = sizes_of(dims, "tile", "dims")
    return repeat(input, (1,) * (input._array.ndim - len(times)) + times)


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
    return index_select(input, axis=axis, places=places)


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
        return reshape(roll(ravel(input), moves, 0), input._array.shape)
    axes = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(axes) != len(moves):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(moves)}, dims:{len(axes)}")
    return ops.roll(input, shifts=moves, axes=tuple(dimension(d, input._array.ndim) for d in axes))


@method
@takes_tensors
def flip(input: Tensor, *dims: Any) -> Tensor:
    """Elements in reverse order along `dims`, as a copy.

    >>> import autodiff as torch
    >>> torch.flip(torch.tensor([1, 2, 3]), (0,))
    tensor([3, 2, 1])
    """
    axes = sizes_of(dims, "flip", "dims")
    if not input._array.ndim:
        return clone(input)
    return ops.flip(input, axes=tuple(dimension(d, input._array.ndim) for d in axes))


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
    for i, x in enumerate(tensors if len(tensors) > 1 else ()):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}")
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
        expand(reshape(x, [-1 if k == i else 1 for k in range(len(xs))]), shape) for i, x in enumerate(xs)
    ]
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)

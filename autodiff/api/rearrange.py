"""Repeating elements as PyTorch's calls give it: expand, repeat and tile, repeat_interleave, meshgrid; and summing them back.

After this module a reader knows that expand repeats without memory, as a view, and repeat in memory of its own.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff._core.broadcast import expanded, sum_to
from autodiff._core.errors import wrong_count
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import check_storage, dimension, takes_tensors, whole
from autodiff.api._calls import sizes as sizes_of
from autodiff.api.shape import contiguous, ravel, reshape, unsqueeze, view
from autodiff.ops import rearrange as ops
from autodiff.ops.places import index_select


@method
@takes_tensors
def expand(input: Tensor, *size: Any) -> Tensor:
    """A view of `input` repeated to a larger size, no memory used; -1 leaves a dimension as it is.

    >>> import autodiff as torch
    >>> torch.tensor([[1.0], [2.0]]).expand(2, 3)
    tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """
    wanted = sizes_of(size, "expand")
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


@method
@takes_tensors
def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """Summed to a smaller size: over the dimensions along which a tensor of that size would be repeated to give this one's.

    It is what the gradient of `expand` does. RuntimeError for a size that does not expand to this tensor's.

    >>> import autodiff as torch
    >>> torch.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    wanted, shape = sizes_of(size, "sum_to_size"), input._array.shape
    lead = len(shape) - len(wanted)
    if lead < 0 or any(n not in (1, m) for n, m in zip(wanted, shape[lead:])):
        raise RuntimeError(f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}.")
    if wanted == shape:
        return input
    whole = input._array.dtype.kind != "f"  # whole numbers are added up as int64
    return sum_to(input.long() if whole else input, shape=wanted)


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
    return tuple(expand(x, shape) for x in tensors)


@method
@takes_tensors
def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """`input` repeated repeats[i] times along each dimension, in new memory.

    >>> import autodiff as torch
    >>> torch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times = sizes_of(repeats, "repeat", "repeats")
    shape = input._array.shape
    if len(times) < len(shape):
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if any(n < 0 for n in times):
        raise RuntimeError(f"repeat: the numbers of repetitions must not be negative, got {list(times)}")
    check_storage((*shape, *times))
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
def repeat_interleave(
    input: Tensor | None = None, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Every element (or slice along `dim`) repeated `repeats` times in a row; a tensor gives a number for each.

    Of the numbers alone, the places: how often 0, 1, ... is repeated. `output_size`, if given, must be the length of
    the result.

    >>> import autodiff as torch
    >>> torch.repeat_interleave(torch.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    >>> torch.repeat_interleave(torch.tensor([0, 2, 1]))
    tensor([1, 1, 2])
    """
    if output_size is not None:
        output_size = whole("repeat_interleave", "output_size", output_size)
    if input is None or repeats is None:
        alone = repeats if input is None else input
        if dim is not None or not isinstance(alone, Tensor) or alone._array.dtype.kind == "f":
            raise wrong_count("repeat_interleave", ("input", "repeats", "dim"), 0, ["input" if input is None else "repeats"])
        counts = _counts(alone)
        return wrap(_repeated(counts, len(counts), output_size).astype(counts.dtype))
    if dim is None:
        input, dim = ravel(input), 0
    axis = dimension(dim, input._array.ndim)
    if not input._array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    n = input._array.shape[axis]
    if isinstance(repeats, Tensor):
        return index_select(input, axis=axis, places=_repeated(_counts(repeats), n, output_size))
    times = whole("repeat_interleave", "repeats", repeats)
    if times < 0:
        raise RuntimeError("repeats can not be negative")
    if output_size is not None and output_size != n * times:
        raise RuntimeError(f"repeat_interleave: Invalid output_size, expected {n * times} but got {output_size}")
    pairs = list(input._array.shape)
    pairs.insert(axis + 1, times)
    block = contiguous(expand(unsqueeze(input, axis + 1), *pairs))
    return view(block, *pairs[:axis], n * times, *pairs[axis + 2 :])


def _counts(repeats: Tensor) -> Any:
    """The numbers of repetitions: whole, not negative, in a row."""
    array = repeats._array
    if array.dtype not in (np.int64, np.int32):
        raise NotImplementedError(f'"repeat_interleave" not implemented for {repeats.dtype}; convert repeats with .long()')
    if array.ndim > 1:
        raise RuntimeError(f"repeat_interleave only accept 1D vector as repeat, but got {array.ndim} dimensions")
    if array.size and array.min() < 0:
        raise RuntimeError("repeats can not be negative")
    return np.atleast_1d(array)


def _repeated(counts: Any, n: int, output_size: int | None) -> Any:
    """The places 0 to n - 1, each repeated as often as its count, or the only count, says."""
    if len(counts) not in (1, n):
        raise RuntimeError(f"repeats must have the same size as input along dim, but got repeats.size(0) = {len(counts)}, {n}")
    places = np.repeat(np.arange(n), counts)
    if output_size is not None and output_size != len(places):
        raise RuntimeError(f"allocated size does not match required size: output_size={output_size}, but it is {len(places)}")
    return places


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
    if not xs:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for i, x in enumerate(xs):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}")
    for x in xs:
        if x._array.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {list(x.shape)}")
    if any(x._array.dtype != xs[0]._array.dtype for x in xs):
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if not xs:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
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

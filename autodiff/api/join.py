"""Joining and cutting as PyTorch's calls give them: cat, stack and the stacks by direction; split, chunk and unbind.

After this module a reader knows which shapes fit together, and that what is cut off is a view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.promotion import to_common
from autodiff._core.tensor import Tensor
from autodiff.api._calls import dimension, takes_tensors, whole
from autodiff.api.shape import reshape, unsqueeze
from autodiff.ops import join as ops

_split_sizes = renamed(ops.split, "SplitWithSizes")


def _listed(tensors: Any, name: str, error: type[Exception] = RuntimeError) -> list[Tensor]:
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    try:
        found = list(tensors)
    except TypeError as wrong:
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors: {wrong}") from None
    _check_tensors(found)
    if not found:
        raise error(f"{name}(): expected a non-empty list of Tensors")
    if len({x._array.dtype for x in found}) > 1:
        found = to_common.bring(ops.cat.operation, found)
    return found


@takes_tensors
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along `dim`; their other dimensions must be equal.

    >>> import autodiff as torch
    >>> torch.cat([torch.tensor([1, 2]), torch.tensor([3])])
    tensor([1, 2, 3])
    """
    xs = _listed(tensors, "cat", ValueError)
    # An empty 1-d tensor may be joined to anything, as in PyTorch.
    solid = [x for x in xs if x._array.shape != (0,)] or xs[:1]
    ndim = solid[0]._array.ndim
    if ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated; use stack")
    axis = dimension(dim, ndim)
    first = solid[0]._array.shape
    starts, total = [], 0
    for i, x in enumerate(solid):
        shape = x._array.shape
        if len(shape) != ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {ndim} and {len(shape)}")
        for d, (n, m) in enumerate(zip(first, shape)):
            if n != m and d != axis:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {n} but got size {m} for "
                    f"tensor number {i} in the list."
                )
        starts.append(total)
        total += shape[axis]
    return ops.cat(*solid, axis=axis, starts=starts)


@takes_tensors
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, along a new dimension.

    >>> import autodiff as torch
    >>> torch.stack([torch.tensor([1, 2]), torch.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    xs = _listed(tensors, "stack")
    for i, x in enumerate(xs):
        if x._array.shape != xs[0]._array.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(xs[0].shape)} at entry 0 and {list(x.shape)} "
                f"at entry {i}"
            )
    return ops.stack(*xs, axis=dimension(dim, xs[0]._array.ndim + 1))


@takes_tensors
def atleast_1d(*tensors: Any) -> Any:
    """With at least one dimension; of several tensors, or of a list of them, a tuple.

    >>> import autodiff as torch
    >>> torch.atleast_1d(torch.tensor(1.0))
    tensor([1.])
    """
    return _each(lambda x: x if x._array.ndim else reshape(x, 1), tensors)


@takes_tensors
def atleast_2d(*tensors: Any) -> Any:
    """With at least two dimensions, new ones in front; of several tensors, or of a list of them, a tuple.

    >>> import autodiff as torch
    >>> torch.atleast_2d(torch.tensor([1.0, 2.0]))
    tensor([[1., 2.]])
    """
    return _each(lambda x: x if x._array.ndim >= 2 else unsqueeze(x if x._array.ndim else reshape(x, 1), 0), tensors)


def _each(function: Callable[[Tensor], Tensor], tensors: tuple[Any, ...]) -> Any:
    """The function of one tensor, or of each in a tuple."""
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return function(tensors[0])
    xs = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    _check_tensors(xs)
    return tuple(function(x) for x in xs)


def _check_tensors(xs: Sequence[Any]) -> None:
    for i, x in enumerate(xs):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}")


@takes_tensors
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: along the second dimension, vectors along their only one.

    >>> import autodiff as torch
    >>> torch.hstack([torch.tensor([1]), torch.tensor([2])])
    tensor([1, 2])
    """
    xs = list(map(atleast_1d, _listed(tensors, "hstack")))
    return cat(xs, 0 if xs[0]._array.ndim == 1 else 1)


@takes_tensors
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One below the other: along the first dimension, vectors as rows.

    >>> import autodiff as torch
    >>> torch.vstack([torch.tensor([1]), torch.tensor([2])])
    tensor([[1],
            [2]])
    """
    return cat(list(map(atleast_2d, _listed(tensors, "vstack"))), 0)


@takes_tensors
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Along the third dimension.

    >>> import autodiff as torch
    >>> torch.dstack([torch.tensor([1]), torch.tensor([2])])
    tensor([[[1, 2]]])
    """
    xs = list(map(atleast_2d, _listed(tensors, "dstack")))
    return cat([unsqueeze(x, -1) if x._array.ndim == 2 else x for x in xs], 2)


@method
@takes_tensors
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts along `dim`: of the size given (the last may be smaller), or of each size in a list. Views.

    >>> import autodiff as torch
    >>> torch.split(torch.arange(5), 2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    axis = dimension(dim, tensor._array.ndim)
    if not tensor._array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    n = tensor._array.shape[axis]
    if not isinstance(split_size_or_sections, (tuple, list)):
        split_size_or_sections = whole("split", "split_size_or_sections", split_size_or_sections)
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and n):
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        stops = list(range(size, n, size)) if size else []
        cut = ops.split
    else:
        sizes = [whole("split", "split_size_or_sections", n) for n in split_size_or_sections]
        if sum(sizes) != n or any(s < 0 for s in sizes):
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {axis}), "
                f"but got split_sizes={sizes}"
            )
        if not sizes:
            return ()
        stops = np.cumsum(sizes)[:-1].tolist()
        cut = _split_sizes
    return tuple(cut(tensor, axis=axis, stops=stops))


@method
@takes_tensors
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` parts of equal size along `dim`, the last may be smaller. Views.

    >>> import autodiff as torch
    >>> torch.chunk(torch.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    shape, chunks = input._array.shape, whole("chunk", "chunks", chunks)
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = shape[dimension(dim, len(shape))] if shape else 0
    return split(input, -(-n // chunks) if n else [0] * chunks, dim)


@method
@takes_tensors
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along `dim`, without it. Views.

    >>> import autodiff as torch
    >>> torch.unbind(torch.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    axis = dimension(dim, input._array.ndim)
    if not input._array.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return tuple(ops.unbind(input, axis=axis))

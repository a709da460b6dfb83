"""One tensor cut into several as PyTorch's calls give it: split, chunk, unbind, tensor_split and its three directions.

After this module a reader knows that what is cut off is a view: a write into a part is a write into the whole.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import dimension, takes_tensors, whole
from autodiff.ops import join as ops
from autodiff.ops.places import span, viewed

_split_sizes = renamed(ops.split, "SplitWithSizes")


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
    else:
        return _of_sizes(tensor, split_size_or_sections, axis, "split", "split_size_or_sections")
    return tuple(ops.split(tensor, axis=axis, stops=stops))


def _of_sizes(input: Tensor, wanted: Sequence[int], axis: int, function: str, name: str) -> tuple[Tensor, ...]:
    sizes, n = [whole(function, name, each) for each in wanted], input._array.shape[axis]
    if sum(sizes) != n or any(s < 0 for s in sizes):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {axis}), "
            f"but got split_sizes={sizes}"
        )
    return tuple(_split_sizes(input, axis=axis, stops=np.cumsum(sizes)[:-1].tolist())) if sizes else ()


@method
@takes_tensors
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Parts along `dim`, one of each size. Views.

    >>> import autodiff as torch
    >>> torch.split_with_sizes(torch.arange(5), [2, 3])
    (tensor([0, 1]), tensor([2, 3, 4]))
    """
    if not isinstance(split_sizes, (tuple, list)):
        found = type(split_sizes).__name__
        raise TypeError(f"split_with_sizes(): argument 'split_sizes' (position 2) must be tuple of ints, not {found}")
    axis = dimension(dim, input._array.ndim)
    if not input._array.ndim:
        raise RuntimeError("split_with_sizes expects at least a 1-dimensional tensor")
    return _of_sizes(input, split_sizes, axis, "split_with_sizes", "split_sizes")


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


@method
@takes_tensors
def tensor_split(
    input: Tensor, indices_or_sections: Any = None, dim: int = 0, *, sections: int | None = None,
    indices: Sequence[int] | None = None, tensor_indices_or_sections: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """So many parts of nearly equal size along `dim`, the first ones one longer; or cut before each of the indices. Views.

    A tensor may stand for the number or the indices. RuntimeError for a number of parts below 1.

    >>> import autodiff as torch
    >>> torch.tensor_split(torch.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    >>> torch.tensor_split(torch.arange(5), (1, 4))
    (tensor([0]), tensor([1, 2, 3]), tensor([4]))
    """
    where = _one_of("tensor_split", indices_or_sections, sections, indices, tensor_indices_or_sections)
    if not input._array.ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    axis = dimension(dim, input._array.ndim)
    if isinstance(where, Tensor):
        where = _listed_places(where)
    return _cut_at(input, where, axis, "tensor_split")


def _one_of(function: str, *ways: Any) -> Any:
    """The one way that was chosen to say where to cut; TypeError for none and for several."""
    given = [way for way in ways if way is not None]
    if len(given) != 1:
        raise TypeError(f"{function}() takes either a number of parts, sections=, or the places to cut at, indices=")
    return given[0]


def _listed_places(where: Tensor) -> Any:
    if where._array.dtype != np.int64:
        raise RuntimeError(
            "tensor_split expected tensor_indices_or_sections to have dtype of long, but got "
            f"{scalar_type(where._array)}; write .long()"
        )
    if where._array.ndim > 1:
        raise RuntimeError(
            "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got a "
            f"tensor with {where._array.ndim} dims"
        )
    return where._array.tolist()


def _cut_at(input: Tensor, where: Any, axis: int, function: str) -> tuple[Tensor, ...]:
    """The parts: `where` is their number, or the places that they are cut at, which need be in no order."""
    n = input._array.shape[axis]
    if isinstance(where, (tuple, list)):
        places = [slice(whole(function, "indices", place)).indices(n)[1] for place in where]
        pairs = list(zip([0, *places], [*places, n]))
    else:
        parts = whole(function, "sections", where)
        if parts <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {parts}")
        ends = [(i * (n // parts) + min(i, n % parts)) for i in range(parts + 1)]
        pairs = list(itertools.pairwise(ends))
    return tuple(viewed(input, index=span(axis, start, max(stop - start, 0))) for start, stop in pairs)


def _cut_along(input: Tensor, where: Any, axis: int, function: str, least: int) -> tuple[Tensor, ...]:
    if isinstance(where, (tuple, list)):
        where = [whole(function, "indices", place) for place in where]
    else:
        where = whole(function, "sections", where)
    if input._array.ndim < least:
        raise RuntimeError(
            f"torch.{function} requires a tensor with at least {least} dimension, but got a tensor with {input._array.ndim} "
            "dimensions!"
        )
    if isinstance(where, int):
        n = input._array.shape[axis]
        if where <= 0 or n % where:
            raise RuntimeError(
                f"torch.{function} attempted to split along dimension {axis}, but the size of the dimension {n} is not "
                f"divisible by the split_size {where}!"
            )
    return _cut_at(input, where, axis, function)


@method
@takes_tensors
def hsplit(
    input: Tensor, indices_or_sections: Any = None, *, sections: int | None = None, indices: Sequence[int] | None = None
) -> tuple[Tensor, ...]:
    """Equal parts from left to right, or cut before each index: along the second dimension, a vector's only one. Views.

    RuntimeError for a size that the number of parts does not divide.

    >>> import autodiff as torch
    >>> torch.hsplit(torch.tensor([[1, 2], [3, 4]]), 2)[0]
    tensor([[1],
            [3]])
    """
    where = _one_of("hsplit", indices_or_sections, sections, indices)
    return _cut_along(input, where, 0 if input._array.ndim == 1 else 1, "hsplit", 1)


@method
@takes_tensors
def vsplit(
    input: Tensor, indices_or_sections: Any = None, *, sections: int | None = None, indices: Sequence[int] | None = None
) -> tuple[Tensor, ...]:
    """Equal parts from top to bottom, or cut before each index: along the first dimension. Views.

    RuntimeError for a size that the number of parts does not divide.

    >>> import autodiff as torch
    >>> torch.vsplit(torch.tensor([[1, 2], [3, 4]]), 2)[0]
    tensor([[1, 2]])
    """
    return _cut_along(input, _one_of("vsplit", indices_or_sections, sections, indices), 0, "vsplit", 2)


@method
@takes_tensors
def dsplit(
    input: Tensor, indices_or_sections: Any = None, *, sections: int | None = None, indices: Sequence[int] | None = None
) -> tuple[Tensor, ...]:
    """Equal parts from front to back, or cut before each index: along the third dimension. Views.

    RuntimeError for a size that the number of parts does not divide.

    >>> import autodiff as torch
    >>> torch.dsplit(torch.ones(2, 2, 4), [1])[1].shape
    torch.Size([2, 2, 3])
    """
    return _cut_along(input, _one_of("dsplit", indices_or_sections, sections, indices), 2, "dsplit", 3)

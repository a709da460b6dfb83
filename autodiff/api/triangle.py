"""Diagonals and triangles as PyTorch's calls give them: tril, triu, diagonal, diag, trace, and the indices of triangles.

After this module a reader knows that `diag` goes both ways: a matrix gives its diagonal, a vector becomes one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype
from autodiff._core.formats import dense_only
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor
from autodiff.api._calls import dimension, takes_tensors, whole
from autodiff.api.reading import leaf
from autodiff.api.shape import reshape
from autodiff.ops import triangle as ops
from autodiff.ops.shape import clone

_diag_embed = renamed(ops.on_diagonal, "DiagEmbed")


def _matrices(name: str, input: Tensor) -> Tensor:
    if input._array.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    return input


@method(inplace=True)
@takes_tensors
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of a matrix or a batch, zeros above the diagonal.

    >>> import autodiff as torch
    >>> torch.tril(torch.ones(2, 2))
    tensor([[1., 0.],
            [1., 1.]])
    """
    return ops.tril(_matrices("tril", input), diagonal=whole("tril", "diagonal", diagonal))


@method(inplace=True)
@takes_tensors
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of a matrix or a batch, zeros below the diagonal.

    >>> import autodiff as torch
    >>> torch.triu(torch.ones(2, 2))
    tensor([[1., 1.],
            [0., 1.]])
    """
    return ops.triu(_matrices("triu", input), diagonal=whole("triu", "diagonal", diagonal))


@method
@takes_tensors
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dimensions, as the last dimension. A view.

    >>> import autodiff as torch
    >>> torch.diagonal(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    ndim, offset = input._array.ndim, whole("diagonal", "offset", offset)
    if dimension(dim1, ndim) == dimension(dim2, ndim):
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return ops.diagonal(input, offset=offset, a=dimension(dim1, ndim), b=dimension(dim2, ndim))


@method
@takes_tensors
def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal of a matrix.

    >>> import autodiff as torch
    >>> torch.trace(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    if input._array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._array.ndim}")
    return ops.trace(input)


@at_the_door
def _triangle(find: Any, row: int, col: int, offset: int, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    row, col, offset = (whole(find.__name__, name, v) for name, v in (("row", row), ("col", col), ("offset", offset)))
    if row < 0 or col < 0:
        raise RuntimeError(f"row and col must be non-negative, got {row} and {col}")
    found = as_numpy_dtype(dtype) or np.dtype(np.int64)
    if found not in (np.int32, np.int64):
        raise NotImplementedError(f'"{find.__name__}" not implemented for {dtype}: positions are int64 or int32')
    return leaf(np.stack(find(row, offset, col)).astype(found), requires_grad, device)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """The indices of the lower triangle of a row by col matrix: row numbers, then column numbers.

    >>> import autodiff as torch
    >>> torch.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    if layout is not None or pin_memory is not False:
        dense_only("tril_indices", layout, pin_memory)
    return _triangle(np.tril_indices, row, col, offset, dtype, device, requires_grad)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """The indices of the upper triangle of a row by col matrix: row numbers, then column numbers.

    >>> import autodiff as torch
    >>> torch.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    if layout is not None or pin_memory is not False:
        dense_only("triu_indices", layout, pin_memory)
    return _triangle(np.triu_indices, row, col, offset, dtype, device, requires_grad)


@method
@takes_tensors
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, or a matrix with the vector on its diagonal.

    >>> import autodiff as torch
    >>> torch.diag(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    diagonal = whole("diag", "diagonal", diagonal)
    if input._array.ndim == 2:
        return clone(ops.diagonal(input, offset=diagonal, a=0, b=1))
    if input._array.ndim != 1:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._array.ndim}D")
    n = input._array.size + abs(diagonal)
    return _diag_embed(input, offset=diagonal, a=0, b=1, shape=(n, n))


@method
@takes_tensors
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices with the last dimension of `input` on their diagonal, in the dimensions `dim1` and `dim2` of the result.

    >>> import autodiff as torch
    >>> torch.diag_embed(torch.tensor([[1, 2], [3, 4]]))[1]
    tensor([[3, 0],
            [0, 4]])
    """
    ndim, offset = input._array.ndim + 1, whole("diag_embed", "offset", offset)
    a, b = (dimension(d, ndim) if ndim > 1 else _no_matrix(d) for d in (dim1, dim2))
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    n = input._array.shape[-1] + abs(offset)
    shape = list(input._array.shape[:-1])
    for d in sorted((a, b)):
        shape.insert(d, n)
    return _diag_embed(input, offset=offset, a=a, b=b, shape=tuple(shape))


def _no_matrix(dim: int) -> int:
    raise IndexError(f"Dimension out of range (expected to be in range of [-1, 0], but got {dim})")


@method
@takes_tensors
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements of `input` on its diagonal.

    >>> import autodiff as torch
    >>> torch.diagflat(torch.tensor([[1], [2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(reshape(input, input._array.size), whole("diagflat", "offset", offset))

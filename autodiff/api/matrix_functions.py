"""Functions of whole matrices: powers, the exponential, products of many; and tensors as matrices.

After this module a reader knows that x**n takes about log2(n) products, and how a tensor is solved for or inverted: as the
matrix that its first and last dimensions make.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.dtypes import c_name, scalar_type
from autodiff._core.errors import no_tensor
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import dimension, takes_tensors, whole
from autodiff.api._matrices import squares
from autodiff.api.comparison import where
from autodiff.api.equations import inv, solve
from autodiff.api.join import cat
from autodiff.api.matmul import matmul
from autodiff.api.products import chained, cross_along
from autodiff.api.reduce import cumprod
from autodiff.api.reduce import sum as sum_
from autodiff.api.shape import movedim, reshape, unsqueeze
from autodiff.api.triangle import diagonal as diagonal_of
from autodiff.api.turn import flip
from autodiff.ops.factors import matrix_exp as exponential

# ---- powers and the exponential ----


@method
@takes_tensors
def matrix_power(input: Tensor, n: int) -> Tensor:
    """The product of n times the matrix, batches too; of its inverse for a negative n.

    >>> import autodiff as torch
    >>> torch.matrix_power(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    tensor([[1., 3.],
            [0., 1.]])
    """
    if not isinstance(input, Tensor):
        raise no_tensor("linalg_matrix_power", "input", 1, input)
    n, shape = whole("linalg_matrix_power", "n", n), input._array.shape
    if len(shape) < 2:
        raise RuntimeError("linalg.matrix_power: The input tensor A must have at least 2 dimensions.")
    if shape[-1] != shape[-2]:
        raise RuntimeError(
            f"linalg.matrix_power: A must be batches of square matrices, but they are {shape[-2]} by {shape[-1]} matrices"
        )
    if n == 0:
        eye = wrap(np.broadcast_to(np.eye(shape[-1], dtype=input._array.dtype), shape).copy())
        return where(wrap(np.ones((), bool)), eye, input)  # it depends on the matrix, if with slope 0
    x, n = (inv(input), -n) if n < 0 else (input, n)
    y: Tensor | None = None
    while True:
        if n & 1:
            y = x if y is None else matmul(y, x)
        n >>= 1
        if not n:
            break
        x = matmul(x, x)
    return y if y is not input and y is not None else input.clone()


@takes_tensors
def matrix_exp(input: Tensor) -> Tensor:
    """The exponential of a square matrix, batches too: the sum of input**k / k!, which solves x' = input x.

    >>> import autodiff as torch
    >>> torch.linalg.matrix_exp(torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    return exponential(squares("linalg.matrix_exp", input))



# ---- products ----


@takes_tensors
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of all matrices, in the order that takes the fewest steps; the first and the last may be vectors.

    >>> import autodiff as torch
    >>> torch.linalg.multi_dot([torch.ones(2), torch.ones(2, 3), torch.ones(3)])
    tensor(6.)
    """
    xs = list(tensors)
    for i, x in enumerate(xs):
        if not isinstance(x, Tensor):
            raise no_tensor("linalg_multi_dot", "tensors", i + 1, x)
    if len(xs) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(xs)}")
    ranks = [x._array.ndim for x in xs]
    for at, word in ((0, "first"), (-1, "last")):
        if ranks[at] not in (1, 2):
            raise RuntimeError(f"multi_dot(): the {word} tensor must be 1D or 2D but got {ranks[at]}D")
    for i, n in enumerate(ranks[1:-1], 1):
        if n != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {n}D")
    for i, x in enumerate(xs):
        if x._array.dtype != xs[0]._array.dtype:
            raise RuntimeError(
                f"multi_dot(): all tensors must have be the same dtype but tensor 0 is {c_name(xs[0]._array)} and tensor {i} "
                f"{c_name(x._array)}; convert with x.to(dtype)"
            )
    rows = [unsqueeze(xs[0], 0) if ranks[0] == 1 else xs[0], *xs[1:-1], unsqueeze(xs[-1], 1) if ranks[-1] == 1 else xs[-1]]
    for i in range(len(rows) - 1):
        if rows[i]._array.shape[1] != rows[i + 1]._array.shape[0]:
            shapes = f"{list(xs[i].shape)} and {list(xs[i + 1].shape)}"
            raise RuntimeError(f"multi_dot(): tensors {i} and {i + 1} with shapes {shapes} cannot be multiplied")
    n, m = rows[0]._array.shape[0], rows[-1]._array.shape[1]
    return reshape(chained(rows), ((n,) if ranks[0] == 2 else ()) + ((m,) if ranks[-1] == 2 else ()))


@takes_tensors
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The inner products of vectors along `dim`, which broadcast in the other dimensions.

    >>> import autodiff as torch
    >>> torch.linalg.vecdot(torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """
    for i, (name, v) in enumerate((("x", x), ("y", y)), 1):
        if not isinstance(v, Tensor):
            raise no_tensor("linalg_vecdot", name, i, v)
    if x._array.dtype.kind != "f":
        found = scalar_type(x._array)
        raise RuntimeError(f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {found}; use x.float()")
    if x._array.dtype != y._array.dtype:
        raise RuntimeError(
            "linalg.vecdot: Expected x and y to have the same dtype, but found x of type "
            f"{scalar_type(x._array)} and y of type {scalar_type(y._array)} instead; use x.to(dtype)"
        )
    n, m = (v._array.shape[dimension(dim, v._array.ndim)] if v._array.ndim else 1 for v in (x, y))
    if n != m and 1 not in (n, m):
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{n}] and src [{m}] to have the same number of elements, but got {n} "
            f"and {m} elements respectively"
        )
    return sum_(x * y, dim)


@takes_tensors
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of three numbers along `dim`; for the rest see `torch.cross`.

    >>> import autodiff as torch
    >>> torch.linalg.cross(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    return cross_along(input, other, dim)


@takes_tensors
def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices, a view: as `torch.diagonal`, of the last two dimensions.

    >>> import autodiff as torch
    >>> torch.linalg.diagonal(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return diagonal_of(A, offset, dim1, dim2)


# ---- powers of numbers in rows ----


def _vander(name: str, x: Tensor, N: int | None) -> Tensor:
    if not isinstance(x, Tensor):
        raise no_tensor(name, "x", 1, x)
    n = x._array.shape[-1] if x._array.ndim and N is None else N
    if n is None or whole(name, "N", n) <= 1:
        raise RuntimeError("N must be greater than 1.")
    x = x if x._array.ndim else unsqueeze(x, 0)
    column, shape = unsqueeze(x, -1), x._array.shape
    ones = wrap(np.ones((*shape, 1), x._array.dtype))
    powers = cumprod(column.expand(*shape, n - 1), -1)
    return cat([ones.to(powers.dtype), powers], -1)


@takes_tensors
def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Vandermonde's matrix: in each row the powers 0 to N - 1 of a number, as many as there are numbers unless N is given.

    >>> import autodiff as torch
    >>> torch.linalg.vander(torch.tensor([2, 3]), N=3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    return _vander("linalg_vander", x, N)


@takes_tensors
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Vandermonde's matrix of a vector: in each row the powers of a number, the highest first unless `increasing`.

    >>> import autodiff as torch
    >>> torch.vander(torch.tensor([2, 3]), 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    if not isinstance(x, Tensor):
        raise no_tensor("vander", "x", 1, x)
    n = x._array.size if N is None else whole("vander", "N", N)
    if x._array.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    if n < 0:
        raise RuntimeError("N must be non-negative.")
    if n <= 1:
        return wrap(np.ones((x._array.size, n), np.int64 if x._array.dtype.kind != "f" else x._array.dtype))
    powers = _vander("vander", x, n)
    return powers if increasing else flip(powers, -1)


# ---- of tensors ----


@takes_tensors
def tensorsolve(input: Tensor, other: Tensor, dims: Any = None) -> Tensor:
    """The X with tensordot(input, X, X.ndim) = other; the dimensions `dims` of input are moved to its end first.

    >>> import autodiff as torch
    >>> torch.linalg.tensorsolve(torch.eye(6).reshape(2, 3, 6), torch.ones(2, 3)).shape
    torch.Size([6])
    """
    if dims is not None:
        input = movedim(input, tuple(dims), tuple(range(input._array.ndim - len(dims), input._array.ndim)))
    shape = input._array.shape[other._array.ndim :]
    size = math.prod(shape)
    if size != other._array.size:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got "
            f"{size} != {other._array.size}"
        )
    return reshape(solve(reshape(input, (size, size)), reshape(other, (-1,))), shape)


@takes_tensors
def tensorinv(input: Tensor, ind: int = 2) -> Tensor:
    """The inverse of tensordot with input over its last dimensions: those from number `ind` on.

    >>> import autodiff as torch
    >>> torch.linalg.tensorinv(torch.eye(6).reshape(2, 3, 6)).shape
    torch.Size([6, 2, 3])
    """
    if whole("linalg_tensorinv", "ind", ind) <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    before, after = input._array.shape[:ind], input._array.shape[ind:]
    if math.prod(before) != math.prod(after):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{math.prod(after)} != {math.prod(before)}"
        )
    return reshape(inv(reshape(input, (math.prod(before), math.prod(after)))), (*after, *before))

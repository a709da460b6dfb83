"""Linear equations as PyTorch calls them: solve, inv, det and pinv.

After this module a reader knows that to solve is better than to invert, and what is done where there are more equations than
unknowns, or fewer.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import LinalgInvExResult, LinalgSlogdetResult, LinalgSolveExResult
from autodiff.api._calls import boolean, number, takes_tensors
from autodiff.api._matrices import batches, infos, matrices, same_dtype, squares
from autodiff.api.comparison import where
from autodiff.api.shape import squeeze, unsqueeze
from autodiff.ops import equations as ops
from autodiff.ops.lapack import each_matrix

# ---- solve ----


@takes_tensors
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The X with A @ X = B, or with X @ A = B where `left` is False, for square matrices A, batches too.

    B is a matrix, or a vector for each matrix. LinAlgError where a matrix is singular.

    >>> import autodiff as torch
    >>> torch.linalg.solve(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    return _solved("linalg.solve", A, B, left, lenient=False)


@takes_tensors
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """(result, info): `solve`, where info is 0, or tells of a singular matrix, whose result is nan.

    >>> import autodiff as torch
    >>> torch.linalg.solve_ex(torch.eye(1), torch.ones(1, 1))
    torch.return_types.linalg_solve_ex(
    result=tensor([[1.]]),
    info=tensor(0, dtype=torch.int32))
    """
    x = _solved("linalg.solve_ex", A, B, left, lenient=True)
    found, batch = each_matrix(ops.first_zero, A._array), A._array.shape[:-2]
    if boolean("linalg_solve_ex", "check_errors", check_errors):
        ops.refuse_unsolvable("torch.linalg.solve_ex", found, batch)
    return LinalgSolveExResult(x, infos(found, batch))


def _solved(name: str, A: Tensor, B: Tensor, left: bool, lenient: bool) -> Tensor:
    same_dtype(name, squares(name, A), B)
    a, b = A._array, B._array
    boolean(name, "left", left)
    if not b.ndim:
        raise RuntimeError(f"{name}: The input tensor B must have at least 1 dimension.")
    vector = b.ndim == 1 or (b.ndim + 1 == a.ndim and b.shape == a.shape[:-1])
    if vector:
        if not left:
            raise RuntimeError(f"{name}: Vector broadcasting of the left hand side is not supported for left=False")
        B = unsqueeze(B, -1)
    n, rows = a.shape[-1], B._array.shape[-2 if left else -1]
    if n != rows:
        given = "x".join(map(str, B._array.shape[-2:]))
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} ({n}x{n} and {given})"
        )
    batches(name, A, B)
    x = ops.solved(A, B, lenient=lenient) if left else ops.solved(A.mT, B.mT, lenient=lenient).mT
    return squeeze(x, -1) if vector else x


@takes_tensors
def solve_triangular(input: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """The X with input @ X = B (or X @ input = B), where input is triangular: only that triangle of it is read.

    With `unitriangular` the diagonal is taken as ones.

    >>> import autodiff as torch
    >>> torch.linalg.solve_triangular(torch.tensor([[2.0, 9.0], [0.0, 4.0]]), torch.tensor([[2.0], [4.0]]), upper=True)
    tensor([[-3.5000],
            [ 1.0000]])
    """
    name = "linalg.solve_triangular"
    same_dtype(name, squares(name, input), matrices(name, "B", B, 2))
    if input._array.shape[-1] != B._array.shape[-2 if left else -1]:
        n, given = input._array.shape[-1], "x".join(map(str, B._array.shape[-2:]))
        raise RuntimeError(f"{name}: Incompatible shapes of input and B for the equation ({n}x{n} and {given})")
    batches(name, input, B)
    triangle = triangle_of(input, upper, unitriangular)
    if left:
        return ops.solved(triangle, B, lenient=True)
    return ops.solved(triangle.mT, B.mT, lenient=True).mT


def triangle_of(A: Tensor, upper: bool, unit: bool) -> Tensor:
    """One triangle of the matrix; with ones on its diagonal where that is asked for."""
    part = (A.triu if upper else A.tril)((1 if upper else -1) if unit else 0)
    return part + wrap(np.eye(A._array.shape[-1], dtype=A._array.dtype)) if unit else part


# ---- inv ----


@takes_tensors
def inv(A: Tensor) -> Tensor:
    """The inverse of a square matrix, batches too. LinAlgError where it is singular; `solve` is faster and more exact.

    >>> import autodiff as torch
    >>> torch.linalg.inv(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return ops.inverse(squares("linalg.inv", A))


@takes_tensors
def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """(inverse, info): `inv`, where info is 0, or tells of a singular matrix, whose inverse is nan.

    >>> import autodiff as torch
    >>> torch.linalg.inv_ex(torch.zeros(1, 1)).info
    tensor(1, dtype=torch.int32)
    """
    found = each_matrix(ops.first_zero, squares("linalg.inv_ex", A)._array)
    batch = A._array.shape[:-2]
    if boolean("linalg_inv_ex", "check_errors", check_errors):
        ops.refuse_singular("linalg.inv_ex", found, batch)
    return LinalgInvExResult(ops.inverse(A, lenient=True), infos(found, batch))


@method
@takes_tensors
def inverse(input: Tensor) -> Tensor:
    """The inverse of a square matrix: `linalg.inv`.

    >>> import autodiff as torch
    >>> torch.inverse(torch.tensor([[2.0]]))
    tensor([[0.5000]])
    """
    return inv(input)


# ---- det ----



@takes_tensors
def det(A: Tensor) -> Tensor:
    """The determinant of a square matrix, batches too; it has a slope also where it is 0.

    >>> import autodiff as torch
    >>> torch.linalg.det(torch.tensor([[2.0, 0.0], [3.0, 4.0]]))
    tensor(8.)
    """
    return ops.det(squares("linalg.det", A))



@takes_tensors
def slogdet(A: Tensor) -> Any:
    """(sign, logabsdet): the sign of the determinant and the logarithm of its size, where that itself would be too large.

    >>> import autodiff as torch
    >>> torch.linalg.slogdet(torch.eye(2))
    torch.return_types.linalg_slogdet(
    sign=tensor(1.),
    logabsdet=tensor(0.))
    """
    return LinalgSlogdetResult(*signed("linalg.slogdet", A))


def signed(name: str, A: Tensor) -> tuple[Tensor, Tensor]:
    """The sign, which is a constant, and the logarithm, for the function of either name."""
    sign, log = ops.slogdet(squares(name, A))
    return sign.detach(), log



@method
@takes_tensors
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; nan where that is negative, minus infinity where it is 0.

    >>> import autodiff as torch
    >>> torch.logdet(torch.tensor([[2.0, 0.0], [0.0, 0.5]]))
    tensor(0.)
    """
    sign, log = signed("logdet", input)
    return where(wrap(sign._array < 0), math.nan, log)


# ---- more equations than unknowns, or fewer ----


def plain(x: Any) -> Any:
    """The numbers of a tensor as an array; a number as it is."""
    return x._array if isinstance(x, Tensor) else x


@takes_tensors
def pinv(input: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """The pseudoinverse of a matrix, batches too: the inverse, as far as there is one.

    Stretches (singular values) up to the larger of `atol` and `rtol` times the largest are taken as 0; rtol, also called
    `rcond`, is the dtype's eps times the larger side unless one of them is given. `hermitian`: input is symmetric.

    >>> import autodiff as torch
    >>> torch.linalg.pinv(torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    return pseudoinverse("linalg.pinv", input, atol, rtol if rcond is None else rcond, hermitian)


def pseudoinverse(name: str, A: Tensor, atol: Any, rtol: Any, hermitian: bool) -> Tensor:
    """`pinv`, for a function of that name."""
    if A._array.ndim < 2:
        found = f"{scalar_type(A._array)}{list(A.shape)}"
        raise RuntimeError(f"{name}({found}): expected a tensor with 2 or more dimensions, of matrices that are floating")
    a = (squares if hermitian else lambda n, x: matrices(n, "A", x))(name, A)._array
    if not a.size:
        return A.mT
    return ops.pinv(A, atol=plain(atol), rtol=plain(rtol), symmetric=hermitian)


@method
@takes_tensors
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudoinverse: `linalg.pinv` with rtol=rcond.

    >>> import autodiff as torch
    >>> torch.pinverse(torch.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    return pseudoinverse("pinverse", input, None, number("pinverse", "rcond", rcond), False)

"""The older names of linear algebra, which programs before 2021 use: torch.svd, torch.qr, torch.cholesky and others.

After this module a reader knows where they differ from `torch.linalg`: svd gives V, not its transpose, and what PyTorch removed
says what to write instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.inplace import method
from autodiff._core.modes import silently
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import GeqrfResult, LuUnpackResult, QrResult, SlogdetResult, SvdResult, TriangularSolveResult
from autodiff.api import equations, factors, matrix_functions
from autodiff.api._calls import boolean, takes_tensors
from autodiff.api._matrices import batches, matrices, same_dtype, squares
from autodiff.api.equations import solve_triangular
from autodiff.api.matmul import outer
from autodiff.api.spectra import factors_svd, svdvals
from autodiff.api.statistics import norm
from autodiff.api.triangle import tril, triu
from autodiff.ops.equations import refuse_singular
from autodiff.ops.factors import cholesky_solved
from autodiff.ops.lapack import each_matrix
from autodiff.ops.matmul import product


@method
@takes_tensors
def det(input: Tensor) -> Tensor:
    """The determinant of a square matrix: `linalg.det`.

    >>> import autodiff as torch
    >>> torch.det(torch.tensor([[2.0, 0.0], [3.0, 4.0]]))
    tensor(8.)
    """
    return equations.det(input)


@method
@takes_tensors
def slogdet(input: Tensor) -> Any:
    """(sign, logabsdet) of the determinant: `linalg.slogdet`.

    >>> import autodiff as torch
    >>> torch.slogdet(torch.eye(2)).logabsdet
    tensor(0.)
    """
    return SlogdetResult(*equations.signed("slogdet", input))


@method
@takes_tensors
def matrix_exp(input: Tensor) -> Tensor:
    """The exponential of a square matrix: `linalg.matrix_exp`.

    >>> import autodiff as torch
    >>> torch.matrix_exp(torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    return matrix_functions.matrix_exp(input)


@method
@takes_tensors
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """(U, S, V) with U @ diag(S) @ V.T = input; U and V are square unless `some`, and zeros without `compute_uv`.

    >>> import autodiff as torch
    >>> torch.svd(torch.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    boolean("svd", "some", some)
    if boolean("svd", "compute_uv", compute_uv):
        u, s, v = factors_svd(input, not some)
        return SvdResult(u, s, v.mT)
    a = matrices("linalg.svd", "A", input)._array
    u, v = (wrap(np.zeros((*a.shape[:-2], n, n), a.dtype)) for n in a.shape[-2:])
    return SvdResult(u, svdvals(input), v)


@method
@takes_tensors
def qr(input: Tensor, some: bool = True) -> Any:
    """(Q, R) with Q @ R = input: `linalg.qr`, "reduced", or "complete" unless `some`.

    >>> import autodiff as torch
    >>> torch.qr(torch.tensor([[0.0, 1.0], [2.0, 3.0]])).R
    tensor([[-2., -3.],
            [ 0., -1.]])
    """
    return QrResult(*factors.factors_qr(input, "reduced" if boolean("qr", "some", some) else "complete"))


@method
@takes_tensors
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The Cholesky factor: `linalg.cholesky`.

    >>> import autodiff as torch
    >>> torch.cholesky(torch.tensor([[4.0]]))
    tensor([[2.]])
    """
    return factors.cholesky(input, upper=upper)


@method
@takes_tensors
def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """The X with A @ X = input, of the Cholesky factor input2 of A.

    >>> import autodiff as torch
    >>> torch.cholesky_solve(torch.tensor([[8.0]]), torch.tensor([[2.0]]))
    tensor([[2.]])
    """
    name = "cholesky_solve"
    same_dtype(name, squares(name, input2, "A", 2), matrices(name, "B", input))
    if input2._array.shape[-1] != input._array.shape[-2]:
        n, given = input2._array.shape[-1], "x".join(map(str, input._array.shape[-2:]))
        raise RuntimeError(f"Incompatible matrix sizes for cholesky_solve: each A matrix is {n} by {n} but each b is {given}")
    batches(name, input2, input)
    boolean(name, "upper", upper)
    return cholesky_solved(input, input2.mT if upper else input2)


def _first_zero(triangle: Any) -> int:
    """The number of the first 0 on the diagonal of a matrix, from 1 on; 0 where there is none."""
    zeros = np.diagonal(triangle) == 0
    return int(zeros.argmax()) + 1 if zeros.any() else 0


@method
@takes_tensors
def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """The inverse of the matrix whose Cholesky factor `input` is. LinAlgError where a 0 stands on the factor's diagonal.

    >>> import autodiff as torch
    >>> torch.cholesky_inverse(torch.tensor([[2.0]]))
    tensor([[0.2500]])
    """
    boolean("cholesky_inverse", "upper", upper)
    factor = squares("cholesky_inverse", input)._array
    refuse_singular("cholesky_inverse", each_matrix(_first_zero, factor), factor.shape[:-2])
    eye = wrap(np.eye(factor.shape[-1], dtype=factor.dtype))
    return cholesky_solved(eye, input.mT if upper else input)


@method
@takes_tensors
def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """(solution, cloned_coefficient): the X with A @ X = b, where A is triangular, or its transpose is taken.

    >>> import autodiff as torch
    >>> torch.triangular_solve(torch.tensor([[4.0]]), torch.tensor([[2.0]])).solution
    tensor([[2.]])
    """
    name = "triangular_solve"
    same_dtype(name, squares(name, A, "A", 2), matrices(name, "b", b))
    part = triu(A) if upper else tril(A)
    x = solve_triangular(part.mT if transpose else part, b, upper=upper != transpose, unitriangular=unitriangular)
    return TriangularSolveResult(x, A.clone())


@method
@takes_tensors
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """(LU, pivots), and info where that is asked for: `linalg.lu_factor_ex`. A matrix that is singular is no error.

    >>> import autodiff as torch
    >>> torch.ones(1, 1).lu()
    (tensor([[1.]]), tensor([1], dtype=torch.int32))
    """
    found = factors.lu_factor_ex(A, pivot=pivot)
    return tuple(found) if get_infos else (found.LU, found.pivots)


@method
@takes_tensors
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """The X with A @ X = b, of what `lu` made of A: `linalg.lu_solve`.

    >>> import autodiff as torch
    >>> torch.lu_solve(torch.tensor([[4.0]]), torch.tensor([[2.0]]), torch.tensor([1], dtype=torch.int32))
    tensor([[2.]])
    """
    return factors.lu_solve(LU_data, LU_pivots, b)


@takes_tensors
def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    """(P, L, U) of what `lu` made of a matrix; empty what is not asked for.

    >>> import autodiff as torch
    >>> torch.lu_unpack(torch.tensor([[2.0, 1.0], [0.5, 3.0]]), torch.tensor([1, 2], dtype=torch.int32)).L
    tensor([[1.0000, 0.0000],
            [0.5000, 1.0000]])
    """
    a = matrices("lu_unpack", "LU_data", LU_data)._array
    if LU_pivots._array.dtype != np.int32:
        raise RuntimeError("torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.")
    m, n = a.shape[-2:]
    if unpack_pivots and ((LU_pivots._array < 1) | (LU_pivots._array > m)).any():
        raise RuntimeError("pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive, as those of lu_factor are")
    k = min(m, n)
    empty = wrap(np.zeros((0,), a.dtype))
    p = wrap(factors.exchanges(factors.order_of(LU_pivots._array, m), a.dtype)) if unpack_pivots else empty
    if not unpack_data:
        return LuUnpackResult(p, empty, empty)
    lower = tril(LU_data.narrow(-1, 0, k), -1) + wrap(np.eye(m, k, dtype=a.dtype))
    return LuUnpackResult(p, lower, triu(LU_data.narrow(-2, 0, k)))


@method
@takes_tensors
def geqrf(input: Tensor) -> Any:
    """(a, tau): the reflections of a QR factorization, for `linalg.householder_product`; R is the upper triangle of a.

    >>> import autodiff as torch
    >>> torch.geqrf(torch.tensor([[3.0], [4.0]])).tau
    tensor([1.6000])
    """
    h, tau = silently(np.linalg.qr, matrices("geqrf", "input", input)._array, "raw")
    return GeqrfResult(wrap(np.swapaxes(np.ascontiguousarray(h), -1, -2)), wrap(tau))


@method
@takes_tensors
def orgqr(input: Tensor, input2: Tensor) -> Tensor:
    """The columns of the product of reflections: `linalg.householder_product`.

    >>> import autodiff as torch
    >>> torch.orgqr(torch.zeros(1, 1), torch.tensor([2.0]))
    tensor([[-1.]])
    """
    return factors.householder_product(input, input2)


@method
@takes_tensors
def ormqr(input: Tensor, input2: Tensor, input3: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """The product of the reflections, all of their columns, with another matrix.

    >>> import autodiff as torch
    >>> torch.ormqr(torch.zeros(1, 1), torch.tensor([2.0]), torch.tensor([[3.0]]))
    tensor([[-3.]])
    """
    _check_ormqr(input, input2, input3, boolean("ormqr", "left", left))
    q = factors.reflected(input, input2, input._array.shape[-2])
    q = q.mT if transpose else q
    return product(q, input3) if left else product(input3, q)


def _check_ormqr(input: Tensor, tau: Tensor, other: Tensor, left: bool) -> None:
    name, side = "torch.ormqr", -2 if left else -1
    for word, x in (("input", input), ("other", other)):
        if x._array.ndim < 2:
            raise RuntimeError(f"{name}: {word} must have at least 2 dimensions.")
    matrices(name, "input", input)
    for word, x in (("tau", tau), ("other", other)):
        if x._array.dtype != input._array.dtype:
            raise RuntimeError(
                f"{name}: Expected input and {word} to have the same dtype, but input has dtype {scalar_type(input._array)} "
                f"and {word} has dtype {scalar_type(x._array)}; use x.to(dtype)"
            )
    if not tau._array.ndim:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    m, n = input._array.shape[-2:]
    if other._array.shape[side] != m:
        raise RuntimeError(f"{name}: other.shape[{side}] must be equal to input.shape[-2]")
    if tau._array.shape[-1] != min(m, n):
        raise RuntimeError(f"{name}: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    factors.same_batch(name, "tau", tau._array.shape[:-1], input)
    factors.same_batch(name, "other", other._array.shape[:-2], input)


@method
@takes_tensors
def ger(input: Tensor, vec2: Tensor) -> Tensor:
    """The outer product of two vectors: `outer`.

    >>> import autodiff as torch
    >>> torch.ger(torch.tensor([1.0]), torch.tensor([2.0, 3.0]))
    tensor([[2., 3.]])
    """
    return outer(input, vec2)


@takes_tensors
def nuclear_norm(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The sum of the singular values, of the matrices in the last two dimensions or those of `dim`: norm(input, "nuc", dim).

    >>> import autodiff as torch
    >>> torch.nuclear_norm(torch.eye(3))
    tensor(3.)
    """
    return norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim)


@takes_tensors
def frobenius_norm(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """The length of all numbers over the dimensions: norm(input, "fro", dim).

    >>> import autodiff as torch
    >>> torch.frobenius_norm(torch.tensor([[3.0, 4.0]]), (0, 1))
    tensor(5.)
    """
    return norm(input, "fro", dim, keepdim)

"""Matrices as products of simpler ones, as PyTorch calls them: Cholesky, QR and LU.

After this module a reader knows that a wide matrix is factorized by its first square: the rest follows from that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import no_tensor
from autodiff._core.modes import silently
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import (
    LinalgCholeskyExResult,
    LinalgLuFactorExResult,
    LinalgLuFactorResult,
    LinalgLuResult,
    LinalgQrResult,
)
from autodiff.api._calls import boolean, takes_tensors
from autodiff.api._matrices import infos, matrices, same_dtype, squares
from autodiff.api.equations import solve_triangular
from autodiff.api.join import cat
from autodiff.api.places import gather
from autodiff.api.reduce import sum as sum_
from autodiff.api.triangle import tril, triu
from autodiff.ops import factors as ops
from autodiff.ops.equations import batch_element
from autodiff.ops.lapack import each_matrix
from autodiff.ops.matmul import product

# ---- Cholesky ----


@takes_tensors
def cholesky(input: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangle L with L @ L.T = input, of a symmetric positive matrix, batches too; L.T with `upper`.

    LinAlgError for a matrix that is not positive. Only the lower triangle of input is read.

    >>> import autodiff as torch
    >>> torch.linalg.cholesky(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    boolean("linalg_cholesky", "upper", upper)
    squares("linalg.cholesky", input)
    return ops.cholesky(input.mT).mT if upper else ops.cholesky(input)


@takes_tensors
def cholesky_ex(input: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """(L, info): `cholesky`, where info is 0, or the order of the first leading minor that is not positive, and L is nan.

    >>> import autodiff as torch
    >>> torch.linalg.cholesky_ex(-torch.eye(2)).info
    tensor(1, dtype=torch.int32)
    """
    a = squares("linalg.cholesky_ex", input)._array
    found = each_matrix(ops.not_positive, a)
    if boolean("linalg_cholesky_ex", "check_errors", check_errors) and any(found):
        raise ops.not_definite("linalg.cholesky_ex", found, a.shape[:-2])
    info = infos(found, a.shape[:-2])
    if not any(found):
        return LinalgCholeskyExResult(cholesky(input, upper=upper), info)
    good = each_matrix(lambda m: np.full_like(m, np.nan) if ops.not_positive(m) else np.linalg.cholesky(m), a)
    lower = wrap(np.array(good, a.dtype).reshape(a.shape))
    return LinalgCholeskyExResult(lower.mT if upper else lower, info)


# ---- QR ----


@takes_tensors
def qr(A: Tensor, mode: str = "reduced") -> Any:
    """(Q, R) with Q @ R = A: the columns of Q are upright on each other and of length 1, R is upper triangular.

    "reduced" gives Q as many columns as A has, "complete" makes it square, and "r" leaves it out. As in PyTorch there is no
    gradient for "r", nor for "complete" where A has more rows than columns.

    >>> import autodiff as torch
    >>> torch.linalg.qr(torch.tensor([[0.0, 1.0], [2.0, 3.0]])).R
    tensor([[-2., -3.],
            [ 0., -1.]])
    """
    return LinalgQrResult(*factors_qr(A, mode))


def factors_qr(A: Tensor, mode: str) -> tuple[Tensor, Tensor]:
    """Q and R, for the function of either name."""
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    m, n = matrices("linalg.qr", "A", A)._array.shape[-2:]
    if mode == "r":
        q, r = ops.qr_without_q(A)
        return q, r
    if mode == "complete" and m > n:
        q, r = ops.qr_complete(A)
        return q, r
    if m >= n:
        q, r = ops.qr(A)
        return q, r
    q, r = ops.qr(A.narrow(-1, 0, m))  # the first square of a wide matrix: the other columns are turned along with it
    return q, cat([r, product(q.mT, A.narrow(-1, m, n - m))], -1)


@takes_tensors
def householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """The first columns of the product of the reflections I - tau v v.T, whose v stand below the diagonal of `input`.

    >>> import autodiff as torch
    >>> torch.linalg.householder_product(torch.zeros(2, 1), torch.tensor([2.0]))
    tensor([[-1.],
            [ 0.]])
    """
    name = "torch.linalg.householder_product"
    if not isinstance(tau, Tensor):
        raise no_tensor("linalg_householder_product", "tau", 2, tau)
    if input._array.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    m, n = matrices(name, "input", input)._array.shape[-2:]
    if m < n:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if tau._array.dtype != input._array.dtype:
        found, wanted = scalar_type(tau._array), scalar_type(input._array)
        raise RuntimeError(f"{name}: tau dtype {found} does not match input dtype {wanted}; use tau.to(input.dtype)")
    k = tau._array.shape[-1] if tau._array.ndim else 0
    if n < k:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    same_batch(name, "tau", tau._array.shape[:-1], input)
    return reflected(input, tau, n)


def same_batch(name: str, word: str, batch: tuple[int, ...], input: Tensor) -> None:
    """RuntimeError unless the other tensor has the batch of `input`."""
    if batch != input._array.shape[:-2]:
        raise RuntimeError(
            f"{name}: Expected batch dimensions of {word} to be equal to input.shape[:-2], but got {list(batch)} for "
            f"{list(input.shape[:-2])}"
        )


def reflected(input: Tensor, tau: Tensor, columns: int) -> Tensor:
    """The first columns of the product of reflections."""
    dtype, (m, n) = input._array.dtype, input._array.shape[-2:]
    vectors = tril(input, -1) + wrap(np.eye(m, n, dtype=dtype))
    q = wrap(np.broadcast_to(np.eye(m, dtype=dtype), (*input._array.shape[:-2], m, m)).copy())
    q = q + sum_(vectors, -1, True) * 0 if not tau._array.shape[-1] else q  # it depends on the input all the same
    for i in range(tau._array.shape[-1]):
        v = vectors.narrow(-1, i, 1)
        q = q - product(product(q, v), v.mT) * tau.narrow(-1, i, 1).unsqueeze(-1)
    return q.narrow(-1, 0, columns)


# ---- LU ----


@takes_tensors
def lu(A: Tensor, *, pivot: bool = True) -> Any:
    """(P, L, U) with P @ L @ U = A: an exchange of rows, a lower triangle with ones on its diagonal, an upper one.

    Each step takes the row whose number is largest. PyTorch has pivot=False on the GPU alone: it is a RuntimeError.

    >>> import autodiff as torch
    >>> torch.linalg.lu(torch.tensor([[1.0, 2.0], [2.0, 2.0]])).U
    tensor([[2., 2.],
            [0., 1.]])
    """
    l, u, _, order = _lu("linalg.lu", A, pivot)
    return LinalgLuResult(wrap(exchanges(order, A._array.dtype)), l, u)


def exchanges(order: Any, dtype: Any) -> Any:
    """The matrix that puts the rows back from `order`."""
    return np.ascontiguousarray(np.swapaxes(np.eye(order.shape[-1], dtype=dtype)[order], -1, -2))


def _lu(name: str, A: Tensor, pivot: bool) -> tuple[Tensor, Tensor, Any, Any]:
    """(L, U, the pivots, the order of the rows) of matrices of any shape, by the LU of their first square."""
    a = matrices(name, "A", A)._array
    if not boolean(name, "pivot", pivot):
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU; leave pivot=True")
    m, n = a.shape[-2:]
    k = min(m, n)
    pivots, order = silently(ops.pivots_of, a)
    places = np.broadcast_to(order[..., None], a.shape).astype(np.int64)
    x = gather(A, A._array.ndim - 2, wrap(places))
    l, u = ops.lu(x.narrow(-2, 0, k).narrow(-1, 0, k))
    if m > k:
        below = x.narrow(-2, k, m - k)
        # The largest number of a column being 0, all of them are, and elimination does not divide by it.
        stuck = np.eye(k, dtype=a.dtype) * (u._array == 0)
        l = cat([l, solve_triangular(u + wrap(stuck) if stuck.any() else u, below, upper=True, left=False)], -2)
    if n > k:
        right = x.narrow(-1, k, n - k)
        u = cat([u, solve_triangular(l, right, upper=False, unitriangular=True)], -1)
    return l, u, pivots, order


def _compact(l: Tensor, u: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Both triangles in one matrix: the ones of the lower one are not written."""
    m, n = shape[-2:]
    k = min(m, n)
    zeros = np.zeros((*shape[:-2], abs(m - n) if m > n else 0, n), u._array.dtype)
    low = tril(l, -1)
    low = cat([low, wrap(np.zeros((*shape[:-2], m, n - k), u._array.dtype))], -1) if n > k else low
    return low + (cat([u, wrap(zeros)], -2) if m > k else u)


@takes_tensors
def lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """(LU, pivots): both triangles of `lu` in one matrix, and with which row each was exchanged, from 1 on.

    RuntimeError where the diagonal of U holds a 0, by which `lu_solve` would divide.

    >>> import autodiff as torch
    >>> torch.linalg.lu_factor(torch.tensor([[1.0, 2.0], [2.0, 2.0]])).pivots
    tensor([2, 2], dtype=torch.int32)
    """
    l, u, pivots, _ = _lu("torch.linalg.lu_factor", A, pivot)
    _refuse_zeros("torch.linalg.lu_factor", _zeros_of(u._array), A._array.shape[:-2])
    return LinalgLuFactorResult(_compact(l, u, A._array.shape), wrap(pivots))


@takes_tensors
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """(LU, pivots, info): `lu_factor`, where info is 0, or the place of the first 0 on the diagonal of U.

    >>> import autodiff as torch
    >>> torch.linalg.lu_factor_ex(torch.zeros(2, 2)).info
    tensor(1, dtype=torch.int32)
    """
    l, u, pivots, _ = _lu("torch.linalg.lu_factor_ex", A, pivot)
    zeros, batch = _zeros_of(u._array), A._array.shape[:-2]
    if boolean("linalg_lu_factor_ex", "check_errors", check_errors):
        _refuse_zeros("torch.linalg.lu_factor_ex", zeros, batch)
    return LinalgLuFactorExResult(_compact(l, u, A._array.shape), wrap(pivots), infos(zeros, batch))


def _refuse_zeros(name: str, zeros: list[int], batch: tuple[int, ...]) -> None:
    """RuntimeError for the first matrix with a 0 on the diagonal of U."""
    if any(zeros):
        where, at = batch_element(zeros, batch), next(filter(None, zeros))
        raise RuntimeError(
            f"{name}: {where}U[{at},{at}] is zero and using it on lu_solve would result in a division by zero. If you "
            "still want to perform the factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
        )


def _zeros_of(u: Any) -> list[int]:
    on = np.diagonal(u, 0, -2, -1).reshape(math.prod(u.shape[:-2]), min(u.shape[-2:]))
    return [int(np.argmax(line == 0)) + 1 if (line == 0).any() else 0 for line in on]


def order_of(pivots: Any, m: int) -> Any:
    """The order of the rows that the exchanges lead to."""
    flat = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    order = np.tile(np.arange(m), (len(flat), 1))
    for line, exchanged in zip(order, flat, strict=True):
        for i, p in enumerate(exchanged):
            line[[i, p - 1]] = line[[p - 1, i]]
    return order.reshape(*pivots.shape[:-1], m)


@takes_tensors
def lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:
    """The X with A @ X = B (X @ A = B unless `left`, A.T for A with `adjoint`), of what `lu_factor` made of A.

    >>> import autodiff as torch
    >>> LU, pivots = torch.linalg.lu_factor(torch.tensor([[0.0, 2.0], [4.0, 0.0]]))
    >>> torch.linalg.lu_solve(LU, pivots, torch.tensor([[2.0], [4.0]]))
    tensor([[1.],
            [1.]])
    """
    name = "torch.linalg.lu_solve"
    same_dtype(name, squares(name, LU, "LU"), matrices(name, "B", B, 3))
    if not isinstance(pivots, Tensor):
        raise no_tensor("linalg_lu_solve", "pivots", 2, pivots)
    if pivots._array.dtype != np.int32:
        raise RuntimeError(f"{name}: pivots should be a Tensor of scalar type torch.int32. Got {pivots.dtype}")
    n = LU._array.shape[-1]
    if pivots._array.shape[-1:] != (n,):
        raise RuntimeError(f"{name}: Number of pivots per batch should be same as the dimension of the matrix")
    if B._array.shape[-2 if left else -1] != n:
        given = "x".join(map(str, B._array.shape[-2:]))
        raise RuntimeError(f"{name}: Incompatible shapes of A and B for the equation ({n}x{n} and {given})")
    if (pivots._array < 1).any():
        raise RuntimeError("Pivots given to lu_solve must all be greater or equal to 1, as those of lu_factor are")
    if (pivots._array > n).any():
        raise RuntimeError("Pivots given to lu_solve must all be smaller or equal to LU.size(-2), as those of lu_factor are")
    p = wrap(exchanges(order_of(pivots._array, n), LU._array.dtype))
    if not left:
        return lu_solve(LU, pivots, B.mT, adjoint=not adjoint).mT
    if adjoint:
        y = solve_triangular(triu(LU).mT, B, upper=False)
        return product(p, solve_triangular(LU.mT, y, upper=True, unitriangular=True))
    y = solve_triangular(LU, product(p.mT, B), upper=False, unitriangular=True)
    return solve_triangular(LU, y, upper=True)

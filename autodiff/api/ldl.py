"""Symmetric matrices as products L D L^T, as PyTorch calls them.

After this module a reader knows that a pivot below 0 says of a row that it is half of a block of two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.errors import no_tensor
from autodiff._core.tensor import Tensor
from autodiff._core.types import LinalgLdlFactorExResult, LinalgLdlFactorResult
from autodiff.api._calls import boolean, takes_tensors
from autodiff.api._matrices import batches, matrices, same_dtype, squares
from autodiff.ops import ldl as ops
from autodiff.ops.equations import batch_element


@takes_tensors
def ldl_factor_ex(input: Tensor, *, hermitian: bool = False, check_errors: bool = False) -> Any:
    """(LD, pivots, info): `ldl_factor`, where info is 0, or the place of the first block of D that is 0.

    >>> import autodiff as torch
    >>> torch.linalg.ldl_factor_ex(torch.zeros(2, 2)).info
    tensor(1, dtype=torch.int32)
    """
    boolean("linalg_ldl_factor_ex", "hermitian", hermitian)
    name = "torch.linalg.ldl_factor_ex"
    ld, pivots, info = ops.ldl_factor(squares(name, input))
    if boolean("linalg_ldl_factor_ex", "check_errors", check_errors):
        _refuse_zeros(name, info._array.reshape(-1).tolist(), info._array.shape)
    return LinalgLdlFactorExResult(ld, pivots, info)


def _refuse_zeros(name: str, zeros: list[int], batch: tuple[int, ...]) -> None:
    """RuntimeError for the first matrix whose D holds a 0."""
    if any(zeros):
        where, at = batch_element(zeros, batch), next(filter(None, zeros))
        raise RuntimeError(f"{name}: {where}D[{at},{at}] is zero, and ldl_solve would divide by it.")


@takes_tensors
def ldl_factor(input: Tensor, *, hermitian: bool = False) -> Any:
    """(LD, pivots) of a symmetric matrix, not necessarily positive, for `ldl_solve`: it is L D L.T with exchanged rows.

    L has ones on its diagonal, D blocks of one or two rows; both stand in the lower triangle LD. pivots counts from 1: row i
    was exchanged with row pivots[i]; two equal numbers below 0 are a block of two, whose second row was exchanged with that
    row. Only the lower triangle is read; batches too. RuntimeError for a matrix with a D that can't be divided by. Real
    numbers are the same with `hermitian`. There is no derivative, as in PyTorch. Source: Bunch and Kaufman 1977.

    >>> import autodiff as torch
    >>> torch.linalg.ldl_factor(torch.tensor([[0.0, 1.0], [1.0, 0.0]])).pivots
    tensor([-2, -2], dtype=torch.int32)
    """
    ld, pivots, _ = ldl_factor_ex(input, hermitian=hermitian, check_errors=True)
    return LinalgLdlFactorResult(ld, pivots)


@takes_tensors
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """The X with A @ X = B, of what `ldl_factor` made of A; batches broadcast. There is no derivative, as in PyTorch.

    >>> import autodiff as torch
    >>> LD, pivots = torch.linalg.ldl_factor(torch.tensor([[0.0, 2.0], [2.0, 0.0]]))
    >>> torch.linalg.ldl_solve(LD, pivots, torch.tensor([[2.0], [4.0]]))
    tensor([[2.],
            [1.]])
    """
    name = "torch.linalg.ldl_solve"
    boolean("linalg_ldl_solve", "hermitian", hermitian)
    same_dtype(name, squares(name, LD, "LD"), matrices(name, "B", B, 3))
    if not isinstance(pivots, Tensor):
        raise no_tensor("linalg_ldl_solve", "pivots", 2, pivots)
    if pivots._array.dtype.kind not in "iu":
        raise RuntimeError(f"{name}: Expected pivots to be integers. Got {pivots.dtype}")
    if pivots._array.shape != LD._array.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape "
            f"{list(pivots.shape)} instead"
        )
    n, (rows, columns) = LD._array.shape[-1], B._array.shape[-2:]
    if rows != n:
        raise RuntimeError(
            f"Incompatible matrix sizes for {name}: each A matrix is {n} by {n} but each b matrix is {rows} by {columns}"
        )
    if (np.abs(pivots._array) > n).any() or not pivots._array.all():
        raise RuntimeError(f"{name}: pivots must be from 1 to {n}, or from -{n} to -1: take those of ldl_factor")
    batch = batches(name, LD, B)
    return ops.ldl_solve(LD.expand(*batch, n, n), pivots.expand(*batch, n), B.expand(*batch, n, columns))

"""Singular values of large matrices by chance: a few random combinations of the columns nearly span what matters.

After this module a reader knows why that works: each product with A and A.T makes the large stretches larger against the small
ones, and a QR decomposition keeps the columns from becoming one direction. Then only a small matrix is left to take apart.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.dtypes import from_numpy_dtype
from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors, whole
from autodiff.api._matrices import matrices, same_dtype
from autodiff.api.factors import factors_qr
from autodiff.api.reduce import mean
from autodiff.api.sampling import randn
from autodiff.api.spectra import factors_svd

__all__ = ["pca_lowrank", "svd_lowrank"]


@takes_tensors
def svd_lowrank(A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """(U, S, V) with U @ diag(S) @ V.T nearly A - M: the q largest stretches and their directions; batches too.

    It begins with q random directions, drawn as PyTorch draws them, and turns them `niter` times towards those that are
    stretched most. Of a matrix whose rank is at most q it finds everything. `M` is broadcast to the shape of A.
    ValueError for fewer than two dimensions; RuntimeError for numbers that are not float32 or float64, and a negative q.
    Source: Halko, Martinsson and Tropp 2009, algorithms 4.4 and 5.1.

    >>> import autodiff as torch
    >>> U, S, V = torch.svd_lowrank(torch.ones(4, 3), q=1)
    >>> torch.allclose(U * S @ V.T, torch.ones(4, 3))
    True
    """
    _size_of("svd_lowrank", A)
    if M is not None:
        A = A - same_dtype("svd_lowrank", A, M, "M").broadcast_to(A._array.shape)
    q = 6 if q is None else whole("svd_lowrank", "q", q)
    return _nearly(A, q, 2 if niter is None else whole("svd_lowrank", "niter", niter))


@takes_tensors
def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True, niter: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """(U, S, V) of the rows of A less their mean: the columns of V are the principal directions.

    A is (m, n), m examples of n features each; batches too. The variances along them are S**2 / (m - 1), and `A @ V[:, :k]` the
    first k principal components. Without `center` nothing is subtracted. `svd_lowrank` says how the q directions are found;
    there are min(6, m, n) of them if q is None, and q may be at most the smaller of m and n.
    ValueError for another q and for a negative niter. Source: Halko, Martinsson and Tropp 2009.

    >>> import autodiff as torch
    >>> U, S, V = torch.pca_lowrank(torch.tensor([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]))
    >>> V[:, 0] / V[0, 0], S
    (tensor([1., 2.]), tensor([3.1623, 0.0000]))
    """
    m, n = _size_of("pca_lowrank", A)
    if q is None:
        q = min(6, m, n)
    elif not 0 <= whole("pca_lowrank", "q", q) <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if whole("pca_lowrank", "niter", niter) < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return _nearly(A - mean(A, -2, True) if center else A, q, niter)


def _size_of(name: str, A: Any) -> tuple[int, int]:
    """Rows and columns of the matrices; ValueError where there are none, as in PyTorch."""
    if isinstance(A, Tensor) and A._array.ndim < 2:
        raise ValueError(f"{name}: A must be a matrix or a batch of matrices, but has {A._array.ndim} dimensions")
    m, n = matrices(name, "A", A)._array.shape[-2:]
    return m, n


def _nearly(A: Tensor, q: int, niter: int) -> tuple[Tensor, Tensor, Tensor]:
    """The q largest singular values of A with their directions, nearly."""
    m, n = A._array.shape[-2:]
    tall = A if m >= n else A.mT
    basis = _basis(tall, q, niter)
    u, s, vh = factors_svd(basis.mT @ tall, False)
    u, v = basis @ u, vh.mT
    return (u, s, v) if m >= n else (v, s, u)


def _basis(A: Tensor, q: int, niter: int) -> Tensor:
    """q orthonormal columns that nearly span the columns of A."""
    columns: Any = A @ randn(A._array.shape[-1], q, dtype=from_numpy_dtype(A._array.dtype))
    found = factors_qr(columns, "reduced")[0]
    for _ in range(niter):
        found = factors_qr(A.mT @ found, "reduced")[0]
        found = factors_qr(A @ found, "reduced")[0]
    return found

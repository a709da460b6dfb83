"""Eigenvalues and singular values as PyTorch calls them.

After this module a reader knows that both say by how much a matrix stretches, and along which directions, and that these
directions are not told apart where two stretches are equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.modes import mode
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import LinalgEighResult, LinalgEigResult, LinalgSvdResult
from autodiff._core.views import edge_of
from autodiff.api._calls import boolean, takes_tensors
from autodiff.api._matrices import matrices, squares
from autodiff.api.equations import plain
from autodiff.ops import factors as ops
from autodiff.ops import lapack
from autodiff.ops.equations import limits

# ---- of symmetric matrices ----


def _triangle(uplo: Any) -> str:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    return uplo.upper()


@takes_tensors
def eigh(input: Tensor, UPLO: str = "L") -> Any:
    """(eigenvalues, eigenvectors) of a symmetric matrix, batches too: in increasing order, the vectors in columns.

    One triangle of input is read, the lower one unless UPLO is "U". The signs of the vectors are free, and where two values are
    equal the vectors are: a gradient through them is infinite or nan.

    >>> import autodiff as torch
    >>> torch.linalg.eigh(torch.tensor([[1.0, 0.0], [0.0, 3.0]])).eigenvalues
    tensor([1., 3.])
    """
    values, vectors = ops.eigh(squares("linalg.eigh", input), uplo=_triangle(UPLO))
    return LinalgEighResult(values, vectors)


@takes_tensors
def eigvalsh(input: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix, batches too, in increasing order.

    >>> import autodiff as torch
    >>> torch.linalg.eigvalsh(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    tensor([-1.,  1.])
    """
    values, _ = ops.eigh(squares("linalg.eigvalsh", input), uplo=_triangle(UPLO))
    return values


# ---- of any square matrix ----


def _real(A: Tensor, name: str) -> tuple[Tensor, Tensor]:
    a = squares(name, A)._array
    if not np.isfinite(a).all():
        raise RuntimeError(f"torch.{name}: input tensor should not contain infs or NaNs.")
    if a.size and np.iscomplexobj(values := np.linalg.eigvals(a)) and values.imag.any():
        raise RuntimeError(
            f"{name}: this matrix has complex eigenvalues, and there are no complex numbers here: real ones only. Those of a "
            "symmetric matrix always are: linalg.eigh"
        )
    found, vectors = ops.eig(A)
    return found, vectors


@takes_tensors
def eig(input: Tensor) -> Any:
    """(eigenvalues, eigenvectors) of a square matrix whose eigenvalues are real, batches too, the vectors in columns.

    They are real tensors, where PyTorch's are complex. RuntimeError where an eigenvalue is not a real number.

    >>> import autodiff as torch
    >>> torch.linalg.eig(torch.tensor([[1.0, 1.0], [0.0, 3.0]])).eigenvalues
    tensor([1., 3.])
    """
    return LinalgEigResult(*_real(input, "linalg.eig"))


@takes_tensors
def eigvals(input: Tensor) -> Tensor:
    """The eigenvalues of a square matrix, batches too, where they are real; RuntimeError where one is not.

    >>> import autodiff as torch
    >>> torch.linalg.eigvals(torch.tensor([[1.0, 1.0], [0.0, 3.0]]))
    tensor([1., 3.])
    """
    return _real(input, "linalg.eigvals")[0]


# ---- singular values ----



def factors_svd(A: Tensor, full: bool, driver: Any = None, name: str = "linalg.svd") -> tuple[Tensor, Tensor, Tensor]:
    """U, S and V.T, for the function of either name."""
    boolean(name, "full_matrices", full)
    if driver is not None:
        raise RuntimeError(f"{name}: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend.")
    u, s, v = ops.svd(matrices(name, "A", A), full=full)
    return u, s, v


@takes_tensors
def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """(U, S, Vh) with U @ diag(S) @ Vh = A: a turn, stretches from the largest on, a turn; batches too.

    U and Vh are square, or without `full_matrices` have as many columns and rows as there are stretches. Their signs are free,
    and where two stretches are equal the directions are: a gradient through them is infinite or nan.

    >>> import autodiff as torch
    >>> torch.linalg.svd(torch.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    return LinalgSvdResult(*factors_svd(A, full_matrices, driver))


@takes_tensors
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values of a matrix, from the largest on; batches too.

    >>> import autodiff as torch
    >>> torch.linalg.svdvals(torch.tensor([[3.0, 0.0], [0.0, -4.0]]))
    tensor([4., 3.])
    """
    if mode.grad and edge_of(matrices("linalg.svdvals", "A", A)) is not None:
        return factors_svd(A, False, driver, "linalg.svdvals")[1]
    if driver is not None:
        raise RuntimeError("linalg.svdvals: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend.")
    return wrap(lapack.stretches(A._array))


@takes_tensors
def matrix_rank(input: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """How many singular values are larger than the larger of `atol` (also called `tol`) and `rtol` times the largest.

    rtol is the dtype's eps times the larger side unless one of them is given. An int64 tensor, without a gradient.

    >>> import autodiff as torch
    >>> torch.linalg.matrix_rank(torch.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    name = "linalg.matrix_rank"
    a = (squares(name, input) if hermitian else matrices(name, "A", input))._array
    if not a.size:
        return wrap(np.zeros(a.shape[:-2], np.int64))
    s = np.abs(lapack.eigh(a)[0]) if hermitian else lapack.stretches(a)
    limit = limits(s, a.shape, plain(atol if tol is None else tol), 0.0 if tol is not None else plain(rtol))
    return wrap(np.asarray((s > limit[..., None]).sum(-1), np.int64))

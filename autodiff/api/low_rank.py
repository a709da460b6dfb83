"""The few largest singular values, principal components and eigenvalues of a matrix.

After this module a reader knows the randomised way: what a matrix makes of a few random vectors spans, nearly, what it
stretches most; a factorisation of that small part does for the whole.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.errors import no_tensor
from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors, whole
from autodiff.api._matrices import matrices, same_dtype, squares
from autodiff.api.equations import solve_triangular
from autodiff.api.factors import cholesky, qr
from autodiff.api.sampling import randn
from autodiff.api.spectra import eigh, svd

__all__ = ["lobpcg", "pca_lowrank", "svd_lowrank"]


def _basis(a: Tensor, q: int, niter: int) -> Any:
    """q orthogonal columns that nearly span what `a` stretches most. Source: Halko, Martinsson and Tropp 2009, 4.4."""
    found = qr(a @ randn(a.shape[-1], q, dtype=a.dtype)).Q
    for _ in range(niter):
        found = qr(a @ qr(a.mT @ found).Q).Q
    return found


@takes_tensors
def svd_lowrank(A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """(U, S, V): the q largest singular values of A - M, nearly, with A - M about U @ diag(S) @ V.T; niter steps refine them.

    Shapes: A and M (..., m, n), U (..., m, q), S (..., q), V (..., n, q). Source: Halko, Martinsson and Tropp 2009.

    >>> import autodiff as torch
    >>> torch.svd_lowrank(torch.ones(2, 3), q=1)[1]
    tensor([2.4495])
    """
    a = matrices("svd_lowrank", "A", A)
    count = 6 if q is None else whole("svd_lowrank", "q", q)
    steps = 2 if niter is None else whole("svd_lowrank", "niter", niter)
    if M is not None:
        if not isinstance(M, Tensor):
            raise no_tensor("svd_lowrank", "M", 4, M)
        a = a - M.expand(a.shape)
    wide = a.shape[-2] < a.shape[-1]
    if wide:
        a = a.mT
    basis = _basis(a, count, steps)
    u, s, v = svd(basis.mT @ a, full_matrices=False)
    u, v = basis @ u, v.mT
    return (v, s, u) if wide else (u, s, v)


@takes_tensors
def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True, niter: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """(U, S, V): `svd_lowrank` of A less the mean of its rows (as it is without `center`): the columns of V are the components.

    q is min(6, m, n) where it is not given. ValueError for a q below 0 or above m or n, and for a niter below 0.

    >>> import autodiff as torch
    >>> U, S, V = torch.pca_lowrank(torch.tensor([[1.0, 1.0], [2.0, 2.0], [6.0, 6.0]]), q=1)
    >>> V.abs()
    tensor([[0.7071],
            [0.7071]])
    """
    m, n = matrices("pca_lowrank", "A", A).shape[-2:]
    count = min(6, m, n) if q is None else whole("pca_lowrank", "q", q)
    if not 0 <= count <= min(m, n):
        raise ValueError(f"q(={count}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(dim=-2, keepdim=True) if center else A, count, niter=niter)


@takes_tensors
def lobpcg(
    A: Tensor, k: int | None = None, B: Tensor | None = None, X: Tensor | None = None, n: int | None = None,
    iK: Tensor | None = None, niter: int | None = None, tol: float | None = None, largest: bool | None = None,
    method: str | None = None, tracker: Any = None, ortho_iparams: Any = None, ortho_fparams: Any = None,
    ortho_bparams: Any = None,
) -> tuple[Tensor, Tensor]:
    """(E, X): the k largest eigenvalues of the symmetric A, or the smallest unless `largest`, and their vectors: A X = B X E.

    B is positive; without it the identity. The whole spectrum is computed, by `eigh`, to the last digits and with a gradient,
    so that what steers PyTorch's iterations (X but for its width, n, iK, niter, tol, method, the ortho ones) changes nothing.
    ValueError for a k above a third of the rows, NotImplementedError for a tracker of iterations that there are not.

    >>> import autodiff as torch
    >>> torch.lobpcg(torch.diag(torch.tensor([1.0, 2.0, 3.0])), largest=False)[0]
    tensor([1.])
    """
    a = matrices("lobpcg", "A", A)
    if a.shape[-2] != a.shape[-1]:
        raise AssertionError(f"A must be square, got shape {a.shape}")
    if tracker is not None:
        raise NotImplementedError("lobpcg(): there are no iterations here that a tracker could follow; leave tracker out")
    if method not in (None, "basic", "ortho"):
        raise ValueError(f"lobpcg(): method must be 'basic' or 'ortho', got {method!r}")
    m = a.shape[-1]
    wanted = (1 if X is None else X.shape[-1]) if k is None else whole("lobpcg", "k", k)
    columns = (wanted if n is None else whole("lobpcg", "n", n)) if X is None else X.shape[-1]
    if m < 3 * columns:
        raise ValueError(
            f"LPBPCG algorithm is not applicable when the number of A rows (={m}) is smaller than 3 x the number of requested "
            f"eigenpairs (={columns}): torch.linalg.eigh computes all of them"
        )
    if not 1 <= wanted <= columns:
        raise ValueError(f"lobpcg(): k must be from 1 to {columns}, got {wanted}")
    if X is None:
        randn(*a.shape[:-1], columns, dtype=a.dtype)  # PyTorch begins with random vectors: what is drawn later is drawn alike
    lower = None
    if B is not None:
        lower = cholesky(squares("lobpcg", same_dtype("lobpcg", a, B), "B", 3))
        half = solve_triangular(lower, a, upper=False)
        a = solve_triangular(lower, half.mT, upper=False)
    values, vectors = eigh((a + a.mT) / 2)
    if largest is None or largest:
        values, vectors = values.flip(-1), vectors.flip(-1)
    values, vectors = values[..., :wanted], vectors[..., :wanted]
    return values, vectors if lower is None else solve_triangular(lower.mT, vectors, upper=True)

"""The largest or smallest eigenvalues of a symmetric matrix, or of one against another: A x = B x e.

After this module a reader knows that B = L L^T makes it an ordinary problem, that of L^-1 A L^-T.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors, whole
from autodiff.api._matrices import matrices, same_dtype, squares
from autodiff.api.equations import solve_triangular
from autodiff.api.factors import cholesky
from autodiff.api.sampling import randn
from autodiff.api.spectra import eigh


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
    ValueError for a k above a third of the rows, NotImplementedError for a tracker, as there are no iterations to track.

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

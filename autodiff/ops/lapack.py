"""NumPy's decompositions, and what is said where they don't come to an end.

After this module a reader knows that turns and stretches are found by repeated approximation, which a nan never lets end; that
an elimination ends in any case, and can then have lost the nan on its way.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.modes import silently
from autodiff._core.types import LinAlgError


def _endless(name: str) -> LinAlgError:
    return LinAlgError(
        f"{name}: The algorithm failed to converge because the input matrix contained non-finite values; torch.isfinite "
        "finds them"
    )


def each_matrix(function: Any, *arrays: Any) -> list[Any]:
    """The function of each matrix of batches of one size, one after the other."""
    count = math.prod(arrays[0].shape[:-2])
    flat = [a.reshape(count, *a.shape[-2:]) for a in arrays]
    return [function(*(a[i] for a in flat)) for i in range(count)]


def svd(a: Any, full: bool = False, *, lenient: bool = False) -> Any:
    """(u, s, v) with u @ diag(s) @ v = a: nan where a holds an infinity, and if `lenient` where it holds a nan."""
    return _found(a, lenient, lambda x: np.linalg.svd(x, full_matrices=full))


def stretches(a: Any) -> Any:
    """The singular values of a, from the largest on; nan where a holds an infinity."""
    return _found(a, False, lambda x: (np.linalg.svd(x, compute_uv=False),))[0]


def _found(a: Any, lenient: bool, function: Any) -> Any:
    """The parts that the function makes of a; LAPACK may look for ever for those of an infinity, and isn't asked for them."""
    broken = ~np.isfinite(a).all((-2, -1))
    if broken.any() and not lenient and np.isnan(a).any():
        raise _endless("linalg.svd")
    try:
        parts = silently(function, np.where(broken[..., None, None], 0, a) if broken.any() else a)
    except np.linalg.LinAlgError:
        raise _endless("linalg.svd") from None
    for part in parts if broken.any() else ():
        part[np.broadcast_to(broken, part.shape[: broken.ndim])] = np.nan
    return parts


def eigh(a: Any, uplo: str = "L") -> Any:
    """(values, vectors) of a symmetric matrix, of which one triangle is read."""
    # LAPACK answers some matrices that hold a nan with ordinary eigenvalues
    if np.isnan(np.tril(a) if uplo == "L" else np.triu(a)).any():
        raise _endless("linalg.eigh")
    try:
        return silently(np.linalg.eigh, a, uplo)
    except np.linalg.LinAlgError:
        raise _endless("linalg.eigh") from None


def with_nan(a: Any, y: Any) -> Any:
    """y, made from the matrices a: all nan where the matrix holds a nan, which an elimination may exchange out of sight."""
    if math.isnan(silently(y.sum)):
        y[np.broadcast_to(np.isnan(a).any((-2, -1)), y.shape[:-2])] = np.nan
    return y


def substituted(a: Any, b: Any) -> Any:
    """The x with a @ x = b for a triangle a that may have a 0 on its diagonal, by which is divided: row by row."""
    x, n, upper = np.array(b), len(a), not np.tril(a, -1).any()
    with np.errstate(all="ignore"):
        for i in reversed(range(n)) if upper else range(n):
            x[i] /= a[i, i]
            rest = slice(0, i) if upper else slice(i + 1, n)
            x[rest] -= np.multiply.outer(a[rest, i], x[i])
    return x

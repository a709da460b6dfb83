"""What a program takes to write a distribution of its own: parameters of one shape, lazy properties, and triangles.

After this module a reader knows the order of a triangle's numbers in a vector: row by row.
"""

from __future__ import annotations

from typing import Any

from autodiff.api.triangle import tril_indices
from autodiff.distributions._shared import broadcast_all, clamp_probs, logits_to_probs, probs_to_logits
from autodiff.distributions._shared import lazy as lazy_property

__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits", "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]


def _places(n: int, diag: int) -> tuple[Any, Any]:
    i, j = tril_indices(n, n, offset=diag)
    return i, j


def _count(n: int, diag: int) -> int:
    return sum(min(max(row + 1 + diag, 0), n) for row in range(n))


def tril_matrix_to_vec(mat: Any, diag: int = 0) -> Any:
    """The numbers of a square matrix on and below a diagonal, as a vector; ValueError for a diagonal that it does not have.

    >>> import autodiff as torch
    >>> torch.distributions.utils.tril_matrix_to_vec(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 3, 4])
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    return mat[(..., *_places(n, diag))]


def vec_to_tril_matrix(vec: Any, diag: int = 0) -> Any:
    """A vector as the numbers of a square matrix on and below a diagonal, whose others are 0.

    ValueError for a vector that does not fill such a triangle.

    >>> import autodiff as torch
    >>> torch.distributions.utils.vec_to_tril_matrix(torch.tensor([1, 2, 3]))
    tensor([[1, 0],
            [2, 3]])
    """
    count, n = vec.shape[-1], max(0, -diag)
    while _count(n, diag) < count:
        n += 1
    if _count(n, diag) > count:
        raise ValueError(
            f"The size of last dimension is {count} which cannot be expressed as the lower triangular part of a square "
            f"D x D matrix: those with diag={diag} hold {_count(n - 1, diag)} numbers, {_count(n, diag)} and so on."
        )
    mat = vec.new_zeros((*vec.shape[:-1], n, n))
    mat[(..., *_places(n, diag))] = vec
    return mat

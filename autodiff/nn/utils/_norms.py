"""The norm of each slice of a weight, and the largest stretch of a matrix by power iteration.

After this module a reader knows that multiplying by a matrix and its transpose, again and again, turns any vector into the
direction that the matrix stretches most.
"""

from __future__ import annotations

from collections.abc import Iterator

from autodiff._core.modes import no_grad
from autodiff._core.tensor import Tensor
from autodiff.nn.functional import normalize

__all__ = ["as_matrix", "norm_except_dim", "power_iteration", "weight_of_norm"]


def norm_except_dim(v: Tensor, p: float = 2, dim: int = 0) -> Tensor:
    """The p-norm over all dimensions but `dim`, kept with size 1; over all of them for dim=-1."""
    if dim == -1:
        return v.norm(p)
    others = [d for d in range(v.ndim) if d != dim % v.ndim]
    return v.norm(p, others, keepdim=True) if others else v.abs()


def weight_of_norm(v: Tensor, g: Tensor, dim: int) -> Tensor:
    """g * v / |v|: the direction of v and the norm g (Salimans and Kingma 2016)."""
    return v * (g / norm_except_dim(v, 2, dim))


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """The weight with dimension `dim` first, and all the others in one."""
    if dim:
        weight = weight.permute(dim, *(d for d in range(weight.ndim) if d != dim))
    return weight.reshape(weight.shape[0], -1)


def power_iteration(matrix: Tensor, u: Tensor, v: Tensor, steps: int, eps: float, left_first: bool) -> None:
    """Bring u and v, in place, nearer to the first left and right singular vectors of the matrix."""
    with no_grad():
        for turn in _turns(steps, left_first):
            if turn == "u":
                u.copy_(normalize(matrix.mv(v), dim=0, eps=eps))
            else:
                v.copy_(normalize(matrix.t().mv(u), dim=0, eps=eps))


def _turns(steps: int, left_first: bool) -> Iterator[str]:
    for _ in range(steps):
        yield from "uv" if left_first else "vu"

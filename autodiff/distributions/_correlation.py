"""The transform onto the Cholesky factors of correlation matrices.

After this module a reader knows that each row of such a factor is a point of the unit sphere, and that it is reached by
breaking a stick: each number says which share of the squared length that is left goes to its place.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.types import Size
from autodiff.api.filled import eye
from autodiff.api.join import cat
from autodiff.api.with_out import softplus
from autodiff.distributions import constraints
from autodiff.distributions._shared import eps_of
from autodiff.distributions._transform import Transform
from autodiff.distributions.utils import tril_matrix_to_vec, vec_to_tril_matrix

__all__ = ["CorrCholeskyTransform"]


def _one_first(x: Any) -> Any:
    """x, moved by one to the right, with 1 in front."""
    return cat([x.new_ones((*x.shape[:-1], 1)), x[..., :-1]], -1)


class CorrCholeskyTransform(Transform):
    """A vector of n (n - 1) / 2 numbers as a lower triangular n x n matrix with a positive diagonal and rows of length 1.

    In each row the j-th number x gives y_j = tanh(x_j) * sqrt(1 - y_1**2 - ... - y_(j - 1)**2); the diagonal is what is left.
    ValueError for a vector of another length.

    >>> import autodiff as torch
    >>> torch.distributions.CorrCholeskyTransform()(torch.tensor([0.5]))
    tensor([[1.0000, 0.0000],
            [0.4621, 0.8868]])
    """

    domain, codomain, bijective = constraints.real_vector, constraints.corr_cholesky, True

    def _call(self, x: Any) -> Any:
        eps = eps_of(x)
        share = vec_to_tril_matrix(x.tanh().clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - share.pow(2)).sqrt().cumprod(-1)
        return (share + eye(share.shape[-1], dtype=x.dtype)) * _one_first(left)

    def _inverse(self, y: Any) -> Any:
        left = _one_first(1 - y.pow(2).cumsum(-1))
        return (tril_matrix_to_vec(y, diag=-1) / tril_matrix_to_vec(left, diag=-1).sqrt()).atanh()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """That of the numbers below the diagonal: log(1 - tanh(x)**2) and half the log of what was left, summed."""
        left = tril_matrix_to_vec(1 - y.pow(2).cumsum(-1), diag=-2)
        return left.log().sum(-1) / 2 - 2 * (x + softplus(-2 * x) - math.log(2)).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        count = shape[-1]
        n = round((1 + math.sqrt(1 + 8 * count)) / 2)
        if n * (n - 1) // 2 != count:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return Size(shape[:-1]) + (n, n)

    def inverse_shape(self, shape: Any) -> Any:
        if len(shape) < 2:
            raise ValueError("Too few dimensions on input")
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        n = shape[-1]
        return Size(shape[:-2]) + (n * (n - 1) // 2,)

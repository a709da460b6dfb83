"""What may be asked of a matrix: square, triangular, symmetric, positive definite.

After this module a reader knows that the later ones ask the earlier ones first, so that no eigenvalue is computed of a matrix
that is not symmetric.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff.api.comparison import isclose
from autodiff.api.creation import from_numpy
from autodiff.api.filled import ones
from autodiff.distributions._constraint import Constraint

__all__ = [
    "corr_cholesky", "lower_cholesky", "lower_triangular", "positive_definite", "positive_semidefinite", "square", "symmetric",
]


class _Square(Constraint):
    _event_dim = 2

    def check(self, value: Any) -> Any:
        return ones(value.shape[:-2], dtype=(value == value).dtype) * (value.shape[-2] == value.shape[-1])


class _LowerTriangular(Constraint):
    _event_dim = 2

    def check(self, value: Any) -> Any:
        return (value.tril() == value).reshape(value.shape[:-2] + (-1,)).all(-1)


class _LowerCholesky(_LowerTriangular):
    def check(self, value: Any) -> Any:
        return super().check(value) & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    def check(self, value: Any) -> Any:
        tolerance = 10 * value.size(-1) * 1.2e-7  # 10 times the rounding of float32, for each term
        rows_are_units = (value.detach().pow(2).sum(-1).sqrt() - 1).abs().le(tolerance).all(-1)
        return super().check(value) & rows_are_units


class _Symmetric(_Square):
    def check(self, value: Any) -> Any:
        square = super().check(value)
        return square if not square.all() else isclose(value, value.mT, atol=1e-6).all(-2).all(-1)


class _PositiveSemidefinite(_Symmetric):
    def check(self, value: Any) -> Any:
        symmetric = super().check(value)
        return symmetric if not symmetric.all() else _eigenvalues(value).ge(0).all(-1)


class _PositiveDefinite(_Symmetric):
    def check(self, value: Any) -> Any:
        symmetric = super().check(value)
        return symmetric if not symmetric.all() else _eigenvalues(value).gt(0).all(-1)


def _eigenvalues(value: Tensor) -> Tensor:
    return from_numpy(np.linalg.eigvalsh(value.detach().numpy()))


square = _Square()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()

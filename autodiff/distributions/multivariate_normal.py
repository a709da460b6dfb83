"""The normal distribution of vectors, whose coordinates may depend on one another."""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.types import Size
from autodiff.api.agreement import broadcast_shapes
from autodiff.api.filled import eye
from autodiff.api.sampling import normal
from autodiff.distributions import constraints
from autodiff.distributions._shared import lazy
from autodiff.distributions.distribution import Distribution
from autodiff.linalg import cholesky, solve_triangular

__all__ = ["MultivariateNormal"]


def mahalanobis(lower: Any, x: Any) -> Any:
    """|L^-1 x|**2 for a batch of triangular matrices and of vectors, broadcast."""
    shape = broadcast_shapes(lower.shape[:-2], x.shape[:-1])
    n = x.shape[-1]
    y = solve_triangular(lower.expand(shape + Size((n, n))), x.expand(shape + Size((n,))).unsqueeze(-1), upper=False)
    return y.squeeze(-1).pow(2).sum(-1)


def precision_to_scale_tril(precision: Any) -> Any:
    """The Cholesky factor of the inverse of a matrix, from that of the matrix turned by 180 degrees."""
    turned = cholesky(precision.flip((-2, -1)))
    upper = turned.flip((-2, -1)).mT
    return solve_triangular(upper, eye(precision.shape[-1], dtype=precision.dtype), upper=False)


class MultivariateNormal(Distribution):
    """exp(-(x - loc)^T C^-1 (x - loc) / 2) / sqrt((2 pi)**k det C), C being the covariance matrix.

    ValueError unless exactly one of covariance_matrix, precision_matrix (its inverse) and scale_tril (its Cholesky factor) is
    given.

    >>> import autodiff as torch
    >>> d = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
    >>> d.log_prob(torch.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints = {
        "loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite, "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Any, covariance_matrix: Any = None, precision_matrix: Any = None, scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        given = {name: matrix for name, matrix in given.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            shown = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(f"{shown} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand(batch_shape + matrix.shape[-2:]))
        self.loc = loc.expand(batch_shape + loc.shape[-1:])
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        if scale_tril is not None:
            self._unbroadcasted_scale_tril = scale_tril
        elif covariance_matrix is not None:
            self._unbroadcasted_scale_tril = cholesky(covariance_matrix)
        else:
            self._unbroadcasted_scale_tril = precision_to_scale_tril(precision_matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(MultivariateNormal, _instance)
        batch_shape = Size(batch_shape)
        new.loc = self.loc.expand(batch_shape + self.event_shape)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        for name in ("covariance_matrix", "scale_tril", "precision_matrix"):
            if name in self.__dict__:
                setattr(new, name, getattr(self, name).expand(batch_shape + self.event_shape + self.event_shape))
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _square(self, matrix: Any) -> Any:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance matrix."""
        return self._square(self._unbroadcasted_scale_tril)

    @lazy
    def covariance_matrix(self) -> Any:
        """The covariance matrix."""
        return self._square(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy
    def precision_matrix(self) -> Any:
        """The inverse of the covariance matrix."""
        lower = self._unbroadcasted_scale_tril
        inverse = solve_triangular(lower, eye(lower.shape[-1], dtype=lower.dtype), upper=False)
        return self._square(inverse.mT @ inverse)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.loc

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The variance."""
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        eps = normal(self.loc.new_zeros(self._extended_shape(sample_shape)), 1.0)
        return self.loc + (self._unbroadcasted_scale_tril @ eps.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        m = mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        half_log_det = self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + m) - half_log_det

    def entropy(self) -> Any:
        half_log_det = self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        found = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + half_log_det
        return found if not self._batch_shape else found.expand(self._batch_shape)

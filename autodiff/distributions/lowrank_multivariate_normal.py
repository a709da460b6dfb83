"""The normal distribution of vectors whose covariance is a thin matrix's product and a diagonal: W W^T + D.

After this module a reader knows why that is cheap: with C = I + W^T D^-1 W, which is as small as W is thin,
det(W W^T + D) = det(C) det(D), and (W W^T + D)^-1 = D^-1 - D^-1 W C^-1 W^T D^-1 (Woodbury).
"""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.types import Size
from autodiff.api.filled import eye
from autodiff.api.rearrange import broadcast_tensors
from autodiff.api.sampling import normal
from autodiff.distributions import constraints
from autodiff.distributions._shared import lazy
from autodiff.distributions.distribution import Distribution
from autodiff.linalg import cholesky, solve_triangular

__all__ = ["LowRankMultivariateNormal"]


class LowRankMultivariateNormal(Distribution):
    """A MultivariateNormal with covariance_matrix = cov_factor @ cov_factor.T + diag(cov_diag).

    Shapes: loc (..., n), cov_factor (..., n, rank), cov_diag (..., n); ValueError for others.

    >>> import autodiff as torch
    >>> d = torch.distributions.LowRankMultivariateNormal(torch.zeros(2), torch.tensor([[1.0], [0.0]]), torch.ones(2))
    >>> d.covariance_matrix
    tensor([[2., 0.],
            [0., 1.]])
    """

    arg_constraints = {
        "loc": constraints.real_vector, "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event_shape = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError("cov_factor must be at least two-dimensional, with optional leading batch dimensions")
        if cov_factor.shape[-2:-1] != event_shape:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {event_shape[0]} x m")
        if cov_diag.shape[-1:] != event_shape:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
        try:
            columns = broadcast_tensors(loc.unsqueeze(-1), cov_factor, cov_diag.unsqueeze(-1))
        except RuntimeError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, cov_diag {cov_diag.shape}"
            ) from error
        self.loc, self.cov_factor, self.cov_diag = columns[0][..., 0], columns[1], columns[2][..., 0]
        self._factor, self._diagonal = cov_factor, cov_diag  # as they were given: without the batch of the others
        small = (cov_factor.mT / cov_diag.unsqueeze(-2)) @ cov_factor
        self._capacitance_tril = cholesky(small + eye(small.shape[-1], dtype=small.dtype))
        super().__init__(self.loc.shape[:-1], event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(LowRankMultivariateNormal, batch_shape, _instance, "loc", "cov_diag", event=True)
        new.cov_factor = self.cov_factor.expand(Size(batch_shape) + self.cov_factor.shape[-2:])
        new._factor, new._diagonal, new._capacitance_tril = self._factor, self._diagonal, self._capacitance_tril
        return new

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.loc

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        return self.loc

    @lazy
    def variance(self) -> Any:
        """The variance."""
        return (self._factor.pow(2).sum(-1) + self._diagonal).expand(self._batch_shape + self._event_shape)

    def _square(self, matrix: Any) -> Any:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance matrix, by one of a matrix whose eigenvalues are at least 1."""
        spread = self._diagonal.sqrt().unsqueeze(-1)
        thin = self._factor / spread
        return self._square(spread * cholesky(thin @ thin.mT + eye(thin.shape[-2], dtype=thin.dtype)))

    @lazy
    def covariance_matrix(self) -> Any:
        """The covariance matrix."""
        return self._square(self._factor @ self._factor.mT + self._diagonal.diag_embed())

    @lazy
    def precision_matrix(self) -> Any:
        """The inverse of the covariance matrix."""
        small = self._small(eye(self._event_shape[0], dtype=self.loc.dtype))
        return self._square(self._diagonal.reciprocal().diag_embed() - small.mT @ small)

    def _small(self, x: Any) -> Any:
        """L^-1 W^T D^-1 x for a matrix x, C being L L^T."""
        return solve_triangular(self._capacitance_tril, (self._factor.mT / self._diagonal.unsqueeze(-2)) @ x, upper=False)

    def squares(self, x: Any) -> Any:
        """The sum of x^T C^-1 x over the columns of x, C being the covariance matrix."""
        return (x.pow(2) / self._diagonal.unsqueeze(-1)).sum((-2, -1)) - self._small(x).pow(2).sum((-2, -1))

    def log_det(self) -> Any:
        """log det of the covariance matrix."""
        return 2 * self._capacitance_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1) + self._diagonal.log().sum(-1)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        thin = normal(self.loc.new_zeros(shape[:-1] + self.cov_factor.shape[-1:]), 1.0)
        own = normal(self.loc.new_zeros(shape), 1.0)
        return self.loc + (self._factor @ thin.unsqueeze(-1)).squeeze(-1) + self._diagonal.sqrt() * own

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        m = self.squares((value - self.loc).unsqueeze(-1))
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + self.log_det() + m)

    def entropy(self) -> Any:
        found = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self.log_det())
        return found if not self._batch_shape else found.expand(self._batch_shape)

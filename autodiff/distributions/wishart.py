"""The Wishart distribution: the covariance that a few normal vectors show, times their number."""

from __future__ import annotations

import math
import warnings
from typing import Any

from autodiff._core.provenance import stacklevel
from autodiff._core.types import Size
from autodiff.api.agreement import broadcast_shapes
from autodiff.api.creation import tensor
from autodiff.api.filled import eye
from autodiff.api.old_linear_algebra import cholesky_solve
from autodiff.api.ranges import arange
from autodiff.api.sampling import randn
from autodiff.api.triangle import tril_indices
from autodiff.distributions import constraints
from autodiff.distributions._shared import eps_of, lazy
from autodiff.distributions.chi2 import Chi2
from autodiff.distributions.distribution import Distribution
from autodiff.distributions.exp_family import ExponentialFamily
from autodiff.distributions.multivariate_normal import precision_to_scale_tril
from autodiff.linalg import cholesky, slogdet, solve_triangular
from autodiff.special import digamma, multigammaln

__all__ = ["Wishart"]


class Wishart(ExponentialFamily):
    """X^T X of df rows that are normal with a covariance matrix V: det(X)**((df - p - 1) / 2) exp(-tr(V^-1 X) / 2) / Z.

    df is any number above p - 1, for p x p matrices; ValueError for others. AssertionError unless exactly one of
    covariance_matrix, precision_matrix (its inverse) and scale_tril (its Cholesky factor) is given.

    >>> import autodiff as torch
    >>> torch.distributions.Wishart(torch.tensor(3.0), torch.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self, df: Any, covariance_matrix: Any = None, precision_matrix: Any = None, scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        given = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        given = {name: matrix for name, matrix in given.items() if matrix is not None}
        if len(given) != 1:
            raise AssertionError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        df = tensor(df, dtype=matrix.dtype) if isinstance(df, (int, float)) else df
        batch_shape = broadcast_shapes(matrix.shape[:-2], df.shape)
        self.df = df.expand(batch_shape)
        p = matrix.shape[-1]
        if self.df.le(p - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {p - 1}.")
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        if self.df.lt(p).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.",
                stacklevel=stacklevel(),
            )
        super().__init__(batch_shape, matrix.shape[-2:], validate_args=validate_args)
        if name == "scale_tril":
            self._lower = matrix
        else:
            self._lower = cholesky(matrix) if name == "covariance_matrix" else precision_to_scale_tril(matrix)

    @property
    def arg_constraints(self) -> Any:
        """The matrices are positive definite, and df is above p - 1."""
        return {
            "covariance_matrix": constraints.positive_definite, "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky, "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Wishart, _instance)
        batch_shape = Size(batch_shape)
        new._lower, new.df = self._lower.expand(batch_shape + self.event_shape), self.df.expand(batch_shape)
        for name in ("covariance_matrix", "scale_tril", "precision_matrix"):
            if name in self.__dict__:
                setattr(new, name, getattr(self, name).expand(batch_shape + self.event_shape))
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _square(self, matrix: Any) -> Any:
        return matrix.expand(self._batch_shape + self._event_shape)

    @lazy
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance matrix."""
        return self._square(self._lower)

    @lazy
    def covariance_matrix(self) -> Any:
        """The covariance matrix of a row."""
        return self._square(self._lower @ self._lower.mT)

    @lazy
    def precision_matrix(self) -> Any:
        """The inverse of the covariance matrix."""
        inverse = solve_triangular(self._lower, eye(self._lower.shape[-1], dtype=self._lower.dtype), upper=False)
        return self._square(inverse.mT @ inverse)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.df[..., None, None] * self.covariance_matrix

    @property
    def mode(self) -> Any:
        """The likeliest value; nan where df is not above p + 1."""
        factor = self.df - self._event_shape[-1] - 1
        return factor.masked_fill(factor <= 0, math.nan)[..., None, None] * self.covariance_matrix

    @property
    def variance(self) -> Any:
        """The variance."""
        v = self.covariance_matrix
        diagonal = v.diagonal(dim1=-2, dim2=-1)
        return self.df[..., None, None] * (v.pow(2) + diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2))

    def _bartlett(self, sample_shape: Size) -> Any:
        """Bartlett 1933: the Cholesky factor of a standard one has normal numbers below chi-distributed ones."""
        p = self._event_shape[-1]
        chi = Chi2(self.df.unsqueeze(-1) - arange(p, dtype=self._lower.dtype)).rsample(sample_shape).sqrt()
        factor = chi.clamp(min=eps_of(chi)).diag_embed()
        i, j = tril_indices(p, p, offset=-1)
        factor[..., i, j] = randn(sample_shape + self._batch_shape + (p * (p - 1) // 2,), dtype=factor.dtype)
        lower = self._lower @ factor
        return lower @ lower.mT

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Any:
        """A sample; the singular ones among them are drawn again, at most so many times (10 without the number)."""
        sample = self._bartlett(Size(sample_shape))
        # PyTorch begins by drawing again what is regular, of which it also warns. The same numbers need the same draws.
        again = self._any_of_batch(self.support.check(sample))
        for _ in range(10 if max_try_correction is None else max_try_correction):
            if not again.any():
                break
            drawn = self._bartlett(again[again].shape)
            sample[again] = drawn
            again[again.clone()] = self._any_of_batch(~self.support.check(drawn))
        return sample

    def _any_of_batch(self, checked: Any) -> Any:
        return checked.flatten(checked.dim() - len(self._batch_shape)).any(-1) if self._batch_shape else checked

    def half_log_det(self) -> Any:
        """log det of the covariance matrix, halved, and p log(2) / 2: what a scale contributes for each df."""
        p = self._event_shape[-1]
        return p * math.log(2) / 2 + self._lower.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def trace(self, x: Any) -> Any:
        """tr(V^-1 x), V being the covariance matrix."""
        return cholesky_solve(x, self._lower).diagonal(dim1=-2, dim2=-1).sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return self.expected_log_prob(slogdet(value).logabsdet, self.trace(value))

    def expected_log_prob(self, log_det: Any, trace: Any) -> Any:
        """E[log_prob(X)], given E[log det X] and E[tr(V^-1 X)]; log_prob itself, given those of one matrix."""
        p = self._event_shape[-1]
        power = (self.df - p - 1) / 2
        return power * log_det - trace / 2 - self.df * self.half_log_det() - multigammaln(self.df / 2, p)

    def mean_log_det(self) -> Any:
        """E[log det X]."""
        terms = digamma((self.df / 2).unsqueeze(-1) - arange(self._event_shape[-1], dtype=self._lower.dtype) / 2)
        return terms.sum(-1) + 2 * self.half_log_det()

    def entropy(self) -> Any:
        return -self.expected_log_prob(self.mean_log_det(), self.df * self._event_shape[-1])

    @property
    def _natural_params(self) -> Any:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        p = self._event_shape[-1]
        half = y + (p + 1) / 2
        return half * (p * math.log(2) - slogdet(-2 * x).logabsdet) + multigammaln(half, p)

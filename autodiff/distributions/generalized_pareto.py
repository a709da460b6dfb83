"""The generalised Pareto distribution: what is above a high threshold, with a tail as heavy as one likes."""

from __future__ import annotations

import math
from typing import Any

from autodiff.api.comparison import isclose, where
from autodiff.api.likes import zeros_like
from autodiff.api.sampling import rand
from autodiff.distributions import constraints
from autodiff.distributions._shared import broadcast_all
from autodiff.distributions.distribution import Distribution

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """P(X > x) = (1 + c z)**(-1 / c), with z = (x - loc) / scale and the concentration c; exp(-z) where c is 0.

    With a negative c the values end at loc - scale / c. The mean is nan where c >= 1, the variance where c >= 1/2.

    >>> import autodiff as torch
    >>> torch.distributions.GeneralizedPareto(torch.tensor([0.0]), 1.0, 0.5).cdf(torch.tensor([2.0]))
    tensor([0.7500])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(GeneralizedPareto, batch_shape, _instance, "loc", "scale", "concentration")

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From loc, to loc - scale / concentration where that is negative."""
        c = self.concentration
        return constraints.interval(self.loc, where(c < 0, self.loc - self.scale / c, math.inf))

    def _flat(self) -> tuple[Any, Any]:
        """Whether the concentration is 0, and the concentration, or 1 where it is."""
        flat = isclose(self.concentration, zeros_like(self.concentration))
        return flat, where(flat, 1.0, self.concentration)

    @property
    def mean(self) -> Any:
        """The mean."""
        c = self.concentration
        return where(c < 1, self.loc + self.scale / (1 - where(c < 1, c, 0.5)), math.nan)

    @property
    def mode(self) -> Any:
        """The likeliest value, unless the concentration is below -1."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The variance."""
        finite = self.concentration < 0.5
        c = where(finite, self.concentration, 0.25)
        return where(finite, self.scale.pow(2) / ((1 - c).pow(2) * (1 - 2 * c)), math.nan)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        z = (value - self.loc) / self.scale
        flat, c = self._flat()
        power = 1 / c + 1
        # With c = -1, a uniform distribution, the last value would be 0 times infinity.
        return -self.scale.log() - where(flat, z, where(power == 0, 0.0, power * (c * z).log1p()))

    def log_survival_function(self, value: Any) -> Any:
        """log P(X > value)."""
        self._validate_sample(value)
        z = (value - self.loc) / self.scale
        flat, c = self._flat()
        return where(flat, -z, -(c * z).log1p() / c)

    def log_cdf(self, value: Any) -> Any:
        """log P(X <= value)."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Any) -> Any:
        return -self.log_survival_function(value).expm1()

    def icdf(self, value: Any) -> Any:
        flat, c = self._flat()
        log_rest = (-value).log1p()
        return self.loc + self.scale * where(flat, -log_rest, (-c * log_rest).expm1() / c)

    def entropy(self) -> Any:
        return self.scale.log() + self.concentration + 1

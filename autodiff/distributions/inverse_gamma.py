"""The inverse gamma distribution: 1 / x for x of a gamma distribution."""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.refusals import at_the_door
from autodiff.distributions import constraints
from autodiff.distributions.gamma import Gamma
from autodiff.distributions.transformed_distribution import TransformedDistribution
from autodiff.distributions.transforms import PowerTransform

__all__ = ["InverseGamma"]


class InverseGamma(TransformedDistribution):
    """1 / x for x of Gamma(concentration, rate).

    >>> import autodiff as torch
    >>> torch.distributions.InverseGamma(torch.tensor([3.0]), torch.tensor([2.0])).mean
    tensor([1.])
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True

    @at_the_door
    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        super().__init__(base, PowerTransform(-base.rate.new_ones(())), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return super().expand(batch_shape, _instance=self._get_checked_instance(InverseGamma, _instance))

    @property
    def concentration(self) -> Any:
        """The gamma distribution's."""
        return self.base_dist.concentration

    @property
    def rate(self) -> Any:
        """The gamma distribution's."""
        return self.base_dist.rate

    @property
    def mean(self) -> Any:
        """The mean."""
        result = self.rate / (self.concentration - 1)
        return result.where(self.concentration > 1, math.inf)

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Any:
        """The variance."""
        result = self.rate.square() / ((self.concentration - 1).square() * (self.concentration - 2))
        return result.where(self.concentration > 2, math.inf)

    def entropy(self) -> Any:
        a = self.concentration
        return a + self.rate.log() + a.lgamma() - (1 + a) * a.digamma()

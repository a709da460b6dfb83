"""The Cauchy distribution: the ratio of two normal numbers, whose tails are so heavy that it has no mean."""

from __future__ import annotations

import math
from typing import Any

from autodiff.distributions._loc_scale import LocScale

__all__ = ["Cauchy"]


class Cauchy(LocScale):
    """1 / (pi * scale * (1 + ((x - loc) / scale)**2)).

    >>> import autodiff as torch
    >>> torch.distributions.Cauchy(torch.tensor([0.0]), torch.tensor([1.0])).log_prob(torch.tensor([0.0]))
    tensor([-1.1447])
    """

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.loc.new_full(self._extended_shape(), math.nan)

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.loc.new_full(self._extended_shape(), math.inf)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.loc + self.loc.new_empty(self._extended_shape(sample_shape)).cauchy_() * self.scale

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return -math.log(math.pi) - self.scale.log() - ((value - self.loc) / self.scale).pow(2).log1p()

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        return ((value - self.loc) / self.scale).atan() / math.pi + 0.5

    def icdf(self, value: Any) -> Any:
        return (math.pi * (value - 0.5)).tan() * self.scale + self.loc

    def entropy(self) -> Any:
        return math.log(4 * math.pi) + self.scale.log()

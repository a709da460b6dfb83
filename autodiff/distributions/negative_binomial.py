"""The negative binomial distribution: how many trials succeed before `total_count` have failed."""

from __future__ import annotations

from typing import Any

from autodiff._core.modes import no_grad
from autodiff.api.draws import poisson
from autodiff.api.with_out import logsigmoid
from autodiff.distributions import constraints
from autodiff.distributions._shared import lazy
from autodiff.distributions._trial import Trial
from autodiff.distributions.distribution import Distribution
from autodiff.distributions.gamma import Gamma

__all__ = ["NegativeBinomial"]


class NegativeBinomial(Trial, Distribution):
    """Gamma(n + k) / (Gamma(n) k!) * (1 - p)**n * p**k, n being total_count, which need not be whole.

    >>> import autodiff as torch
    >>> torch.distributions.NegativeBinomial(torch.tensor([3.0]), torch.tensor([0.5])).mean
    tensor([3.])
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0), "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(self._give_several(total_count, probs, logits), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(NegativeBinomial, batch_shape, _instance, "total_count", "probs", "logits")

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.mean / (-self.logits).sigmoid()

    @lazy
    def _gamma(self) -> Any:
        return Gamma(concentration=self.total_count, rate=(-self.logits).exp(), validate_args=False)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return poisson(self._gamma.sample(sample_shape=sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        unnormalised = self.total_count * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        normaliser = -(self.total_count + value).lgamma() + (1.0 + value).lgamma() + self.total_count.lgamma()
        normaliser = normaliser.masked_fill(self.total_count + value == 0.0, 0.0)
        return unnormalised - normaliser

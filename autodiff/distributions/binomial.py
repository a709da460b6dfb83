"""The binomial distribution: how many of several trials succeed."""

from __future__ import annotations

from typing import Any

from autodiff._core.modes import no_grad
from autodiff.api.draws import binomial
from autodiff.api.ranges import arange
from autodiff.distributions import constraints
from autodiff.distributions._trial import Trial
from autodiff.distributions.distribution import Distribution

__all__ = ["Binomial"]


class Binomial(Trial, Distribution):
    """n! / (k! (n - k)!) * p**k * (1 - p)**(n - k), n being total_count; ValueError unless probs or logits is given, not both.

    >>> import autodiff as torch
    >>> torch.distributions.Binomial(4, torch.tensor([0.5])).log_prob(torch.tensor([4.0]))
    tensor([-2.7726])
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer, "probs": constraints.unit_interval, "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(self._give_several(total_count, probs, logits), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Binomial, batch_shape, _instance, "total_count", "probs", "logits")

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """From 0 to total_count."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        n = self.total_count
        ways = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        # -log(1 - p) = max(logits, 0) + log(1 + exp(-|logits|)), without overflow; max as a mean has its slope at 0, 1/2
        size = self.logits.abs()
        normaliser = n * ((self.logits + size) / 2 + (-size).exp().log1p())
        return value * self.logits + ways - normaliser

    def entropy(self) -> Any:
        n = int(self.total_count.max())
        if not self.total_count.min() == n:
            raise NotImplementedError("Inhomogeneous total count not supported by `entropy`.")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Any:
        n = int(self.total_count.max())
        if not self.total_count.min() == n:
            raise NotImplementedError("Inhomogeneous total count not supported by `enumerate_support`.")
        values = arange(1 + n, dtype=self._param.dtype).view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1, *self._batch_shape)) if expand else values

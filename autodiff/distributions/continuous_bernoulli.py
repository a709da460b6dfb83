"""The continuous Bernoulli distribution: a number from 0 to 1 with the density that binary cross entropy stands for."""

from __future__ import annotations

import math
from typing import Any

from autodiff.api.comparison import where
from autodiff.api.sampling import rand
from autodiff.distributions import constraints
from autodiff.distributions._shared import binary_nll, broadcast_all, clamp_probs, lazy, logits_to_probs
from autodiff.distributions._trial import Trial
from autodiff.distributions.exp_family import ExponentialFamily

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(Trial, ExponentialFamily):
    """C(p) p**x (1 - p)**(1 - x) for x from 0 to 1, with C(p) = 2 atanh(1 - 2p) / (1 - 2p).

    p is `probs`, or sigmoid(`logits`): not a probability, nor the mean. Between the two `lims`, where both parts of C vanish,
    series stand for the formulas. ValueError unless exactly one of probs and logits is given. Source: Loaiza-Ganem and
    Cunningham 2019.

    >>> import autodiff as torch
    >>> torch.distributions.ContinuousBernoulli(torch.tensor([0.25])).mean
    tensor([0.4102])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self, probs: Any = None, logits: Any = None, lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        batch_shape, self._lims = self._give(probs, logits), lims
        if probs is not None:
            checked = validate_args is not None or self._validate_args
            if checked and not self.arg_constraints["probs"].check(self.probs).all():
                raise ValueError(f"The parameter probs has invalid values: it must be from 0 to 1, found\n{probs}")
            self.probs = clamp_probs(self.probs)
        super().__init__(batch_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(ContinuousBernoulli, batch_shape, _instance, "probs", "logits")
        new._lims = self._lims
        return new

    @lazy
    def probs(self) -> Any:
        """p."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _apart(self) -> tuple[Any, Any, Any]:
        """Whether p is apart from 1/2, p itself or a number that is, and log(1 - p) - log(p) of that."""
        apart = (self.probs <= self._lims[0]) | (self.probs > self._lims[1])
        p = where(apart, self.probs, self._lims[0])
        return apart, p, (-p).log1p() - p.log()

    def _log_constant(self) -> Any:
        """log C(p)."""
        apart, p, log_odds = self._apart()
        x = (self.probs - 0.5).pow(2)
        series = math.log(2) + (4 / 3 + 104 / 45 * x) * x
        return where(apart, log_odds.abs().log() - (1 - 2 * p).abs().log(), series)

    @property
    def mean(self) -> Any:
        """The mean."""
        apart, p, log_odds = self._apart()
        x = self.probs - 0.5
        return where(apart, p / (2 * p - 1) + 1 / log_odds, 0.5 + (1 / 3 + 16 / 45 * x.pow(2)) * x)

    @property
    def variance(self) -> Any:
        """The variance."""
        apart, p, log_odds = self._apart()
        x = (self.probs - 0.5).pow(2)
        return where(apart, p * (p - 1) / (1 - 2 * p).pow(2) + 1 / log_odds.pow(2), 1 / 12 - (1 / 15 - 128 / 945 * x) * x)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.probs.dtype))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return self._log_constant() - binary_nll(logits, value)

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        apart, p, _ = self._apart()
        inside = where(apart, (p.pow(value) * (1 - p).pow(1 - value) + p - 1) / (2 * p - 1), value)
        return where(value <= 0, 0.0, where(value >= 1, 1.0, inside))

    def icdf(self, value: Any) -> Any:
        apart, p, log_odds = self._apart()
        return where(apart, ((-p).log1p() - (value * (2 * p - 1) - p).log1p()) / log_odds, value)

    def expected_loss(self, mean: Any) -> Any:
        """E[-log_prob(x)], which the mean of x decides."""
        log_rest = (-self.probs).log1p()
        return mean * (log_rest - self.probs.log()) - self._log_constant() - log_rest

    def entropy(self) -> Any:
        return self.expected_loss(self.mean)

    @property
    def _natural_params(self) -> Any:
        return (self.logits,)

    def _log_normalizer(self, x: Any) -> Any:
        apart = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        cut = where(apart, x, self._lims[0] - 0.5)
        return where(apart, (cut.expm1() / cut).log(), x / 2 + x.pow(2) / 24 - x.pow(4) / 2880)

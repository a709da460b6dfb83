"""The geometric distribution: how many trials fail before the first that succeeds."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.modes import no_grad
from autodiff.distributions import constraints
from autodiff.distributions._shared import binary_nll, broadcast_all
from autodiff.distributions._trial import Trial
from autodiff.distributions.distribution import Distribution

__all__ = ["Geometric"]


class Geometric(Trial, Distribution):
    """(1 - probs)**k * probs for k = 0, 1, 2, ...; ValueError unless exactly one of probs and logits is given.

    >>> import autodiff as torch
    >>> torch.distributions.Geometric(torch.tensor([0.5])).log_prob(torch.tensor([1.0]))
    tensor([-1.3863])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(self._give(probs, logits), validate_args=validate_args)
        if self._validate_args and probs is not None and not (self.probs > 0).all():
            raise ValueError(
                f"Expected parameter probs (Tensor of shape {tuple(self.probs.shape)}) of distribution {self!r} to be positive "
                f"but found invalid values:\n{self.probs}"
            )

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Geometric, batch_shape, _instance, "probs", "logits")

    @property
    def mean(self) -> Any:
        """The mean."""
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        return self.probs.new_zeros(self.probs.shape)

    @property
    def variance(self) -> Any:
        """The variance."""
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        tiny = float(np.finfo(self.probs._array.dtype).tiny)
        with no_grad():
            u = self.probs.new_empty(shape).uniform_(tiny, 1)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        of_failures = probs.masked_fill(value == 0, 0)  # no failure: 0, also where the chance of one is 0
        return value * (-of_failures).log1p() + self.probs.log()

    def entropy(self) -> Any:
        return binary_nll(self.logits, self.probs) / self.probs

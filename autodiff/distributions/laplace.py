"""The Laplace distribution: two exponential ones, back to back."""

from __future__ import annotations

from typing import Any

from autodiff.distributions._loc_scale import LocScale
from autodiff.distributions._shared import eps_of

__all__ = ["Laplace"]


class Laplace(LocScale):
    """exp(-|x - loc| / scale) / (2 * scale).

    >>> import autodiff as torch
    >>> torch.distributions.Laplace(torch.tensor([0.0]), torch.tensor([1.0])).log_prob(torch.tensor([1.0]))
    tensor([-1.6931])
    """

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The variance."""
        return 2 * self.scale.pow(2)

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return 2**0.5 * self.scale

    def rsample(self, sample_shape: Any = ()) -> Any:
        u = self.loc.new_empty(self._extended_shape(sample_shape)).uniform_(eps_of(self.loc) - 1, 1)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        return 0.5 - 0.5 * (value - self.loc).sign() * (-(value - self.loc).abs() / self.scale).expm1()

    def icdf(self, value: Any) -> Any:
        term = value - 0.5
        return self.loc - self.scale * term.sign() * (-2 * term.abs()).log1p()

    def entropy(self) -> Any:
        return 1 + (2 * self.scale).log()

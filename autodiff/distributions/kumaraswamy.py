"""The Kumaraswamy distribution, which is nearly a beta distribution and has a simple distribution function."""

from __future__ import annotations

from typing import Any

from autodiff._core.refusals import at_the_door
from autodiff.api.likes import ones_like, zeros_like
from autodiff.distributions import constraints
from autodiff.distributions._shared import broadcast_all
from autodiff.distributions.gumbel import EULER
from autodiff.distributions.transformed_distribution import TransformedDistribution
from autodiff.distributions.transforms import AffineTransform, PowerTransform
from autodiff.distributions.uniform import Uniform

__all__ = ["Kumaraswamy"]


class Kumaraswamy(TransformedDistribution):
    """(1 - u**(1 / concentration0))**(1 / concentration1) for u uniform.

    >>> import autodiff as torch
    >>> torch.distributions.Kumaraswamy(torch.tensor([1.0]), torch.tensor([1.0])).mean
    tensor([0.5000])
    """

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    @at_the_door
    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        low, high = zeros_like(self.concentration0), ones_like(self.concentration0)
        transforms = [
            PowerTransform(exponent=self.concentration0.reciprocal()), AffineTransform(loc=1.0, scale=-1.0),
            PowerTransform(exponent=self.concentration1.reciprocal()),
        ]
        super().__init__(Uniform(low, high, validate_args=validate_args), transforms, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Kumaraswamy, _instance)
        new.concentration1 = self.concentration1.expand(batch_shape)
        new.concentration0 = self.concentration0.expand(batch_shape)
        return super().expand(batch_shape, _instance=new)

    def _moment(self, n: int) -> Any:
        arg = 1 + n / self.concentration1
        b = self.concentration0
        return (arg.lgamma() + b.lgamma() - (arg + b).lgamma()).exp() * b

    @property
    def mean(self) -> Any:
        """The mean."""
        return self._moment(1)

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        a, b = self.concentration1, self.concentration0
        found = ((a - 1) / (a * b - 1)) ** a.reciprocal()
        at_an_end = (a < 1) | (b < 1)
        return found.masked_fill(at_an_end, float("nan"))

    @property
    def variance(self) -> Any:
        """The variance."""
        return self._moment(2) - self.mean.pow(2)

    def entropy(self) -> Any:
        a, b = self.concentration1, self.concentration0
        harmonic = (b + 1).digamma() + EULER
        return (1 - b.reciprocal()) + (1 - a.reciprocal()) * harmonic - a.log() - b.log()

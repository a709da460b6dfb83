"""The Gumbel distribution: the largest of many exponential numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.refusals import at_the_door
from autodiff.distributions import constraints
from autodiff.distributions._shared import broadcast_all
from autodiff.distributions.transformed_distribution import TransformedDistribution
from autodiff.distributions.transforms import AffineTransform, ExpTransform
from autodiff.distributions.uniform import Uniform

__all__ = ["Gumbel"]

EULER = 0.57721566490153286060


class Gumbel(TransformedDistribution):
    """loc - scale * log(-log(u)) for u uniform.

    >>> import autodiff as torch
    >>> torch.distributions.Gumbel(torch.tensor([0.0]), torch.tensor([1.0])).mean
    tensor([0.5772])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real

    @at_the_door
    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        info = np.finfo(self.loc._array.dtype)
        low, high = float(info.tiny), float(1 - info.eps)
        plain = isinstance(loc, (int, float)) and isinstance(scale, (int, float))
        base = Uniform(low, high, validate_args=validate_args) if plain else Uniform(
            self.loc.new_full(self.loc.shape, low), self.loc.new_full(self.loc.shape, high), validate_args=validate_args
        )
        ones = self.scale.new_ones(self.scale.shape)
        transforms = [
            ExpTransform().inv, AffineTransform(loc=0, scale=-ones), ExpTransform().inv,
            AffineTransform(loc=loc, scale=-self.scale),
        ]
        super().__init__(base, transforms, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(Gumbel, _instance)
        new.loc, new.scale = self.loc.expand(batch_shape), self.scale.expand(batch_shape)
        return super().expand(batch_shape, _instance=new)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - self.scale.log()

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        return self.loc

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.stddev.pow(2)

    def entropy(self) -> Any:
        return self.scale.log() + (1 + EULER)

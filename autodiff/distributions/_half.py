"""The half of a distribution that is the same on both sides of 0: of |x| instead of x.

After this module a reader knows that all of it follows from the whole: each density is twice as high.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff.distributions import constraints
from autodiff.distributions.transformed_distribution import TransformedDistribution
from autodiff.distributions.transforms import AbsTransform

__all__ = ["Half"]


class Half(TransformedDistribution):
    """|x| for x of `whole`, a distribution around 0 with a scale."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, whole: Any, validate_args: bool | None) -> None:
        super().__init__(whole, AbsTransform(), validate_args=validate_args)

    @property
    def scale(self) -> Any:
        """The scale of the whole."""
        return self.base_dist.scale

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        return self.scale.new_zeros(self.scale.shape)

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob: Any) -> Any:
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)

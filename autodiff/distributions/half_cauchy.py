"""The half-Cauchy distribution: the absolute value of a Cauchy number."""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.refusals import at_the_door
from autodiff.api.creation import as_tensor
from autodiff.distributions._half import Half
from autodiff.distributions.cauchy import Cauchy

__all__ = ["HalfCauchy"]


class HalfCauchy(Half):
    """|x| for x of a Cauchy distribution around 0.

    >>> import autodiff as torch
    >>> torch.distributions.HalfCauchy(torch.tensor([1.0])).icdf(torch.tensor([0.5]))
    tensor([1.])
    """

    @at_the_door
    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0, scale, validate_args=False), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return super().expand(batch_shape, _instance=self._get_checked_instance(HalfCauchy, _instance))

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.scale.new_full(self._extended_shape(), math.inf)

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.base_dist.variance

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        value = as_tensor(value, dtype=self.scale.dtype)
        return (self.base_dist.log_prob(value) + math.log(2)).where(value >= 0, -math.inf)

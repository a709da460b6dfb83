"""What the distributions of loc + scale * noise have in common: their parameters, and a peak in the middle.

After this module a reader knows that such a distribution is one noise, moved and stretched.
"""

from __future__ import annotations

from typing import Any

from autodiff.distributions import constraints
from autodiff.distributions._shared import broadcast_all
from autodiff.distributions.distribution import Distribution


class LocScale(Distribution):
    """The distribution of loc + scale * noise, for a symmetric noise over all numbers, with its peak at 0."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(LocScale, batch_shape, _instance, "loc", "scale")

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        return self.loc

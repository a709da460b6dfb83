"""A chance of success as a parameter, given as `probs` or as `logits`.

After this module a reader knows that the two say the same, p and log(p / (1 - p)), and that the one that was not given is
computed when it is first asked for.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.refusals import at_the_door
from autodiff._core.types import Size
from autodiff.distributions._shared import broadcast_all, chosen, lazy, logits_to_probs, probs_to_logits

__all__ = ["Trial"]


class Trial:
    """What the distributions of trials share. It stands before the class that makes a distribution of it."""

    total_count: Any

    @at_the_door
    def _give(self, probs: Any, logits: Any) -> Size:
        """Keep the one that is given, and return the shape of the batch; ValueError unless exactly one is."""
        chosen(probs, logits)
        given = probs if probs is not None else logits
        (param,) = broadcast_all(given)
        setattr(self, "probs" if probs is not None else "logits", param)
        return Size() if isinstance(given, (int, float)) else param.size()

    @at_the_door
    def _give_several(self, total_count: Any, probs: Any, logits: Any) -> Size:
        """The same, with a number of trials."""
        chosen(probs, logits)
        total_count, param = broadcast_all(total_count, probs if probs is not None else logits)
        self.total_count = total_count.type_as(param)
        setattr(self, "probs" if probs is not None else "logits", param)
        return param.size()

    @lazy
    def logits(self) -> Any:
        """log(p / (1 - p))."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy
    def probs(self) -> Any:
        """The chance of success of each trial."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def _param(self) -> Any:
        return self.__dict__["probs"] if "probs" in self.__dict__ else self.__dict__["logits"]

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return Size(self._param.size())

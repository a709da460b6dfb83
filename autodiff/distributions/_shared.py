"""What the distributions share: parameters of one shape, and probabilities and their logarithms from one another.

After this module a reader knows what logits are: log(p / (1 - p)) of one chance, log p up to a constant of several.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Number
from typing import Any

import numpy as np

from autodiff._core.modes import enable_grad
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor
from autodiff.api.creation import tensor
from autodiff.api.losses import binary_cross_entropy_with_logits
from autodiff.api.rearrange import broadcast_tensors

__all__ = ["binary_nll", "broadcast_all", "chosen", "clamp_probs", "eps_of", "lazy", "logits_to_probs", "probs_to_logits"]


@at_the_door
def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Numbers and tensors as tensors of one shape; numbers get the dtype of the first tensor, or the default one."""
    if not all(isinstance(v, (Tensor, Number)) for v in values):
        raise ValueError("Input arguments must all be instances of Number, Tensor or objects implementing __torch_function__.")
    first = next((v for v in values if isinstance(v, Tensor)), None)
    dtype = None if first is None else first.dtype
    made = [v if isinstance(v, Tensor) else tensor(float(v), dtype=dtype) for v in values]
    return tuple(broadcast_tensors(*made))


def eps_of(t: Tensor) -> float:
    """The distance from 1 to the next number of its dtype."""
    return float(np.finfo(t._array.dtype).eps)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities that are neither 0 nor 1, so that their logarithms are finite."""
    eps = eps_of(probs)
    return probs.clamp(min=eps, max=1 - eps)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """sigmoid of the logits of one chance each, softmax of those of several."""
    return logits.sigmoid() if is_binary else logits.softmax(dim=-1)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """log(p) - log(1 - p) of one chance each, log(p) of several."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


def binary_nll(logits: Tensor, value: Tensor) -> Tensor:
    """-log of the chance of value, 0 or 1, without a reduction."""
    return binary_cross_entropy_with_logits(logits, value, reduction="none")


class lazy:
    """A property that is computed when it is first asked for, and kept: with its graph, even when that was under no_grad()."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped, self.__doc__ = wrapped, wrapped.__doc__
        self.name = wrapped.__name__

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = instance.__dict__[self.name] = self.wrapped(instance)
        return value


def chosen(probs: Any, logits: Any) -> None:
    """ValueError unless exactly one of the two is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")

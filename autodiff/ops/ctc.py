"""One step of connectionist temporal classification: from where on a text one is, to where one is a frame later.

After this module a reader knows that a place of the text is reached from itself, from the one before, and, past a blank, from
the one before that; and that the share of each in the sum is its share of the gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff.ops.exponential import exp
from autodiff.ops.grid import scaled
from autodiff.ops.padding import constant_pad

NEVER = -1e30  # the logarithm of a probability of nothing: finite, so that the share of such in a sum of such is a number


def _moved(x: Any, by: int, filler: float) -> Any:
    """x, each row `by` places further on."""
    return constant_pad(x, pads=((0, 0), (by, -by)), value=filler)


def _shares(g: Any, y: Any, alpha: Any, skips: Any) -> Any:
    """What each place gets of the gradients of the places that are reached from it."""
    stay = g * exp(alpha - y)
    one = g * exp(_moved(alpha, 1, NEVER) - y)
    # Where nothing skips, the difference may be large: it is made 0 before it is exponentiated.
    two = scaled(g * exp(scaled(_moved(alpha, 2, NEVER) - y, by=skips)), by=skips)
    return stay + _moved(one, -1, 0.0) + _moved(two, -2, 0.0)


@primitive(
    lambda g, y, alpha, skips: _shares(g, y, alpha, skips),
    name="CtcLoss",
    says="Each place shares its gradient among those that it is reached from, by their part in its probability.",
)
def ctc_step(alpha, *, skips):
    """log(e**alpha[j] + e**alpha[j-1] + e**alpha[j-2] where skips): the logarithm of the probability to come to place j."""
    one, two = (constant_pad.operation.forward(alpha, pads=((0, 0), (n, -n)), value=NEVER) for n in (1, 2))
    reached = np.logaddexp(alpha, one)
    return np.logaddexp(reached, np.where(skips > 0, two, NEVER), out=reached)

"""Filling and copying: what is written into a tensor's memory in place of its values.

After this module a reader knows that the old values have a gradient too, zero, so that requires_grad stays as it was.
"""

from __future__ import annotations

import numpy as np

from autodiff._core.graph import flat, primitive


@primitive(
    flat,
    lambda g: g,
    name="CopyBackwards",
    says="What is overwritten no longer matters and gets zero; what is copied there gets g.",
)
def copy(x, v):
    """v, broadcast to x's shape and cast to x's dtype."""
    try:
        return np.broadcast_to(v, x.shape).astype(x.dtype)
    except ValueError:
        raise RuntimeError(
            f"The size of the source {list(v.shape)} can't be expanded to the shape {list(x.shape)} that is written to"
        ) from None


@primitive(flat, name="ZeroBackward0", says="Zero is zero whatever stood there before: nothing passes.")
def zero(input):
    """Zeros of the input's shape."""
    return np.zeros_like(input)


@primitive(
    flat,
    lambda g: g,
    name="FillBackward3",
    says="What is overwritten no longer matters and gets zero; the value gets the sum over all places it fills.",
)
def fill(x, value):
    """The value, in x's shape and dtype."""
    return np.full(x.shape, value, x.dtype)


@primitive(flat, name="Random", says="A random number does not depend on what stood there before: nothing passes.")
def drawn(x, *, values):
    """The values that were drawn, in place of x: they do not depend on it."""
    return values.astype(x.dtype, copy=False)

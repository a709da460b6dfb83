"""The diagonal of a matrix and the triangles on its two sides: taken out, put in, summed.

After this module a reader knows that the gradient of a part is that part of a matrix of zeros.
"""

from __future__ import annotations

import numpy as np

from autodiff._core.broadcast import expanded, widened
from autodiff._core.graph import primitive


@primitive(
    lambda g, diagonal: tril(g, diagonal=diagonal),
    name="Tril",
    says="What was kept gets its gradient; what was made zero gets none.",
)
def tril(x, *, diagonal):
    """x with zeros above the diagonal."""
    return np.tril(x, diagonal)


@primitive(
    lambda g, diagonal: triu(g, diagonal=diagonal),
    name="Triu",
    says="What was kept gets its gradient; what was made zero gets none.",
)
def triu(x, *, diagonal):
    """x with zeros below the diagonal."""
    return np.triu(x, diagonal)


@primitive(
    lambda g, offset, a, b, x_shape: on_diagonal(g, offset=offset, a=a, b=b, shape=x_shape),
    name="Diagonal",
    view=True,
    says="The diagonal gets its gradient back in its place; the rest of the matrix gets zero.",
)
def diagonal(x, *, offset, a, b):
    """The diagonal of x: of two dimensions, as the last dimension, a view."""
    seen = np.diagonal(x, offset, a, b)
    seen.flags.writeable = x.flags.writeable
    return seen


@primitive(
    lambda g, offset, a, b: diagonal(g, offset=offset, a=a, b=b),
    name="DiagonalBackward",
    says="Each number gets the gradient of its place on the diagonal.",
)
def on_diagonal(x, *, offset, a, b, shape):
    """x put on a diagonal in zeros: zeros of `shape`."""
    out = np.zeros(shape, x.dtype)
    seen = np.diagonal(out, offset, a, b)
    seen.flags.writeable = True
    seen[...] = x
    return out


@primitive(
    lambda g, x_shape: on_diagonal(expanded(g, shape=(min(x_shape),)), offset=0, a=0, b=1, shape=x_shape),
    name="Trace",
    says="Only the diagonal is summed: each of its numbers gets g, all others zero.",
)
def trace(x):
    """The sum of the diagonal of a matrix."""
    if x.dtype.kind != "f":
        return np.trace(x, dtype=np.int64)
    return np.trace(widened(x)).astype(x.dtype)

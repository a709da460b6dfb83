"""The sum of a matrix's singular values, whose gradient is the matrix with each of them 1.

After this module a reader knows how the directions of a matrix turn when it changes: by linear equations of matrices, which
have derivatives of every order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff.ops import lapack
from autodiff.ops.matmul import bmm


def _wide(x: Any) -> Any:
    return x.astype(np.float32) if x.dtype.char == "e" else x  # NumPy factorizes no float16


def of_each(g: Any) -> Any:
    """g: for every number of its matrix."""
    return g[..., None, None]


@primitive(
    lambda g, x: of_each(g) * directions(x),
    name="SumBackward1",
    says="A nuclear norm grows fastest where all singular values grow alike: along the same matrix with each of them 1.",
)
def nuclear(x):
    """The sums of the singular values: of a batch of matrices with at least as many rows as columns."""
    return lapack.stretches(_wide(x)).sum(-1).astype(x.dtype, copy=False)


def turned(g: Any, x: Any, q: Any) -> Any:
    """How q = directions(x) turns when x changes by g: within its own columns, and out of them."""
    p, c = bmm(q.mT, x), bmm(q.mT, g)
    return bmm(q, balanced(p, c - c.mT)) + divided(g - bmm(q, c), p)


@primitive(
    lambda g, x, y: turned(g, x, y),
    says="The directions turn with the matrix, faster the smaller its singular values are. That map is its own transpose.",
)
def directions(x):
    """the directions of x: u @ v, where x is u @ s @ v; each of its singular values is 1."""
    u, _, v = lapack.svd(_wide(x))
    return (u @ v).astype(x.dtype, copy=False)


def _axes(p: Any) -> Any:
    """(values, vectors) of a symmetric p; nan where there are none, since a gradient is not refused."""
    try:
        return np.linalg.eigh(p)
    except np.linalg.LinAlgError:
        return np.full(p.shape[:-1], np.nan, p.dtype), np.full(p.shape, np.nan, p.dtype)


def _around(y: Any, z: Any) -> Any:
    """z @ y.T + y.T @ z: the change of p @ y + y @ p with p, backwards."""
    return bmm(z, y.mT) + bmm(y.mT, z)


@primitive(
    lambda g, p, y: -_around(y, balanced(p, g)),
    lambda g, p: balanced(p, g),
    says="The equation is linear in y, so its own solution for g is the gradient.",
)
def balanced(p, c):
    """the y between p and c: p @ y + y @ p = c, for a symmetric p."""
    w, v = _axes(_wide(p))
    with np.errstate(all="ignore"):
        y = v @ ((v.mT @ c @ v) / (w[..., :, None] + w[..., None, :])) @ v.mT
    return y.astype(c.dtype, copy=False)


@primitive(
    lambda g, p: divided(g, p),
    lambda g, p, y: -bmm(y.mT, divided(g, p)),
    says="As with a number: what divides the one divides its gradient, and a larger divisor makes the result smaller.",
)
def divided(b, p):
    """b / p: of matrices, the y with y @ p = b, for a symmetric p."""
    w, v = _axes(_wide(p))
    with np.errstate(all="ignore"):
        y = (b @ v) / w[..., None, :] @ v.mT
    return y.astype(b.dtype, copy=False)

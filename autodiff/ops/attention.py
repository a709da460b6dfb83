"""Attention: each query looks at all keys, and takes of every value as much as it is like that value's key.

After this module a reader knows that attention is two products of matrices with a softmax between them, and what flows back.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.together import together
from autodiff.ops.matmul import bmm
from autodiff.ops.places import blanked
from autodiff.ops.shape import reshape
from autodiff.ops.softmax import softmax, softmax_grad


def by_parts(q: Any, k: Any, v: Any, bias: Any, *, scale: float, kept: Any, dead: Any) -> tuple[Any, ...]:
    """Attention as its definition says it, in ordinary operations."""
    scores = _pairwise(q, reshape(k, shape=_pages(k)).mT) * scale
    scores = scores if bias is None else scores + bias
    # A query that may look at nothing takes nothing: without this it would be 0 / 0.
    scores = scores if dead is None else blanked(scores, mask=_over(dead, scores))
    shares = softmax(scores, axis=scores.ndim - 1)
    shares = shares if dead is None else blanked(shares, mask=_over(dead, scores))
    shares = shares if kept is None else shares * kept
    return (_pairwise(shares, reshape(v, shape=_pages(v))),)


def _pairwise(a: Any, b: Any) -> Any:
    """a @ b, for a in any number of dimensions and b in three."""
    c = bmm(reshape(a, shape=_pages(a)), b)
    return reshape(c, shape=(*a.shape[:-2], *c.shape[-2:]))


def _over(dead: Any, scores: Any) -> Any:
    return np.broadcast_to(dead, scores.shape)


def _gradients(g: Any, needs: Any, q: Any, k: Any, v: Any, bias: Any, scale: float, kept: Any, y1: Any) -> list[Any]:
    """Of the queries, keys, values and bias; y1 are the shares."""
    gy, q3, k3, v3 = (_flat(x) for x in (g[0], q, k, v))
    shares = _flat(y1)
    found: list[Any] = [None] * 4
    passed = shares if kept is None else shares * _flat(kept)
    if needs[2]:
        found[2] = _kernels.matmul(passed.mT, gy).reshape(v.shape)
    if not (needs[0] or needs[1] or needs[3]):
        return found
    d = _kernels.matmul(gy, v3.mT)
    if kept is not None:
        d *= _flat(kept)
    d = softmax_grad.operation.forward(d, shares, axis=2)
    if needs[3]:
        found[3] = d.reshape(y1.shape).copy()
    d *= d.dtype.type(scale)
    if needs[0]:
        found[0] = _kernels.matmul(d, k3).reshape(q.shape)
    if needs[1]:
        found[1] = _kernels.matmul(d.mT, q3).reshape(k.shape)
    return found


def _flat(x: Any) -> Any:
    return x.reshape(_pages(x))


def _pages(x: Any) -> tuple[int, ...]:
    """The shape of x as a batch of matrices."""
    return (math.prod(x.shape[:-2]), *x.shape[-2:])


@together(
    _gradients,
    by_parts,
    name="ScaledDotProductAttention",
    says="g goes to each value by the share it had; a share rises where g agrees with its value, and moves query and key.",
)
def attention(q, k, v, bias, *, scale, kept, dead):
    """softmax(scale * q @ k.T + bias) @ v: with a part of the shares kept (and enlarged), and none for a dead query."""
    scores = _kernels.matmul(_flat(q), _flat(k).mT).reshape(*q.shape[:-1], k.shape[-2])
    scores *= scores.dtype.type(scale)
    if bias is not None:
        scores += bias
    shares = softmax.operation.forward(scores, axis=scores.ndim - 1)
    if dead is not None:
        shares[_over(dead, shares)] = 0
    passed = shares if kept is None else shares * kept
    return _kernels.matmul(_flat(passed), _flat(v)).reshape(*q.shape[:-1], v.shape[-1]), shares

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
from autodiff.ops.places import blanked, masked_fill
from autodiff.ops.shape import reshape
from autodiff.ops.softmax import softmax, softmax_grad


def by_parts(q: Any, k: Any, v: Any, bias: Any, *, scale: float, causal: bool, kept: Any, dead: Any) -> tuple[Any, ...]:
    """Attention as its definition says it, in ordinary operations."""
    scores = _pairwise(q, reshape(k, shape=_pages(k)).mT) * scale
    scores = scores if bias is None else scores + bias
    # What a query may not see is left out, and one that may look at nothing takes nothing: it would be 0 / 0.
    scores = masked_fill(scores, -np.inf, mask=_later(scores)) if causal else scores
    scores = scores if dead is None else blanked(scores, mask=_over(dead, scores))
    shares = softmax(scores, axis=scores.ndim - 1)
    shares = shares if dead is None else blanked(shares, mask=_over(dead, scores))
    shares = shares if kept is None else shares * kept
    return (_pairwise(shares, reshape(v, shape=_pages(v))),)


def _later(scores: Any) -> Any:
    """Where a key comes after its query."""
    return np.broadcast_to(np.triu(np.ones(scores.shape[-2:], bool), 1), scores.shape)


def _pairwise(a: Any, b: Any) -> Any:
    """a @ b, for a in any number of dimensions and b in three."""
    c = bmm(reshape(a, shape=_pages(a)), b)
    return reshape(c, shape=(*a.shape[:-2], *c.shape[-2:]))


def _over(dead: Any, scores: Any) -> Any:
    return np.broadcast_to(dead, scores.shape)


def _gradients(
    g: Any, needs: Any, q: Any, k: Any, v: Any, bias: Any, scale: float, causal: bool, kept: Any, y1: Any
) -> list[Any]:
    """Of the queries, keys, values and bias; y1 are the shares, where the kernel made them in longer rows."""
    if kept is None and not needs[3] and q.dtype.char in "fd":
        found = _kernels.attention_grad(_four(g[0]), _four(q), _four(k), _four(v), y1, scale, causal)
        return [*(d.reshape(x.shape) for d, x in zip(found, (q, k, v), strict=True)), None]
    return _gradients_in_numpy(g[0], needs, q, k, v, scale, kept, y1)


def _gradients_in_numpy(g: Any, needs: Any, q: Any, k: Any, v: Any, scale: float, kept: Any, shares: Any) -> list[Any]:
    """The same where shares are dropped, or the bias learns."""
    gy, q3, k3, v3 = (_flat(x) for x in (g, q, k, v))
    shares = _flat(shares[..., : k.shape[-2]])
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
        found[3] = d.reshape((*q.shape[:-1], k.shape[-2]))
    if needs[0]:
        found[0] = _kernels.matmul(d, k3).reshape(q.shape) * q.dtype.type(scale)
    if needs[1]:
        found[1] = _kernels.matmul(d.mT, q3 * q.dtype.type(scale)).reshape(k.shape)
    return found


def _flat(x: Any) -> Any:
    return x.reshape(_pages(x))


def _pages(x: Any) -> tuple[int, ...]:
    """The shape of x as a batch of matrices."""
    return (math.prod(x.shape[:-2]), *x.shape[-2:])


def _four(x: Any) -> Any:
    """x as (batch, heads, steps, features)."""
    if x.ndim > 4:
        return x.reshape(math.prod(x.shape[:-3]), *x.shape[-3:])
    return x[(None,) * (4 - x.ndim)]


@together(
    _gradients,
    by_parts,
    name="ScaledDotProductAttention",
    says="g goes to each value by the share it had; a share rises where g agrees with its value, and moves query and key.",
)
def attention(q, k, v, bias, *, scale, causal, kept, dead):
    """softmax(scale * q @ k.T + bias) @ v: with a part of the shares kept (and enlarged), and none for a dead query."""
    shape = (*q.shape[:-1], k.shape[-2])
    if kept is None and q.dtype.char in "fd":
        added = None if bias is None else _four(np.broadcast_to(_in_rows(bias, shape), shape))
        y, shares = _kernels.attention(_four(q), _four(k), _four(v), added, scale, causal)
        return y if q.ndim == 4 else np.ascontiguousarray(y).reshape((*q.shape[:-1], v.shape[-1])), shares
    # There are fewer queries' features than scores: it is these that are scaled.
    scores = _kernels.matmul(_flat(q) * q.dtype.type(scale), _flat(k).mT).reshape(shape)
    if bias is not None:
        scores += bias
    if causal:
        scores[_later(scores)] = -np.inf
    shares = softmax.operation.forward(scores, axis=scores.ndim - 1)
    if dead is not None:
        shares[_over(dead, shares)] = 0
    passed = shares if kept is None else shares * kept
    return _kernels.matmul(_flat(passed), _flat(v)).reshape((*q.shape[:-1], v.shape[-1])), shares


def _in_rows(bias: Any, shape: tuple[int, ...]) -> Any:
    """The bias with the numbers of a row one after the other in memory, as the kernel reads them."""
    if bias.shape[-1:] != shape[-1:]:
        bias = np.broadcast_to(bias, (*bias.shape[:-1], shape[-1]))
    return bias if bias.strides[-1] == bias.itemsize else np.ascontiguousarray(bias)

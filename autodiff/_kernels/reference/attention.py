"""Twins of `doors/attention.pxi`: after reading it you know attention, and its way back, as three products and a softmax."""

from __future__ import annotations

import numpy as np

from autodiff._kernels.reference.checks import Array, check_arrays


def attention(q: Array, k: Array, v: Array, bias: Array | None, scale: float, causal: bool) -> tuple[Array, Array]:
    """(softmax(scale * q @ k.T + bias) @ v, the shares): with `causal` query i sees keys 0 to i."""
    check_arrays("attention", q=q, k=k, v=v)
    if bias is not None:
        check_arrays("attention", bias=bias)
    _check(q, k, v)
    with np.errstate(invalid="ignore", over="ignore"):
        scores = q @ k.mT * q.dtype.type(scale)
        if bias is not None:
            scores = scores + bias
        if causal:
            scores = np.where(np.tri(*scores.shape[2:], dtype=np.bool_), scores, -np.inf)
        largest = scores.max(-1, keepdims=True, initial=-np.inf)
        e = np.where(np.isneginf(largest), 0, np.exp(scores - largest, dtype=np.float64))
        total = e.sum(-1, keepdims=True)
        shares = np.asarray(e / np.where(total == 0, 1, total), q.dtype)
        return shares @ v, shares


def attention_grad(
    g: Array, q: Array, k: Array, v: Array, shares: Array, scale: float, causal: bool
) -> tuple[Array, Array, Array]:
    """The gradients of q, k and v from that of the result, and from the shares that `attention` returned."""
    check_arrays("attention_grad", g=g, q=q, k=k, v=v, shares=shares)
    _check(q, k, v)
    if g.shape != (*q.shape[:3], v.shape[3]):
        raise ValueError(f"attention_grad: g has shape {g.shape}, expected the result's, {(*q.shape[:3], v.shape[3])}")
    if shares.shape[:3] != q.shape[:3] or shares.shape[3] < k.shape[2]:
        raise ValueError(f"attention_grad: shares of shape {shares.shape} are not those of {q.shape} queries")
    shares = shares[..., : k.shape[2]]
    with np.errstate(invalid="ignore", over="ignore"):
        d = g @ v.mT
        d = shares * (d - np.multiply(d, shares, dtype=np.float64).sum(-1, keepdims=True)) * scale
        d = d.astype(q.dtype)
        return d @ k, d.mT @ q, shares.mT @ g


def _check(q: Array, k: Array, v: Array) -> None:
    if not q.ndim == k.ndim == v.ndim == 4 or not q.shape[:2] == k.shape[:2] == v.shape[:2]:
        raise ValueError(f"attention: (batch, heads, steps, features) must be alike, got {q.shape}, {k.shape}, {v.shape}")
    if q.shape[3] != k.shape[3] or k.shape[2] != v.shape[2]:
        raise RuntimeError(f"attention: features or keys differ: {q.shape}, {k.shape}, {v.shape}")

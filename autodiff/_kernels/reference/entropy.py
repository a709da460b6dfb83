"""Twins of `loops/entropy.pxi`: after reading it you know the cross entropy with all its options, and its gradient."""

from __future__ import annotations

import numpy as np

from autodiff._kernels.reference.checks import Array, check_cross_entropy, check_cross_entropy_gradient
from autodiff._kernels.reference.softmax import softmax


def _parts(
    x: Array, target: Array, weight: Array | None, ignore_index: int
) -> tuple[Array, Array, Array, Array, float]:
    """Kept rows (bool), a safe target, class weights, the weight of each row, and their sum, the divisor: nan for 0."""
    kept = target != ignore_index
    safe = np.where(kept, target, 0)
    w = np.ones(x.shape[1]) if weight is None else weight.astype(np.float64)
    row = np.where(kept, w[safe], 0.0)
    return kept, safe, w, row, float(row.sum()) or np.nan


def cross_entropy(
    x: Array,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Array:
    """-log softmax(x)[target], per row; smoothing s mixes in (s / C) of the sum over all classes."""
    check_cross_entropy(x, target, weight, label_smoothing, reduction, ignore_index)
    kept, safe, w, row, total = _parts(x, target, weight, ignore_index)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = x.astype(np.float64)
        z -= z.max(axis=1, keepdims=True)
        nll = np.log(np.exp(z).sum(axis=1, keepdims=True)) - z
        loss = (1 - label_smoothing) * row * nll[np.arange(len(x)), safe]
        if label_smoothing:
            loss += label_smoothing / x.shape[1] * (nll * w).sum(axis=1)
        loss = np.where(kept, loss, 0.0)
        if reduction == "none":
            return loss.astype(x.dtype)
        value = loss.sum()
        return np.array(value / total if reduction == "mean" else value, x.dtype)


def cross_entropy_grad(
    g: Array,
    x: Array,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Array:
    """g * d cross_entropy / dx: softmax(x) less the (smoothed, weighted) one-hot target, row by row."""
    check_cross_entropy(x, target, weight, label_smoothing, reduction, ignore_index)
    check_cross_entropy_gradient(g, x, reduction)
    kept, safe, w, row, total = _parts(x, target, weight, ignore_index)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        scale = g.astype(np.float64) / (total if reduction == "mean" else 1.0)
        p = softmax(x.astype(np.float64))
        d = (row * (1 - label_smoothing))[:, None] * p
        d[np.arange(len(x)), safe] -= row * (1 - label_smoothing)
        if label_smoothing:
            d += label_smoothing / x.shape[1] * (p * w.sum() - w)
        d *= scale[:, None] if reduction == "none" else scale
    d[~kept] = 0
    return d.astype(x.dtype)


def cross_entropy_both(
    x: Array,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> tuple[Array, Array]:
    """(cross_entropy, d cross_entropy / dx)."""
    loss = cross_entropy(x, target, weight, ignore_index, label_smoothing, reduction)
    g = np.ones_like(loss)
    return loss, cross_entropy_grad(g, x, target, weight, ignore_index, label_smoothing, reduction)

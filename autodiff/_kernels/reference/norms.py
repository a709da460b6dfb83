"""Twins of `loops/norms.pxi` and `channels.pxi`: after reading it you know the norms, their gradients, and how a mean is kept.

`mean + rest` is the mean: what the array's dtype holds of it, and what it does not; x - mean is exact where all x are near
it. The rate is 1 / sqrt(variance + eps).
"""

from __future__ import annotations

import math

import numpy as np

from autodiff._kernels.reference.checks import Array, check_arrays, check_same
from autodiff._kernels.reference.sums import wide

Axes = tuple[int, ...]
Moments = tuple[Array, Array, Array, Array, Array]
Gradients = tuple[Array | None, Array | None, Array | None]
ROWS: Axes = (1,)
CHANNELS: Axes = (0, 2)


def _check(kernel: str, ndim: int, axes: Axes, x: Array, **others: Array) -> None:
    """Raise what is wrong with x, or with what has a number for each row or channel, or for each column."""
    check_arrays(kernel, x=x, **others)
    if x.ndim != ndim:
        raise ValueError(f"{kernel} works on a {ndim}-D array, got {x.ndim}-D; reshape it first")
    if x.dtype.kind != "f":
        raise TypeError(f"{kernel} needs floating point numbers, got {x.dtype}")
    for name, each in others.items():
        by_rows = axes == ROWS and name not in ("weight", "bias")
        if each.shape != (x.shape[0] if by_rows else x.shape[1],) or each.dtype != x.dtype:
            raise ValueError(f"{kernel}: {name} is {each.dtype} of shape {each.shape} beside an x of {x.dtype} and {x.shape}")


def _beside(each: Array, x: Array, axes: Axes) -> Array:
    """A number for each row or channel, in a shape that fits x."""
    return each.reshape([1 if d in axes else n for d, n in enumerate(x.shape)])


def _count(x: Array, axes: Axes) -> int:
    return max(int(math.prod(x.shape[d] for d in axes)), 1)


def _mean(x: Array, axes: Axes) -> Array:
    return np.asarray(np.sum(x, axis=axes, keepdims=True, dtype=wide(x)) / _count(x, axes))


def _norm(x: Array, weight: Array, bias: Array, axes: Axes, eps: float) -> Moments:
    with np.errstate(invalid="ignore", over="ignore"):
        first = x[:, :1] if axes == ROWS else x[:1, :, :1]
        d = x - first
        m = _mean(d, axes)
        variance = _mean((d - m) ** 2, axes).astype(x.dtype)
        mean = (first + m).astype(x.dtype)
        rest = ((first - mean.astype(wide(x))) + m).astype(x.dtype)
        rate = 1 / np.sqrt(variance + x.dtype.type(eps))
        y = ((x - mean) - rest) * rate * weight + bias
        return y, mean.reshape(-1), rest.reshape(-1), variance.reshape(-1), rate.reshape(-1)


def _normal(x: Array, mean: Array, rest: Array, rate: Array, axes: Axes) -> tuple[Array, Array]:
    """x normalized, and the rate beside it."""
    r = _beside(rate, x, axes)
    return ((x - _beside(mean, x, axes)) - _beside(rest, x, axes)) * r, r


def _norm_grad(
    g: Array, weight: Array, x: Array, mean: Array, rest: Array, rate: Array, axes: Axes, to_x: bool, to_weight: bool
) -> Gradients:
    """r * (u - mean(u) - h * mean(u * h)) for u = g * weight, and the sums of g * h and of g."""
    with np.errstate(invalid="ignore", over="ignore"):
        h, r = _normal(x, mean, rest, rate, axes)
        dx = dw = db = None
        if to_x:
            u = g * weight
            d = u - _mean(u, axes).astype(x.dtype) - h * _mean(u * h, axes).astype(x.dtype)
            dx = np.asarray(r * d, x.dtype)
        if to_weight:
            others = (0,) if axes == ROWS else CHANNELS
            dw, db = (np.asarray(np.add.reduce(each, axis=others, dtype=wide(x)), x.dtype) for each in (g * h, g))
        return dx, dw, db


def layer_norm(x: Array, weight: Array, bias: Array, eps: float) -> Moments:
    """((x - mean) / sqrt(variance + eps) * weight + bias, mean, rest, variance, rate): each row of x by itself."""
    _check("layer_norm", 2, ROWS, x, weight=weight, bias=bias)
    return _norm(x, weight, bias, ROWS, eps)


def layer_norm_grad(
    g: Array, x: Array, weight: Array, mean: Array, rest: Array, rate: Array, to_x: bool = True, to_weight: bool = True
) -> Gradients:
    """(dL/dx, dL/dweight, dL/dbias) of layer_norm, from g = dL/dy; None for x, and for both of the others, if not wanted."""
    check_same("layer_norm_grad", g, x)
    _check("layer_norm_grad", 2, ROWS, x, weight=weight, mean=mean, rest=rest, rate=rate)
    return _norm_grad(g, weight, x, mean, rest, rate, ROWS, to_x, to_weight)


def batch_norm(x: Array, weight: Array, bias: Array, eps: float) -> Moments:
    """((x - mean) / sqrt(variance + eps) * weight + bias, mean, rest, variance, rate): by channels of x (n, c, s)."""
    _check("batch_norm", 3, CHANNELS, x, weight=weight, bias=bias)
    if not x.size:
        nothing = np.zeros((4, x.shape[1]), x.dtype)
        return x.copy(), nothing[0], nothing[1], nothing[2], nothing[3]
    return _norm(x, _beside(weight, x, CHANNELS), _beside(bias, x, CHANNELS), CHANNELS, eps)


def batch_norm_grad(
    g: Array, x: Array, weight: Array, mean: Array, rest: Array, rate: Array, to_x: bool = True, to_weight: bool = True
) -> Gradients:
    """(dL/dx, dL/dweight, dL/dbias) of batch_norm, from g = dL/dy; None for x, and for both of the others, if not wanted."""
    check_same("batch_norm_grad", g, x)
    _check("batch_norm_grad", 3, CHANNELS, x, weight=weight, mean=mean, rest=rest, rate=rate)
    return _norm_grad(g, _beside(weight, x, CHANNELS), x, mean, rest, rate, CHANNELS, to_x, to_weight)


def channel_sums(x: Array) -> Array:
    """The sum over each channel of x (n, c, s)."""
    _check("channel_sums", 3, CHANNELS, x)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.sum(x, axis=CHANNELS, dtype=wide(x)), x.dtype)

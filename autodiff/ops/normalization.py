"""Normalizing: numbers brought to mean 0 and variance 1, in rows (layer norm), channels (batch norm) or groups of channels.

After this module a reader knows that these are one operation over other dimensions, and why its gradient has three parts: what
comes in, less its mean, less what would only change the scale. Mean and variance are computed once, and kept for backward.

Note [Moments]: the mean is kept as its distance from the first number. Numbers around 10,000 that differ by 1 have a mean of
which a float holds three digits behind the point; of its distance from one of them it holds seven.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.broadcast import sum_to, widened
from autodiff._core.graph import primitive
from autodiff.ops.power import rsqrt
from autodiff.ops.reduce import count, mean_over
from autodiff.ops.shape import reshape
from autodiff.ops.statistics import deviations, var_over


def _firsts(x: Any, axes: tuple[int, ...]) -> Any:
    """The first number of each row that is normalized, in a dimension of size 1."""
    return x[tuple(slice(0, 1) if d in axes else slice(None) for d in range(x.ndim))]


def _mean(x: Any, axes: tuple[int, ...]) -> Any:
    """The mean over the axes, added up in double; of no numbers it is 0."""
    return np.sum(x, axis=axes, keepdims=True, dtype=np.float64) / count(x.shape, axes)


def _standardized(x: Any, offset: Any, variance: Any, axes: tuple[int, ...], eps: float) -> Any:
    """(x - mean) / sqrt(variance + eps), in double for a double, else in single."""
    return ((x - _firsts(x, axes)) - offset) * (1.0 / np.sqrt(variance + x.dtype.type(eps)))


def _as_given(x: Any, dtype: Any, shape: tuple[int, ...]) -> Any:
    return x.reshape(shape).astype(dtype, copy=False)


# ---- the moments of the numbers themselves ----


@primitive(
    lambda g, x, weight, y1, y2, shape, axes, eps: normalized_grad(
        g[0], x, weight, y1, y2, shape=shape, axes=axes, eps=eps
    ),
    lambda g, x, weight_shape, y1, y2, shape, axes, eps: normalized_weight_grad(
        g[0], x, y1, y2, shape=shape, axes=axes, eps=eps, into=weight_shape
    ),
    lambda g, bias_shape, shape: sum_to(reshape(g[0], shape=shape), shape=bias_shape),
    constants=2,
    name="NativeLayerNorm",
    public="layer_norm",
    says="Moving or stretching all numbers makes no difference after a norm, so what g says of that is left out.",
)
def normalized(x, weight, bias, *, shape, axes, eps):
    """(x - mean) / sqrt(variance + eps) * weight + bias: x seen in `shape`, mean and variance over its `axes`.

    The other two results are for the rules: the means as in Note [Moments], and the variances.
    """
    wide = widened(x).reshape(shape)
    d = wide - _firsts(wide, axes)
    offset = _mean(d, axes)
    centred = d - offset
    variance = _mean(centred * centred, axes).astype(wide.dtype)
    offset = offset.astype(wide.dtype)
    y = (d - offset) * (1.0 / np.sqrt(variance + wide.dtype.type(eps))) * weight + bias
    return _as_given(y, x.dtype, x.shape), offset, variance


@primitive(
    lambda g, x, weight, shape, axes, eps: _change_with_d(g, x, weight, shape, axes, eps),
    lambda g, d, x, weight, shape, axes, eps: _change_with_x(g, d, x, weight, shape, axes, eps),
    lambda g, d, x, weight_shape, shape, axes, eps: _change_with_weight(g, d, x, weight_shape, shape, axes, eps),
    name="NativeLayerNormBackward",
    says="What the norm does to g it does to each change of g too; and the mean and the scale move with the numbers.",
)
def normalized_grad(d, x, weight, offset, variance, *, shape, axes, eps):
    """r * (u - mean(u) - h * mean(u * h)): for u = d * weight, where h is x normalized and r is 1 / sqrt(variance + eps)."""
    wide = widened(x).reshape(shape)
    h = _standardized(wide, offset, variance, axes, eps)
    u = d.reshape(shape) * weight
    mean = _mean(u, axes)
    slant = _mean(u * h, axes)
    dx = (u - mean.astype(wide.dtype) - h * slant.astype(wide.dtype)) * (1.0 / np.sqrt(variance + wide.dtype.type(eps)))
    return _as_given(dx, x.dtype, x.shape)


@primitive(
    lambda g, x, shape, axes, eps: _sum_with_d(g, x, shape, axes, eps),
    lambda g, d, x, shape, axes, eps: _sum_with_x(g, d, x, shape, axes, eps),
    name="NativeLayerNormBackward",
    says="Each d counts as much as the normalized number that it belongs to.",
)
def normalized_weight_grad(d, x, offset, variance, *, shape, axes, eps, into):
    """d · h summed to a shape, where h is x normalized: the gradient of the weight."""
    wide = widened(x).reshape(shape)
    return sum_to.operation.forward(d.reshape(shape) * _standardized(wide, offset, variance, axes, eps), shape=into)


# ---- the same in ordinary operations, for derivatives of derivatives ----


def _rate(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """r = 1 / sqrt(variance + eps)."""
    n = count(x.shape, axes)
    return rsqrt(var_over(x, axes=axes, keepdim=True, denominator=n, inverse=1.0 / n) + eps)


def _normal(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """h: x normalized."""
    return deviations(x, axes) * _rate(x, axes, eps)


def _level(x: Any, axes: tuple[int, ...]) -> Any:
    return mean_over(x, axes=axes, keepdim=True)


def _sloped(v: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """P(v) = r * (v - mean(v) - h * mean(v * h)): the slope of h, which is symmetric, times v."""
    h = _normal(x, axes, eps)
    return _rate(x, axes, eps) * (v - _level(v, axes) - h * _level(v * h, axes))


def _change_with_d(g: Any, x: Any, weight: Any, shape: Any, axes: tuple[int, ...], eps: float) -> Any:
    """r * (g - mean(g) - h * mean(g * h)) * weight: P(g) * weight, in the shape of x."""
    return reshape(_sloped(reshape(g, shape=shape), reshape(x, shape=shape), axes, eps) * weight, shape=x.shape)


def _change_with_x(g: Any, d: Any, x: Any, weight: Any, shape: Any, axes: tuple[int, ...], eps: float) -> Any:
    """What a step of x changes in the sum of g times the slope that d is taken through.

    For u = d * weight it is -r * (h * mean(g * P(u)) + P(g) * mean(u * h) + P(u) * mean(g * h)).
    """
    v, u, x_seen = reshape(g, shape=shape), reshape(d, shape=shape) * weight, reshape(x, shape=shape)
    h, pv, pu = _normal(x_seen, axes, eps), _sloped(v, x_seen, axes, eps), _sloped(u, x_seen, axes, eps)
    parts = h * _level(v * pu, axes) + pv * _level(u * h, axes) + pu * _level(v * h, axes)
    return reshape(-_rate(x_seen, axes, eps) * parts, shape=x.shape)


def _change_with_weight(g: Any, d: Any, x: Any, size: Any, shape: Any, axes: tuple[int, ...], eps: float) -> Any:
    """The sum of d · r · (g − mean(g) − h · mean(g · h)): d * P(g) in the shape of the weight."""
    slopes = _sloped(reshape(g, shape=shape), reshape(x, shape=shape), axes, eps)
    return sum_to(reshape(d, shape=shape) * slopes, shape=size)


def _sum_with_d(g: Any, x: Any, shape: Any, axes: tuple[int, ...], eps: float) -> Any:
    """g * h: in the shape of x."""
    return reshape(g * _normal(reshape(x, shape=shape), axes, eps), shape=x.shape)


def _sum_with_x(g: Any, d: Any, x: Any, shape: Any, axes: tuple[int, ...], eps: float) -> Any:
    """r * (g * d - mean(g * d) - h * mean(g * d * h)): P(g * d), in the shape of x."""
    return reshape(_sloped(g * reshape(d, shape=shape), reshape(x, shape=shape), axes, eps), shape=x.shape)


# ---- moments that are given ----


@primitive(
    lambda g, weight, scale: g * (weight * scale),
    lambda g, x, weight_shape, centre, scale: sum_to(g * ((x - centre) * scale), shape=weight_shape),
    lambda g, bias_shape: sum_to(g, shape=bias_shape),
    name="NativeBatchNorm",
    public="batch_norm",
    says="With a mean and a scale that are given the norm is a straight line, and passes g times its slope.",
)
def rescaled(x, weight, bias, *, centre, scale):
    """(x - centre) * scale * weight + bias: with numbers that do not depend on x."""
    return ((x - centre) * (scale * weight) + bias).astype(x.dtype, copy=False)

"""Normalizing: numbers brought to mean 0 and variance 1, in rows (layer norm), channels (batch norm) or groups of channels.

After this module a reader knows that these are one operation over other dimensions, and why its gradient has three parts:
what comes in, less its mean, less what would only change the scale. Mean and variance are computed once, and kept for backward.

Note [Moments]: a mean is kept in two numbers, what a float holds of it and the rest. Of the mean of numbers around 10,000 a
float holds three digits behind the point, which would be all that is known of numbers that differ by little.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.broadcast import sum_to, widened
from autodiff._core.formats import laid_as
from autodiff._core.graph import primitive
from autodiff._core.together import together
from autodiff.ops.power import rsqrt
from autodiff.ops.reduce import count, mean_over
from autodiff.ops.shape import reshape
from autodiff.ops.statistics import deviations, var_over

NARROW = range(2, 8)  # so few places of a channel: the examples are put side by side first, since a loop is over its places


def _channels(shape: tuple[int, ...], axes: tuple[int, ...]) -> bool:
    """Whether all but the channels are averaged over, as in batch norm; else it is the last dimensions."""
    return 0 in axes and len(axes) < len(shape)


def _seen(x: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """x as the kernels take it: as rows (n, c) where the last dimensions are averaged over, as channels (n, c, s) else."""
    wide = widened(x)
    if not _channels(shape, axes):
        return wide.reshape(math.prod(shape[: axes[0]]), math.prod(shape[axes[0] :]))
    n, c = shape[:2]
    s = math.prod(shape[2:])
    return wide.reshape(n, c, s) if s not in NARROW else wide.reshape(n, c, s).swapaxes(0, 1).reshape(1, c, n * s)


def _as_given(y: Any, x: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """What a kernel made, in the shape and dtype of x."""
    if _channels(shape, axes) and math.prod(shape[2:]) in NARROW:
        y = np.ascontiguousarray(y.reshape(shape[1], shape[0], -1).swapaxes(0, 1))
    return _in_shape(y, x.shape).astype(x.dtype, copy=False)


def _in_shape(y: Any, shape: tuple[int, ...]) -> Any:
    """y in that shape: itself where it has it, since a view's memory is not handed over to a leaf."""
    return y if y.shape == shape else y.reshape(shape)


def _by_column(weight_shape: tuple[int, ...], shape: tuple[int, ...], axes: tuple[int, ...]) -> bool:
    """Whether there is a weight for each column of the rows that are normalized, as in layer norm."""
    return not _channels(shape, axes) and weight_shape == shape[axes[0] :]


def _flat(weight: Any, like: Any) -> Any:
    return np.ascontiguousarray(weight.reshape(-1), like.dtype)


# ---- the moments of the numbers themselves ----


def _gradients(
    g: Any, needs: Any, x: Any, weight: Any, bias: Any, y1: Any, y2: Any, y4: Any, shape: Any, axes: Any, eps: Any
) -> list[Any]:
    """All three of them: the sums over g and over g * h, which that of x needs, too, are those of bias and weight."""
    seen, moments, d = _seen(x, shape, axes), (y1, y2, y4), g[0]
    to_x, to_weight = needs[0], needs[1] or needs[2]
    if not x.size or not (_channels(shape, axes) or _by_column(weight.shape, shape, axes)):
        forward, weight_forward = normalized_grad.operation.forward, normalized_weight_grad.operation.forward
        return [
            forward(d, x, weight, *moments, shape=shape, axes=axes, eps=eps) if to_x else None,
            weight_forward(d, x, *moments, shape=shape, axes=axes, eps=eps, into=weight.shape) if needs[1] else None,
            sum_to.operation.forward(d.reshape(shape), shape=bias.shape) if needs[2] else None,
        ]
    kernel = _kernels.batch_norm_grad if _channels(shape, axes) else _kernels.layer_norm_grad
    dx, dw, db = kernel(_seen(d, shape, axes), seen, _flat(weight, seen), *moments, to_x, to_weight)
    dx = _as_given(dx, x, shape, axes) if to_x else None
    return [dx, _in_shape(dw, weight.shape), _in_shape(db, bias.shape)] if to_weight else [dx, None, None]


@together(
    _gradients,
    lambda x, weight, bias, shape, axes, eps: by_partials(x, weight, bias, shape=shape, axes=axes, eps=eps),
    constants=4,
    name="NativeLayerNorm",
    public="layer_norm",
    says="Moving or stretching all numbers makes no difference after a norm, so what g says of that is left out.",
)
def normalized(x, weight, bias, *, shape, axes, eps):
    """(x - mean) / sqrt(variance + eps) * weight + bias: x seen in `shape`, mean and variance over its `axes`.

    The other results are the means and their rests, as in Note [Moments], the variances, and the rates 1 / sqrt(variance +
    eps).
    """
    seen = _seen(x, shape, axes)
    if not x.size:
        return x.copy(), *np.zeros((4, 0), seen.dtype)
    if _channels(shape, axes):
        y, *moments = _kernels.batch_norm(seen, _flat(weight, seen), _flat(bias, seen), eps)
    elif _by_column(weight.shape, shape, axes):
        y, *moments = _kernels.layer_norm(seen, _flat(weight, seen), _flat(bias, seen), eps)
    else:
        one, zero = np.ones(len(seen), seen.dtype), np.zeros(len(seen), seen.dtype)
        y, *moments = _kernels.batch_norm(seen[None], one, zero, eps)
        y = y.reshape(shape) * weight + bias
    y = _as_given(y, x, shape, axes)
    return y if _by_column(weight.shape, shape, axes) else laid_as(y, x), *moments


# ---- the same with a rule for each input, for derivatives of derivatives ----


@primitive(
    lambda g, x, weight, y1, y2, y4, shape, axes, eps: normalized_grad(
        g[0], x, weight, y1, y2, y4, shape=shape, axes=axes, eps=eps
    ),
    lambda g, x, weight_shape, y1, y2, y4, shape, axes, eps: normalized_weight_grad(
        g[0], x, y1, y2, y4, shape=shape, axes=axes, eps=eps, into=weight_shape
    ),
    lambda g, bias_shape, shape: sum_to(reshape(g[0], shape=shape), shape=bias_shape),
    constants=4,
    name="NativeLayerNorm",
    public="layer_norm",
    says="Moving or stretching all numbers makes no difference after a norm, so what g says of that is left out.",
)
def by_partials(x, weight, bias, *, shape, axes, eps):
    """As `normalized`, of which it is a part."""
    return normalized.operation.forward(x, weight, bias, shape=shape, axes=axes, eps=eps)


@primitive(
    lambda g, x, weight, shape, axes, eps: _change_with_d(g, x, weight, shape, axes, eps),
    lambda g, d, x, weight, shape, axes, eps: _change_with_x(g, d, x, weight, shape, axes, eps),
    lambda g, d, x, weight_shape, shape, axes, eps: _change_with_weight(g, d, x, weight_shape, shape, axes, eps),
    name="NativeLayerNormBackward",
    says="What the norm does to g it does to each change of g too; and the mean and the scale move with the numbers.",
)
def normalized_grad(d, x, weight, mean, rest, rate, *, shape, axes, eps):
    """r * (u - mean(u) - h * mean(u * h)): for u = d * weight, where h is x normalized and r the rate."""
    seen, moments = _seen(x, shape, axes), (mean, rest, rate)
    if not x.size:
        return x.copy()
    if _channels(shape, axes):
        dx = _kernels.batch_norm_grad(_seen(d, shape, axes), seen, _flat(weight, seen), *moments, True, False)[0]
    elif _by_column(weight.shape, shape, axes):
        dx = _kernels.layer_norm_grad(_seen(d, shape, axes), seen, _flat(weight, seen), *moments, True, False)[0]
    else:
        u = (d.reshape(shape) * weight).astype(seen.dtype, copy=False).reshape(seen.shape)
        dx = _kernels.batch_norm_grad(u[None], seen[None], np.ones(len(seen), seen.dtype), *moments, True, False)[0]
    return _as_given(dx, x, shape, axes)


@primitive(
    lambda g, x, shape, axes, eps: _sum_with_d(g, x, shape, axes, eps),
    lambda g, d, x, shape, axes, eps: _sum_with_x(g, d, x, shape, axes, eps),
    name="NativeLayerNormBackward",
    says="Each d counts as much as the normalized number that it belongs to.",
)
def normalized_weight_grad(d, x, mean, rest, rate, *, shape, axes, eps, into):
    """d · h summed to a shape, where h is x normalized: the gradient of the weight."""
    seen, moments = _seen(x, shape, axes), (mean, rest, rate)
    if not x.size:
        return np.zeros(into, seen.dtype)
    channels = _channels(shape, axes)
    if channels or _by_column(into, shape, axes):
        kernel = _kernels.batch_norm_grad if channels else _kernels.layer_norm_grad
        dw: Any = kernel(_seen(d, shape, axes), seen, np.ones(math.prod(into), seen.dtype), *moments, False, True)[1]
        return dw.reshape(into)
    h = ((seen - mean[:, None]) - rest[:, None]) * rate[:, None]
    return sum_to.operation.forward(d.reshape(shape) * h.reshape(shape), shape=into)


# ---- the slopes of these, in ordinary operations ----


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
    says="With a given mean and scale the norm is a straight line: g times its slope passes.",
)
def rescaled(x, weight, bias, *, centre, scale):
    """(x - centre) * scale * weight + bias: with numbers that do not depend on x."""
    return laid_as(((x - centre) * (scale * weight) + bias).astype(x.dtype, copy=False), x)

"""How far numbers are from numbers, and probabilities from what was the case: one operation per loss, reduced in the same node.

After this module a reader knows that the slope of a loss on x - t is what limits the influence of one bad example: that of a
square grows with the distance, that of Huber's loss is clipped. And why a loss should take scores and not probabilities:
log(1 + e**-|x|) never overflows, and the slope is sigmoid(x) - t without a division.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.broadcast import widened
from autodiff._core.graph import primitive
from autodiff._core.promotion import to_common
from autodiff.ops.activation import hardtanh, logsigmoid
from autodiff.ops.exponential import log, sigmoid

# ---- a loss per element becomes one number, or stays as it is ----


def reduced(values: Any, reduction: str) -> Any:
    """The mean or the sum of an array, or the array itself."""
    if reduction == "none":
        return values
    # Half precision would stop growing at 65504.
    total = np.add.reduce(values, axis=None, dtype=np.float32 if values.dtype == np.float16 else None)
    if reduction == "mean":
        total = np.divide(total, total.dtype.type(values.size))
    return np.asarray(total, values.dtype)


def share(g: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """g's share: the gradient of the reduced loss for each element, one n-th of g in a mean, else g.

    Plainly, where reduction == "mean": g / n.
    Plainly, where reduction != "mean": g.
    """
    return g * (1.0 / max(math.prod(shape), 1) ** (reduction == "mean"))  # n to the power 1, or to the power 0


# ---- numbers ----


@primitive(
    lambda g, x, t, reduction: share(g, x.shape, reduction) * 2.0 * (x - t),
    lambda g, x, t, reduction: share(g, x.shape, reduction) * 2.0 * (t - x),
    promote=to_common,
    says="The slope of a square is twice what is squared: the further off a prediction is, the harder it is pulled back.",
)
def mse_loss(x, t, *, reduction):
    """(x - t)**2, reduced."""
    d = np.subtract(x, t)
    return reduced(d * d, reduction)


@primitive(
    lambda g, x, t, reduction, beta: share(g, x.shape, reduction) * hardtanh((x - t) * (1.0 / beta), min_val=-1.0, max_val=1.0),
    lambda g, x, t, reduction, beta: share(g, x.shape, reduction) * hardtanh((t - x) * (1.0 / beta), min_val=-1.0, max_val=1.0),
    name="SmoothL1Loss",
    promote=to_common,
    says="Near the target the slope is the distance over beta; beyond beta it is 1, so no example pulls harder than that.",
)
def smooth_l1_loss(x, t, *, reduction, beta):
    """d**2 / (2 beta) where d = |x - t| < beta, else d - beta / 2, reduced."""
    d = np.abs(np.subtract(x, t))
    return reduced(np.where(d < beta, d * d * (0.5 / beta), d - 0.5 * beta).astype(d.dtype), reduction)


@primitive(
    lambda g, x, t, reduction, delta: share(g, x.shape, reduction) * hardtanh(x - t, min_val=-delta, max_val=delta),
    lambda g, x, t, reduction, delta: share(g, x.shape, reduction) * hardtanh(t - x, min_val=-delta, max_val=delta),
    promote=to_common,
    says="The slope is the distance, clipped at delta: no example pulls harder than that.",
)
def huber_loss(x, t, *, reduction, delta):
    """d**2 / 2 where d = |x - t| <= delta, else delta * (d - delta / 2), reduced."""
    d = np.abs(np.subtract(widened(x), widened(t)))
    return reduced(np.where(d <= delta, d * d * 0.5, (d - 0.5 * delta) * delta).astype(x.dtype), reduction)


# ---- probabilities of two classes; a weight is an array, or 1.0 ----

_TINY = float(np.float32(1e-12))


@primitive(
    # x (1 - x) is 1/4 at most, and is not let go below 1e-12, which is a float32 in PyTorch
    lambda g, x, t, weight, reduction: (
        (x - t) / hardtanh(x * (1.0 - x), min_val=_TINY, max_val=1.0) * share(g, x.shape, reduction) * weight
    ),
    lambda g, x, weight, reduction: (log(1.0 - x) - log(x)) * share(g, x.shape, reduction) * weight,
    says="The slope is the error, x − t, over x (1 − x): it explodes where a confident prediction is wrong.",
)
def binary_cross_entropy(x, t, weight, *, reduction):
    """-(t log x + (1 - t) log(1 - x)), the logarithms not below -100, reduced."""
    loss = -(t * np.maximum(np.log(x), -100.0) + (1 - t) * np.maximum(np.log1p(-x), -100.0)).astype(x.dtype)
    return reduced(loss * weight, reduction)


@primitive(
    lambda g, x, t, weight, reduction: ((1.0 - t) - sigmoid(-x)) * share(g, x.shape, reduction) * weight,
    lambda g, x, weight, reduction: -x * share(g, x.shape, reduction) * weight,
    says="Each score gets its predicted probability, less the target: too likely is pushed down, too unlikely pulled up.",
)
def binary_cross_entropy_with_logits(x, t, weight, *, reduction):
    """(1 - t) x - log sigmoid(x), reduced."""
    return reduced(((1 - t) * x - logsigmoid.operation.forward(x)) * weight, reduction)


def positives(t: Any, p: Any) -> Any:
    """(p - 1) * t + 1: what multiplies the loss of the positive class, p where t is 1."""
    return (p - 1.0) * t + 1.0


@primitive(
    lambda g, x, t, weight, p, reduction: ((1.0 - t) - sigmoid(-x) * positives(t, p)) * share(g, x.shape, reduction) * weight,
    lambda g, x, weight, p, reduction: (logsigmoid(-x) - p * logsigmoid(x)) * share(g, x.shape, reduction) * weight,
    name="BinaryCrossEntropyWithLogits",
    public="binary_cross_entropy_with_logits",
    says="Each score gets its predicted probability, less the target, and the positive class counts p times.",
)
def binary_cross_entropy_of_weighted(x, t, weight, p, *, reduction):
    """(1 - t) x - (1 + (p - 1) t) log sigmoid(x), reduced: the positive class counts p times."""
    return reduced(((1 - t) * x - logsigmoid.operation.forward(x) * positives(t, p)) * weight, reduction)

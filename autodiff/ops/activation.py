"""The functions between the layers: relu and its relatives in two pieces, and their smooth forms.

After this module a reader knows why relu keeps its output and not its input (the sign is the same), and that a function in two
pieces is differentiated piece by piece.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.graph import flat, primitive
from autodiff._core.inplace import method
from autodiff.ops.exponential import sigmoid

# ---- in pieces ----


@method(inplace=True)
@primitive(
    lambda g, y: relu_grad(g, y),
    silent=False,  # a comparison
    says="Where relu let a number through, the gradient passes too; where it gave 0, it stops.",
)
def relu(input):
    """max(x, 0); the slope at 0 is taken as 0.

    >>> import autodiff as torch
    >>> torch.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    if input.dtype.char in "fd":
        return _kernels.relu(input)
    if input.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu; convert the input with x.float()")
    return np.maximum(input, input.dtype.type(0))


@primitive(
    lambda g, y: relu_grad(g, y),
    flat,
    name="ThresholdBackward",
    silent=False,
    says="Where relu let a number through, g passes; where it gave 0, it stops.",
)
def relu_grad(g, y):
    """g where y > 0, else 0."""
    if g.ndim and g.shape == y.shape and g.dtype is y.dtype and g.dtype.char in "fd":  # 0-d ones may be NumPy's scalars
        return _kernels.relu_grad(g, y)
    return np.where(y <= 0, g.dtype.type(0), g)


@primitive(flat, says="Each piece is flat, so nothing passes.")
def pieces(x, *, at=0.0, low, high):
    """high where x > at, else low: in x's dtype."""
    return np.where(x > at, x.dtype.type(high), x.dtype.type(low))


@primitive(
    lambda g, x, negative_slope: g * pieces(x, low=negative_slope, high=1.0),
    says="Above 0 the gradient passes whole, below 0 a small part of it: so no unit is ever quite dead.",
)
def leaky_relu(x, *, negative_slope):
    """x above 0, negative_slope * x below."""
    return np.where(x > 0, x, x * negative_slope).astype(x.dtype, copy=False)


@primitive(
    lambda g, x, weight: g * gate(x, weight),
    lambda g, x: g * below(x),
    name="PreluKernel",
    says="Above 0 the gradient passes whole, below 0 times the weight; the weight learns from the numbers below 0 alone.",
)
def prelu(x, weight):
    """x above 0, weight * x below."""
    return np.where(x > 0, x, weight * x)


@primitive(
    flat,
    lambda g, x: g * pieces(x, low=1.0, high=0.0),
    says="Below 0 the weight is the slope itself; above 0 it plays no part.",
)
def gate(x, weight):
    """1 where x > 0, else weight: also an infinite one, of which a product with 0 would make nan."""
    return np.where(x > 0, x.dtype.type(1), weight)


@primitive(
    lambda g, x, noise: g * gate(x, noise),
    name="RreluWithNoise",
    says="Above 0 the gradient passes whole, below 0 times the slope that was drawn for that number.",
)
def rrelu(x, *, noise):
    """x above 0, noise * x below: with a slope for each element, or one for all."""
    return np.where(x <= 0, x * noise, x).astype(x.dtype, copy=False)


@primitive(lambda g, x: g * pieces(-x, low=0.0, high=1.0), says="Below 0 the gradient passes; above 0 it stops.")
def below(x):
    """min(x, 0); the slope at 0 is taken as 0, as it is in PyTorch's second derivatives."""
    return np.minimum(x, x.dtype.type(0))


@primitive(
    lambda g, x, alpha, scale, rate: g * decay(x, low=alpha * scale * rate, high=scale, rate=rate),
    says="Above 0 the slope is constant; below 0 it fades away like an exponential.",
)
def elu(x, *, alpha, scale, rate):
    """scale * x above 0, scale * alpha * (e**(rate * x) - 1) below."""
    low = np.expm1(np.minimum(x, x.dtype.type(0)) * rate) * (alpha * scale)
    return np.where(x > 0, x * scale, low).astype(x.dtype, copy=False)


@primitive(
    lambda g, x, low, rate: g * decay(x, low=low * rate, high=0.0, rate=rate, at_zero=False),
    says="Below 0 the slope of an exponential is a multiple of itself; above 0 there is none.",
)
def decay(x, *, low, high, rate, at_zero=True):
    """`low` · exp(`rate` · x) below 0, `high` above: at 0 the first, or as PyTorch's second derivative has it the second.

    Plainly, where low == 1 and rate == 1: exp(x) below 0, `high` above.
    """
    low_side = x <= 0 if at_zero else x < 0
    return np.where(low_side, np.exp(np.minimum(x, x.dtype.type(0)) * rate) * low, high).astype(x.dtype, copy=False)


@primitive(
    lambda g, input, threshold: relu_grad(g, input - threshold),
    says="Above the threshold the gradient passes; where a fixed value took the number's place, it stops.",
)
def threshold(input, *, threshold, value):
    """x where x > threshold, `value` elsewhere."""
    return np.where(input <= threshold, input.dtype.type(value), input)


@primitive(
    lambda g, x, min_val, max_val: g * strictly_inside(x, low=min_val, high=max_val),
    says="Between the limits the gradient passes unchanged; at them and outside it stops.",
)
def hardtanh(x, *, min_val, max_val):
    """x limited to [`min_val`, `max_val`]; the slope is 0 at the limits and outside."""
    return np.clip(x, x.dtype.type(min_val), x.dtype.type(max_val))


@primitive(flat, says="Between the limits and outside all is flat: nothing passes.")
def strictly_inside(x, *, low, high):
    """0 where x <= low or x >= high, else 1: in x's dtype."""
    return (~((x <= low) | (x >= high))).astype(x.dtype)


@primitive(
    lambda g, x, lambd: g * outside(x, lambd=lambd),
    says="Outside the band the gradient passes unchanged; inside, where all becomes 0, it stops.",
)
def hardshrink(x, *, lambd):
    """x outside [-lambd, lambd], else 0."""
    return np.where((x >= -lambd) & (x <= lambd), x.dtype.type(0), x)


@primitive(
    lambda g, x, lambd: g * outside(x, lambd=lambd),
    says="Outside the band a number is only moved, so the gradient passes unchanged; inside it stops.",
)
def softshrink(x, *, lambd):
    """x moved by lambd towards 0, and not across it."""
    return x - np.clip(x, -lambd, lambd)


@primitive(flat, says="Inside the band and outside all is flat: nothing passes.")
def outside(x, *, lambd):
    """0 where -lambd <= x <= lambd, else 1: in x's dtype."""
    return (~((x >= -lambd) & (x <= lambd))).astype(x.dtype)


# ---- smooth ----


def _softplus_slope(z: Any, threshold: float) -> Any:
    """1 where z > threshold, else sigmoid(z)."""
    return sigmoid(z) * pieces(z, at=threshold, low=1.0, high=0.0) + pieces(z, at=threshold, low=0.0, high=1.0)


@primitive(
    lambda g, x, beta, threshold: g * _softplus_slope(x * beta, threshold),
    says="The slope of softplus is the sigmoid: a relu with a rounded corner.",
)
def softplus(x, *, beta, threshold):
    """log(1 + e**(beta * x)) / beta; x itself where beta * x > threshold."""
    z = x * beta
    y = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / beta
    return np.where(z > threshold, x, y).astype(x.dtype, copy=False)


@primitive(
    lambda g, x: g * sigmoid(-x),
    name="LogSigmoid",
    says="The slope is 1 − sigmoid(x): large where the probability is still small, and nearly 0 where it is near 1.",
)
def logsigmoid(x):
    """log(sigmoid(x)): without overflow."""
    return np.minimum(x, x.dtype.type(0)) - np.log1p(np.exp(-np.abs(x)))

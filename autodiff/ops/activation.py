"""The functions between the layers: relu and its relatives in two pieces, gelu and its relatives that multiply x by a gate.

After this module a reader knows why relu keeps its output and not its input (the sign is the same), and that a function in two
pieces is differentiated piece by piece. The gates show the product rule: the slope of x * s(x) is s(x) + x * s'(x).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.broadcast import widened
from autodiff._core.graph import flat, primitive
from autodiff._core.inplace import method
from autodiff.ops.exponential import erf, exp, sigmoid
from autodiff.ops.places import placed, span, viewed
from autodiff.ops.trigonometry import tanh

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
    if g.dtype is y.dtype and g.shape == y.shape and g.dtype.char in "fd":
        return _kernels.relu_grad(np.asarray(g), np.asarray(y))  # a rule's arithmetic gives scalars for 0-d arrays
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
    says="Below 0 the weight is the slope itself; above 0 it has no part.",
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
    """`low` · exp(`rate` · x) below 0, `high` above: at 0 the first, or as PyTorch's second derivative has it the second."""
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


@primitive(
    lambda g, x, beta, threshold: (
        g
        * (
            sigmoid(x * beta) * pieces(x * beta, at=threshold, low=1.0, high=0.0)
            + pieces(x * beta, at=threshold, low=0.0, high=1.0)
        )
    ),
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
    """log(1 / (1 + e**-x)): without overflow."""
    return np.minimum(x, x.dtype.type(0)) - np.log1p(np.exp(-np.abs(x)))


# ---- x times a gate between 0 and 1 ----

_ROOT_HALF = math.sqrt(0.5)
_NORMAL = 1.0 / math.sqrt(2.0 * math.pi)
_ROOT_2_PI, _CUBIC = math.sqrt(2.0 / math.pi), 0.044715


@primitive(
    lambda g, x: g * ((erf(x * _ROOT_HALF) + 1.0) * 0.5 + x * (exp(x * x * -0.5) * _NORMAL)),
    says="The gate passes its share of g, and the number also moves the gate: two parts, as in every product.",
)
def gelu(x):
    """x times the probability that a normal number is below x."""
    return x * ((erf.operation.forward(x * x.dtype.type(_ROOT_HALF)) + 1.0) * 0.5)


def _gelu_slope(x: Any) -> Any:
    """s + x · s′: the product rule, where s(x) is the gate and s′ its slope; beyond 16 the gate is wide open or shut."""
    x = hardtanh(x, min_val=-16.0, max_val=16.0)
    t = tanh((x + x * x * x * _CUBIC) * _ROOT_2_PI)
    return (t + 1.0) * 0.5 + x * 0.5 * (1.0 - t * t) * ((x * x * (3.0 * _CUBIC) + 1.0) * _ROOT_2_PI)


@primitive(
    lambda g, x: g * _gelu_slope(x),
    name="Gelu",
    public="gelu",
    says="The gate passes its share of g, and the number also moves the gate: two parts, as in every product.",
)
def gelu_tanh(x):
    """x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))) / 2."""
    return (x * 0.5 * (np.tanh((x + x * x * x * _CUBIC) * _ROOT_2_PI) + 1.0)).astype(x.dtype, copy=False)


@primitive(
    lambda g, x: g * (sigmoid(x) * (x * (1.0 - sigmoid(x)) + 1.0)),
    says="The sigmoid passes its share of g, and the number also moves the sigmoid: two parts, as in every product.",
)
def silu(x):
    """x * sigmoid(x)."""
    return x * sigmoid.operation.forward(x)


def _mish_slope(x: Any) -> Any:
    """t + x · t′: the product rule, where t is tanh(softplus(x)) and t′ its slope."""
    t = tanh(softplus(x, beta=1.0, threshold=20.0))
    return t + x * ((1.0 - t * t) * sigmoid(x))


@primitive(
    lambda g, x: g * _mish_slope(x),
    says="The gate passes its share of g, and the number also moves the gate: two parts, as in every product.",
)
def mish(x):
    """x * tanh(softplus(x))."""
    return x * np.tanh(softplus.operation.forward(x, beta=1.0, threshold=20.0))


@primitive(
    lambda g, x: g * hardsigmoid_slope(x),
    says="On the ramp between −3 and 3 the slope is 1/6; on the flat sides nothing passes.",
)
def hardsigmoid(x):
    """min(max(x + 3, 0), 6) / 6."""
    return (np.minimum(np.maximum(x + 3.0, 0.0), 6.0) / 6.0).astype(x.dtype, copy=False)


@primitive(flat, says="The slope is the same all along the ramp: nothing passes.")
def hardsigmoid_slope(x):
    """1/6 where -3 < x < 3, else 0: for nan too."""
    return np.where((x > -3) & (x < 3), 1.0 / 6.0, 0.0).astype(x.dtype)


@primitive(
    lambda g, x: g * hardswish_slope(x),
    says="Below −3 nothing passes, above 3 all of it; in between the slope grows along a straight line.",
)
def hardswish(x):
    """x min(max(x + 3, 0), 6) / 6."""
    wide = widened(x)
    return (wide * np.clip(wide + 3.0, 0.0, 6.0) / 6.0).astype(x.dtype, copy=False)


@primitive(
    lambda g, x: g * (strictly_inside(x, low=-3.0, high=3.0) * (1.0 / 3.0)),
    says="Between −3 and 3 the slope is 1/3; outside nothing passes.",
)
def hardswish_slope(x):
    """0 where x <= -3, else x / 3 + 1/2 where x < 3, else 1."""
    return np.where(x <= -3, 0.0, np.where(x < 3, x / 3.0 + 0.5, 1.0)).astype(x.dtype, copy=False)


def _glu_slope(g: Any, x: Any, axis: int) -> Any:
    """g · s and g · a · s · (1 − s), one beside the other: x is made of a and of what s is the sigmoid of."""
    half = x.shape[axis] // 2
    first, second = span(axis, 0, half), span(axis, half, half)
    a, s = viewed(x, index=first), sigmoid(viewed(x, index=second))
    return placed(g * s, index=first, shape=x.shape) + placed(g * (a * (s * (1.0 - s))), index=second, shape=x.shape)


@primitive(
    lambda g, x, axis: _glu_slope(g, x, axis),
    says="One half gets g times the gate; the gate gets g times that half, times its own slope s (1 − s).",
)
def glu(x, *, axis):
    """The first half of x times the sigmoid of the second."""
    a, b = np.split(x, 2, axis)
    return a * sigmoid.operation.forward(b)

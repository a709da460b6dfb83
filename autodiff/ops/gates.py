"""Functions that multiply x by a gate between 0 and 1: gelu, silu and their relatives.

After this module a reader has seen the product rule at work: the slope of x * s(x) is s(x) + x * s'(x). Where both parts
share an exponential, a kernel computes them together.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.broadcast import widened
from autodiff._core.graph import flat, primitive
from autodiff.ops.activation import hardtanh, softplus, strictly_inside
from autodiff.ops.exponential import exp, sigmoid, unit_product
from autodiff.ops.places import placed, span, viewed
from autodiff.ops.trigonometry import tanh

_NORMAL = 1.0 / math.sqrt(2.0 * math.pi)
_ROOT_2_PI, _CUBIC = math.sqrt(2.0 / math.pi), 0.044715



def _by_kernel(kernel: Any, *arrays: Any) -> Any:
    """The kernel of arrays of x's dtype and shape; half precision is computed in single."""
    x = arrays[-1]
    given = [np.asarray(widened(a), widened(x).dtype) for a in arrays]
    return kernel(*given).astype(x.dtype, copy=False)


@primitive(
    lambda g, x: gelu_grad(g, x),
    says="The gate passes its share of g, and the number also moves the gate: two parts, as in every product.",
)
def gelu(x):
    """x times the probability that a normal number is below x."""
    return _by_kernel(_kernels.gelu, x)


@primitive(
    lambda g, x: gelu_grad(g, x),
    lambda g, d, x: g * d * (exp(x * x * -0.5) * _NORMAL * (2.0 - x * x)),
    name="GeluBackward",
    says="The gate opens fastest at 0, along a bell curve, and so the slope bends most there.",
)
def gelu_grad(d, x):
    """d * (P(N < x) + x * exp(-x**2 / 2) / sqrt(2 * pi)): the slope of gelu, by the product rule, times d."""
    return _by_kernel(_kernels.gelu_grad, d, x)


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
    lambda g, x: silu_grad(g, x),
    says="The sigmoid passes its share of g, and the number also moves the sigmoid: two parts, as in every product.",
)
def silu(x):
    """x * sigmoid(x)."""
    return _by_kernel(_kernels.silu, x)


@primitive(
    lambda g, x: silu_grad(g, x),
    lambda g, d, x: g * d * (unit_product(sigmoid(x)) * (x * (1.0 - sigmoid(x) * 2.0) + 2.0)),
    name="SiluBackward",
    says="The sigmoid is steepest at 0, and so the slope bends most there.",
)
def silu_grad(d, x):
    """d * (sigmoid(x) * (x * (1 - sigmoid(x)) + 1)): the slope of silu, by the product rule, times d."""
    return _by_kernel(_kernels.silu_grad, d, x)


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

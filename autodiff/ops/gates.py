"""Functions between the layers that multiply x by something between 0 and 1: gelu, silu, mish, glu, hardswish.

After this module a reader knows the product rule at work: the slope of x * s(x) is s(x) + x * s'(x).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.graph import flat, primitive
from autodiff._core.inplace import in_place
from autodiff._core.modes import mode
from autodiff._core.tensor import Tensor
from autodiff.api._calls import dimension
from autodiff.ops.activation import floating, soft_plus, strictly_inside
from autodiff.ops.elementwise import erf, exp, sigmoid
from autodiff.ops.places import placed, span, viewed
from autodiff.ops.trigonometry import tanh

__all__ = ["gelu", "glu", "hardsigmoid", "hardswish", "mish", "silu"]

_ROOT_HALF = math.sqrt(0.5)
_NORMAL = 1.0 / math.sqrt(2.0 * math.pi)
_ROOT_2_PI, _CUBIC = math.sqrt(2.0 / math.pi), 0.044715


@primitive(lambda g, x: g * ((erf(x * _ROOT_HALF) + 1.0) * 0.5 + x * (exp(x * x * -0.5) * _NORMAL)), name="Gelu")
def gelu_exact(x):
    """x times the probability that a normal number is below x."""
    return (x * ((erf.operation.forward(x * x.dtype.type(_ROOT_HALF)) + 1.0) * 0.5)).astype(x.dtype)


def _gelu_slope(x: Any) -> Any:
    t = tanh((x + x * x * x * _CUBIC) * _ROOT_2_PI)
    return (t + 1.0) * 0.5 + x * 0.5 * (1.0 - t * t) * ((x * x * (3.0 * _CUBIC) + 1.0) * _ROOT_2_PI)


@primitive(lambda g, x: g * _gelu_slope(x), name="Gelu")
def gelu_tanh(x):
    """x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))) / 2."""
    return (x * 0.5 * (np.tanh((x + x * x * x * _CUBIC) * _ROOT_2_PI) + 1.0)).astype(x.dtype)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x * P(N < x) for a normal N (Hendrycks and Gimpel 2016), or its "tanh" approximation.

    >>> import autodiff as torch
    >>> torch.nn.functional.gelu(torch.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}.")
    return (gelu_tanh if approximate == "tanh" else gelu_exact)(floating(input, "gelu"))


@primitive(lambda g, x: g * (sigmoid(x) * (x * (1.0 - sigmoid(x)) + 1.0)), name="Silu")
def swish(x):
    """x * sigmoid(x)."""
    return x * sigmoid.operation.forward(x)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x).

    >>> import autodiff as torch
    >>> torch.nn.functional.silu(torch.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """
    return (silu_ if inplace else swish)(floating(input, "silu"))


silu_ = in_place(swish, "silu_")


def _mish_slope(x: Any) -> Any:
    t = tanh(soft_plus(x, beta=1.0, threshold=20.0))
    return t + x * ((1.0 - t * t) * sigmoid(x))


@primitive(lambda g, x: g * _mish_slope(x), name="Mish")
def self_regularized(x):
    """x * tanh(softplus(x))."""
    return x * np.tanh(soft_plus.operation.forward(x, beta=1.0, threshold=20.0))


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x)) (Misra 2019).

    >>> import autodiff as torch
    >>> torch.nn.functional.mish(torch.tensor([1.0]))
    tensor([0.8651])
    """
    return (mish_ if inplace else self_regularized)(floating(input, "mish"))


mish_ = in_place(self_regularized, "mish_")


@primitive(lambda g, x: g * hard_sigmoid_slope(x), name="Hardsigmoid")
def hard_sigmoid(x):
    """min(max(x + 3, 0), 6) / 6."""
    return (np.clip(x + 3.0, 0.0, 6.0) / 6.0).astype(x.dtype)


@primitive(flat)
def hard_sigmoid_slope(x):
    """1/6 where -3 < x < 3, else 0, for nan too."""
    return np.where((x > -3) & (x < 3), 1.0 / 6.0, 0.0).astype(x.dtype)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x + 3, 0), 6) / 6.

    >>> import autodiff as torch
    >>> torch.nn.functional.hardsigmoid(torch.tensor([-4.0, 0.0]))
    tensor([0.0000, 0.5000])
    """
    return (hardsigmoid_ if inplace else hard_sigmoid)(floating(input, "hardsigmoid"))


hardsigmoid_ = in_place(hard_sigmoid, "hardsigmoid_")


@primitive(lambda g, x: g * hard_swish_slope(x), name="Hardswish")
def hard_swish(x):
    """x min(max(x + 3, 0), 6) / 6."""
    wide = x.astype(np.float32) if x.dtype.char == "e" else x  # six times a float16 number may be too large for one
    return (mode.quiet(np.multiply, wide, np.clip(wide + 3.0, 0.0, 6.0)) / 6.0).astype(x.dtype)


@primitive(lambda g, x: g * (strictly_inside(x, low=-3.0, high=3.0) * (1.0 / 3.0)))
def hard_swish_slope(x):
    """0 below -3, 1 above 3, x / 3 + 1/2 between."""
    return np.where(x <= -3, 0.0, np.where(x < 3, x / 3.0 + 0.5, 1.0)).astype(x.dtype)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * hardsigmoid(x).

    >>> import autodiff as torch
    >>> torch.nn.functional.hardswish(torch.tensor([-4.0, 3.0]))
    tensor([-0., 3.])
    """
    return (hardswish_ if inplace else hard_swish)(floating(input, "hardswish"))


hardswish_ = in_place(hard_swish, "hardswish_")


def _glu_slope(g: Any, x: Any, axis: int) -> Any:
    half = x.shape[axis] // 2
    first, second = span(axis, 0, half), span(axis, half, half)
    a, s = viewed(x, index=first), sigmoid(viewed(x, index=second))
    return placed(g * s, index=first, shape=x.shape) + placed(g * (a * (s * (1.0 - s))), index=second, shape=x.shape)


@primitive(lambda g, x, axis: _glu_slope(g, x, axis), name="Glu")
def gated(x, *, axis):
    """The first half of x times the sigmoid of the second."""
    a, b = np.split(x, 2, axis)
    return a * sigmoid.operation.forward(b)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the halves of `input` along `dim` (Dauphin et al. 2016).

    >>> import autodiff as torch
    >>> torch.nn.functional.glu(torch.tensor([2.0, 0.0]))
    tensor([1.])
    """
    x = floating(input, "glu")
    if x._array.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    axis = dimension(dim, x._array.ndim)
    if x._array.shape[axis] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {x.shape[axis]}")
    return gated(x, axis=axis)

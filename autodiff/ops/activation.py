"""The functions between the layers: relu and its relatives.

After this module a reader knows why relu keeps its output and not its input (the sign is the same), and how a function in
two pieces is differentiated: each piece where it holds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._graph import flat, primitive
from autodiff._tensor import Tensor
from autodiff.ops.elementwise import erf, exp, sigmoid, tanh

__all__ = ["celu", "elu", "gelu", "hardtanh", "leaky_relu", "logsigmoid", "relu", "selu", "silu", "softplus"]


@primitive(lambda g, y: relu_grad(g, y))
def relu(input: Any) -> Any:
    """max(x, 0); the slope at 0 is taken as 0.

    >>> import autodiff as torch
    >>> torch.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    if input.dtype.char in "fd":
        return _kernels.relu(input)
    return np.maximum(input, input.dtype.type(0))


@primitive(lambda g, y: relu_grad(g, y), flat, name="ThresholdBackward")
def relu_grad(g: Any, y: Any) -> Any:
    """g where y > 0, else 0."""
    if g.dtype.char in "fd" and g.dtype == y.dtype and g.shape == y.shape:
        return _kernels.relu_grad(g, y)
    return np.where(y > 0, g, g.dtype.type(0))


@primitive(lambda g, x, slope, scale: g * pieces(x, low=slope, high=scale), name="LeakyRelu")
def leaky(x: Any, *, slope: Any, scale: Any) -> Any:
    """slope * x below 0, scale * x above."""
    return np.where(x > 0, x * scale, x * slope).astype(x.dtype)


@primitive(flat)
def pieces(x: Any, *, low: Any, high: Any) -> Any:
    """`high` where x > 0, `low` elsewhere, in x's dtype."""
    return np.where(x > 0, high, low).astype(x.dtype)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x above 0, negative_slope * x below.

    >>> import autodiff as torch
    >>> torch.nn.functional.leaky_relu(torch.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    result: Tensor = leaky(input, slope=negative_slope, scale=1.0)
    return result


@primitive(
    lambda g, x, alpha, scale, rate: g * (pieces(x, low=0.0, high=scale)
                                          + exp(below(x) * rate) * pieces(x, low=alpha * scale * rate, high=0.0)),
    name="Elu",
)  # fmt: skip
def exponential_linear(x: Any, *, alpha: Any, scale: Any, rate: Any) -> Any:
    """scale * x above 0, scale * alpha * (e**(rate * x) - 1) below."""
    low = np.expm1(np.minimum(x, x.dtype.type(0)) * rate) * (alpha * scale)
    return np.where(x > 0, x * scale, low).astype(x.dtype)


@primitive(lambda g, x: g * pieces(x, low=1.0, high=0.0))
def below(x: Any) -> Any:
    """min(x, 0)."""
    return np.minimum(x, x.dtype.type(0))


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, alpha * (e**x - 1) below (Clevert et al. 2015).

    >>> import autodiff as torch
    >>> torch.nn.functional.elu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    result: Tensor = exponential_linear(input, alpha=alpha, scale=1.0, rate=1.0)
    return result


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """elu with the scale and alpha that keep mean 0 and variance 1 (Klambauer et al. 2017).

    >>> import autodiff as torch
    >>> torch.nn.functional.selu(torch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    result: Tensor = exponential_linear(input, alpha=_SELU_ALPHA, scale=_SELU_SCALE, rate=1.0)
    return result


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, alpha * (e**(x / alpha) - 1) below (Barron 2017).

    >>> import autodiff as torch
    >>> torch.nn.functional.celu(torch.tensor([-1.0, 2.0]), 2.0)
    tensor([-0.7869,  2.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    result: Tensor = exponential_linear(input, alpha=alpha, scale=1.0, rate=1.0 / alpha)
    return result


_ROOT_HALF = math.sqrt(0.5)
_NORMAL = 1.0 / math.sqrt(2.0 * math.pi)


@primitive(lambda g, x: g * ((erf(x * _ROOT_HALF) + 1.0) * 0.5 + x * (exp(x * x * -0.5) * _NORMAL)), name="Gelu")
def gelu_exact(x: Any) -> Any:
    """x times the probability that a normal number is below x."""
    return (x * ((erf.forward(x * x.dtype.type(_ROOT_HALF)) + 1.0) * 0.5)).astype(x.dtype)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x * P(N < x) for a normal N (Hendrycks and Gimpel 2016), or its "tanh" approximation.

    >>> import autodiff as torch
    >>> torch.nn.functional.gelu(torch.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """
    if approximate == "tanh":
        inner = (input + input * input * input * 0.044715) * math.sqrt(2.0 / math.pi)
        result: Tensor = input * 0.5 * (tanh(inner) + 1.0)
    elif approximate == "none":
        result = gelu_exact(input)
    else:
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}.")
    return result


@primitive(lambda g, x: g * (sigmoid(x) * (x * (1.0 - sigmoid(x)) + 1.0)), name="Silu")
def swish(x: Any) -> Any:
    """x * sigmoid(x)."""
    return x * sigmoid.forward(x)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x).

    >>> import autodiff as torch
    >>> torch.nn.functional.silu(torch.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """
    result: Tensor = swish(input)
    return result


@primitive(lambda g, x, beta: g * sigmoid(x * beta), name="Softplus")
def soft_plus(x: Any, *, beta: Any, threshold: Any) -> Any:
    """log(1 + e**(beta * x)) / beta."""
    z = x * beta
    y = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / beta
    return np.where(z > threshold, x, y).astype(x.dtype)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + e**(beta * x)) / beta, a smooth relu; x itself where beta * x > threshold.

    >>> import autodiff as torch
    >>> torch.nn.functional.softplus(torch.tensor([-1.0, 2.0]))
    tensor([0.3133, 2.1269])
    """
    result: Tensor = soft_plus(input, beta=float(beta), threshold=threshold)
    return result


@primitive(lambda g, x: g * sigmoid(-x), name="LogSigmoid")
def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x))."""
    return np.minimum(x, x.dtype.type(0)) - np.log1p(np.exp(-np.abs(x)))


def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + e**-x)), without overflow.

    >>> import autodiff as torch
    >>> torch.nn.functional.logsigmoid(torch.tensor([-1.0, 2.0]))
    tensor([-1.3133, -0.1269])
    """
    result: Tensor = log_sigmoid(input)
    return result


@primitive(lambda g, x, low, high: g * strictly_inside(x, low=low, high=high), name="Hardtanh")
def hard_tanh(x: Any, *, low: Any, high: Any) -> Any:
    """x limited to [low, high]."""
    return np.clip(x, x.dtype.type(low), x.dtype.type(high))


@primitive(flat)
def strictly_inside(x: Any, *, low: Any, high: Any) -> Any:
    """1 where low < x < high, else 0, in x's dtype."""
    return ((x > low) & (x < high)).astype(x.dtype)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x limited to [min_val, max_val]; the slope is 0 at the limits and outside.

    >>> import autodiff as torch
    >>> torch.nn.functional.hardtanh(torch.tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    result: Tensor = hard_tanh(input, low=float(min_val), high=float(max_val))
    return result

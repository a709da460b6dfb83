"""The functions between the layers: relu and its relatives.

After this module a reader knows why relu keeps its output and not its input (the sign is the same), and how a function in
two pieces is differentiated: each piece where it holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.graph import flat, primitive, renamed
from autodiff._core.inplace import in_place, method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import number, takes_tensors
from autodiff.api.shape import reshape
from autodiff.ops.elementwise import sigmoid

__all__ = [
    "celu",
    "elu",
    "hardshrink",
    "hardtanh",
    "leaky_relu",
    "logsigmoid",
    "prelu",
    "relu",
    "selu",
    "softplus",
    "softshrink",
    "threshold",
]


def floating(input: Any, name: str) -> Tensor:
    """The input, if it is a tensor of floating numbers; else PyTorch's error."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f'"{name}" not implemented for {input.dtype}; convert the input with x.float()')
    return input


@method(inplace=True)
@primitive(lambda g, y: relu_grad(g, y))
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


@primitive(lambda g, y: relu_grad(g, y), flat, name="ThresholdBackward")
def relu_grad(g, y):
    """g where y > 0, else 0."""
    if g.dtype is y.dtype and g.shape == y.shape and g.dtype.char in "fd":
        return _kernels.relu_grad(g, y)
    return np.where(y <= 0, g.dtype.type(0), g)


@primitive(lambda g, x, slope, scale: g * pieces(x, low=slope, high=scale), name="LeakyRelu")
def leaky(x, *, slope, scale):
    """slope * x below 0, scale * x above."""
    return np.where(x > 0, x * scale, x * slope).astype(x.dtype)


@primitive(flat)
def pieces(x, *, at=0.0, low, high):
    """`high` where x > at, `low` elsewhere, in x's dtype."""
    return np.where(x > at, high, low).astype(x.dtype)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x above 0, negative_slope * x below.

    >>> import autodiff as torch
    >>> torch.nn.functional.leaky_relu(torch.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    x = floating(input, "leaky_relu")
    slope = float(number("leaky_relu", "negative_slope", negative_slope))
    return (leaky_relu_ if inplace else leaky)(x, slope=slope, scale=1.0)


leaky_relu_ = in_place(leaky, "leaky_relu_")


@primitive(lambda g, x, alpha, scale, rate: g * decay(x, low=alpha * scale * rate, high=scale, rate=rate), name="Elu")
def exponential_linear(x, *, alpha, scale, rate):
    """scale * x above 0, scale * alpha * (e**(rate * x) - 1) below."""
    low = np.expm1(np.minimum(x, x.dtype.type(0)) * rate) * (alpha * scale)
    return np.where(x > 0, x * scale, low).astype(x.dtype)


@primitive(lambda g, x, low, rate: g * decay(x, low=low * rate, high=0.0, rate=rate, at_zero=False))
def decay(x, *, low, high, rate, at_zero=True):
    """low * e**(rate * x) below 0, `high` above; at 0 the first, or as PyTorch's second derivative has it the second."""
    low_side = x <= 0 if at_zero else x < 0
    return np.where(low_side, np.exp(np.minimum(x, x.dtype.type(0)) * rate) * low, high).astype(x.dtype)


# The same function and rule; only the name differs, by which celu is printed.
continuously = renamed(exponential_linear, "Celu")


@primitive(lambda g, x: g * pieces(-x, low=0.0, high=1.0))
def below(x):
    """min(x, 0); the slope at 0 is taken as 0, as it is in PyTorch's second derivatives."""
    return np.minimum(x, x.dtype.type(0))


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, alpha * (e**x - 1) below (Clevert et al. 2015).

    >>> import autodiff as torch
    >>> torch.nn.functional.elu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    x = floating(input, "elu")
    return (elu_ if inplace else exponential_linear)(x, alpha=float(alpha), scale=1.0, rate=1.0)


elu_ = in_place(exponential_linear, "elu_")


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """elu with the scale and alpha that keep mean 0 and variance 1 (Klambauer et al. 2017).

    >>> import autodiff as torch
    >>> torch.nn.functional.selu(torch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    x = floating(input, "selu")
    return (selu_ if inplace else exponential_linear)(x, alpha=_SELU_ALPHA, scale=_SELU_SCALE, rate=1.0)


selu_ = in_place(exponential_linear, "selu_")


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, alpha * (e**(x / alpha) - 1) below (Barron 2017).

    >>> import autodiff as torch
    >>> torch.nn.functional.celu(torch.tensor([-1.0, 2.0]), 2.0)
    tensor([-0.7869,  2.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    x = floating(input, "celu")
    return (celu_ if inplace else continuously)(x, alpha=float(alpha), scale=1.0, rate=1.0 / alpha)


celu_ = in_place(continuously, "celu_")


@primitive(
    lambda g, x, beta, threshold: g * (sigmoid(x * beta) * pieces(x * beta, at=threshold, low=1.0, high=0.0)
                                       + pieces(x * beta, at=threshold, low=0.0, high=1.0)),
    name="Softplus",
)  # fmt: skip
def soft_plus(x, *, beta, threshold):
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
    return soft_plus(floating(input, "softplus"), beta=float(beta), threshold=float(threshold))


@primitive(lambda g, x: g * sigmoid(-x), name="LogSigmoid")
def log_sigmoid(x):
    """log(sigmoid(x))."""
    return np.minimum(x, x.dtype.type(0)) - np.log1p(np.exp(-np.abs(x)))


def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + e**-x)), without overflow.

    >>> import autodiff as torch
    >>> torch.nn.functional.logsigmoid(torch.tensor([-1.0, 2.0]))
    tensor([-1.3133, -0.1269])
    """
    return log_sigmoid(floating(input, "logsigmoid"))


@primitive(lambda g, x, low, high: g * strictly_inside(x, low=low, high=high), name="Hardtanh")
def hard_tanh(x, *, low, high):
    """x limited to [low, high]."""
    return np.clip(x, x.dtype.type(low), x.dtype.type(high))


@primitive(flat)
def strictly_inside(x, *, low, high):
    """0 where x <= low or x >= high, else 1, in x's dtype."""
    return (~((x <= low) | (x >= high))).astype(x.dtype)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x limited to [min_val, max_val]; the slope is 0 at the limits and outside.

    >>> import autodiff as torch
    >>> torch.nn.functional.hardtanh(torch.tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if not isinstance(input, Tensor):
        raise TypeError(f"hardtanh(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return (hardtanh_ if inplace else hard_tanh)(input, low=float(min_val), high=float(max_val))


hardtanh_ = in_place(hard_tanh, "hardtanh_")


@primitive(lambda g, x, at: g * pieces(x, at=at, low=0.0, high=1.0), name="Threshold")
def above(x, *, at, value):
    """x where x > at, `value` elsewhere."""
    return np.where(x <= at, x.dtype.type(value), x)


@takes_tensors
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, `value` elsewhere.

    >>> import autodiff as torch
    >>> torch.nn.functional.threshold(torch.tensor([0.5, 2.0]), 1.0, -1.0)
    tensor([-1.,  2.])
    """
    return (threshold_ if inplace else above)(input, at=threshold, value=value)


threshold_ = in_place(above, "threshold_")


@primitive(lambda g, x, lambd: g * (1.0 - strictly_or_at(x, lambd=lambd)), name="Hardshrink")
def hard_shrink(x, *, lambd):
    """x outside [-lambd, lambd], else 0."""
    return np.where((x >= -lambd) & (x <= lambd), x.dtype.type(0), x)


@primitive(flat)
def strictly_or_at(x, *, lambd):
    """1 where -lambd <= x <= lambd, else 0, in x's dtype."""
    return ((x >= -lambd) & (x <= lambd)).astype(x.dtype)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x outside [-lambd, lambd], 0 inside.

    >>> import autodiff as torch
    >>> torch.nn.functional.hardshrink(torch.tensor([-1.0, 0.2]))
    tensor([-1.,  0.])
    """
    return hard_shrink(floating(input, "hardshrink"), lambd=float(lambd))


@primitive(lambda g, x, lambd: g * (1.0 - strictly_or_at(x, lambd=lambd)), name="Softshrink")
def soft_shrink(x, *, lambd):
    """x moved by lambd towards 0, and not across it."""
    return np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, x * 0)).astype(x.dtype)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved by lambd towards 0, and not across it.

    >>> import autodiff as torch
    >>> torch.nn.functional.softshrink(torch.tensor([-1.0, 0.2]))
    tensor([-0.5000,  0.0000])
    """
    if lambd < 0:
        raise RuntimeError(f"lambda must be in range [0, largest number] for input dtype {input.dtype}, but found {lambd}")
    return soft_shrink(floating(input, "softshrink"), lambd=float(lambd))


@primitive(
    lambda g, x, w: g * (pieces(x, low=0.0, high=1.0) + w * pieces(x, low=1.0, high=0.0)),
    lambda g, x: g * below(x),
    name="PreluKernel",
)
def sloped(x, w):
    """x above 0, w * x below."""
    return np.where(x > 0, x, w * x)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x above 0, weight * x below; one weight, or one per channel (dimension 1) (He et al. 2015).

    >>> import autodiff as torch
    >>> torch.nn.functional.prelu(torch.tensor([-2.0, 2.0]), torch.tensor([0.25]))
    tensor([-0.5000,  2.0000])
    """
    x, w = floating(input, "prelu"), floating(weight, "prelu")
    if x._array.dtype != w._array.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {x.dtype} and {w.dtype}")
    ndim = x._array.ndim
    if w._array.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {w.ndim}")
    if w._array.size != 1:
        if ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = x._array.shape[1] if ndim > 1 else 1
        if w._array.size != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. "
                f"Found parameter numbers = {w.numel()} and channel size = {channels}."
            )
    return sloped(x, reshape(w, tuple(-1 if d == 1 else 1 for d in range(ndim)) if ndim > 1 else (1,) * ndim))

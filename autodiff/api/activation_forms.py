"""The activations that are functions of `torch` itself, without an `inplace`: there the underscore says it.

After this module a reader knows that `torch.celu_(x)` is `F.celu(x, inplace=True)`, and how rrelu draws a slope for each
number below 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.graph import renamed
from autodiff._core.inplace import in_place
from autodiff._core.tensor import Tensor
from autodiff.api import activation
from autodiff.api._calls import number, takes_tensors
from autodiff.ops import activation as ops
from autodiff.random import Generator, default_generator

_relu_in_place = in_place(ops.relu, "relu_")
_rrelu_in_place = in_place(renamed(ops.rrelu, "RreluWithNoiseBackward1"), "rrelu_")


@takes_tensors
def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha * (e**(x / alpha) - 1) below (Barron 2017).

    >>> import autodiff as torch
    >>> torch.celu(torch.tensor([-1.0, 2.0]), 2.0)
    tensor([-0.7869,  2.0000])
    """
    return activation.celu(input, alpha)


@takes_tensors
def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.celu_(torch.tensor([-1.0, 2.0]), 2.0)
    tensor([-0.7869,  2.0000])
    """
    return activation.celu(input, alpha, True)


@takes_tensors
def relu_(input: Tensor) -> Tensor:
    """`relu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.relu_(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _relu_in_place(input)


@takes_tensors
def selu(input: Tensor) -> Tensor:
    """elu with the scale and alpha that keep mean 0 and variance 1 (Klambauer et al. 2017).

    >>> import autodiff as torch
    >>> torch.selu(torch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return activation.selu(input)


@takes_tensors
def selu_(input: Tensor) -> Tensor:
    """`selu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.selu_(torch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return activation.selu(input, True)


@takes_tensors
def threshold(input: Tensor, threshold: float, value: float) -> Tensor:
    """x where x > threshold, `value` elsewhere.

    >>> import autodiff as torch
    >>> torch.threshold(torch.tensor([0.5, 2.0]), 1.0, -1.0)
    tensor([-1.,  2.])
    """
    return activation.threshold(input, threshold, value)


@takes_tensors
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.threshold_(torch.tensor([0.5, 2.0]), 1.0, -1.0)
    tensor([-1.,  2.])
    """
    return activation.threshold(input, threshold, value, True)


# ---- with slopes that are drawn ----


def _slopes(input: Tensor, lower: Any, upper: Any, training: bool, generator: Generator | None) -> Any:
    """A slope for each number that is not above 0, drawn in their order, and 1 elsewhere; without training the middle one."""
    ends = []
    for word, value in (("lower", lower), ("upper", upper)):
        end = float(number("rrelu", word, value))
        if not math.isfinite(end):
            raise RuntimeError(f"rrelu: {word} bound must be finite, got {end}")
        ends.append(end)
    if ends[0] > ends[1]:
        raise RuntimeError(
            f"Lower bound should be less than or equal to the upper bound, but they are lower={lower} and upper={upper}"
        )
    x = activation.floating(input, "rrelu")._array
    if not training:
        return np.asarray((ends[0] + ends[1]) / 2, x.dtype)
    below = x <= 0
    noise = np.ones(x.shape, x.dtype)
    stream = default_generator if generator is None else generator
    noise[below] = stream.uniform((int(np.count_nonzero(below)),), np.float64, *ends)
    return noise


@takes_tensors
def rrelu(
    input: Tensor,
    lower: float = 0.125,
    upper: float = 0.3333333333333333,
    training: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """x above 0, a * x below: in training with an a drawn from [lower, upper] for each number, else the one in the middle.

    RuntimeError where lower is greater than upper. Source: Xu et al. 2015.

    >>> import autodiff as torch
    >>> torch.rrelu(torch.tensor([-1.0, 2.0]), 0.25, 0.75)
    tensor([-0.5000,  2.0000])
    """
    return ops.rrelu(input, noise=_slopes(input, lower, upper, training, generator))


@takes_tensors
def rrelu_(
    input: Tensor,
    lower: float = 0.125,
    upper: float = 0.3333333333333333,
    training: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """`rrelu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.rrelu_(torch.tensor([-1.0, 2.0]), 0.25, 0.75)
    tensor([-0.5000,  2.0000])
    """
    return _rrelu_in_place(input, noise=_slopes(input, lower, upper, training, generator))

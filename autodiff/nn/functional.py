"""The functions behind the modules: activations, losses, linear, dropout.

After this module a reader can find every `nn.functional` name in one list; what is written out here are the few that are
not an operation of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._tensor import Tensor, wrap
from autodiff.ops.activation import celu, elu, gelu, hardtanh, leaky_relu, logsigmoid, selu, silu, softplus
from autodiff.ops.activation import relu as _relu
from autodiff.ops.arithmetic import maximum, where
from autodiff.ops.creation import leaf
from autodiff.ops.elementwise import sigmoid, tanh
from autodiff.ops.linalg import linear
from autodiff.ops.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from autodiff.ops.reduce import norm
from autodiff.ops.shape import chunk
from autodiff.ops.softmax import log_softmax, softmax
from autodiff.random import default_generator

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "cross_entropy",
    "dropout",
    "elu",
    "gelu",
    "glu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mish",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "tanh",
    "threshold",
]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), written into x's own memory if `inplace`.

    >>> import autodiff as torch
    >>> torch.nn.functional.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    result: Tensor = input.relu_() if inplace else _relu(input)
    return result


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6).

    >>> import autodiff as torch
    >>> torch.nn.functional.relu6(torch.tensor([-1.0, 8.0]))
    tensor([0., 6.])
    """
    return hardtanh(input, 0.0, 6.0)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each element zeroed with probability p and the others divided by 1 - p; else `input` itself.

    ValueError for a p outside [0, 1].

    >>> import autodiff as torch
    >>> torch.nn.functional.dropout(torch.ones(2), 0.5, training=False)
    tensor([1., 1.])
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0.0 or not input._array.size:
        return input
    dtype = input._array.dtype
    if p == 1.0:
        mask = np.zeros(input._array.shape, dtype)
    else:
        # One draw per element, in the order of memory.
        kept = default_generator.bernoulli(1.0 - p, input._array.shape)
        mask = kept.astype(dtype) / dtype.type(1.0 - p)
    result: Tensor = input.mul_(wrap(mask)) if inplace else input * wrap(mask)
    return result


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x + 3, 0), 6) / 6.

    >>> import autodiff as torch
    >>> torch.nn.functional.hardsigmoid(torch.tensor([-4.0, 0.0]))
    tensor([0.0000, 0.5000])
    """
    return hardtanh(input + 3.0, 0.0, 6.0) / 6.0


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * hardsigmoid(x).

    >>> import autodiff as torch
    >>> torch.nn.functional.hardswish(torch.tensor([-4.0, 3.0]))
    tensor([-0., 3.])
    """
    return input * hardsigmoid(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x)).

    >>> import autodiff as torch
    >>> torch.nn.functional.mish(torch.tensor([1.0]))
    tensor([0.8651])
    """
    result: Tensor = input * tanh(softplus(input))
    return result


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|).

    >>> import autodiff as torch
    >>> torch.nn.functional.softsign(torch.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """
    result: Tensor = input / (abs(input) + 1.0)
    return result


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-x) along `dim`.

    >>> import autodiff as torch
    >>> torch.nn.functional.softmin(torch.tensor([1.0, 1.0]), 0)
    tensor([0.5000, 0.5000])
    """
    return softmax(-input, dim, dtype)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else value.

    >>> import autodiff as torch
    >>> torch.nn.functional.threshold(torch.tensor([0.5, 2.0]), 1.0, -1.0)
    tensor([-1.,  2.])
    """
    result: Tensor = where(input > threshold, input, value)
    return result


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x above 0, weight * x below; one weight, or one per channel (dimension 1).

    >>> import autodiff as torch
    >>> torch.nn.functional.prelu(torch.tensor([-2.0, 2.0]), torch.tensor([0.25]))
    tensor([-0.5000,  2.0000])
    """
    if weight._array.size > 1:
        weight = weight.reshape(*(-1 if d == 1 else 1 for d in range(input._array.ndim)))
    zero = wrap(np.zeros((), input._array.dtype))
    result: Tensor = where(input > 0, input, input * weight) if input._array.size else maximum(input, zero)
    return result


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the halves of `input` along `dim`.

    >>> import autodiff as torch
    >>> torch.nn.functional.glu(torch.tensor([2.0, 0.0]))
    tensor([1.])
    """
    if input._array.ndim == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    if input._array.shape[dim] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}")
    a, b = chunk(input, 2, dim)
    result: Tensor = a * sigmoid(b)
    return result


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For each class number a row of zeros with a one at its place, int64.

    >>> import autodiff as torch
    >>> torch.nn.functional.one_hot(torch.tensor([0, 2]), 3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    array = tensor._array
    if array.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if array.size and array.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        if not array.size:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        num_classes = int(array.max()) + 1
    if array.size and array.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return leaf((array[..., None] == np.arange(num_classes)).astype(np.int64))


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(norm(x), eps) along `dim`.

    >>> import autodiff as torch
    >>> torch.nn.functional.normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return input / norm(input, p, dim, keepdim=True).clamp_min(eps)

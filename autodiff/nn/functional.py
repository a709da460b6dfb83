"""The functions behind the modules: activations, losses, linear, dropout.

After this module a reader can find every `nn.functional` name in one list; what is written out here are the few that are
not an operation of their own.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff._core.errors import not_offered
from autodiff._core.inplace import _type_name, in_place
from autodiff._core.memory import memory_order
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, takes_tensors, whole
from autodiff.api.activation import (
    celu,
    elu,
    gelu,
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    prelu,
    selu,
    silu,
    softplus,
    softshrink,
    threshold,
)
from autodiff.api.activation import log_softmax as _log_softmax
from autodiff.api.activation import softmax as _softmax
from autodiff.api.activation import threshold as threshold_function
from autodiff.api.cross_entropy import cross_entropy, nll_loss
from autodiff.api.distance import cosine_similarity, pairwise_distance
from autodiff.api.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from autodiff.api.matmul import linear
from autodiff.api.reading import leaf
from autodiff.api.statistics import norm
from autodiff.ops.activation import relu as _relu
from autodiff.ops.arithmetic import abs, neg
from autodiff.ops.exponential import sigmoid
from autodiff.ops.trigonometry import tanh
from autodiff.random import default_generator

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "celu_",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "elu",
    "elu_",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "leaky_relu_",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mish",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pairwise_distance",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
]


_relu_in_place = in_place(_relu, "relu_")


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), written into x's own memory if `inplace`.

    >>> import autodiff as torch
    >>> torch.nn.functional.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    result: Tensor = _relu_in_place(input) if inplace else _relu(input)
    return result


def relu_(input: Tensor) -> Tensor:
    """`relu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.relu_(torch.tensor([-1.0]))
    tensor([0.])
    """
    return relu(input, inplace=True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.celu_(torch.tensor([-1.0]))
    tensor([-0.6321])
    """
    return celu(input, alpha, inplace=True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.elu_(torch.tensor([-1.0]))
    tensor([-0.6321])
    """
    return elu(input, alpha, inplace=True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.hardtanh_(torch.tensor([-3.0]))
    tensor([-1.])
    """
    return hardtanh(input, min_val, max_val, inplace=True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.leaky_relu_(torch.tensor([-1.0]))
    tensor([-0.0100])
    """
    return leaky_relu(input, negative_slope, inplace=True)


def selu_(input: Tensor) -> Tensor:
    """`selu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.selu_(torch.tensor([-1.0]))
    tensor([-1.1113])
    """
    return selu(input, inplace=True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.threshold_(torch.tensor([-1.0]), 0.0, 20.0)
    tensor([20.])
    """
    return threshold_function(input, threshold, value, inplace=True)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6).

    >>> import autodiff as torch
    >>> torch.nn.functional.relu6(torch.tensor([-1.0, 8.0]))
    tensor([0., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x).

    >>> import autodiff as torch
    >>> torch.nn.functional.tanhshrink(torch.tensor([1.0]))
    tensor([0.2384])
    """
    result: Tensor = input - tanh(input)
    return result


@takes_tensors
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each element zeroed with probability p and the others divided by 1 - p; else `input` itself.

    ValueError for a p outside [0, 1].

    >>> import autodiff as torch
    >>> torch.nn.functional.dropout(torch.ones(2), 0.5, training=False)
    tensor([1., 1.])
    """
    if not 0.0 <= number("dropout", "p", p) <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    dtype = input._array.dtype
    if training and p and dtype.kind != "f":
        raise RuntimeError(f"result type Float can't be cast to the desired output type {_type_name(input._array)}: dropout "
                           "scales what it leaves; convert the input with x.float()")  # fmt: skip
    if not training or p == 0.0 or not input._array.size:
        return input
    if p == 1.0:
        mask = np.zeros(input._array.shape, dtype)
    else:
        # One draw per element, in the order of memory: that of a transposed tensor is not the order of its indices.
        order = memory_order(input._array.strides)
        drawn = default_generator.bernoulli(1.0 - p, tuple(input._array.shape[d] for d in order))
        kept = drawn.transpose(np.argsort(order)) if order else drawn
        mask = kept.astype(dtype) / dtype.type(1.0 - p)
    result: Tensor = input.mul_(wrap(mask)) if inplace else input * wrap(mask)
    return result


@takes_tensors
def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|).

    >>> import autodiff as torch
    >>> torch.nn.functional.softsign(torch.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """
    result: Tensor = input / (abs(input) + 1.0)
    return result


def _chosen_dim(input: Tensor, dim: int | None, name: str, stacklevel: int) -> int:
    """The dimension given; without one that which PyTorch once chose, with a warning."""
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        UserWarning,
        stacklevel=stacklevel + 1,
    )
    return 0 if input._array.ndim in (0, 1, 3) else 1


@takes_tensors
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """e**x / sum(e**x) along `dim`: positive numbers that sum to 1. Without `dim`, PyTorch's old choice and a UserWarning.

    >>> import autodiff as torch
    >>> torch.nn.functional.softmax(torch.tensor([1.0, 1.0, 2.0]), 0)
    tensor([0.2119, 0.2119, 0.5761])
    """
    return _softmax(input, _chosen_dim(input, dim, "softmax", _stacklevel), dtype)


@takes_tensors
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along `dim`, computed without overflow. Without `dim`, PyTorch's old choice and a UserWarning.

    >>> import autodiff as torch
    >>> torch.nn.functional.log_softmax(torch.tensor([1.0, 1.0, 2.0]), 0)
    tensor([-1.5514, -1.5514, -0.5514])
    """
    return _log_softmax(input, _chosen_dim(input, dim, "log_softmax", _stacklevel), dtype)


@takes_tensors
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-x) along `dim`.

    >>> import autodiff as torch
    >>> torch.nn.functional.softmin(torch.tensor([1.0, 1.0]), 0)
    tensor([0.5000, 0.5000])
    """
    return _softmax(neg(input), _chosen_dim(input, dim, "softmin", _stacklevel), dtype)


@takes_tensors
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
    num_classes = whole("one_hot", "num_classes", num_classes)
    if num_classes == -1:
        if not array.size:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        num_classes = int(array.max()) + 1
    if array.size and array.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return leaf((array[..., None] == np.arange(num_classes)).astype(np.int64))


@takes_tensors
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(norm(x), eps) along `dim`.

    >>> import autodiff as torch
    >>> torch.nn.functional.normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return input / norm(input, p, dim, keepdim=True).clamp_min(eps)


def __getattr__(name: str) -> Any:
    raise not_offered(__name__, name)

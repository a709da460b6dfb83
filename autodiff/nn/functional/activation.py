"""The activations that are not one operation of their own, and the forms that write into their input.

After this module a reader knows how `F.elu_` comes from `F.elu`: by taking `inplace` as True.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from autodiff._core.inplace import in_place
from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor
from autodiff.api import activation as api
from autodiff.api._calls import takes_tensors
from autodiff.ops import activation as ops

__all__ = [
    "celu_", "elu_", "hardtanh_", "leaky_relu_", "log_softmax", "relu", "relu6", "relu_", "selu_", "softmax", "softmin",
    "softsign", "tanhshrink", "threshold_",
]


_relu_in_place: Callable[[Tensor], Tensor] = in_place(ops.relu, "relu_")


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), written into x's own memory if `inplace`.

    >>> import autodiff as torch
    >>> torch.nn.functional.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    try:
        return _relu_in_place(input) if inplace else ops.relu(input)
    except (RuntimeError, TypeError) as error:
        if again := refusal(error):
            raise again from again.__cause__
        raise


@takes_tensors
def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.celu_(torch.tensor([-1.0, 2.0]), 2.0)
    tensor([-0.7869,  2.0000])
    """
    return api.celu(input, alpha, True)


@takes_tensors
def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.elu_(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return api.elu(input, alpha, True)


@takes_tensors
def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.hardtanh_(torch.tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    return api.hardtanh(input, min_val, max_val, True)


@takes_tensors
def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.leaky_relu_(torch.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    return api.leaky_relu(input, negative_slope, True)


@takes_tensors
def relu_(input: Tensor) -> Tensor:
    """`relu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.relu_(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _relu_in_place(input)


@takes_tensors
def selu_(input: Tensor) -> Tensor:
    """`selu`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.selu_(torch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return api.selu(input, True)


@takes_tensors
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.nn.functional.threshold_(torch.tensor([0.5, 2.0]), 1.0, -1.0)
    tensor([-1.,  2.])
    """
    return api.threshold(input, threshold, value, True)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6).

    >>> import autodiff as torch
    >>> torch.nn.functional.relu6(torch.tensor([-1.0, 8.0]))
    tensor([0., 6.])
    """
    return api.hardtanh(input, 0.0, 6.0, inplace)


@takes_tensors
def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x).

    >>> import autodiff as torch
    >>> torch.nn.functional.tanhshrink(torch.tensor([1.0]))
    tensor([0.2384])
    """
    return input - input.tanh()


@takes_tensors
def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|).

    >>> import autodiff as torch
    >>> torch.nn.functional.softsign(torch.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """
    return input / (input.abs() + 1.0)


def _chosen_dim(input: Tensor, dim: int | None, name: str, level: int) -> int:
    """The dimension given; if none is, the one that PyTorch used to choose, with a warning."""
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        UserWarning,
        stacklevel=max(level + 1, stacklevel()),
    )
    return 0 if input._array.ndim in (0, 1, 3) else 1


@takes_tensors
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """e**x / sum(e**x) along `dim`: positive numbers that sum to 1. Without `dim`, PyTorch's old choice and a UserWarning.

    >>> import autodiff as torch
    >>> torch.nn.functional.softmax(torch.tensor([1.0, 1.0, 2.0]), 0)
    tensor([0.2119, 0.2119, 0.5761])
    """
    return api.softmax(input, _chosen_dim(input, dim, "softmax", _stacklevel), dtype)


@takes_tensors
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along `dim`, computed without overflow. Without `dim`, PyTorch's old choice and a UserWarning.

    >>> import autodiff as torch
    >>> torch.nn.functional.log_softmax(torch.tensor([1.0, 1.0, 2.0]), 0)
    tensor([-1.5514, -1.5514, -0.5514])
    """
    return api.log_softmax(input, _chosen_dim(input, dim, "log_softmax", _stacklevel), dtype)


@takes_tensors
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-x) along `dim`.

    >>> import autodiff as torch
    >>> torch.nn.functional.softmin(torch.tensor([1.0, 1.0]), 0)
    tensor([0.5000, 0.5000])
    """
    return api.softmax(input.neg(), _chosen_dim(input, dim, "softmin", _stacklevel), dtype)

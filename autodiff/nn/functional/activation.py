"""The activations that are not one operation of their own, and the forms that write into their input.

After this module a reader knows how `F.elu_` comes from `F.elu`, by taking `inplace` as True, and how a choice is drawn that
has a gradient: gumbel_softmax.
"""

from __future__ import annotations

import warnings
from typing import Any

from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor
from autodiff.api import activation as api
from autodiff.api import activation_forms as forms
from autodiff.api._calls import number, takes_tensors
from autodiff.api.activation_forms import celu_, relu_, rrelu_, selu_, threshold_
from autodiff.api.likes import empty_like, zeros_like
from autodiff.ops import activation as ops

__all__ = [
    "celu_", "elu_", "gumbel_softmax", "hardtanh_", "leaky_relu_", "log_softmax", "relu", "relu6", "relu_", "rrelu", "rrelu_",
    "selu_", "softmax", "softmin", "softsign", "tanhshrink", "threshold_",
]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), written into x's own memory if `inplace`.

    >>> import autodiff as torch
    >>> torch.nn.functional.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    try:
        return relu_(input) if inplace else ops.relu(input)
    except (RuntimeError, TypeError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise


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


@takes_tensors
def rrelu(
    input: Tensor,
    lower: float = 0.125,
    upper: float = 0.3333333333333333,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """x above 0, a * x below: in training with an a drawn from [lower, upper] for each number, else the one in the middle.

    RuntimeError where lower is greater than upper. Source: Xu et al. 2015.

    >>> import autodiff as torch
    >>> torch.nn.functional.rrelu(torch.tensor([-1.0, 2.0]), 0.25, 0.75)
    tensor([-0.5000,  2.0000])
    """
    return (rrelu_ if inplace else forms.rrelu)(input, lower, upper, training)


@takes_tensors
def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((logits + n) / tau) along `dim`, where n is noise of Gumbel's distribution: nearly one-hot for a small tau.

    The largest place is drawn with the probability softmax(logits). `hard` makes the result one-hot, with the gradient that
    it has without. `eps` has no effect. Source: Jang et al. 2017.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.nn.functional.gumbel_softmax(torch.zeros(3), hard=True)
    tensor([0., 0., 1.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", UserWarning, stacklevel=stacklevel())
    if logits._array.dtype.kind != "f":
        raise RuntimeError(
            "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {logits.dtype}; convert the logits with .float()"
        )
    noise = -empty_like(logits).contiguous().exponential_().log()
    soft = api.softmax((logits + noise) / number("gumbel_softmax", "tau", tau), dim)
    if not hard:
        return soft
    chosen = zeros_like(soft).scatter(dim, soft.detach().max(dim, keepdim=True)[1], 1.0)
    return chosen - soft.detach() + soft

"""The activations that are not one operation of their own, and the forms that write into their input.

After this module a reader knows how `F.elu_` comes from `F.elu`: by taking `inplace` as True.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from autodiff._core.inplace import in_place
from autodiff._core.tensor import Tensor
from autodiff.api import activation as api
from autodiff.api._calls import takes_tensors
from autodiff.ops import activation as ops

__all__ = [
    "celu_", "elu_", "hardtanh_", "leaky_relu_", "log_softmax", "relu", "relu6", "relu_", "selu_", "softmax", "softmin",
    "softsign", "tanhshrink", "threshold_",
]


def _writing(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The form of an activation that writes into its input: the same function, with its `inplace` taken as True."""

    @functools.wraps(function)
    def twin(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return function(input, *args, **kwargs, inplace=True)

    signature = inspect.signature(function)
    kept = [parameter for name, parameter in signature.parameters.items() if name != "inplace"]
    vars(twin)["__signature__"] = signature.replace(parameters=kept)
    twin.__name__ = twin.__qualname__ = function.__name__ + "_"
    twin.__doc__ = f"`{function.__name__}`, written into the tensor's own memory."
    twin.__module__ = __name__
    return twin


_relu_in_place: Callable[[Tensor], Tensor] = in_place(ops.relu, "relu_")


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), written into x's own memory if `inplace`.

    >>> import autodiff as torch
    >>> torch.nn.functional.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _relu_in_place(input) if inplace else ops.relu(input)


celu_ = _writing(api.celu)
elu_ = _writing(api.elu)
hardtanh_ = _writing(api.hardtanh)
leaky_relu_ = _writing(api.leaky_relu)
relu_ = _writing(relu)
selu_ = _writing(api.selu)
threshold_ = _writing(api.threshold)


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


def _chosen_dim(input: Tensor, dim: int | None, name: str, stacklevel: int) -> int:
    """The dimension given; if none is, the one that PyTorch used to choose, with a warning."""
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
    return api.softmax(-input, _chosen_dim(input, dim, "softmin", _stacklevel), dtype)

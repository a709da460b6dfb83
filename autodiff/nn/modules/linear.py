"""Fully connected layers: every output is a weighted sum of all inputs."""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.api._calls import size_of
from autodiff.nn import functional as F
from autodiff.nn import init
from autodiff.nn.modules.lazy import LazyModuleMixin, size_at
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, UninitializedParameter, empty_parameter

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear"]


class Identity(Module):
    """The input as it is; any arguments of the constructor are ignored.

    >>> import autodiff as torch
    >>> torch.nn.Identity()(torch.ones(1))
    tensor([1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """The input."""
        return input


class Linear(Module):
    """y = x @ weight.T + bias.

    weight is (out_features, in_features), bias (out_features,), both first drawn uniformly in
    +-1/sqrt(in_features). The input is (..., in_features), the output (..., out_features).

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Linear(2, 1)
    >>> layer(torch.ones(3, 2)).shape, layer.weight
    (torch.Size([3, 1]), Parameter containing:
    tensor([[-0.0053,  0.3793]], requires_grad=True))
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        size_of((out_features, in_features))  # refuses a wrong size before anything is made
        self.in_features, self.out_features = in_features, out_features
        self.weight = empty_parameter(out_features, in_features, device=device, dtype=dtype)
        if bias:
            self.bias = empty_parameter(out_features, device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """input @ weight.T + bias."""
        # The register is read directly: an attribute lookup finds parameters only after it has searched everywhere else, which
        # costs as much as a small product. A weight that was deleted and replaced by a plain tensor is not in the register.
        parameters: dict[str, Any] = self._parameters
        try:
            weight, bias = parameters["weight"], parameters["bias"]
        except KeyError:
            weight, bias = self.weight, self.bias
        return F.linear(input, weight, bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """y[k] = sum over i and j of input1[i] * weight[k, i, j] * input2[j], plus bias[k].

    weight is (out_features, in1_features, in2_features), bias (out_features,), both first drawn uniformly in
    +-1/sqrt(in1_features). The inputs are (..., in1_features) and (..., in2_features), the output (..., out_features).
    ValueError where in1_features is not positive.

    >>> import autodiff as torch
    >>> layer = torch.nn.Bilinear(2, 3, 4)
    >>> layer(torch.ones(5, 2), torch.ones(5, 3)).shape
    torch.Size([5, 4])
    """

    bias: Parameter | None

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got ({in1_features=})")
        size_of((out_features, in1_features, in2_features))
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = empty_parameter(out_features, in1_features, in2_features, device=device, dtype=dtype)
        if bias:
            self.bias = empty_parameter(out_features, device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """F.bilinear(input1, input2, weight, bias)."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear by another name: the output layer of attention."""


class LazyLinear(LazyModuleMixin, Linear):
    """A Linear that learns `in_features` from the first input that it is given, and is a Linear from then on.

    >>> import autodiff as torch
    >>> layer = torch.nn.LazyLinear(2)
    >>> layer
    LazyLinear(in_features=0, out_features=2, bias=True)
    >>> layer(torch.ones(4, 3)).shape, layer
    (torch.Size([4, 2]), Linear(in_features=3, out_features=2, bias=True))
    """

    cls_to_become = Linear
    weight: UninitializedParameter
    bias: UninitializedParameter | None

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, False)
        size_of((out_features,))
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, if they have a size."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Give weight and bias their sizes, and draw them."""
        if self.has_uninitialized_params():
            self.in_features = size_at(-1, self, input)
            self.weight.materialize((self.out_features, self.in_features))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        if self.in_features == 0:
            if input.shape[-1] != self.weight.shape[-1]:
                raise AssertionError(
                    f"The in_features inferred from input: {input.shape[-1]} is not equal to in_features from self.weight: "
                    f"{self.weight.shape[-1]}"
                )
            self.in_features = input.shape[-1]

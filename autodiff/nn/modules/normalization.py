"""Norms over the features of a single example: layer norm and its relatives, which are the same in training and after it.

After this module a reader knows which dimensions each of them averages over, and that weight and bias, one for each feature,
give the network back the mean and the scale that the norm took away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff.api.ranges import arange
from autodiff.nn import functional as F
from autodiff.nn import init
from autodiff.nn.functional.normalization import channel_sums
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, empty_parameter

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class _Affine(Module):
    """A norm that multiplies by a weight and adds a bias, which begin as 1 and 0."""

    weight: Parameter | None
    bias: Parameter | None

    def _begin(self, size: tuple[int, ...], weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        for name, has in (("weight", weight), ("bias", bias)):
            self.register_parameter(name, empty_parameter(*size, device=device, dtype=dtype) if has else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        bias = self._parameters.get("bias")
        if bias is not None:
            init.zeros_(bias)


def _shape_of(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    return (int(normalized_shape),) if isinstance(normalized_shape, (int, np.integer)) else tuple(normalized_shape)


class LayerNorm(_Affine):
    """(x - mean) / sqrt(variance + eps) * weight + bias, over the last dimensions (Ba et al. 2016).

    normalized_shape is their shape, an int for one, and that of weight and bias, which begin as 1 and 0; without
    `elementwise_affine` there are none. The output has the input's shape.

    >>> import autodiff as torch
    >>> torch.nn.LayerNorm(3, elementwise_affine=False)(torch.tensor([1.0, 2.0, 3.0]))
    tensor([-1.2247,  0.0000,  1.2247])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-05,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps = _shape_of(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self._begin(self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """F.layer_norm of the input, with weight and bias."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class GroupNorm(_Affine):
    """(x - mean) / sqrt(variance + eps) * weight + bias, for each example over groups of channels (Wu and He 2018).

    The input is (N, num_channels, ...), and so is the output. weight and bias, one for each channel, begin as 1 and 0; without
    `affine` there are none. ValueError where num_groups does not divide num_channels.

    >>> import autodiff as torch
    >>> torch.nn.GroupNorm(2, 4, affine=False)(torch.tensor([[1.0, 3.0, 5.0, 9.0]]))
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-05,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._begin((num_channels,), affine, affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """F.group_norm of the input, with weight and bias."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"


class RMSNorm(_Affine):
    """x / sqrt(mean(x**2) + eps) * weight, over the last dimensions (Zhang and Sennrich 2019).

    normalized_shape is their shape, an int for one, and that of the weight, which begins as 1; without `elementwise_affine`
    there is none. Without eps it is the smallest difference from 1 that the dtype has.

    >>> import autodiff as torch
    >>> torch.nn.RMSNorm(2, elementwise_affine=False)(torch.tensor([3.0, 4.0]))
    tensor([0.8485, 1.1314])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps = _shape_of(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        weight = empty_parameter(*self.normalized_shape, device=device, dtype=dtype) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """F.rms_norm of the input, with the weight."""
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """x / (k + alpha * a)**beta, where a is the average of x**2 over `size` neighbouring channels (Krizhevsky et al. 2012).

    The input is (N, C, ...), and so is the output.

    >>> import autodiff as torch
    >>> torch.nn.LocalResponseNorm(2, alpha=3.0, beta=1.0)(torch.ones(1, 2, 1))
    tensor([[[0.4000],
             [0.2500]]])
    """

    def __init__(self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        """F.local_response_norm of the input, with the layer's options."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(Module):
    """x / (k + alpha * a)**beta for (N, C, H, W), where a is a sum of x**2 over neighbouring channels divided by `size`.

    PyTorch's first local response norm, with its numbers: a channel has (size - 1) // 2 neighbours on each side, and the
    first channel, once it is counted, stays in all sums that follow. LocalResponseNorm is the one to use. ValueError for an
    input that is not 4-d.

    >>> import autodiff as torch
    >>> torch.nn.CrossMapLRN2d(1, alpha=1.0, beta=1.0)(torch.ones(1, 2, 1, 1)).flatten()
    tensor([0.5000, 0.3333])
    """

    def __init__(self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        """The input divided by its neighbours' sizes."""
        if input.ndim != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.ndim}D instead.")
        squares, each = input * input, (self.size - 1) // 2
        kept = squares[:, :1] * (arange(input.shape[1]) > each).to(input.dtype).reshape(1, -1, 1, 1)
        total = channel_sums(squares, each, each) + kept
        return input * (total * (self.alpha / self.size) + self.k) ** -self.beta

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"

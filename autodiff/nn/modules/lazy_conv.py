"""Convolutional layers that learn the number of their input's channels from the first input that they are given.

After this module a reader knows that only one number of a convolution depends on its input; everything else is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.nn.modules.conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    _ConvNd,
    _ConvTransposeNd,
    _PlainConvNd,
)
from autodiff.nn.modules.lazy import LazyModuleMixin
from autodiff.nn.parameter import UninitializedParameter

__all__ = ["LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d"]

Ints = int | Sequence[int]


class _LazyConv(LazyModuleMixin, _ConvNd):
    """What the six share: parameters without a size, and how they get theirs."""

    def _uninitialized(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        self.out_channels = out_channels
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, if they have a size."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Give weight and bias their sizes, and draw them."""
        if not self.has_uninitialized_params():
            return
        n = self.dims
        if input._array.ndim not in (n + 1, n + 2):
            raise RuntimeError(
                f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {type(self).__name__}, but got input of size: "
                f"{input.shape}"
            )
        self.in_channels = input._array.shape[-n - 1]
        if self.in_channels % self.groups:
            raise ValueError(f"in_channels must be divisible by groups, but got {self.in_channels} and groups={self.groups}")
        weight: Any = self.weight
        weight.materialize(self._shape())
        if self.bias is not None:
            bias: Any = self.bias
            bias.materialize((self.out_channels,))
        self.reset_parameters()


class _LazyPlainConvNd(_LazyConv, _PlainConvNd):
    def __init__(
        self, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: Ints = 0, dilation: Ints = 1, groups: int = 1,
        bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device, dtype)
        self._uninitialized(out_channels, bias, device, dtype)


class _LazyConvTransposeNd(_LazyConv, _ConvTransposeNd):
    def __init__(
        self, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: Ints = 0, output_padding: Ints = 0,
        groups: int = 1, bias: bool = True, dilation: Ints = 1, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode, device, dtype
        )
        self._uninitialized(out_channels, bias, device, dtype)


class LazyConv1d(_LazyPlainConvNd, Conv1d):
    """A Conv1d that learns `in_channels` from its first input, and is a Conv1d from then on."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyPlainConvNd, Conv2d):
    """A Conv2d that learns `in_channels` from its first input, and is a Conv2d from then on.

    >>> import autodiff as torch
    >>> layer = torch.nn.LazyConv2d(2, 3)
    >>> layer(torch.ones(5, 3, 8, 8)).shape, layer
    (torch.Size([5, 2, 6, 6]), Conv2d(3, 2, kernel_size=(3, 3), stride=(1, 1)))
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyPlainConvNd, Conv3d):
    """A Conv3d that learns `in_channels` from its first input, and is a Conv3d from then on."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTransposeNd, ConvTranspose1d):
    """A ConvTranspose1d that learns `in_channels` from its first input, and is a ConvTranspose1d from then on."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTransposeNd, ConvTranspose2d):
    """A ConvTranspose2d that learns `in_channels` from its first input, and is a ConvTranspose2d from then on.

    >>> import autodiff as torch
    >>> layer = torch.nn.LazyConvTranspose2d(2, 3)
    >>> layer(torch.ones(5, 3, 8, 8)).shape, layer
    (torch.Size([5, 2, 10, 10]), ConvTranspose2d(3, 2, kernel_size=(3, 3), stride=(1, 1)))
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTransposeNd, ConvTranspose3d):
    """A ConvTranspose3d that learns `in_channels` from its first input, and is a ConvTranspose3d from then on."""

    cls_to_become = ConvTranspose3d

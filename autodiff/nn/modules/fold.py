"""Blocks of images as columns, and back, as layers."""

from __future__ import annotations

from collections.abc import Sequence

from autodiff._core.tensor import Tensor
from autodiff.nn import functional as F
from autodiff.nn.modules.module import Module

__all__ = ["Fold", "Unfold"]

Ints = int | Sequence[int]


class Fold(Module):
    """Columns added up as blocks of an image: (batch, channels * taps, blocks) to (batch, channels, *output_size).

    >>> import autodiff as torch
    >>> torch.nn.Fold((4, 5), 2)(torch.ones(1, 12, 12)).shape
    torch.Size([1, 3, 4, 5])
    """

    def __init__(
        self, output_size: Ints, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1
    ) -> None:
        super().__init__()
        self.output_size, self.kernel_size, self.dilation = output_size, kernel_size, dilation
        self.padding, self.stride = padding, stride

    def forward(self, input: Tensor) -> Tensor:
        """F.fold of the input."""
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """All options."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, "
            f"stride={self.stride}"
        )


class Unfold(Module):
    """Every block of an image as a column: (batch, channels, height, width) to (batch, channels * taps, blocks).

    >>> import autodiff as torch
    >>> torch.nn.Unfold((2, 3))(torch.ones(2, 5, 3, 4)).shape
    torch.Size([2, 30, 4])
    """

    def __init__(self, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        """F.unfold of the input."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """All options."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )

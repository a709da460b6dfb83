"""Pools as layers: each holds its options and calls the function of the same kind.

After this module a reader knows that a pool has nothing to learn: a window, a step, and one number for each window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from autodiff._core.tensor import Tensor
from autodiff.nn import functional as F
from autodiff.nn.modules.module import Module

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d", "MaxPool2d",
    "MaxPool3d",
]

Ints = int | Sequence[int]


# ---- the largest ----


class _MaxPool(Module):
    """What the max pools share: the options, and the text."""

    _function: ClassVar[Callable[..., Any]]

    def __init__(
        self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, dilation: Ints = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        """The function of the input, with the layer's options; with return_indices, (values, indices)."""
        return self._function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest of each window of (batch, channels, length), or without the batch. Without a stride it is kernel_size.

    >>> import autodiff as torch
    >>> torch.nn.MaxPool1d(2)(torch.tensor([[1.0, 3.0, 2.0, 5.0]]))
    tensor([[3., 5.]])
    """

    _function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest of each window of (batch, channels, height, width), or without the batch. Without a stride it is kernel_size.

    >>> import autodiff as torch
    >>> torch.nn.MaxPool2d(3, stride=2, padding=1)(torch.ones(5, 2, 8, 8)).shape
    torch.Size([5, 2, 4, 4])
    """

    _function = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    """The largest of each window of (batch, channels, depth, height, width), or without the batch."""

    _function = staticmethod(F.max_pool3d)


# ---- the mean ----


class _AvgPool(Module):
    """What the average pools of images and volumes share."""

    _function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """The function of the input, with the layer's options."""
        return self._function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad, self.divisor_override
        )

    def extra_repr(self) -> str:
        """The window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(Module):
    """The mean of each window of (batch, channels, length), or without the batch. Without a stride it is kernel_size.

    >>> import autodiff as torch
    >>> torch.nn.AvgPool1d(2)(torch.tensor([[1.0, 3.0, 2.0, 5.0]]))
    tensor([[2.0000, 3.5000]])
    """

    def __init__(
        self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size, self.padding = _single(kernel_size), _single(padding)
        self.stride = _single(kernel_size if stride is None else stride)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """F.avg_pool1d of the input."""
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        """The window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


def _single(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


class AvgPool2d(_AvgPool):
    """The mean of each window of (batch, channels, height, width), or without the batch. Without a stride it is kernel_size.

    >>> import autodiff as torch
    >>> torch.nn.AvgPool2d(2)(torch.ones(5, 2, 8, 8)).shape
    torch.Size([5, 2, 4, 4])
    """

    _function = staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPool):
    """The mean of each window of (batch, channels, depth, height, width), or without the batch."""

    _function = staticmethod(F.avg_pool3d)


# ---- norms ----


class _LPPool(Module):
    """What the norm pools share."""

    _function: ClassVar[Callable[..., Tensor]]

    def __init__(self, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """The function of the input, with the layer's options."""
        return self._function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """(the sum of x**p over each window)**(1/p) for p = norm_type, of (batch, channels, length).

    >>> import autodiff as torch
    >>> torch.nn.LPPool1d(2, 2)(torch.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """

    _function = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPool):
    """(the sum of x**p over each window)**(1/p) for p = norm_type, of (batch, channels, height, width)."""

    _function = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPool):
    """(the sum of x**p over each window)**(1/p) for p = norm_type, of (batch, channels, depth, height, width)."""

    _function = staticmethod(F.lp_pool3d)


# ---- with a given size of the output ----


class _Adaptive(Module):
    """A pool that is told the size of its output."""

    _function: ClassVar[Callable[..., Any]]

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Any:
        """The function of the input."""
        return self._function(input, self.output_size)

    def extra_repr(self) -> str:
        """The size."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_Adaptive):
    """The means of output_size windows that cover (batch, channels, length)."""

    _function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_Adaptive):
    """The means of windows that cover (batch, channels, height, width), so many that the output has the size; None: as many.

    >>> import autodiff as torch
    >>> torch.nn.AdaptiveAvgPool2d((1, None))(torch.ones(5, 2, 7, 9)).shape
    torch.Size([5, 2, 1, 9])
    """

    _function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_Adaptive):
    """The means of windows that cover (batch, channels, depth, height, width), so many that the output has the size."""

    _function = staticmethod(F.adaptive_avg_pool3d)


class _AdaptiveMax(_Adaptive):
    """An adaptive max pool, which tells on request where its elements stood."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """The function of the input; with return_indices, (values, indices)."""
        return self._function(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest of each of output_size windows that cover (batch, channels, length)."""

    _function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest of windows that cover (batch, channels, height, width), so many that the output has the size; None: as many.

    >>> import autodiff as torch
    >>> torch.nn.AdaptiveMaxPool2d(3)(torch.ones(5, 2, 7, 9)).shape
    torch.Size([5, 2, 3, 3])
    """

    _function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMax):
    """The largest of windows that cover (batch, channels, depth, height, width), so many that the output has the size."""

    _function = staticmethod(F.adaptive_max_pool3d)

"""Convolutional layers: the same small weight at every position of a signal, an image or a volume.

After this module a reader knows that all six layers hold one weight and one bias, drawn as those of `Linear` are, and that a
transposed layer turns the two numbers of channels round.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from autodiff._core.tensor import Tensor
from autodiff.api._calls import size_of
from autodiff.nn import functional as F
from autodiff.nn import init
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, empty_parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

Ints = int | Sequence[int]
_MODES = ("zeros", "reflect", "replicate", "circular")


def _each(value: Any, n: int) -> Any:
    """A number once for each dimension; several as a tuple."""
    return tuple(value) if isinstance(value, (tuple, list)) else value if isinstance(value, str) else (value,) * n


class _ConvNd(Module):
    """What all six share: the options, weight and bias, how these are drawn, the text. `dims` are behind the channels."""

    dims: ClassVar[int]
    _function: ClassVar[Callable[..., Tensor]]
    _transposed = False
    weight: Parameter
    bias: Parameter | None
    output_padding: tuple[int, ...]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints, padding: str | Ints, dilation: Ints,
        output_padding: Ints, groups: int, bias: bool, padding_mode: str, device: Any, dtype: Any,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups, but got {name}={channels} and {groups=}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        n = self.dims
        self.kernel_size, self.stride, self.dilation = _each(kernel_size, n), _each(stride, n), _each(dilation, n)
        self.padding, self.output_padding = _each(padding, n), _each(output_padding, n)
        self.padding_mode, self.transposed = padding_mode, self._transposed
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same' and 'valid'")
            if padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _MODES:
            raise ValueError(f"padding_mode must be one of {list(_MODES)}, but got padding_mode={padding_mode!r}")
        shape = self._shape()
        size_of(shape)  # refuses a wrong size before anything is made
        self.weight = empty_parameter(*shape, device=device, dtype=dtype)
        if bias:
            self.bias = empty_parameter(out_channels, device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _shape(self) -> tuple[int, ...]:
        """The shape of the weight."""
        both = (self.in_channels, self.out_channels) if self._transposed else (self.out_channels, self.in_channels)
        return (both[0], both[1] // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniformly in +-1/sqrt(fan_in): the number of products in one output."""
        weight = self.weight if self.weight.is_contiguous() else self.weight.detach().contiguous()
        init.kaiming_uniform_(weight, a=math.sqrt(5))
        if weight is not self.weight:  # the same numbers from the same seed in any memory format
            self.weight.data.copy_(weight)
        if self.bias is not None:
            fan_in = math.prod(self.weight._array.shape[1:])
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """The options, where they are not the usual ones."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = getattr(self, name)
            text += "" if value == (usual,) * len(value) else f", {name}={value}"
        text += "" if self.groups == 1 else f", groups={self.groups}"
        text += "" if self.bias is not None else ", bias=False"
        return text + ("" if self.padding_mode == "zeros" else f", padding_mode={self.padding_mode}")


class _PlainConvNd(_ConvNd):
    """A layer whose output elements each look at a window of the input."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: str | Ints = 0,
        dilation: Ints = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device, dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of the input with the weight, and the bias."""
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._border(), self.padding_mode), 0
        return self._function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _border(self) -> list[int]:
        """The padding as `pad` takes it: before and behind, from the last dimension on."""
        if self.padding == "valid":
            return [0] * 2 * self.dims
        if self.padding == "same":
            both = [spread * (k - 1) for spread, k in zip(self.dilation, self.kernel_size, strict=True)]
            return [n for total in reversed(both) for n in (total // 2, total - total // 2)]
        return [n for p in reversed(self.padding) for n in (p, p)]


class Conv1d(_PlainConvNd):
    """y[o, p] = bias[o] + the sum of weight[o, c, t] * x[c, p * stride + t * dilation - padding] over c and t.

    The input is (batch, in_channels, length), or without the batch, weight (out_channels, in_channels / groups, kernel_size).
    padding is a number, "same" or "valid"; padding_mode "zeros", "reflect", "replicate" or "circular". weight and bias are
    drawn uniformly in +-1/sqrt(in_channels / groups * kernel_size). ValueError for options that do not fit.

    >>> import autodiff as torch
    >>> torch.nn.Conv1d(2, 4, 3, padding=1)(torch.ones(5, 2, 10)).shape
    torch.Size([5, 4, 10])
    """

    dims, _function = 1, staticmethod(F.conv1d)


class Conv2d(_PlainConvNd):
    """y[o, p] = bias[o] + the sum of weight[o, c, t] * x[c, p * stride + t * dilation - padding], p and t pairs of numbers.

    The input is (batch, in_channels, height, width), or without the batch, weight (out_channels, in_channels / groups, rows,
    columns). Options as for `Conv1d`, one number for both dimensions or one for each.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Conv2d(1, 1, 2)
    >>> layer.weight
    Parameter containing:
    tensor([[[[-0.0037,  0.2682],
              [-0.4115, -0.3680]]]], requires_grad=True)
    >>> layer(torch.ones(5, 1, 28, 28)).shape
    torch.Size([5, 1, 27, 27])
    """

    dims, _function = 2, staticmethod(F.conv2d)


class Conv3d(_PlainConvNd):
    """The convolution over three dimensions: the input is (batch, in_channels, depth, height, width), or without the batch.

    weight is (out_channels, in_channels / groups, *kernel_size). Options as for `Conv1d`.

    >>> import autodiff as torch
    >>> torch.nn.Conv3d(2, 4, (1, 2, 2))(torch.ones(2, 3, 3, 3)).shape
    torch.Size([4, 3, 2, 2])
    """

    dims, _function = 3, staticmethod(F.conv3d)


class _ConvTransposeNd(_ConvNd):
    """A layer that spreads each input element over a window of the output."""

    _transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: Ints = 0,
        output_padding: Ints = 0, groups: int = 1, bias: bool = True, dilation: Ints = 1, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:
        name = type(self).__name__
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {name}, but got {padding_mode!r}')
        if isinstance(padding, str):
            raise TypeError(f"{name}: argument 'padding' must be int or tuple of ints, not str ({padding!r})")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias, padding_mode,
            device, dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The transposed convolution of the input with the weight, and the bias."""
        more = self._output_padding(input, output_size)
        return self._function(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)

    def _output_padding(self, input: Tensor, output_size: Sequence[int] | None) -> tuple[int, ...]:
        """How many elements are put behind, so that the output has the size that is asked for."""
        if output_size is None:
            return self.output_padding
        n, ndim = self.dims, input._array.ndim
        if len(output_size) == ndim:
            output_size = output_size[ndim - n :]
        if len(output_size) != n:
            raise ValueError(
                f"ConvTranspose{n}D: for {ndim}D input, output_size must have {n} or {ndim} elements (got {len(output_size)})"
            )
        options = zip(input._array.shape[-n:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True)
        least = [(i - 1) * s - 2 * p + d * (k - 1) + 1 for i, s, p, d, k in options]
        most = [size + s - 1 for size, s in zip(least, self.stride, strict=True)]
        if not all(low <= size <= high for low, size, high in zip(least, output_size, most, strict=True)):
            raise ValueError(
                f"requested an output size of {tuple(output_size)}, but valid sizes range from {least} to {most} (for an input "
                f"of {input.shape[-n:]})"
            )
        return tuple(size - low for size, low in zip(output_size, least, strict=True))


class ConvTranspose1d(_ConvTransposeNd):
    """Each input element spreads weight times itself over the output, every `stride` elements, and these are added up.

    The input is (batch, in_channels, length), or without the batch, weight (in_channels, out_channels / groups, kernel_size).
    The output has (length - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1 elements, or the
    output_size that the call asks for. ValueError for options that do not fit.

    >>> import autodiff as torch
    >>> torch.nn.ConvTranspose1d(2, 4, 3, stride=2)(torch.ones(5, 2, 10), output_size=[22]).shape
    torch.Size([5, 4, 22])
    """

    dims, _function = 1, staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTransposeNd):
    """Each pixel spreads weight times itself over the output, every `stride` pixels, and these are added up.

    The input is (batch, in_channels, height, width), or without the batch, weight (in_channels, out_channels / groups, rows,
    columns). Options as for `ConvTranspose1d`.

    >>> import autodiff as torch
    >>> torch.nn.ConvTranspose2d(2, 4, 2, stride=2)(torch.ones(5, 2, 7, 7)).shape
    torch.Size([5, 4, 14, 14])
    """

    dims, _function = 2, staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTransposeNd):
    """Each element of a volume spreads weight times itself over the output. Options as for `ConvTranspose1d`.

    The input is (batch, in_channels, depth, height, width), or without the batch.

    >>> import autodiff as torch
    >>> torch.nn.ConvTranspose3d(2, 4, 2)(torch.ones(2, 3, 3, 3)).shape
    torch.Size([4, 4, 4, 4])
    """

    dims, _function = 3, staticmethod(F.conv_transpose3d)

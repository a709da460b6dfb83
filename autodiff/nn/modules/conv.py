"""Convolutional layers: the same small weight at every position of a signal, an image or a volume.

After this module a reader knows that all six layers hold one weight and one bias, drawn as those of `Linear` are, and that a
transposed layer turns the two numbers of channels round.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff.api._calls import size_of
from autodiff.nn import functional as F
from autodiff.nn import init
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, empty_parameter
from autodiff.ops.places import index_select

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

Ints = int | Sequence[int]
_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}  # NumPy's words


def _each(value: Any, n: int) -> Any:
    """A number once for each dimension; several as a tuple."""
    return tuple(value) if isinstance(value, (tuple, list)) else value if isinstance(value, str) else (value,) * n


class _ConvNd(Module):
    """What all of them share: the options, weight and bias, how these are drawn, the text."""

    _transposed = False
    weight: Parameter
    bias: Parameter | None
    output_padding: tuple[int, ...]

    def __init__(
        self, n: int, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints, padding: str | Ints, dilation: Ints,
        output_padding: Ints, groups: int, bias: bool, padding_mode: str, device: Any, dtype: Any,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups, but got {name}={channels} and {groups=}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = _each(kernel_size, n), _each(stride, n), _each(dilation, n)
        self.padding, self.output_padding = _each(padding, n), _each(output_padding, n)
        self.padding_mode, self.transposed = padding_mode, self._transposed
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same' and 'valid'")
            if padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in ("zeros", *_MODES):
            raise ValueError(f"padding_mode must be one of {['zeros', *_MODES]}, but got padding_mode={padding_mode!r}")
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
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
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

    def _padded(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input, and the zeros to be put around it; with another padding mode, the padded input and none."""
        if self.padding_mode == "zeros":
            return input, self.padding
        dims = range(-len(self.kernel_size), 0)
        for d, k, spread, p in zip(dims, self.kernel_size, self.dilation, _sides(self.padding, self.kernel_size), strict=True):
            before, behind = (p, p) if p is not None else (spread * (k - 1) // 2, spread * (k - 1) - spread * (k - 1) // 2)
            input = _around(input, input._array.ndim + d, before, behind, self.padding_mode)
        return input, (0,) * len(self.kernel_size)


def _sides(padding: Any, kernel: tuple[int, ...]) -> Any:
    """The padding of each dimension; None for "same"."""
    return ((None if padding == "same" else 0),) * len(kernel) if isinstance(padding, str) else padding


def _around(input: Tensor, axis: int, before: int, behind: int, mode: str) -> Tensor:
    """The input continued along a dimension by elements of its own."""
    n = input._array.shape[axis]
    most = n - 1 if mode == "reflect" else n if mode == "circular" else before + behind
    if max(before, behind) > most:
        raise RuntimeError(
            f"Padding size should be less than the corresponding input dimension, but got: padding ({before}, {behind}) at "
            f"dimension "
            f"{axis} of input {list(input.shape)}"
        )
    numpys: Any = _MODES[mode]
    return index_select(input, axis=axis, places=np.pad(np.arange(n), (before, behind), numpys))


class Conv1d(_ConvNd):
    """y[o, p] = bias[o] + the sum of weight[o, c, t] * x[c, p * stride + t * dilation - padding] over c and t.

    The input is (batch, in_channels, length), or without the batch, weight (out_channels, in_channels / groups, kernel_size).
    padding is a number, "same" or "valid"; padding_mode "zeros", "reflect", "replicate" or "circular". weight and bias are
    drawn uniformly in +-1/sqrt(in_channels / groups * kernel_size). ValueError for options that do not fit.

    >>> import autodiff as torch
    >>> torch.nn.Conv1d(2, 4, 3, padding=1)(torch.ones(5, 2, 10)).shape
    torch.Size([5, 4, 10])
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: str | Ints = 0,
        dilation: Ints = 1,
        groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:
        super().__init__(
            1, in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device, dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        """F.conv1d of the input, the weight and the bias."""
        x, padding = self._padded(input)
        return F.conv1d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(_ConvNd):
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

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: str | Ints = 0,
        dilation: Ints = 1,
        groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:
        super().__init__(
            2, in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device, dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        """F.conv2d of the input, the weight and the bias."""
        x, padding = self._padded(input)
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(_ConvNd):
    """The convolution over three dimensions: the input is (batch, in_channels, depth, height, width), or without the batch.

    weight is (out_channels, in_channels / groups, *kernel_size). Options as for `Conv1d`.

    >>> import autodiff as torch
    >>> torch.nn.Conv3d(2, 4, (1, 2, 2))(torch.ones(2, 3, 3, 3)).shape
    torch.Size([4, 3, 2, 2])
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: str | Ints = 0,
        dilation: Ints = 1,
        groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:
        super().__init__(
            3, in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device, dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        """F.conv3d of the input, the weight and the bias."""
        x, padding = self._padded(input)
        return F.conv3d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class _ConvTransposeNd(_ConvNd):
    """A layer that spreads each input element over a window of the output."""

    _transposed = True

    def __init__(self, n: int, *options: Any) -> None:
        if options[9] != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}, but got {options[9]!r}')
        if isinstance(options[4], str):
            raise TypeError(f"{type(self).__name__}: argument 'padding' must be int or tuple of ints, not str ({options[4]!r})")
        super().__init__(n, *options)

    def _output_padding(self, input: Tensor, output_size: Sequence[int] | None) -> tuple[int, ...]:
        """How many elements are put behind, so that the output has the size that is asked for."""
        if output_size is None:
            return self.output_padding
        n, ndim = len(self.kernel_size), input._array.ndim
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
                f"of "
                f"{input.shape[-n:]})"
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

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: Ints = 0,
        output_padding: Ints = 0,
        groups: int = 1, bias: bool = True, dilation: Ints = 1, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            1, in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias, padding_mode,
            device, dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """F.conv_transpose1d of the input, the weight and the bias."""
        more = self._output_padding(input, output_size)
        return F.conv_transpose1d(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)


class ConvTranspose2d(_ConvTransposeNd):
    """Each pixel spreads weight times itself over the output, every `stride` pixels, and these are added up.

    The input is (batch, in_channels, height, width), or without the batch, weight (in_channels, out_channels / groups, rows,
    columns). Options as for `ConvTranspose1d`.

    >>> import autodiff as torch
    >>> torch.nn.ConvTranspose2d(2, 4, 2, stride=2)(torch.ones(5, 2, 7, 7)).shape
    torch.Size([5, 4, 14, 14])
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: Ints = 0,
        output_padding: Ints = 0,
        groups: int = 1, bias: bool = True, dilation: Ints = 1, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            2, in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias, padding_mode,
            device, dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """F.conv_transpose2d of the input, the weight and the bias."""
        more = self._output_padding(input, output_size)
        return F.conv_transpose2d(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)


class ConvTranspose3d(_ConvTransposeNd):
    """Each element of a volume spreads weight times itself over the output. Options as for `ConvTranspose1d`.

    The input is (batch, in_channels, depth, height, width), or without the batch.

    >>> import autodiff as torch
    >>> torch.nn.ConvTranspose3d(2, 4, 2)(torch.ones(2, 3, 3, 3)).shape
    torch.Size([4, 4, 4, 4])
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: Ints = 0,
        output_padding: Ints = 0,
        groups: int = 1, bias: bool = True, dilation: Ints = 1, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            3, in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias, padding_mode,
            device, dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """F.conv_transpose3d of the input, the weight and the bias."""
        more = self._output_padding(input, output_size)
        return F.conv_transpose3d(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)

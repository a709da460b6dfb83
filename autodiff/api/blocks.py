"""Blocks of images as columns, as PyTorch calls them: unfold and fold.

After this module a reader knows that a convolution is `unfold`, a matrix product and `fold`, and how many blocks there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff._kernels.windows import Windows
from autodiff.api._calls import takes_tensors
from autodiff.api._windows import ints, positions
from autodiff.ops import blocks as ops

__all__ = ["fold", "unfold"]

Ints = int | Sequence[int]


def _pair(function: str, name: str, value: Any, least: int) -> tuple[int, ...]:
    numbers = ints(function, name, value)
    numbers = numbers * 2 if len(numbers) == 1 and (name != "output_size" or not isinstance(value, (tuple, list))) else numbers
    if len(numbers) != 2:
        raise RuntimeError(f"{function}(): It is expected {name} equals to 2 numbers, but got {len(numbers)}")
    if min(numbers) < least:
        limit = "greater than zero" if least else "non-negative"
        raise RuntimeError(f"{function}(): {name.replace('_', ' ')} should be {limit}, but got {numbers}")
    return numbers


def _windows(
    function: str, inside: tuple[int, ...], kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> Windows:
    kernel, step = _pair(function, "kernel_size", kernel_size, 1), _pair(function, "stride", stride, 1)
    pad, spread = _pair(function, "padding", padding, 0), _pair(function, "dilation", dilation, 1)
    if math.prod(kernel) > 2**63 - 1:
        raise RuntimeError(
            f"Given kernel_width = {kernel[1]} and kernel_height = {kernel[0]} the product of kernel_width and kernel_height "
            "overflowed."
        )
    size = positions(inside, kernel, step, pad, spread)
    if min(size) < 1:
        raise RuntimeError(
            f"Given input with spatial size {inside}, kernel_size={kernel}, dilation={spread}, padding={pad}, calculated shape "
            f"of the array of sliding blocks as {size}, but its components must be at least one."
        )
    return Windows(inside, size, kernel, step, pad, spread)


@takes_tensors
def unfold(input: Tensor, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1) -> Tensor:
    """Every block of an image as a column: (batch, channels, height, width) to (batch, channels * taps, blocks).

    The batch may be left out. RuntimeError where no block fits.

    >>> import autodiff as torch
    >>> torch.nn.functional.unfold(torch.arange(9.0).reshape(1, 3, 3), 2)
    tensor([[0., 1., 3., 4.],
            [1., 2., 4., 5.],
            [3., 4., 6., 7.],
            [4., 5., 7., 8.]])
    """
    x = input._array
    if x.ndim not in (3, 4) or 0 in x.shape[-3:]:
        raise (IndexError if x.ndim < 3 else RuntimeError)(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but "
            f"got: {list(x.shape)}"
        )
    if x.dtype.kind not in "fb":
        raise NotImplementedError(f"unfold is not implemented for {input.dtype}: use input.float()")
    windows = _windows("unfold", x.shape[-2:], kernel_size, dilation, padding, stride)
    return ops.unfold(input, windows=windows) if x.ndim == 4 else ops.unfold(input.unsqueeze(0), windows=windows).squeeze(0)


@takes_tensors
def fold(
    input: Tensor, output_size: Ints, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1
) -> Tensor:
    """The columns of `unfold` added up where they were taken: (batch, channels * taps, blocks) to an image of output_size.

    The image is (batch, channels, *output_size). The batch may be left out. RuntimeError where there are
    not as many columns as blocks.

    >>> import autodiff as torch
    >>> torch.nn.functional.fold(torch.ones(4, 4), (3, 3), 2)
    tensor([[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]])
    """
    x = input._array
    if x.ndim not in (2, 3) or 0 in x.shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but "
            f"got: {list(x.shape)}"
        )
    if x.dtype.kind not in "fb":
        raise NotImplementedError(f"fold is not implemented for {input.dtype}: use input.float()")
    windows = _windows("fold", _pair("fold", "output_size", output_size, 1), kernel_size, dilation, padding, stride)
    if x.shape[-2] % windows.count_of_taps():
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={x.shape[-2]} and kernel_size={windows.kernel}."
        )
    if x.shape[-1] != math.prod(windows.size):
        raise RuntimeError(
            f"Given output_size={windows.inside}, kernel_size={windows.kernel}, dilation={windows.dilation}, "
            f"padding={windows.padding}, stride={windows.stride}, expected size of input's dimension 2 to match the calculated "
            f"number of sliding blocks {' * '.join(map(str, windows.size))} = {math.prod(windows.size)}, but got "
            f"input.size(2)={x.shape[-1]}."
        )
    return ops.fold(input, windows=windows) if x.ndim == 3 else ops.fold(input.unsqueeze(0), windows=windows).squeeze(0)

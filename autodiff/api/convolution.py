"""Convolutions as PyTorch calls them: of one, two or three dimensions, transposed, with or without a batch.

After this module a reader knows how many positions a window has, and that padding="same" stands the window out of the input by
half of its width.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff._core.unlike import in_c, unlike
from autodiff._kernels.windows import Windows
from autodiff.api._calls import takes_tensors, whole
from autodiff.api._windows import batched, ints, positions
from autodiff.ops import convolution as ops

__all__ = ["conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolution"]

Ints = int | Sequence[int]


# ---- what all of them ask ----


def _numbers(name: str, value: Any, n: int, least: int) -> tuple[int, ...]:
    """The value for each of n dimensions; RuntimeError for a wrong count, and below `least`."""
    numbers = ints("conv", name, value)
    numbers = numbers * n if len(numbers) == 1 else numbers
    if len(numbers) != n:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {n} values to match the convolution dimensions, but "
            f"got {name}={list(numbers)}"
        )
    if min(numbers) < least:
        raise RuntimeError(f"{'negative' if least == 0 else 'non-positive'} {name} is not supported, got {list(numbers)}")
    return numbers


def _check(function: str, input: Tensor, weight: Tensor, n: int) -> None:
    """RuntimeError for an input without n spatial dimensions, and for a weight of another rank than it asks for."""
    x, w = input._array, weight._array
    if x.ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {function}, but got input of size: "
            f"{list(input.shape)}"
        )
    if w.ndim != n + 2:
        raise RuntimeError(
            f"Expected {n + 2}-dimensional weight for {function}, but got weight of size {list(weight.shape)}: it is "
            f"(out_channels, in_channels / groups, *kernel_size)"
        )


def _check_channels(input: Tensor, weight: Tensor, bias: Tensor | None, groups: Any, transposed: bool) -> int:
    """The groups as an int; RuntimeError where channels, dtypes or the bias do not fit."""
    count = whole("conv", "groups", groups)
    if count <= 0:
        raise RuntimeError(f"non-positive groups is not supported, got {count}")
    x, w = input._array, weight._array
    given = f"Given {'transposed=1' if transposed else f'groups={count}'}, "
    if w.shape[0] < count or w.shape[0] % count:
        raise RuntimeError(
            f"Given groups={count}, expected weight to be divisible by {count} at dimension 0, but got weight of size "
            f"{list(w.shape)} instead"
        )
    expected = w.shape[0] if transposed else w.shape[1] * count
    if x.shape[1] != expected:
        raise RuntimeError(
            f"{given}weight of size {list(w.shape)}, expected input{list(x.shape)} to have {expected} channels, but got "
            f"{x.shape[1]} channels instead"
        )
    channels = w.shape[1] * count if transposed else w.shape[0]
    if bias is not None and bias._array.shape != (channels,):
        raise RuntimeError(
            f"{given}weight of size {list(w.shape)}, expected bias to be 1-dimensional with {channels} elements, but got bias "
            f"of size {list(bias.shape)} instead"
        )
    for name, other in (("bias", bias), ("weight", weight)):
        if other is not None and other._array.dtype != x.dtype:
            theirs = f"Input type ({in_c(input)}) and {name} type ({in_c(other)}) should be the same"
            raise RuntimeError(f"{theirs}{unlike(input, other, b_is=name)}")
    if x.dtype.kind == "b":
        raise NotImplementedError("convolution is not implemented for 'Bool': use input.float()")
    return count


def _check_sizes(input: Tensor, weight: Tensor) -> None:
    """RuntimeError for an input without elements in a dimension of space, and for a window without elements."""
    if 0 in input._array.shape[2:]:
        raise RuntimeError(f"Only zero batch or zero channel inputs are supported, but got input shape: {list(input.shape)}")
    if 0 in weight._array.shape[2:]:
        raise RuntimeError(f"the kernel must have elements, but got weight of size {list(weight.shape)}")


def _same(kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """The padding before the input with which the output has the input's size; the greater half stands behind."""
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    surplus = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if any(s % 2 for s in surplus):
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation pads the input on one side more than on the other.",
            UserWarning, stacklevel=stacklevel(),
        )
    return tuple(s // 2 for s in surplus)


def _convolve(
    function: str, n: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any,
    groups: Any,
) -> Tensor:
    _check(function, input, weight, n)
    return batched(input, n, lambda x: _convolve_batch(n, x, weight, bias, stride, padding, dilation, groups))


def _convolve_batch(
    n: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Tensor:
    windows, groups = geometry(n, input, weight, bias, stride, padding, dilation, groups)
    made = ops.convolution(input, weight, bias, windows=windows, groups=groups)
    return made if input._array.shape[1] else made.narrow(1, 0, 0)  # in PyTorch what has no channels makes none


def geometry(
    n: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: Any
) -> tuple[Windows, int]:
    """(the windows, the groups) of a convolution with a batch; RuntimeError where sizes, dtypes and numbers make none."""
    groups = _check_channels(input, weight, bias, groups, transposed=False)
    inside, kernel = input._array.shape[2:], weight._array.shape[2:]
    step, spread = _numbers("stride", stride, n, 1), _numbers("dilation", dilation, n, 1)
    if padding == "same":
        pad, size = _same(kernel, step, spread), inside
    else:
        if isinstance(padding, str) and padding != "valid":
            raise RuntimeError(f"Invalid padding string: {padding!r}; use 'same', 'valid', an int or a tuple of ints")
        pad = _numbers("padding", 0 if padding == "valid" else padding, n, 0)
        size = positions(inside, kernel, step, pad, spread)
    if min(size, default=1) < 1:
        padded = " x ".join(str(i + 2 * p) for i, p in zip(inside, pad, strict=True))
        wide = " x ".join(str(d * (k - 1) + 1) for k, d in zip(kernel, spread, strict=True))
        raise RuntimeError(
            f"Calculated padded input size per channel: ({padded}). Kernel size: ({wide}). Kernel size can't be greater than "
            "actual input size"
        )
    _check_sizes(input, weight)
    return Windows(inside, size, kernel, step, pad, spread), groups


def _transpose(
    function: str, n: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, output_padding: Any,
    groups: Any, dilation: Any,
) -> Tensor:
    _check(function, input, weight, n)
    if isinstance(padding, str):
        raise TypeError(f"{function}(): argument 'padding' must be tuple of ints, not str ({padding!r})")
    return batched(
        input, n, lambda x: _transpose_batch(n, x, weight, bias, stride, padding, output_padding, groups, dilation)
    )


def _transpose_batch(
    n: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, output_padding: Any, groups: Any,
    dilation: Any,
) -> Tensor:
    groups = _check_channels(input, weight, bias, groups, transposed=True)
    size, kernel = input._array.shape[2:], weight._array.shape[2:]
    step, spread = _numbers("stride", stride, n, 1), _numbers("dilation", dilation, n, 1)
    pad, more = _numbers("padding", padding, n, 0), _numbers("output_padding", output_padding, n, 0)
    if any(o >= s and o >= d for o, s, d in zip(more, step, spread, strict=True)):
        raise RuntimeError(
            f"output padding must be smaller than either stride or dilation, but got output_padding={list(more)}, "
            f"stride={list(step)}, dilation={list(spread)}"
        )
    inside = tuple(
        (i - 1) * s - 2 * p + d * (k - 1) + o + 1
        for i, k, s, p, d, o in zip(size, kernel, step, pad, spread, more, strict=True)
    )
    _check_sizes(input, weight)
    if min(inside) < 0:
        raise RuntimeError(
            f"Given input size per channel: {list(size)}. Calculated output size per channel: {list(inside)}. Output size is "
            "too small"
        )
    windows = Windows(inside, size, kernel, step, pad, spread)
    return ops.transposed_convolution(input, weight, bias, windows=windows, groups=groups)


# ---- one, two, three dimensions ----


@takes_tensors
def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Ints = 1, padding: str | Ints = 0, dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """y[o, p] = bias[o] + the sum of weight[o, c, t] * input[c, p * stride + t * dilation - padding] over c and t.

    input is (batch, channels, length) or (channels, length), weight (out, channels / groups, taps), bias (out,). padding is a
    number of zeros on both sides, "valid" for 0, or "same" for an output as long as the input. With groups, each group of
    outputs sees its own group of channels. RuntimeError where sizes or dtypes do not fit.

    >>> import autodiff as torch
    >>> torch.conv1d(torch.tensor([[1.0, 2.0, 4.0, 8.0]]), torch.tensor([[[-1.0, 1.0]]]))
    tensor([[1., 2., 4.]])
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@takes_tensors
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Ints = 1, padding: str | Ints = 0, dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """y[o, p] = bias[o] + the sum of weight[o, c, t] * input[c, p * stride + t * dilation - padding], p and t pairs of numbers.

    input is (batch, channels, height, width) or without the batch, weight (out, channels / groups, rows, columns), bias (out,).
    Options and errors as for `conv1d`, one number for both dimensions or one for each.

    >>> import autodiff as torch
    >>> torch.conv2d(torch.ones(1, 3, 3), torch.ones(1, 1, 3, 3), padding=1)
    tensor([[[4., 6., 4.],
             [6., 9., 6.],
             [4., 6., 4.]]])
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@takes_tensors
def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Ints = 1, padding: str | Ints = 0, dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """The convolution over three dimensions: input (batch, channels, depth, height, width), or without the batch.

    weight is (out, channels / groups, *kernel), bias (out,). Options and errors as for `conv1d`.

    >>> import autodiff as torch
    >>> torch.conv3d(torch.ones(1, 2, 2, 2), torch.ones(1, 1, 2, 2, 2))
    tensor([[[[8.]]]])
    """
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


@takes_tensors
def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """`conv1d` of an input (time, batch, channels), a weight (taps, channels, out) and a bias (out,).

    >>> import autodiff as torch
    >>> torch.conv_tbc(torch.ones(4, 1, 2), torch.ones(3, 2, 1), torch.zeros(1)).shape
    torch.Size([2, 1, 1])
    """
    if input._array.ndim != 3 or weight._array.ndim != 3 or bias._array.ndim != 1:
        raise RuntimeError(
            f"conv_tbc expects an input and a weight of 3 dimensions and a bias of one, got {list(input.shape)}, "
            f"{list(weight.shape)} and {list(bias.shape)}"
        )
    return conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad).permute(2, 0, 1)


@takes_tensors
def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Ints = 1, padding: Ints = 0, output_padding: Ints = 0,
    groups: int = 1, dilation: Ints = 1,
) -> Tensor:
    """The transpose of `conv1d`: each input element spreads weight times itself over the output, and these are added up.

    input is (batch, channels, length) or without the batch, weight (channels, out / groups, taps), bias (out,). The output has
    (length - 1) * stride - 2 * padding + dilation * (taps - 1) + output_padding + 1 elements: what `conv1d` takes to `length`.

    >>> import autodiff as torch
    >>> torch.conv_transpose1d(torch.tensor([[1.0, 2.0]]), torch.tensor([[[1.0, 1.0]]]), stride=2)
    tensor([[1., 1., 2., 2.]])
    """
    return _transpose("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


@takes_tensors
def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Ints = 1, padding: Ints = 0, output_padding: Ints = 0,
    groups: int = 1, dilation: Ints = 1,
) -> Tensor:
    """The transpose of `conv2d`: each pixel spreads weight times itself over the output, and these are added up.

    input is (batch, channels, height, width) or without the batch, weight (channels, out / groups, rows, columns), bias (out,).

    >>> import autodiff as torch
    >>> torch.conv_transpose2d(torch.ones(1, 1, 2), torch.ones(1, 1, 2, 2))
    tensor([[[1., 2., 1.],
             [1., 2., 1.]]])
    """
    return _transpose("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


@takes_tensors
def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Ints = 1, padding: Ints = 0, output_padding: Ints = 0,
    groups: int = 1, dilation: Ints = 1,
) -> Tensor:
    """The transpose of `conv3d`: input (batch, channels, depth, height, width), or without the batch.

    weight is (channels, out / groups, *kernel), bias (out,).

    >>> import autodiff as torch
    >>> torch.conv_transpose3d(torch.ones(1, 1, 1, 1), torch.ones(1, 2, 2, 2, 2)).shape
    torch.Size([2, 2, 2, 2])
    """
    return _transpose("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


@takes_tensors
def convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, stride: Ints, padding: Ints, dilation: Ints, transposed: bool,
    output_padding: Ints, groups: int,
) -> Tensor:
    """The convolution over all dimensions behind the channels, or its transpose: with everything said.

    >>> import autodiff as torch
    >>> torch.convolution(torch.ones(1, 1, 3), torch.ones(1, 1, 2), None, 1, 0, 1, False, 0, 1)
    tensor([[[2., 2.]]])
    """
    n = input._array.ndim - 2
    if n < 1:
        raise RuntimeError(f"convolution expects a batch, channels, and a dimension of space at least, got {list(input.shape)}")
    if transposed:
        return _transpose("convolution", n, input, weight, bias, stride, padding, output_padding, groups, dilation)
    return _convolve("convolution", n, input, weight, bias, stride, padding, dilation, groups)

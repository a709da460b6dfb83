"""The largest and the mean of windows, as PyTorch calls them.

After this module a reader knows that a pool steps by its own width unless it is told otherwise, and that padding is no element:
it never is the largest, and counts in a mean only as far as `count_include_pad` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.formats import channels_last_3d
from autodiff._core.tensor import Tensor
from autodiff._kernels.windows import Windows
from autodiff.api._calls import takes_tensors, whole
from autodiff.api._windows import batched, batched_pair, ints, of_rank, pool_windows
from autodiff.ops import adaptive_pooling as placed
from autodiff.ops import pooling as ops

__all__ = [
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool1d_with_indices", "max_pool2d", "max_pool2d_with_indices",
    "max_pool3d", "max_pool3d_with_indices",
]

Ints = int | Sequence[int]


# ---- the largest ----


def _windows(
    function: str, n: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Windows:
    """The windows of a max pool; an error for an input that it can't go over."""
    if input._array.ndim not in (n + 1, n + 2):
        ints(function, "kernel_size", kernel_size)  # a kernel of another class is told of first
    of_rank(function, input, n)
    if input._array.dtype.kind == "b" or (function == "max_pool1d" and input._array.dtype.kind != "f"):
        raise NotImplementedError(f"{function} is not implemented for {input.dtype}: use input.float()")
    return pool_windows(function, input, n, kernel_size, stride, padding, dilation, bool(ceil_mode))


def _max_pool(
    function: str, n: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Tensor:
    windows = _windows(function, n, input, kernel_size, stride, padding, dilation, ceil_mode)
    operation: Any = ops.max_pool_of_volumes if n == 3 else ops.max_pool
    return batched(input, n, lambda x: operation(_in_its_order(x, input), windows=windows)[0])


def _in_its_order(batch: Tensor, input: Tensor) -> Tensor:
    """The batch; that of a single volume whose channels lie last is seen to lie so, as it is in PyTorch by max pools alone."""
    if batch is input or batch._array.ndim < 5 or input._array.flags.c_contiguous:
        return batch
    last = batch.is_contiguous(memory_format=channels_last_3d)
    return batch.clone(memory_format=channels_last_3d) if last else batch


def _with_indices(
    function: str, n: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Tensor, Tensor]:
    windows = _windows(function, n, input, kernel_size, stride, padding, dilation, ceil_mode)
    operation: Any = placed.max_pool_with_places_of_volumes if n == 3 else placed.max_pool_with_places
    return batched_pair(input, n, lambda x: operation(_in_its_order(x, input), windows=windows))


@takes_tensors
def max_pool1d(
    input: Tensor, kernel_size: Ints, stride: Ints | None = (), padding: Ints = 0, dilation: Ints = 1, ceil_mode: bool = False
) -> Tensor:
    """y[p] = the largest of input[p * stride + t * dilation - padding] over the taps t of a window.

    input is (batch, channels, length). The batch may be left out. Without a stride it is the kernel's size. With
    ceil_mode a last window may stand out behind. RuntimeError for numbers that make no window. nan is larger than all.

    >>> import autodiff as torch
    >>> torch.max_pool1d(torch.tensor([[1.0, 3.0, 2.0, 5.0]]), 2)
    tensor([[3., 5.]])
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


@takes_tensors
def max_pool2d(
    input: Tensor, kernel_size: Ints, stride: Ints | None = (), padding: Ints = 0, dilation: Ints = 1, ceil_mode: bool = False
) -> Tensor:
    """The largest of each window, for (batch, channels, height, width) or without the batch. Options as for `max_pool1d`.

    >>> import autodiff as torch
    >>> torch.max_pool2d(torch.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


@takes_tensors
def max_pool3d(
    input: Tensor, kernel_size: Ints, stride: Ints | None = (), padding: Ints = 0, dilation: Ints = 1, ceil_mode: bool = False
) -> Tensor:
    """The largest of each window, for (batch, channels, depth, height, width) or without the batch.

    Options as for `max_pool1d`.

    >>> import autodiff as torch
    >>> torch.max_pool3d(torch.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode)


@takes_tensors
def max_pool1d_with_indices(
    input: Tensor, kernel_size: Ints, stride: Ints | None = (), padding: Ints = 0, dilation: Ints = 1, ceil_mode: bool = False
) -> tuple[Tensor, Tensor]:
    """(values, indices): `max_pool1d`, and where in the length each largest element stands.

    >>> import autodiff as torch
    >>> torch.max_pool1d_with_indices(torch.tensor([[1.0, 3.0, 2.0, 5.0]]), 2)
    (tensor([[3., 5.]]), tensor([[1, 3]]))
    """
    return _with_indices("max_pool1d_with_indices", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


@takes_tensors
def max_pool2d_with_indices(
    input: Tensor, kernel_size: Ints, stride: Ints | None = (), padding: Ints = 0, dilation: Ints = 1, ceil_mode: bool = False
) -> tuple[Tensor, Tensor]:
    """(values, indices): `max_pool2d`, and where each largest element stands, counted through the image row by row.

    >>> import autodiff as torch
    >>> from autodiff.nn import functional as F
    >>> F.max_pool2d_with_indices(torch.arange(4.0).reshape(1, 2, 2), 2)
    (tensor([[[3.]]]), tensor([[[3]]]))
    """
    return _with_indices("max_pool2d_with_indices", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


@takes_tensors
def max_pool3d_with_indices(
    input: Tensor, kernel_size: Ints, stride: Ints | None = (), padding: Ints = 0, dilation: Ints = 1, ceil_mode: bool = False
) -> tuple[Tensor, Tensor]:
    """(values, indices): `max_pool3d`, and where each largest element stands, counted through the volume row by row.

    >>> import autodiff as torch
    >>> from autodiff.nn import functional as F
    >>> F.max_pool3d_with_indices(torch.arange(8.0).reshape(1, 2, 2, 2), 2)
    (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    return _with_indices("max_pool3d_with_indices", 3, input, kernel_size, stride, padding, dilation, ceil_mode)


# ---- the mean ----


def _avg_pool(
    function: str, n: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool,
    divisor_override: int | None = None,
) -> Tensor:
    of_rank(function, input, n)
    if input._array.dtype.kind == "b":
        raise NotImplementedError(f"{function} is not implemented for {input.dtype}: use input.float()")
    windows = pool_windows(function, input, n, kernel_size, stride, padding, 1, bool(ceil_mode))
    if n == 3 and any(size < k for size, k in zip(windows.inside, windows.kernel, strict=True)):
        raise RuntimeError(f"{function}(): input image {windows.inside} smaller than kernel size {windows.kernel}")
    counts: Any = _counts(windows, bool(count_include_pad))
    if divisor_override is not None:
        counts = whole(function, "divisor_override", divisor_override)
        if not counts:
            raise RuntimeError(f"{function}(): divisor must be not zero")
    operation = ops.avg_pool_of_volumes if n == 3 else ops.avg_pool
    return batched(input, n, lambda x: operation(x, windows=windows, counts=counts))


def _counts(windows: Windows, padding_counts: bool) -> Any:
    """How many elements each window divides its sum by: one number where all are alike, else an array (*size)."""
    counts: Any = 1
    for inside, size, kernel, stride, padding in zip(*windows[:5], strict=True):
        begin = np.arange(size) * stride - padding
        end = np.minimum(begin + kernel, inside + padding)
        length = end - begin if padding_counts else np.minimum(end, inside) - np.maximum(begin, 0)
        counts = np.multiply.outer(counts, length)
    first = counts.flat[0]
    return int(first) if (counts == first).all() else counts


@takes_tensors
def avg_pool1d(
    input: Tensor, kernel_size: Ints, stride: Ints | None = (), padding: Ints = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """y[p] = the mean of input[p * stride + t - padding] over the taps t of a window, for (batch, channels, length).

    The batch may be left out. Without a stride it is the kernel's size. Padding is zeros; without count_include_pad these do
    not count. RuntimeError for numbers that make no window.

    >>> import autodiff as torch
    >>> torch.avg_pool1d(torch.tensor([[1.0, 3.0, 2.0, 5.0]]), 2)
    tensor([[2.0000, 3.5000]])
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


@takes_tensors
def avg_pool2d(
    input: Tensor, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window, for (batch, channels, height, width) or without the batch. Options as for `avg_pool1d`.

    divisor_override is what the sums are divided by instead of the count.

    >>> import autodiff as torch
    >>> from autodiff.nn import functional as F
    >>> F.avg_pool2d(torch.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@takes_tensors
def avg_pool3d(
    input: Tensor, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window, for (batch, channels, depth, height, width) or without the batch. Options as for `avg_pool2d`.

    >>> import autodiff as torch
    >>> from autodiff.nn import functional as F
    >>> F.avg_pool3d(torch.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[3.5000]]]])
    """
    return _avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )

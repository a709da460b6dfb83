"""Pools with a given size of the output, as PyTorch calls them: adaptive and fractional ones, and the way back.

After this module a reader knows that a network which ends in an adaptive pool takes images of any size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autodiff._core.formats import channels_follow_last, laid_as
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors, whole
from autodiff.api._windows import batched, batched_pair
from autodiff.ops import adaptive_pooling as ops

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d",
]

Size = int | Sequence[int | None] | None


def _size(function: str, n: int, input: Tensor, output_size: Any) -> tuple[int, ...]:
    """The output's size in each of n dimensions: an int stands for all of them, None for the input's own."""
    shape = input._array.shape
    if len(shape) not in (n + 1, n + 2):
        raise RuntimeError(f"{function}(): Expected {n + 1}D or {n + 2}D tensor, but got {list(shape)}")
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"{function} is not implemented for {input.dtype}: use input.float()")
    sizes = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * n
    if len(sizes) == 1:
        sizes = sizes * n
    if len(sizes) != n:
        sizes = tuple(whole(function, "output_size", s) for s in sizes) if n == 1 else sizes
        error = ValueError if n == 2 else RuntimeError
        raise error(f"{function}(): output_size must be an int or {n} of them, got {len(sizes)}")
    if n == 1 or output_size is None:
        sizes = tuple(whole(function, "output_size", s) for s in sizes)
    found = tuple(shape[i - n] if s is None else whole(function, "output_size", s) for i, s in enumerate(sizes))
    if min(found) < 0:
        raise RuntimeError(f"{function}(): output_size must be greater than or equal to 0 but received {list(found)}")
    if math.prod((*shape[:-n], *found)) >= 2**40:
        raise RuntimeError(f"{function}(): there is no memory for an output of size {list(found)}")
    return found


def _filled(function: str, sizes: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """RuntimeError where one of the sizes, which are some of the input's, is 0: a window would have nothing in it."""
    if 0 in sizes:
        raise RuntimeError(
            f"{function}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes {list(shape)}"
        )


# ---- means ----


def _avg(function: str, n: int, input: Tensor, output_size: Any) -> Tensor:
    size = _size(function, n, input, output_size)
    if set(size) == {1} and not channels_follow_last(input._array):  # whose mean would lie in rows
        return input.mean(tuple(range(-n, 0)), keepdim=True)
    shape = input._array.shape
    _filled(function, shape[1:] if n == 3 else shape[-n:], shape)
    operation = ops.adaptive_avg_of_volumes if n == 3 else ops.adaptive_avg
    return batched(input, n, lambda x: operation(x, size=size))


@takes_tensors
def adaptive_avg_pool1d(input: Tensor, output_size: int | Sequence[int]) -> Tensor:
    """The means of output_size windows that cover (batch, channels, length).

    Window i goes from floor(i * length / output_size) to ceil((i + 1) * length / output_size). The batch may be left
    out. RuntimeError for a negative size.

    >>> import autodiff as torch
    >>> torch.adaptive_avg_pool1d(torch.tensor([[1.0, 3.0, 5.0]]), 2)
    tensor([[2., 4.]])
    """
    return _avg("adaptive_avg_pool1d", 1, input, output_size)


@takes_tensors
def adaptive_avg_pool2d(input: Tensor, output_size: Size) -> Tensor:
    """The means of windows that cover (batch, channels, height, width), so many that the output has the size; None: as many.

    >>> import autodiff as torch
    >>> from autodiff.nn import functional as F
    >>> F.adaptive_avg_pool2d(torch.arange(16.0).reshape(1, 4, 4), (1, 2))
    tensor([[[6.5000, 8.5000]]])
    """
    return _avg("adaptive_avg_pool2d", 2, input, output_size)


@takes_tensors
def adaptive_avg_pool3d(input: Tensor, output_size: Size) -> Tensor:
    """The means of windows that cover (batch, channels, depth, height, width), so many that the output has the size.

    >>> import autodiff as torch
    >>> from autodiff.nn import functional as F
    >>> F.adaptive_avg_pool3d(torch.arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[3.5000]]]])
    """
    return _avg("adaptive_avg_pool3d", 3, input, output_size)


# ---- the largest ----


def _max(function: str, n: int, input: Tensor, output_size: Any) -> tuple[Tensor, Tensor]:
    size = _size(function, n, input, output_size)
    _filled(function, input._array.shape[1:], input._array.shape)
    operation = ops.adaptive_max_of_volumes if n == 3 else ops.adaptive_max

    def pair(x: Tensor) -> tuple[Tensor, Tensor]:
        ranges = [ops.ends(inside, count) for inside, count in zip(x._array.shape[2:], size, strict=True)]
        places = wrap(laid_as(ops.largest(x._array, ranges), x._array))
        return operation(x, places), places

    return batched_pair(input, n, pair)


@takes_tensors
def adaptive_max_pool1d(input: Tensor, output_size: int | Sequence[int]) -> tuple[Tensor, Tensor]:
    """(values, indices): the largest of each of output_size windows that cover (batch, channels, length), and where they stand.

    >>> import autodiff as torch
    >>> torch.adaptive_max_pool1d(torch.tensor([[1.0, 3.0, 5.0]]), 2)
    (tensor([[3., 5.]]), tensor([[1, 2]]))
    """
    return _max("adaptive_max_pool1d", 1, input, output_size)


def adaptive_max_pool2d(input: Tensor, output_size: Size) -> tuple[Tensor, Tensor]:
    """(values, indices) for (batch, channels, height, width)."""
    return _max("adaptive_max_pool2d", 2, input, output_size)


def adaptive_max_pool3d(input: Tensor, output_size: Size) -> tuple[Tensor, Tensor]:
    """(values, indices) for (batch, channels, depth, height, width)."""
    return _max("adaptive_max_pool3d", 3, input, output_size)

"""Unpooling: what a max pool took, put back where it stood.

After this module a reader knows why `max_pool2d` tells where its elements stood, and that everything else comes back as zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors, whole
from autodiff.api._windows import batched, each
from autodiff.ops import adaptive_pooling as ops

__all__ = ["max_unpool1d", "max_unpool2d", "max_unpool3d"]

Ints = int | Sequence[int]


def _unpool(
    function: str, n: int, input: Tensor, indices: Tensor, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    kernel, pad = each(function, "kernel_size", kernel_size, n), each(function, "padding", padding, n)
    step = kernel if stride is None else each(function, "stride", stride, n)
    x, places = input._array, indices._array
    if places.dtype != np.int64:
        raise RuntimeError(f"elements in indices should be type int64 but got: {indices.dtype}")
    if x.shape != places.shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(x.shape)}) but got indices tensor with "
            f"shape: {list(places.shape)}"
        )
    if x.ndim not in (n + 1, n + 2) or 0 in x.shape[1:]:
        raise RuntimeError(f"{function}(): Expected {n + 1}D or {n + 2}D tensor with elements, but got: {list(x.shape)}")
    if x.dtype.kind != "f":
        raise NotImplementedError(f"{function} is not implemented for {input.dtype}: use input.float()")
    if output_size is not None:
        output_size = [whole(function, "output_size", each) for each in output_size]
    size = _unpooled_size(x.shape[-n:], kernel, step, pad, output_size)
    if min(size) < 0:
        raise RuntimeError(f"{function}(): the output would have the negative size {list(size)}")
    volume = int(np.prod(size))
    if places.size and (places.min() < 0 or places.max() >= volume):
        wrong = places[(places < 0) | (places >= volume)].flat[0]
        raise RuntimeError(f"Found an invalid max index: {wrong} (output volumes are of size {'x'.join(map(str, size))})")
    operation = ops.unpooled_volumes if n == 3 else ops.unpooled
    at = indices if x.ndim == n + 2 else indices.unsqueeze(0)
    return batched(input, n, lambda x: operation(x, at, size=size))


def _unpooled_size(
    inside: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...], output_size: Any
) -> tuple[int, ...]:
    """The size that the pool had, or the one given; ValueError for one that no such pool can have had."""
    usual = [(i - 1) * s + k - 2 * p for i, k, s, p in zip(inside, kernel, stride, padding, strict=True)]
    if output_size is None:
        return tuple(usual)
    n = len(usual)
    size = tuple(output_size[2:] if len(output_size) == n + 2 else output_size)
    if len(size) != n:
        raise ValueError(
            f"output_size should be a sequence containing {n} or {n + 2} elements, but it has a length of '{len(output_size)}'"
        )
    for d, (wanted, middle, s) in enumerate(zip(size, usual, stride, strict=True)):
        if not middle - s < wanted < middle + s:
            raise ValueError(f'invalid output_size "{size}" (dim {d} must be between {middle - s} and {middle + s})')
    return size


@takes_tensors
def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros of the size that `max_pool1d` had, with input at the indices that it told: (batch, channels, length).

    Several sizes have one pool's size: output_size says which is meant. ValueError for one that can't be, RuntimeError for an
    index outside.

    >>> import autodiff as torch
    >>> torch.nn.functional.max_unpool1d(torch.tensor([[3.0, 5.0]]), torch.tensor([[1, 3]]), 2)
    tensor([[0., 3., 0., 5.]])
    """
    return _unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


@takes_tensors
def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros of the size that `max_pool2d` had, with input at the indices that it told: (batch, channels, height, width).

    >>> import autodiff as torch
    >>> torch.nn.functional.max_unpool2d(torch.tensor([[[7.0]]]), torch.tensor([[[2]]]), 2)
    tensor([[[0., 0.],
             [7., 0.]]])
    """
    return _unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


@takes_tensors
def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros of the size that `max_pool3d` had, with input at the indices: (batch, channels, depth, height, width).

    >>> import autodiff as torch
    >>> torch.nn.functional.max_unpool3d(torch.tensor([[[[7.0]]]]), torch.tensor([[[[2]]]]), (1, 1, 3)).flatten()
    tensor([0., 0., 7.])
    """
    return _unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)

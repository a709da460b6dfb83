"""Channels and pixels exchanged, as PyTorch calls it: pixel_shuffle, its inverse, and channel_shuffle.

After this module a reader knows which sizes must be divisible by what.
"""

from __future__ import annotations

from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors, whole
from autodiff.ops import pixels as ops


def _factor(function: str, name: str, input: Tensor, factor: int) -> int:
    whole(function, name, factor)
    if input._array.ndim < 3:
        raise RuntimeError(
            f"{function} expects input to have at least 3 dimensions, but got input with {input._array.ndim} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{function} expects a positive {name}, but got {factor}")
    return int(factor)


@takes_tensors
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(..., C r r, H, W) as (..., C, H r, W r): r r channels become a square of r by r pixels. Source: Shi et al. 2016.

    RuntimeError for channels that r r does not divide, and for less than three dimensions.

    >>> import autodiff as torch
    >>> torch.pixel_shuffle(torch.arange(4).reshape(4, 1, 1), 2)
    tensor([[[0, 1],
             [2, 3]]])
    """
    factor = _factor("pixel_shuffle", "upscale_factor", input, upscale_factor)
    channels = input._array.shape[-3]
    if channels % factor**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {factor**2}"
        )
    return ops.pixel_shuffle(input, factor=factor)


@takes_tensors
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(..., C, H r, W r) as (..., C r r, H, W): the inverse of `pixel_shuffle`.

    RuntimeError for a height or width that r does not divide, and for less than three dimensions.

    >>> import autodiff as torch
    >>> torch.pixel_unshuffle(torch.arange(4).reshape(1, 2, 2), 2).flatten()
    tensor([0, 1, 2, 3])
    """
    factor = _factor("pixel_unshuffle", "downscale_factor", input, downscale_factor)
    for d, what in ((-2, "height"), (-1, "width")):
        n = input._array.shape[d]
        if n % factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {what} to be divisible by downscale_factor, but input.size({d})={n} is not divisible "
                f"by {factor}"
            )
    return ops.pixel_unshuffle(input, factor=factor)


@takes_tensors
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels, dimension 1, dealt out: the first of each group, then the second of each. Source: Zhang et al. 2018.

    RuntimeError for channels that `groups` does not divide, and for less than three dimensions.

    >>> import autodiff as torch
    >>> torch.channel_shuffle(torch.arange(4).reshape(1, 4, 1), 2).flatten()
    tensor([0, 2, 1, 3])
    """
    shape = input._array.shape
    whole("channel_shuffle", "groups", groups)
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if shape[1] % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} groups.")
    return ops.channel_shuffle(input, groups=int(groups))

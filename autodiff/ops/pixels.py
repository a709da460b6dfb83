"""Channels that become pixels, pixels that become channels, and channels that are mixed.

After this module a reader knows that each is one reshape between two, and that its gradient is the way back.
"""

from __future__ import annotations

from autodiff._core.formats import laid_as
from autodiff._core.graph import primitive


@primitive(
    lambda g, factor: pixel_unshuffle(g, factor=factor),
    name="PixelShuffleBackward0",
    says="Each number only changes its place: the gradient that comes back from there is its own.",
)
def pixel_shuffle(x, *, factor):
    """x with channels laid out as squares of pixels: (..., C r r, H, W) becomes (..., C, H r, W r)."""
    *lead, c, h, w = x.shape
    n = len(lead)
    parts = x.reshape(*lead, c // (factor * factor), factor, factor, h, w)
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return laid_as(parts.transpose(order).copy().reshape(*lead, c // (factor * factor), h * factor, w * factor), x)


@primitive(
    lambda g, factor: pixel_shuffle(g, factor=factor),
    name="PixelUnshuffleBackward0",
    says="Each number only changes its place: the gradient that comes back from there is its own.",
)
def pixel_unshuffle(x, *, factor):
    """x with squares of pixels stacked as channels: (..., C, H r, W r) becomes (..., C r r, H, W)."""
    *lead, c, h, w = x.shape
    n = len(lead)
    parts = x.reshape(*lead, c, h // factor, factor, w // factor, factor)
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return laid_as(parts.transpose(order).copy().reshape(*lead, c * factor * factor, h // factor, w // factor), x)


def _others(shape: tuple[int, ...], groups: int) -> int:
    return shape[1] // groups


@primitive(
    lambda g, groups, x_shape: channel_shuffle(g, groups=_others(x_shape, groups)),
    name="ChannelShuffleBackward0",
    says="Each channel only changes its place: its gradient is the one that comes back from there.",
)
def channel_shuffle(x, *, groups):
    """x with its channels dealt out among groups: the first of each group, then the second of each."""
    parts = x.reshape(x.shape[0], groups, _others(x.shape, groups), *x.shape[2:])
    return laid_as(parts.swapaxes(1, 2).copy().reshape(x.shape), x)

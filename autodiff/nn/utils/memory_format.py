"""The order in which a convolution's weight lies in memory, which changes no number."""

from __future__ import annotations

from typing import Any, TypeVar

from autodiff._core.missing import missing_name
from autodiff.nn.modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from autodiff.nn.modules.module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

_M = TypeVar("_M", bound=Module)


def convert_conv2d_weight_memory_format(module: _M, memory_format: Any) -> _M:
    """The module, with the weights of its two-dimensional convolutions in the order of `memory_format`.

    >>> import autodiff as torch
    >>> layer = torch.nn.utils.convert_conv2d_weight_memory_format(torch.nn.Conv2d(2, 3, 2), torch.channels_last)
    >>> layer.weight.stride()
    (8, 1, 4, 2)
    """
    return _converted(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: _M, memory_format: Any) -> _M:
    """The module, with the weights of its three-dimensional convolutions in the order of `memory_format`.

    >>> import autodiff as torch
    >>> layer = torch.nn.utils.convert_conv3d_weight_memory_format(torch.nn.Conv3d(2, 3, 2), torch.channels_last_3d)
    >>> layer.weight.stride()
    (16, 1, 8, 4, 2)
    """
    return _converted(module, (Conv3d, ConvTranspose3d), memory_format)


def _converted(module: _M, layers: tuple[type[Module], ...], memory_format: Any) -> _M:
    for each in module.modules():
        if isinstance(each, layers):
            each.weight.data = each.weight.detach().clone(memory_format=memory_format)
    return module


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)

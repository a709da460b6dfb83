"""The order in which a convolution's weight lies in memory, which changes no number."""

from __future__ import annotations

from typing import Any, TypeVar

from autodiff._core.missing import missing_name

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

_M = TypeVar("_M")


def convert_conv2d_weight_memory_format(module: _M, memory_format: Any) -> _M:
    """The module itself: its weights lie as they lie, and give the same results.

    >>> import autodiff as torch
    >>> torch.nn.utils.convert_conv2d_weight_memory_format(torch.nn.ReLU(), "torch.channels_last")
    ReLU()
    """
    return module


def convert_conv3d_weight_memory_format(module: _M, memory_format: Any) -> _M:
    """The module itself: its weights lie as they lie, and give the same results.

    >>> import autodiff as torch
    >>> torch.nn.utils.convert_conv3d_weight_memory_format(torch.nn.ReLU(), "torch.channels_last_3d")
    ReLU()
    """
    return module


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)

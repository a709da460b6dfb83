"""Layers that put a border around their input, for one, two and three dimensions behind the channels.

After this module a reader knows that they are one function, `pad`, with its mode and its sizes kept.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.nn import functional as F
from autodiff.nn.modules.module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d",
    "ZeroPad3d",
]


def _sizes(padding: Any, n: int) -> tuple[int, ...]:
    """One size for all sides, or n of them."""
    return tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * n


class _Pad(Module):
    """A border on `dims` dimensions: `padding` is a size for all sides, or (before, after) from the last dimension on."""

    mode: str
    dims: int

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _sizes(padding, 2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        """The input with its border."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _CircularPadNd(_Pad):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """The input with its border."""
        if input.ndim not in (self.dims + 1, self.dims + 2):
            raise ValueError(f"expected {self.dims + 1}D or {self.dims + 2}D input (got {input.ndim}D input)")
        return super().forward(input)


class _ConstantPadNd(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """The input with its border."""
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPadNd(_ConstantPadNd):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ReflectionPadNd(_Pad):
    mode = "reflect"


class _ReplicationPadNd(_Pad):
    mode = "replicate"


class CircularPad1d(_CircularPadNd):
    """A border of the other end of the input around (N, C, W) or (C, W).

    `padding` is one size for all sides, or (left, right).

    >>> import autodiff as torch
    >>> torch.nn.CircularPad1d(1)(torch.tensor([[1, 2, 3]]))
    tensor([[3, 1, 2, 3, 1]])
    """

    dims = 1


class CircularPad2d(_CircularPadNd):
    """A border of the other end of the input around (N, C, H, W) or (C, H, W).

    `padding` is one size for all sides, or (left, right, top, bottom).
    """

    dims = 2


class CircularPad3d(_CircularPadNd):
    """A border of the other end of the input around (N, C, D, H, W) or (C, D, H, W).

    `padding` is one size for all sides, or (left, right, top, bottom, front, back).
    """

    dims = 3


class ConstantPad1d(_ConstantPadNd):
    """A border of `value` around (N, C, W) or (C, W).

    `padding` is one size for all sides, or (left, right).

    >>> import autodiff as torch
    >>> torch.nn.ConstantPad1d(1, 7)(torch.tensor([[1, 2, 3]]))
    tensor([[7, 1, 2, 3, 7]])
    """

    dims = 1


class ConstantPad2d(_ConstantPadNd):
    """A border of `value` around (N, C, H, W) or (C, H, W).

    `padding` is one size for all sides, or (left, right, top, bottom).
    """

    dims = 2


class ConstantPad3d(_ConstantPadNd):
    """A border of `value` around (N, C, D, H, W) or (C, D, H, W).

    `padding` is one size for all sides, or (left, right, top, bottom, front, back).
    """

    dims = 3


class ReflectionPad1d(_ReflectionPadNd):
    """A border of the mirror image (without the edge itself) around (N, C, W) or (C, W).

    `padding` is one size for all sides, or (left, right).

    >>> import autodiff as torch
    >>> torch.nn.ReflectionPad1d(1)(torch.tensor([[1, 2, 3]]))
    tensor([[2, 1, 2, 3, 2]])
    """

    dims = 1


class ReflectionPad2d(_ReflectionPadNd):
    """A border of the mirror image (without the edge itself) around (N, C, H, W) or (C, H, W).

    `padding` is one size for all sides, or (left, right, top, bottom).
    """

    dims = 2


class ReflectionPad3d(_ReflectionPadNd):
    """A border of the mirror image (without the edge itself) around (N, C, D, H, W) or (C, D, H, W).

    `padding` is one size for all sides, or (left, right, top, bottom, front, back).
    """

    dims = 3


class ReplicationPad1d(_ReplicationPadNd):
    """A border of the edge again around (N, C, W) or (C, W).

    `padding` is one size for all sides, or (left, right).

    >>> import autodiff as torch
    >>> torch.nn.ReplicationPad1d(1)(torch.tensor([[1, 2, 3]]))
    tensor([[1, 1, 2, 3, 3]])
    """

    dims = 1


class ReplicationPad2d(_ReplicationPadNd):
    """A border of the edge again around (N, C, H, W) or (C, H, W).

    `padding` is one size for all sides, or (left, right, top, bottom).
    """

    dims = 2


class ReplicationPad3d(_ReplicationPadNd):
    """A border of the edge again around (N, C, D, H, W) or (C, D, H, W).

    `padding` is one size for all sides, or (left, right, top, bottom, front, back).
    """

    dims = 3


class ZeroPad1d(_ZeroPadNd):
    """A border of zeros around (N, C, W) or (C, W).

    `padding` is one size for all sides, or (left, right).

    >>> import autodiff as torch
    >>> torch.nn.ZeroPad1d(1)(torch.tensor([[1, 2, 3]]))
    tensor([[0, 1, 2, 3, 0]])
    """

    dims = 1


class ZeroPad2d(_ZeroPadNd):
    """A border of zeros around (N, C, H, W) or (C, H, W).

    `padding` is one size for all sides, or (left, right, top, bottom).
    """

    dims = 2


class ZeroPad3d(_ZeroPadNd):
    """A border of zeros around (N, C, D, H, W) or (C, D, H, W).

    `padding` is one size for all sides, or (left, right, top, bottom, front, back).
    """

    dims = 3

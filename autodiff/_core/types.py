"""A tensor's shape and the place it lives in, as PyTorch prints them."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["CPU", "Size", "device"]


class Size(tuple):
    """A shape: a tuple of ints that prints as PyTorch's.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3).shape, torch.zeros(2, 3).shape.numel()
    (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def numel(self):
        """The number of elements of a tensor of this shape."""
        return math.prod(self)

    def __repr__(self):
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __add__(self, other):
        return Size(tuple.__add__(self, tuple(other)))

    def __mul__(self, times):
        return Size(tuple.__mul__(self, times))

    def __getitem__(self, index):
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item


class device:
    """Where a tensor lives. There is one device, the CPU; anything else is a RuntimeError.

    >>> import autodiff as torch
    >>> torch.device("cpu"), torch.ones(2).device == torch.device("cpu")
    (device(type='cpu'), True)
    """

    __slots__ = ("index", "type")

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        name = type.type if isinstance(type, device) else type
        if not isinstance(name, str):
            raise TypeError(f"device must be a name such as 'cpu', not {name!r}")
        if name in ("float32", "float64", "float16", "float", "double", "half", "int64", "int32", "long", "int", "bool"):
            raise RuntimeError(f"{name!r} is no device; a dtype is written without quotes, as in x.to(torch.{name})")
        if name.partition(":")[0] != "cpu":
            raise RuntimeError(f"device {name!r} is not available: autodiff computes on the CPU only; use 'cpu'")
        self.type = "cpu"
        self.index = int(name.partition(":")[2]) if ":" in name else index

    def __repr__(self):
        return "device(type='cpu')" if self.index is None else f"device(type='cpu', index={self.index})"

    def __str__(self):
        return "cpu" if self.index is None else f"cpu:{self.index}"

    def __eq__(self, other):
        return isinstance(other, device) and other.index == self.index

    def __hash__(self):
        return hash((self.type, self.index))


CPU = device("cpu")

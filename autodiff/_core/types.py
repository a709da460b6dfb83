"""A tensor's shape, the place it lives in, and results with names, as PyTorch prints them."""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Iterable
from typing import Any, SupportsIndex, overload

__all__ = ["CPU", "Size", "device", "result"]


class Size(tuple[int, ...]):
    """A shape: a tuple of ints that prints as PyTorch's.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3).shape, torch.zeros(2, 3).shape.numel()
    (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __add__(self, other: Iterable[int]) -> Size:  # type: ignore[override]
        return Size(tuple.__add__(self, tuple(other)))

    def __mul__(self, times: Any) -> Size:
        return Size(tuple.__mul__(self, times))

    @overload
    def __getitem__(self, index: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Size: ...
    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item


class device:
    """Where a tensor lives. There is one device, the CPU; anything else is a RuntimeError.

    >>> import autodiff as torch
    >>> torch.device("cpu"), torch.ones(2).device == torch.device("cpu")
    (device(type='cpu'), True)
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

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

    def __repr__(self) -> str:
        return "device(type='cpu')" if self.index is None else f"device(type='cpu', index={self.index})"

    def __str__(self) -> str:
        return "cpu" if self.index is None else f"cpu:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and other.index == self.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))


CPU = device("cpu")


def result(name: str, fields: str) -> Any:
    """The class of a named tuple that prints as PyTorch's: torch.return_types.max(values=..., indices=...)."""

    def shown(self: Any) -> str:
        pairs = ",\n".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n{pairs})"

    # Pickle looks a class up by its qualified name, which is the name it is assigned to below.
    title = "".join(map(str.capitalize, name.split("_"))) + "Result"
    body = {"__slots__": (), "__module__": __name__, "__qualname__": title, "__repr__": shown}
    return type(name, (namedtuple(name, fields),), body | {"__doc__": f"What {name} returns: {fields}, in this order."})


MaxResult = result("max", "values indices")
MinResult = result("min", "values indices")
SortResult = result("sort", "values indices")
TopkResult = result("topk", "values indices")
MedianResult = result("median", "values indices")
AminmaxResult = result("aminmax", "min max")
FrexpResult = result("frexp", "mantissa exponent")
NanmedianResult = result("nanmedian", "values indices")
CummaxResult = result("cummax", "values indices")
CumminResult = result("cummin", "values indices")
HistogramResult = result("histogram", "hist bin_edges")
HistogramddResult = result("histogramdd", "hist bin_edges")

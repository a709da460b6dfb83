"""How a parameter takes new numbers when its module is converted, or loaded by assignment: as the same object or as a new one.

After this module a reader knows why an optimizer that was made before `model.double()` goes on after it: the parameters stay
the objects that they were. Two switches of PyTorch's change that: they stand in `autodiff.__future__`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.nn.parameter import Parameter

__all__ = ["overwritten", "put_in_place", "swapped"]


def overwritten(old: Tensor, new: Tensor, grad: Tensor | None) -> Tensor:
    """The tensor that stands in the module in place of an old one after a conversion that overwrites."""
    if not isinstance(old, Parameter):
        return new
    found = Parameter(new.detach(), old.requires_grad)
    found._grad = grad
    return found


def swapped(old: Tensor, new: Tensor) -> None:
    """Let a tensor share the memory of another one, and stay the object that it is."""
    old.data = new.detach()


def put_in_place(modules: Iterable[Any], taken: dict[int, Tensor]) -> None:
    """Put tensors into the places of those whose ids they have."""
    for part in modules:
        for table in (part._parameters, part._buffers):
            for name, value in table.items():
                table[name] = taken.get(id(value), value)

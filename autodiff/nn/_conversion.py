"""How a parameter takes new numbers when its module is converted, or loaded by assignment: as the same object or as a new one.

After this module a reader knows why an optimizer that was made before `model.double()` goes on after it: the parameters stay
the objects that they were. Two switches of PyTorch's change that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.nn.parameter import Parameter

__all__ = [
    "SWITCHES", "get_overwrite_module_params_on_conversion", "get_swap_module_params_on_conversion", "overwritten",
    "put_in_place", "set_overwrite_module_params_on_conversion", "set_swap_module_params_on_conversion", "swapped",
]


class _Switches:
    overwrite = False
    swap = False


SWITCHES = _Switches()


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Whether `module.double()` and its like put new parameters into the module, instead of new numbers into the old ones.

    An optimizer that was made before has the old ones then.

    >>> import autodiff as torch
    >>> torch.__future__.set_overwrite_module_params_on_conversion(False)
    """
    SWITCHES.overwrite = value


def get_overwrite_module_params_on_conversion() -> bool:
    """Whether a conversion puts new parameters into a module: False at first.

    >>> import autodiff as torch
    >>> torch.__future__.get_overwrite_module_params_on_conversion()
    False
    """
    return SWITCHES.overwrite


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Whether parameters and buffers stay the same objects also in `load_state_dict(assign=True)`.

    They share the memory of the tensors that are assigned then. A conversion leaves them the same objects in any case.

    >>> import autodiff as torch
    >>> torch.__future__.set_swap_module_params_on_conversion(False)
    """
    SWITCHES.swap = value


def get_swap_module_params_on_conversion() -> bool:
    """Whether parameters stay the same objects when others are assigned to them: False at first.

    >>> import autodiff as torch
    >>> torch.__future__.get_swap_module_params_on_conversion()
    False
    """
    return SWITCHES.swap


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

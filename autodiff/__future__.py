"""PyTorch's switches of what it may do otherwise one day: which object a parameter is after a conversion or a load."""

from typing import Any

from autodiff._core.missing import missing_name

__all__ = [
    "get_overwrite_module_params_on_conversion", "get_swap_module_params_on_conversion",
    "set_overwrite_module_params_on_conversion", "set_swap_module_params_on_conversion",
]


class _Switches:
    overwrite = False
    swap = False


_switches = _Switches()


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Whether `module.double()` and its like put new parameters into the module, instead of new numbers into the old ones.

    An optimizer that was made before has the old ones then.

    >>> import autodiff as torch
    >>> torch.__future__.set_overwrite_module_params_on_conversion(False)
    """
    _switches.overwrite = value


def get_overwrite_module_params_on_conversion() -> bool:
    """Whether a conversion puts new parameters into a module: False at first.

    >>> import autodiff as torch
    >>> torch.__future__.get_overwrite_module_params_on_conversion()
    False
    """
    return _switches.overwrite


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Whether parameters and buffers stay the same objects also in `load_state_dict(assign=True)`.

    They share the memory of the tensors that are assigned then. A conversion leaves them the same objects in any case.

    >>> import autodiff as torch
    >>> torch.__future__.set_swap_module_params_on_conversion(False)
    """
    _switches.swap = value


def get_swap_module_params_on_conversion() -> bool:
    """Whether parameters stay the same objects when others are assigned to them: False at first.

    >>> import autodiff as torch
    >>> torch.__future__.get_swap_module_params_on_conversion()
    False
    """
    return _switches.swap


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)

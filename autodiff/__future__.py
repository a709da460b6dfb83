"""PyTorch's switches of what it may do otherwise one day: which object a parameter is after a conversion or a load."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.nn._conversion import (
    get_overwrite_module_params_on_conversion,
    get_swap_module_params_on_conversion,
    set_overwrite_module_params_on_conversion,
    set_swap_module_params_on_conversion,
)

__all__ = [
    "get_overwrite_module_params_on_conversion", "get_swap_module_params_on_conversion",
    "set_overwrite_module_params_on_conversion", "set_swap_module_params_on_conversion",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)

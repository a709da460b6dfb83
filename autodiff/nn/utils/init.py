"""A layer that is made without drawing its first values, since others are about to be loaded."""

from __future__ import annotations

import inspect
from typing import Any

from autodiff._core.missing import missing_name
from autodiff.nn.modules.module import Module
from autodiff.random import default_generator

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """module_cls(*args, **kwargs) with parameters whose values are not set: no random number is used up.

    RuntimeError for a class that is not a Module, or whose constructor has no `device`.

    >>> import autodiff as torch
    >>> torch.nn.utils.skip_init(torch.nn.Linear, 2, 1)
    Linear(in_features=2, out_features=1, bias=True)
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    state = default_generator.get_state()
    try:
        return module_cls(*args, **kwargs).to_empty(device=kwargs.get("device", "cpu"))
    finally:
        default_generator.set_state(state)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)

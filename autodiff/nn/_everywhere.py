"""Hooks on every module of the program, for those who look into models that they have not made.

After this module a reader knows that they run in front of a module's own, and that a program without any does not wait for
them: a call asks whether one dictionary is empty.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from autodiff._core.handles import HandleOfAll, RemovableHandle

__all__ = [
    "EVERYWHERE", "one_kind", "register_module_backward_hook", "register_module_buffer_registration_hook",
    "register_module_forward_hook", "register_module_forward_pre_hook", "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook", "register_module_module_registration_hook",
    "register_module_parameter_registration_hook", "registered",
]

EVERYWHERE: dict[str, OrderedDict[int, Any]] = {}  # by kind, as a module's own `_hooks`; empty in nearly every program


def _register(kind: str, hook: Any) -> RemovableHandle:
    return HandleOfAll(EVERYWHERE, kind, hook)


def registered(kind: str, module: Any, name: str, value: Any) -> Any:
    """A parameter, buffer or module that is being registered, as the hooks leave it."""
    for hook in list(EVERYWHERE.get(kind, {}).values()):
        reply = hook(module, name, value)
        value = value if reply is None else reply
    return value


def one_kind(others: Any, where: str) -> None:
    """RuntimeError where there are hooks of the other kind."""
    if others:
        raise RuntimeError(
            f"Cannot use both regular backward hooks and full backward hooks {where}. Please use only one of them."
        )


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call hook(module, args) before forward of every module; what it returns, if anything, replaces the arguments."""
    return _register("forward_pre", (hook, False))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call hook(module, args, output) after forward of every module; what it returns, if anything, replaces the output."""
    return _register("forward", (hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[[Any, Any], Any]) -> RemovableHandle:
    """Call hook(module, grad_output) before the backward of every module; it may replace grad_output."""
    return _register("backward_pre", hook)


def register_module_full_backward_hook(hook: Callable[[Any, Any, Any], Any]) -> RemovableHandle:
    """Call hook(module, grad_input, grad_output) for every module; it may replace grad_input."""
    one_kind(EVERYWHERE.get("backward_old"), "as a global Module hook")
    return _register("backward", hook)


def register_module_backward_hook(hook: Callable[[Any, Any, Any], Any]) -> RemovableHandle:
    """Call hook(module, grad_input, grad_output) with the gradients of the last operation of every module only."""
    one_kind(EVERYWHERE.get("backward"), "as a global Module hook")
    return _register("backward_old", hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call hook(module, name, parameter) when any module registers one; what it returns, if anything, is registered."""
    return _register("parameter", hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call hook(module, name, buffer) when any module registers one; what it returns, if anything, is registered."""
    return _register("buffer", hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call hook(module, name, submodule) when any module registers one; what it returns, if anything, is registered."""
    return _register("module", hook)

"""How `self.fc = Linear(...)` registers a layer: a module's attributes, and its three registers.

After this module a reader knows that a Parameter, a Buffer or a Module that is assigned goes into a dictionary of its own, in
the order of assignment, and is found there again as an attribute.
"""

from __future__ import annotations

import inspect
import sys
import weakref
from typing import TYPE_CHECKING, Any

from autodiff._core.handles import extra_of
from autodiff._core.missing import missing_member
from autodiff._core.provenance import here
from autodiff._core.tensor import Tensor
from autodiff.nn._everywhere import EVERYWHERE, registered
from autodiff.nn.parameter import Buffer, Parameter

if TYPE_CHECKING:
    from autodiff.nn.modules.module import Module

__all__ = ["Registers"]

_KINDS = ("_parameters", "_buffers", "_modules")


class Registers:
    """The part of a Module that holds its parameters, buffers and child modules. No other class has registers."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]

    def __setattr__(self, name: str, value: Any) -> None:
        registers = self.__dict__
        if "_parameters" not in registers:
            if isinstance(value, (Parameter, Registers, Buffer)):
                kind = "parameters" if isinstance(value, Parameter) else "module" if isinstance(value, Registers) else "buffer"
                raise _too_early(self, f"cannot assign {kind} before Module.__init__() call")
            super().__setattr__(name, value)  # a property's setter is asked here as well
        elif isinstance(value, Parameter):
            self._forget(name, "_parameters")
            if name in registers["_parameters"]:
                _replaced(self, name, registers["_parameters"][name], value)
            self.register_parameter(name, value)
        elif name in registers["_parameters"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_type_of(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
        elif isinstance(value, Registers):
            self._forget(name, "_modules")
            if name in registers["_modules"]:
                _replaced(self, name, registers["_modules"][name], value)
            registers["_modules"][name] = registered("module", self, name, value) if EVERYWHERE else value
        elif name in registers["_modules"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_type_of(value)}' as child module '{name}' (torch.nn.Module or None expected)"
                )
            registers["_modules"][name] = registered("module", self, name, None) if EVERYWHERE else None
        elif name in registers["_buffers"] or isinstance(value, Buffer):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{_type_of(value)}' as buffer '{name}' (torch.nn.Buffer, torch.Tensor or None expected)"
                )
            _assign_buffer(self, name, value)
        else:
            super().__setattr__(name, value)  # not into the dictionary: it may be a property of the class

    def __getattr__(self, name: str) -> Any:
        registers = self.__dict__
        for kind in _KINDS:
            if kind in registers and name in registers[kind]:
                return registers[kind][name]
        if "_parameters" not in registers and not name.startswith("__"):
            raise _too_early(self, f"'{type(self).__name__}' object has no attribute '{name}'")
        raise missing_member(type(self), ".nn.Module", name)

    def __delattr__(self, name: str) -> None:
        for kind in _KINDS:
            if name in self.__dict__[kind]:
                del self.__dict__[kind][name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})

    def _forget(self, name: str, but: str) -> None:
        # What is replaced by its own kind keeps its place in the order: Sequential runs in that order.
        self.__dict__.pop(name, None)
        for kind in _KINDS:
            if kind != but:
                self.__dict__[kind].pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _check_name(self, name: str, kind: str) -> None:
        if "_parameters" not in self.__dict__:
            raise _too_early(self, f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in self.__dict__[f"_{kind}s"]:
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or a place for one, under a name."""
        self._check_name(name, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_type_of(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        if param is not None and not param.is_leaf:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly."
            )
        self._parameters[name] = registered("parameter", self, name, param) if EVERYWHERE and param is not None else param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is saved with the module (unless not persistent) but not trained."""
        self._check_name(name, "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{_type_of(tensor)}' object to buffer '{name}' (torch Tensor or None required)")
        self._buffers[name] = registered("buffer", self, name, tensor) if EVERYWHERE else tensor
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module under a name."""
        if module is not None and not isinstance(module, Registers):
            hint = "; give the modules one by one, as in nn.Sequential(*modules)" if isinstance(module, (list, tuple)) else ""
            if isinstance(module, type):
                raise TypeError(
                    f"{module.__module__}.{module.__qualname__} is not a Module subclass: it is the class itself; write "
                    f"{module.__name__}() for a module"
                )
            raise TypeError(f"{_type_of(module)} is not a Module subclass{hint or _as_a_layer(module)}")
        self._check_name(name, "module")
        self._modules[name] = registered("module", self, name, module) if EVERYWHERE else module

    register_module = add_module


def _assign_buffer(module: Registers, name: str, value: Tensor | None) -> None:
    """Register a buffer, as persistent as it says itself, or else as the one whose place it takes."""
    persistent = value.persistent if isinstance(value, Buffer) else name not in module._non_persistent_buffers_set
    register = type(module).register_buffer
    if register is Registers.register_buffer or "persistent" in inspect.signature(register).parameters:
        module.register_buffer(name, value, persistent)
    elif persistent:  # a class of the user's has a register_buffer of its own, as modules had it at first
        module.register_buffer(name, value)
    else:
        raise RuntimeError(
            f"Registering a non-persistent buffer on {type(module).__name__} is not possible: its register_buffer() has no "
            "argument 'persistent'; give it one"
        )


def _replaced(module: Registers, name: str, old: Any, new: Any) -> None:
    """Note on the parameters that lose their place what has taken it: an optimizer that still has them will tell (AD032)."""
    if old is None or old is new:
        return
    place, what = here(3), f"{type(module).__name__}.{name}"
    for p in [old] if isinstance(old, Tensor) else old.parameters():
        extra_of(p, "_extra")["replaced"] = weakref.ref(new), place, what


def _as_a_layer(function: Any) -> str:
    """Which layer calls a function of the package, as ReLU does relu; "" where none does."""
    name = getattr(function, "__name__", "").replace("_", "")
    if not name or isinstance(function, (type, Tensor)):
        return ""
    layers = sys.modules[__name__.rpartition(".modules")[0]].__all__  # not imported, since they are made of this class
    layer = next((each for each in layers if each.lower() in (name, f"{name}loss")), None)
    if layer is None:
        return "; a function is called in forward()"
    return f"; {function.__name__} is a function, and its layer is nn.{layer}()"


def _too_early(module: Registers, text: str) -> AttributeError:
    return AttributeError(f"{text}: call super().__init__() first, in {type(module).__name__}.__init__")


def _type_of(value: Any) -> str:
    if isinstance(value, Tensor):
        return str(value.type())
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"

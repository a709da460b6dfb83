"""Modules that hold other modules: one after the other, in a list, under names."""

from __future__ import annotations

import operator
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, SupportsIndex, cast, overload

from autodiff._core.observer import LOOKING
from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor
from autodiff.nn._everywhere import EVERYWHERE
from autodiff.nn.modules._parameters import ParameterDict, ParameterList
from autodiff.nn.modules._which_layer import say_which
from autodiff.nn.modules.module import Module

__all__ = ["Container", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class Container(Module):
    """Modules under names, by an older name than ModuleDict's, with a warning."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        warnings.warn(
            "`nn.Container` is deprecated. All of its functionality is now implemented in `nn.Module`. Subclass that instead.",
            FutureWarning,
            stacklevel=stacklevel() + 1,
        )
        for name, module in kwargs.items():
            self.add_module(name, module)


class _Numbered(Module):
    """What Sequential and ModuleList share: children in order, reached by their position."""

    def _made(self, named: list[tuple[str, Any]]) -> Any:
        raise NotImplementedError

    def _place(self, index: Any) -> str:
        at, n = operator.index(index), len(self._modules)
        if not -n <= at < n:
            raise IndexError(f"index {at} is out of range")
        return list(self._modules)[at]

    def _renumber(self, modules: Iterable[Any]) -> None:
        modules = list(modules)
        self._modules.clear()
        self._modules.update({str(i): m for i, m in enumerate(modules)})

    @overload
    def __getitem__(self, index: SupportsIndex) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._made(list(self._modules.items())[index])
        return self._modules[self._place(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._place(index), module)

    def __delitem__(self, index: Any) -> None:
        for name in list(self._modules)[index] if isinstance(index, slice) else [self._place(index)]:
            delattr(self, name)
        self._renumber(self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        modules: Iterable[Any] = self._modules.values()
        return iter(modules)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.isdigit()]

    def pop(self, index: int) -> Module:
        """Remove a module and return it."""
        module = self[index]
        del self[index]
        return module


class Sequential(_Numbered):
    """Modules that are called one after the other. Given as arguments, or as one OrderedDict of names.

    >>> import autodiff as torch
    >>> torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        pairs = args[0].items() if len(args) == 1 and isinstance(args[0], OrderedDict) else enumerate(args)
        try:
            for name, module in pairs:
                self.add_module(str(name), module)
        except (KeyError, TypeError) as error:
            if error := refusal(error):
                raise error from error.__cause__
            raise

    def forward(self, input: Any) -> Tensor | Any:
        """Each module on what the one before gave."""
        module: Any = self
        try:
            for module in self._modules.values():
                # For a layer of the package that stands in another one a call is its forward, if nobody looks on (see
                # Calling.__call__): said here it costs a fifth.
                plain = module._of_package and not (module._hooks or EVERYWHERE or LOOKING)
                input = module.forward(input) if plain else module(input)
        except Exception as error:
            say_which(error, module, (input,))
            raise
        return input

    def _made(self, named: list[tuple[str, Any]]) -> Any:
        return type(self)(OrderedDict(named))

    def __add__(self, other: Any) -> Sequential:
        return Sequential(*self, *_sequential(other, "add"))

    def __iadd__(self, other: Any) -> Sequential:
        return self.extend(_sequential(other, "add"))

    def __mul__(self, times: int) -> Sequential:
        if not isinstance(times, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(times)}")
        if times <= 0:
            raise ValueError(f"Non-positive multiplication factor {times} for {type(self)}")
        return Sequential(*list(self) * times)

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Sequential:
        return self.extend(list(self * times)[len(self) :])

    def append(self, module: Module) -> Sequential:
        """Add a module at the end; returns the container."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, sequential: Iterable[Module]) -> Sequential:
        """Add modules at the end; returns the container."""
        for module in list(sequential):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Sequential:
        """Put a module before position `index`; returns the container."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        modules = list(self)
        if not -len(modules) <= index <= len(modules):
            raise IndexError(f"Index out of range: {index}")
        modules.insert(index, module)
        self._renumber(modules)
        return self


def _sequential(other: Any, verb: str) -> Sequential:
    if not isinstance(other, Sequential):
        raise ValueError(f"{verb} operator supports only objects of Sequential class, but {type(other)} is given.")
    return other


class ModuleList(_Numbered):
    """A list whose modules are registered.

    >>> import autodiff as torch
    >>> torch.nn.ModuleList([torch.nn.Linear(1, 1) for _ in range(3)])
    ModuleList(
      (0-2): 3 x Linear(in_features=1, out_features=1, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        try:
            self.extend(() if modules is None else modules)
        except TypeError as error:
            if error := refusal(error):
                raise error from error.__cause__
            raise

    def _made(self, named: list[tuple[str, Any]]) -> Any:
        return type(self)([module for _, module in named])

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> ModuleList:
        return self.extend(other)

    def append(self, module: Module) -> ModuleList:
        """Add a module at the end; returns the list."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> ModuleList:
        """Add modules at the end; returns the list."""
        if not isinstance(modules, Iterable):
            raise TypeError(f"ModuleList.extend should be called with an iterable, but got {type(modules).__name__}")
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> None:
        """Put a module before position `index`."""
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)

    def __repr__(self) -> str:
        """One line for a run of modules that print alike."""
        runs: list[list[Any]] = []  # [first, last, text]
        for i, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1][1] = i
            else:
                runs.append([i, i, text])
        if not runs:
            return f"{self._get_name()}()"
        lines = []
        for first, last, text in runs:
            text = text.replace("\n", "\n  ")
            lines.append(f"({first}): {text}" if first == last else f"({first}-{last}): {last - first + 1} x {text}")
        return self._get_name() + "(\n  " + "\n  ".join(lines) + "\n)"


class ModuleDict(Module):
    """A dictionary whose modules are registered.

    >>> import autodiff as torch
    >>> list(torch.nn.ModuleDict({"a": torch.nn.ReLU()}))
    ['a']
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._named()[key]

    def _named(self) -> dict[str, Module]:
        return cast("dict[str, Module]", self._modules)

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Remove a module and return it."""
        return self._named().pop(key)

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def items(self) -> Iterable[tuple[str, Module]]:
        """The (name, module) pairs."""
        return self._named().items()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._named().values()

    def update(self, modules: Any) -> None:
        """Add modules from a dictionary or from (name, module) pairs."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"ModuleDict.update should be called with an iterable of key/value pairs, but got {type(modules).__name__}"
            )
        pairs = modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules
        for i, pair in enumerate(pairs):
            if not isinstance(pair, Iterable):
                raise TypeError(f"ModuleDict update sequence element #{i} should be Iterable; is {type(pair).__name__}")
            found = list(pair)
            if len(found) != 2:
                raise ValueError(f"ModuleDict update sequence element #{i} has length {len(found)}; 2 is required")
            self[found[0]] = found[1]

"""What modules call the tensors that they hold: `0.weight`, and `model.0.weight` where two models take part that have one.

After this module a reader knows why a name may change while a run is recorded: only when the second model comes in are the
paths of the first no longer enough.
"""

from __future__ import annotations

from autodiff._core.tensor import Tensor
from autodiff.explain.events import Event, Made, Thing
from autodiff.nn import Module

__all__ = ["Held", "subscript"]

_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def subscript(n: int) -> str:
    """A number as it is written below the line."""
    return str(n).translate(_LOWERED)


class Held:
    """The modules seen so far, and what they hold."""

    def __init__(self) -> None:
        self.modules: list[Module] = []  # kept, or another one could get the id of one that is gone
        self.variables: dict[int, str] = {}  # what holds each of them
        self.tensors: dict[int, tuple[Tensor, Module, str]] = {}  # by id: in which module, and its path there
        self.things: dict[int, dict[Thing, str]] = {}  # of each module that takes part: what it holds, with the paths
        self.events: dict[int, list[Event]] = {}  # what happened in it
        self.alike: dict[str, list[int]] = {}  # the modules that take part by the paths of what they hold
        self.shared: dict[int, str] = {}  # those of which another one has a path too, with the name that tells them apart

    def learn(self, module: Module, variable: str) -> list[Tensor]:
        """One more module; returns what it holds, where that is new."""
        if id(module) in self.variables:
            self.variables[id(module)] = self.variables[id(module)] or variable
            return []
        self.variables[id(module)] = variable
        self.modules.append(module)
        return self.read(module)

    def read(self, module: Module) -> list[Tensor]:
        """What a module holds now and did not hold before."""
        found = []
        for path, x in [*module.named_parameters(), *module.named_buffers()]:
            if id(x) not in self.tensors:
                self.tensors[id(x)] = x, module, path
                found.append(x)
        return found

    def met(self, thing: Thing, x: Tensor) -> None:
        """A tensor comes in: it is named where a module holds it."""
        if id(x) not in self.tensors and thing.kind == "parameter":
            for module in self.modules:  # it may have got it lately, from weight_norm say
                self.read(module)
        if id(x) not in self.tensors:
            return
        _, module, path = self.tensors[id(x)]
        thing.name, thing.named = path, True
        self.things.setdefault(id(module), {})[thing] = path
        if id(module) in self.shared:
            thing.name = f"{self.shared[id(module)]}.{path}"
        alike = self.alike.setdefault(path, [])
        if id(module) not in alike:
            alike.append(id(module))
        for each in alike if len(alike) > 1 else ():
            if each not in self.shared:
                self.tell_apart(each)

    def tell_apart(self, module: int) -> None:
        """Put its variable before all names of a module."""
        variable = self.variables[module] or "model"
        n = 1 + sum(name.rstrip("₀₁₂₃₄₅₆₇₈₉") == variable for name in self.shared.values())
        called = self.shared[module] = variable + (subscript(n) if n > 1 else "")
        for thing, path in self.things[module].items():
            thing.name = f"{called}.{path}"
        for event in self.events.get(module, ()):
            if isinstance(event, Made):
                for out in event.outputs:
                    if out.name.startswith(f"{event.module}."):
                        out.name = f"{called}.{out.name}"
            event.module = f"{called}.{event.module}"

    def inside(self, module: Module, path: str, event: Event) -> str:
        """The path of where an event happens inside a module."""
        if id(module) in self.shared:
            return f"{self.shared[id(module)]}.{path}"
        self.events.setdefault(id(module), []).append(event)
        return path

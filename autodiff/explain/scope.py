"""The names of a program: of what it computes, of what it starts from, and of what it imports.

After this module a reader knows that each tensor gets a name of its own, near what the user calls it; and that a value which
Python cannot write down becomes an input.
"""

from __future__ import annotations

import keyword
import re
import sys
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor, wrap
from autodiff.explain.events import Thing
from autodiff.explain.values import Value

__all__ = ["Scope", "callable_of"]


class Scope:
    """Who has which name."""

    def __init__(self) -> None:
        self.imports: dict[str, str] = {}  # name: the line that brings it
        self.inputs: dict[str, Any] = {}
        self.names: dict[Thing, str] = {}
        self.now: dict[Thing, Value] = {}  # of what was written over: what it holds now
        self.taken: set[str] = {"torch"}

    def fresh(self, wish: str) -> str:
        """A name that nothing else has."""
        text = re.sub(r"\W+", "_", wish.translate(_RAISED)).strip("_") if len(wish) <= 30 else ""
        text = f"layer_{text}" if text[:1].isdigit() else text or "t"
        name, n = text, 1
        while name in self.taken or keyword.iskeyword(name) or name in _BUILTINS:
            n += 1
            name = f"{text}_{n}"
        self.taken.add(name)
        return name

    def given(self, wish: str, value: Any) -> str:
        """An input of the program."""
        name = self.fresh(wish)
        self.inputs[name] = value
        return name

    def of(self, thing: Thing) -> str:
        """The name of a thing; one that nothing here has computed is an input."""
        if thing not in self.names:
            value = self.now.get(thing, thing.value)
            if value is None:
                raise ValueError(
                    f"{thing!r} was computed before the watching began, and its numbers are not known: begin to watch before it"
                )
            self.names[thing] = self.given(thing.name or "c", self.whole(value, repr(thing)))
        return self.names[thing]

    def whole(self, value: Value, what: str) -> Tensor:
        """A value as a tensor of its own; ValueError where only a summary of it was kept."""
        if value.array is None:
            raise ValueError(f"{what} is needed as an input, and of its {value.size:,} numbers only a summary was kept")
        return wrap(np.array(value.array))

    def constant(self, value: Any, wish: str = "c") -> str:
        """A parameter of an operation: written out where Python can, else an input."""
        if isinstance(value, Thing):
            return self.of(value)
        if _is_written(value):
            return repr(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            fields = (f"{key}={self.constant(each, key)}" for key, each in zip(value._fields, value, strict=True))
            return f"{self.function(type(value), wish)}({', '.join(fields)})"
        return self.given(wish, value)

    def function(self, value: Any, wish: str) -> str:
        """The name of a function, which is imported; one that stands in no module is an input."""
        home = sys.modules.get(getattr(value, "__module__", None) or "")
        name = getattr(value, "__name__", "")
        operation = getattr(value, "operation", None)
        if operation is not None:
            home = sys.modules.get(operation.forward.__module__)
            name = operation.forward.__name__
        if home is None or not name.isidentifier() or getattr(home, name, None) is not value:
            return self.given(wish, value)
        return self.imported(home.__name__, name)

    def imported(self, module: str, name: str) -> str:
        """A name of a module, under another one where the program has it already."""
        line = f"from {module} import {name}"
        for known, brought in self.imports.items():
            if brought == line or brought.startswith(f"{line} as "):
                return known
        mine = name
        if name in self.taken or name in _BUILTINS:
            mine = self.fresh(f"{name}_of_{module.rsplit('.', 1)[-1]}")
        self.taken.add(mine)
        self.imports[mine] = line if mine == name else f"{line} as {mine}"
        return mine


def callable_of(operation: Any) -> Any:
    """The function that users and rules call."""
    home = sys.modules.get(operation.forward.__module__)
    found = getattr(home, operation.forward.__name__, None)
    if getattr(found, "operation", None) is operation:
        return found
    from autodiff._core.graph import recording

    return recording(operation)


def _is_written(value: Any) -> bool:
    if type(value) in (tuple, list):
        return all(_is_written(each) for each in value)
    if isinstance(value, slice):
        return all(_is_written(each) for each in (value.start, value.stop, value.step))
    if isinstance(value, float):
        return bool(np.isfinite(value))
    return value is None or value is ... or type(value) in (bool, int, str)


_BUILTINS = set(dir(__import__("builtins")))
_RAISED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

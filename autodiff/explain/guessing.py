"""Which module a node belongs to, told from the names of parameters: a graph alone keeps no calls.

After this module a reader knows the rule. An operation that takes a parameter of a module is taken to be in that module. One
without parameters is in the module that the last such operation before it and the next one behind it are both in. Two calls
of a module that follow each other are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autodiff.explain.events import Call
from autodiff.nn import Module

__all__ = ["Modules", "calls_of"]

_Path = tuple[tuple[int, str], ...]  # of a module: (the id of each module around it, the outermost first, and its path)


class Modules:
    """The modules of the caller's, and to which of them each parameter belongs."""

    def __init__(self) -> None:
        self.kinds: dict[int, str] = {}
        self.owner: dict[int, _Path] = {}  # of an array

    def learn(self, name: str, model: Any) -> None:
        """What a variable's module has: a container that is never called, such as a ModuleList, is no level of its own."""
        if id(model) in self.kinds:
            return
        paths: dict[str, _Path] = {}
        for path, module in model.named_modules():
            self.kinds[id(module)] = type(module).__name__
            outer = paths[path.rpartition(".")[0]] if path else ()
            called = type(module).forward is not Module.forward
            paths[path] = (*outer, (id(module), path or name)) if called else outer
            for p in [*module.parameters(recurse=False), *module.buffers(recurse=False)]:
                self.owner.setdefault(id(p._array), paths[path])


    def of(self, arrays: Iterable[Any]) -> _Path | None:
        """The innermost module that has all those of the arrays that belong to one; None where none does."""
        paths = [self.owner[id(array)] for array in arrays if id(array) in self.owner]
        return _common(paths) if paths else None


def _common(paths: Sequence[_Path]) -> _Path:
    shared = paths[0]
    for path in paths[1:]:
        shared = tuple(a for a, b in zip(shared, path, strict=False) if a == b)
    return shared


def calls_of(owners: Sequence[_Path | None], modules: Modules) -> list[Call | None]:
    """The call that each node is taken to belong to, the oldest node first; `owners` has None for one without parameters."""
    known = [i for i, owner in enumerate(owners) if owner is not None]
    found: list[Call | None] = [None] * len(owners)
    stack: list[tuple[tuple[int, str], Call]] = []
    place = 0
    for i in range(len(owners)):
        while place < len(known) and known[place] < i:
            place += 1
        path: _Path = ()
        if place < len(known) and known[place] == i:
            path = owners[i] or ()
        elif 0 < place < len(known):
            path = _common([owners[known[place - 1]] or (), owners[known[place]] or ()])
        same = 0
        while same < min(len(stack), len(path)) and stack[same][0] == path[same]:
            same += 1
        del stack[same:]
        for step in path[same:]:
            stack.append((step, Call(step[1], modules.kinds[step[0]], stack[-1][1] if stack else None)))
        found[i] = stack[-1][1] if stack else None
    return found

"""PyTorch's tables of hooks, `module._forward_hooks` and its sisters, looks at the one dictionary in which hooks stand here.

After this module a reader knows that programs which take all hooks away without a handle, by `model._forward_hooks.clear()` or
by putting an empty dictionary there, do so here as well.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping
from types import ModuleType
from typing import Any

from autodiff.nn._everywhere import EVERYWHERE

__all__ = ["HookTable", "ModuleWithHooks", "Table", "flagged"]

_SWITCHES = {"forward_pre": (False,), "forward": (False, False)}  # of a hook that is put into its table by hand


class HookTable(MutableMapping[int, Any]):
    """The hooks of one kind by their numbers: what is taken out of the table is not called any more."""

    def __init__(self, kinds: dict[str, OrderedDict[int, Any]], kind: str) -> None:
        self.kinds, self.kind = kinds, kind
        self.known = kinds.get(kind)  # stays what this table shows when another one is put in its place

    def hooks(self) -> OrderedDict[int, Any]:
        """The hooks with their switches, as they stand at the module."""
        return self.known or self.kinds.get(self.kind, OrderedDict())

    def __getitem__(self, number: int) -> Any:
        found = self.hooks()[number]
        return found[0] if self.kind in _SWITCHES else found

    def __setitem__(self, number: int, hook: Any) -> None:
        switches = _SWITCHES.get(self.kind)
        hooks = self.known or self.kinds.setdefault(self.kind, OrderedDict())
        hooks[number] = hook if switches is None else (hook, *switches)

    def __delitem__(self, number: int) -> None:
        hooks = self.hooks()
        del hooks[number]
        if not hooks and self.kinds.get(self.kind) is hooks:  # a call asks only whether there is any kind
            del self.kinds[self.kind]

    def popitem(self, last: bool = True) -> tuple[int, Any]:
        """The last hook, or the first one, taken out of the table."""
        if not self:
            raise KeyError("dictionary is empty")
        number = list(self)[-1 if last else 0]
        return number, self.pop(number)

    def clear(self) -> None:
        """Take out the hooks that the table shows now: behind the last of them stand those of another table."""
        for number in self:
            del self[number]

    def __iter__(self) -> Iterator[int]:
        return iter(list(self.hooks()))

    def __len__(self) -> int:
        return len(self.hooks())

    def __repr__(self) -> str:
        return repr(OrderedDict(self))


class Table:
    """The attribute that shows a table. Of its kinds the first that has hooks is meant, or else the first."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def __get__(self, owner: Any, cls: Any = None) -> Any:
        if owner is None:
            return self
        hooks = _hooks_of(owner)
        return HookTable(hooks, next((kind for kind in self.kinds if hooks.get(kind)), self.kinds[0]))

    def __set__(self, owner: Any, table: Mapping[int, Any]) -> None:
        kinds, given = _hooks_of(owner), dict(table)
        first = self.kinds[0]
        known = kinds.get(first, OrderedDict())
        self.__delete__(owner)
        if isinstance(table, HookTable) and table.kind in self.kinds:
            if table:  # one that stood here before: its handles still take hooks out of it
                kinds[table.kind] = table.hooks()
            return
        HookTable(kinds, first).update(given)
        for number, hook in known.items() if first in _SWITCHES else ():
            if given.get(number) is hook[0]:
                kinds[first][number] = hook  # with its switches

    def __delete__(self, owner: Any) -> None:
        for kind in self.kinds:
            _hooks_of(owner).pop(kind, None)


def _hooks_of(owner: Any) -> dict[str, OrderedDict[int, Any]]:
    found: dict[str, OrderedDict[int, Any]] = EVERYWHERE if isinstance(owner, ModuleType) else owner._hooks
    return found


class ModuleWithHooks(ModuleType):
    """What `nn.modules.module` is, so that PyTorch's tables of the hooks on every module can be read and replaced there."""

    _global_backward_pre_hooks = Table("backward_pre")
    _global_backward_hooks = Table("backward", "backward_old")
    _global_forward_pre_hooks = Table("forward_pre")
    _global_forward_hooks = Table("forward")
    _global_buffer_registration_hooks = Table("buffer")
    _global_module_registration_hooks = Table("module")
    _global_parameter_registration_hooks = Table("parameter")
    _global_forward_hooks_with_kwargs = property(lambda self: flagged(EVERYWHERE, "forward", 1))
    _global_forward_hooks_always_called = property(lambda self: flagged(EVERYWHERE, "forward", 2))


def flagged(kinds: Mapping[str, OrderedDict[int, Any]], kind: str, flag: int) -> frozenset[int]:
    """The numbers of the hooks that have a switch."""
    return frozenset(number for number, hook in kinds.get(kind, {}).items() if hook[flag])

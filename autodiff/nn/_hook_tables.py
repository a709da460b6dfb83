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

    def _hooks(self) -> Mapping[int, Any]:
        return self.kinds.get(self.kind, {})

    def __getitem__(self, number: int) -> Any:
        found = self._hooks()[number]
        return found[0] if self.kind in _SWITCHES else found

    def __setitem__(self, number: int, hook: Any) -> None:
        switches = _SWITCHES.get(self.kind)
        self.kinds.setdefault(self.kind, OrderedDict())[number] = hook if switches is None else (hook, *switches)

    def __delitem__(self, number: int) -> None:
        hooks: dict[int, Any] = self.kinds.get(self.kind, OrderedDict())
        del hooks[number]
        if not hooks:  # a call asks only whether there is any kind
            del self.kinds[self.kind]

    def __iter__(self) -> Iterator[int]:
        return iter(list(self._hooks()))

    def __len__(self) -> int:
        return len(self._hooks())

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
        given = dict(table)
        self.__delete__(owner)
        HookTable(_hooks_of(owner), self.kinds[0]).update(given)

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

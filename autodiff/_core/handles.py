"""Where hooks are kept: in an ordered dictionary on the node or leaf, each under a number that its handle knows."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

__all__ = ["HandleOfAll", "Hooks", "RemovableHandle", "extra_of"]

Hooks = OrderedDict[int, Callable[..., Any]]


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook away, also at the end of a `with` block.

    >>> import autodiff as torch
    >>> x = torch.ones(1, requires_grad=True)
    >>> handle = x.register_hook(lambda g: g * 2)
    >>> handle.remove()
    """

    next_id = 0

    def __init__(self, hooks: Hooks, hook: Callable[..., Any], *, prepend: bool = False) -> None:
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        self.hooks_dict_ref = weakref.ref(hooks)
        hooks[self.id] = hook
        if prepend:
            hooks.move_to_end(self.id, last=False)

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        hooks = self.hooks_dict_ref()
        if hooks is not None:
            hooks.pop(self.id, None)

    def __getstate__(self) -> tuple[Any, int]:
        return self.hooks_dict_ref(), self.id

    def __setstate__(self, state: tuple[Any, int]) -> None:
        hooks, self.id = state
        self.hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)  # a copy's hooks keep their numbers

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class HandleOfAll(RemovableHandle):
    """The handle of a hook on everything of a sort. With the last one its kind goes: a call asks only whether there is any."""

    def __init__(self, kinds: dict[str, Hooks], kind: str, hook: Any) -> None:
        super().__init__(kinds.setdefault(kind, OrderedDict()), hook)
        self.kinds, self.kind = kinds, kind

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        super().remove()
        if not self.kinds.get(self.kind, True):
            del self.kinds[self.kind]


def extra_of(owner: Any, attribute: str) -> dict[str, Any]:
    """The dictionary of rare things, such as hooks, that a tensor or a node has in that slot once it needs one."""
    found: dict[str, Any] | None = getattr(owner, attribute)
    if found is None:
        found = {}
        setattr(owner, attribute, found)
    return found

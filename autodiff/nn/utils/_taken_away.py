"""A hook that is found again by its class and by the name of the tensor that it computes."""

from __future__ import annotations

from typing import Any

__all__ = ["found", "taken_away"]


def found(module: Any, kind: str, cls: type, **fields: Any) -> int | None:
    """The number of the module's hook of that class whose fields have these values; None where there is none."""
    for key, hook in module._hooks.get(kind, {}).items():
        hook = hook[0] if isinstance(hook, tuple) else hook
        if isinstance(hook, cls) and all(getattr(hook, name) == value for name, value in fields.items()):
            return int(key)
    return None


def taken_away(module: Any, kind: str, cls: type, **fields: Any) -> Any:
    """That hook, taken away from the module; None where there is none."""
    key = found(module, kind, cls, **fields)
    if key is None:
        return None
    hook = module._hooks[kind].pop(key)
    if not module._hooks[kind]:
        del module._hooks[kind]  # a module without hooks takes the short way
    return hook[0] if isinstance(hook, tuple) else hook

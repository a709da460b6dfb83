"""A module's attributes in the form that PyTorch's modules have, in a file that either program reads.

After this module a reader knows that the two differ in little more than the hooks: these stand in one dictionary by kind here,
and in a dictionary per kind there.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

__all__ = ["from_pytorchs", "to_pytorchs"]

_PLAIN = {
    "_backward_pre_hooks": "backward_pre",
    "_backward_hooks": "backward",
    "_state_dict_hooks": "state_dict_post",
    "_state_dict_pre_hooks": "state_dict_pre",
    "_load_state_dict_pre_hooks": "load_pre",
    "_load_state_dict_post_hooks": "load_post",
}
# Switches of a hook: a dictionary per switch there, with the numbers of the hooks that have it.
_SWITCHED = {
    "_forward_pre_hooks": ("forward_pre", ("_forward_pre_hooks_with_kwargs",)),
    "_forward_hooks": ("forward", ("_forward_hooks_with_kwargs", "_forward_hooks_always_called")),
}


# What a recurrent layer there keeps, and works out here.
_WORKED_OUT = ("_flat_weights", "_flat_weights_names")


def to_pytorchs(module: Any, state: dict[str, Any]) -> dict[str, Any]:
    """The attributes as PyTorch has them."""
    if "_hooks" not in state or "_parameters" not in state:
        return state
    found = state | {name: getattr(module, name) for name in _WORKED_OUT if hasattr(type(module), name)}
    hooks = found.pop("_hooks")
    for theirs, ours in _PLAIN.items():
        found[theirs] = OrderedDict(hooks.get(ours, {}))
    found["_is_full_backward_hook"] = True if hooks.get("backward") else None
    for theirs, (ours, switches) in _SWITCHED.items():
        given = hooks.get(ours, {})
        found[theirs] = OrderedDict((number, hook) for number, (hook, *_) in given.items())
        for i, switch in enumerate(switches, 1):
            found[switch] = OrderedDict((number, True) for number, hook in given.items() if hook[i])
    return found


def from_pytorchs(state: dict[str, Any]) -> dict[str, Any]:
    """The attributes as they are here. RuntimeError for PyTorch's old backward hooks, which do not exist here."""
    if "_hooks" in state or "_parameters" not in state:
        return state
    found = {name: value for name, value in state.items() if name not in _WORKED_OUT}
    hooks: dict[str, Any] = {}
    for theirs, ours in _PLAIN.items():
        hooks[ours] = found.pop(theirs, None)
    if found.pop("_is_full_backward_hook", None) is False and hooks["backward"]:
        raise RuntimeError("the module has hooks of register_backward_hook, which register_full_backward_hook has replaced")
    for theirs, (ours, switches) in _SWITCHED.items():
        tables = [found.pop(switch, {}) for switch in switches]
        given = found.pop(theirs, {})
        hooks[ours] = OrderedDict((n, (hook, *(bool(table.get(n)) for table in tables))) for n, hook in given.items())
    found["_hooks"] = {kind: OrderedDict(given) for kind, given in hooks.items() if given}
    return {"_non_persistent_buffers_set": set()} | found

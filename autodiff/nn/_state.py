"""state_dict and load_state_dict: a model's numbers under their dotted names, out and in again.

After this module a reader knows why a load that fails leaves the model whole: everything is checked before anything is
written, and what the user's own hooks refuse afterwards is undone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autodiff._core.memory import changed, repeats
from autodiff._core.tensor import Tensor
from autodiff.nn.parameter import Parameter

__all__ = ["EXTRA_STATE", "load", "save"]

EXTRA_STATE = "_extra_state"


class _IncompatibleKeys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys!r}, unexpected_keys={self.unexpected_keys!r})"


def _own(module: Any) -> list[tuple[str, Tensor]]:
    """The names and values that the module itself, without its children, contributes."""
    return [
        (name, value)
        for name, value in (*module._parameters.items(), *module._buffers.items())
        if value is not None and name not in module._non_persistent_buffers_set
    ]


def save(module: Any, destination: Any, prefix: str, keep_vars: bool) -> dict[str, Any]:
    """Put a module's values, and those of its children, into a dictionary."""
    out: dict[str, Any] = OrderedDict() if destination is None else destination
    for hook in list(module._hooks.get("state_dict_pre", {}).values()):
        hook(module, prefix, keep_vars)
    for name, value in _own(module):
        out[prefix + name] = value if keep_vars else value.detach()
    if module._has_extra_state():
        out[prefix + EXTRA_STATE] = module.get_extra_state()
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=out, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook in list(module._hooks.get("state_dict_post", {}).values()):
        if hook(module, out, prefix, {}) is not None:
            raise RuntimeError("state_dict post-hook must return None")
    return out


def load(model: Any, state_dict: Mapping[str, Any], strict: bool, assign: bool) -> _IncompatibleKeys:
    """Check all names and shapes, then copy; all problems in one RuntimeError, the model as it was."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    state = OrderedDict(state_dict)
    modules = list(model.named_modules(remove_duplicate=False))
    keys = _IncompatibleKeys([], [])
    errors: list[str] = []
    for path, module in modules:
        prefix = path + "." if path else ""
        for hook in list(module._hooks.get("load_pre", {}).values()):
            hook(module, state, prefix, {}, strict, *keys, errors)
    places = {f"{path}.{name}" if path else name: (m, name, v) for path, m in modules for name, v in _own(m)}
    extras = {f"{path}.{EXTRA_STATE}" if path else EXTRA_STATE: m for path, m in modules if m._has_extra_state()}
    keys.missing_keys.extend(key for key in (*places, *extras) if key not in state)
    keys.unexpected_keys.extend(key for key in state if key not in places and key not in extras)
    for key, (_, _, value) in places.items():
        if key in state:
            errors += _misfit(key, value, state[key], assign)
    hooked = [(m, hook) for _, m in reversed(modules) for hook in m._hooks.get("load_post", {}).values()]
    undo: list[Any] = []
    try:
        # Hooks that run after loading may still forgive missing names: only without them is it known already what is wrong.
        if not errors and (hooked or not (strict and any(keys))):
            copies = bool(hooked or extras) and not assign  # what the user's own code does from here on can fail
            for key, (module, name, value) in places.items():
                if key in state:
                    undo.append((module, name, value, value._array.copy() if copies else None))
                    _put(module, name, value, state[key], assign)
            for key, module in extras.items():
                if key in state:
                    module.set_extra_state(state[key])
            for module, hook in hooked:
                if hook(module, keys) is not None:
                    raise RuntimeError(
                        "Hooks registered with register_load_state_dict_post_hook must return None: they change the lists that "
                        "they are given"
                    )
        _refuse(model, keys if strict else _IncompatibleKeys([], []), errors)
    except BaseException:
        for module, name, value, before in reversed(undo):
            _take_back(module, name, value, before)
        raise
    return keys


def _refuse(model: Any, keys: _IncompatibleKeys, errors: list[str]) -> None:
    """All that is wrong in one RuntimeError, if anything is."""
    for kind, names in (("Unexpected", keys.unexpected_keys), ("Missing", keys.missing_keys)):
        if names:
            quoted = ", ".join(f'"{name}"' for name in names)
            errors.insert(0, f"{kind} key(s) in state_dict: {quoted}. ")
    if errors:
        text = "\n\t".join(errors)
        raise RuntimeError(f"Error(s) in loading state_dict for {type(model).__name__}:\n\t{text}")


def _misfit(key: str, value: Tensor, new: Any, assign: bool) -> list[str]:
    """What is wrong with the value offered for a name: nothing, or one sentence."""
    if not isinstance(new, Tensor):
        return [
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(new)}"
        ]
    # Old files hold single numbers as vectors of one element.
    if new._array.shape != value._array.shape and not (new._array.shape == (1,) and value._array.shape == ()):
        return [
            f"size mismatch for {key}: copying a param with shape {new.shape} from checkpoint, the shape in current "
            f"model is {value.shape}."
        ]
    if not value._array.flags.writeable and not assign:
        return [f'While copying the parameter named "{key}": its memory is read-only.']
    if repeats(value._array) and not assign:
        return [
            f'While copying the parameter named "{key}": more than one of its elements lie in one place of memory (it was '
            "expanded); make it with clone()."
        ]
    return []


def _put(module: Any, name: str, value: Tensor, new: Tensor, assign: bool) -> None:
    if not assign:
        np.copyto(value._array, new._array.reshape(value._array.shape), casting="unsafe")
        changed(value, 5)
    elif not isinstance(value, Parameter):
        module._buffers[name] = new
    elif isinstance(new, Parameter):
        module._parameters[name] = new.requires_grad_(value.requires_grad)
    else:
        module._parameters[name] = Parameter(new, value.requires_grad)


def _take_back(module: Any, name: str, value: Tensor, before: Any) -> None:
    (module._parameters if isinstance(value, Parameter) else module._buffers)[name] = value
    if before is not None:
        value._array[...] = before
        changed(value, 4)

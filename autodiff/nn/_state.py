"""state_dict and load_state_dict: a model's numbers under their dotted names, out and in again.

After this module a reader knows why a load that fails leaves the model whole: every module's values are kept before it is
loaded, and what anything refuses afterwards, the user's own hooks and methods too, puts them back.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autodiff.__future__ import _switches
from autodiff._core.memory import changed, repeats
from autodiff._core.tensor import Tensor
from autodiff.nn._conversion import swapped
from autodiff.nn.parameter import Parameter, is_lazy

__all__ = ["load", "load_own", "save", "save_own"]

_EXTRA = "_extra_state"


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
    """Put a module's values, and those of its children, into a dictionary; its `_metadata` says each module's version."""
    out: dict[str, Any] = destination
    if out is None:
        out = OrderedDict()
        vars(out)["_metadata"] = OrderedDict()
    metadata = {"version": module._version}
    if hasattr(out, "_metadata"):
        out._metadata[prefix[:-1]] = metadata
    for hook in list(module._hooks.get("state_dict_pre", {}).values()):
        hook(module, prefix, keep_vars)
    module._save_to_state_dict(out, prefix, keep_vars)
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=out, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook in list(module._hooks.get("state_dict_post", {}).values()):
        if hook(module, out, prefix, metadata) is not None:
            raise RuntimeError("state_dict post-hook must return None")
    for hook in list(module._hooks.get("state_dict_reply", {}).values()):
        reply = hook(module, out, prefix, metadata)
        out = out if reply is None else reply
    return out


def save_own(module: Any, destination: Any, prefix: str, keep_vars: bool) -> None:
    """What the module itself, without its children, contributes."""
    for name, value in _own(module):
        destination[prefix + name] = value if keep_vars else value.detach()
    if _defines(module, "get_extra_state"):
        destination[prefix + _EXTRA] = module.get_extra_state()


def _defines(module: Any, method: str) -> bool:
    """Has the class a method of its own, where the base class has one that only raises?"""
    found: str = getattr(type(module), method).__module__
    return found != "autodiff.nn.modules.module"


def load(model: Any, state_dict: Mapping[str, Any], strict: bool, assign: bool) -> _IncompatibleKeys:
    """Copy values in by name; all problems in one RuntimeError, the model as it was."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    task = _Load(getattr(state_dict, "_metadata", None), assign)
    try:
        task.walk(model, OrderedDict(state_dict), "")
        error = _refused(model, task.keys if strict else _IncompatibleKeys([], []), task.errors)
        if error is not None:
            raise error
    except BaseException:
        for before in reversed(task.kept):
            _take_back(*before)
        raise
    return task.keys


class _Load:
    """One load: what it found, and what was there before."""

    def __init__(self, metadata: Any, assign: bool) -> None:
        self.metadata, self.assign = metadata, assign
        self.keys = _IncompatibleKeys([], [])
        self.errors: list[str] = []
        self.kept: list[Any] = []

    def walk(self, module: Any, state: Any, prefix: str) -> None:
        """Load a module and its children. Each sees only the names that are its own."""
        metadata: dict[str, Any] = {} if self.metadata is None else self.metadata.get(prefix[:-1], {})
        if self.assign:
            metadata = {**metadata, "assign_to_params_buffers": True}
        if self.metadata is not None:
            vars(state)["_metadata"] = self.metadata
        values = [t for t in (*module._parameters.values(), *module._buffers.values()) if t is not None]
        copies = [(t, type(t) if is_lazy(t) else None if self.assign else t._array.copy()) for t in values]
        self.kept.append((module, dict(module._parameters), dict(module._buffers), copies))
        module._load_from_state_dict(state, prefix, metadata, True, *self.keys, self.errors)
        for name, child in module._modules.items():
            if child is not None:
                below = f"{prefix}{name}."
                self.walk(child, OrderedDict(item for item in state.items() if item[0].startswith(below)), below)
        for hook in list(module._hooks.get("load_post", {}).values()):
            if hook(module, self.keys) is not None:
                raise AssertionError(
                    "Hooks registered with register_load_state_dict_post_hook must return None: they change the lists that "
                    "they are given"
                )


def load_own(
    module: Any, state: Any, prefix: str, metadata: Any, strict: bool, missing: list[str], unexpected: list[str],
    errors: list[str],
) -> None:
    """Load what the module itself, without its children, holds; what is wrong is added to the three lists."""
    for hook in list(module._hooks.get("load_pre", {}).values()):
        hook(module, state, prefix, metadata, strict, missing, unexpected, errors)
    assign, own = metadata.get("assign_to_params_buffers", False), dict(_own(module))
    for name, value in own.items():
        key = prefix + name
        if key in state:
            wrong = _misfit(key, value, state[key], assign)
            if wrong:
                errors.append(wrong)
            else:
                _put(module, name, value, state[key], assign)
        elif strict:
            missing.append(key)
    extra = prefix + _EXTRA
    if not _defines(module, "set_extra_state"):
        if strict and extra in state:
            unexpected.append(extra)
    elif extra in state:
        module.set_extra_state(state[extra])
    elif strict:
        missing.append(extra)
    if strict:
        unexpected.extend(key for key in state if key != extra and _is_unknown(module, own, prefix, key))


def _is_unknown(module: Any, own: dict[str, Any], prefix: str, key: str) -> bool:
    if not key.startswith(prefix):
        return False
    first, point, _ = key[len(prefix) :].partition(".")
    return first not in (module._modules if point else own)


def _refused(model: Any, keys: _IncompatibleKeys, errors: list[str]) -> RuntimeError | None:
    """All that is wrong in one error, if anything is."""
    for kind, names in (("Unexpected", keys.unexpected_keys), ("Missing", keys.missing_keys)):
        if names:
            quoted = ", ".join(f'"{name}"' for name in names)
            errors.insert(0, f"{kind} key(s) in state_dict: {quoted}. ")
    if not errors:
        return None
    text = "\n\t".join(errors)
    return RuntimeError(f"Error(s) in loading state_dict for {type(model).__name__}:\n\t{text}")


def _misfit(key: str, value: Tensor, new: Any, assign: bool) -> str:
    """What is wrong with the value offered for a name; "" if nothing is."""
    if not isinstance(new, Tensor):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(new)}"
        )
    if is_lazy(value):  # both are, or else the load hook of a lazy module would have given this one the other's size
        return "" if is_lazy(new) or assign else f'While copying the parameter named "{key}": it is uninitialized.'
    # Old files hold single numbers as vectors of one element.
    shape = new.shape  # an error for an uninitialised one, as in PyTorch
    if shape != value.shape and not (shape == (1,) and value.shape == ()):
        return (
            f"size mismatch for {key}: copying a param with shape {shape} from checkpoint, the shape in current "
            f"model is {value.shape}."
        )
    if not value._array.flags.writeable and not assign:
        return f'While copying the parameter named "{key}": its memory is read-only.'
    if repeats(value._array) and not assign:
        return (
            f'While copying the parameter named "{key}": more than one of its elements lie in one place of memory (it was '
            "expanded); make it with clone()."
        )
    return ""


def _put(module: Any, name: str, value: Tensor, new: Tensor, assign: bool) -> None:
    if is_lazy(new):
        return  # there is nothing to copy
    if not assign:
        np.copyto(value._array, new._array.reshape(value._array.shape), casting="unsafe")
        changed(value)
    elif _switches.swap:
        swapped(value, new)
    elif not isinstance(value, Parameter):
        module._buffers[name] = new
    elif isinstance(new, Parameter):
        module._parameters[name] = new.requires_grad_(value.requires_grad)
    else:
        module._parameters[name] = Parameter(new, value.requires_grad)


def _take_back(module: Any, parameters: Any, buffers: Any, copies: list[Any]) -> None:
    module._parameters.clear()
    module._parameters.update(parameters)
    module._buffers.clear()
    module._buffers.update(buffers)
    for value, before in copies:
        if isinstance(before, type):
            if not is_lazy(value):  # it was given a size by what was to be loaded
                value._array, value.__class__ = np.empty(0, value._array.dtype), before
        elif before is not None and value._array.flags.writeable and not repeats(value._array):
            value._array[...] = before
            changed(value)

"""A module with other tensors in the place of its own, for one call.

After this module a reader knows how a gradient with respect to an updated weight is taken, as meta learning needs it: the
weights are put in place for one call, and what was there before comes back, whatever happens.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.nn.modules.module import Module
from autodiff.nn.parallel import DataParallel

__all__ = ["called", "merged"]


def _owner(module: Module, path: str) -> tuple[Any, str]:
    prefix, _, name = path.rpartition(".")
    owner: Any = module.get_submodule(prefix)
    return owner, name


def _tied(module: Module, given: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors given, for all names of those that have several; ValueError where two of these are given different ones."""
    names: dict[int, list[str]] = {}
    for members in (module.named_parameters, module.named_buffers):
        for name, tensor in members(remove_duplicate=False):
            names.setdefault(id(tensor), []).append(name)
    every = dict(given)
    for same in names.values():
        values = [given[name] for name in same if name in given]
        if len({id(v) for v in values}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(same)}, which are tied. Consider using "
                "tie_weights=False"
            )
        every.update(dict.fromkeys(same, values[0]) if values and len(same) > 1 else {})
    return every


def _check_names(module: Module, given: dict[str, Tensor]) -> None:
    own = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    own |= {name for name, _ in module.named_buffers(remove_duplicate=False)}
    problems = []
    for kind, names in (("Unexpected", [n for n in given if n not in own]), ("Missing", sorted(own - given.keys()))):
        if names:
            problems.append(f"{kind} key(s): {', '.join(map(repr, names))}.")
    if problems:
        text = "\n\t".join(problems)
        raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:\n\t{text}")


_ABSENT: Any = object()


def _put(owner: Any, name: str, value: Any) -> Any:
    """The value under the name, in the register that has it, or as an attribute; returns what was there."""
    for register in (owner._parameters, owner._buffers):
        if name in register:
            before = register.pop(name) if value is _ABSENT else register[name]
            if value is not _ABSENT:
                register[name] = value
            return before
    before = getattr(owner, name, _ABSENT)
    if before is not _ABSENT and not isinstance(before, Tensor):
        raise TypeError(f"attribute `{name}`: {before} is not an instance of torch.Tensor")
    if value is _ABSENT:
        delattr(owner, name)
    else:
        setattr(owner, name, value)
    return before


@contextlib.contextmanager
def _with(module: Module, given: dict[str, Tensor], tie_weights: bool, strict: bool) -> Iterator[None]:
    every = _tied(module, given) if tie_weights else given
    if strict:
        _check_names(module, every)
    before: list[tuple[Any, str, Any]] = []
    try:
        for path, value in every.items():
            owner, name = _owner(module, path)
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(f"{value} is not an instance of torch.Tensor")
            before.append((owner, name, _put(owner, name, value)))
        yield
    finally:
        # What the module has put in a tensor's place during the call, as batch norm does with num_batches_tracked, is the
        # caller's to see.
        for (owner, name, value), path in zip(reversed(before), reversed(list(every)[: len(before)])):
            now = _put(owner, name, value)
            if path in given:
                given[path] = now


def called(
    module: Module, given: dict[str, Tensor], args: Any = None, kwargs: Any = None, *, tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """module(*args, **kwargs) with the tensors given in the place of its own."""
    if isinstance(module, DataParallel):
        raise RuntimeError("The stateless API can't be used with nn.DataParallel module")
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _with(module, given, tie_weights, strict):
        return module(*args, **(kwargs or {}))


def merged(given: Any) -> dict[str, Tensor]:
    """One dictionary of one or of several, in which no name may stand twice."""
    if isinstance(given, dict):
        return given
    if not isinstance(given, Sequence):
        raise ValueError(f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(given)}")
    if not all(isinstance(d, dict) for d in given):
        raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
    names = [name for d in given for name in d]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
    return {name: value for d in given for name, value in d.items()}

"""A class for one module: its own class, and in a tensor's place a property that computes it.

After this module a reader knows what `cached()` saves: within it, the property computes once.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.nn.modules.module import Module

__all__ = ["cached", "property_of", "with_class_of_its_own"]


class _Cache:
    """What was computed within `cached()`, by module and name."""

    depth = 0
    values: dict[tuple[int, str], Tensor] = {}  # noqa: RUF012  (there is one)


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """Within the block, each parametrized tensor is computed once.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils import parametrize
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 3))
    >>> with parametrize.cached():
    ...     layer.weight is layer.weight
    True
    >>> layer.weight is layer.weight
    False
    """
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.values = {}


def _copied(self: Any, memo: dict[int, Any]) -> Any:
    twin = memo[id(self)] = object.__new__(type(self))
    twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return twin


def _not_saved(self: Any) -> Any:
    raise RuntimeError("Serialization of parametrized modules is only supported through state_dict().")


def with_class_of_its_own(module: Module) -> None:
    kind = type(module)
    members: dict[str, Any] = {"__module__": kind.__module__, "__getstate__": _not_saved}
    if not hasattr(kind, "__deepcopy__"):
        members["__deepcopy__"] = _copied
    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), members)


def property_of(name: str) -> property:
    def computed(self: Any) -> Any:
        parametrization = self.parametrizations[name]
        if not _Cache.depth:
            return parametrization()
        key = (id(self), name)
        if key not in _Cache.values:
            _Cache.values[key] = parametrization()
        return _Cache.values[key]

    def set_original(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(computed, set_original)

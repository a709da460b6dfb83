"""A tensor copied, deeply copied, pickled: a copy is a leaf, without the history of what was computed.

After this module a reader knows that tensors that share memory share it in a deep copy too. A deep copy is made of leaves only,
as in PyTorch: who copies a model deeply wants to train the copy, and a part of it that lost its history would not be trained.
"""

from __future__ import annotations

import copy
import warnings
from types import MemberDescriptorType
from typing import Any

import numpy as np

from autodiff._core import fields
from autodiff._core.fields import get_requires_grad, is_leaf
from autodiff._core.inplace import method
from autodiff._core.provenance import line_of, stacklevel
from autodiff._core.subclasses import make_subclass
from autodiff._core.tensor import LEAF, Tensor
from autodiff.api._calls import takes_tensors

method(name="_make_subclass")(staticmethod(make_subclass))
detach = takes_tensors(fields.detach)  # the method of that name needs no look at its names


def rebuild_tensor(kind: type[Tensor], array: Any, requires_grad: bool, state: Any) -> Tensor:
    """A leaf from its pickled parts; `state` is what `state_of` gave."""
    t: Tensor = object.__new__(kind)
    t._array, t._cell = array, [0, None]
    t._edge = LEAF if requires_grad else None
    t._grad = t._view = t._extra = None
    if state:
        give_state(t, state)
    return t


def own_slots(kind: type[Tensor]) -> list[str]:
    """The names of the slots that a subclass of Tensor adds."""
    added = kind.__mro__[: kind.__mro__.index(Tensor)]
    return [name for each in added for name, value in vars(each).items() if isinstance(value, MemberDescriptorType)]


def state_of(t: Tensor) -> Any:
    """What there is of a tensor besides its numbers: what is noted on it, with its class's own slots; or what that class says.

    A class says it by a `__getstate__` of its own.
    """
    kind = type(t)
    if kind.__getstate__ is not object.__getstate__:
        return t.__getstate__()
    notes = dict(t.__dict__)
    slots = {name: getattr(t, name) for name in own_slots(kind) if hasattr(t, name)} if kind is not Tensor else {}
    return (notes, slots) if slots else notes


def give_state(t: Tensor, state: Any) -> None:
    """Give a new tensor what `state_of` said of another."""
    kind: Any = type(t)
    if kind.__setstate__ is not Tensor.__setstate__:
        t.__setstate__(state)
        return
    notes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if notes:
        t.__dict__.update(notes)
    for name, value in (slots or {}).items():
        setattr(t, name, value)


def warn_of_hooks(t: Tensor) -> None:
    """Say that a tensor's hooks stay behind, if it has any."""
    if (t._extra or {}).get("hooks"):
        warnings.warn(
            "backward hooks on a tensor will not be serialized: register them again on the tensor that is loaded",
            UserWarning,
            stacklevel=stacklevel(),
        )


def rebuild_view(kind: type[Tensor], owner: Any, start: int, shape: Any, strides: Any, wanted: bool, notes: Any) -> Tensor:
    """A leaf that looks at memory which others of the same pickle may look at too."""
    return rebuild_tensor(kind, np.ndarray(shape, owner.dtype, owner, start, strides), wanted, notes)


@method(name="__reduce_ex__")
def _reduce_ex(self: Tensor, protocol: Any) -> Any:
    warn_of_hooks(self)
    array, wanted, notes = self._array, get_requires_grad(self), state_of(self)
    owner = _owner(array)
    if owner is not array and owner.dtype == array.dtype and owner.size and owner.flags.c_contiguous:
        start = array.ctypes.data - owner.ctypes.data
        return rebuild_view, (type(self), owner, start, array.shape, array.strides, wanted, notes)
    return rebuild_tensor, (type(self), np.array(array, order="K"), wanted, notes)


def _owner(array: Any) -> Any:
    """The array at the end of a chain of views."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _copied_memory(array: Any, memo: dict[int, Any]) -> Any:
    """A copy of the array; arrays of one copied structure that share memory share it in the copy too."""
    owner = _owner(array)
    if owner is array:
        return memo.setdefault(id(owner), owner.copy(order="K"))
    if id(owner) not in memo:
        memo[id(owner)] = owner.copy(order="K")
        memo.setdefault(id(memo), []).append(owner)  # deepcopy's way to keep what an id stands for alive
    twin = memo[id(owner)]
    if twin.strides != owner.strides:
        return array.copy()
    start = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    return np.ndarray(array.shape, array.dtype, twin, start, array.strides)


@method(name="__deepcopy__")
def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    twin = memo.get(id(self))
    if isinstance(twin, Tensor):
        return twin
    if not is_leaf(self):
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment; use "
            f"tensor.detach() to take the numbers without the graph. (Made at {line_of(self.grad_fn.place)})"
        )
    attributes = copy.deepcopy(self.__dict__, memo)
    t = rebuild_tensor(type(self), _copied_memory(self._array, memo), get_requires_grad(self), None)
    t.__dict__.update(attributes)
    for name in own_slots(type(self)):
        if hasattr(self, name):
            setattr(t, name, copy.deepcopy(getattr(self, name), memo))
    memo[id(self)] = t
    if self._grad is not None and type(self) is Tensor:  # a Parameter's copy has none, as in PyTorch
        t._grad = copy.deepcopy(self._grad, memo)
    return t


@method(name="__copy__")
def _copy(self: Tensor) -> Tensor:
    t = rebuild_tensor(type(self), self._array, get_requires_grad(self), state_of(self))
    t._cell = self._cell or t._cell  # a tensor of inference mode counts nothing
    return t

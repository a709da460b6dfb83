"""A tensor copied, deeply copied, pickled: leaves only, since what was computed is nothing without its history.

After this module a reader knows that tensors that share memory share it in a deep copy too.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from autodiff._core import fields
from autodiff._core.fields import get_requires_grad, is_leaf
from autodiff._core.inplace import method
from autodiff._core.tensor import LEAF, Tensor
from autodiff.api._calls import takes_tensors

detach = takes_tensors(fields.detach)  # the method of that name needs no look at its names


def rebuild_tensor(kind: type[Tensor], array: Any, requires_grad: bool, attributes: dict[str, Any] | None) -> Tensor:
    """A leaf from its pickled parts."""
    t = kind.__new__(kind)
    t._array, t._cell = array, [0, None]
    t._edge = LEAF if requires_grad else None
    t._grad = t._view = t._extra = None
    if attributes:
        t.__dict__.update(attributes)
    return t


def _refuse_non_leaf(self: Tensor, what: str) -> None:
    if not is_leaf(self):
        raise RuntimeError(
            f"Only Tensors created explicitly by the user (graph leaves) support {what} at the moment; "
            "use tensor.detach() to take the numbers without the graph"
        )


@method(name="__reduce_ex__")
def _reduce_ex(self: Tensor, protocol: Any) -> Any:
    _refuse_non_leaf(self, "pickling")
    attributes = dict(self.__dict__) if hasattr(self, "__dict__") else None
    return rebuild_tensor, (type(self), np.array(self._array), get_requires_grad(self), attributes)


def _copied_memory(array: Any, memo: dict[int, Any]) -> Any:
    """A copy of the array; arrays of one copied structure that share memory share it in the copy too."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
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
    _refuse_non_leaf(self, "the deepcopy protocol")
    attributes = copy.deepcopy(self.__dict__, memo) if hasattr(self, "__dict__") else None
    t = rebuild_tensor(type(self), _copied_memory(self._array, memo), get_requires_grad(self), attributes)
    memo[id(self)] = t
    if self._grad is not None and type(self) is Tensor:  # a Parameter's copy has none, as in PyTorch
        t._grad = copy.deepcopy(self._grad, memo)
    return t


@method(name="__copy__")
def _copy(self: Tensor) -> Tensor:
    _refuse_non_leaf(self, "copying")
    attributes = dict(self.__dict__) if hasattr(self, "__dict__") else None
    t = rebuild_tensor(type(self), self._array, get_requires_grad(self), attributes)
    t._cell = self._cell
    return t

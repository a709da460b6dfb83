"""A tensor as a Python number, a list, text, and of a number: what leaves the graph.

After this module a reader knows which of these a tensor of several elements refuses, and that a number taken from a recorded
tensor is outside the graph: `float` warns of it, `item` is meant.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from autodiff import _printing
from autodiff._core.dtypes import get_default_dtype
from autodiff._core.formats import dense_only
from autodiff._core.inplace import method
from autodiff._core.modes import mode
from autodiff._core.overrides import takes_part
from autodiff._core.scalars import filling
from autodiff._core.tensor import Tensor
from autodiff._core.views import edge_of, is_lost
from autodiff.api._calls import number
from autodiff.api.reading import float_or_default, leaf


def scalar_tensor(
    s: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool | None = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor with a single number and no dimensions, in the default dtype.

    >>> import autodiff as torch
    >>> torch.scalar_tensor(2)
    tensor(2.)
    """
    if layout is not None or pin_memory is not False:
        dense_only("scalar_tensor", layout, pin_memory)
    value = number("scalar_tensor", "s", s)
    return leaf(np.asarray(filling(value, float_or_default(dtype))), requires_grad, device)


@method
def item(self: Tensor) -> Any:
    """The one element as a Python number; RuntimeError when there is not exactly one.

    >>> import autodiff as torch
    >>> torch.tensor([2.5]).item()
    2.5
    """
    if self._array.size != 1:
        raise RuntimeError(
            f"a Tensor with {self._array.size} elements cannot be converted to Scalar: its shape is "
            f"{list(self.shape)}; index it, reduce it, or use tolist()"
        )
    return self._array.item()


@method
def tolist(self: Tensor) -> Any:
    """The elements as nested lists of Python numbers.

    >>> import autodiff as torch
    >>> torch.tensor([[1, 2]]).tolist()
    [[1, 2]]
    """
    return self._array.tolist()


@method(name="__bool__")
def _bool(self: Tensor) -> bool:
    if self._array.size != 1:
        found = "no values" if self._array.size == 0 else "more than one value"
        raise RuntimeError(f"Boolean value of Tensor with {found} is ambiguous; use .any() or .all()")
    return bool(self._array.item())


@method(name="__float__")
def _float(self: Tensor) -> float:
    _warn_of_scalar(self)
    return float(_single(self))


@method(name="__int__")
def _int(self: Tensor) -> int:
    _warn_of_scalar(self)
    return int(_single(self))


def _warn_of_scalar(self: Tensor) -> None:
    if self._edge is not None and mode.grad:
        warnings.warn(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior: the number is outside "
            "the graph. Write x.item() where that is meant.",
            UserWarning,
            stacklevel=3,
        )


def _single(self: Tensor) -> Any:
    if self._array.size != 1:
        raise ValueError(
            f"only one element tensors can be converted to Python scalars, and the shape of this one is {list(self.shape)}; "
            "index it, reduce it, or use tolist()"
        )
    return self._array.item()


@method(name="__index__")
def _index(self: Tensor) -> int:
    if self._array.dtype.kind not in "iub" or self._array.size != 1:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(self._array.item())


@method(name="__iter__")
def _iter(self: Tensor) -> Iterator[Tensor]:
    if self._array.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))


@method(name="__contains__")
def _contains(self: Tensor, element: Any) -> bool:
    if isinstance(element, Tensor):
        element = element._array
    elif not isinstance(element, (int, float)):
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element).__name__}.")
    return bool((self._array == element).any())


@method(name="__repr__")
def _repr(self: Tensor, *, tensor_contents: str | None = None) -> str:
    edge = None if is_lost(self) else edge_of(self)
    name = edge[0].name() if edge is not None and edge[1] >= 0 else "Invalid" if is_lost(self) else None
    written = _printing.tensor_repr(
        self._array,
        requires_grad=edge is not None and edge[1] < 0,
        grad_fn_name=name,
        default_float=get_default_dtype().np,
        prefix=f"{type(self).__name__}(" if takes_part(type(self)) else "tensor(",
    )
    return f"Parameter({written})" if "_is_param" in self.__dict__ else written


@method(name="__format__")
def _format(self: Tensor, spec: str) -> str:
    if self._array.ndim == 0 and (spec or type(self) is Tensor):  # f"{loss}" shows the number, as in PyTorch
        return format(self._array.item(), spec)
    if spec:
        raise TypeError(
            f"unsupported format string passed to Tensor.__format__: {spec!r} fits one number, and this tensor has shape "
            f"{list(self.shape)}; format x.item() of a single element, or leave the format out"
        )
    return repr(self)

"""A tensor that a Module counts among its parameters, and one that it merely carries along.

After this module a reader knows that both share the memory of the tensor they were made from: their class alone says what a
Module does with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core import types
from autodiff._core.dtypes import as_numpy_dtype, get_default_dtype
from autodiff._core.missing import missing_name
from autodiff._core.tensor import LEAF, Tensor, adopt, wrap

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A leaf that requires a gradient by default, and that a Module registers when it is assigned as an attribute.

    It shares the memory of `data`. RuntimeError for integers that are to require a gradient.

    >>> import autodiff as torch
    >>> torch.nn.Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    _results_are_plain = True  # what is computed from a parameter is a tensor

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is None:
            super().__init__()
        elif not isinstance(data, Tensor):
            raise TypeError(f"a Parameter is made of a Tensor, not {type(data).__name__}; use autodiff.tensor(...)")
        else:
            adopt(self, data)
        if requires_grad:
            if self._array.dtype.kind != "f":
                raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
            self._edge = LEAF

    def __repr__(self, *, tensor_contents: str | None = None) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + Tensor.__repr__(self)


class Buffer(Tensor):
    """A tensor that a Module registers as a buffer when it is assigned as an attribute.

    >>> import autodiff as torch
    >>> m = torch.nn.Module()
    >>> m.mean = torch.nn.Buffer(torch.zeros(1))
    >>> list(m.state_dict())
    ['mean']
    """

    _results_are_plain = True

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        if data is None:
            super().__init__()
        else:
            adopt(self, data)
        self.persistent = persistent


def empty_parameter(*size: int, device: Any = None, dtype: Any = None) -> Parameter:
    """A parameter of the size given whose numbers are still to be drawn.

    RuntimeError for a negative size, and for another device than the CPU.
    """
    if device is not None:
        types.device(device)
    found = as_numpy_dtype(dtype) or get_default_dtype().np
    if min(size, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {list(size)}")
    return Parameter(wrap(np.empty(size, found)))


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)

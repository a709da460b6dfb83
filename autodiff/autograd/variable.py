"""`Variable`, what old programs wrap a tensor in so that it can have a gradient.

After this module a reader knows that a Variable is a Tensor today: `Variable(x, requires_grad=True)` is
`x.detach().requires_grad_()`.
"""

from __future__ import annotations

import operator
import warnings
from typing import Any

from autodiff._core.fields import detach
from autodiff._core.inplace import requires_grad_
from autodiff._core.tensor import Tensor

__all__ = ["Variable"]


class _OfTensors(type):
    """Every tensor is an instance of the class."""

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, Tensor)


class Variable(metaclass=_OfTensors):
    """A leaf of the dtype and in the memory of the tensor `data`, outside its graph.

    TypeError for what is not a tensor, RuntimeError for integers with requires_grad.

    >>> import autodiff as torch
    >>> torch.autograd.Variable(torch.ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(  # type: ignore[misc]
        cls, data: Tensor | None = None, requires_grad: bool = False, volatile: bool | None = None
    ) -> Tensor:
        if volatile is not None:
            warnings.warn("volatile was removed and now has no effect; use `with torch.no_grad():`", UserWarning, stacklevel=2)
            if volatile and requires_grad:
                raise ValueError("Variable can't be volatile and require_grad at the same time!")
        if data is not None and not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}; write torch.tensor(...)")
        found = Tensor() if data is None else detach(data)
        return requires_grad_(found) if operator.index(requires_grad) else found

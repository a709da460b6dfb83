"""A product or a quotient added in one operation: what optimisers are written with.

After this module a reader knows the three terms of Adam's update by their PyTorch names.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.errors import no_tensor
from autodiff._core.graph import primitive
from autodiff._core.inplace import method
from autodiff._core.promotion import to_common
from autodiff._core.tensor import Tensor
from autodiff.api._calls import number

__all__ = ["addcdiv", "addcmul"]


@primitive(
    lambda g: g,
    lambda g, tensor2, value: g * tensor2 * value,
    lambda g, tensor1, value: g * tensor1 * value,
    name="Addcmul",
    promote=to_common,
    public="addcmul",
)
def sum_with_product(input, tensor1, tensor2, *, value):
    """input + value * tensor1 * tensor2."""
    return input + np.asarray(value, input.dtype) * tensor1 * tensor2


@primitive(
    lambda g: g,
    lambda g, tensor2, value: g * value / tensor2,
    lambda g, tensor1, tensor2, value: -g * value * (tensor1 / tensor2) / tensor2,
    name="Addcdiv",
    promote=to_common,
    public="addcdiv",
)
def sum_with_quotient(input, tensor1, tensor2, *, value):
    """input + value * tensor1 / tensor2."""
    return input + np.asarray(value, input.dtype) * (tensor1 / tensor2)


def _tensors(function: str, *given: Any) -> None:
    for i, (name, x) in enumerate(zip(("input", "tensor1", "tensor2"), given, strict=True), 1):
        if not isinstance(x, Tensor):
            raise no_tensor(function, name, i, type(x).__name__)


@method(inplace=True)
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value * tensor1 * tensor2. Shapes broadcast; among integers `value` is one too.

    >>> import autodiff as torch
    >>> torch.addcmul(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([3.0]), value=0.5)
    tensor([4.])
    """
    _tensors("addcmul", input, tensor1, tensor2)
    return sum_with_product(input, tensor1, tensor2, value=number("addcmul", "value", value))


@method(inplace=True)
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value * tensor1 / tensor2. Shapes broadcast; RuntimeError for a quotient of integers.

    >>> import autodiff as torch
    >>> torch.addcdiv(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([4.0]), value=-1)
    tensor([0.5000])
    """
    _tensors("addcdiv", input, tensor1, tensor2)
    if not (tensor1.is_floating_point() or tensor2.is_floating_point()):
        raise RuntimeError("Integer division with addcdiv is no longer supported: make one of the two floating with .float()")
    return sum_with_quotient(input, tensor1, tensor2, value=number("addcdiv", "value", value))

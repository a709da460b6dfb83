"""Dropout as a function.

After this module a reader knows why what is left is divided by 1 - p: the expected value stays what it was.
"""

from __future__ import annotations

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.memory import memory_order
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, takes_tensors
from autodiff.random import default_generator

__all__ = ["dropout"]


@takes_tensors
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each element zeroed with probability p and the others divided by 1 - p; else `input` itself.

    ValueError for a p outside [0, 1].

    >>> import autodiff as torch
    >>> torch.nn.functional.dropout(torch.ones(2), 0.5, training=False)
    tensor([1., 1.])
    """
    if not 0.0 <= number("dropout", "p", p) <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    dtype = input._array.dtype
    if training and p and dtype.kind != "f":
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {scalar_type(input._array)}: dropout scales what it "
            "leaves; convert the input with x.float()"
        )
    if not training or p == 0.0 or not input._array.size:
        return input
    if p == 1.0:
        mask = np.zeros(input._array.shape, dtype)
    else:
        # One draw per element, in the order of memory: that of a transposed tensor is not the order of its indices.
        order = memory_order(input._array.strides)
        drawn = default_generator.bernoulli(1.0 - p, tuple(input._array.shape[d] for d in order))
        kept = drawn.transpose(np.argsort(order)) if order else drawn
        mask = kept.astype(dtype) / dtype.type(1.0 - p)
    return input.mul_(wrap(mask)) if inplace else input * wrap(mask)

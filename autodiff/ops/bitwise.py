"""The bits of integers, and and, or, xor, not of bools. None of them has a slope."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._graph import primitive
from autodiff._views import _type_name

__all__ = ["bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor"]


def _no_bits(array: Any, name: str) -> None:
    if array.dtype.kind == "f":
        raise NotImplementedError(
            f'"{name}" not implemented for \'{_type_name(array)}\': bits are those of integers and bools'
        )


@primitive(promote="arithmetic")
def bitwise_and(input: Any, other: Any) -> Any:
    """input & other, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_and(torch.tensor([1, 2]), torch.tensor(3))
    tensor([1, 2])
    """
    _no_bits(input, "bitwise_and_cpu")
    return np.bitwise_and(input, other)


@primitive(promote="arithmetic")
def bitwise_or(input: Any, other: Any) -> Any:
    """input | other, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_or(torch.tensor([1, 2]), torch.tensor(3))
    tensor([3, 3])
    """
    _no_bits(input, "bitwise_or_cpu")
    return np.bitwise_or(input, other)


@primitive(promote="arithmetic")
def bitwise_xor(input: Any, other: Any) -> Any:
    """input ^ other, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_xor(torch.tensor([1, 2]), torch.tensor(3))
    tensor([2, 1])
    """
    _no_bits(input, "bitwise_xor_cpu")
    return np.bitwise_xor(input, other)


@primitive()
def bitwise_not(input: Any) -> Any:
    """~input, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_not(torch.tensor([True, False]))
    tensor([False,  True])
    """
    if input.dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return np.invert(input)

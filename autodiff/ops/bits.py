"""The bits of integers, and `and`, `or`, `xor`, `not` of bools.

After this module a reader knows operations that have no partial at all: there is nothing between two integers to have a slope.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.graph import primitive
from autodiff._core.inplace import method
from autodiff._core.promotion import tensors_to_common, to_common


def _only(kinds: str, array: Any, name: str) -> None:
    """NotImplementedError for an array whose dtype is of none of NumPy's `kinds`."""
    if array.dtype.kind not in kinds:
        why = "bits are those of integers and bools" if "b" in kinds else "only integers are shifted"
        raise NotImplementedError(f"\"{name}\" not implemented for '{scalar_type(array)}': {why}")


@method(inplace=True)
@primitive(promote=to_common)
def bitwise_and(input, other):
    """input & other, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_and(torch.tensor([1, 2]), torch.tensor(3))
    tensor([1, 2])
    """
    _only("iub", input, "bitwise_and_cpu")
    return np.bitwise_and(input, other)


@method(inplace=True)
@primitive(promote=to_common)
def bitwise_or(input, other):
    """input | other, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_or(torch.tensor([1, 2]), torch.tensor(3))
    tensor([3, 3])
    """
    _only("iub", input, "bitwise_or_cpu")
    return np.bitwise_or(input, other)


@method(inplace=True)
@primitive(promote=to_common)
def bitwise_xor(input, other):
    """input ^ other, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_xor(torch.tensor([1, 2]), torch.tensor(3))
    tensor([2, 1])
    """
    _only("iub", input, "bitwise_xor_cpu")
    return np.bitwise_xor(input, other)


@method(inplace=True)
@primitive(promote=to_common)
def bitwise_left_shift(input, other):
    """input << other, of integers: input * 2**other.

    >>> import autodiff as torch
    >>> torch.bitwise_left_shift(torch.tensor([1, 2]), 3)
    tensor([ 8, 16])
    """
    _only("iu", input, "lshift_cpu")
    return np.left_shift(input, other)


@method(inplace=True)
@primitive(promote=to_common)
def bitwise_right_shift(input, other):
    """input >> other, of integers: input / 2**other, rounded down.

    >>> import autodiff as torch
    >>> torch.bitwise_right_shift(torch.tensor([8, -9]), 1)
    tensor([ 4, -5])
    """
    _only("iu", input, "rshift_cpu")
    return np.right_shift(input, other)


@method(inplace=True)
@primitive()
def bitwise_not(input):
    """~input, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_not(torch.tensor([True, False]))
    tensor([False,  True])
    """
    if input.dtype.kind == "f":
        raise NotImplementedError(f'"bitwise_not" not implemented for {input.dtype}: it takes integers and bools')
    return np.invert(input)


# ---- divisors ----


@method(inplace=True)
@primitive(promote=tensors_to_common)
def gcd(input, other):
    """The greatest common divisor, of integers; that of 0 and 0 is 0.

    >>> import autodiff as torch
    >>> torch.gcd(torch.tensor([12, -9]), torch.tensor([8, 6]))
    tensor([4, 3])
    """
    _only("iu", input, "gcd_cpu")
    return np.gcd(input, other)


@method(inplace=True)
@primitive(promote=tensors_to_common)
def lcm(input, other):
    """The least common multiple, of integers; 0 where one of them is 0.

    >>> import autodiff as torch
    >>> torch.lcm(torch.tensor([4, -2]), torch.tensor([6, 3]))
    tensor([12,  6])
    """
    _only("iu", input, "lcm_cpu")
    return np.lcm(input, other)

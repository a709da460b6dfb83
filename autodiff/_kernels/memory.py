"""What is asked of an array's memory: after reading it you know which arrays can't be written to element by element."""

from __future__ import annotations

from typing import Any, Literal

from numpy.typing import NDArray


def repeats(array: NDArray[Any]) -> bool:
    """Whether several elements of the array lie in one place of memory, as after broadcasting."""
    return array.size > 1 and 0 in array.strides and any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape))


def order_of_copy(array: NDArray[Any]) -> Literal["C", "K"]:
    """The order of a copy: the array's own, but rows where elements are repeated, which NumPy would put side by side."""
    return "C" if 0 in array.strides and repeats(array) else "K"

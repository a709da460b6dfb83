"""What the core asks of memory: whether it was changed, whether elements share a place, in which order it is laid out.

After this module a reader knows the *version cell*, `[count, place of the last change]`, which all tensors that see the same
memory share: who keeps a value for backward notes the count, and knows by it whether the value is still what it was.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.provenance import here
from autodiff._core.tensor import Tensor
from autodiff._kernels.memory import order_of_copy, repeats, viewable

__all__ = ["AN_ARRAY", "changed", "memory_order", "order_of_copy", "repeats", "viewable"]

# `np.add(a, b, out=AN_ARRAY)` is an array. Of two 0-d arrays NumPy otherwise makes a scalar, and to make that an array again
# takes half as long as the sum did. NumPy before 2.3 has no such wish: there it is None, the default, and a scalar comes.
AN_ARRAY: Any = ... if np.lib.NumpyVersion(np.__version__) >= "2.3.0" else None


def changed(t: Tensor, depth: int = 3) -> None:
    """Count a change of t's memory, and note the user's line: whoever kept the old values will know."""
    cell = t._cell
    if cell is not None:
        cell[0] += 1
        cell[1] = here(depth)


def memory_order(strides: tuple[int, ...]) -> list[int]:
    """The dimensions from the one with the longest step in memory to the one with the shortest."""
    return sorted(range(len(strides)), key=lambda d: -abs(strides[d]))

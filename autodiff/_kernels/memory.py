"""Memory: after reading it you know what its layout allows, and what becomes of what is freed."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

KEPT = 2**25 - 2**16  # bytes: just below the largest size that the C library of Linux learns from


def keep_freed_memory() -> None:
    """Let the C library keep what is freed, for the next training step.

    A step frees what the next one needs again. Given back to the system, every page comes anew with a fault and full of zeros,
    which was a quarter of a small network's step. The C library of Linux learns from the largest piece that a program frees
    what is worth keeping: this one costs nothing, since no page of it is touched. Elsewhere nothing happens.
    """
    np.empty(KEPT, np.uint8)


def repeats(array: NDArray[Any]) -> bool:
    """Whether several elements of the array lie in one place of memory, as after broadcasting."""
    return array.size > 1 and 0 in array.strides and any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape))


def order_of_copy(array: NDArray[Any]) -> Literal["C", "K"]:
    """The order of a copy: the array's own, but rows where elements are repeated, which NumPy would put side by side."""
    return "C" if 0 in array.strides and repeats(array) else "K"


def viewable(array: NDArray[Any], shape: tuple[int, ...]) -> bool:
    """Whether the same memory can be seen in this shape: each new dimension lies in a run of old ones that go on in step."""
    if array.flags.c_contiguous or array.size == 0:
        return True
    runs: list[int] = []  # how many elements go on in one step, from the last dimension on
    step = -1
    for n, stride in zip(reversed(array.shape), reversed(array.strides), strict=True):
        if n > 1:
            if runs and stride == step:
                runs[-1] *= n
            else:
                runs.append(n)
            step = stride * n
    seen, run = 1, 0
    for n in reversed(shape):
        seen *= n
        if run < len(runs) and seen >= runs[run]:
            if seen > runs[run]:
                return False
            seen, run = 1, run + 1
    return True

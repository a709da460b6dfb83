"""The same bytes as numbers of another dtype: `view(dtype)`.

After this module a reader knows what a float32 looks like as an int32, and which tensors can be read so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import dtype, scalar_type
from autodiff._core.fields import detach
from autodiff._core.tensor import Tensor
from autodiff.api.storage import memory_of

__all__ = ["viewed_as"]


def viewed_as(input: Tensor, wanted: Any) -> Tensor:
    """The memory of `input` as elements of another dtype; the last dimension grows or shrinks with their size.

    No gradient flows through it. RuntimeError where the bytes of the elements don't lie side by side, or don't fill whole
    elements. TypeError for what is not a dtype.
    """
    if not isinstance(wanted, dtype):
        raise TypeError(f"view(): argument 'dtype' must be torch.dtype, not {type(wanted).__name__}")
    array, size = input._array, wanted.np.itemsize
    if size != array.itemsize:
        error = _misfit(input, size)
        if error:
            names = f"to view {scalar_type(array)} as {scalar_type(np.empty(0, wanted.np))} (different element sizes)"
            raise RuntimeError(error.format(names))
    found = detach(input)
    if array.size or size == array.itemsize:
        found._array = array.view(wanted.np)
    else:
        found._array = np.empty((*array.shape[:-1], array.shape[-1] * array.itemsize // size), wanted.np)
    return found


def _misfit(input: Tensor, size: int) -> str:
    """What is wrong with reading the elements of a tensor as elements of `size` bytes; "" if nothing is."""
    array, steps = input._array, input.stride()
    if not steps:
        return "self.dim() cannot be 0 {}"
    ratio = size // array.itemsize
    apart = f"self.stride(-1) must be 1 {{}}, but got {steps[-1]}" if steps[-1] != 1 else ""
    if ratio <= 1:
        return apart
    must = f" must be divisible by {ratio} {{}}, but got "
    if array.shape[-1] % ratio:
        return f"self.size(-1){must}{array.shape[-1]}"
    start = memory_of(array)[1] // array.itemsize
    if start % ratio:
        return f"self.storage_offset(){must}{start}"
    if apart:
        return apart
    for d, step in enumerate(steps[:-1]):
        if step % ratio:
            return f"self.stride({d}){must}{step}"
    return ""

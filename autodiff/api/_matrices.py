"""What the functions of linear algebra ask of a matrix: two dimensions, a square, a floating dtype.

After this module a reader knows where "A must be batches of square matrices, but they are 2 by 3 matrices" comes from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import no_tensor
from autodiff._core.tensor import Tensor, wrap


def matrices(name: str, word: str, x: Any, position: int = 1) -> Tensor:
    """The tensor if it is a matrix or a batch of them, of float32 or float64; RuntimeError otherwise."""
    if not isinstance(x, Tensor):
        raise no_tensor(name, word, position, x)
    array = x._array
    if array.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {word} must have at least 2 dimensions.")
    if array.dtype.kind != "f":
        found = scalar_type(array)
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {found}; use x.float()")
    if array.dtype.char == "e":
        raise NotImplementedError(f"{name}: Low precision dtypes not supported. Got Half; use x.float()")
    return x


def squares(name: str, x: Any, word: str = "A", position: int = 1) -> Tensor:
    """The same of square matrices."""
    tensor = matrices(name, word, x, position)
    n, m = tensor._array.shape[-2:]
    if n != m:
        raise RuntimeError(f"{name}: {word} must be batches of square matrices, but they are {n} by {m} matrices")
    return tensor


def same_dtype(name: str, a: Tensor, b: Any, word: str = "B") -> Tensor:
    """The second operand, of the first one's dtype."""
    if not isinstance(b, Tensor):
        raise no_tensor(name, word, 2, b)
    if a._array.dtype != b._array.dtype:
        raise RuntimeError(
            f"{name}: Expected A and {word} to have the same dtype, but found A of type {scalar_type(a._array)} and {word} of "
            f"type {scalar_type(b._array)} instead; use x.to(dtype)"
        )
    return b


def batches(name: str, a: Tensor, b: Tensor) -> tuple[int, ...]:
    """The batch that two batches of matrices broadcast to; RuntimeError where they don't."""
    try:
        return np.broadcast_shapes(a._array.shape[:-2], b._array.shape[:-2])
    except ValueError:
        raise RuntimeError(f"{name}: the batches of {list(a.shape)} and {list(b.shape)} do not broadcast") from None


def infos(found: list[int], batch: tuple[int, ...]) -> Tensor:
    """The numbers that say what is wrong with each matrix, 0 for nothing."""
    return wrap(np.array(found, np.int32).reshape(batch))


def check_expands(input: Tensor, shape: tuple[int, ...]) -> None:
    """RuntimeError for a tensor that cannot be expanded to the shape of the product that it is added to."""
    try:
        fits = np.broadcast_shapes(input._array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(f"The expanded size of the tensor {list(shape)} must match the existing size {list(input.shape)}")

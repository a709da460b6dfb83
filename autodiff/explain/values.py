"""What is kept of an array that the program goes on to change: a copy, or, of a large one, what a reader wants to know of it.

After this module a reader knows that a recorded value never changes, and that of a large array only its range, its size as a
vector and a small picture are kept: in the picture each square stands for a block of numbers, for the one farthest from zero.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor

__all__ = ["LARGEST", "Value", "array_of", "same", "value_of", "zeros_like"]

LARGEST = 4096  # so many numbers are copied; of more a summary is kept
_SQUARES = 16  # of the small picture, in each direction


def array_of(x: Any) -> Any:
    """The array of a tensor, a NumPy scalar or a number; it is not copied."""
    return x._array if isinstance(x, Tensor) else np.asarray(x)


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor as it was at one moment."""

    shape: tuple[int, ...]
    dtype: str
    array: np.ndarray[Any, Any] | None  # a copy; None where it was too large
    picture: np.ndarray[Any, Any]  # the numbers as rows and columns; of more than 16 of either the blocks
    low: float
    high: float
    norm: float
    strange: int  # how many are nan or infinite
    stamp: bytes = b""  # of an array that is not kept: tells whether another one has the same bits

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)

    @property
    def number(self) -> float | None:
        """The number, of a value that is a single one."""
        return float(self.picture[0, 0]) if self.size == 1 else None


def same(a: Value | None, b: Value | None) -> bool:
    """Whether two values have the same bits, also where these were not kept."""
    if a is None or b is None or (a.shape, a.dtype) != (b.shape, b.dtype):
        return a is b
    return (a.stamp or _stamp(a.array)) == (b.stamp or _stamp(b.array))


def _stamp(array: Any) -> bytes:
    return hashlib.blake2b(np.asarray(array).tobytes(), digest_size=16).digest()


def value_of(x: Any, whole: bool = False) -> Value:
    """The value of a tensor or an array as it is now; `whole` keeps every number however many there are."""
    array = array_of(x)
    rows = _rows(array)
    finite = rows[np.isfinite(rows)] if rows.dtype.kind == "f" else rows
    with np.errstate(all="ignore"):
        # Not a BLAS's norm: its threads would wait beside the program's own, and add in an order of their own.
        norm = math.sqrt(float(np.square(finite, dtype=np.float64).sum()))
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (math.nan, math.nan)
    copy = np.array(array) if whole or array.size <= LARGEST else None
    return Value(
        array.shape, str(array.dtype), copy, np.array(rows) if max(rows.shape) <= _SQUARES else _blocks(rows), low, high, norm,
        rows.size - finite.size, _stamp(array) if copy is None else b"",
    )


def zeros_like(value: Value) -> Value:
    """Zeros of a value's shape and dtype."""
    return value_of(np.zeros(value.shape, value.dtype), whole=value.array is not None)


def _rows(array: Any) -> Any:
    """Any array as rows and columns: the last dimension is the columns."""
    if array.ndim == 0:
        return array.reshape(1, 1)
    return array.reshape(-1, array.shape[-1]) if array.size else array.reshape(0, 0)


def _blocks(rows: Any) -> Any:
    """The small picture of a large array: of each block the number that is farthest from zero."""
    high, wide = (-(-n // _SQUARES) for n in rows.shape)
    down, across = (-(-n // size) for n, size in zip(rows.shape, (high, wide), strict=True))
    whole = np.zeros((down * high, across * wide), rows.dtype)  # zeros beyond the edge are never the farthest, or all are zero
    whole[: rows.shape[0], : rows.shape[1]] = rows
    blocks = whole.reshape(down, high, across, wide).transpose(0, 2, 1, 3).reshape(down, across, high * wide)
    sizes = np.abs(np.nan_to_num(blocks.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0))
    return np.take_along_axis(blocks, sizes.argmax(2)[..., None], 2)[..., 0]

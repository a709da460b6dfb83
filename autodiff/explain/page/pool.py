"""Every tensor of the page once, as numbers with five digits; what stands in the text refers to it by its place in the pool.

After this module a reader knows why a page is small: words and numbers exist once, and a large tensor is a small picture of
itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.explain.numbers import number
from autodiff.explain.values import Value

__all__ = ["Pool"]

_SHOWN = 256  # of a tensor with more numbers the page has a picture, and never the values


class Pool:
    """The tensors, in the order in which they are first spoken of."""

    def __init__(self) -> None:
        self.places: dict[int, int] = {}
        self.entries: list[list[Any]] = []
        self.alive: list[Value] = []
        self.known: dict[Any, int] = {}  # tensors by their numbers: equal ones are one entry

    def of(self, value: Value | None) -> int:
        """The place of a tensor; -1 for none."""
        if value is None:
            return -1
        if id(value) not in self.places:
            self.alive.append(value)
            key = (value.shape, value.array.tobytes()) if value.array is not None and value.size <= _SHOWN else None
            found = self.known.get(key) if key is not None else None
            if found is None:
                found = len(self.entries)
                self.entries.append(_entry(value))
                if key is not None:
                    self.known[key] = found
            self.places[id(value)] = found
        return self.places[id(value)]


def _entry(value: Value) -> list[Any]:
    """[shape, numbers] of a small tensor; of a large one [shape, its picture, the picture's shape, lowest, highest]."""
    if value.size <= _SHOWN and value.array is not None:
        return [[*value.shape], [_five(x) for x in np.ravel(value.array).tolist()]]
    flat = [_rough(x) for x in np.ravel(value.picture).tolist()]
    return [[*value.shape], flat, [*value.picture.shape], number(value.low), number(value.high)]


def _rough(x: float) -> Any:
    """A number of a picture, which nobody reads: two digits."""
    return _five(float(f"{x:.2g}")) if math.isfinite(x) else _five(x)


def _five(x: float) -> Any:
    """A number with five digits, as short as JSON allows; what JSON has no word for is a string."""
    if not math.isfinite(x):
        return "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"
    rounded = float(f"{float(x):.5g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e9 else rounded

"""Every tensor of the page once, as numbers with five digits; what stands in the text refers to it by its place in the pool.

After this module a reader knows why a page is small: words and numbers exist once, and a large tensor is a small picture of
itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.explain.values import Value

__all__ = ["Pool"]

_SHADES = 31
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
            small = value.array is not None and value.size <= _SHOWN
            seen = value.array if small and value.array is not None else value.picture
            key = value.shape, seen.tobytes(), repr((value.low, value.high))
            if key not in self.known:
                self.known[key] = len(self.entries)
                self.entries.append(_entry(value))
            self.places[id(value)] = self.known[key]
        return self.places[id(value)]


def _entry(value: Value) -> list[Any]:
    """[shape, numbers] of a small tensor; of a large one [shape, its picture, the picture's shape, lowest, highest]."""
    if value.size <= _SHOWN and value.array is not None:
        return [[*value.shape], [_five(x) for x in np.ravel(value.array).tolist()]]
    return [[*value.shape], _shades(value), [*value.picture.shape], _five(value.low), _five(value.high)]


def _shades(value: Value) -> str:
    """A picture whose numbers nobody reads: a letter for each, of 31 shades to each side of zero."""
    numbers = value.picture.astype(np.float64).ravel()
    most = max((abs(x) for x in (value.low, value.high) if math.isfinite(x)), default=0.0) or 1.0
    with np.errstate(invalid="ignore"):
        level = np.rint(numbers / most * _SHADES)
        level = np.where((level == 0) & (numbers != 0), np.sign(numbers), level)
    strange = {math.inf: "+", -math.inf: "-"}
    return "".join(chr(94 + int(x)) if math.isfinite(x) else strange.get(x, "!") for x in level.tolist())


def _five(x: float) -> Any:
    """A number with five digits, as short as JSON allows; what JSON has no word for is a string."""
    if not math.isfinite(x):
        return "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"
    rounded = float(f"{float(x):.5g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e9 else rounded

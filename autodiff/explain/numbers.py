"""Numbers as people read them: four digits that matter, a real minus, no negative zero; shapes, and small tensors in a row.

After this module a reader knows what every view writes for a number, so that none differs from another.
"""

from __future__ import annotations

import math

import numpy as np

from autodiff.explain.values import Value

__all__ = ["brief", "counted", "factor", "number", "shape_of"]


def number(x: float, digits: int = 4) -> str:
    """A number with four digits: 0.5, −1.326, 1.2e-7, ∞; with more where a small change is to be seen."""
    x = float(x)
    if not math.isfinite(x):
        return "nan" if math.isnan(x) else "∞" if x > 0 else "−∞"
    text = f"{x:.{digits}g}"
    if "e" in text:
        front, _, power = text.partition("e")
        text = f"{front}e{int(power)}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def factor(x: float) -> str:
    """A number as a part of a formula: a negative one stands in parentheses."""
    text = number(x)
    return f"({text})" if text.startswith("−") else text


def counted(n: int, noun: str) -> str:
    """So many of something: 1 node, 1,200 nodes."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def shape_of(shape: tuple[int, ...]) -> str:
    """A shape: (4, 3)."""
    return str(tuple(int(n) for n in shape)) if len(shape) != 1 else f"({int(shape[0])},)"


def brief(value: Value | None, room: int = 24, digits: int = 4) -> str:
    """A value in a few characters: the number, the numbers of a short vector, else its shape and its size as a vector."""
    if value is None:
        return "?"
    if value.number is not None:
        return number(value.number, digits)
    if value.array is not None and value.array.ndim == 1 and 0 < value.size <= 6:
        text = "[" + " ".join(_short(x) for x in value.array.tolist()) + "]"
        if len(text) <= room:
            return text
    strange = f", {value.strange} not finite" if value.strange else ""
    told = f" norm {value.norm:.3g}".replace("-", "−") if np.dtype(value.dtype).kind == "f" else f" {value.dtype}"
    return shape_of(value.shape) + told + strange


def _short(x: float) -> str:
    text = f"{float(x):.2g}"
    return "0" if float(text) == 0 else text.replace("-", "−")

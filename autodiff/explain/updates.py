"""What a step does, as a formula: the update of the optimiser's own docstring, and the same filled in for one number.

After this module a reader knows how a step is told for every optimiser: the number of the parameter that moved farthest is
followed: what it was, its gradient, what the optimiser remembered of it, and what it is now.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff.explain.events import Moved, Stepped
from autodiff.explain.numbers import factor, number
from autodiff.explain.rows import Row
from autodiff.explain.values import Value, value_of

__all__ = ["Update", "update_of"]


@dataclass
class Update:
    """How one parameter was moved."""

    words: str
    rows: list[Any]
    expected: float  # what it should change the loss by, to first order


def update_of(event: Stepped, move: Moved) -> Update:
    """The update of one parameter."""
    before, after, grad = move.before.array, move.after.array, move.grad
    name = move.thing.name
    words = f"{event.optimizer} moves {name} a small step against its gradient"
    words += ", with what it remembers of earlier ones." if move.state_before else "."
    formula = formula_of(event.of)
    rows: list[Any] = []
    expected = 0.0
    if before is None or after is None or grad is None or grad.array is None:
        return Update(words, rows, expected)
    change = after.astype(np.float64) - before.astype(np.float64)
    expected = float(np.nansum(grad.array.astype(np.float64) * change))
    at = np.unravel_index(int(np.argmax(np.abs(np.nan_to_num(change)))), change.shape) if change.size else ()
    label = f"{name}[{', '.join(map(str, at))}]" if at else name
    rows.append(Row(move.thing, formula or "update", "", None, "update"))
    for key, value in move.state_after.items():
        old = move.state_before.get(key)
        told = f"{_one(old, at)} → {_one(value, at)}" if old is not None else _one(value, at)
        rows.append(Row(move.thing, key, told, None, "update"))
    moved = float(change[at]) if change.size else math.nan
    sign = "−" if moved < 0 else "+"
    filled = f"{number(before[at])} {sign} {number(abs(moved))}" if change.size else ""
    plain = _is_plain(event, move)
    if plain and change.size:
        filled = f"{number(before[at])} − {number(move.options['lr'])} · {factor(grad.array[at])}"
    rows.append(Row(move.thing, label, filled, _number_of(after[at]) if change.size else None, "update"))
    return Update(words, rows, expected)


def formula_of(optimizer: Any) -> str:
    """The first line of the optimiser's docstring, which is its algorithm, behind the colon."""
    lines = (optimizer.__doc__ or "").strip().split("\n\n")[0].split("\n")
    text = " ".join(line.strip() for line in lines)
    _, _, formula = text.partition(": ")
    return formula.rstrip(".").replace("**", "^").replace(" * ", " · ").replace(" - ", " − ")


def _is_plain(event: Stepped, move: Moved) -> bool:
    o = move.options
    return event.optimizer == "SGD" and not (o.get("momentum") or o.get("weight_decay") or o.get("maximize"))


def _one(value: Value, at: tuple[Any, ...]) -> str:
    if value.array is None:
        return "?"
    return number(value.array[at] if value.array.shape and len(at) == value.array.ndim else value.array.reshape(-1)[0])


def _number_of(x: Any) -> Value:
    return value_of(np.asarray(x))

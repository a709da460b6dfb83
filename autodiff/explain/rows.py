"""A line of numbers in the story that no rule of an operation gives: a sum so far, an update, what was and what is."""

from __future__ import annotations

from dataclasses import dataclass

from autodiff.explain.events import Thing
from autodiff.explain.values import Value

__all__ = ["Row"]


@dataclass
class Row:
    """A line of numbers that is not a rule of an operation: a sum so far, an update, what was and is."""

    about: Thing | None
    text: str  # with names: "b so far", or a formula
    numbers: str  # "6.942 + 999.6"
    result: Value | None
    ink: str = "gradient"  # "value", "gradient", "update" or "clear"
    name: str = ""  # of a formula: what it computes, "exp_avg" or "W1[1, 0]"
    digits: int = 4  # how many of the result's matter

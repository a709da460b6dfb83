"""An equation of the way back: the rule with the user's names, the same with the numbers, and what came out.

After this module a reader knows that there is no second text of a rule: its own source is printed, once with names and once
with a mark in the place of each operand, where a view puts the number or the grid.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autodiff._core.operation import INPUT, NUMBER, PARAM, SHAPE, SHAPES
from autodiff.explain.events import Arrival, Thing, Walked
from autodiff.explain.numbers import factor, number
from autodiff.explain.rules import written
from autodiff.explain.values import Value

__all__ = ["Equation", "Operand", "of_arrival"]

_FIRST = 0xE000  # the marks: characters that no text has


@dataclass(frozen=True)
class Operand:
    """A tensor in an equation."""

    name: str  # "g", "W2ᵀ"
    value: Value
    gradient: bool  # is it one, or a value of the way forward?
    transposed: bool = False


@dataclass
class Equation:
    """What one rule computed."""

    to: Thing | None  # whose gradient
    rule: str  # with names: "g @ W2ᵀ"
    parts: list[str | Operand]  # the same, with the operands themselves
    result: Value
    kind: str = ""  # "product" of two matrices, "sum" over a dimension, "each" number by itself: what the lens shows
    note: str = ""  # "b2 is (3,), but was stretched to (4, 3): the 4 gradients of each number are added up"

    @property
    def numbers(self) -> str:
        """The right side in numbers, where every operand is a single one; empty otherwise."""
        if not all(isinstance(part, str) or part.value.number is not None for part in self.parts):
            return ""
        return "".join(part if isinstance(part, str) else factor(part.value.number or 0.0) for part in self.parts)


def of_arrival(walked: Walked, arrival: Arrival) -> Equation:
    """The equation of what was sent to one input."""
    made = walked.made
    operation = made.operation
    if operation is None or arrival.rule is None:
        said = "by the backward of the Function" if operation is None else "by the one rule for all inputs"
        return Equation(arrival.to, said, [said], arrival.raw)
    words = operation.words[arrival.rule]
    named: dict[str, str] = {"g": "g"}
    operands: dict[str, tuple[str, Value, bool]] = {}
    gradient = walked.gradients[0] if len(walked.gradients) == 1 else None
    if gradient is not None:
        operands["g"] = ("g", gradient, True)
    for word in words:
        named[word], value = _meaning(word, made, arrival.at)
        if value is not None:
            operands[word] = (named[word], value, False)
    rule = written(arrival.rule, named)
    return Equation(arrival.to, rule, _parts(arrival.rule, named, operands), arrival.raw, _kind(rule, operands))


def _meaning(word: str, made: Any, at: int) -> tuple[str, Value | None]:
    """What an argument of a rule is called in the user's program, and its value where it is a tensor."""
    source, x = made.meant(word, at)
    if isinstance(x, Thing):
        single = x.value.number if x.value is not None and x.kind == "number" else None
        return (x.name if single is None else number(single)), x.value
    if source in (SHAPE, NUMBER):
        return str(x), None
    if source in (INPUT, PARAM):
        return (number(x) if isinstance(x, (int, float)) and not isinstance(x, bool) else str(x)), None
    if source == SHAPES and isinstance(x[0], Thing):
        return str(tuple(x[0].shape)), None
    return word, None


def _parts(
    rule: Callable[..., Any], named: dict[str, str], operands: dict[str, tuple[str, Value, bool]]
) -> list[str | Operand]:
    """The rule's text in pieces: what stands between the operands, and the operands."""
    marks = {word: chr(_FIRST + k) for k, word in enumerate(operands)}
    text = written(rule, {**named, **marks})
    found = {mark: operands[word] for word, mark in marks.items()}
    parts: list[str | Operand] = []
    for piece in re.split(f"([{chr(_FIRST)}-{chr(_FIRST + 0xFF)}]ᵀ?)", text):
        if piece and piece[0] in found:
            name, value, gradient = found[piece[0]]
            turned = piece.endswith("ᵀ")
            name = f"({name})" if turned and re.search(r"[^\w.\[\]₀-₉]", name) else name
            parts.append(Operand(name + "ᵀ" * turned, value, gradient, turned))
        elif piece:
            parts.append(piece)
    return parts


def _kind(rule: str, operands: dict[str, Any]) -> str:
    if re.fullmatch(r"[^@]+ @ [^@]+", rule):
        return "product"
    return "each" if all(sign not in rule for sign in ("@", "sum", "softmax", "placed", "[")) else ""

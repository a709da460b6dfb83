"""An equation of the way back: the rule with the user's names, the same with the numbers, and what came out.

After this module a reader knows that there is no second text of a rule: its own source is printed, once with names and once
with a mark in the place of each operand, where a view puts the number or the grid.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff._core.operation import INPUT, NUMBER, PARAM, SHAPE, SHAPES
from autodiff.explain.events import Arrival, Thing, Walked
from autodiff.explain.numbers import factor, number
from autodiff.explain.rules import written
from autodiff.explain.settled import index_text, one_index
from autodiff.explain.values import Value, value_of

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
    adds: bool = False  # to what had arrived before it?

    @property
    def numbers(self) -> str:
        """The right side in numbers, where every operand is a single one; empty otherwise."""
        told = ""
        for part in self.parts:
            if isinstance(part, str):
                told += part
            elif part.value.number is not None:
                told += factor(part.value.number)
            else:
                return ""
        return told


def of_arrival(walked: Walked, arrival: Arrival) -> Equation:
    """The equation of what was sent to one input."""
    made = walked.made
    operation = made.operation
    if operation is None or arrival.rule is None:
        said = "by the backward of the Function" if operation is None else "by the one rule for all inputs"
        return Equation(arrival.to, said, [said], arrival.raw)
    words = operation.words[arrival.rule]
    named: dict[str, str] = {"g": "g"}
    values: dict[str, Any] = {}
    operands: dict[str, tuple[str, Value, bool]] = {}
    gradient = walked.gradients[0] if len(walked.gradients) == 1 else None
    if gradient is not None:
        operands["g"] = ("g", gradient, True)
    for word in words:
        named[word], value = _meaning(word, made, arrival.at)
        if value is not None:
            operands[word] = (named[word], value, False)
            if value.array is not None:
                values[word] = value.array
        elif not isinstance(found := made.meant(word, arrival.at)[1], Thing):
            values[word] = found
    rule = written(arrival.rule, named, values)
    return Equation(arrival.to, rule, _parts(arrival.rule, named, operands, values), arrival.raw, _kind(rule, operands))


def _meaning(word: str, made: Any, at: int) -> tuple[str, Value | None]:
    """What an argument of a rule is called in the user's program, and its value where it is a tensor."""
    source, x = made.meant(word, at)
    if isinstance(x, Thing):
        single = x.value.number if x.value is not None and x.kind == "number" else None
        return (x.name or word if single is None else number(single)), x.value
    if source in (SHAPE, NUMBER):
        return str(x), None
    if isinstance(x, np.ndarray):
        return one_index(x), None
    if source in (INPUT, PARAM):
        if word == "path":
            return _way(made.inputs[0].name, x), None
        return (number(x) if isinstance(x, (int, float)) and not isinstance(x, bool) else str(x)), None
    if source == SHAPES and isinstance(x[0], Thing):
        return str(tuple(x[0].shape)), None
    return word, None


def _way(whole: str, path: Any) -> str:
    """The views that lead to what was written to in place, as they would be written: `h[1:]`, `h.reshape((2, 3))[0]`."""
    text = whole if whole.isalnum() else f"({whole})"
    for view, params in path:
        values = [*params.values()]
        text += f"[{index_text(params['index'])}]" if "index" in params else f".{view.__name__}({', '.join(map(str, values))})"
    return text


def _parts(
    rule: Callable[..., Any], named: dict[str, str], operands: dict[str, tuple[str, Value, bool]], values: dict[str, Any]
) -> list[str | Operand]:
    """The rule's text in pieces: what stands between the operands, and the operands."""
    marks = {word: chr(_FIRST + k) for k, word in enumerate(operands)}
    text = written(rule, {**named, **marks}, values, counted=True)
    found = {mark: operands[word] for word, mark in marks.items()}
    if "onehot(" in text:
        text = _probabilities(text, found)
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


def _probabilities(text: str, found: dict[str, tuple[str, Value, bool]]) -> str:
    """Of cross entropy's rule: the predicted probabilities and the one-hot target as tensors, and how many rows there are."""
    rows = 0
    for call in re.findall(f"(?:softmax|onehot)\\([{chr(_FIRST)}-{chr(_FIRST + 0xFF)}]\\)", text):
        name, value, _ = found[call[-2]]
        scores = next(each for _, each, _ in found.values() if len(each.shape) == 2)
        if value.array is None:
            continue
        if call.startswith("softmax"):
            powers = np.exp(value.array - value.array.max(1, keepdims=True))
            computed = powers / powers.sum(1, keepdims=True)
        else:
            computed, rows = np.eye(scores.shape[1], dtype=np.int64)[value.array], len(value.array)
        mark = chr(_FIRST + len(found))
        found[mark] = f"{call[:-2]}{name})", value_of(computed), False
        text = text.replace(call, mark)
    return re.sub(r"\bN\b", str(rows), text) if rows else text


def _kind(rule: str, operands: dict[str, Any]) -> str:
    if re.fullmatch(r"[^@]+ @ [^@]+", rule):
        return "product"
    return "each" if all(sign not in rule for sign in ("@", "sum", "softmax", "placed", "[")) else ""

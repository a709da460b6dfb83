"""What a step does to one number: the lines of the optimiser's own rule that ran, with names and with numbers.

After this module a reader knows how a step is told for every optimiser: the number of the parameter that moved farthest is
followed through the rule's source, from what it was and its gradient, over what the optimiser remembers, to what it is now.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from autodiff._core.modes import no_grad
from autodiff._core.operation import Operation
from autodiff._core.tensor import wrap
from autodiff.explain.events import Moved, Stepped
from autodiff.explain.executed import Line, at_place, lines_of
from autodiff.explain.notation import line
from autodiff.explain.numbers import factor, number
from autodiff.explain.rows import Row
from autodiff.explain.rules import template, written_out
from autodiff.explain.source import copied
from autodiff.explain.values import Value, value_of
from autodiff.optim._options import plain

__all__ = ["Update", "formula_of", "update_of"]


@dataclass
class Update:
    """How one parameter was moved."""

    words: str
    rows: list[Row]


@dataclass
class _Followed:
    """The number of a parameter that moved farthest."""

    move: Moved
    at: tuple[Any, ...]
    before: float
    after: float
    digits: int  # how many of its digits show what the move does to it
    label: str  # "W1[1, 0]"

    def result(self) -> tuple[Value, str, str, int]:
        """What a row says of it in the end."""
        return value_of(np.asarray(self.after, self.move.after.dtype)), "update", self.label, self.digits


def update_of(event: Stepped, move: Moved) -> Update:
    """The update of one parameter."""
    before, after, grad = move.before.array, move.after.array, move.grad
    name, words = move.thing.name, _words(event, move)
    if before is None or after is None or grad is None or grad.array is None or not before.size:
        return Update(words, [])
    change = after.astype(np.float64) - before.astype(np.float64)
    at = np.unravel_index(int(np.argmax(np.abs(np.nan_to_num(change)))), change.shape) if change.shape else ()
    label = f"{name}[{', '.join(map(str, at))}]" if at else name
    one = _Followed(move, at, float(before[at]), float(after[at]), _digits(float(before[at]), float(change[at])), label)
    rule = _rule(event)
    rows = _rows(rule, event.of, one) if rule is not None else []
    p, g = rule.__code__.co_varnames[:2] if rule is not None and rows else ("p", "g")
    told = f"{p} = {number(one.before, one.digits)}"
    told += f", {g} = {number(grad.array[at])}" if not event.whole_step else ""
    if not rows:  # no rule is known, or another one moved it
        rows = [_remembered(key, value, move) for key, value in move.state_after.items() if value.size == 1]
        text, moved = _whole_move(event, one)
        rows.append(Row(move.thing, text, f"{number(one.before, one.digits)} {moved}", *one.result()))
    return Update(words, [Row(move.thing, "before", told, None, "update", label), *rows])


def _words(event: Stepped, move: Moved) -> str:
    name = move.thing.name
    if event.whole_step:
        return f"Inside one step() {event.optimizer} moves {name} until the loss is low enough, or it has tried often enough."
    way = "along" if move.options.get("maximize") else "against"
    words = f"{event.optimizer} moves {name} a small step {way} its gradient"
    return words + (", with what it remembers of earlier ones." if move.state_before else ".")


def _whole_move(event: Stepped, one: _Followed) -> tuple[str, str]:
    """What moved a number where no rule of one line says it: of LBFGS the direction and how far, if it went only once."""
    first, move, at = event.moves[0], one.move, one.at
    d, t, n = (first.state_after.get(key) for key in ("d", "t", "n_iter"))
    old = first.state_before.get("n_iter")
    once = n is not None and n.number == (1 if old is None else (old.number or 0) + 1)
    if once and d is not None and d.array is not None and t is not None and t.number is not None:
        start = sum(each.before.size for each in event.moves[: event.moves.index(move)])
        k = start + int(np.ravel_multi_index(at, move.before.shape)) if at else start
        if k < d.size and _agree(one.before + t.number * float(d.array[k]), one):
            return "p + t · d", f"+ {number(t.number)} · {factor(float(d.array[k]))}"
    sign = "−" if one.after < one.before else "+"
    return "p and all its moves" if event.whole_step else "p and its move", f"{sign} {number(abs(one.after - one.before))}"


def formula_of(optimizer: Any) -> str:
    """The first line of the optimiser's docstring, which is its algorithm, behind the colon."""
    lines = (optimizer.__doc__ or "").strip().split("\n\n")[0].split("\n")
    text = " ".join(line.strip() for line in lines)
    _, _, formula = text.partition(": ")
    return formula.rstrip(".").replace("**", "^").replace(" * ", " · ").replace(" - ", " − ")


# ---- the rule, run again ----


def _rule(event: Stepped) -> FunctionType | None:
    """What computes a step: the rule on tensors, which is written out where the one on arrays calls a kernel; or that one."""
    rule = event.of.recorded_rule or event.of.rule
    return rule if isinstance(rule, FunctionType) and not event.whole_step else None


def _rows(rule: FunctionType, optimizer: Any, one: _Followed) -> list[Row]:
    """The lines of the rule that ran; none where it can't be read or run, or does not give what the step gave."""
    try:
        with no_grad(), np.errstate(all="ignore"):
            lines = _lines(rule, optimizer, one)
            last = next(each for each in reversed(lines) if each.name == rule.__code__.co_varnames[0])
            if not _agree(float(at_place(last.value, one.at)), one):
                return []
            return [_row(each, one, each is last) for each in lines if each is last or _tells(each, one.at)]
    except Exception:  # the rule is anybody's, and what explains a run must not end it
        return []


def _lines(rule: FunctionType, optimizer: Any, one: _Followed) -> list[Line]:
    """The rule, run on the whole parameter."""
    code, move = rule.__code__, one.move
    p, g, *states = code.co_varnames[: code.co_argcount]
    options = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    assert move.grad is not None
    boxed = wrap if optimizer.recorded_rule else np.asarray
    known: dict[str, Any] = {key: value.array for key, value in move.state_before.items()}
    if not known and optimizer.first_state is not None:
        known = optimizer.first_state(move.before.array, move.options)
    given: dict[str, Any] = {p: boxed(np.array(move.before.array)), g: boxed(np.array(move.grad.array))}
    for word, key in zip(states, optimizer.state_names, strict=True):
        x = known.get(key)
        given[word] = x if x is None else float(x) if key == "step" else boxed(np.array(x))
    given |= {key: plain(move.options[key]) for key in options}
    return lines_of(rule, given, (p, *states), one.at)


def _agree(found: float, one: _Followed) -> bool:
    """Whether the rule gives what the step gave, but for the last bits: a kernel rounds in another order."""
    before, after = one.before, one.after
    if not math.isfinite(after):
        return found == after or (math.isnan(found) and math.isnan(after))
    eps = float(np.finfo(one.move.after.dtype).eps)
    return abs(found - after) <= 64 * eps * (abs(before) + abs(after) + abs(after - before))


# ---- in words and numbers ----


def _tells(found: Line, at: Any) -> bool:
    """Whether a line is worth one: a computation, not a mere name for a size of the dtype."""
    return isinstance(at_place(found.value, at), (int, float)) and isinstance(
        found.formula, (ast.BinOp, ast.UnaryOp, ast.Call, ast.Name)
    )


def _row(found: Line, one: _Followed, last: bool) -> Row:
    """A line with names, with the numbers at one place, and what it came to there."""
    text = line(written_out(found.formula, found.world, [*found.meant]))
    filled = _InNumbers(found, one).visit(copied(found.formula))
    numbers = "" if isinstance(found.formula, ast.Name) else line(written_out(filled, found.world, [*found.meant]))
    if last:
        return Row(one.move.thing, text, numbers, *one.result())
    value = at_place(found.value, one.at)
    told = "" if numbers == number(value) else numbers  # of a whole array's function the number is all there is
    return Row(one.move.thing, text, told, value_of(np.asarray(value)), "update", found.name)


class _InNumbers(ast.NodeTransformer):
    """Puts in the place of each name its number; of a call that is about the whole array what it came to."""

    def __init__(self, found: Line, one: _Followed) -> None:
        self.found, self.one = found, one

    def number(self, node: ast.expr) -> ast.expr:
        """What a part came to, as a number of the formula."""
        value = at_place(self.found.evaluate(node), self.one.at)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return node
        near = math.isclose(value, self.one.before, rel_tol=0.1)  # the parameter itself, also as weight decay has left it
        text = number(abs(value), self.one.digits if near and isinstance(node, ast.Name) else 4)
        return ast.UnaryOp(ast.USub(), ast.Name(text)) if value < 0 else ast.Name(text)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.number(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        return self.number(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self.number(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if isinstance(node.op, ast.MatMult):
            return self.number(node)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        called = self.found.world.get(node.func.id) if isinstance(node.func, ast.Name) else None
        each_by_itself = isinstance(getattr(called, "operation", None), Operation)
        if each_by_itself or (isinstance(node.func, ast.Name) and node.func.id in ("abs", "max", "min")):
            node.args = [self.visit(each) for each in node.args]
            for keyword in node.keywords:
                keyword.value = self.visit(keyword.value)
            return node
        formula = template(called, node)
        if isinstance(formula, ast.BinOp) and not any(isinstance(each, ast.JoinedStr) for each in ast.walk(formula)):
            found: ast.expr = self.visit(formula)
            return found
        return self.number(node)


def _digits(x: float, change: float) -> int:
    """How many digits of a number show what a change does to it."""
    if not (x and change and math.isfinite(x) and math.isfinite(change)):
        return 4
    return min(9, max(4, math.ceil(math.log10(abs(x)) - math.log10(abs(change))) + 2))


def _remembered(key: str, value: Value, move: Moved) -> Row:
    """What an optimiser without a rule of one line remembers: a number that it counts, or has found."""
    old = move.state_before.get(key)
    told = number(value.number or 0.0)
    if old is not None and old.number is not None:
        told = f"{number(old.number)} → {told}"
    return Row(move.thing, "in its state", told, None, "update", key)

"""What a run settles in a formula: an option is its number, a sum of two options is a number, and times 1 is nothing.

After this module a reader knows why a power reads 3 · b² in a run, and n · b^(n − 1) out of one. Numbers that stand in the
rule itself stay as they are: 1 / 6 is not 0.1667.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

from autodiff.explain.numbers import number
from autodiff.explain.source import InArguments

__all__ = ["index_text", "is_settled", "one_index", "settled"]

_COMPUTED: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _settled(value: Any) -> ast.Constant:
    """A number that the run has settled: a constant with a mark, which prints like any other."""
    return ast.Constant(value, kind="settled")


def _was_settled(tree: ast.expr) -> TypeGuard[ast.Constant]:
    return isinstance(tree, ast.Constant) and tree.kind == "settled"


def is_settled(value: Any) -> bool:
    """Whether a value is an option: a number, a shape or an index, and not a tensor."""
    if isinstance(value, (tuple, list)):
        return all(is_settled(each) or each in (None, ...) for each in value if not isinstance(each, (slice, np.ndarray)))
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def settled(tree: ast.expr, values: Mapping[str, Any]) -> ast.expr:
    """The formula with these values put in for their names, and computed as far as they go."""
    found: ast.expr = _Settling(values).visit(tree)
    return found


def _constant(value: Any) -> ast.expr:
    if isinstance(value, (tuple, list)) and any(not isinstance(each, (int, float)) for each in value):
        text = index_text(value)
        return ast.Name(text if re.fullmatch(r"\[[^\]]*\]", text) else f"[{text}]", ast.Load())
    known: Any = tuple(value) if isinstance(value, list) else value
    return _settled(known)


def index_text(value: Sequence[Any]) -> str:
    """An index as it is written: `1:, 0`."""
    parts = [one_index(each) for each in value]
    while len(parts) > 1 and parts[-1] in ("…", ":"):
        parts.pop()
    return ", ".join(parts)


def one_index(value: Any) -> str:
    """A part of an index: `1:`, `…`, or the numbers of an array."""
    if isinstance(value, slice):
        start, stop, step = ("" if each is None else str(each) for each in (value.start, value.stop, value.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if isinstance(value, np.ndarray):
        few = " ".join(str(each) for each in value.reshape(-1)[:6].tolist())
        return f"[{few}{' …' if value.size > 6 else ''}]"
    return "…" if value is ... else str(value)


class _Settling(InArguments):
    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.values.get(node.id)
        return _constant(value) if is_settled(value) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        left, right = node.left, node.right
        found = _computed(node.op, left, right)
        match node.op:
            case _ if found is not None:
                return found
            case ast.Mult() if _is(left, 1):
                return right
            case ast.Mult() | ast.Div() | ast.Pow() if _is(right, 1):
                return left
            case ast.Add() | ast.Sub() if _is(right, 0):
                return left
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        value: Any = node.operand.value if _was_settled(node.operand) else ()
        if isinstance(node.op, ast.USub) and not isinstance(value, tuple):
            return _settled(-value)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        match node.test:
            case ast.Compare(left, [op], [right]):
                found = _computed(op, left, right)
                if found is not None:
                    return node.body if found.value else node.orelse
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        several, i = getattr(node.value, "value", None), getattr(node.slice, "value", None)
        if _was_settled(node.value) and isinstance(several, tuple) and isinstance(i, int):
            return _settled(several[i])
        return node


def _is(tree: ast.expr, x: int) -> bool:
    return _was_settled(tree) and tree.value == x


def _computed(op: ast.AST, left: ast.expr, right: ast.expr) -> ast.Constant | None:
    """Two numbers of which the run has settled one, computed."""
    if not (isinstance(left, ast.Constant) and isinstance(right, ast.Constant)) or type(op) not in _COMPUTED:
        return None
    if not (_was_settled(left) or _was_settled(right)):
        return None
    try:
        value = _COMPUTED[type(op)](left.value, right.value)
    except (TypeError, ArithmeticError):
        return None
    known = isinstance(value, (int, float)) and math.isfinite(value)
    return _settled(value) if known and len(number(value)) <= 8 else None

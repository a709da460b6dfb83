"""The operands of an expression of the user's: which part of the source is which input of the operation.

After this module a reader knows that a part is only called by its source where that is certain: where the line has as many
operands as the operation has inputs, and every variable among them holds the input that stands in its place.
"""

from __future__ import annotations

import ast
from types import FrameType, ModuleType
from typing import Any

from autodiff._core.places import text_of
from autodiff._core.tensor import Tensor
from autodiff.explain.events import Made, Thing
from autodiff.explain.parsed import expression

__all__ = ["arguments", "operand"]


def operand(made: Made, at: int, inputs: Any, frame: FrameType | None) -> str:
    """The source of an operand, where the expression is simple enough to say which it is; else nothing."""
    if any(isinstance(x, Thing) and x.made is not None and x.made.span == made.span for x in made.inputs):
        return ""  # the expression is more than this operation
    tree = _parsed(made)
    parts: list[ast.expr] = []
    match tree:
        case ast.BinOp(left, _, right):
            parts = [left, right]
        case ast.Call(ast.Attribute(value), args) if not isinstance(_holder(value, frame), (ModuleType, type)):
            parts = [value, *args]
        case ast.Call(_, args):
            parts = [*args]
        case ast.UnaryOp(_, operand):
            parts = [operand]
    rest = inputs[len(parts) :]  # what the line leaves out has a default
    if at >= len(parts) or len(parts) > len(inputs) or any(isinstance(x, Tensor) for x in rest):
        return ""
    if any(_is_another(*each, frame) for each in zip(parts, made.inputs, inputs, strict=False)):
        return ""
    return ast.unparse(parts[at])


def arguments(made: Made, count: int) -> list[str]:
    """The source of the first arguments of a call, at most so many."""
    match _parsed(made):
        case ast.Call(_, args) if not any(isinstance(each, ast.Starred) for each in args):
            return [ast.unparse(each) for each in args[:count]]
    return []


def _parsed(made: Made) -> ast.expr | None:
    return _expression(text_of(made.span))


def _expression(text: str) -> ast.expr | None:
    try:
        return expression(text)
    except (SyntaxError, ValueError):
        return None


def _holder(tree: ast.expr, frame: FrameType | None) -> Any:
    """What stands before the dot of a call, if it is a variable or a module in a module of Python: `F`, `nn.functional`."""
    match tree:
        case ast.Name(name) if frame is not None:
            return frame.f_locals.get(name, frame.f_globals.get(name))
        case ast.Attribute(value, name) if isinstance(outer := _holder(value, frame), ModuleType):
            return getattr(outer, name, None)
    return None


def _is_another(part: ast.expr, given: Any, x: Any, frame: FrameType | None) -> bool:
    """Whether a part of the source is known to be another tensor than the input in its place: a variable, or a result."""
    held = _holder(part, frame) if isinstance(part, ast.Name) else None
    if isinstance(held, Tensor):
        return held is not x
    if isinstance(given, Thing) and given.kind == "result" and not given.named:
        made_by = _expression(given.name)
        return made_by is None or ast.unparse(made_by) != ast.unparse(part)
    return isinstance(part, ast.Constant) and isinstance(x, Tensor) and x.ndim > 0

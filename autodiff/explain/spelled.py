"""An operation as somebody would write it: where it stands in no source that is at hand, and where its own line says too much.

After this module a reader knows what a plain prompt shows in the place of the line that was typed: the operation, with the
names of its operands, and their numbers where they have no names.
"""

from __future__ import annotations

import ast

from autodiff.explain.events import Made, Thing
from autodiff.explain.numbers import brief
from autodiff.explain.parsed import expression
from autodiff.explain.settled import index_text
from autodiff.explain.signs import infix

__all__ = ["spelled"]

_OPERATORS: dict[str, ast.operator] = {
    "+": ast.Add(), "-": ast.Sub(), "*": ast.Mult(), "/": ast.Div(), "@": ast.MatMult(), "**": ast.Pow(),
}


def spelled(made: Made) -> str:
    """The operation with its operands: w * x + 1, relu(w), w[0]; what is long is left out."""
    operands = [_part(x) for x in made.inputs]
    if made.name == "pow" and made.params.get("c") == 1 and "p" in made.params:
        operands.append(_part(made.params["p"]))
    index = made.params.get("index")
    tree: ast.expr = ast.Call(ast.Name(made.name), operands, [])
    if len(operands) == 2 and infix(made.name):
        tree = ast.BinOp(operands[0], _OPERATORS[infix(made.name)], operands[1])
    elif len(operands) == 1 and made.name == "neg":
        tree = ast.UnaryOp(ast.USub(), operands[0])
    elif len(operands) == 1 and isinstance(index, tuple):
        tree = ast.Subscript(operands[0], ast.Name(index_text(index).removeprefix("[").removesuffix("]")))
    text = ast.unparse(ast.fix_missing_locations(tree))
    return text if len(text) <= 60 else f"{made.name}(…)"


def _part(x: object) -> ast.expr:
    """An operand: its name, its number, or in a few characters what it holds."""
    text = str(x)
    if isinstance(x, Thing):
        single = x.value.number if x.value is not None and not x.shape else None
        text = x.name or (f"{single:.4g}" if single is not None else brief(x.value))
    elif isinstance(x, float):
        text = f"{x:.4g}"
    try:
        return expression(text) if len(text) <= 24 else ast.Name("…")
    except SyntaxError:
        return ast.Name(text)

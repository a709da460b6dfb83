"""A formula as a line of mathematics: `g * (1.0 - y ** 2)` reads g · (1 − y²).

After this module a reader knows how few of Python's signs mathematics writes in another way, and when a part stands in
parentheses: where it binds less tightly than what is around it.
"""

from __future__ import annotations

import ast

import numpy as np

from autodiff.explain.numbers import number

__all__ = ["line"]

# How tightly a part binds, from words, which always need parentheses inside a formula, to what needs them nowhere.
WORDS, CHOICE, OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(11)

_BETWEEN: dict[type[ast.AST], tuple[str, int]] = {
    ast.Or: ("or", OR),
    ast.And: ("and", AND),
    ast.BitOr: ("or", OR),
    ast.BitAnd: ("and", AND),
    ast.Add: ("+", SUM),
    ast.Sub: ("−", SUM),
    ast.Mult: ("·", PRODUCT),
    ast.MatMult: ("@", PRODUCT),
    ast.Div: ("/", PRODUCT),
}
_BEFORE: dict[type[ast.AST], tuple[str, int]] = {ast.USub: ("−", SIGN), ast.UAdd: ("", SIGN), ast.Invert: ("not ", NOT)}
_COMPARED: dict[type[ast.AST], str] = {
    ast.Eq: "=", ast.NotEq: "≠", ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥",
}  # fmt: skip
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def line(tree: ast.expr) -> str:
    """The formula as one line."""
    return _part(tree)[0]


def _part(tree: ast.expr) -> tuple[str, int]:
    """The text of a part, and how tightly it binds."""
    match tree:
        case ast.Name(name):
            return name, ATOM
        case ast.Constant(value):
            return (text := _number(value)), SIGN if text.startswith("−") else ATOM
        case ast.JoinedStr(parts):
            return _words(parts)
        case ast.BinOp(left, ast.Mult(), ast.BinOp(ast.Constant(1), ast.Div(), divisor)):
            return _part(ast.BinOp(left, ast.Div(), divisor))
        case ast.BinOp(left, ast.Pow(), right):
            return _power(left, right), POWER
        case ast.BinOp(left, op, right) if type(op) in _BETWEEN:
            sign, binds = _BETWEEN[type(op)]
            return f"{_inside(_stretched(left), binds)} {sign} {_second(_stretched(right), binds)}", binds
        case ast.UnaryOp(op, operand) if type(op) in _BEFORE:
            sign, binds = _BEFORE[type(op)]
            return sign + _second(operand, binds - 1), binds
        case ast.Compare(left, ops, others) if all(type(op) in _COMPARED for op in ops):
            then = (f" {_COMPARED[type(op)]} {_inside(other, SUM)}" for op, other in zip(ops, others, strict=True))
            return _inside(left, SUM) + "".join(then), COMPARISON
        case ast.BoolOp(op, values):
            sign, binds = _BETWEEN[type(op)]
            return f" {sign} ".join(_inside(value, binds + 1) for value in values), binds
        case ast.IfExp(test, body, orelse):
            return f"{_inside(body, OR)} where {_inside(test, OR)}, else {_inside(orelse, CHOICE)}", CHOICE
        case ast.Call(ast.Name(name), args, keywords):
            return _call(name, args, keywords)
        case ast.Call(ast.Attribute()) | ast.Attribute(_, "grad" | "data"):  # as the user wrote it: F.relu(x), model(x).sum()
            return ast.unparse(tree), ATOM
        case ast.Attribute(ast.Attribute(value, "T" | "mT"), "T" | "mT"):  # turned twice
            return _part(value)
        case ast.Attribute(value, "T" | "mT"):
            return _inside(value, ATOM) + "ᵀ", ATOM
        case ast.Attribute(value, "shape"):
            return f"the shape of {_inside(value, ATOM)}", SIGN
        case ast.Subscript(value, ast.Tuple([ast.Constant(value=first), ast.Constant(value=None)])) if first is ...:
            return f"{_inside(value, ATOM)} as a column", WORDS
        case ast.Subscript(value, ast.Tuple([_, _, *_] as items)):
            return f"{_inside(value, ATOM)}[{_listed(items)}]", ATOM
        case ast.Subscript(value, index):
            return f"{_inside(value, ATOM)}[{line(index)}]", ATOM
        case ast.Starred(value):
            return _part(value)
        case ast.Tuple(items) | ast.List(items):
            return f"({_listed(items)}{',' * (len(items) == 1)})", ATOM
    return ast.unparse(tree), WORDS


def _stretched(tree: ast.expr) -> ast.expr:
    """An operand without the words "in every place": among numbers in their places that is meant anyhow."""
    match tree:
        case ast.JoinedStr([ast.FormattedValue(x), ast.Constant(" in every place")]):
            return x
    return tree


def _inside(tree: ast.expr, least: int) -> str:
    """The text of a part, in parentheses where it binds less than `least`."""
    text, binds = _part(tree)
    return text if binds >= least else f"({text})"


def _second(tree: ast.expr, binds: int) -> str:
    """What follows a sign: in parentheses too where it is as strong, as in a − (b − c), or has a sign, as in a · (−b)."""
    text = _inside(tree, binds + 1)
    return f"({text})" if text.startswith("−") else text


def _power(base: ast.expr, exponent: ast.expr) -> str:
    text = _inside(base, ATOM)
    if isinstance(exponent, ast.Constant) and exponent.value == 1:
        return text
    raised = line(exponent).replace("−", "-")
    if raised.removeprefix("-").isdecimal():
        return text + raised.translate(_RAISED)
    above = _inside(exponent, ATOM)
    return f"{text}^{above}" if above.startswith("(") or "(" not in above else f"{text}^({above})"


def _call(name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> tuple[str, int]:
    if len(args) == 1 and not keywords:
        if name == "sqrt":
            return "√" + _inside(args[0], ATOM), POWER
        if name == "rsqrt":
            return "1 / √" + _inside(args[0], ATOM), PRODUCT
        if name == "abs":
            return f"|{line(args[0])}|", ATOM
    named = "".join(f", {each.arg}={line(each.value)}" for each in keywords)
    return f"{name}({(_listed(args) + named).removeprefix(', ')})", ATOM


def _listed(items: list[ast.expr]) -> str:
    return ", ".join(line(item) for item in items)


def _number(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return _number(int(value))
    if isinstance(value, (float, np.floating)):
        return number(float(value))
    return str(value).replace("-", "−") if isinstance(value, int) else str(value)


def texts_of(parts: list[ast.expr]) -> str:
    """The words, without the formulas among them."""
    return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))


def _words(parts: list[ast.expr]) -> tuple[str, int]:
    """Words with formulas among them, as an f-string has them: only at the end does a long formula need no parentheses."""
    texts = []
    for part in parts:
        if isinstance(part, ast.FormattedValue):
            stretched = part is parts[0] and texts_of(parts[1:]) == " in every place"
            texts.append(_inside(part.value, WORDS if part is parts[-1] else PRODUCT if stretched else SIGN))
        elif isinstance(part, ast.Constant):
            texts.append(str(part.value))
    text = "".join(texts)
    return text, WORDS if " " in text else ATOM

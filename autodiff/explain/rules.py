"""A rule as a line of mathematics, made from the rule's own source: there is no second text that could differ from it.

After this module a reader knows how the helpers that rules call are written out. One that users call too, which its docstring
shows with an example, stands as they call it: exp(x). Any other is replaced by its docstring's first line, up to a colon, a
semicolon or a full stop, with its arguments put in. That is a formula, such as "g where y > 0, else 0"; or it is words, in
which an argument is a single letter (but not the article a) or stands in backticks. A helper may have a simpler formula in a
usual case: a later line says so, "Plainly, where reduction == 'mean': g / n". In a run, whose values are known, that is taken.

For what explains, not for users: they see its lines, and need no name of it.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any

from autodiff._core.graph import flat
from autodiff._core.operation import Operation
from autodiff.explain.notation import line
from autodiff.explain.parsed import expression
from autodiff.explain.settled import is_settled, settled
from autodiff.explain.source import InArguments, assigned, body_of, copied, module_with
from autodiff.explain.usual import evaluated, usual_formula

__all__ = ["template", "written", "written_out"]


def written(
    rule: Callable[..., Any], names: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None,
    counted: bool = False,
) -> str:
    """The rule as one line of mathematics, its arguments called as `names` says: a name, or an expression's source.

    `values` are those of a run: arrays, and options, which are put in. With `counted` a number n of elements is, too. Where the
    source is not at hand, a rule is its docstring's first line, or its name and arguments: f(g, y) for a lambda.
    """
    if rule is flat:
        return "0"
    if not isinstance(rule, FunctionType):
        return getattr(rule, "__name__", type(rule).__name__)
    code = rule.__code__
    arguments = code.co_varnames[: code.co_argcount]
    body = body_of(rule)
    if body is None:
        name = "f" if code.co_name == "<lambda>" else code.co_name
        given: dict[str, ast.expr] = {each: ast.Name(each) for each in arguments}
        tree = _template(rule.__doc__, given) or ast.Call(ast.Name(name), [*given.values()], [])
    else:
        tree = written_out(body, rule.__globals__, arguments, values, counted)
    return line(_Renamed(names or {}, arguments).visit(settled(tree, values or {})))


def written_out(
    tree: ast.expr, world: dict[str, Any], arguments: Sequence[str], values: Mapping[str, Any] | None = None,
    counted: bool = False,
) -> ast.expr:
    """An expression of a function with these arguments, in the names of its module: what these stand for is put in."""
    found: ast.expr = _WrittenOut(world, arguments, values, counted).visit(copied(tree))
    return found


class _WrittenOut(ast.NodeTransformer):
    """Puts what they stand for in the place of helpers and of constants."""

    def __init__(
        self, world: dict[str, Any], arguments: Sequence[str], values: Mapping[str, Any] | None, counted: bool
    ) -> None:
        self.world, self.arguments, self.values, self.counted = world, arguments, values, counted

    def value_of(self, name: str) -> Any:
        """What a name of the rule means; None for an argument."""
        if name in self.arguments:
            return None
        return self.world.get(name, getattr(builtins, name, None))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.value_of(node.id)
        if not isinstance(value, (int, float)):
            return node
        source = assigned(module_with(self.world), node.id)
        if source is None or not _is_mathematics(source):
            return ast.Constant(value)
        found: ast.expr = self.visit(copied(source))
        return found

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and isinstance(self.value_of(node.value.id), ModuleType):
            return ast.Name("π" if node.attr == "pi" else node.attr)  # math.sqrt: sqrt
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        helper = self.value_of(node.func.id) if isinstance(node.func, ast.Name) else None
        if helper is flat:
            return ast.Constant(0)
        simple = self.plainly(helper, node)
        if simple is not None:
            return simple
        if not isinstance(node.func, ast.Name):
            node.func = self.visit(node.func)
        node.args = [self.visit(each) for each in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return template(helper, node) or node


    def plainly(self, helper: Any, call: ast.Call) -> ast.expr | None:
        """What a call comes to with the values of a run: a number of elements, or the formula of a usual case."""
        values = self.values
        if values is None or not isinstance(helper, FunctionType):
            return None
        given = _given(helper, call)
        names = {each.id for value in given.values() for each in ast.walk(value) if isinstance(each, ast.Name)}
        if self.counted and names and all(is_settled(values.get(name)) for name in names):
            found = evaluated(call, self.world, values)
            return ast.Constant(found) if isinstance(found, int) else None
        formula = usual_formula(helper, given, self.world, values)
        if formula is None:
            return None
        return _template(formula, {name: self.visit(copied(value)) for name, value in given.items()})


def _is_mathematics(source: ast.expr) -> bool:
    """Whether a constant's source is worth more than its value: log(2), 2 / √π."""
    functions = [each.func for each in ast.walk(source) if isinstance(each, ast.Call)]
    return all(isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name) and f.value.id == "math" for f in functions)


def template(helper: Any, call: ast.Call) -> ast.expr | None:
    """What a call of a helper stands for; None for a function that users call, and for one that says nothing."""
    if not isinstance(helper, FunctionType) or ">>>" in (helper.__doc__ or ""):
        return None
    return _template(helper.__doc__, _given(helper, call))


def _given(helper: FunctionType, call: ast.Call) -> dict[str, ast.expr]:
    """What a call gives for each argument of the helper, those included that it leaves at their defaults."""
    operation = getattr(helper, "operation", None)
    forward = operation.forward if isinstance(operation, Operation) else helper
    code = forward.__code__
    positional = code.co_varnames[: code.co_argcount] or code.co_varnames[code.co_kwonlyargcount :]  # the second: of *xs
    defaults = dict(zip(reversed(positional), reversed(forward.__defaults__ or ()))) | (forward.__kwdefaults__ or {})
    given: dict[str, ast.expr] = {name: ast.Constant(default) for name, default in defaults.items()}
    given.update(zip(positional, call.args, strict=False))
    given.update((each.arg, each.value) for each in call.keywords if each.arg)
    return given


def _template(doc: str | None, given: Mapping[str, ast.expr]) -> ast.expr | None:
    """The first line of a helper's docstring, as a formula or as words, with the arguments put in; None without one."""
    text = re.split(r"[:;\n]|\.(?=\s|$)", (doc or "").strip())[0]
    if not text:
        return None
    source = text.replace(" where ", " if ").replace(", else ", " else ") if ", else " in text else text
    try:
        formula = ast.parse(source, mode="eval").body
    except SyntaxError:
        return _words(text, given)
    is_word = isinstance(formula, ast.Name) and formula.id not in given
    if is_word or any(isinstance(each, (ast.Is, ast.In)) for each in ast.walk(formula)):  # "x is finite" parses too
        return _words(text, given)
    filled: ast.expr = _Filled(given).visit(formula)
    return filled


class _Filled(ast.NodeTransformer):
    """Puts the arguments into a formula; a name that is none, such as n in g / n, stays what it is: a word."""

    def __init__(self, given: Mapping[str, ast.expr]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.given:
            return copied(self.given[node.id])
        if node.id == "pi":
            return ast.Name("π")
        return ast.JoinedStr([ast.Constant(node.id)])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        match node:  # 1 - (1 - x) is x
            case ast.BinOp(ast.Constant(1), ast.Sub(), ast.BinOp(ast.Constant(1), ast.Sub(), x)):
                return x
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(each) for each in node.args]
        return node


def _words(text: str, given: Mapping[str, ast.expr]) -> ast.expr:
    if text[:2].istitle() and len(text) > 1:  # a sentence, not a symbol
        text = text[0].lower() + text[1:]
    parts: list[ast.expr] = []
    for i, piece in enumerate(re.split(r"`(\w+)`|(?<![\w`])([b-zB-Z])(?![\w`])", text)):
        if piece and i % 3 and piece in given:
            parts.append(ast.FormattedValue(copied(given[piece]), -1))
        elif piece:
            parts.append(ast.Constant(piece))
    return ast.JoinedStr(parts)


class _Renamed(InArguments):
    """Gives the arguments names that the reader knows; x_shape is the shape of x where it has no name of its own."""

    def __init__(self, names: Mapping[str, str], arguments: tuple[str, ...]) -> None:
        self.names, self.arguments = names, arguments

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.arguments:
            return node
        if node.id in self.names:
            return _expression(self.names[node.id])
        if node.id.endswith("_shape"):
            whole = node.id.removesuffix("_shape")
            return ast.Attribute(_expression(self.names.get(whole, whole)), "shape")
        return node


def _expression(name: str) -> ast.expr:
    """A name given by whoever asks: most are expressions of Python, such as h @ W2, and need parentheses like any other."""
    try:
        return expression(name)
    except SyntaxError:
        return ast.Name(name) if name.startswith("[") else ast.JoinedStr([ast.Constant(name)])  # [3 0 1] needs no parentheses

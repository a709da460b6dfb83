"""Where a function was written: its expression, found again from the code that runs.

After this module a reader knows that code remembers its place to the column, so that of several lambdas on a line the right
one is found; and that it forgets it under `-X no_debug_ranges`, in a frozen program, or where a line was typed and not saved.
"""

from __future__ import annotations

import ast
import functools
import linecache
from types import CodeType, FunctionType
from typing import Any, TypeVar

__all__ = ["InArguments", "assigned", "body_of", "copied", "definition_of", "module_with"]

Tree = TypeVar("Tree", bound=ast.AST)


def _module_of(function: FunctionType) -> ast.Module:
    """The source file of a function, parsed; an empty module where there is none."""
    return _parsed("".join(linecache.getlines(function.__code__.co_filename, function.__globals__)))


def module_with(names: dict[str, Any]) -> ast.Module:
    """The source file whose names these are, parsed; an empty module where there is none."""
    return _parsed("".join(linecache.getlines(names.get("__file__", ""), names)))


@functools.lru_cache(maxsize=128)
def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # the cell of a notebook, say, with a magic word in it
        return ast.Module([], [])


@functools.lru_cache(maxsize=128)
def _lambdas(module: ast.Module) -> list[ast.Lambda]:
    """All lambdas of a file, which are looked for at every step of a walk."""
    return [each for each in ast.walk(module) if isinstance(each, ast.Lambda)]


def body_of(function: FunctionType) -> ast.expr | None:
    """The expression that a lambda returns; None where its source is not at hand, or where it is no lambda."""
    code = function.__code__
    places = [((top, left), (bottom, right)) for top, bottom, left, right in _spans(function)]
    if not places or code.co_name != "<lambda>":
        return None
    first, last = min(start for start, _ in places), max(end for _, end in places)
    arguments = [*code.co_varnames[: code.co_argcount]]
    module = _module_of(function)
    around = [
        each
        for each in _lambdas(module)
        if [a.arg for a in each.args.args] == arguments
        and (each.lineno, each.col_offset) <= first
        and last <= (each.end_lineno or 0, each.end_col_offset or 0)
    ]
    found = max(around, key=lambda each: (each.lineno, each.col_offset), default=None)
    if found is None:
        return None
    # Most call no function of a module, and need not be compiled with the imports.
    known = _still_is(compile(ast.Expression(found), "", "eval"), code) or _still_is(_compiled(ast.Expr(found), module), code)
    return found.body if known else None


@functools.lru_cache(maxsize=128)
def definition_of(function: FunctionType) -> ast.FunctionDef | None:
    """The `def` of a function; None where its source is not at hand, or is not what runs."""
    code = function.__code__
    module = _module_of(function)
    for each in ast.walk(module):
        if isinstance(each, ast.FunctionDef) and each.name == code.co_name and _first_line(each) == code.co_firstlineno:
            return each if _still_is(_compiled(_bare(each), module), code) else None
    return None


def _compiled(statement: ast.stmt, module: ast.Module) -> CodeType:
    """A statement, compiled behind the imports of its file: a call of a module's function has an instruction of its own."""
    imports = [line for line in module.body if isinstance(line, (ast.Import, ast.ImportFrom))]
    return compile(ast.fix_missing_locations(ast.Module([*imports, statement], [])), "", "exec")


def _first_line(found: ast.FunctionDef) -> int:
    return min([found.lineno, *(each.lineno for each in found.decorator_list)])


def _bare(found: ast.FunctionDef) -> ast.FunctionDef:
    """A function without its annotations and decorators, which are no part of its own code."""
    bare = copied(found)
    bare.returns, bare.decorator_list = None, []
    for each in ast.walk(bare.args):
        if isinstance(each, ast.arg):
            each.annotation = None
    return bare


def _still_is(whole: CodeType, code: CodeType) -> bool:
    """Whether the text, compiled again, gives the code that runs: the file may have been changed since it was read."""
    if code.co_freevars:  # what a function takes from one around it is read by another instruction
        return True
    again = next(each for each in whole.co_consts if isinstance(each, CodeType))
    return _what_it_does(again) == _what_it_does(code)


def _what_it_does(code: CodeType) -> tuple[Any, ...]:
    return code.co_code, code.co_names, [value for value in code.co_consts if not isinstance(value, CodeType)]


def _spans(function: FunctionType) -> list[tuple[int, int, int, int]]:
    """The places of a function's instructions, without those that stand for no text: the entry of the function."""
    return [
        (top, bottom, left, right)
        for top, bottom, left, right in function.__code__.co_positions()
        if top is not None and bottom is not None and left is not None and right is not None and (top, left) < (bottom, right)
    ]


def assigned(module: ast.Module, name: str) -> ast.expr | None:
    """What is assigned to a name at the top of a file; None where that is not a single expression."""
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    return statement.value
                if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
                    for each, value in zip(target.elts, statement.value.elts, strict=False):
                        if isinstance(each, ast.Name) and each.id == name:
                            return value
    return None


class InArguments(ast.NodeTransformer):
    """Changes what a call is given, and leaves the name that is called."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(each) for each in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node


def copied(tree: Tree) -> Tree:
    """A tree of its own, which may be changed: much sooner made than by copy.deepcopy, which looks for circles."""
    return type(tree)(**{name: _copied(value) for name, value in ast.iter_fields(tree)})


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return copied(value) if isinstance(value, ast.AST) else value

"""Where a function was written: its expression, found again from the code that runs.

After this module a reader knows that code remembers its place to the column, so that of several lambdas on a line the right
one is found; and that it forgets it under `-X no_debug_ranges`, in a frozen program, or where a line was typed and not saved.
"""

from __future__ import annotations

import ast
import functools
import linecache
from types import CodeType, FunctionType
from typing import Any

__all__ = ["assigned", "body_of", "module_of"]


def module_of(function: FunctionType) -> ast.Module:
    """The source file of a function, parsed; an empty module where there is none."""
    return _parsed("".join(linecache.getlines(function.__code__.co_filename, function.__globals__)))


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
    around = [
        each
        for each in _lambdas(module_of(function))
        if [a.arg for a in each.args.args] == arguments
        and (each.lineno, each.col_offset) <= first
        and last <= (each.end_lineno or 0, each.end_col_offset or 0)
    ]
    found = max(around, key=lambda each: (each.lineno, each.col_offset), default=None)
    return found.body if found and _still_is(found, code) else None


def _still_is(found: ast.Lambda, code: CodeType) -> bool:
    """Whether the text gives the code that runs: the file may have been changed since it was read."""
    if code.co_freevars:  # what a lambda takes from a function around it is read by another instruction
        return True
    again = next(each for each in compile(ast.Expression(found), "", "eval").co_consts if isinstance(each, CodeType))
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

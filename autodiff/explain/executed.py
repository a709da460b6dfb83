"""A function of assignments, run line by line: which lines its options chose, and what each of them computed.

After this module a reader knows that an optimiser's rule explains itself: its own source is read and run, one assignment after
the other, so that no formula beside it could say something else.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from autodiff.explain.source import copied, definition_of

__all__ = ["Line", "Unread", "lines_of"]

# What changes only the form of a number, not the number: count(x), plain(x), float(x), x.detach(), x.clone(), x.astype(t).
_SAME = {"count", "plain", "float", "asarray", "detach", "clone", "astype"}


class Unread(Exception):
    """The function has no source at hand, or is no plain row of assignments."""


@dataclass
class Line:
    """One assignment that ran."""

    name: str  # what it computed
    formula: ast.expr  # from what: as the source has it, but for the choices that were made
    value: Any
    meant: dict[str, Any]  # what every name of the function meant before it
    world: dict[str, Any]  # and the names around it

    def evaluate(self, tree: ast.expr) -> Any:
        """What a part of the formula came to."""
        return eval(compile(ast.fix_missing_locations(ast.Expression(tree)), "<rule>", "eval"), self.world, self.meant)


def lines_of(rule: Any, given: Mapping[str, Any], results: Sequence[str], at: Any) -> list[Line]:
    """The lines of a rule that ran on the arguments `given`; what it returns is called as `results` says.

    A choice among numbers in their places, `where(...)`, is the one at the place `at`. Unread for any other kind of function.
    """
    source = definition_of(rule) if isinstance(rule, FunctionType) else None
    if source is None:
        raise Unread
    running = _Running(rule, given, results, at)
    returned = running.block(source.body)
    values = returned.elts if isinstance(returned, ast.Tuple) else []
    if len(values) != len(results):
        raise Unread
    last: list[Line] = []
    for name, value in zip(results, values, strict=True):
        formula = running.chosen(value)
        if isinstance(formula, ast.Name) and formula.id == name:
            continue
        found = Line(name, formula, running.value(value), running.names, running.world)
        if not (isinstance(formula, ast.Constant) and formula.value is None) and found.value is not None:
            last.append(found)
    return [*running.lines, *last[1:], *last[:1]] if last and last[0].name == results[0] else [*running.lines, *last]


class _Running:
    """The names of a function, and the lines that have run."""

    def __init__(self, rule: FunctionType, given: Mapping[str, Any], results: Sequence[str], at: Any) -> None:
        self.world, self.results, self.at = rule.__globals__, results, at
        self.names: dict[str, Any] = dict(given)
        self.called: dict[str, ast.expr] = {}  # a name that another one was given: d for g
        self.lines: list[Line] = []

    def value(self, tree: ast.expr) -> Any:
        """What an expression of the source comes to now."""
        return eval(compile(ast.fix_missing_locations(ast.Expression(tree)), "<rule>", "eval"), self.world, self.names)

    def block(self, body: list[ast.stmt]) -> ast.expr | None:
        """Run statements; what is returned, if one of them returns."""
        for statement in body:
            match statement:
                case ast.Expr(ast.Constant()):  # the docstring
                    pass
                case ast.If(test, yes, no):
                    returned = self.block(yes if self.value(test) else no)
                    if returned is not None:
                        return returned
                case ast.Assign(targets, value):
                    self.assign(targets, value)
                case ast.Return(value) if value is not None:
                    return value
                case _:
                    raise Unread
        return None

    def assign(self, targets: list[ast.expr], value: ast.expr) -> None:
        """Run an assignment; one of several names to several values is as many assignments at once."""
        first = targets[0]
        if isinstance(first, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = [(self.named(name), each) for name, each in zip(first.elts, value.elts, strict=True)]
        elif isinstance(first, ast.Tuple):
            for name, each in zip(first.elts, self.value(value), strict=True):
                self.bind(self.named(name), each)
            return
        else:
            pairs = [(self.named(first), value)]
        before = dict(self.names)
        done = [(word, self.chosen(each), self.value(each)) for word, each in pairs]
        for word, formula, result in done:
            if isinstance(formula, ast.Name) and formula.id == word:
                continue
            self.bind(word, result)
            if isinstance(formula, ast.Name) and word not in self.results and formula.id not in dict(pairs):
                self.called[word] = formula
            else:
                self.lines.append(Line(word, formula, result, before, self.world))
        for other in targets[1:]:
            self.bind(self.named(other), done[0][2])
            self.called[self.named(other)] = ast.Name(done[0][0], ast.Load())

    def named(self, target: ast.expr) -> str:
        """The name that is assigned to."""
        if not isinstance(target, ast.Name):
            raise Unread
        return target.id

    def bind(self, name: str, value: Any) -> None:
        """A name means something else from here on."""
        for other, formula in [*self.called.items()]:
            if other == name or (isinstance(formula, ast.Name) and formula.id == name):
                del self.called[other]
        self.names[name] = value

    def chosen(self, tree: ast.expr) -> ast.expr:
        """An expression without the choices that the options, or the number's own signs, have made."""
        found: ast.expr = _Chosen(self).visit(copied(tree))
        return found


class _Chosen(ast.NodeTransformer):
    """Puts in the place of a choice what was chosen, and in the place of a second name the first."""

    def __init__(self, running: _Running) -> None:
        self.running = running

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.running.called.get(node.id, node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        found: ast.expr = self.visit(node.body if self.running.value(node.test) else node.orelse)
        return found

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(ast.Name("where"), [test, yes, no]):
                return self.chosen(yes if np.all(at_place(self.running.value(test), self.running.at)) else no)
            case ast.Call(ast.Name(name), [x], []) if name in _SAME:
                return self.chosen(x)
            case ast.Call(ast.Attribute(x, name), args) if name in _SAME:  # of a tensor, or np.asarray
                of_module = isinstance(x, ast.Name) and isinstance(self.running.world.get(x.id), ModuleType)
                return self.chosen(args[0] if of_module else x)
        node.args = [self.chosen(each) for each in node.args]
        return node

    def chosen(self, node: ast.expr) -> ast.expr:
        """A part of it."""
        found: ast.expr = self.visit(node)
        return found


def at_place(value: Any, at: tuple[Any, ...]) -> Any:
    """The number at a place of an array, or the one that is stretched over it; anything else as it is."""
    array = getattr(value, "_array", value)
    if not isinstance(array, np.ndarray) or array.ndim == 0:
        return array.item() if isinstance(array, (np.ndarray, np.generic)) else array
    if array.ndim != len(at):
        return array
    return array[tuple(min(i, n - 1) for i, n in zip(at, array.shape, strict=True))].item()

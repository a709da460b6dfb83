"""The usual case of a helper: the simpler formula that its docstring has for it, and whether a run is such a case.

After this module a reader knows that a line of a docstring, "Plainly, where weight is None: g / n", is asked with the values of
a run, and believed where they say yes; what was not kept says no.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from autodiff._core.operation import Operation
from autodiff.explain.source import copied

__all__ = ["evaluated", "usual_formula"]

_LINE = re.compile(r"Plainly, where (.+?):\s+(.+?)\.?[ \t]*(?:\n|$)", re.S)


class Unknown:
    """What can't be said, since a value was not kept."""


def evaluated(tree: ast.expr, world: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """What an expression comes to; an Unknown where a name in it has no value."""
    code = compile(ast.fix_missing_locations(ast.Expression(copied(tree))), "<rule>", "eval")
    try:
        return eval(code, dict(world), values)
    except (NameError, AttributeError, TypeError):
        return Unknown()


def usual_formula(
    helper: FunctionType, given: Mapping[str, ast.expr], world: Mapping[str, Any], values: Mapping[str, Any]
) -> str | None:
    """The simpler formula, where what the helper is given in this run makes it a usual case."""
    operation = getattr(helper, "operation", None)
    names = (operation.forward if isinstance(operation, Operation) else helper).__globals__
    for test, formula in _LINE.findall(helper.__doc__ or ""):
        question = ast.parse(test, mode="eval").body
        asked = {each.id for each in ast.walk(question) if isinstance(each, ast.Name)} & given.keys()
        known = {name: evaluated(given[name], world, values) for name in asked}
        if any(isinstance(value, Unknown) for value in known.values()):
            continue
        answer = evaluated(question, names, known)
        if not isinstance(answer, Unknown) and answer:
            return str(formula)
    return None

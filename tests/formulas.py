"""A printed formula, read back as a mathematician reads it, and computed."""

import ast
import functools
import math
import re

import numpy as np
from laws import operations

# The operations that compute each number from those in its place alone.
MODULES = {"arithmetic", "comparison", "exponential", "power", "trigonometry", "rounding", "activation"}


class IntoNumPy(ast.NodeTransformer):
    """Choices, `or`, `and`, `not` and 0 < x < 1 for arrays."""

    @staticmethod
    def call(name, *args):
        return ast.Call(ast.Name(name, ast.Load()), [*args], [])

    def visit_IfExp(self, node):
        return self.call("where", *map(self.visit, (node.test, node.body, node.orelse)))

    def visit_BoolOp(self, node):
        name = "logical_or" if isinstance(node.op, ast.Or) else "logical_and"
        first, *others = map(self.visit, node.values)
        for other in others:
            first = self.call(name, first, other)
        return first

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return self.call("logical_not", node.operand) if isinstance(node.op, ast.Not) else node

    def visit_Compare(self, node):
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        parts = [ast.Compare(a, [op], [b]) for a, op, b in zip(sides, node.ops, sides[1:], strict=False)]
        return parts[0] if len(parts) == 1 else self.call("logical_and", *parts)


def computed(text, values):
    """What a printed line comes to, read as a mathematician reads it."""
    for sign, python in {"·": "*", "−": "-", "^": "**", "≤": "<=", "≥": ">=", "≠": "!=", " = ": " == ", "ᵀ": ".mT"}.items():
        text = text.replace(sign, python)
    text = text.replace(" where ", " if ").replace(", else ", " else ")
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "**" + m[0].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")), text)
    text = re.sub(r"√(\d[\d.]*e-\d+|[\w.]+)", r"sqrt(\1)", text).replace("√(", "sqrt(")
    text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text)
    tree = ast.fix_missing_locations(IntoNumPy().visit(ast.parse(text, mode="eval")))
    functions = _functions() | {"π": math.pi, "e": math.e, "min": np.minimum, "where": np.where, "sqrt": np.sqrt, "log": np.log}
    functions |= {"sum": None}  # of which dimension the text does not say
    functions |= {"logical_or": np.logical_or, "logical_and": np.logical_and, "logical_not": np.logical_not, "floor": np.floor}
    return eval(compile(tree, "<line>", "eval"), functions | values)


@functools.cache
def _functions():
    """The operations that compute each number from those in its place alone, by their names."""
    found = {name.rpartition(".")[2]: op.forward for name, op in operations().items() if name.split(".")[2] in MODULES}
    return {name: _of_numbers(forward) for name, forward in found.items()}


def _of_numbers(forward):
    return lambda *xs, **params: forward(*map(np.asarray, xs), **params)

"""The names by which PyTorch takes its arguments, read from the stubs of the installed wheel."""

import ast
import functools
import inspect
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
STUBS = ("_VariableFunctions.pyi", "_nn.pyi")
WRAPPED = {"unique": [("input", "sorted", "return_inverse", "return_counts", "dim")]}  # a function that tells no names


@functools.cache
def stubs():
    """{function: [the names of its positional arguments, for each overload]}"""
    found = {}
    for stub in STUBS:
        tree = ast.parse((Path(torch.__file__).parent / "_C" / stub).read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = tuple(a.arg for a in node.args.posonlyargs + node.args.args)
                overloads = found.setdefault(node.name, [])
                if names not in overloads:
                    overloads.append(names)
    return found


def overloads(name, function):
    """The names of the positional arguments of a function of PyTorch, for each way of calling it."""
    # A pool that hands its arguments on to one of two functions.
    function = getattr(torch.nn.functional, f"{name.rpartition('.')[2]}_with_indices", function)
    if inspect.isfunction(function) and name not in WRAPPED:
        parameters = inspect.signature(function).parameters.values()
        return [tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)]
    return WRAPPED.get(name) or stubs().get(getattr(function, "__name__", name), stubs().get(name, []))

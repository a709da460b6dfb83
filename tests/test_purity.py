"""The law of pure rules: a derivative is a formula of operations. It asks nothing, and least of all in which world it runs.

A rule runs in two worlds: on arrays in a first order walk, on Tensors under create_graph. One that looks which it is holds two
formulas, of which a test may see one. The law reads the bytecode of every partial, and of every function that it calls and that
is no operation. The few that compute with shapes alone may decide something, and each is named here with its reason.
"""

import builtins
import dis
import itertools
import math
import types

import numpy as np
import pytest
from laws import operations

from autodiff import Tensor, clamp, exp
from autodiff._core.graph import flat
from autodiff._core.operation import Operation

# What a rule may call that decides something, and why it may: it sees shapes, dimensions and counts, no values.
HELPERS = {
    "kept_shape": "the shape of a reduced result with its dimensions kept",
    "_count": "how many elements a reduction takes together",
    "_outside": "whether a matrix is square",
    "_inverse": "the order of dimensions that undoes a permutation",
}
# The same of Python's and NumPy's own.
BUILTINS = {"len", "range", "tuple", "min", "max", "slice", "list", "sorted", "zip", "enumerate", "float", "int", "sum"}
BUILTINS |= {"RuntimeError"}  # an operation without a derivative says so
FUNCTIONS = {math.prod, builtins.max, builtins.min}
# What a formula may name: other functions, which are looked at too, numbers, and the words of an error.
CONSTANTS = (types.FunctionType, int, float, str)
WORLD = {
    "isinstance", "issubclass", "hasattr", "getattr", "setattr", "type", "__class__", "_array", "ndarray", "requires_grad",
    "Tensor", "wrap", "_edge", "mode",
}  # fmt: skip


def codes_in(code):
    """A function's code and that of the lambdas and comprehensions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes_in(constant)


def questions(function):
    """What a function asks, in its own code."""
    for code in codes_in(function.__code__):
        if any("_IF_" in i.opname for i in dis.get_instructions(code)):
            yield "an if"
        if code.co_exceptiontable:
            yield "a try"
        yield from sorted(WORLD.intersection(code.co_names))


def called(function):
    """(name, value) of all that a function's code reads from outside: globals, builtins, what it closes over."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for code in codes_in(function.__code__):
        for i in dis.get_instructions(code):
            if i.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                name = i.argval
                yield name, function.__globals__.get(name, getattr(builtins, name, None))
            elif i.opname == "LOAD_DEREF" and i.argval in cells:
                yield i.argval, cells[i.argval].cell_contents


def attributes(function, module_name):
    """The attributes that a function's code takes of a module it names."""
    for code in codes_in(function.__code__):
        steps = [i for i in dis.get_instructions(code) if i.opname != "PUSH_NULL"]
        for at, then in itertools.pairwise(steps):
            if at.argval == module_name and then.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                yield then.argval


def outsiders(function):
    """What a function calls or reads that a formula of operations has no need of."""
    for name, value in called(function):
        if isinstance(getattr(value, "operation", None), Operation) or isinstance(value, CONSTANTS):
            continue
        if isinstance(value, types.ModuleType):
            for attribute in attributes(function, name):
                if getattr(value, attribute) not in FUNCTIONS and not isinstance(getattr(value, attribute), float):
                    yield f"{name}.{attribute}"
        elif name not in BUILTINS and name not in WORLD:
            yield name


def offences(function, seen):
    """(who, what) makes a rule impure: its own questions, and those of the functions that it calls."""
    if function in seen or function is flat:  # `flat` is the one exception: zeros, in whichever world
        return
    seen.add(function)
    asked = [*questions(function), *outsiders(function)]
    yield from ((function, what) for what in asked)
    if not WORLD.intersection(asked):  # else it is to be replaced, with all that it calls
        for _, value in called(function):
            if isinstance(value, types.FunctionType) and not hasattr(value, "operation") and value.__name__ not in HELPERS:
                yield from offences(value, seen)


def rules():
    return [
        (f"{name}, input {i}", rule)
        for name, op in operations().items()
        for i, rule in enumerate(op.partials)
        if rule is not None and rule is not flat
    ]


def test_the_law_sees_every_rule():
    assert len(rules()) > 220


def shaped_by_world(g, x):
    return g * x if isinstance(x, Tensor) else g * x._array


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (lambda g, x: g * exp(x), set()),
        (lambda g, x: -g * (x + 1.0) ** math.pi, set()),
        (lambda g, x: g * math.prod(x.shape), set()),
        (lambda g, x, keepdim: g if keepdim else g * x, {"an if"}),
        (lambda g, x: g * (x or 1.0), {"an if"}),
        (lambda g, x: shaped_by_world(g, x), {"an if", "isinstance", "Tensor", "_array"}),
        (lambda g, x: [g * v for v in x if v.requires_grad], {"an if", "requires_grad"}),
        (lambda g, x: g * np.exp(x), {"np.exp"}),
        (lambda g, x: g * clamp(x, 0.0), {"an if"}),
    ],
    ids=["calls", "numbers", "shapes", "if", "or", "isinstance", "comprehension", "of NumPy", "through a public function"],
)
def test_the_law_sees_what_it_judges(rule, found):
    assert found <= {what for _, what in offences(rule, set())}
    assert bool(found) == bool(list(offences(rule, set())))


def test_rules_are_pure():
    impure = {}
    for name, rule in rules():
        for function, what in offences(rule, set()):
            own = function is rule
            who = name if own else f"{function.__module__}.{function.__name__}"
            impure.setdefault(who, set()).add(what)
    assert not impure, "\n".join(f"{who}: {', '.join(sorted(map(str, what)))}" for who, what in sorted(impure.items()))

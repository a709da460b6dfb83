"""Operators with what is no tensor: left to its class where that has an answer, else Python's own TypeError, as in PyTorch."""

import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

NAMES = "add sub mul truediv floordiv mod pow matmul lshift rshift and or xor".split()  # noqa: SIM905
COMPARISONS = "eq ne lt le gt ge".split()  # noqa: SIM905
MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


def function(name):
    return getattr(operator, f"{name}_" if name in ("and", "or") else name)


def called(text):
    return lambda self, other: f"{text} of {type(other).__name__}"


def class_with(names):
    """A class that has these methods, and nothing else that an operator could use."""
    return type("Money", (), {"__hash__": object.__hash__, **{f"__{name}__": called(name) for name in names}})


def result(m, run, dtype):
    """What an operator gives: a tensor's values, the answer of the other class, or the class of the error and its text."""
    try:
        found = run(m.ones(2, dtype=getattr(m, dtype)))
    except Exception as error:
        return type(error).__name__, str(error)
    return (str(found.dtype), found.tolist()) if isinstance(found, m.Tensor) else found


@given(
    has=st.sets(st.sampled_from([*(f"r{n}" for n in NAMES), *NAMES, *COMPARISONS])),
    name=st.sampled_from([*NAMES, *(f"i{n}" for n in NAMES), *COMPARISONS]),
    behind=st.booleans(),
    dtype=st.sampled_from(["float32", "int64", "bool"]),
)
def test_a_foreign_class_is_asked(has, name, behind, dtype):
    """With any methods of its own, on either side of every operator."""
    other = class_with(has)()
    run = (lambda t: function(name)(t, other)) if behind or name in IN_PLACE else (lambda t: function(name)(other, t))
    assert result(autodiff, run, dtype) == result(torch, run, dtype)


IN_PLACE = {f"i{n}" for n in NAMES}


@pytest.mark.parametrize("name", [*NAMES, *COMPARISONS])
def test_the_methods_return_not_implemented(name):
    t, other = autodiff.ones(2, dtype=autodiff.int64), class_with([])()
    names = [name] if name in COMPARISONS else [name, f"r{name}", f"i{name}"]
    for each in names:
        if each != "imatmul":  # Python takes __matmul__ instead
            assert getattr(autodiff.Tensor, f"__{each}__")(t, other) is NotImplemented, each


FOREIGN = {
    "text": "a",
    "bytes": b"a",
    "None": None,
    "set": {1},
    "list": [1.0, 2.0],
    "tuple": (1.0, 2.0),
    "dict": {},
    "Decimal": Decimal(2),
    "Fraction": Fraction(1, 2),
    "range": range(2),
    "a class": int,
    "Ellipsis": ...,
    "object": object(),
    "a priority": type("Prior", (), {"__array_priority__": 2000})(),
}


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
@pytest.mark.parametrize("other", FOREIGN)
def test_what_is_no_operand(other, dtype):
    """The same value, or the same error in the same words."""
    other = FOREIGN[other]
    for name in [*NAMES, *IN_PLACE, *COMPARISONS]:
        runs = [lambda t, name=name: function(name)(t, other)]
        if name not in IN_PLACE:
            runs.append(lambda t, name=name: function(name)(other, t))
        for run in runs:
            assert result(autodiff, run, dtype) == result(torch, run, dtype), name


def test_a_dunder_is_asked_before_anything_is_changed():
    x = autodiff.ones(2)
    y = x
    y += class_with(["radd"])()
    assert y == "radd of Tensor"
    assert x.tolist() == [1, 1]


FUNCTIONS = ["add", "sub", "mul", "div", "pow", "matmul", "remainder", "bitwise_and", "eq", "floor_divide"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_say_what_is_wrong(name):
    """Only an operator leaves the answer to another class."""
    other = class_with([*(f"r{n}" for n in NAMES), *NAMES, *COMPARISONS])()
    with pytest.raises(TypeError, match=r"must be Tensor.*not Money"):
        getattr(autodiff, name)(autodiff.ones(2, dtype=autodiff.int64), other)
    if name not in ("matmul", "eq"):
        with pytest.raises(TypeError, match=r"must be Tensor.*not Money"):
            getattr(autodiff.ones(2, dtype=autodiff.int64), f"{name}_")(other)


def test_equal_to_anything():
    t = autodiff.ones(2)
    assert [t == "a", t == None, t == object(), t == [1, 1]] == [False] * 4  # noqa: E711
    assert [t != "a", t != None, t != object(), t != [1, 1]] == [True] * 4  # noqa: E711
    assert t in [None, "a", t]


def test_an_array_of_objects_is_refused_by_its_dtype():
    with pytest.raises(TypeError, match="supported types are"):
        autodiff.ones(2) + np.array([None, 1])

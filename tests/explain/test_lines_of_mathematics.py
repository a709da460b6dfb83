"""How a formula and a number are written: each sign, each pair of parentheses and each rounding has a line here."""

import ast

import numpy as np
import pytest

import autodiff as torch
from autodiff._core.graph import primitive
from autodiff.explain.notation import line
from autodiff.explain.numbers import brief, counted, factor, number, shape_of
from autodiff.explain.settled import index_text, is_settled, one_index, settled
from autodiff.explain.values import value_of


def parsed(source):
    return ast.parse(source, mode="eval").body


# ---- signs and parentheses ----

FORMULAS = [
    # a product with a reciprocal is a quotient
    ("g * (1 / n)", "g / n"), ("g * (1 / (a * b))", "g / (a · b)"), ("g * (2 / n)", "g · (2 / n)"), ("1 / n * g", "1 / n · g"),
    # signs before a part
    ("+x", "x"), ("- -x", "−(−x)"), ("-(a + b)", "−(a + b)"), ("-a / b", "−a / b"), ("~(a & b)", "not (a and b)"),
    ("~(a > b)", "not a > b"), ("~a & b", "not a and b"), ("-x @ y", "−x @ y"),
    # comparisons, and what stands in them
    ("a + b > c - d", "a + b > c − d"), ("(a & b) == c", "(a and b) = c"), ("c != (a | b)", "c ≠ (a or b)"),
    ("(a > b) == c", "(a > b) = c"), ("a <= b", "a ≤ b"), ("a < b", "a < b"),
    # and, or
    ("a or b and c", "a or b and c"), ("(a or b) and c", "(a or b) and c"), ("a and (b and c)", "a and (b and c)"),
    ("a | b | c", "a or b or c"), ("a & (b | c)", "a and (b or c)"), ("(a or b) * c", "(a or b) · c"),
    # a choice
    ("(x if a else y) if b else z", "(x where a, else y) where b, else z"),
    ("x if a else (y if b else z)", "x where a, else y where b, else z"),
    ("x if (a if b else c) else y", "x where (a where b, else c), else y"),
    ("x or y if a or b else z", "x or y where a or b, else z"), ("-(x if a else y)", "−(x where a, else y)"),
    # a power
    ("x ** 1", "x"), ("(a + b) ** 1", "(a + b)"), ("x ** 10", "x¹⁰"), ("x ** 0.5", "x^0.5"), ("x ** -0.5", "x^(−0.5)"),
    ("x ** -p", "x^(−p)"), ("x ** f(a)", "x^(f(a))"), ("x ** (a + b)", "x^(a + b)"), ("x ** a ** b", "x^(a^b)"),
    ("x ** w[0]", "x^w[0]"), ("f(x) ** 2", "f(x)²"), ("(a * b) ** 2", "(a · b)²"),
    # calls
    ("rsqrt(x) ** 2", "(1 / √x)²"), ("rsqrt(a + b)", "1 / √(a + b)"), ("abs(a) ** 2", "|a|²"), ("sqrt(x) * y", "√x · y"),
    ("sqrt(x, y)", "sqrt(x, y)"), ("abs(x, out=y)", "abs(x, out=y)"), ("f(a=1.0)", "f(a=1)"), ("f()", "f()"),
    ("f(a, b=-1, c=d)", "f(a, b=−1, c=d)"), ("f(*xs)", "f(xs)"), ("F.relu(x).T", "F.relu(x)ᵀ"), ("2 * w.grad", "2 · w.grad"),
    ("x.data ** 2", "x.data²"), ("model(x).sum() * 2", "model(x).sum() · 2"),
    # turned, shapes, places
    ("x.T.T", "x"), ("(a + b).mT.T", "a + b"), ("(a + b).shape", "the shape of (a + b)"), ("x.shape ** 2", "(the shape of x)²"),
    ("x.shape * y", "the shape of x · y"), ("x[0, 1] ** 2", "x[0, 1]²"), ("(a + b)[0, i]", "(a + b)[0, i]"),
    ("(a + b)[i + 1]", "(a + b)[i + 1]"), ("x[0,]", "x[(0,)]"), ("(a + b)[..., None]", "(a + b) as a column"),
    ("x[..., 0]", "x[Ellipsis, 0]"), ("x[None, ...]", "x[None, Ellipsis]"),
    # lists
    ("(a, b)", "(a, b)"), ("(a,)", "(a,)"), ("[a]", "(a,)"), ("[a, -b]", "(a, −b)"), ("()", "()"),
    # what has no sign of its own stands as Python writes it, in parentheses among others
    ("g * (lambda x: x)", "g · (lambda x: x)"), ("a % b", "a % b"), ("(a % b) + c", "(a % b) + c"),
    # sums and products of equal strength
    ("a - b + c", "a − b + c"), ("a - (b + c)", "a − (b + c)"), ("a + (b + c)", "a + (b + c)"), ("a @ (b @ c)", "a @ (b @ c)"),
    ("a + -b", "a + (−b)"), ("a + -b * c", "a + (−b · c)"), ("(a + b) @ (c - d)", "(a + b) @ (c − d)"),
    # words with formulas among them, as a docstring gives them
    ("f'{a + b} in every place'", "(a + b) in every place"), ("f'{a * b} in every place'", "a · b in every place"),
    ("f'{a * b} put at {i + 1}'", "(a · b) put at i + 1"), ("f'the {a + b} of {c}'", "the (a + b) of c"),
    ("g * f'{x} in every place'", "g · x"), ("f'{x} in every place' - g", "x − g"),
    ("g * f'{x} put there'", "g · (x put there)"),
    ("g * f'{x}'", "g · x"), ("-f'{x} in every place'", "−(x in every place)"), ("f'{-a} of {-b}'", "−a of −b"),
    ("f'{a * b} in every row'", "(a · b) in every row"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "text"), FORMULAS, ids=[source for source, _ in FORMULAS])
def test_a_formula(source, text):
    assert line(parsed(source)) == text


NUMBERS = [
    (3, "3"), (-3, "−3"), (3.0, "3"), (-3.0, "−3"), (0.1234567, "0.1235"), (-0.5, "−0.5"), (999999.0, "999999"), (1e6, "1e6"),
    (-999999.0, "−999999"), (-1e6, "−1e6"), (1234567, "1234567"), (np.float32(0.5), "0.5"), (np.float64(-2.0), "−2"),
    (np.float32(-0.25), "−0.25"), (True, "True"), (None, "None"), ("a-b", "a-b"),
]


@pytest.mark.parametrize(("value", "text"), NUMBERS, ids=[str(text) for _, text in NUMBERS])
def test_a_number_in_a_formula(value, text):
    assert line(ast.Constant(value)) == text


def test_a_negative_number_in_a_formula_stands_in_parentheses_where_a_sign_would():
    x, minus = ast.Name("x"), ast.Constant(-3)
    assert line(ast.BinOp(minus, ast.Pow(), ast.Constant(2))) == "(−3)²"
    assert line(ast.BinOp(x, ast.Mult(), minus)) == "x · (−3)"
    assert line(ast.BinOp(minus, ast.Mult(), x)) == "−3 · x"
    assert line(ast.BinOp(x, ast.Pow(), minus)) == "x⁻³"


# ---- numbers ----


@pytest.mark.parametrize(
    ("x", "digits", "text"),
    [
        (0.5, 4, "0.5"), (-1.3264, 4, "−1.326"), (1.2e-7, 4, "1.2e−7"), (-1.2e-7, 4, "−1.2e−7"), (12345.678, 4, "1.235e4"),
        (1e20, 4, "1e20"), (float("inf"), 4, "∞"), (-float("inf"), 4, "−∞"), (float("nan"), 4, "nan"), (-0.0, 4, "0"),
        (0.0, 4, "0"), (1e-300, 4, "1e−300"), (12345.678, 7, "12345.68"), (0.123456, 6, "0.123456"), (3, 4, "3"),
        (1.00004, 4, "1"), (np.float32(0.1), 4, "0.1"),
    ],
)  # fmt: skip
def test_a_number_as_people_read_it(x, digits, text):
    assert number(x, digits) == text
    if digits == 4:
        assert number(x) == text


def test_a_factor_is_in_parentheses_where_it_is_negative():
    assert [factor(x) for x in (3, -3, -0.0, -1e-9)] == ["3", "(−3)", "0", "(−1e−9)"]


def test_so_many_of_something_and_a_shape():
    assert [counted(n, "node") for n in (0, 1, 2, 1200)] == ["0 nodes", "1 node", "2 nodes", "1,200 nodes"]
    shapes = [(), (3,), (4, 3), (np.int64(2), np.int64(5)), (np.int64(7),)]
    assert [shape_of(shape) for shape in shapes] == ["()", "(3,)", "(4, 3)", "(2, 5)", "(7,)"]


BRIEF = [
    (2.0, "2"), ([[2.5]], "2.5"), ([-0.0], "0"), ([True], "1"),
    ([1.0, -2.5], "[1 −2.5]"), ([-0.0, 1e-9], "[0 1e-09]".replace("-", "−")), ([1, 2, 3, 4, 5, 6], "[1 2 3 4 5 6]"),
    ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "[1 2 3 4 5 6]"), ([1.0] * 7, "(7,) norm 2.65"), ([[1.0, 2.0]], "(1, 2) norm 2.24"),
    ([1.25, 2.25, 3.25, 4.25, 5.25], "[1.2 2.2 3.2 4.2 5.2]"), ([-1.25] * 5, "(5,) norm 2.8"), ([0.111] * 6, "(6,) norm 0.272"),
    ([], "(0,) norm 0"), ([[1, 2], [3, 4]], "(2, 2) int64"), ([[True, False]], "(1, 2) bool"),
    ([[1e-5, 0.0]], "(1, 2) norm 1e−05"),
    ([[float("nan"), 1.0]], "(1, 2) norm 1, 1 not finite"), ([float("inf"), 1.0], "[inf 1]"),
    ([[float("inf"), float("nan")]], "(1, 2) norm 0, 2 not finite"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), BRIEF, ids=[text for _, text in BRIEF])
def test_a_value_in_a_few_characters(value, text):
    assert brief(value_of(np.array(value))) == text


def test_a_value_in_fewer_characters_with_more_digits_or_none():
    assert brief(None) == "?"
    five = value_of(np.array([1.25, 2.25, 3.25, 4.25, 5.25]))  # 21 characters
    assert (brief(five, room=21), brief(five, room=20)) == ("[1.2 2.2 3.2 4.2 5.2]", "(5,) norm 7.93")
    assert (brief(value_of(np.array(1.23456))), brief(value_of(np.array(1.23456)), digits=6)) == ("1.235", "1.23456")
    assert brief(value_of(np.ones(5000))) == "(5000,) norm 70.7"


# ---- what a run settles ----


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (1, True), (0.5, True), (np.int64(3), True), (np.float32(2), True), (True, False), (None, False), ("sum", False),
        ((1, 2), True), ([1, 2.0], True), ((), True), ((1, None, ...), True), ((slice(1, 2), 0), True), ((np.arange(3),), True),
        ((1, "a"), False), ((1, True), False), (((1, 2), 3), True), (((1, "a"), 3), False), (torch.ones(1), False),
        (..., False),
    ],
)  # fmt: skip
def test_an_option_is_a_number_a_shape_or_an_index(value, answer):
    assert is_settled(value) is answer


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ((slice(1, None), 0), "1:, 0"), ((slice(None, 3),), ":3"), ((slice(0, 6, 2), ...), "0:6:2"),
        ((0, ..., slice(None)), "0"),
        ((slice(None), 0), ":, 0"), ((slice(None), slice(None)), ":"), ((...,), "…"), ((..., 0), "…, 0"),
        ((None, 2), "None, 2"),
        ((np.array([3, 0, 1]),), "[3 0 1]"), ((np.arange(6),), "[0 1 2 3 4 5]"), ((np.arange(7),), "[0 1 2 3 4 5 …]"),
        ((np.array([[1, 2], [3, 4]]), 1), "[1 2 3 4], 1"), ((slice(None, None, 2),), "::2"), ((-1,), "-1"),
    ],
)  # fmt: skip
def test_an_index_as_it_is_written(index, text):
    assert index_text(index) == text
    if len(index) == 1:
        assert one_index(index[0]) == text


SETTLED = [
    # times 1, to the power of 1, plus 0: nothing
    ("n * x", {"n": 1}, "x"), ("x * n", {"n": 1}, "x"), ("x / n", {"n": 1}, "x"), ("x ** n", {"n": 1}, "x"),
    ("x + n", {"n": 0}, "x"), ("x - n", {"n": 0}, "x"), ("n / x", {"n": 1}, "1 / x"), ("n ** x", {"n": 1}, "1^x"),
    ("n + x", {"n": 0}, "0 + x"), ("n - x", {"n": 0}, "0 − x"), ("x * n", {"n": 0}, "x · 0"), ("x + n", {"n": 1}, "x + 1"),
    ("n * x", {"n": 2}, "2 · x"), ("n @ x", {"n": 1}, "1 @ x"), ("n * x", {"n": 1.0}, "x"),
    # numbers of the rule itself stay
    ("1 * x", {}, "1 · x"), ("x + 0", {}, "x + 0"), ("1 / 6 * x", {}, "1 / 6 · x"), ("2 ** 3", {}, "2³"),
    ("-2 * x", {}, "−2 · x"),
    # a number of the run and one of the rule are computed
    ("n + 2", {"n": 3}, "5"), ("2 - n", {"n": 3}, "−1"), ("n * 2", {"n": 3}, "6"), ("n / 2", {"n": 3}, "1.5"),
    ("2 ** n", {"n": 3}, "8"), ("n * m", {"n": 3, "m": 4}, "12"), ("x ** (n - 1)", {"n": 3}, "x²"),
    ("x ** (n - 1)", {"n": 2}, "x"),
    ("n / 3", {"n": 1}, "0.3333"),
    # not where that is no finite number, or a long one
    ("n / 0", {"n": 1}, "1 / 0"), ("n * 1e10", {"n": 1e308}, "1e308 · 1e10"), ("n + None", {"n": 1}, "1 + None"),
    ("n * 1e-10", {"n": 1.23}, "1.23e−10"), ("n * 1e-10", {"n": 1.234}, "1.234 · 1e−10"), ("n % 2", {"n": 3}, "3 % 2"),
    ("n ** 0.5", {"n": -8}, "(−8)^0.5"), ("x % n", {"n": 2}, "x % 2"), ("F.pad(x, n)", {"n": 2}, "F.pad(x, 2)"),
    # a sign
    ("x ** -n", {"n": 2}, "x⁻²"), ("-n + 3", {"n": 1}, "2"), ("~n", {"n": 1}, "not 1"), ("-s", {"s": (1, 2)}, "−(1, 2)"),
    ("-x", {}, "−x"),
    # a choice
    ("a if n == 2 else b", {"n": 2}, "a"), ("a if n == 2 else b", {"n": 3}, "b"), ("a if n != 2 else b", {"n": 3}, "a"),
    ("a if n < 2 else b", {"n": 2}, "b"), ("a if n <= 2 else b", {"n": 2}, "a"), ("a if n > 2 else b", {"n": 2}, "b"),
    ("a if n >= 2 else b", {"n": 2}, "a"), ("a if 1 < n else b", {"n": 2}, "a"),
    ("a if x > n else b", {"n": 2}, "a where x > 2, else b"),
    ("a if 0 < n < 3 else b", {"n": 2}, "a where 0 < 2 < 3, else b"), ("a if 1 < 2 else b", {}, "a where 1 < 2, else b"),
    ("a * n if n > 0 else b", {"n": 1}, "a"), ("a if x else b * n", {"n": 1}, "a where x, else b"),
    # shapes and indices
    ("s[1]", {"s": (4, 3)}, "3"), ("s[i]", {"s": (4, 3)}, "(4, 3)[i]"), ("s[i]", {"s": (4, 3), "i": 0}, "4"),
    ("x[i]", {"i": 0}, "x[0]"),
    ("x[n - 1]", {"n": 3}, "x[2]"), ("n[0]", {"n": 3}, "3[0]"), ("f(x, s)", {"s": [4, 3]}, "f(x, (4, 3))"),
    ("f(i)", {"i": (slice(1, None), 0)}, "f([1:, 0])"), ("f(i)", {"i": (np.array([2, 0]),)}, "f([2 0])"),
    ("f(i)", {"i": (np.array([2, 0]), np.array([1, 1]))}, "f([[2 0], [1 1]])"), ("f(i)", {"i": (1, 2)}, "f((1, 2))"),
    # what is called keeps its name, and a switch stays a word
    ("n(n, k=n)", {"n": 2}, "n(2, k=2)"), ("f(b)", {"b": True}, "f(b)"), ("f(r)", {"r": "sum"}, "f(r)"),
    ("f(x)", {"x": None}, "f(x)"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "values", "text"), SETTLED, ids=[f"{source} {values}" for source, values, _ in SETTLED])
def test_what_a_run_settles(source, values, text):
    assert line(settled(parsed(source), values)) == text


def test_a_number_that_is_put_in_is_seen_also_where_mathematics_has_no_sign():
    """Python's own text of a part has to have it, too."""

    @primitive(lambda g, x, n: g * (x % n) ** 0, None)
    def wrapped(x, *, n):
        return x % n

    w = torch.tensor([5.0, 7.5], requires_grad=True)
    with torch.watch() as run:
        wrapped(w, n=3.5).sum().backward()
    rules = [equation.rule for moment in run.story.moments for equation in moment.equations]
    assert "g · (w % 3.5)⁰" in rules

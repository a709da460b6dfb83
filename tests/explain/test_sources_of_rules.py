"""From a function to its formula: where its source is found, what helpers stand for, and which usual case a run is."""

import ast
import linecache
import math

import numpy as np
import pytest

from autodiff._core.graph import primitive
from autodiff.explain import rules, source, usual
from autodiff.explain.notation import line
from autodiff.explain.rules import template, written, written_out
from autodiff.explain.source import assigned, body_of, copied, definition_of, module_with
from autodiff.explain.usual import Unknown, evaluated, usual_formula


def parsed(text):
    return ast.parse(text, mode="eval").body


def compiled(text, name, file="<made up>"):
    """What a name means in a file that is only in linecache."""
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    world = {"__file__": file}
    exec(compile(text, file, "exec"), world)
    return world[name]


# ---- a lambda ----


def test_a_lambda_that_calls_a_function_of_a_module_is_found():
    assert written(lambda g, x: g * math.sqrt(x)) == "g · √x"
    assert written(lambda g, x: g * np.sign(x) * math.pi) == "g · sign(x) · π"
    assert written(lambda g, x: g * np.log(x + 1)) == "g · log(x + 1)"


def test_a_lambda_over_several_lines_and_one_in_a_call():
    rule = compiled("rule = (lambda g, x:\n    g *\n    (x +\n     1))\n", "rule")
    assert ast.unparse(body_of(rule)) == "g * (x + 1)"
    text = "def several(*xs): return xs\nrules = several(lambda g, x: g, lambda g, x: -g, lambda g, x: g * x)\n"
    assert [written(rule) for rule in compiled(text, "rules")] == ["g", "−g", "g · x"]
    nested = compiled("rules = [lambda g: (lambda g: g + 1), lambda g: g]\n", "rules")
    assert [written(rule) for rule in (nested[0](0), nested[1])] == ["g + 1", "g"]


def test_of_two_with_the_same_places_that_with_these_arguments_is_taken():
    inner = compiled("rule = (lambda x: (lambda g: g * 2))(1)\n", "rule")
    assert written(inner) == "g · 2"
    assert ast.unparse(body_of(compiled("rule = lambda x: (lambda g: g * 2)\n", "rule"))) == "lambda g: g * 2"


def test_code_without_columns_has_no_source():
    """As under -X no_debug_ranges, and in a frozen program."""
    rule = lambda g, x: g * x  # noqa: E731
    assert ast.unparse(body_of(rule)) == "g * x"
    rule.__code__ = rule.__code__.replace(co_linetable=b"")
    assert body_of(rule) is None
    assert written(rule) == "f(g, x)"


def test_what_is_no_lambda_has_no_body_but_a_definition():
    def plain(g, x):
        return g * x

    assert body_of(plain) is None
    assert ast.unparse(definition_of(plain).body[0]) == "return g * x"
    assert definition_of(lambda g: g) is None


def test_a_definition_that_was_changed_since_is_not_taken():
    text = "import math\n\ndef f(x: int) -> float:\n    return math.sqrt(x) + 1\n"
    f = compiled(text, "f", "<changed>")
    assert definition_of(f) is not None
    definition_of.cache_clear()
    others = (text.replace(*pair) for pair in (("+ 1", "+ 2"), ("sqrt", "cos"), ("def f", "def h")))
    for later in (*others, "\n" + text, "magic %%"):
        linecache.cache["<changed>"] = (len(later), None, later.splitlines(keepends=True), "<changed>")
        assert definition_of(f) is None
        definition_of.cache_clear()


def test_a_decorated_definition_is_found_by_its_first_line():
    text = "def same(f):\n    return f\n\n@same\n@same\ndef f(x: 'a', *y: 'b', z: 'c' = 1) -> 'd':\n    'doc'\n    return x\n"
    f = compiled(text, "f", "<decorated>")
    found = definition_of(f)
    assert (found.name, found.lineno, source._first_line(found)) == ("f", 6, 4)
    assert ast.unparse(found).startswith("@same\n@same\ndef f(x: 'a', *y: 'b', z: 'c'=1) -> 'd':")  # the source stays whole
    bare = source._bare(found)
    assert ast.unparse(ast.fix_missing_locations(bare)).startswith("def f(x, *y, z=1):")


def test_a_function_of_two_that_have_a_name_is_that_of_its_line():
    text = "def f():\n    return 1\n\nfirst = f\n\ndef f():\n    return 2\n\nboth = first, f\n"
    first, second = compiled(text, "both", "<twice>")
    assert [ast.unparse(definition_of(each).body[0]) for each in (first, second)] == ["return 1", "return 2"]


def test_a_file_that_is_no_python_or_is_not_there_has_nothing():
    linecache.cache["<broken>"] = (3, None, ["%%time\n"], "<broken>")
    assert ast.unparse(module_with({"__file__": "<broken>"})) == ast.unparse(module_with({})) == ""
    linecache.cache["<fine>"] = (3, None, ["x = 1\n"], "<fine>")
    assert ast.unparse(module_with({"__file__": "<fine>"})) == "x = 1"


# ---- what is assigned at the top of a file ----


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a", "1"), ("b", "2 * 3"), ("c", "4"), ("d", "x"), ("e", "x"), ("f", None), ("g", None), ("h", None), ("i", "7"),
        ("j", None), ("n", "1"), ("o", None),
    ],
)  # fmt: skip
def test_what_is_assigned_to_a_name(name, value):
    first = "a = 1\nb, c = 2 * 3, 4\nd = e = x\nf, g = pair\nif a:\n    h = 5\n"
    module = ast.parse(first + "(i, (j, k)) = 7, (8, 9)\nl.m = 3\na = 6\nn, *o = 1, 2, 3\n")
    found = assigned(module, name)
    assert (found and ast.unparse(found)) == value


# ---- trees ----


def test_a_copy_may_be_changed():
    tree = parsed("f(a, [b, (c, 'd')], k=-1) if x < y < z else w[1:, ...]")
    copy = copied(tree)
    assert ast.dump(copy) == ast.dump(tree)
    parts = {id(node) for node in ast.walk(tree) if isinstance(node, (ast.expr, ast.keyword))}
    assert not parts & {id(node) for node in ast.walk(copy)}
    copy.body.args.append(ast.Name("e"))
    assert "e" not in ast.unparse(tree).split("if")[0].split(", ")


def test_the_name_that_is_called_is_left():
    class Upper(source.InArguments):
        def visit_Name(self, node):
            return ast.Name(node.id.upper())

    assert ast.unparse(Upper().visit(parsed("f(a, g(b), k=c) + d"))) == "f(A, g(B), k=C) + D"


# ---- helpers ----


def masked(x, y, n=2):
    """x where y > n, else 0: what is above."""


def worded(x, axis):
    """A row of `x` along `axis`; and so on.

    More.
    """


def lettered(x, a, g):
    """x put beside a stack of g. It says no more."""


def a_number(n):
    """n / 2"""


def one_word(x):
    """nothing"""


def called(x):
    """exp(x) of it.

    >>> called(1)
    """


def keyed(x, *, k=3, j):
    """x + k * j."""


def many(*xs):
    """g of xs"""


def silent(x):
    pass


def sigmoid_like(x):
    """1 - (1 - x)"""


def capital(x):
    """X is finite"""


def turned(x):
    """pi * x + N"""


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("masked(a, b)", "a where b > 2, else 0"), ("masked(a, b, c)", "a where b > c, else 0"),
        ("masked(a + 1, y=b, n=3)", "a + 1 where b > 3, else 0"),
        ("g * masked(a, b)", "g · (a where b > 2, else 0)"), ("worded(a * b, 1)", "a row of (a * b) along 1".replace("*", "·")),
        ("lettered(a, 1, b + c)", "a put beside a stack of b + c"), ("a_number(m)", "m / 2"), ("one_word(a)", "nothing"),
        ("called(a)", "called(a)"), ("keyed(a, j=b)", "a + 3 · b"), ("keyed(a, j=b, k=c)", "a + c · b"),
        ("silent(a + 1)", "silent(a + 1)"),
        ("sigmoid_like(a * b)", "a · b"), ("capital(a)", "a is finite"), ("turned(a)", "π · a + N"),
        ("unknown(masked(a, b))", "unknown(a where b > 2, else 0)"),
        ("masked(masked(a, b), c)", "(a where b > 2, else 0) where c > 2, else 0"),
        ("called(k=masked(a, b))", "called(k=a where b > 2, else 0)"),
        ("a.sum(masked(b, c))", "a.sum(b if c > 2 else 0)"),
    ],
)  # fmt: skip
def test_what_a_call_of_a_helper_stands_for(call, text):
    assert line(written_out(parsed(call), globals(), ["a", "b", "c", "g", "m"])) == text


def test_a_helper_that_says_nothing_stands_as_it_is():
    for helper in (silent, called, math.sqrt, None, "text"):
        assert template(helper, parsed("f(a)")) is None
    assert line(template(masked, parsed("masked(a, b)"))) == "a where b > 2, else 0"


def test_what_a_call_gives_for_each_argument():
    def given(helper, call):
        return {name: ast.unparse(value) for name, value in rules._given(helper, parsed(call)).items()}

    assert given(masked, "masked(a, b)") == {"x": "a", "y": "b", "n": "2"}
    assert given(masked, "masked(a, b, n=c)") == given(masked, "masked(a, b, c)") == {"x": "a", "y": "b", "n": "c"}
    assert given(keyed, "keyed(a, j=b)") == {"x": "a", "k": "3", "j": "b"}
    assert given(many, "many(a)") == {"xs": "a"}

    @primitive(lambda g: g)
    def operation(x, *, k=5):
        return x

    assert given(operation, "operation(a, k=2)") == {"x": "a", "k": "2"}
    assert given(operation, "operation(a)") == {"x": "a", "k": "5"}


HALF, LOG2, NAMED, RATIO = 0.5, math.log(2), "sum", 1 / 3
TWICE = 2 * HALF


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("g * HALF", "g · 0.5"), ("g * LOG2", "g · log(2)"), ("g * TWICE", "g · (2 · 0.5)"), ("g * RATIO", "g / 3"),
        ("g * NAMED", "g · NAMED"),
        ("math.pi * g", "π · g"), ("math.sqrt(g)", "√g"), ("np.exp(g)", "exp(g)"), ("g.T", "gᵀ"), ("x.shape", "the shape of x"),
        ("abs(g)", "|g|"),
        ("x.math", "x.math"), ("(x + math.e).T", "(x + e)ᵀ"), ("f(HALF, k=HALF)", "f(0.5, k=0.5)"), ("math(x)", "math(x)"),
    ],
)  # fmt: skip
def test_constants_and_modules_of_a_rules_file(formula, text):
    assert line(written_out(parsed(formula), globals(), ["g", "x"])) == text


def test_an_argument_hides_a_constant_of_the_file():
    assert line(written_out(parsed("g * HALF"), globals(), ["g", "HALF"])) == "g · HALF"
    assert line(written_out(parsed("abs(x)"), globals(), ["abs", "x"])) == "|x|"


def test_a_constant_that_is_more_than_mathematics_is_its_value():
    world = {"__file__": "<constants>", "EPS": 1e-5, "K": 3}
    text = "EPS = float(np.finfo(np.float32).eps)\nK = len(x)\n"
    linecache.cache["<constants>"] = (len(text), None, text.splitlines(keepends=True), "<constants>")
    assert line(written_out(parsed("g * EPS + K"), world, ["g"])) == "g · 1e−5 + 3"


# ---- a rule ----


def by_words(g, x):
    """`g` where `x` is large."""


def test_a_rule_that_is_a_function():
    assert written(by_words) == "g where x is large"
    assert written(by_words, {"g": "a + b", "x": "the input"}) == "(a + b) where (the input) is large"
    assert written(silent) == "silent(x)"
    assert written(math.sqrt) == "sqrt"
    assert written(object()) == "object"


def test_shapes_and_strange_names():
    rule = lambda g, x_shape, x: g * x_shape + x  # noqa: E731
    assert written(rule) == "g · the shape of x + x"
    assert written(rule, {"x": "a @ b"}) == "g · the shape of (a @ b) + a @ b"
    assert written(rule, {"x": "[3 0 1]"}) == "g · the shape of [3 0 1] + [3 0 1]"
    assert written(rule, {"x": "the input", "x_shape": "(2, 3)"}) == "g · (2, 3) + (the input)"
    assert written(lambda g, shape: g * shape) == "g · shape"


def test_the_values_of_a_run_are_put_in():
    rule = lambda g, n, x: g * n * x**n  # noqa: E731
    assert written(rule) == "g · n · x^n"
    assert written(rule, {"x": "b"}, {"n": 2}) == "g · 2 · b²"
    assert written(rule, {"x": "b"}, {"n": 1}) == "g · b"
    assert written(rule, {"x": "b", "n": "k"}, {"n": True}) == "g · k · b^k"


# ---- the usual case ----


def reduced(g, weight, reduction="mean"):
    """The mean of g by `weight`.

    Plainly, where weight is None and reduction == "sum": g
    Plainly, where weight is None: g / n.
    Plainly, where missing > 1: never
    """


def count_of(x):
    """How many numbers x has."""
    return x.size


def plain(weight="w", reduction="'mean'", **values):
    return usual_formula(reduced, {"g": parsed("g"), "weight": parsed(weight), "reduction": parsed(reduction)}, {}, values)


def test_a_usual_case_is_asked_of_the_values_of_a_run():
    assert plain("None", "'sum'") == "g"
    assert plain("None") == "g / n"
    assert plain("w", w=None) == "g / n"
    assert plain("w", "r", w=None, r="sum") == "g"
    assert plain("w", w=3) is None
    assert plain() is None  # w was not kept
    assert plain("w.x", w=3) is None
    assert usual_formula(silent, {}, {}, {}) is None


LIMIT = 3


@primitive(None, None)
def bounded(x, n):
    """x below n.

    Plainly, where n < LIMIT: x / n
    """
    return x


def test_what_a_question_names_is_of_the_helpers_file():
    for helper in (bounded, bounded.operation.forward):
        given = {"x": parsed("g"), "n": parsed("k")}
        assert [usual_formula(helper, given, {"LIMIT": 100}, {"k": k}) for k in (2, 3)] == ["x / n", None]


def test_what_an_expression_comes_to():
    assert evaluated(parsed("a + b"), {"a": 1}, {"b": 2}) == 3
    assert evaluated(parsed("a"), {"a": 1}, {"a": 5}) == 5
    for unknown in ("c", "a.b", "a + None", "a()"):
        assert isinstance(evaluated(parsed(unknown), {"a": 1}, {}), Unknown)
    tree = parsed("a + 1")
    evaluated(tree, {"a": 1}, {})
    assert ast.unparse(tree) == "a + 1"


def test_in_a_run_a_call_is_its_usual_case_or_a_number_that_is_counted():
    def told(formula, counted=False, **values):
        return line(written_out(parsed(formula), globals(), ["g", "w", "x", "n"], values, counted))

    assert told("reduced(g, w)", w=None) == "g / n"
    assert told("reduced(g * x, None, 'sum')") == "g · x"
    assert told("reduced(g, w)", w=np.ones(2)) == "the mean of g by w"
    assert told("reduced(g + reduced(x, None), w)", w=3) == "the mean of (g + x / n) by w"
    assert told("g / len(x)", x=np.ones(3)) == "g / len(x)"
    assert told("g / double(n)", counted=True, n=3) == "g / 6"
    assert told("g / double(n)", n=3) == "g / (2 · n)"
    assert told("g / double(x)", counted=True, n=3) == "g / (2 · x)"  # x is no option
    assert told("g / halved(n)", counted=True, n=3) == "g / halved(n)"  # no whole number
    assert told("g / double(2)", counted=True, n=3) == "g / (2 · 2)"  # of no name
    assert line(written_out(parsed("double(n)"), globals(), ["n"], None, True)) == "2 · n"


def double(n):
    """2 * n"""
    return 2 * n


def halved(n):
    return n / 2


def test_no_source_is_changed_by_being_written_out():
    tree = parsed("masked(a, b) + HALF * worded(a, HALF)")
    before = ast.unparse(tree)
    written_out(tree, globals(), ["a", "b"])
    assert ast.unparse(tree) == before
    assert usual._LINE.findall("Plainly, where a: b.\nPlainly, where c ==\n 'd': e\n") == [("a", "b"), ("c ==\n 'd'", "e")]

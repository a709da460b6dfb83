"""A printed rule is the rule: it says nothing that the source does not, and computes what the rule computes."""

import ast
import builtins
import itertools
import linecache
import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from formulas import MODULES, computed
from laws import arrays_for, leaves_of, operations
from samples import ROWS

import autodiff as torch
from autodiff._core.graph import flat
from autodiff._core.operation import Operation
from autodiff._core.tensor import wrap
from autodiff.explain.equations import Operand
from autodiff.explain.notation import line
from autodiff.explain.rules import written

RULES = {
    f"{name.removeprefix('autodiff.')}, input {i}": (op, rule)
    for name, op in operations().items()
    for i, rule in enumerate(op.partials)
    if rule is not None and rule is not flat
}

# ---- signs and parentheses ----


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("g * (1.0 - y * y)", "g · (1 − y · y)"),
        ("g * x * y", "g · x · y"),
        ("g * (x * y)", "g · (x · y)"),
        ("g - (x - y) - z", "g − (x − y) − z"),
        ("g / (x / y)", "g / (x / y)"),
        ("(g + x) * y + z", "(g + x) · y + z"),
        ("-g * x", "−g · x"),
        ("-(g * x)", "−(g · x)"),
        ("g * -x", "g · (−x)"),
        ("g - -x", "g − (−x)"),
        ("-x ** 2", "−x²"),
        ("(-x) ** 2", "(−x)²"),
        ("x ** -12", "x⁻¹²"),
        ("(x ** 2) ** 3", "(x²)³"),
        ("x ** (p - 1.0)", "x^(p − 1)"),
        ("x ** p", "x^p"),
        ("sqrt(x) ** 2", "(√x)²"),
        ("sqrt(1 + x)", "√(1 + x)"),
        ("g * rsqrt(x)", "g · (1 / √x)"),
        ("abs(x - y)", "|x − y|"),
        ("g @ (a + b).T", "g @ (a + b)ᵀ"),
        ("(a @ b).mT * alpha", "(a @ b)ᵀ · alpha"),
        ("exp(-(x * x))", "exp(−(x · x))"),
        ("g * (x if x > 0 else -y)", "g · (x where x > 0, else −y)"),
        ("x if x >= 0 and y != 0 else 0.0", "x where x ≥ 0 and y ≠ 0, else 0"),
        ("~mask", "not mask"),
        ("(0 < x) & (x <= 1)", "0 < x and x ≤ 1"),
        ("0 < x <= 1", "0 < x ≤ 1"),
        ("g[0] * 0.5", "g[0] · 0.5"),
        ("g[..., None] * v", "(g as a column) · v"),
    ],
)
def test_a_formula_is_written_as_in_mathematics(source, text):
    assert line(ast.parse(source, mode="eval").body) == text


# ---- where the source comes from ----


def test_of_several_lambdas_on_a_line_each_is_found():
    first, second = (lambda g, y: g * y), (lambda g, y: g * (1.0 - y))
    assert [written(first), written(second)] == ["g · y", "g · (1 − y)"]


def test_of_a_lambda_in_a_lambda_the_inner_one_is_found():
    assert written((lambda: lambda g, x: g / x)()) == "g / x"


def by_docstring(g, x):
    """g where x > 0, else 0: the first line says it."""
    return g * (x > 0)


def without_words(g, x):
    return g * x


class Callable:
    def __call__(self, g):
        return g


def test_without_a_source_a_rule_is_its_first_line_or_its_name():
    assert written(by_docstring) == "g where x > 0, else 0"
    assert written(without_words) == "without_words(g, x)"
    assert written(eval("lambda g, y: g * y")) == "f(g, y)"
    assert written(Callable()) == "Callable"
    assert written(flat) == "0"


@pytest.mark.parametrize("later", ["g, x: g * x", "g, y: g / y", "g, y: g * z", "g, y: g * y + 1.0", "syntax error"])
def test_a_file_that_was_changed_is_not_taken_for_the_source(tmp_path, later):
    file = tmp_path / "rules.py"
    file.write_text(f"rule = lambda {later}\n")
    namespace = {}
    exec(compile("rule = lambda g, y: g * y\n", str(file), "exec"), namespace)
    assert written(namespace["rule"]) == "f(g, y)"


def test_a_rule_may_take_a_number_from_around_it():
    def scaled(c):
        return lambda g: g * c

    assert written(scaled(2.0)) == "g · c"


@pytest.mark.parametrize(
    ("switches", "text"), [((), "g · (1 − o · o)\n"), (("-X", "no_debug_ranges"), "f(g, o)\n")], ids=["usual", "no ranges"]
)
def test_without_columns_nothing_is_guessed(switches, text):
    program = (
        "import sys; sys.stdout.reconfigure(encoding='utf-8')\n"
        "import autodiff\n"
        "assert not [name for name in sys.modules if name.startswith('autodiff.explain')]  # loaded when asked for\n"
        "from autodiff.explain.rules import written\n"
        "print(written(autodiff.tanh.operation.partials[0], {'y': 'o'}))"
    )
    # -B: a cached compilation has the columns, or has them not, as the program that wrote it ran
    command = [sys.executable, "-B", *switches, "-c", program]
    env = {**os.environ, "PYTHONPYCACHEPREFIX": "/nonexistent"}
    assert subprocess.run(command, capture_output=True, encoding="utf-8", check=True, env=env).stdout == text


# ---- names ----


def rule_of(name, i=0):
    return RULES[f"ops.{name}, input {i}"][1]


@pytest.mark.parametrize(
    ("name", "i", "names", "text"),
    [
        ("matmul.mm", 0, {"b": "W2"}, "g @ W2ᵀ"),
        ("matmul.mm", 1, {"a": "h + 1.0"}, "(h + 1)ᵀ @ g"),
        ("trigonometry.tanh", 0, {"y": "o"}, "g · (1 − o · o)"),
        ("arithmetic.mul", 1, {"input": "a - b", "g": "0.5"}, "0.5 · (a − b)"),
        ("arithmetic.mul", 1, {"input": "-3"}, "g · (−3)"),
        ("arithmetic.mul", 1, {"input": "c₂"}, "g · c₂"),
        ("arithmetic.mul", 1, {"input": "the input"}, "g · (the input)"),
        ("power.term", 0, {"x": "b", "c": "1", "p": "3"}, "g · (1 · 3 · b^(3 − 1))"),
        ("exponential.log2", 0, {"input": "x"}, "g / (x · log(2))"),
        ("activation.relu", 0, {"y": "h"}, "g where h > 0, else 0"),
        ("arithmetic.sub", 1, {"g": "x", "x": "never"}, "−x"),
        ("shape.reshape", 0, {"x": "h"}, "g reshaped to the shape of h"),
        ("shape.reshape", 0, {"x_shape": "(4, 3)"}, "g reshaped to (4, 3)"),
    ],
)
def test_the_arguments_take_the_names_that_are_given(name, i, names, text):
    assert written(rule_of(name, i), names) == text


def test_writing_a_rule_leaves_the_source_as_it_was():
    rule = rule_of("power.power_slope", 1)
    before = written(rule)
    written(rule, {"x": "p", "p": "x"})
    assert written(rule) == before


# ---- every rule ----

PYTHON = re.compile(
    r"\blambda\b|\bif\b|\bfor\b|\bNone\b|\bTrue\b|\bFalse\b|\.\.\.|==|!=|<=|>=|\*|[\"'`{}~&\n]|"
    r"\S=|=\S|"  # a keyword argument
    r"\b_|"  # a private name
    r"[^\W\d]\.[^\W\d]|"  # an attribute
    r"\d\.0\b|(?<![0-9]e)-|"  # 2.0 for 2, and a hyphen for a minus
    r"\b(?:range|tuple|len|list|slice|dict|math|np)\b"
)
# The possessive is English: g's share.
ENGLISH = re.compile(r"(?<=\w)'s\b")

# Not one clean line yet. This set may only shrink.
NOT_CLEAN = {
    "ops.cross_entropy.cross_entropy_grad, input 1",  # a rule of a rule
    "ops.cumulative.cumprod_grad, input 1",
}


def is_clean(text):
    """One line of at most 100 characters without a sign of Python, whose parentheses match."""
    depths = list(itertools.accumulate((c in "([") - (c in ")]") for c in text))
    matched = text and min(depths) >= 0 and depths[-1] == 0
    return bool(matched) and len(text) <= 100 and not PYTHON.search(ENGLISH.sub("", text))


@pytest.mark.parametrize(
    "text",
    [
        "", "g * x", "g[..., None]", "reshape(g, shape=x)", "x.shape", "_total(g)", "g · 2.0", "g - x", "g · (x", "g) · (x",
        "tuple(x)", "x if y else z", "g where x == y, else 0", "`x` limited", "g · " + "x · " * 30 + "x",
    ],
)  # fmt: skip
def test_the_test_of_cleanness_can_fail(text):
    assert not is_clean(text)


def test_every_rule_is_one_clean_line():
    texts = {name: written(rule) for name, (_, rule) in RULES.items()}
    assert len(texts) > 460
    dirty = {name: text for name, text in texts.items() if not is_clean(text)}
    assert set(dirty) == NOT_CLEAN, dirty
    short = [name for name, text in texts.items() if name not in dirty and len(text) <= 60]
    assert len(short) >= 430, len(short)


# ---- what is printed is what is computed ----

# The operations that compute each number from those in its place alone; and the products of matrices.
NAMES = {"over", "nonzero_power", "times", "mm", "bmm"}
# Written in words, which are no formula: "below 0", "x is finite", "g as a column", "in zeros".
IN_WORDS = {"decay", "isfinite_mask", "hardtanh", "glu"}
IN_WORDS_THEMSELVES = {"ops.matmul.mv, input 0", "ops.join.split, input 0", "nn._hooks.passed, input 0"}


def is_arithmetic(rule):
    """Whether a rule is made of operators and such operations only: as all that it reads from outside tells."""
    names = rule.__code__.co_names
    read = {name: rule.__globals__.get(name, getattr(builtins, name, None)) for name in names}
    for name, value in read.items():
        if name in ("T", "mT", "pi") or value is math or isinstance(value, (int, float)):
            continue
        operation = getattr(value, "operation", None)
        if not isinstance(operation, Operation) or name in IN_WORDS:
            return False
        if value.__module__.rpartition(".")[2] not in MODULES and name not in NAMES:
            return False
    return rule.__code__.co_name == "<lambda>"


ARITHMETIC = {n: pair for n, pair in RULES.items() if is_arithmetic(pair[1]) and n not in IN_WORDS_THEMSELVES}


def drawn(operation, rule, low, high, seed):
    """A value for each argument of a rule: a number for a parameter, a matrix for anything else."""
    rng = np.random.default_rng(seed)
    code = rule.__code__
    return {
        name: float(rng.uniform(low, high)) if name in operation.defaults else rng.uniform(low, high, (3, 3))
        for name in code.co_varnames[: code.co_argcount]
    } | {name: rng.integers(0, 2, (3, 3)) > 0 for name in ("condition", "mask") if name in code.co_varnames}


def test_the_arithmetic_rules_were_found():
    assert len(ARITHMETIC) > 115


@pytest.mark.parametrize("name", ARITHMETIC)
def test_what_is_printed_is_what_is_computed(name):
    """On positive numbers, numbers around 0, and numbers above 1; not where a rule is nan, of which a line leaves out why."""
    operation, rule = ARITHMETIC[name]
    defined = []
    for seed, (low, high) in enumerate([(0.2, 0.9), (-2.0, 2.0), (1.1, 2.0)]):
        values = drawn(operation, rule, low, high, seed)
        with np.errstate(all="ignore"):
            arguments = [wrap(v) if isinstance(v, np.ndarray) else v for v in values.values()]
            expected = rule(*arguments)._array
            found = np.broadcast_to(computed(written(rule), values), expected.shape)
        known = ~np.isnan(expected)
        defined.append(known.all())
        np.testing.assert_allclose(found[known], expected[known], rtol=1e-12, atol=1e-14)
    assert any(defined)


# ---- in a run ----


def equations_of(run):
    return [equation for moment in run.story.moments for equation in moment.equations]


SEEN = {"operations": set(), "equations": 0, "computed": 0, "short": 0}
# What the text leaves out: that 0 · log 0 is 0, and what is larger where one of two is nan.
LEFT_OUT = {"pow-of zero by a tensor", "fmax-nan and ties", "fmin-nan and ties", "a module with a backward hook"}


def read(equation):
    """The text of an equation with a letter for each operand, and what they are."""
    text, values = "", {}
    for part in equation.parts:
        if isinstance(part, Operand):
            name = f"v{len(values)}_"
            values[name] = part.value.array
            text += name + "ᵀ" * part.transposed
        else:
            text += part
    return text.replace(" in every place", ""), values


@pytest.mark.parametrize("part", range(8))
def test_in_a_run_what_is_printed_is_what_was_computed(part):
    """Of all rules whose text is arithmetic, or a product of matrices, of numbers that stand in the same places."""
    for row in [row for row in ROWS if not row.no_slope][part::8]:
        leaves = leaves_of(torch, arrays_for(row))
        with torch.lenient(), torch.watch() as run:
            out = row.call(torch, *leaves)
            outs = [y for y in (out if isinstance(out, tuple) else (out,)) if isinstance(y, torch.Tensor) and y.requires_grad]
            torch.autograd.backward(outs, [torch.ones_like(y) * 0.5 for y in outs])
        for moment in run.story.moments:
            for equation in moment.equations:
                SEEN["equations"] += 1
                SEEN["short"] += len(equation.rule) <= 60
                text, values = read(equation)
                expected = equation.result.array
                shapes = {value.shape for value in values.values() if value is not None and value.size != 1}
                if row.id in LEFT_OUT or not ("@" in text or shapes <= {expected.shape}):
                    continue
                try:
                    with np.errstate(all="ignore"):
                        found = np.broadcast_to(computed(text, values), expected.shape).astype(float)
                except (SyntaxError, NameError, TypeError):  # words
                    continue
                SEEN["computed"] += 1
                SEEN["operations"].add(moment.event.made.operation)
                known = ~np.isnan(expected)
                exact = 1e-9 if not re.search(r"\d\.?\d{3}", text) else 2e-3  # four digits are shown
                np.testing.assert_allclose(
                    found[known], expected[known], rtol=exact, atol=exact * 0.01, err_msg=f"{row.id}: {equation.rule}"
                )


def test_in_a_run_most_rules_were_computed():
    if SEEN["equations"] > 3500:  # the tests above ran in this process
        assert SEEN["computed"] >= 2000, SEEN["computed"]
        assert len(SEEN["operations"]) >= 145, len(SEEN["operations"])
        assert SEEN["short"] >= 0.9 * SEEN["equations"], (SEEN["short"], SEEN["equations"])


z = [[1.0, 2.0, -1.0], [0.5, 0.0, 1.0]]
y = [2, 0]
USUAL = {
    "cross_entropy(z, y)": "g · (softmax(z) − onehot(y)) / N",
    "cross_entropy(z, y, reduction='sum')": "g · (softmax(z) − onehot(y))",
    "cross_entropy(z, y, label_smoothing=0.1)": "g · (softmax(z) − smoothed(y)) / N",
    "cross_entropy(z, y, ignore_index=0)": "g · (row_weight · softmax(z) − weighted_target)",
    "cross_entropy(z, y, weight=w)": "g · (row_weight · softmax(z) − weighted_target)",
    "mse_loss(p, t)": "g / n · 2 · (p − t)",
    "mse_loss(p, t, reduction='sum')": "g · 2 · (p − t)",
    "binary_cross_entropy(p, t)": "(p − t) / ((p · (1 − p)) limited to [1e−12, 1]) · (g / n)",
    "smooth_l1_loss(p, t)": "g / n · ((p − t) limited to [−1, 1])",
    "huber_loss(p, t, delta=0.5)": "g / n · ((p − t) limited to [−0.5, 0.5])",
    "softplus(p)": "g · (1 where p > 20, else sigmoid(p))",
    "elu(p)": "g · (exp(p) below 0, 1 above)",
}
CALLS = {
    "(p**3).sum()": "g · (3 · p²)", "p.clamp(min=0.2).sum()": "g where p ≥ 0.2, else 0",
    "p.mean()": "g / n in every place",
    "z[1:, 0].sum()": "g put at [1:, 0] in zeros", "z[y].sum()": "g added at [2 0] in zeros",
    "torch.cat([p, p * 2]).sum()": "g[the stretch from 0 along 0]", "p.max()": "g · (1 / n where p = p.max(), else 0)",
    "z.logsumexp(1).sum()": "g · exp(z − z.logsumexp(1))", "torch.det(z @ z.T)": "g · (the cofactors of z @ zᵀ)",
}  # fmt: skip


@pytest.mark.parametrize(("call", "text"), [*USUAL.items(), *CALLS.items()])
def test_in_a_run_a_rule_is_as_simple_as_the_call(call, text):
    names = {"torch": torch, "F": torch.nn.functional, "w": torch.tensor([1.0, 2.0, 3.0])}
    names |= {"z": torch.tensor(z, requires_grad=True), "y": torch.tensor([2, 0])}
    names |= {"p": torch.tensor([0.2, 0.7], requires_grad=True), "t": torch.tensor([0.0, 1.0])}
    if "det" in call or "z[y]" in call:
        names["z"] = torch.tensor([*z, [2.0, 1.0, 1.0]], requires_grad=True)
    source = f"F.{call}" if call in USUAL else call
    source += ".sum()" if call in ("softplus(p)", "elu(p)") else ""
    file = f"<usual {call}>"
    linecache.cache[file] = (len(source), None, [source], file)
    with torch.lenient(), torch.watch() as run:
        eval(compile(source, file, "eval"), names).backward()
    assert text in [equation.rule for equation in equations_of(run)]


def test_cross_entropy_in_numbers_shows_the_probabilities_and_the_rows():
    z = torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 1.0]], requires_grad=True)
    y = torch.tensor([2, 0])
    with torch.watch() as run:
        torch.nn.functional.cross_entropy(z, y).backward()
    (equation,) = equations_of(run)
    g, _, probabilities, _, target, end = equation.parts
    assert (probabilities.name, target.name, end) == ("softmax(z)", "onehot(y)", ") / 2")
    assert target.value.array.tolist() == [[0, 0, 1], [1, 0, 0]]
    found = g.value.array * (probabilities.value.array - target.value.array) / 2
    np.testing.assert_allclose(found, z.grad.numpy(), rtol=1e-5)

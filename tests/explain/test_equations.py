"""An equation of the way back: the rule with the program's names, its parts, and the same in numbers."""

import numpy as np
import pytest

import autodiff as torch
from autodiff.explain import equations
from autodiff.explain.equations import Equation, Operand
from autodiff.explain.events import Thing, Walked
from autodiff.explain.values import value_of
from autodiff.nn import functional as F

ONE = value_of(np.float32(1.0))


def equations_of(program):
    with torch.watch() as run:
        program()
    return [equation for moment in run.story.moments for equation in moment.equations]


def to(program, name):
    """The equation of the gradient of one thing."""
    return next(each for each in equations_of(program) if each.to.name == name)


def shown(equation):
    """The parts: text, and of an operand its name with a mark, g for a gradient and T for one that is turned."""
    return [
        part if isinstance(part, str) else (part.name, "g" * part.gradient + "T" * part.transposed) for part in equation.parts
    ]


def weight(*numbers):
    return torch.tensor(numbers, requires_grad=True)


def test_a_product_of_numbers_is_told_with_names_and_with_numbers():
    a, b = weight(2.0), weight(-3.0)
    equation = to(lambda: (a * b).backward(), "a")
    assert (equation.rule, equation.numbers, equation.kind) == ("g · b", "1 · (−3)", "each")
    assert shown(equation) == [("g", "g"), " · ", ("b", "")]
    assert equation.result.number == -3


def test_a_zero_is_a_number_like_others():
    a, b = weight(2.0), weight(0.0)
    assert to(lambda: (a * b).backward(), "a").numbers == "1 · 0"


def test_of_several_numbers_there_is_no_line_in_numbers():
    a, b = weight(2.0, 1.0), weight(0.0, 1.0)
    equation = to(lambda: (a * b).sum().backward(), "a")
    assert (equation.rule, equation.numbers) == ("g · b", "")
    assert Equation(None, "g", ["g · ", Operand("x", value_of(np.ones(1)), False)], ONE).numbers == "g · 1"
    assert Equation(None, "g", ["g · ", Operand("x", value_of(np.ones(2)), False)], ONE).numbers == ""


def test_a_number_of_pythons_stands_as_a_number():
    a = weight(2.0)
    equation = to(lambda: (a * -1.5).backward(), "a")
    assert (equation.rule, shown(equation)) == ("g · (−1.5)", [("g", "g"), " · ", ("−1.5", "")])


X, W = torch.ones(3, 4, requires_grad=True), torch.ones(4, 2, requires_grad=True)


@pytest.mark.parametrize(
    ("program", "name", "rule", "parts"),
    [
        (lambda: ((X + 1) @ W).sum().backward(), "X + 1", "g @ Wᵀ", [("g", "g"), " @ ", ("Wᵀ", "T")]),
        (lambda: ((X + 1) @ W).sum().backward(), "W", "(X + 1)ᵀ @ g", [("(X + 1)ᵀ", "T"), " @ ", ("g", "g")]),
        (lambda: (X @ W).sum().backward(), "W", "Xᵀ @ g", [("Xᵀ", "T"), " @ ", ("g", "g")]),
        (lambda: (X[0:1] @ W).sum().backward(), "W", "X[0:1]ᵀ @ g", [("(X[0:1])ᵀ", "T"), " @ ", ("g", "g")]),
    ],
)
def test_a_product_of_matrices(program, name, rule, parts):
    equation = to(program, name)
    assert (equation.rule, shown(equation), equation.kind) == (rule, parts, "product")


@pytest.mark.parametrize(
    ("program", "rule", "parts", "kind"),
    [
        (lambda: X.mean().backward(), "g / n in every place", [("g", "g"), " / 12 in every place"], "each"),
        (lambda: (X * 1).reshape(2, 6).sum().backward(), "g · 1", [("g", "g"), " · ", ("1", "")], "each"),
        (lambda: X.reshape(2, 6).sum().backward(), "g reshaped to (3, 4)", [("g", "g"), " reshaped to (3, 4)"], "each"),
        (lambda: X[1:, 0].sum().backward(), "g put at [1:, 0] in zeros", [("g", "g"), " put at [1:, 0] in zeros"], ""),
        (lambda: X[[0, 2]].sum().backward(), "g added at [0 2] in zeros", [("g", "g"), " added at [0 2] in zeros"], ""),
        (lambda: F.leaky_relu(X, 0.1).sum().backward(), "g · (1 where X > 0, else 0.1)",
         [("g", "g"), " · (1 where ", ("X", ""), " > 0, else 0.1)"], "each"),
        (lambda: torch.cat([X, X * 2]).sum().backward(), "g[the stretch from 0 along 0]",
         [("g", "g"), "[the stretch from 0 along 0]"], ""),
        (lambda: torch.cat([X * 2, X])[3:].sum().backward(), "g[the stretch from 3 along 0]",
         [("g", "g"), "[the stretch from 3 along 0]"], ""),
        (lambda: X.softmax(1).sum().backward(), "X.softmax(1) · (g − sum(g · X.softmax(1)))",
         [("X.softmax(1)", ""), " · (", ("g", "g"), " − sum(", ("g", "g"), " · ", ("X.softmax(1)", ""), "))"], ""),
    ],
)  # fmt: skip
def test_what_rules_are_called_with(program, rule, parts, kind):
    equation = next(each for each in equations_of(program) if each.to.name == "X")
    assert (equation.rule, shown(equation), equation.kind) == (rule, parts, kind)


def test_what_was_written_into_is_told_by_the_views_that_lead_there():
    def program():
        h = X * 1
        h[1:].mul_(2)
        h.reshape(2, 6)[0].add_(1.0)
        h.sum().backward()

    rules = [each.rule for each in equations_of(program)]
    assert "a copy of what h[1:] leads to in g" in rules
    assert "a copy of what (h₂.reshape((2, 6))[0]) leads to in g" in rules


def view(x):
    """Stands for an operation that makes a view."""


@pytest.mark.parametrize(
    ("whole", "path", "told"),
    [
        ("h", [(view, {"index": (slice(1, None),)})], "h[1:]"), ("h", [(view, {"shape": (2, 3)})], "h.view((2, 3))"),
        ("h", [(view, {"dim0": 0, "dim1": 1}), (view, {"index": (0, ...)})], "h.view(0, 1)[0]"),
        ("a + b", [(view, {"index": (0,)})], "(a + b)[0]"), ("h", [], "h"),
    ],
)  # fmt: skip
def test_views_as_they_would_be_written(whole, path, told):
    assert equations._way(whole, path) == told


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


def test_what_has_no_rule_for_each_input_says_so():
    a = weight(2.0)
    equation = to(lambda: Twice.apply(a).backward(), "a")
    assert (equation.rule, equation.parts) == ("by the backward of the Function", ["by the backward of the Function"])
    assert equation.result.number == 2
    scores, classes = torch.zeros(50, 100, requires_grad=True), torch.zeros(50, dtype=torch.int64)
    equation = to(lambda: F.cross_entropy(scores, classes).backward(), "scores")
    assert (equation.rule, equation.parts) == ("by the one rule for all inputs", ["by the one rule for all inputs"])


# ---- cross entropy ----

SCORES, CLASSES = torch.tensor([[1.0, 2.0, 0.0], [0.0, 0.0, 0.0]], requires_grad=True), torch.tensor([2, 0])


@pytest.mark.parametrize(
    ("reduction", "rule", "tail"),
    [("mean", "g · (softmax(SCORES) − onehot(CLASSES)) / N", ") / 2"), ("sum", "g · (softmax(SCORES) − onehot(CLASSES))", ")")],
)
def test_the_probabilities_and_the_targets_of_cross_entropy_are_operands(reduction, rule, tail):
    equation = to(lambda: F.cross_entropy(SCORES, CLASSES, reduction=reduction).backward(), "SCORES")
    assert equation.rule == rule
    assert shown(equation) == [("g", "g"), " · (", ("softmax(SCORES)", ""), " − ", ("onehot(CLASSES)", ""), tail]
    probabilities, wanted = equation.parts[2].value, equation.parts[4].value
    assert probabilities.array == pytest.approx(SCORES.detach().softmax(1).numpy())
    assert wanted.array.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert wanted.dtype == "int64"


def operand(name, array, whole=True):
    value = value_of(array, whole)
    return name, value if whole else value_of(np.zeros(5000)), False


def test_of_what_is_not_kept_whole_there_are_no_probabilities():
    """Then N stays a letter: the number of rows is taken from the classes."""
    x, t, g = (chr(equations._FIRST + k) for k in range(3))
    scores, classes = np.zeros((2, 3)), np.array([2, 0])
    text = f"{g} · (softmax({x}) − onehot({t})) / N"
    large = value_of(np.zeros((70, 100)))
    assert large.array is None
    found = {x: ("x", large, False), t: operand("t", classes)}
    told = equations._probabilities(text, found)
    assert told.startswith(f"{g} · (softmax({x}) − ")
    assert told.endswith(") / 2")
    assert [name for name, _, _ in found.values()] == ["x", "t", "onehot(t)"]
    assert found[chr(equations._FIRST + 2)][1].shape == (2, 100), "as many columns as there are scores"
    found = {x: operand("x", scores), t: ("t", value_of(np.zeros(5000, np.int64)), False)}
    told = equations._probabilities(text, found)
    assert told.endswith(f"onehot({t})) / N")
    assert [name for name, _, _ in found.values()] == ["x", "t", "softmax(x)"]


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("g @ Wᵀ", "product"), ("g", "each"), ("g · x", "each"), ("g @ a @ b", ""), ("sum(g · x)", ""), ("softmax(x)", ""),
        ("g placed in zeros", ""), ("g[0]", ""), ("g where x > 0, else 0", "each"),
    ],
)  # fmt: skip
def test_the_kinds_of_rules(rule, kind):
    assert equations._kind(rule, {}) == kind


# ---- the meaning of one argument ----


def meaning(source, x):
    """What `_meaning` says of an argument `w` of a rule, with this source and value."""

    class Event:
        inputs = (Thing(0, "result", (2,), "float32", None, name="h"),)

        def meant(self, word, at):
            assert (word, at) == ("w", 3)
            return source, x

    return equations._meaning("w", Event(), 3)


def number_thing(x, **more):
    return Thing(0, "number", (), "float32", value_of(np.float32(x)), **more)


def test_what_an_argument_is_called():
    from autodiff._core.operation import ALL, INPUT, NUMBER, OUTPUT, PARAM, SHAPE, SHAPES

    data = Thing(0, "data", (), "float32", value_of(np.float32(2.0)), name="x")
    assert meaning(INPUT, data) == ("x", data.value)
    assert meaning(INPUT, two := number_thing(2.0, name="k")) == ("2", two.value)
    assert meaning(OUTPUT, Thing(0, "data", (2,), "float32", None)) == ("w", None)
    assert meaning(INPUT, Thing(0, "number", (), "float32", None)) == ("w", None)
    assert meaning(SHAPE, (2, 3)) == ("(2, 3)", None)
    assert meaning(NUMBER, 1) == ("1", None)
    assert meaning(PARAM, np.array([0, 2])) == ("[0 2]", None)
    assert meaning(PARAM, -0.5) == ("−0.5", None)
    assert meaning(PARAM, 3) == ("3", None)
    assert meaning(PARAM, True) == ("True", None)
    assert meaning(PARAM, None) == ("None", None)
    assert meaning(INPUT, "mean") == ("mean", None)
    assert meaning(SHAPES, [Thing(0, "data", (2, 3), "float32", None)]) == ("(2, 3)", None)
    assert meaning(SHAPES, [2]) == ("w", None)
    assert meaning(ALL, [data]) == ("w", None)


def test_where_several_gradients_came_in_there_is_no_g():
    a = torch.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    with torch.watch() as run:
        w, v = torch.linalg.eigh(a)
        (w.sum() + v.sum()).backward()
    several = [event for event in run.events if isinstance(event, Walked) and len(event.gradients) > 1]
    told = [equations.of_arrival(event, arrival) for event in several for arrival in event.sent]
    assert told
    assert all("g" not in [part.name for part in each.parts if isinstance(part, Operand)] for each in told)

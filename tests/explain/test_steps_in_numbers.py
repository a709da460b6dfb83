"""A step of an optimiser, told: the words, how many digits a number has, and what is said where no rule of one line does."""

import ast
import math
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_programs import of

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain import updates
from autodiff.explain.events import Moved, Stepped, Thing
from autodiff.explain.values import value_of


def value(x):
    return None if x is None else value_of(np.array(x, np.float32))


def move(before, after, grad=1.0, state_before=(), state_after=(), name="w", **options):
    states = ({key: value(x) for key, x in dict(each).items()} for each in (state_before, state_after))
    thing = Thing(0, "parameter", np.shape(before), "float32", None, name=name)
    return Moved(thing, value(before), value(grad), value(after), *states, options)


def step(*moves, of=optim.LBFGS, whole=True):
    return Stepped(None, of.__name__, of, [*moves], whole_step=whole)


# ---- how many digits ----


@pytest.mark.parametrize(
    ("x", "change", "digits"),
    [
        (3.0, 1.0, 4), (3.0, 0.01, 5), (3.0, 0.001, 6), (-3.0, -0.001, 6), (3.0, 1e-4, 7), (3.0, 1e-6, 9), (3.0, 1e-12, 9),
        (1.0, 0.01, 4),
        (0.5, 5.0, 4), (0.0, 1.0, 4), (3.0, 0.0, 4), (math.inf, 1.0, 4), (3.0, math.nan, 4), (3.0, math.inf, 4),
        (math.nan, 1e-9, 4),
    ],
)  # fmt: skip
def test_a_number_has_as_many_digits_as_show_what_a_change_does_to_it(x, change, digits):
    assert updates._digits(x, change) == digits


# ---- whether a rule gave what the step gave ----


def followed(before, after, dtype="float32"):
    return SimpleNamespace(before=before, after=after, move=SimpleNamespace(after=SimpleNamespace(dtype=dtype)))


@pytest.mark.parametrize(
    ("found", "before", "after", "agree"),
    [
        (1.0, 1.0, 1.0, True), (1.0 + 1e-5, 1.0, 1.0, True), (1.0 + 2e-5, 1.0, 1.0, False), (1.0 - 2e-5, 1.0, 1.0, False),
        (2e-5, 1.0, 0.0, False), (1e-5, 1.0, 0.0, True), (-1.0 + 2e-5, 1.0, -1.0, True), (-1.0 + 4e-5, 1.0, -1.0, False),
        (math.inf, 1.0, math.inf, True), (-math.inf, 1.0, math.inf, False), (math.nan, 1.0, math.nan, True),
        (1.0, 1.0, math.nan, False),
        (math.nan, 1.0, math.inf, False), (math.nan, 1.0, 1.0, False), (0.0, 0.0, 0.0, True),
    ],
)  # fmt: skip
def test_a_rule_agrees_with_a_step_but_for_the_last_bits(found, before, after, agree):
    """Of 1 that stays 1, 64 · 1.2e-7 · 2; of 1 that becomes 0 the same, and of 1 that becomes −1 twice as much."""
    assert updates._agree(found, followed(before, after)) is agree
    if math.isfinite(after) and found != after:
        assert not updates._agree(found, followed(before, after, "float64"))


# ---- the words ----


def test_the_words_of_a_step():
    plain, seen = move(1.0, 0.9), move(1.0, 0.9, state_before={"m": 1.0})
    up, both = move(1.0, 1.1, maximize=True), move(1.0, 1.1, state_before={"m": 1.0}, maximize=True)
    told = [updates._words(step(each, of=optim.SGD, whole=False), each) for each in (plain, seen, up, both)]
    assert told == [
        "SGD moves w a small step against its gradient.",
        "SGD moves w a small step against its gradient, with what it remembers of earlier ones.",
        "SGD moves w a small step along its gradient.",
        "SGD moves w a small step along its gradient, with what it remembers of earlier ones.",
    ]
    whole = updates._words(step(plain), plain)
    assert whole == "Inside one step() LBFGS moves w until the loss is low enough, or it has tried often enough."


def test_the_formula_is_the_first_paragraph_behind_its_colon():
    class Told:
        """Told: p = p - lr * g ** 2 - a - b,
        with m = m * g.

        More: not this."""

    class Silent:
        pass

    Silent.__doc__ = None
    assert updates.formula_of(Told) == "p = p − lr · g ^ 2 − a − b, with m = m · g"
    assert updates.formula_of(Silent) == ""
    assert updates.formula_of(optim.SGD).endswith(", p = p − lr · b")


# ---- what is told where no rule of one line says it ----


def told(event, one):
    return [(row.name, row.text, row.numbers, row.digits) for row in updates.update_of(event, one).rows]


def test_the_number_that_moved_farthest_is_followed():
    states = {"n_iter": 3.0}, {"n_iter": 5.0, "x": 2.0}
    one = move([[1.0, 2.0], [3.0, 4.0]], [[1.5, 2.0], [1.0, 5.0]], [[1.0, 1.0], [7.0, 1.0]], *states)
    assert told(step(one), one) == [
        ("w[1, 0]", "before", "p = 3", 4), ("n_iter", "in its state", "3 → 5", 4), ("x", "in its state", "2", 4),
        ("w[1, 0]", "p and all its moves", "3 − 2", 4),
    ]  # fmt: skip
    rows = updates.update_of(step(one), one).rows
    assert (rows[0].ink, rows[1].ink, rows[-1].result.number, rows[-1].ink) == ("update", "update", 1.0, "update")


def test_a_number_that_was_not_finite_did_not_move_farthest():
    one = move([1.0, 1.0, 1.0], [math.nan, 0.5, 1.0], [1.0, 1.0, 1.0])
    assert told(step(one), one)[0][:3] == ("w[1]", "before", "p = 1")


def test_a_parameter_without_dimensions_has_no_index_and_an_empty_one_no_rows():
    one = move(4.0, 5.0)
    assert [row[0] for row in told(step(one), one)] == ["w", "w"]
    for bare in (move([], [], []), move([1.0], [2.0], None), move(np.ones(5000), np.zeros(5000), np.ones(5000))):
        assert told(step(bare, of=optim.SGD, whole=False), bare) == []


DIRECTED = {"d": [1.0, 2.0, -4.0], "t": 0.5, "n_iter": 1.0}


@pytest.mark.parametrize(
    ("state_before", "changed", "text", "numbers"),
    [
        ({}, {}, "p + t · d", "+ 0.5 · (−4)"), ({"n_iter": 4.0}, {"n_iter": 5.0}, "p + t · d", "+ 0.5 · (−4)"),
        ({}, {"n_iter": 2.0}, "p and all its moves", "− 2"), ({"n_iter": 4.0}, {"n_iter": 6.0}, "p and all its moves", "− 2"),
        ({"n_iter": 4.0}, {"n_iter": 3.0}, "p and all its moves", "− 2"),
        ({"n_iter": 4.0}, {"n_iter": 4.0}, "p and all its moves", "− 2"),
        ({}, {"d": None}, "p and all its moves", "− 2"), ({}, {"t": None}, "p and all its moves", "− 2"),
        ({}, {"n_iter": None}, "p and all its moves", "− 2"), ({}, {"t": [0.5, 0.5]}, "p and all its moves", "− 2"),
        ({}, {"t": 0.75}, "p and all its moves", "− 2"), ({}, {"d": [1.0, 2.0]}, "p and all its moves", "− 2"),
        ({}, {"d": np.ones(5000)}, "p and all its moves", "− 2"),
    ],
)  # fmt: skip
def test_a_direction_is_told_where_it_went_once_and_gives_what_the_step_gave(state_before, changed, text, numbers):
    """Its direction is one vector of all parameters: that of `w` follows that of `v`."""
    after = {key: x for key, x in (DIRECTED | changed).items() if x is not None}
    first = move([0.5], [1.0], [1.0], state_before, after, name="v")
    second = move([6.0, 6.0], [7.0, 4.0], [1.0, 1.0])
    assert told(step(first, second), second)[-1] == ("w[1]", text, f"6 {numbers}", 4)


def test_of_the_first_parameter_the_direction_begins_at_its_beginning():
    one = move([6.0, 6.0], [6.5, 4.0], [1.0, 1.0], {}, DIRECTED | {"d": [1.0, -4.0]})
    assert told(step(one), one)[-1][:3] == ("w[1]", "p + t · d", "6 + 0.5 · (−4)")
    scalar = move(6.0, 4.0, 1.0, {}, DIRECTED | {"d": [-4.0]})
    assert told(step(scalar), scalar)[-1][:3] == ("w", "p + t · d", "6 + 0.5 · (−4)")
    up = move(6.0, 8.0)
    assert told(step(up), up)[-1][:3] == ("w", "p and all its moves", "6 + 2")


def test_what_is_remembered_is_told_with_what_it_was():
    thing = move(1.0, 2.0, state_before={"n": 3.0, "many": [1.0, 2.0]})
    rows = [updates._remembered(key, value(x), thing) for key, x in (("n", 4.0), ("many", 5.0), ("new", 0.0))]
    assert [(row.name, row.text, row.numbers, row.ink) for row in rows] == [
        ("n", "in its state", "3 → 4", "update"), ("many", "in its state", "5", "update"),
        ("new", "in its state", "0", "update"),
    ]  # fmt: skip


# ---- the lines of a rule ----


class Ruled(optim.Optimizer):
    """Ruled: p = p - lr * g."""

    state_names = ("seen",)

    def __init__(self, params, **options):
        super().__init__(params, {"lr": 0.5} | options)

    @staticmethod
    def rule(p, g, seen, *, lr):
        eps = 1e-8
        flag = g > 0
        size = np.abs(g).max()
        part = abs(g) + max(lr, 0.25)
        turned = -g
        product = g @ g
        seen = g
        return p - lr * g * (size / size) + 0 * (part + turned + eps + flag + product), seen


def rows_of(optimizer, *numbers):
    w = torch.tensor(numbers, requires_grad=True)
    with torch.watch() as run:
        (w * w).sum().backward()
        optimizer([w]).step()
    (moment,) = [moment for moment in run.story.moments if moment.phase == "step"]
    return [(row.name, row.text, row.numbers) for row in moment.rows if not row.name.startswith("change of")]


def test_a_line_of_a_rule_is_told_where_it_computes_something():
    rows = rows_of(Ruled, 4.0, -1.0)
    assert rows == [  # neither eps, which computes nothing, nor flag, which is no number
        ("w[0]", "before", "p = 4, g = 8"), ("size", "abs(g).max()", ""),
        ("part", "|g| + max(lr, 0.25)", "|8| + max(0.5, 0.25)"),
        ("turned", "−g", ""), ("product", "g @ g", ""), ("seen", "g", ""),
        (
            "w[0]", "p − lr · g · (size / size) + 0 · (part + turned + eps + flag + product)",
            "4 − 0.5 · 8 · (8 / 8) + 0 · (8.5 + (−8) + 1e−8 + flag + 68)",
        ),
    ]  # fmt: skip


def test_a_rule_that_fails_or_has_no_source_is_not_told():
    class Failing(Ruled):
        def update(self, group, params, grads, *states):
            for p, g in zip(params, grads, strict=True):
                p -= g
            return states

        @staticmethod
        def rule(p, g, seen, *, lr):
            raise ValueError

    assert rows_of(Failing, 4.0)[-1] == ("w[0]", "p and its move", "4 − 8")


def test_a_rule_that_writes_into_what_it_is_given_changes_nothing_of_the_run():
    class Writing(Ruled):
        @staticmethod
        def rule(p, g, seen, *, lr):
            g = np.multiply(g, lr, out=g)
            seen = np.add(seen, 1, out=seen)
            p = np.subtract(p, g, out=p)
            return p, seen

        @staticmethod
        def first_state(p, options):
            return {"seen": np.zeros_like(p)}

    w = torch.tensor([4.0, -1.0], requires_grad=True)
    optimizer = Writing([w])
    with torch.watch() as run:
        for _ in range(2):
            (w * w).sum().backward()
            optimizer.step()
            optimizer.zero_grad()

    def held():
        moves = [event.moves[0] for event in of(run, Stepped)]
        return [[x.array.tolist() for x in (each.before, each.grad, *each.state_before.values())] for each in moves]

    before = held()
    assert run.story.moments
    assert held() == before
    assert before[0] == [[4, -1], [8, -2]]


def test_the_parameter_has_more_digits_than_the_rest():
    w = torch.tensor([1.2345678], requires_grad=True)
    optimizer = optim.SGD([w], lr=1e-5, weight_decay=1e-3)
    with torch.watch() as run:
        (w * 3.4567891).sum().backward()
        optimizer.step()
    rows = [row for moment in run.story.moments if moment.phase == "step" for row in moment.rows]
    assert rows[0].numbers == "p = 1.234568, g = 3.457"
    last = next(row for row in rows if row.result is not None and row.name == "w[0]")
    assert last.digits == 7
    assert "1.234568" in last.numbers
    assert "3.458" in last.numbers


def test_only_computations_with_a_number_are_told():
    def line(value, source):
        return SimpleNamespace(value=np.asarray(value), formula=ast.parse(source, mode="eval").body)

    assert updates._tells(line([1.0], "a + b"), (0,))
    assert updates._tells(line(1.0, "a"), ())
    assert not updates._tells(line(1.0, "2"), ())
    assert not updates._tells(line(1.0, "(a, b)"), ())


def test_every_move_of_a_step_of_a_model_is_told_with_its_name():
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with torch.watch() as run:
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    labels = [moment.rows[0].name for moment in run.story.moments if moment.phase == "step"]
    assert [label.partition("[")[0] for label in labels] == ["weight", "bias"]
    assert len(of(run, Stepped)[0].moves) == 2

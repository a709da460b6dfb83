"""A rule that is run line by line: which lines it tells, with which formula and value, and what it does not read."""

import ast

import numpy as np
import pytest

import autodiff as torch
from autodiff.explain.executed import Unread, at_place, lines_of


def where(test, yes, no):
    return np.where(test, yes, no)


def plain(x):
    return x


def told(rule, results, at=(), **given):
    """The lines of a rule: (name, formula, value)."""
    return [(line.name, ast.unparse(line.formula), line.value) for line in lines_of(rule, given, results, at)]


def sgd(p, g, b, *, lr, momentum, nesterov):
    """p - lr * g."""
    if momentum:
        b = momentum * b + g
        g = g + momentum * b if nesterov else b
    p = p - lr * g
    return p, b


def test_the_lines_that_ran_with_what_they_came_to():
    assert told(sgd, ("p", "b"), p=1.0, g=2.0, b=None, lr=0.5, momentum=0, nesterov=False) == [("p", "p - lr * g", 0.0)]
    assert told(sgd, ("p", "b"), p=1.0, g=2.0, b=4.0, lr=0.5, momentum=0.25, nesterov=False) == [
        ("b", "momentum * b + g", 3.0), ("p", "p - lr * b", -0.5),
    ]  # fmt: skip
    assert told(sgd, ("p", "b"), p=1.0, g=2.0, b=4.0, lr=0.5, momentum=0.25, nesterov=True) == [
        ("b", "momentum * b + g", 3.0), ("g", "g + momentum * b", 2.75), ("p", "p - lr * g", -0.375),
    ]  # fmt: skip


def test_a_line_knows_what_each_name_meant_before_it():
    given = {"p": 1.0, "g": 2.0, "b": 4.0, "lr": 0.5, "momentum": 0.25, "nesterov": False}
    before = dict(given)
    first, second = lines_of(sgd, given, ("p", "b"), ())
    assert given == before, "what was given stays as it was"
    assert (first.meant["b"], second.meant["b"], second.meant["p"]) == (4.0, 3.0, 1.0)
    assert first.evaluate(ast.parse("momentum * b", mode="eval").body) == 1.0
    assert second.evaluate(ast.parse("where(b > 0, lr, 0)", mode="eval").body) == 0.5


def returns_formulas(p, g, s, *, lr):
    return p - lr * g, s + 1


def returns_none(p, g, s, *, lr):
    p = p - lr * g
    return p, None


def returns_another(p, g, s, *, lr):
    d = lr * g
    return p - d, d


def test_what_is_returned_is_a_line_too_and_the_parameter_is_the_last():
    given = {"p": 1.0, "g": 2.0, "s": 3, "lr": 0.5}
    assert told(returns_formulas, ("p", "s"), **given) == [("s", "s + 1", 4), ("p", "p - lr * g", 0.0)]
    assert told(returns_none, ("p", "s"), **given) == [("p", "p - lr * g", 0.0)]
    assert told(returns_another, ("p", "s"), **given) == [("d", "lr * g", 1.0), ("s", "d", 1.0), ("p", "p - d", 0.0)]


def test_what_is_returned_is_computed_from_the_same_numbers():
    *_, last = lines_of(returns_formulas, {"p": 1.0, "g": 2.0, "s": 3, "lr": 0.5}, ("p", "s"), ())
    assert last.meant["s"] == 3


def of_one_state(p, s):
    s = s + 1
    return s, p


def test_results_come_in_the_order_in_which_they_are_named():
    assert told(of_one_state, ("s", "p"), p=1.0, s=1) == [("s", "s + 1", 2)]


def two_at_once(p, g):
    a, b = p + g, p - g
    a, b = b, a
    p = a * b
    return (p,)


def from_a_function(p, g):
    a, b = divmod(p, g)
    p = a + b
    return (p,)


def too_many_values(p, g):
    a, b = p, g, p
    return (a + b,)


def too_few_values(p, g):
    a, b, c = divmod(p, g)
    return (a + b + c,)


@pytest.mark.parametrize("rule", [too_many_values, too_few_values])
def test_as_many_names_as_values(rule):
    with pytest.raises(ValueError, match="argument"):
        told(rule, ("p",), p=7.0, g=2.0)


def one_name_for_both(p, g):
    both = p, g
    p = both[0] * both[1]
    return (p,)


def test_a_tuple_with_one_name_is_one_line():
    assert told(one_name_for_both, ("p",), p=7.0, g=2.0) == [("both", "(p, g)", (7.0, 2.0)), ("p", "both[0] * both[1]", 14.0)]


def chained(p, g):
    a = b = p * g
    p = a + b
    return (p,)


def test_several_names_at_once():
    assert told(two_at_once, ("p",), p=3.0, g=1.0) == [
        ("a", "p + g", 4.0), ("b", "p - g", 2.0), ("a", "b", 2.0), ("b", "a", 4.0), ("p", "a * b", 8.0),
    ]  # fmt: skip
    assert told(from_a_function, ("p",), p=7.0, g=2.0) == [("p", "a + b", 4.0)]
    assert told(chained, ("p",), p=3.0, g=2.0) == [("a", "p * g", 6.0), ("p", "a + a", 12.0)]


def renamed(p, g):
    d = g
    p = p - d
    g = g * 2
    e = d
    p = p - e
    return (p,)


def test_a_second_name_is_told_as_the_first_until_that_means_something_else():
    assert told(renamed, ("p",), p=9.0, g=1.0) == [("p", "p - g", 8.0), ("g", "g * 2", 2.0), ("p", "p - d", 7.0)]


def remembered(p, g, b):
    b = g
    p = p - b
    return p, b


def test_what_is_remembered_is_a_line_also_where_it_is_another_name():
    assert told(remembered, ("p", "b"), p=3.0, g=2.0, b=0.0) == [("b", "g", 2.0), ("p", "p - b", 1.0)]


def unchanged(p, g):
    p = p
    s = g
    s = s
    return (p + s,)


def test_what_changes_nothing_is_no_line():
    assert told(unchanged, ("p",), p=9.0, g=1.0) == [("p", "p + g", 10.0)]


def chosen(p, g, *, big):
    p = p - (g if big else g * 0.1)
    p = where(p > 0, p * 2, p * 3)
    p = plain(p)
    p = np.asarray(p) + g.astype(float)
    return (p,)


def test_choices_are_told_as_they_were_made():
    p, g = np.array([2.0, 0.5]), np.array([1.0, 1.0])
    found = told(chosen, ("p",), (0,), p=p, g=g, big=True)
    assert [line[:2] for line in found] == [("p", "p - g"), ("p", "p * 2"), ("p", "p + g")]
    assert found[-1][2].tolist() == [3.0, -0.5]
    assert [line[1] for line in told(chosen, ("p",), (1,), p=p, g=g, big=True)] == ["p - g", "p * 3", "p + g"]
    assert [line[1] for line in told(chosen, ("p",), (1,), p=p, g=g, big=False)] == ["p - g * 0.1", "p * 2", "p + g"]


def with_methods(p, g):
    p = p.detach() - torch.abs(g.clone())
    p = max(p.sum(), 0.0)
    return (p,)


def test_methods_that_change_no_number_are_left_out_and_others_stay():
    found = told(with_methods, ("p",), p=torch.tensor([2.0]), g=torch.tensor([1.0]))
    assert [line[1] for line in found] == ["p - torch.abs(g)", "max(p.sum(), 0.0)"]


def early(p, g, *, maximize):
    if maximize:
        return (p + g,)
    else:
        g = -g
    return (p + g,)


def nested(p, g, *, a, b):
    if a:
        if b:
            return (p + 1,)
        p = p * 2
    return (p + g,)


def test_a_function_may_return_early():
    assert told(early, ("p",), p=1.0, g=2.0, maximize=True) == [("p", "p + g", 3.0)]
    assert told(early, ("p",), p=1.0, g=2.0, maximize=False) == [("g", "-g", -2.0), ("p", "p + g", -1.0)]
    assert [told(nested, ("p",), p=3.0, g=2.0, a=a, b=b)[-1][2] for a, b in ((1, 1), (1, 0), (0, 1))] == [4.0, 8.0, 5.0]


def loops(p, g):
    for _ in range(2):
        p = p - g
    return (p,)


def writes_into(p, g):
    p[0] = g
    return (p,)


def unpacks_into(p, g):
    p[0], g = g, p
    return (p,)


def returns_nothing(p, g):
    return


def returns_one(p, g):
    return p + g


def returns_too_many(p, g):
    return p, g


def ends(p, g):
    b = p  # noqa: F841


@pytest.mark.parametrize(
    "rule",
    [loops, writes_into, unpacks_into, returns_nothing, returns_one, returns_too_many, ends, max, int,
     eval("lambda p, g: (p,)")],
)  # fmt: skip
def test_what_is_no_plain_row_of_assignments_is_not_read(rule):
    with pytest.raises(Unread):
        lines_of(rule, {"p": [1.0], "g": 2.0}, ("p",), ())


def test_a_function_that_is_given_too_few_names_is_an_error_of_its_own():
    with pytest.raises(NameError):
        lines_of(returns_formulas, {"p": 1.0}, ("p", "s"), ())


# ---- one place ----


@pytest.mark.parametrize(
    ("value", "at", "number"),
    [
        (3.0, (1, 2), 3.0), (None, (), None), ("x", (0,), "x"), (np.float32(2.5), (0,), 2.5), (np.array(4.0), (1, 1), 4.0),
        (np.arange(6).reshape(2, 3), (1, 2), 5), (np.arange(3).reshape(1, 3), (5, 2), 2),
        (np.arange(2).reshape(2, 1), (1, 7), 1),
        (torch.tensor([1.0, 2.0]), (1,), 2.0), (torch.tensor(7.0), (), 7.0),
    ],
)  # fmt: skip
def test_the_number_at_a_place(value, at, number):
    found = at_place(value, at)
    assert found == number
    assert not isinstance(found, (np.ndarray, np.generic))


def test_an_array_of_other_dimensions_has_no_such_place():
    array = np.arange(3)
    assert at_place(array, (0, 1)) is array
    assert at_place(array, ()) is array

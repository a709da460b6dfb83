"""The lines of `print(run)`: what stands in which column, how a long one is broken, and what is told once."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as torch
from autodiff import nn, optim
from autodiff._core.places import Span
from autodiff.explain import text, wording
from autodiff.explain.equations import Equation
from autodiff.explain.events import Arrival, Thing
from autodiff.explain.measured import Measured
from autodiff.explain.moments import Change, Moment, Story
from autodiff.explain.rows import Row
from autodiff.explain.spelled import spelled
from autodiff.explain.text import as_ascii, as_text
from autodiff.explain.values import value_of

ONE = value_of(np.array(1.5))


def thing(name="", kind="parameter", value=None, shape=()):
    return Thing(0, kind, tuple(shape), "float32", value, name=name)


def story(*moments):
    return as_text(Story([*moments], [], []))


def span(line):
    return Span("train.py", line, line, 0, 0, f"train.py:{line}")


# ---- the columns ----


@given(
    st.text("ab·(", min_size=1, max_size=40), st.sampled_from(["=", "<-", "+=", ""]),
    st.sampled_from(["12.5", "", "(3, 3) norm 2.5"]),
    st.lists(st.text("abg·", min_size=1, max_size=30), max_size=12), st.integers(0, 3),
)  # fmt: skip
def test_a_line_is_80_wide_its_value_at_the_edge_and_no_word_of_it_is_lost(who, sign, value, words, depth):
    rule, head = " ".join(words), f"{1:4} {7:>4}  " + "  " * depth
    lines = text._columns(head, who, sign, rule, value)
    assert max(map(len, lines)) <= 80
    start = len(head) + 18 + 4
    assert lines[0][:start] == f"{head}{who if len(who) < 18 else who[:16] + '…':18}{sign:3} "
    assert all(line[:start] == " " * start for line in lines[1:])
    assert not value or (len(lines[-1]) == 80 and lines[-1].endswith(f" {value}"))
    told = " ".join(line[start:] for line in lines)
    assert told.removesuffix(value).split() == rule.split()
    assert len(lines) == 1 or len(rule) > 80 - start - 1 - len(value)


def test_a_value_goes_to_a_line_of_its_own_only_where_the_last_one_has_no_room():
    head = " " * 11  # so that the rule begins in column 33, and has 47 characters
    fits, breaks = "a" * 40 + " " + "b" * 30, "a" * 40 + " " + "b" * 45
    first, second = text._columns(head, "w", "=", fits, "2.5")
    assert (first[33:], second[33:]) == ("a" * 40, "b" * 30 + " " * 14 + "2.5")
    assert [line[33:] for line in text._columns(head, "w", "=", "b" * 43, "2.5")] == ["b" * 43 + " 2.5"]
    assert [line[33:].strip() for line in text._columns(head, "w", "=", "b" * 44, "2.5")] == ["b" * 44, "2.5"]
    assert [line[33:].strip() for line in text._columns(head, "w", "=", breaks, "2.5")] == ["a" * 40, "b" * 45, "2.5"]
    assert [line[33:] for line in text._columns(head, "w", "=", breaks, "")] == ["a" * 40, "b" * 45]
    assert [len(line) for line in text._columns(" " * 45, "w", "=", "c" * 50, "")] == [87, 87, 77]  # never under 20 characters


# ---- phases and moments ----


def test_the_moments_of_one_phase_stand_under_one_heading_with_their_first_line_of_code():
    moments = [Moment(phase, f"{phase} {i}", "w.") for i, phase in enumerate(["forward", "forward", "backward", "forward"])]
    moments[1].span = span(12)
    assert Story(moments, [], []).phases() == [("forward", 0, 2), ("backward", 2, 1), ("forward", 3, 1)]
    assert Story([], [], []).phases() == []
    assert story(*moments).splitlines() == [
        "forward  (train.py:12)",
        "   1       forward 0             w.",
        "   2   12  forward 1             w.",
        "",
        "backward",
        "   3       backward 2            w.",
        "",
        "forward",
        "   4       forward 3             w.",
    ]


def test_the_first_moment_is_a_sentence_alone_and_a_deeper_one_stands_farther_right():
    deep = Moment("backward", "x", "y.", depth=2)
    assert story(Moment("start", "before the first line", "Two learn."), deep).splitlines() == [
        "start", "   1" + " " * 29 + "Two learn.", "", "backward", "   2           x                     y.",
    ]  # fmt: skip


def test_a_mark_stands_below_its_moment():
    told = story(Moment("forward", "x", "y.", mark="Here the first nan is born, " + "which is " * 8 + "so."))
    assert told.splitlines()[2:] == [
        "           ! Here the first nan is born, which is which is which is which is",
        "             which is which is which is which is so.",
    ]


def equation(to, rule, note=""):
    return Equation(to, rule, [rule], ONE, note=note)


def test_a_gradient_that_is_added_has_another_sign_and_one_that_was_stretched_says_so():
    w, b = thing("w"), thing("b", shape=(3,))
    moment = Moment("backward", "back", "says.", equations=[equation(w, "g · x"), equation(b, "g", "why")])
    moment.equations[1].adds = True
    moment.changes = [Change(w, "gradient", value_of(np.array(2.0))), Change(b, "gradient", value_of(np.array(4.0)))]
    moment.rows = [Row(b, "b so far", "1 + 3", ONE)]
    assert [" ".join(line.split()) for line in story(moment).splitlines()[1:]] == ["1 w <- g · x 2", "b += g, summed to (3,) 4"]


@pytest.mark.parametrize(
    ("row", "told", "lines"),
    [
        (Row(thing("w"), "w so far", "1 + 2", ONE), (), [("w", "=", "w so far  1 + 2", "1.5")]),
        (Row(None, "the hook", "", ONE), (), [("", "=", "the hook", "1.5")]),
        (Row(thing("w"), "a shape", "(3,)", None), (), [("w", "=", "a shape  (3,)", "")]),
        (Row(thing("w"), "before", "p = 1", None, name="w[0]"), (), [("w[0]", "", "before: p = 1", "")]),
        (Row(thing("w"), "p − g", "", ONE, name="w[0]"), (), [("w[0]", "=", "p − g", "1.5")]),
        (Row(thing("w"), "p − g", "4 − 1", ONE, name="w[0]"), (), [("w[0]", "=", "p − g = 4 − 1", "1.5")]),
        (Row(thing("w"), "p − g", "4 − 1", ONE, name="w[0]"), ("p − g",), [("w[0]", "=", "4 − 1", "1.5")]),
        (Row(thing("w"), "p" * 20, "4" * 20, ONE, name="w"), (), [("w", "=", "p" * 20 + " = " + "4" * 20, "1.5")]),
        (Row(thing("w"), "p" * 20, "4" * 21, ONE, name="w"), (), [("w", "=", "p" * 20, ""), ("", "=", "4" * 21, "1.5")]),
        (Row(thing("w"), "p", "1", value_of(np.array(1.23456)), name="w", digits=6), (), [("w", "=", "p = 1", "1.23456")]),
        (Row(thing("w"), "p", "1", value_of(np.array(1.23456)), name="w"), (), [("w", "=", "p = 1", "1.235")]),
    ],
)  # fmt: skip
def test_a_row_of_numbers(row, told, lines):
    known = set(told)
    assert text._row(row, known) == lines
    assert (row.text in known) == (bool(told) or bool(row.name and row.numbers and row.result))


def measured(**more):
    given = {"at": (1, 0), "move": 1e-4, "up": 2.0, "down": 2.0, "backward": 2.5, "of": "loss"}
    return Measured(thing("w"), **(given | more))


def test_the_first_slope_is_told_in_a_sentence_and_the_others_in_numbers():
    moment = Moment("backward", "the sums become .grad", "says.", rows=[Row(thing("w"), "w.grad", "None, becomes", ONE)])
    moment.measured = [measured(), measured(at=(0, 1)), measured(down=-1.0), measured(fixed=True), measured(at=())]
    lines = [" ".join(line.split()) for line in story(moment).splitlines()[1:]]
    told = " ".join(lines)
    assert told.startswith("1 w = w.grad None, becomes 1.5 measured w[1, 0] up and down by 0.0001 moves loss with slope 2;")
    assert "measured w[0, 1]: backward says 2.5 2 measured w[1, 0] up and down by 0.0001 meets a corner of loss: the" in told
    assert "−1 down; backward says 2.5. measured w[1, 0] up and down by 0.0001, all that was cut off held fixed, moves" in told
    assert told.endswith("measured w: backward says 2.5 2")
    assert text._measured(measured(down=1.0), known := set()) == ("measured", "", measured(down=1.0).words, "")
    assert known == {"measured"}


def test_the_facts_of_a_step_are_lines_and_those_of_other_moments_are_not():
    for phase, several in (("step", 2), ("backward", 1)):
        moment = Moment(phase, "moves", "says.", rows=[Row(thing("w"), "x", "1", ONE)], facts=["The loss will be less."])
        assert len(story(moment).splitlines()[1:]) == several
    bare = Moment("backward", "the title", "the words.", facts=["a fact"])
    assert text._lines(bare, set()) == [("the title", "", "the words.", "")]


def test_a_result_is_told_with_what_made_it():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.watch() as run:
        h = w * 2
        (h + 1).sum()
        h.detach()
    lines = [" ".join(line[11:].split()) for line in str(run).splitlines() if "=" in line]
    assert lines == [
        "h = w * 2 [2 4]", "h + 1 = h + 1 [3 5]", "(h + 1).sum() = (h + 1).sum() 8", "h.detach() = cut by detach [2 4]",
    ]


def test_inside_a_walk_a_result_is_what_computes_it():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.watch() as run:
        torch.autograd.grad((w**3).sum(), w, create_graph=True)
    inner = [moment for moment in run.story.moments if moment.depth and moment.phase == "backward" and moment.changes]
    told = [text._lines(moment, set())[0][:3] for moment in inner]
    assert told
    assert all((who, sign) == (rule, "=") for who, sign, rule in told), told


def test_the_same_with_the_signs_of_every_keyboard():
    assert as_ascii("−1 · xᵀ ∂a → b… ∞ ≤ ≥ ≠ √2 x⁻¹² π c₁₀ é") == "-1 * x.T da -> b... inf <= >= != sqrt 2 x^-^1^2 pi c_1_0 ?"


def test_of_a_run_the_text_is_that_of_every_keyboard_where_the_stream_has_no_others(monkeypatch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.watch() as run:
        (-w * 2).sum().backward()
    whole = as_text(run.story)
    for encoding, expected in [("utf-8", whole), ("ascii", as_ascii(whole)), (None, whole)]:
        monkeypatch.setattr("sys.stdout", SimpleNamespace(encoding=encoding))
        assert str(run) == expected
    assert whole != as_ascii(whole)


def test_a_run_ends_in_a_line_that_says_how_much_there_is():
    with torch.watch() as run:
        torch.ones(2, requires_grad=True) * 2
    assert repr(run) == "<Run of 1 event: print(run), run.save('run.html'), run.graph()>"


def test_the_story_is_told_anew_once_more_has_happened():
    w = torch.ones(2, requires_grad=True)
    with torch.watch() as run:
        w * 2
        first = run.story
        assert run.story is first
        w * 3
        assert len(run.story.moments) == len(first.moments) + 1


# ---- words ----


def test_what_a_thing_is_called():
    assert wording.named(thing("w", value=ONE)) == "w"
    assert wording.named(thing(value=ONE)) == "1.5"
    assert wording.named(thing(value=value_of(np.ones((2, 3))), shape=(2, 3))) == "a (2, 3)"
    assert wording.named(thing(shape=(3,))) == "a (3,)"


def test_the_title_of_an_operation():
    def event(name="mul", module="", out=""):
        return SimpleNamespace(outputs=[thing(out)], module=module, name=name)

    assert wording.title(event(out="loss")) == "loss"
    assert wording.title(event()) == "mul"
    assert wording.title(event(module="0.linear", out="loss")) == "0.linear: mul"


def test_what_is_sent_along_an_edge():
    values = [np.array(2.5), np.array([2.5]), np.ones((4, 3)), np.array(-1.0)]
    assert [wording.label(value_of(v)) for v in values] == ["2.5", "(1,)", "(4,3)", "−1"]


def test_why_the_gradients_of_a_stretched_tensor_are_summed():
    def arrival(raw, fitted):
        return Arrival(0, thing("b"), None, value_of(np.ones(raw)), value_of(np.ones(fitted)), None, ONE)

    assert wording.stretched(arrival((6, 2), (2,))) == (
        "b is (2,) but was stretched to (6, 2): each of its numbers was used 6 times, so the 6 gradients are added up."
    )
    assert "each of its numbers was used 0 times" in wording.stretched(arrival((0, 2), (0,)))


@pytest.mark.parametrize("method", ["matmul_", "sub", "rsub_", "neg_", "clamp_"])
def test_an_in_place_call_without_a_sign_is_written_as_a_call(method):
    expected = {"matmul_": "@= …", "sub": "−= …"}.get(method, f".{method}(…)")
    assert wording.sign_of(method) == expected


def test_what_an_operation_keeps_has_the_users_names():
    w, c, z, y = nn.Parameter(torch.ones(2)), torch.ones(2), torch.ones(2, 3, requires_grad=True), torch.tensor([0, 1])
    with torch.watch() as run:
        by_data, by_number, largest, loss = w * c, w * 3.0, w.max(), nn.functional.cross_entropy(z, y)
    assert by_data.shape + by_number.shape + largest.shape + loss.shape == (2, 2)
    made = run.story.made
    told = [[(wording.kept_name(name, event), wording.is_number(name, event)) for name in event.keeps] for event in made]
    assert [each for each in told if each][:3] == [[("c", False)], [("3", True)], [("w", False), ("largest", False)]]
    assert told[-1][:3] == [("z", False), ("y", False), ("None", True)]  # the weight, which was not given
    facts = [fact for moment in run.story.moments for fact in moment.facts]
    assert facts == [f"Kept for the way back: {names}." for names in ("c", "w, largest", "z, y")]


# ---- an operation that is spelled out ----


def made(name, *inputs, **params):
    return SimpleNamespace(name=name, inputs=inputs, params=params)


W, X = thing("w", shape=(3,)), thing("x", shape=(3,))


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (made("add", W, X), "w + x"), (made("mm", W, X), "w @ x"), (made("relu", W), "relu(w)"), (made("neg", W), "-w"),
        (made("neg", W, X), "neg(w, x)"), (made("sub", W), "sub(w)"), (made("mul", thing("a + b"), X), "(a + b) * x"),
        (made("pow", W, c=1, p=2), "w ** 2"), (made("pow", W, c=2, p=2), "pow(w)"), (made("pow", W, c=1), "pow(w)"),
        (made("exp", W, c=1, p=2), "exp(w)"), (made("index", W, index=(slice(1, None), 0)), "w[1:, 0]"),
        (made("index", W, index=3), "index(w)"), (made("index", W, X, index=(0,)), "index(w, x)"),
        (made("index", W, index=(np.array([2, 0]),)), "w[2 0]"), (made("mul", W, 0.123456), "w * 0.1235"),
        (made("mul", W, 3), "w * 3"),
        (made("mul", W, thing(value=ONE)), "w * 1.5"),
        (made("mul", W, thing(value=value_of(np.array(0.123456)))), "w * 0.1235"),
        (made("mul", W, thing(value=value_of(np.array([0.123456])), shape=(1,))), "w * 0.1235"),
        (made("mul", W, thing(value=value_of(np.array([1.0, 0.5])), shape=(2,))), "w * [1 0.5]"),
        (made("mul", W, thing(value=value_of(np.ones((2, 2))), shape=(2, 2))), "w * (2, 2) norm 2"),
        (made("mul", W, thing()), "w * ?"),
        (made("mul", thing("v" * 24), X), f"{'v' * 24} * x"), (made("mul", thing("v" * 25), X), "… * x"),
        (made("stack", *[thing("v" * 18)] * 2, thing("v" * 13)), f"stack({'v' * 18}, {'v' * 18}, {'v' * 13})"),
        (made("stack", *[thing("v" * 18)] * 2, thing("v" * 14)), "stack(…)"), (made("where", W, None), "where(w, None)"),
    ],
)  # fmt: skip
def test_an_operation_is_spelled_out(event, expected):
    assert spelled(event) == expected


def test_the_order_of_a_training_step():
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with torch.watch() as run:
        optimizer.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    assert [phase for phase, _, _ in run.story.phases()] == ["start", "zero_grad", "forward", "backward", "step"]

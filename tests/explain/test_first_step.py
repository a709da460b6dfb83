"""Where a first step begins and ends, event by event: what comes before it and after it is not seen."""

import sys
import types

import pytest

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain import first_step
from autodiff.explain.first_step import FirstStep


def looked_at(program, fails=False):
    """How the look at a program ended, and the events that it saw."""
    seen = []
    looking = FirstStep(lambda run, end: seen.append((end, [type(event).__name__ for event in run.events], run)))
    if fails:
        with pytest.raises(ValueError, match="no more"), looking:
            program()
    else:
        with looking:
            program()
    ((end, events, run),) = seen
    return end, events, run


W = torch.tensor([1.0, 2.0], requires_grad=True)
UNTIL = ["Made", "Made", "Began", "Walked", "Walked", "Delivered", "Ended"]  # (w * 2).sum().backward()


def weight():
    return torch.tensor([1.0, 2.0], requires_grad=True)


def test_what_comes_before_the_first_recorded_operation_is_none_of_it():
    def program():
        w, data = weight(), torch.ones(2)
        data.mul_(3)
        with torch.no_grad():
            w.mul_(3)  # fills it
            w * 2
        data * 2
        w * 2

    end, events, run = looked_at(program)
    assert (end, events) == ("program", ["Made"])
    assert run.things[0].value.array.tolist() == [3, 6]


@pytest.mark.parametrize(
    ("begin", "first"),
    [
        (lambda w: w * 2, "Made"),
        (lambda w: optim.SGD([w], lr=0.1).step(), "Stepped"),
        (lambda w: optim.SGD([w], lr=0.1).zero_grad(), "Cleared"),
        (lambda w: torch.zeros(2).add_(w), "Changed"),
        (lambda w: torch.zeros(2).clone().add_(w, alpha=2), "Changed"),
    ],
)
def test_with_what_a_step_begins(begin, first):
    def program():
        begin(weight())

    assert first in looked_at(program)[1]


@pytest.mark.parametrize(
    ("event", "what", "begins"),
    [
        ("made", (), True), ("failed", (), True), ("began", (), True), ("stepping", (), True), ("cleared", (), True),
        ("entered", (), False), ("cut", (), False), ("delivered", (), False),
        ("changing", (torch.ones(2), "mul_", (3,), {}), False), ("changing", (W, "mul_", (3,), {}), True),
        ("changing", (torch.ones(2), "mul_", (W,), {}), True), ("changing", (torch.ones(2), "mul_", (), {"other": W}), True),
        ("changing", (torch.ones(2), "mul_", (torch.ones(2),), {"other": torch.ones(2)}), False),
    ],
)  # fmt: skip
def test_with_which_events_a_step_begins(event, what, begins):
    assert first_step._begins(event, *what) == begins
    with torch.no_grad():
        assert first_step._begins(event, *what) == (begins and event != "changing"), "without a graph a change fills numbers"


def test_layers_that_are_entered_before_it_are_known():
    """The first operation of a model stands inside its layers."""
    model = nn.Sequential(nn.Linear(2, 1))

    def program():
        model(torch.ones(1, 2))

    _, _, run = looked_at(program)
    assert [event.module for event in run.events] == ["0"]


def stepped(after):
    """A step, and what comes after it."""

    def program():
        w, v = weight(), weight()
        (w * 2).sum().backward()
        optim.SGD([w], lr=0.1).step()
        after(w, v)

    return looked_at(program)


@pytest.mark.parametrize(
    ("after", "belongs"),
    [
        (lambda w, v: optim.SGD([w], lr=0.1).zero_grad(), ["Cleared"]),
        (lambda w, v: w.__setattr__("grad", None), ["Cleared"]),
        (lambda w, v: w.grad.zero_(), ["Changed"]),
        (lambda w, v: optim.SGD([w], lr=0.1).step(), ["Stepped"]),
        (lambda w, v: w * 2, []),
        (lambda w, v: torch.ones(2).mul_(2), []),
        (lambda w, v: (v * 1.0).detach(), []),
    ],
)
def test_what_comes_after_a_step_belongs_to_it_or_ends_it(after, belongs):
    end, events, _ = stepped(after)
    assert (end, events) == ("step", [*UNTIL, "Stepped", *belongs])


def test_a_loss_that_is_put_away_is_left_out():
    def program():
        w = weight()
        loss = (w * 2).sum()
        loss.backward()
        optim.SGD([w], lr=0.1).step()
        loss.detach()
        w.grad = None

    assert looked_at(program)[:2] == ("step", [*UNTIL, "Stepped", "Cleared"])


def test_a_cut_within_the_step_is_seen():
    def program():
        w = weight()
        loss = (w * 2).sum()
        loss.detach()
        loss.backward()
        optim.SGD([w], lr=0.1).step()

    assert looked_at(program)[1][2] == "Cut"


def test_a_step_that_moves_nothing_does_not_end_it():
    def program():
        w = weight()
        optimizer = optim.SGD([w], lr=0.1)
        optimizer.step()
        (w * 2).sum().backward()
        optimizer.step()
        w * 3

    end, events, _ = looked_at(program)
    assert (end, events) == ("step", ["Stepped", *UNTIL, "Stepped"])


def by_hand(w):
    with torch.no_grad():
        w -= 0.1 * w.grad


def test_a_parameter_that_is_moved_by_hand_after_a_backward_is_a_step():
    def program():
        w = weight()
        (w * 2).sum().backward()
        by_hand(w)
        w.grad.zero_()
        w * 3

    end, events, _ = looked_at(program)
    assert (end, [event for event in events if event != "Cut"]) == ("step", [*UNTIL, "Changed", "Changed"])


@pytest.mark.parametrize("change", ["data", "recorded", "too soon"])
def test_other_changes_are_no_step(change):
    """Of data, one that the graph records, or one before any backward."""

    def program():
        w, data = weight(), torch.ones(2)
        h = w * 2
        if change != "too soon":
            h.sum().backward()
        if change == "data":
            data.mul_(2)
        elif change == "recorded":
            h.mul_(2)
        else:
            with torch.no_grad():
                w.mul_(2)
        weight() * 5
        weight() * 6

    end, events, _ = looked_at(program)
    assert end == "program"
    assert events[-2:] == ["Made", "Made"]


def test_after_the_step_nothing_more_is_recorded():
    def program():
        w = weight()
        for _ in range(3):
            (w * 2).sum().backward()
            optimizer = optim.SGD([w], lr=0.1)
            optimizer.step()
            optimizer.zero_grad()

    end, events, _ = looked_at(program)
    assert (end, events) == ("step", [*UNTIL, "Stepped", "Cleared"])


def test_what_the_program_called_its_last_result_is_known_when_it_has_ended(monkeypatch):
    program = types.ModuleType("__main__")
    program.w = weight()
    monkeypatch.setitem(sys.modules, "__main__", program)
    _, _, run = looked_at(lambda: exec("last = w * 2", vars(program)))
    assert [thing.name for thing in run.things if thing.kind != "number"] == ["w", "last"]


def test_whether_a_step_was_taken_is_yes_or_no():
    looking = FirstStep(lambda run, end: None)
    w = weight()
    optimizer = optim.SGD([w], lr=0.1)
    with looking:
        optimizer.step()
        assert looking.moved is False
        (w * 2).sum().backward()
        optimizer.step()
        assert looking.moved is True


def test_a_program_that_ends_after_its_step_has_taken_it():
    def program():
        w = weight()
        (w * 2).sum().backward()
        optim.SGD([w], lr=0.1).step()

    assert looked_at(program)[0] == "step"


def test_where_a_program_stops_is_told():
    def program():
        weight() * 2
        raise ValueError("no more")

    end, events, run = looked_at(program, fails=True)
    assert (end, events) == ("program", ["Made", "Failed"])
    assert run.events[-1].error == "no more"


def test_a_program_that_stops_after_its_step_is_not_told_of():
    def program():
        w = weight()
        (w * 2).sum().backward()
        optim.SGD([w], lr=0.1).step()
        w * 2
        raise ValueError("no more")

    assert looked_at(program, fails=True)[:2] == ("step", [*UNTIL, "Stepped"])


@pytest.mark.parametrize(("most", "end"), [(3, "program"), (2, "long")])
def test_it_is_not_looked_on_for_ever(monkeypatch, most, end):
    assert first_step._MOST == 20_000
    monkeypatch.setattr(first_step, "_MOST", most)
    w = weight()

    def program():
        for _ in range(3):
            w.exp()

    assert looked_at(program)[:2] == (end, ["Made"] * 3)


def test_a_fork_is_left_alone(monkeypatch):
    w = weight()

    def program():
        w * 2
        monkeypatch.setattr(first_step.os, "getpid", lambda: -1)
        w * 3
        w * 4

    assert looked_at(program)[1] == ["Made"]

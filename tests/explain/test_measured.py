"""A slope that was measured agrees with `.grad`; where there is none to measure, none is told."""

import json
import math

import pytest
from drawn_programs import of, programs, run_program
from hypothesis import given, settings
from laws import arrays_for, leaves_of
from samples import ROWS

import autodiff as torch
from autodiff import nn
from autodiff._core.graph import primitive
from autodiff.explain.events import Delivered
from autodiff.explain.text import as_text


def slopes(run):
    return [slope for moment in run.story.moments for slope in moment.measured]


SEEN = {"gradients": 0, "measured": 0}


@settings(max_examples=150)
@given(programs())
def test_on_drawn_programs_it_is_what_backward_says(program):
    with torch.watch() as run:
        run_program(program, True)
    found = slopes(run)
    for slope in found:
        if not slope.corner:  # as of maximum(x, x), or where two leaves are the same number
            assert math.isclose(slope.up, slope.backward, rel_tol=1e-3, abs_tol=1e-6), slope.words
    written = [event for event in of(run, Delivered) if event.arrived.array.any()]
    assert all(any(slope.thing is event.to for event in written) for slope in found if slope.backward)
    SEEN["gradients"] += len(written)
    SEEN["measured"] += len(found)


def test_on_drawn_programs_most_were_measured():
    if SEEN["gradients"]:  # the test above ran in this process
        assert SEEN["measured"] >= 0.8 * SEEN["gradients"], SEEN


# Where the forward is not smooth, is not finite, is cut, or is random; PyTorch's choice among equal numbers.
CHOICES = {
    "clamp-at its limits", "clamp-ties", "clamp_max-ties", "clamp_min-ties", "max-ties", "min-ties", "amin-ties, dim",
    "scatter_reduce-amax, equal ones",
}


def test_on_every_operation_it_is_what_backward_says():
    given, told = 0, 0
    for row in ROWS[::3]:
        if row.no_slope:
            continue
        leaves = leaves_of(torch, [array.astype("float32") for array in arrays_for(row)])
        with torch.watch() as run:
            out = row.call(torch, *leaves)
            outs = [y for y in (out if isinstance(out, tuple) else (out,)) if isinstance(y, torch.Tensor) and y.requires_grad]
            torch.autograd.backward(outs, [torch.ones_like(y) * 0.5 for y in outs])
        found = slopes(run)
        given, told = given + len(of(run, Delivered)), told + len(found)
        for slope in found:
            if row.id not in CHOICES:
                assert math.isclose(slope.up, slope.backward, rel_tol=1e-3, abs_tol=1e-6), (row.id, slope.words)
                assert not slope.corner, (row.id, slope.words)
    assert given > 380
    assert told >= 0.95 * given


def watched(program, *leaves):
    with torch.watch() as run:
        program(*leaves).backward()
    return slopes(run)


def test_the_largest_element_of_each_leaf_is_moved():
    w = torch.tensor([[0.5, -2.0], [1.0, 0.1]], requires_grad=True)
    b = torch.tensor(3.0, requires_grad=True)
    found = watched(lambda: ((w**2).sum() * b).exp().log())
    assert {(slope.label, slope.move) for slope in found} == {("w[0, 1]", 1e-4), ("b", 1e-4)}
    assert found[0].words == "b up and down by 0.0001 moves ((w**2).sum() * b).exp().log() with slope 5.26; backward says 5.26."


def test_a_corner_is_told_as_one():
    w = torch.tensor(0.0, requires_grad=True)
    (slope,) = watched(lambda: w.abs())
    assert slope.words == "w up and down by 0.0001 meets a corner of w.abs(): the slope is 1 up, −1 down; backward says 0."


def test_near_a_corner_it_is_measured_more_closely():
    w = torch.tensor(3e-5, requires_grad=True)
    (slope,) = watched(lambda: torch.relu(w) * 2)
    assert (slope.move, slope.corner) == (1e-6, False)
    assert slope.up == pytest.approx(2)
    w = torch.tensor(3e-7, requires_grad=True)
    assert not watched(lambda: torch.relu(w) * 2)  # between the two points, but not at the number


def test_what_was_cut_off_is_said_to_be_held():
    w = torch.tensor(3.0, requires_grad=True)
    (slope,) = watched(lambda: (w * w).detach() * w)
    assert slope.words == (
        "w up and down by 0.0001, all that was cut off held fixed, moves (w * w).detach() * w with slope 9; backward says 9."
    )


class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g


def test_nothing_is_told_where_nothing_can_be_measured():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    assert not watched(lambda: Wrong.apply(w).sum())  # the code of a Function may do anything
    y = w * 2
    assert not watched(lambda: (y * y).sum())  # computed before the watching began
    assert not watched(lambda: (w / 0).sum())
    assert not watched(lambda: (w.half() * 3).sum().float() * torch.tensor(float("nan")))
    w.register_hook(lambda g: g * 3)
    assert not watched(lambda: (w * w).sum())  # what a hook made of it is no slope


def test_random_numbers_are_those_that_were_drawn():
    torch.manual_seed(0)
    layer = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    x = torch.randn(4, 3)
    found = watched(lambda: (layer(x) ** 2).mean())
    assert len(found) == 4
    assert all(slope.up == pytest.approx(slope.backward, rel=1e-4) for slope in found)


def test_a_wrong_rule_of_the_users_is_seen():
    @primitive(lambda g, x: g * 3.0)
    def doubled(x):
        return x * 2

    w = torch.tensor([1.0, 4.0], requires_grad=True)
    (slope,) = watched(lambda: doubled(w).sum())
    assert "with slope 2; backward says 3." in slope.words


def test_values_are_those_of_their_time():
    w = torch.tensor(3.0, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    with torch.watch() as run:
        for _ in range(3):
            optimizer.zero_grad()
            (w**2).backward()
            optimizer.step()
            w.data.mul_(0.5)
    assert [round(slope.up, 4) for slope in slopes(run)] == [6.0, 2.4, 0.96]


def test_a_gradient_of_a_gradient_and_several_outputs():
    w = torch.tensor(2.0, requires_grad=True)
    with torch.watch() as run:
        (g,) = torch.autograd.grad(w**3, w, create_graph=True)
        (g * g).backward()
        y, z = w * 2, w**2
        torch.autograd.backward([y, z], [torch.tensor(3.0), torch.tensor(-1.0)])
    first, second = slopes(run)
    assert (round(first.up, 6), first.backward) == (288, 288)
    assert (round(second.up, 6), second.backward) == (2, 2)
    assert "the sum of y · g, and so on, with slope 2" in second.words


def test_a_long_run_is_measured_as_far_as_it_stays_quick():
    w = torch.tensor(1.0, requires_grad=True)
    with torch.lenient(), torch.watch() as run:
        for _ in range(40):
            y = w
            for _ in range(60):
                y = y * 1.01
            y.backward()
    assert 5 <= len(slopes(run)) < 40


def test_text_page_and_data_show_it():
    w = torch.tensor(3.0, requires_grad=True)
    b = torch.tensor(1.0, requires_grad=True)
    with torch.watch() as run:
        loss = w**2 * b
        loss.backward()
    text = " ".join(as_text(run.story).split())
    assert "b up and down by 0.0001 moves loss with slope 9; backward says 9." in text
    assert "w: backward says 6 6" in text
    assert "w up and down by 0.0001 moves loss with slope 6; backward says 6." in run.html()
    told = [each for moment in json.loads(run.to_json())["moments"] for each in moment["measured"]]
    assert [(round(each["up"], 6), each["backward"], each["at"]) for each in told] == [(9, 9, []), (6, 6, [])]

"""A run told line by line: each moment with its sentence, its numbers, its quiet facts, and what it changes in the picture."""

import textwrap
from types import SimpleNamespace

import pytest

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain import events
from autodiff.explain.events import Holding
from autodiff.explain.story import story_of
from autodiff.explain.values import value_of
from autodiff.nn import functional as F


def written(value):
    if value is None:
        return "nothing"
    return f"{value.number:.4g}" if value.number is not None else " ".join(f"{x:.4g}" for x in value.array.ravel().tolist())


def transcript(run):
    """Each moment as lines: its phase and title; the sentence; `=` rows and equations, `*` facts; `>` what goes along which
    line, `#` what stands in which slot afterwards, `@` the things that it is about."""
    lines = []
    for moment in run.story.moments:
        inside = f" in {moment.module}" if moment.module else ""
        lines += [f"{moment.phase}: {moment.title}{inside}", f"  {moment.words}"]
        for row in moment.rows:
            about = f"{row.name}: " if row.name else ""
            lines.append(f"  = {about}{row.text} | {row.numbers} | {written(row.result)} | {row.ink}")
        for each in moment.equations:
            lines.append(f"  = to {each.to.name}: {each.rule}{f' | {each.note}' if each.note else ''}")
        lines += [f"  * {fact}" for fact in moment.facts]
        lines += [f"  > {a.name or written(a.value)} – {b.name}: {what}" for a, b, what in moment.sent]
        lines += [f"  # {c.thing.name or 'a number'}.{c.slot}: {written(c.value)}" for c in moment.changes]
        if moment.things:
            lines.append(f"  @ {', '.join(thing.name or written(thing.value) for thing in moment.things)}")
    return "".join(f"{textwrap.fill(line, 120, subsequent_indent='      ')}\n".replace(" \n", "\n") for line in lines)


def leaves():
    return nn.Parameter(torch.tensor([1.0, 2.0])), nn.Parameter(torch.tensor(0.5)), torch.tensor([[1.0, 2.0], [3.0, 4.0]])


def a_step():
    w, b, x = leaves()
    optimizer = optim.SGD([w, b], lr=0.1)
    with torch.watch() as run:
        h = x * w
        y = h + b
        loss = (y * y).sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return run


def hooks_and_a_second_walk():
    w, _, _ = leaves()
    with torch.watch() as run:
        a = w * 2
        a.register_hook(lambda g: g * 10)
        a.register_hook(lambda g: None)
        w.register_hook(lambda g: g * 2)
        a.add_(1)
        s = a.sum()
        s.backward(retain_graph=True)
        s.backward()
    return run


def grad_and_zeros():
    w, b, _ = leaves()
    optimizer = optim.SGD([w, b], lr=0.1)
    w.grad = torch.ones(2)
    with torch.watch() as run:
        torch.autograd.grad(w * b, [w, b], torch.tensor([1.0, 3.0]))
        optimizer.zero_grad(set_to_none=False)
        w.grad = None
    return run


def cuts():
    w, _, _ = leaves()
    with torch.watch() as run:
        a = w * 2
        d = a.detach()
        with torch.no_grad():
            k, m = w * 3, w.clone()
        best = a.argmax()
        a.argmax()
        a.round().detach()
    return run, d, k, m, best


A_STEP = """\
start: before the first line
  2 tensors learn (w, b); the rest is data.
  # w.value: 1 2
  # b.value: 0.5
  # x.value: 1 2 3 4
  @ w, b
forward: h
  h is computed from x, w.
  * Kept for the way back: x.
  > x – h:
  > w – h:
  # x.value: 1 2 3 4
  # w.value: 1 2
  # h.value: 1 4 3 8
  @ h, x, w
forward: y
  y is computed from h, b.
  > h – y:
  > b – y:
  # b.value: 0.5
  # y.value: 1.5 4.5 3.5 8.5
  @ y, h, b
forward: y * y
  y * y is computed from y, y.
  * Kept for the way back: y.
  > y – y * y:
  > y – y * y:
  # y * y.value: 2.25 20.25 12.25 72.25
  @ y * y, y, y
forward: loss
  loss is computed from y * y.
  > y * y – loss:
  # loss.value: 107
  @ loss, y * y
backward: backward(): start at loss
  Now the question is turned around: if this number grew a little, how much would loss grow? The answer is called g. For
      loss itself it is 1.
  = ∂loss/∂loss |  | 1 | gradient
  # loss.gradient: 1
  @ loss
backward: back through loss
  Each number counts once, so each gets g unchanged.
  = to y * y: g in every place
  > y * y – loss: (2,2)
  # y * y.gradient: 1 1 1 1
  @ loss, y * y
backward: back through y * y
  Each factor gets g times the other factor: the bigger your partner, the more you matter.
  = y so far | (2, 2) norm 10.3 + (2, 2) norm 10.3 | 3 9 7 17 | gradient
  = to y: g · y
  = to y: g · y
  * Let go, no longer needed for the way back: y.
  > y – y * y: (2,2)
  > y – y * y: (2,2)
  # y.gradient: 1.5 4.5 3.5 8.5
  # y.gradient: 3 9 7 17
  @ y * y, y, y
backward: back through y
  A sum moves exactly as much as each of its parts, so both get g unchanged.
  = to h: g
  = to b: g | b is () but was stretched to (2, 2): each of its numbers was used 4 times, so the 4 gradients are added
      up.
  * y was used 2 times, and each use sent a gradient; they were added up before this.
  > h – y: (2,2)
  > b – y: 36
  # h.gradient: 3 9 7 17
  # b.collecting: 36
  @ y, h, b
backward: back through h
  Each factor gets g times the other factor: the bigger your partner, the more you matter.
  = to w: g · x | w is (2,) but was stretched to (2, 2): each of its numbers was used 2 times, so the 2 gradients are
      added up.
  * x: data, which gets no gradient.
  * Let go, no longer needed for the way back: x.
  > w – h: (2,)
  # w.collecting: 24 86
  @ h, w
backward: the sums become .grad
  Everything has arrived. Only now are the sums written into .grad.
  = b.grad | None, becomes | 36 | gradient
  = w.grad | None, becomes | 24 86 | gradient
  # b.collecting: nothing
  # b.gradient: 36
  # w.collecting: nothing
  # w.gradient: 24 86
  @ b, w
step: SGD moves w
  SGD moves w a small step against its gradient.
  = w[1]: before | p = 2, g = 86 | nothing | update
  = w[1]: p − lr · g | 2 − 0.1 · 86 | -6.6 | update
  = change of loss: g · (after − before), added up |  | -797.2 | gradient
  # w.value: -1.4 -6.6
  @ w
step: SGD moves b
  SGD moves b a small step against its gradient.
  = b: before | p = 0.5, g = 36 | nothing | update
  = b: p − lr · g | 0.5 − 0.1 · 36 | -3.1 | update
  = change of loss: g · (after − before), added up |  | -129.6 | gradient
  * The whole step should change loss by about −926.8. Run once more and see.
  # b.value: -3.1
  @ b
zero_grad: zero_grad()
  Every .grad goes back to None; the parameters keep their numbers. Without this, the next backward would add to the old
      gradients.
  * The gradients drawn on results in between were only passing through: these have no .grad.
  # w.gradient: nothing
  # b.gradient: nothing
  # loss.gradient: nothing
  # y * y.gradient: nothing
  # y.gradient: nothing
  # h.gradient: nothing
  @ w, b
"""

HOOKS = """\
start: before the first line
  One tensor learns (w); the rest is data.
  # w.value: 1 2
  @ w
forward: a
  a is computed from w.
  > w – a:
  > 2 – a:
  # w.value: 1 2
  # a number.value: 2
  # a.value: 2 4
  @ a, w, 2
forward: a₂
  a₂ writes over a in place.
  > a – a₂:
  > 1 – a₂:
  # a number.value: 1
  # a₂.value: 3 5
  @ a₂, a, 1
forward: s
  s is computed from a₂.
  > a₂ – s:
  # s.value: 8
  @ s, a₂
backward: backward(): start at s
  Now the question is turned around: if this number grew a little, how much would s grow? The answer is called g. For s
      itself it is 1.
  = ∂s/∂s |  | 1 | gradient
  # s.gradient: 1
  @ s
backward: back through s
  Each number counts once, so each gets g unchanged.
  = to a₂: g in every place
  > a₂ – s: (2,)
  # a₂.gradient: 1 1
  @ s, a₂
backward: back through a₂
  A sum moves exactly as much as each of its parts, so both get g unchanged.
  = to a: g
  > a – a₂: (2,)
  # a.gradient: 1 1
  @ a₂, a
backward: a hook on a
  A hook of yours saw the gradient at a and put another in its place.
  = the hook | [1 1] → [10 10] | 10 10 | gradient
  # a.gradient: 10 10
  @ a
backward: back through a
  Each factor gets g times the other factor: the bigger your partner, the more you matter.
  = to w: g · 2
  > w – a: (2,)
  # w.collecting: 20 20
  @ a, w
backward: a hook on w
  A hook of yours saw the gradient at w and put another in its place.
  = the hook | [20 20] → [40 40] | 40 40 | gradient
  # w.collecting: 40 40
  @ w
backward: the sums become .grad
  Everything has arrived. Only now are the sums written into .grad.
  = w.grad | None, becomes | 40 40 | gradient
  # w.collecting: nothing
  # w.gradient: 40 40
  @ w
backward: backward(): start at s
  g, once more: if this number grew a little, how much would s grow? For s itself it is 1.
  = ∂s/∂s |  | 1 | gradient
  # s.gradient: 1
  @ s
backward: back through s
  Each number counts once, so each gets g unchanged.
  = to a₂: g in every place
  > a₂ – s: (2,)
  # a₂.gradient: 1 1
  @ s, a₂
backward: back through a₂
  A sum moves exactly as much as each of its parts, so both get g unchanged.
  = to a: g
  > a – a₂: (2,)
  # a.gradient: 1 1
  @ a₂, a
backward: a hook on a
  A hook of yours saw the gradient at a and put another in its place.
  = the hook | [1 1] → [10 10] | 10 10 | gradient
  # a.gradient: 10 10
  @ a
backward: back through a
  Each factor gets g times the other factor: the bigger your partner, the more you matter.
  = to w: g · 2
  > w – a: (2,)
  # w.collecting: 20 20
  @ a, w
backward: a hook on w
  A hook of yours saw the gradient at w and put another in its place.
  = the hook | [20 20] → [40 40] | 40 40 | gradient
  # w.collecting: 40 40
  @ w
backward: the sums become .grad
  Everything has arrived. Only now are the sums written into .grad.
  = w.grad | [40 40] + [40 40] | 80 80 | gradient
  * A gradient was there already, and the new one was added to it: zero_grad() clears it.
  # w.collecting: nothing
  # w.gradient: 80 80
  @ w
"""

GRAD = """\
start: before the first line
  2 tensors learn (w, b); the rest is data.
  # w.value: 1 2
  # b.value: 0.5
  @ w, b
forward: w * b
  w * b is computed from w, b.
  * Kept for the way back: b, w.
  > w – w * b:
  > b – w * b:
  # w.value: 1 2
  # b.value: 0.5
  # w * b.value: 0.5 1
  @ w * b, w, b
backward: grad(): start at w * b
  Now the question is turned around: if this number grew a little, how much would w * b grow? The answer is called g.
      For w * b itself it is the gradient that was given.
  = the gradient that was given |  | 1 3 | gradient
  # w * b.gradient: 1 3
  @ w * b
backward: back through w * b
  Each factor gets g times the other factor: the bigger your partner, the more you matter.
  = to w: g · b
  = to b: g · w | b is () but was stretched to (2,): each of its numbers was used 2 times, so the 2 gradients are added
      up.
  * Let go, no longer needed for the way back: b, w.
  > w – w * b: (2,)
  > b – w * b: 7
  # w.collecting: 0.5 1.5
  # b.collecting: 7
  @ w * b, w, b
backward: grad() hands them back
  These gradients are returned; no .grad is touched.
  = for w |  | 0.5 1.5 | gradient
  = for b |  | 7 | gradient
  # w.collecting: nothing
  # w.gradient: 0.5 1.5
  # b.collecting: nothing
  # b.gradient: 7
  @ w, b
zero_grad: zero_grad(set_to_none=False)
  Every .grad becomes zeros. None, without set_to_none=False, would say that nothing has arrived yet.
  * The gradients drawn on results in between were only passing through: these have no .grad.
  # w.gradient: 0 0
  # b.gradient: nothing
  # w * b.gradient: nothing
  @ w
zero_grad: grad = None
  w.grad goes back to None; the parameters keep their numbers. Without this, the next backward would add to the old
      gradients.
  # w.gradient: nothing
  @ w
"""

CUTS = """\
start: before the first line
  One tensor learns (w); the rest is data.
  # w.value: 1 2
  # d.value: 2 4
  # k.value: 3 6
  # m.value: 1 2
  # best.value: 1
  # a.round().detach().value: 2 4
  @ w
forward: a
  a is computed from w.
  > w – a:
  > 2 – a:
  # w.value: 1 2
  # a number.value: 2
  # a.value: 2 4
  @ a, w, 2
forward: cut by detach
  Here the way back ends: d is made by detach, and no gradient will return from it.
  * It was made of a.
  # d.value: 2 4
  @ d, a
forward: cut under no_grad()
  Here the way back ends: k is made under no_grad(), and no gradient will return from it.
  * It was made of w, 3.
  # k.value: 3 6
  @ k, w, 3
forward: cut under no_grad()
  Here the way back ends: m is made under no_grad(), and no gradient will return from it.
  * It was made of w.
  # m.value: 1 2
  @ m, w
forward: cut by argmax
  Here the way back ends: best is made by argmax, and no gradient will return from it.
  * It was made of a.
  # best.value: 1
  @ best, a
forward: a.round()
  a.round() is computed from a.
  > a – a.round():
  # a.round().value: 2 4
  @ a.round(), a
forward: cut by detach
  Here the way back ends: a.round().detach() is made by detach, and no gradient will return from it.
  * It was made of a.round().
  # a.round().detach().value: 2 4
  @ a.round().detach(), a.round()
"""


@pytest.mark.filterwarnings("ignore::autodiff.TeachingWarning")
@pytest.mark.parametrize(
    ("program", "told"), [(a_step, A_STEP), (hooks_and_a_second_walk, HOOKS), (grad_and_zeros, GRAD), (lambda: cuts()[0], CUTS)]
)
def test_a_run_is_told_line_by_line(program, told):
    assert transcript(program()) == told


def test_a_moment_knows_its_event_its_place_and_how_deep_it_is():
    run = a_step()
    kinds = [type(moment.event).__name__ for moment in run.story.moments]
    assert kinds == ["NoneType", *["Made"] * 4, "Began", *["Walked"] * 4, "Delivered", "Stepped", "Stepped", "Cleared"]
    lines = [moment.span.line if moment.span else 0 for moment in run.story.moments]
    h, y, loss, back, step, clear = range(lines[1], lines[1] + 6)
    assert lines == [0, h, y, loss, loss, back, loss, loss, y, h, back, step, step, clear]
    assert {moment.depth for moment in run.story.moments} == {0}
    assert run.story.made == [event for event in run.events if isinstance(event, events.Made)]
    assert run.story.things is run.things


def test_what_a_layer_computes_is_told_in_it():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    with torch.watch() as run:
        model(torch.ones(1, 2)).sum().backward()
    told = [(moment.title, moment.module) for moment in run.story.moments]
    assert told[1:3] == [("0: linear", "0"), ("1: tanh", "1")]
    back = ["back through 1: tanh", "back through 0: linear", "the sums become .grad"]
    assert [title for title, _ in told[-3:]] == back


def moment_of(run, phase, at=0):
    return [moment for moment in run.story.moments if moment.phase == phase][at]


def told_of_the_beginning(things):
    return story_of(SimpleNamespace(events=[], things=things)).moments[0].words


def test_what_there_is_before_the_first_line():
    def thing(kind, name):
        return events.Thing(0, kind, (2,), "float32", value_of(torch.ones(2)), name=name)

    assert told_of_the_beginning([]) == "Nothing was recorded: nothing was computed from a tensor that requires a gradient."
    assert told_of_the_beginning([thing("data", "x")]) == "Nothing here learns: all of it is data."
    assert told_of_the_beginning([thing("parameter", "w")]) == "One tensor learns (w); the rest is data."
    several = [thing("parameter", f"p{i}") for i in range(13)]
    names = ", ".join(f"p{i}" for i in range(12))
    assert told_of_the_beginning(several[:12]) == f"12 tensors learn ({names}); the rest is data."
    assert told_of_the_beginning(several) == "13 tensors learn; the rest is data."
    assert told_of_the_beginning([thing("parameter", "w"), thing("parameter", "")]) == "2 tensors learn (w); the rest is data."


def test_an_operation_of_many_tensors_counts_them():
    with torch.watch() as run:
        first_long_name, second_long_name = (torch.ones(2, requires_grad=True) for _ in range(2))
        both = torch.cat([first_long_name, second_long_name] * 3)
        few = torch.cat([first_long_name, second_long_name])
    assert (moment_of(run, "forward").words, moment_of(run, "forward", 1).words) == (
        "both is computed from 6 tensors.",
        "few is computed from first_long_name, second_long_name.",
    )
    assert both.shape != few.shape


def stopped(program):
    """The last moment of a program that fails."""
    watching = torch.watch()
    with pytest.raises((RuntimeError, KeyError, ValueError)), watching:
        program()
    return watching.run.story.moments[-1]


def test_where_a_program_stopped():
    w, _, x = leaves()

    def failing(error):
        w * 2
        raise error

    told = stopped(lambda: w + torch.ones(3))
    assert (told.phase, told.title) == ("stopped", "add failed")
    assert told.words.startswith("RuntimeError: ")
    assert [(row.about.kind, row.text, row.numbers, row.result, row.ink) for row in told.rows] == [
        ("parameter", "w", "(2,)", None, "value"), ("data", "a (3,)", "(3,)", None, "value"),
    ]  # fmt: skip
    assert [thing.name for thing in told.things] == ["w", ""]
    told = stopped(lambda: failing(KeyError("no\nsecond line")))
    assert (told.title, told.words, told.rows, told.things) == ("KeyError", "KeyError: 'no\\nsecond line'", [], [])
    assert stopped(lambda: failing(ValueError("two\nlines"))).words == "ValueError: two"
    assert stopped(lambda: failing(ValueError(""))).words == "ValueError: "
    assert stopped(lambda: (w * 2) @ x @ torch.ones(3, 3)).title == "RuntimeError"


def test_a_walk_that_stopped():
    w, _, _ = leaves()
    with torch.watch() as run:
        loss = (w * 2).sum()
        loss.register_hook(lambda g: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            loss.backward()
    told = moment_of(run, "stopped")
    assert (told.title, told.words, told.depth) == (
        "the walk stopped",
        "backward stopped: ZeroDivisionError: division by zero",
        0,
    )
    assert isinstance(told.event, events.Ended)
    assert told.span.line == told.span.line


def test_what_a_backward_of_ones_own_says():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    w, _, _ = leaves()
    with torch.watch() as run:
        Double.apply(w).sum().backward()
    words = [moment.words for moment in run.story.moments]
    assert "Its own backward, which the program defines, says what goes on." in words


def test_cuts_on_one_line_by_one_thing_are_one_moment():
    w, _, _ = leaves()
    with torch.watch() as run:
        a, b = [each.detach() for each in (w * 2, w * 3)]
    (told,) = [moment for moment in run.story.moments if isinstance(moment.event, events.Cut)]
    assert len(told.things) == 3
    assert (a.requires_grad, b.requires_grad) == (False, False)


@pytest.mark.filterwarnings("ignore:Using backward")
def test_the_inside_of_a_walk_is_told_as_a_part_of_the_way_back():
    class Detaching(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * (x * 1).detach() * 2

    w, _, _ = leaves()
    with torch.watch() as run:
        Detaching.apply(w).sum().backward(create_graph=True)
    inside = [moment for moment in run.story.moments if moment.depth]
    assert {moment.phase for moment in inside} == {"backward"}
    assert "cut by detach" in [moment.title for moment in inside]


def test_what_a_program_holds():
    held = [Holding(None, "losses", kind, 3, 12, "a.py:7") for kind in ("list", "sum")]
    run = a_step()
    told = story_of(SimpleNamespace(events=[*run.events, *held], things=run.things)).moments[-2:]
    assert [(each.phase, each.title) for each in told] == [("zero_grad", "memory")] * 2
    assert [each.words for each in told] == [
        "The graphs of 3 losses, of a.py:7, are alive, held by the list `losses`: 12 operations that nobody needs. Keep "
        "the numbers, "
        "as loss.item() gives them. (AD024)",
        "The sum `losses` of 3 losses, of a.py:7, holds their graphs: 12 operations that nobody needs. Add the numbers, "
        "as loss.item() "
        "gives them. (AD024)",
    ]


def test_a_hook_on_an_operation_is_about_no_tensor():
    run, one, ten = a_step(), value_of(torch.ones(2)), value_of(torch.full((2,), 10.0))
    hooks = [events.Hooked(None, None, [one], [ten]), events.Hooked(None, run.things[0], [one], [None])]
    first, second = story_of(SimpleNamespace(events=[*run.events, *hooks], things=run.things)).moments[-2:]
    assert (first.title, first.things, first.changes) == ("a hook on an operation", [], [])
    assert [(row.about, row.numbers) for row in first.rows] == [(None, "[1 1] → [10 10]")]
    assert (second.title, second.things, second.changes) == ("a hook on x", [run.things[0]], [])


def test_a_step_without_a_backward_says_nothing_of_a_loss():
    w, b, _ = leaves()
    optimizer = optim.SGD([w, b], lr=0.1)
    w.grad = torch.tensor([1.0, 3.0])
    with torch.watch() as run:
        w * 2
        optimizer.step()
    told = moment_of(run, "step")
    assert [row.text for row in told.rows] == ["before", "p − lr · g"]
    assert told.facts == []


def test_a_loss_that_a_step_computes_itself_is_not_expected_to_change():
    w, _, _ = leaves()
    optimizer = optim.LBFGS([w], max_iter=2)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with torch.watch() as run:
        optimizer.step(closure)
    told = [moment for moment in run.story.moments if isinstance(moment.event, events.Stepped)]
    assert [moment.title for moment in told] == ["LBFGS moves w"]
    assert not any("should change" in fact for moment in told for fact in moment.facts)


def test_two_steps_after_one_backward_expect_a_change_once():
    w, b, _ = leaves()
    optimizer = optim.SGD([w, b], lr=0.1)
    with torch.watch() as run:
        F.relu(w * b).sum().backward()
        optimizer.step()
        with torch.lenient():
            optimizer.step()
    expected = [fact for moment in run.story.moments for fact in moment.facts if "should change" in fact]
    assert len(expected) == 1


def test_a_cut_inside_a_layer_is_told_in_it():
    class Cutting(nn.Module):
        def forward(self, x):
            h = x * 2
            cut = h.detach()
            return h + cut

    model = nn.Sequential(nn.Linear(2, 2), Cutting())
    with torch.watch() as run:
        model(torch.ones(1, 2)).sum()
    (told,) = [moment for moment in run.story.moments if isinstance(moment.event, events.Cut)]
    assert (told.phase, told.module, told.depth, told.span.told[:24]) == ("forward", "1", 0, "test_told_line_by_line.p")
    assert {moment.module for moment in run.story.moments if moment.phase == "forward"} == {"0", "1", ""}


def test_what_has_no_name_and_was_cut_by_the_way_is_not_told():
    w, _, _ = leaves()
    with torch.watch() as run:
        a = w * 2
        a.argmax()
        a.argmax(), a.detach()
        with torch.inference_mode():
            a.exp()
    assert [moment.title for moment in run.story.moments if isinstance(moment.event, events.Cut)] == [
        "cut by detach", "cut under inference_mode()"
    ]  # fmt: skip

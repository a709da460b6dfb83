"""Which operation bore the first nan, and which variable holds old losses: each rule on programs of a few lines."""

import inspect
from collections import deque
from types import SimpleNamespace

import pytest

import autodiff as torch
from autodiff.explain import alive
from autodiff.explain.alive import Holders

NAN, INF = float("nan"), float("inf")


def weight(*numbers):
    return torch.tensor(numbers, requires_grad=True)


def born(program):
    """Where the first one was born: (the moment's title, how it is told)."""
    with torch.watch() as run:
        program()
    found = [(moment.title, moment.mark) for moment in run.story.moments if moment.mark]
    assert all(moment.facts.count(moment.mark) == bool(moment.mark) for moment in run.story.moments)
    how = [mark.partition(" is born, in the ")[2].partition(":")[0].removesuffix(". (AD033)") for _, mark in found]
    return [(title, each) for (title, _), each in zip(found, how, strict=True)]


# ---- the first nan ----


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (lambda w: ((w * 2).sqrt() * 3).sum(), ["result of sqrt"]),
        (lambda w: (w.sqrt() + w.log()).sum(), ["result of sqrt"]),
        (lambda w: ((w + 1).log() + w.sqrt()).sum(), ["result of log"]),
        (lambda w: (w * torch.tensor([NAN, 1.0])).sum(), []),
        (lambda w: (w * NAN).sum(), []),
        (lambda w: (w * 2).sum(), []),
    ],
)
def test_the_first_result_that_is_not_finite_though_its_inputs_are(program, told):
    assert [how for _, how in born(lambda: program(weight(-1.0, 1.0)).backward())] == told


def test_the_moment_of_the_operation_is_marked():
    w = weight(-1.0, 1.0)

    def program():
        h = w * 2
        root = h.sqrt()
        root.sum().backward()

    assert born(program) == [("root", "result of sqrt")]


def test_without_a_walk_nothing_is_marked():
    assert born(lambda: weight(-1.0).sqrt()) == []


def test_what_was_born_before_counts_only_where_the_loss_is_one():
    w = weight(-1.0)

    def program():
        w.sqrt()  # of no matter
        (w * 2).sum().backward()

    assert born(program) == []


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (lambda w: torch.where(w > 0, w.log(), w * 0).sum(), ["slope of log"]),
        (lambda w: w.sqrt().sum(), ["slope of sqrt"]),
        (lambda w: (w * 1).sqrt().sum(), ["slope of sqrt"]),
        (lambda w: (w.sqrt() * 2).sum(), ["slope of sqrt"]),
        (lambda w: (w.sqrt() + (w * 3).sqrt()).sum(), ["slope of sqrt"]),
    ],
)
def test_the_slope_that_bore_it(program, told):
    w = weight(0.0, 1.0)
    assert [how for _, how in born(lambda: program(w).backward())] == told


def test_the_moment_is_the_one_where_the_gradients_that_came_in_were_finite():
    w = weight(0.0)

    def program():
        a = w * 2
        b = a * 3
        root = b.sqrt()
        root.sum().backward()

    assert born(program) == [("back through root", "slope of sqrt")]


def test_of_two_walks_each_is_looked_at_by_itself():
    w, v = weight(1.0), weight(0.0)

    def program():
        w.sqrt().sum().backward()
        (v * 2).sqrt().sum().backward()

    assert born(program) == [("back through (v * 2).sqrt()", "slope of sqrt")]


def test_what_the_walk_before_had_sent_there_is_forgotten():
    """Another walk sends to the same place: where that came from is what counts."""
    v, h = weight(0.0), None

    def program():
        nonlocal h
        h = v * 1
        torch.autograd.grad(h.sqrt().sum(), h, retain_graph=True)
        h.log().sum().backward()

    ((_, how),) = born(program)
    assert how == "result of log"

    def finite():
        h = v * 1
        torch.autograd.grad(h.sqrt().sum(), h, retain_graph=True)
        torch.where(v > 1, h.log(), h).sum().backward()

    assert [how for _, how in born(finite)] == ["slope of log"]


def test_a_gradient_that_was_not_born_in_the_run_has_no_mark():
    w = weight(1.0)
    assert born(lambda: (w * 2).backward(torch.tensor([INF]))) == []

    def program():
        h = w * 2
        h.register_hook(lambda g: g * INF)
        (h * 3).sum().backward()

    assert born(program) == []


def test_it_is_followed_through_an_operation_with_several_results():
    w = weight(0.0, 4.0)

    def program():
        a, b = (w * 1).split(1)
        (a * 2 + b.sqrt() + a.sqrt()).sum().backward()

    assert born(program) == [("back through a.sqrt()", "slope of sqrt")]
    a = torch.tensor([[2.0, 0.0], [0.0, 3.0]], requires_grad=True)

    def second():
        values, vectors = torch.linalg.eigh(a)
        (values.sum() + (vectors - vectors.detach()).sqrt().sum()).backward()

    assert born(second) == [("back through (vectors - vectors.detach()).sqrt()", "slope of sqrt")]


# ---- who holds old losses ----


def loss_of(w, k=1.0):
    return (w * k).sum()


def holders(*walked):
    """Holders that have seen a walk from each of these losses, one after the other."""
    found = Holders()
    for walk, loss in enumerate(walked, 1):
        found.began(None, [(loss._edge, None)], walk)
    return found


def frame(local=None, around=None):
    return SimpleNamespace(f_globals=around or {}, f_locals=local or {})


W = weight(1.0, 2.0)


def told(walks=3, **variables):
    """What is told of variables that are made from the losses of so many walks."""
    losses = [loss_of(W, k) for k in range(walks)]
    found = holders(*losses)
    found.look(frame({name: make(losses) for name, make in variables.items()}))
    return found.told()


def short(found):
    return found and found[:4]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda losses: losses, ("x", "list", 3, 6)),
        (tuple, ("x", "tuple", 3, 6)),
        (lambda losses: deque(losses, maxlen=2), ("x", "deque", 2, 4)),
        (lambda losses: dict(enumerate(losses)), ("x", "dict", 3, 6)),
        (lambda losses: [None, 3.0, *losses], ("x", "list", 3, 6)),
        (lambda losses: [W * 2, W, *losses], ("x", "list", 3, 6)),
        (lambda losses: [losses[-1]], None),
        (lambda losses: losses[-1:] * 2, None),
        (lambda losses: [*losses, 1.0], None),
        (lambda losses: [loss.item() for loss in losses], None),
        (lambda losses: [loss.detach() for loss in losses], None),
        (lambda losses: [], None),
        (lambda losses: {}, None),
        (lambda losses: set(losses), None),
        (sum, ("x", "sum", 3, 9)),
        (lambda losses: sum(losses) * 1, None),
        (lambda losses: losses[0] + losses[1], None),
        (lambda losses: losses[0], None),
        (lambda losses: torch.stack(losses), None),
        (lambda losses: sum(losses).detach(), None),
    ],
)
def test_what_holds_the_graphs_of_several_walks(make, expected):
    found = told(x=make)
    assert short(found) == expected
    assert found is None or found[4].startswith("test_births_and_holders.py:")


def test_a_number_of_which_the_last_loss_was_added_just_now():
    """A running sum is one whose own operation takes a loss; sum() begins with 0 + the first."""
    assert short(told(x=lambda losses: losses[0] + losses[1] + losses[2])) == ("x", "sum", 3, 8)


def test_of_several_the_one_that_holds_most_is_told():
    assert told(few=lambda losses: losses[:0] + losses[1:], all_of=list)[0] == "all_of"
    assert told(all_of=list, few=lambda losses: losses[1:])[0] == "all_of"


@pytest.mark.parametrize("make", [list, sum])
def test_the_line_of_the_last_loss_is_told(make):
    first, second = loss_of(W), loss_of(W)
    here = inspect.currentframe().f_lineno
    last = (W * 3).sum()
    found = holders(first, second, last)
    found.look(frame({"x": make([first, second, last])}))
    assert found.told()[4] == f"test_births_and_holders.py:{here + 1}"


def test_losses_of_before_the_run_count_as_one_walk():
    old = [loss_of(W), loss_of(W)]
    new = loss_of(W)
    found = holders(new)
    found.look(frame({"x": [*old, new]}))
    assert short(found.told()) == ("x", "list", 3, 6)


def test_before_the_first_walk_nothing_is_looked_at():
    class Frame:
        @property
        def f_globals(self):
            raise AssertionError("looked at")

    Holders().look(Frame())
    holders(loss_of(W)).look(None)
    with pytest.raises(AssertionError):
        holders(loss_of(W)).look(Frame())


def test_each_walk_looks_at_those_before_it():
    first, second = loss_of(W), loss_of(W, 2.0)
    kept = frame({"x": [first]})
    found = Holders()
    found.began(kept, [(first._edge, None)], 1)
    assert found.lists == {}
    found.began(kept, [(second._edge, None)], 2)
    assert [*found.lists] == ["x"]
    assert sorted(found.roots.values()) == [1, 2]


def test_a_walk_that_begins_at_a_leaf_has_no_graph():
    found = Holders()
    found.began(None, [(("a leaf", 0), None)], 1)
    assert found.roots == {}


class Trainer:
    def __init__(self, **more):
        vars(self).update(more)


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"a": 1, "__b": 2, ".0": 3, "_c": 4}, ["a", "_c"]),
        ({"self": Trainer(log=[1], queue=deque([1]), other=(1,), number=2)}, ["self", "self.log", "self.queue"]),
        ({"this": Trainer(log=[1])}, ["this"]),
        ({"self": 3}, ["self"]),
        ({"h": {"loss": [1], 3: deque(), "pair": (1, 2)}}, ["h", "h['loss']", "h[3]"]),
        ({"self": {"loss": [1]}}, ["self", "self['loss']"]),
        ({"h": {k: [k] for k in range(60)}}, ["h", *(f"h[{k}]" for k in range(50))]),
    ],
)
def test_which_variables_are_looked_at(variables, names):
    assert [name for name, _ in alive._variables(frame(variables))] == names
    assert [name for name, _ in alive._variables(frame(None, variables))] == names


def test_those_of_the_module_come_first():
    assert [*alive._variables(frame({"x": 1}, {"x": 2}))] == [("x", 2), ("x", 1)]


@pytest.mark.parametrize(
    ("value", "last", "elements"),
    [
        ([1, 2], 2, [1, 2]), ((1, 2), 2, [1, 2]), (deque([1, 2]), 2, [1, 2]), ({"a": 1, "b": 2}, 2, [1, 2]), ([], None, []),
        ({}, None, []), ("ab", None, ["a", "b"]), (range(2), None, [0, 1]),
    ],
)  # fmt: skip
def test_the_last_and_all_elements(value, last, elements):
    assert alive._last(value) == last
    assert alive._elements(value) == elements


def test_the_operation_of_a_tensor():
    y = W * 2
    assert alive._node(y) is y.grad_fn
    assert [alive._node(x) for x in (W, torch.ones(2), 3.0, None, y.detach())] == [None] * 5


def test_each_operation_behind_some_tensors_is_counted_once(monkeypatch):
    h = W * 2
    a, b = h.sin(), h.cos()
    assert alive._graph([a, b]) == {h.grad_fn, a.grad_fn, b.grad_fn}
    assert alive._graph([W]) == alive._graph([]) == set()
    popped = []
    monkeypatch.setattr(alive, "_node", lambda t: popped.append(t) or (t.grad_fn if isinstance(t, torch.Tensor) else None))
    y = W
    for _ in range(40):
        y = y * y  # 2 ** 40 ways lead back
    assert len(alive._graph([y])) == 40
    monkeypatch.setattr(alive, "_MOST", 5)
    assert len(alive._graph([y])) == 5


LATE = "A where() around it comes too late: both of its branches are computed."


@pytest.mark.parametrize(
    ("number", "compute", "mark"),
    [
        (0.0, lambda w: w.log(), "result of log: Keep what goes into it above 0, as by clamp(min=1e-12), or use log_softmax or "
         "a loss of logits."),
        (1e30, lambda w: w * w, "result of mul."),
        (0.0, lambda w: w.sqrt(), "slope of sqrt: its slope at 0 is infinite, and infinity times 0 is nan. Keep what goes into "
         f"it above 0, as by clamp(min=1e-12). {LATE}"),
        (1e-30, lambda w: w * 1e30 * 1e30, "slope of mul."),
    ],
)  # fmt: skip
def test_how_it_is_told(number, compute, mark):
    with torch.watch() as run:
        compute(weight(number)).backward()
    (told,) = [moment.mark for moment in run.story.moments if moment.mark]
    assert told == f"Here the first nan or infinity is born, in the {mark} (AD033)"

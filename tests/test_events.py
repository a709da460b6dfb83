"""What observers are told: each event, in its order, with the numbers of the moment, in the thread where it happens."""

import threading

import numpy as np
import pytest

import autodiff as torch
from autodiff import nn, optim
from autodiff._core.observer import LOOKING, observers, observing
from autodiff.utils.checkpoint import checkpoint


def frozen(x):
    """A gradient as it is now: the program goes on to add to it."""
    return x.copy() if isinstance(x, np.ndarray) else x.clone() if isinstance(x, torch.Tensor) and not x.requires_grad else x


class Everything:
    """Notes every event, and its values as they are at that moment."""

    def __init__(self):
        self.events = []

    def note(self, event, *what):
        self.events.append((event, *(map(frozen, what) if event == "delivered" else what)))

    def named(self, *names):
        return [event for event in self.events if event[0] in names]

    def order(self):
        return [event[0] for event in self.events]

    def __getattr__(self, event):
        if event.startswith("_") or event == "binding":
            raise AttributeError(event)
        return lambda *what: self.note(event, *what)


@pytest.fixture
def seen():
    with observing(Everything()) as everything:
        yield everything


def numbers(x):
    return np.asarray(x._array if isinstance(x, torch.Tensor) else x).tolist()


def test_a_training_step_in_its_order(seen):
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    seen.events.clear()  # of how the weights were drawn
    loss = model(torch.ones(3, 2)).sum()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    assert seen.order() == [
        "entered", "made", "left", "made", "began", "walked", "walked", "delivered", "delivered", "ended", "stepping",
        "stepped", "cleared",
    ]
    entered, left = seen.named("entered", "left")
    assert entered[1] is model
    assert left[1] is model
    assert left[2].shape == (3, 1)
    began, ended = seen.named("began", "ended")
    assert began[1] == "backward"
    assert [(edge[0], numbers(g)) for edge, g in began[2]] == [(loss.grad_fn, 1)]
    assert ended[1:] == ("backward", {}, None)
    assert [event[1] for event in seen.named("stepping", "stepped")] == [optimizer, optimizer]
    assert seen.named("cleared")[0][1:] == ([model.weight, model.bias], "zero_grad")


def test_each_layer_of_a_model_is_told_in_and_out(seen):
    layers = [nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 1))]
    model = nn.Sequential(*layers)
    seen.events.clear()
    model(torch.ones(1, 2))
    order = [event[1] for event in seen.named("entered", "left")]
    assert order == [model, layers[0], layers[0], layers[1], layers[1], layers[2], layers[2][0], layers[2][0], layers[2], model]
    with pytest.raises(RuntimeError):
        model(torch.ones(1, 3))
    assert [event[2] for event in seen.named("left")][-2:] == [None, None]


def test_an_operation_is_shown_with_its_parameters(seen):
    x = torch.ones(2, 3, requires_grad=True)
    y = x.sum(1, keepdim=True)
    (made,) = seen.named("made")
    _, node, inputs, params, outputs = made
    assert node is y.grad_fn
    assert [i is x for i in inputs] == [True]
    assert outputs[0] is y
    assert params == {"axes": (1,), "keepdim": True}


def test_what_a_rule_returned_and_what_arrives(seen):
    b = torch.ones(2, requires_grad=True)
    x = torch.ones(3, 2, dtype=torch.float64)
    (x * b).sum().backward()
    product = next(event for event in seen.named("walked") if event[1].name() == "MulBackward0")
    (sent,) = product[3]
    assert sent.raw.shape == (3, 2)
    walked = [event for event in seen.named("walked") if b._grad is not None and event[3][-1].edge[0] is b]
    assert [event[3][-1].fitted.shape for event in walked] == [(2,)]
    assert walked[0][3][-1].fitted.dtype == np.float32


def test_a_delivery_says_what_was_there_what_came_and_what_is(seen):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    for _ in range(2):
        (w * w).sum().backward()
    first, second = seen.named("delivered")
    assert first[1] is second[1] is w
    assert (first[2], numbers(first[3])) == (None, [2, 4])
    assert [numbers(x) for x in second[2:]] == [[2, 4], [2, 4], [4, 8]]


def test_what_is_retained_is_delivered_too(seen):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    y = w * 3
    y.retain_grad()
    (y * y).sum().backward()
    assert [(event[1] is y, numbers(event[3])) for event in seen.named("delivered")] == [(True, [6, 12]), (False, [18, 36])]


def test_grad_hands_back_what_it_found(seen):
    w = torch.tensor(3.0, requires_grad=True)
    torch.autograd.grad(w * w, w)
    assert seen.named("began")[0][1] == "grad"
    assert {key: numbers(g) for key, g in seen.named("ended")[0][2].items()} == {(w, -1): 6}
    assert not seen.named("delivered")


def test_a_walk_that_fails_ends_with_its_error(seen):
    w = torch.tensor(3.0, requires_grad=True)
    y = w * w
    y.backward()
    with pytest.raises(RuntimeError):
        y.backward()
    ended = seen.named("ended")
    assert ended[0][3] is None
    assert isinstance(ended[1][3], RuntimeError)
    assert seen.order().count("began") == 2


def test_hooks_that_replace_a_gradient(seen):
    w = torch.tensor([3.0, 4.0], requires_grad=True)
    y = w * 2
    w.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: g + 1)
    y.register_hook(lambda g: None)
    y.grad_fn.register_hook(lambda gs, outs: (gs[0] * 5, gs[1]))
    y.backward(torch.ones(2))
    replaced = [(event[1], np.ravel(numbers(event[2][0] if isinstance(event[2], list) else event[2])).tolist(),
                 np.ravel(numbers(event[3][0] if isinstance(event[3], list) else event[3])).tolist())
                for event in seen.named("hooked")]  # fmt: skip
    assert replaced == [(y.grad_fn, [1, 1], [2, 2]), (y.grad_fn, [4, 4], [20, 20]), (w, [20, 20], [200, 200])]
    assert w.grad.tolist() == [200, 200]


def test_a_change_in_place_is_told_before_and_after(seen):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    values = []
    seen.changing = lambda t, name, args, kwargs: values.append((name, numbers(t)))
    seen.changed = lambda t, name: values.append((name, numbers(t), t.grad_fn is not None))
    with torch.no_grad():
        w -= 1
    y = w * 2
    y += 1
    y[0] = 5
    assert values[:4] == [
        ("sub_", [1, 2]), ("sub_", [0, 1], False), ("add_", [0, 2]), ("add_", [1, 3], True),
    ]
    assert [name for name, *_ in values[4:]] == ["__setitem__"] * 2 or len(values) >= 6


def test_where_a_graph_is_cut(seen):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    y = w * 2
    y.detach()
    y.argmax()
    y > 0  # noqa: B015
    with torch.no_grad():
        w * 2
        torch.exp(w)
    with torch.inference_mode():
        torch.exp(w)
    torch.ones(2).exp()
    told = [(event[1], [x is w or x is y for x in event[2] if x.requires_grad]) for event in seen.named("cut")]
    assert told == [
        ("detach", [True]), ("argmax", [True]), ("gt", [True]), ("no_grad", [True]), ("no_grad", [True]),
        ("inference_mode", [True]),
    ]


def test_an_operation_that_refuses(seen):
    a, b = torch.ones(2, requires_grad=True), torch.ones(3)
    with pytest.raises(RuntimeError):
        a + b
    (failed,) = seen.named("failed")
    assert failed[1].public == "add"
    assert [x.shape for x in failed[2]] == [(2,), (3,)]
    assert isinstance(failed[4], ValueError)


def test_each_way_of_clearing(seen):
    w = torch.tensor(1.0, requires_grad=True)
    model = nn.Linear(1, 1)
    (model(torch.ones(1)) * w).backward()
    w.grad = None
    w.grad = None
    model.zero_grad()
    told = [event[1:] for event in seen.named("cleared")]
    assert told[:2] == [([w], "grad = None"), ([model.weight, model.bias], "zero_grad")]


def test_a_recomputed_forward_is_told_inside_the_walk(seen):
    w = torch.ones(2, requires_grad=True)
    checkpoint(lambda x: (x * x).exp(), w, use_reentrant=False).sum().backward()
    order = seen.order()
    assert order.count("made") > 3
    assert "made" in order[order.index("began") : order.index("ended")]


def test_only_the_thread_that_looks_on_is_shown():
    with observing(Everything()) as here:
        thread = threading.Thread(target=lambda: torch.ones(1, requires_grad=True).exp())
        thread.start()
        thread.join()
        assert not here.events
        torch.ones(1, requires_grad=True).exp()
    assert here.order() == ["made"]
    assert (observers(), LOOKING) == ((), set())


def test_a_walk_in_a_thread_of_its_own_is_told_to_the_observer_that_asked():
    class Deep(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n):
            ctx.n = n
            return x * 1

        @staticmethod
        def backward(ctx, g):
            if ctx.n:
                with torch.enable_grad():
                    Deep.apply(torch.ones(1, requires_grad=True), ctx.n - 1).backward()
            return g, None

    with observing(Everything()) as here:
        Deep.apply(torch.ones(1, requires_grad=True), 70).backward()
    assert here.order().count("began") == here.order().count("ended") == 71
    assert not LOOKING


def test_an_observer_that_fails_is_left_out_and_the_program_goes_on():
    class Broken:
        def made(self, *what):
            raise KeyError("me")

    with observing(Everything()) as whole, observing(Broken()):
        w = torch.ones(1, requires_grad=True)
        with pytest.warns(RuntimeWarning, match=r"Broken failed at 'made' .* KeyError: 'me'"):
            y = w * 2
        y.backward()
        assert len(observers()) == 1
    assert w.grad.item() == 2
    assert whole.order().count("made") == 1
    assert not LOOKING


def test_what_an_observer_computes_is_not_told_to_it():
    class Curious(Everything):
        def note(self, event, *what):
            super().note(event, *what)
            (torch.ones(1, requires_grad=True) * 2).backward()

    with observing(Curious()) as curious:
        torch.ones(1, requires_grad=True).exp()
    assert curious.order() == ["made"]


def test_set_observer_gives_back_the_one_before():
    first, second = Everything(), Everything()
    assert torch.set_observer(first) is None
    assert torch.set_observer(second) is first
    torch.ones(1, requires_grad=True).exp()
    assert torch.set_observer(None) is second
    torch.ones(1, requires_grad=True).exp()
    assert (first.order(), second.order()) == ([], ["made"])
    assert not LOOKING


def test_how_gradients_are_cleared_is_told(seen):
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for owner in (model, optimizer):
        for options, how in (({}, "zero_grad"), ({"set_to_none": True}, "zero_grad")):
            model(torch.ones(1, 2)).sum().backward()
            owner.zero_grad(**options)
            assert seen.named("cleared")[-1][2] == how
            assert model.weight.grad is None
        model(torch.ones(1, 2)).sum().backward()
        owner.zero_grad(set_to_none=False)
        assert seen.named("cleared")[-1][2] == "zero_grad(set_to_none=False)"
        assert model.weight.grad.tolist() == [[0, 0]]


@pytest.mark.parametrize("kind", ["backward", "grad"])
@pytest.mark.parametrize("fails", [False, True])
def test_a_walk_is_told_by_its_kind_from_its_beginning_to_its_end(seen, kind, fails):
    x = torch.ones(2, requires_grad=True)
    loss = (x * 3).sum()
    if fails:
        loss.grad_fn.register_hook(lambda into, out: 1 / 0)
    walk = loss.backward if kind == "backward" else lambda: torch.autograd.grad(loss, x)
    if fails:
        with pytest.raises(ZeroDivisionError):
            walk()
    else:
        walk()
    (began,), (ended,) = seen.named("began"), seen.named("ended")
    assert began[1] == ended[1] == kind
    assert isinstance(ended[3], ZeroDivisionError) if fails else ended[3] is None
    assert len(ended[2]) == (kind == "grad" and not fails)
    assert seen.order().index("began") < seen.order().index("ended")


def test_other_data_is_a_change_and_the_same_is_none(seen):
    x, new = torch.ones(2, requires_grad=True), torch.zeros(3)
    x.data = new
    assert [event[0] for event in seen.named("changing", "changed")] == ["changing", "changed"]
    (changing,), (changed,) = seen.named("changing"), seen.named("changed")
    assert changing[1] is changed[1] is x
    assert changing[2] == changed[2] == "data"
    assert changing[3][0] is new
    assert changing[4] == {}
    x.data = x.data  # as `x.data -= 1` ends
    assert len(seen.named("changing", "changed")) == 2


@pytest.mark.parametrize("several", [False, True])
def test_each_result_that_is_not_recorded_is_told(seen, several):
    """Also the second one in a block, and those of an operation that has several."""
    x = torch.ones(2, requires_grad=True)
    compute = (lambda: x.unbind(0)) if several else (lambda: x * 2)
    for block, by in ((torch.no_grad, "no_grad"), (torch.inference_mode, "inference_mode")):
        with block():
            for _ in range(3):
                found = compute()
                assert seen.events[-1][:2] == ("cut", by)
                assert seen.events[-1][2][0] is x
                assert seen.events[-1][3] is found or all(a is b for a, b in zip(seen.events[-1][3], found, strict=True))
    assert len(seen.named("cut")) == 6
    assert not seen.named("made")

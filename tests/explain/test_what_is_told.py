"""What the story says of a change in place, a cleared gradient, a step's effect on the loss, and of who holds a tensor."""

import numpy as np
import pytest

import autodiff as torch
from autodiff import nn
from autodiff.explain import changes
from autodiff.explain.events import (
    Arrival,
    Began,
    Changed,
    Cleared,
    Delivered,
    Holding,
    Made,
    Moved,
    Thing,
    Walked,
)  # fmt: skip
from autodiff.explain.expected import SENT, USUAL, Arrived, Sums
from autodiff.explain.held import Held, subscript
from autodiff.explain.moments import Moment
from autodiff.explain.values import Value, value_of


def value(*numbers, dtype=np.float32):
    return value_of(np.array(numbers, dtype))


def thing(name="x", kind="data", number=0, **more):
    return Thing(number, kind, (2,), "float32", value(1.0, 2.0), name=name, **more)


# ---- changes in place ----


def changed(what, by="mul_", before=(1.0, 2.0), after=(2.0, 4.0), **more):
    return changes.moment_of(Changed(None, what, by, value(*before), value(*after), [], **more))


BY_HAND = "x is changed by hand, in place: the graph is not told, and keeps its old numbers nowhere."


@pytest.mark.parametrize(
    ("kind", "by_step", "phase", "words"),
    [
        ("data", False, "forward", "x is data, and is written over in place."),
        ("result", False, "forward", "x is data, and is written over in place."),
        ("parameter", False, "step", BY_HAND),
        ("parameter", True, "step", "Inside its step the optimiser moves x, to compute the loss there."),
        ("data", True, "forward", "Inside its step the optimiser moves x, to compute the loss there."),
    ],
)
def test_a_change_of_numbers(kind, by_step, phase, words):
    x = thing(kind=kind)
    moment = changed(x, by_step=by_step, module="net.0", depth=1)
    assert (moment.phase, moment.title, moment.words) == (phase, "x *= …", words)
    (row,) = moment.rows
    assert (row.about, row.text, row.numbers, row.ink) == (x, "before, after", "[1 2] → [2 4]", "update")
    assert row.result.array.tolist() == [2, 4]
    (change,) = moment.changes
    assert (change.thing, change.slot, change.value.array.tolist()) == (x, "value", [2, 4])
    assert (moment.things, moment.module, moment.depth, type(moment.event)) == ([x], "net.0", 1, Changed)


@pytest.mark.parametrize(
    ("after", "phase", "words"),
    [
        ((0.0, 0.0), "zero_grad", "w.grad is filled with zeros, so that the next backward does not add to the old gradient."),
        ((0.0, 4.0), "backward", "w.grad is changed in place: step() will use what it is now."),
        ((-4.0, 0.0), "backward", "w.grad is changed in place: step() will use what it is now."),
        ((3.0, 3.0), "backward", "w.grad is changed in place: step() will use what it is now."),
    ],
)
def test_a_change_of_a_gradient(after, phase, words):
    w = thing("w", "parameter")
    moment = changed(thing("w.grad", gradient_of=w), "zero_", after=after)
    assert (moment.phase, moment.title, moment.words) == (phase, "w.grad = 0", words)
    assert moment.rows[0].ink == "gradient"
    assert (moment.changes[0].thing, moment.changes[0].slot) == (w, "gradient")
    assert moment.things == [w], "it is about the parameter"


def test_a_tensor_without_a_name_is_called_a_tensor():
    moment = changed(thing(""))
    assert (moment.title, moment.words) == ("a tensor *= …", "a (2,) is data, and is written over in place.")


G = value(1.0, 1.0)


@pytest.mark.parametrize(
    ("how", "given", "words"),
    [
        ("zero_grad", [G, None], "Every .grad goes back to None; the parameters keep their numbers. "
         "Without this, the next backward would add to the old gradients."),
        ("grad = None", [G, None], "p0.grad goes back to None; the parameters keep their numbers. "
         "Without this, the next backward would add to the old gradients."),
        ("grad = None", [G, G], "p0.grad and p1.grad goes back to None; the parameters keep their numbers. "
         "Without this, the next backward would add to the old gradients."),
        ("zero_grad", [None, None], "There was nothing to clear: no parameter had a gradient."),
        ("zero_grad(set_to_none=False)", [None], "There was nothing to clear: no parameter had a gradient."),
        ("zero_grad(set_to_none=False)", [G],
         "Every .grad becomes zeros. None, without set_to_none=False, would say that nothing has arrived yet."),
    ],
)  # fmt: skip
def test_gradients_that_are_cleared(how, given, words):
    event = Cleared(None, how, [(thing(f"p{k}", "parameter"), g) for k, g in enumerate(given)])
    assert changes.words_of_clearing(event) == words
    assert event.zeros == ("False" in how)


# ---- what a step should do to the loss ----


def move(w, before=(1.0, 2.0), after=(0.5, 4.0), grad=(2.0, 3.0)):
    grad = None if grad is None else value(*grad)
    return Moved(w, value(*before), grad, value(*after), {}, {}, {})


def small(given):
    """A value of which not every number is kept."""
    return Value(given.shape, given.dtype, None, given.picture, given.low, given.high, given.norm, given.strange, stamp(given))


def stamp(given):
    from autodiff.explain.values import _stamp

    return _stamp(given.array)


W, LOSS = thing("w", "parameter"), thing("loss", "result", 5)


def sums(*given, losses=(LOSS,)):
    return Sums([*losses], {W: [*given]})


def test_the_gradient_times_how_far_each_number_moved():
    assert sums(value(2.0, 3.0)).change_by(move(W)) == (USUAL, 2 * -0.5 + 3 * 2)
    assert sums(value(0.5, 1.0), value(1.5, 2.0)).change_by(move(W)) == (USUAL, 5.0), "of two losses the sum"


def test_of_a_gradient_that_was_changed_the_one_that_backward_sent():
    assert sums(value(4.0, 6.0)).change_by(move(W)) == (SENT, 10.0)
    assert (USUAL, SENT) == ("g · (after − before), added up", "g of backward · (after − before), added up")


def test_what_is_not_a_number_is_left_out_of_the_sum():
    assert sums(value(np.nan, 3.0)).change_by(move(W, grad=(np.nan, 3.0))) == (USUAL, 6.0)
    assert sums(value(np.nan, 3.0)).change_by(move(W)) == (SENT, 6.0)


def test_where_it_is_not_known_nothing_is_said():
    nothing = ("", None)
    assert sums().change_by(move(W)) == nothing, "nothing arrived"
    assert sums(value(2.0, 3.0), losses=()).change_by(move(W)) == nothing, "no loss"
    assert sums(value(2.0, 3.0)).change_by(move(W, grad=None)) == nothing
    assert sums(value(2.0, 3.0)).change_by(move(thing("v", "parameter"))) == nothing
    for cut in ("before", "after"):
        one = move(W)
        setattr(one, cut, small(getattr(one, cut)))
        assert sums(value(2.0, 3.0)).change_by(one) == nothing


def test_of_a_large_gradient_it_is_known_whether_it_is_the_one_that_arrived():
    whole = value(2.0, 3.0)
    assert sums(small(whole)).change_by(move(W)) == (USUAL, 5.0)
    assert sums(small(value(4.0, 6.0))).change_by(move(W)) == ("", None)
    assert sums(small(whole), small(whole)).change_by(move(W)) == ("", None)
    assert sums(small(whole), whole).change_by(move(W)) == sums(whole, small(whole)).change_by(move(W)) == ("", None)
    one = move(W)
    one.grad = small(whole)
    assert sums(whole).change_by(one) == (SENT, 5.0)
    assert sums(small(whole)).change_by(one) == ("", None)


@pytest.mark.parametrize(
    ("count", "name"), [(0, ""), (1, "l0"), (2, "l0 + l1"), (3, "l0 + l1 + l2"), (4, "the 4 losses together")]
)
def test_what_several_losses_are_called(count, name):
    assert Sums([thing(f"l{k}") for k in range(count)], {}).name == name


def delivered(to, *numbers):
    return Delivered(None, to, None, value(*numbers), value(*numbers))


def began(loss, kind="backward"):
    return Began(None, kind, [(loss, value(1.0))])


def after(*happened):
    arrived = Arrived()
    for event in happened:
        arrived.add(event)
    return {w.name: [(loss.name, g.array.tolist()) for loss, g in each] for w, each in arrived.given.items()}, arrived


V, OTHER = thing("v", "parameter"), thing("other", "result", 3)


def test_what_has_arrived_since_the_last_step():
    found, arrived = after(
        began(LOSS), delivered(W, 1.0, 1.0), delivered(V, 2.0, 2.0), began(OTHER), delivered(W, 3.0, 3.0), began(W, "grad"),
        delivered(V, 5.0, 5.0),
    )  # fmt: skip
    assert found == {"w": [("loss", [1, 1]), ("other", [3, 3])], "v": [("loss", [2, 2]), ("other", [5, 5])]}
    both = arrived.of([W, V])
    assert both.name == "other + loss", "in the order in which they were computed"
    assert [g.array.tolist() for g in both.given[W]] == [[1, 1], [3, 3]]
    arrived.used([W])
    assert [*arrived.given] == [V]
    assert arrived.of([W]).given == {W: []}
    assert arrived.of([W]).name == ""


def test_before_a_backward_nothing_counts_as_arrived():
    assert after(delivered(W, 1.0, 1.0))[0] == {}
    assert after(began(LOSS, "grad"), delivered(W, 1.0, 1.0))[0] == {}


def gradient_of(w, *numbers):
    return Changed(None, thing(f"{w.name}.grad", gradient_of=w), "mul_", value(1.0, 1.0), value(*numbers), [])


@pytest.mark.parametrize(
    ("event", "left"),
    [
        (Cleared(None, "zero_grad", [(W, None)]), ["v"]), (gradient_of(W, 0.0, 0.0), ["v"]),
        (gradient_of(W, 0.0, 1.0), ["w", "v"]),
        (gradient_of(W, -1.0, 0.0), ["w", "v"]), (gradient_of(W, 2.0, 2.0), ["w", "v"]),
        (Changed(None, W, "zero_", value(1.0, 1.0), value(0.0, 0.0), []), ["w", "v"]),
    ],
)  # fmt: skip
def test_what_is_cleared_has_not_arrived(event, left):
    assert [*after(began(LOSS), delivered(W, 1.0, 1.0), delivered(V, 2.0, 2.0), event)[0]] == left


# ---- what modules call the tensors that they hold ----


def held(**modules):
    found = Held()
    for name, module in modules.items():
        found.learn(module, name)
    return found


def met(found, x, kind="parameter"):
    one = thing("", kind)
    found.met(one, x)
    return one


def test_what_one_model_holds_has_its_path():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    found = held(net=net)
    assert (met(found, net[0].weight).name, met(found, net[1].running_mean, "data").name) == ("0.weight", "1.running_mean")
    assert met(found, net[0].weight).named
    stranger = met(found, torch.ones(2))
    assert (stranger.name, stranger.named) == ("", False)


def test_two_models_that_have_one_path_are_told_apart_by_their_variables():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    found = held(critic=first, actor=second)
    weight, bias = met(found, first.weight), met(found, first.bias)
    assert (weight.name, bias.name) == ("weight", "bias")
    other = met(found, second.weight)
    assert [each.name for each in (weight, bias, other)] == ["critic.weight", "critic.bias", "actor.weight"]
    assert met(found, second.bias).name == "actor.bias"
    assert met(found, first.weight).name == "critic.weight"


def test_models_of_other_paths_keep_theirs():
    first, second = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2))
    found = held(a=first, b=second)
    assert [met(found, x).name for x in (first.weight, second[0].weight)] == ["weight", "0.weight"]
    assert found.shared == {}


def test_models_of_one_variable_or_of_none_are_numbered():
    models = [nn.Linear(2, 2) for _ in range(12)]
    found = Held()
    for k, model in enumerate(models):
        found.learn(model, "net" if k % 2 else "")
    things = [met(found, model.weight) for model in models]
    assert [each.name for each in things[:6]] == [
        "model.weight", "net.weight", "model₂.weight", "net₂.weight", "model₃.weight", "net₃.weight",
    ]  # fmt: skip
    assert subscript(10) == "₁₀"


def test_a_model_is_learned_once_and_gets_its_variable_where_it_had_none():
    net = nn.Linear(2, 2)
    found = Held()
    assert [x is y for x, y in zip(found.learn(net, ""), (net.weight, net.bias), strict=True)] == [True, True]
    assert found.variables[id(net)] == ""
    assert found.learn(net, "net") == []
    assert found.learn(net, "again") == []
    assert found.variables[id(net)] == "net"
    assert found.modules == [net]


def test_what_a_module_got_lately_is_found_when_it_comes_in():
    net = nn.Linear(2, 2)
    found = held(net=net)
    net.late = nn.Parameter(torch.ones(2))
    net.register_buffer("kept", torch.ones(2))
    assert met(found, net.kept, "data").name == "", "only what learns is looked for anew"
    assert met(found, net.late).name == "late"
    assert met(found, net.kept, "data").name == "kept"
    assert found.read(net) == []


def event(name, *outputs, module="0"):
    things = [thing(out, "result") for out in outputs]
    return Made(None, name, None, [], {}, things, [], module=module)


def test_what_happened_in_a_model_gets_its_name_too():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    found = held(a=first, b=second)
    made, walked = event("linear", "0.linear", "y"), Walked(None, event("linear"), [], [], False, module="0")
    assert [found.inside(first, "0", each) for each in (made, walked)] == ["0", "0"]
    met(found, first.weight)
    met(found, second.weight)
    assert (made.module, walked.module) == ("a.0", "a.0")
    assert [out.name for out in made.outputs] == ["a.0.linear", "y"]
    assert found.inside(first, "1", event("relu")) == "a.1", "from now on at once"
    assert found.inside(second, "0", event("relu")) == "b.0"


# ---- records ----


def test_a_thing_tells_its_name_or_its_kind():
    assert repr(thing("w", "parameter")) == "<w (2,)>"
    assert repr(thing("", "data")) == "<data (2,)>"


def test_records_have_nothing_that_was_not_said():
    w = Thing(0, "data", (2,), "float32", None)
    assert (w.made, w.output, w.requires_grad, w.name, w.named, w.changed_from, w.gradient_of) == (
        None, 0, False, "", False, None, None,
    )  # fmt: skip
    made = Made(None, "add", None, [], {}, [], [])
    assert (made.module, made.depth, made.call, made.node, made.in_place) == ("", 0, None, None, "")
    walked = Walked(None, made, [], [], False)
    assert (walked.walk, walked.recorded) == (0, False)
    done = Changed(None, w, "add_", value(1.0), value(2.0), [])
    assert (done.recorded, done.by_step) == (False, False)
    moment = Moment("forward", "x", "x is")
    assert (moment.equations, moment.facts, moment.depth, moment.mark, moment.event) == ([], [], 0, "", None)
    assert Holding(None, "losses", "list", 3, 6, "a.py:3").losses == 3
    assert Arrival(0, w, None, value(1.0), value(1.0), None, value(1.0)).before is None


def of_operation(compute):
    with torch.watch() as run:
        compute()
    return next(each for each in run.events if isinstance(each, Made))


A, B = torch.tensor([[1.0, 2.0]], requires_grad=True), torch.tensor([[3.0], [4.0]])


def test_what_an_argument_of_a_rule_means():
    from autodiff._core.operation import ALL, INPUT, NUMBER, OUTPUT, PARAM, SHAPE

    made = of_operation(lambda: A @ B)
    first, second = made.operation.inputs
    assert made.meant(first) == (INPUT, made.inputs[0])
    assert made.meant(second) == (INPUT, made.inputs[1])
    assert made.meant("y") == (OUTPUT, made.outputs[0])
    assert made.meant("y1") == (OUTPUT, None), "a result that there is not"
    assert made.meant(f"{second}_shape") == (SHAPE, (2, 1))
    assert made.meant("i", 1) == (NUMBER, 1)
    powers = of_operation(lambda: A.softmax(1))
    (key,) = powers.params
    assert powers.meant(key) == (PARAM, powers.params[key])
    powers.params = {}
    assert powers.meant(key) == (PARAM, powers.operation.defaults[key])
    joined = of_operation(lambda: torch.cat([A, A]))
    (word,) = joined.operation.inputs
    assert joined.meant(word) == (ALL, joined.inputs)


def test_the_shape_of_a_number_of_pythons_is_none():
    made = of_operation(lambda: A @ B)
    made.inputs[1] = 2.0
    assert made.meant(f"{made.operation.inputs[1]}_shape")[1] == ()

"""What the recorder writes down of each thing that can happen: what it is, where, how deep, and what was there before."""

import copy
import json
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_programs import of

import autodiff as torch
from autodiff import nn, optim
from autodiff._core.graph import primitive
from autodiff.explain import recorder
from autodiff.explain.events import Began, Changed, Cleared, Cut, Delivered, Ended, Failed, Hooked, Made, Stepped, Walked
from autodiff.explain.values import same, value_of
from autodiff.nn import functional as F


def leaf(*numbers):
    return torch.tensor([*map(float, numbers)], requires_grad=True)


def held(value):
    return None if value is None else value.array.tolist()


# ---- how deep ----


class Squared(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (2 * x)


def test_what_happens_inside_a_walk_is_one_deeper_than_the_walk():
    w, model = leaf(1, 2), nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with torch.watch() as run:
        optimizer.zero_grad()
        model(torch.ones(3, 2)).sum().backward()
        optimizer.step()
        (g,) = torch.autograd.grad((w**3).sum(), w, create_graph=True)
        g.sum().backward()
    depths = {(type(event).__name__, event.depth) for event in run.events}
    walks = {"Began", "Walked", "Delivered", "Ended", "Cleared", "Stepped"}
    assert depths == {(name, 0) for name in walks} | {("Made", 0), ("Made", 1)}
    inner = [event for event in of(run, Made) if event.depth]
    began = [run.events.index(event) for event in of(run, Began)]
    ended = [run.events.index(event) for event in of(run, Ended)]
    assert all(began[1] < run.events.index(event) < ended[1] for event in inner)


def test_a_walk_inside_a_walk_is_deeper_too():
    w, v = leaf(1, 2), leaf(3)

    def hook(g):
        with torch.enable_grad():
            (v * 2).sum().backward()
        return g * 2

    with torch.watch() as run:
        y = w * 3
        y.register_hook(hook)
        y.sum().backward()
    assert [(event.kind, event.depth, event.walk) for event in of(run, Began)] == [("backward", 0, 1), ("backward", 1, 2)]
    assert [(event.to.name, event.depth, event.walk) for event in of(run, Delivered)] == [("v", 1, 2), ("w", 0, 1)]
    assert [(event.at.name, event.depth, event.walk) for event in of(run, Hooked)] == [("y", 0, 1)]
    assert [event.walk for event in of(run, Ended)] == [2, 1]


# ---- an operation ----


def test_what_is_learned_of_an_operation():
    x = torch.ones(2)
    with torch.watch() as run:
        w = leaf(1, 2)
        y = (w * x).clamp(min=0.5)
    first, second = of(run, Made)
    assert (first.name, first.params) == ("mul", {})
    assert 0.5 in second.params.values()
    assert [(one.kind, one.requires_grad, one.output, one.made) for one in first.outputs] == [("result", True, 0, first)]
    assert [(one.kind, one.requires_grad) for one in first.inputs] == [("parameter", True), ("data", False)]
    assert first.node is y.grad_fn.next_functions[0][0]
    assert (first.in_place, first.call, first.module) == ("", None, "")
    things = json.loads(run.to_json())["things"]
    assert [thing["requires_grad"] for thing in things if thing["kind"] in ("parameter", "data")] == [True, False]
    assert all(thing["requires_grad"] for thing in things if thing["kind"] == "result")


def test_the_inputs_and_outputs_that_are_kept_are_named():
    w, x = leaf(1, 2), torch.ones(2)
    with torch.watch() as run:
        (w * x, w.exp(), w + x, w.sum())
    assert [event.keeps for event in of(run, Made)] == [["other"], ["y"], [], []]


def test_several_outputs_are_several_things():
    w = leaf(3, 1, 2)
    with torch.watch() as run:
        a, b, c = w.unbind()
        (b * c).backward()
    made = next(event for event in of(run, Made) if event.name == "mul")
    assert [(x.name, x.output) for x in made.inputs] == [("b", made.inputs[0].output), ("c", made.inputs[1].output)]
    assert [event.to.name for event in of(run, Delivered)] == ["w"]
    assert a.requires_grad


@pytest.mark.parametrize("layer", [nn.LSTM(3, 2), nn.LayerNorm(3)])
def test_what_no_rule_of_one_input_leads_through_is_kept_however_large(layer):
    """Its numbers can't be found again from a rule; those of another operation can."""
    x = torch.ones(60, 40, 3)
    with torch.watch() as run:
        out = layer(x)
        loss = ((out[0] if isinstance(out, tuple) else out) * 2).sum()
        loss.backward()
    whole = [event for event in of(run, Made) if event.operation.together is not None]
    assert whole
    assert all(out.value.array is not None for event in whole for out in event.outputs)
    (double,) = [event for event in of(run, Made) if event.name == "mul"]
    assert double.outputs[0].value.array is None
    for event in of(run, Walked):
        for sent in event.sent:
            assert (sent.fitted.array is not None) == (event.made in whole or sent.fitted.size <= 4096)


def test_a_refused_call_is_written_down_with_its_inputs():
    w, watching = leaf(1, 2), torch.watch()
    with pytest.raises(RuntimeError), watching:
        w * torch.ones(3)
    (failed,) = of(watching.run, Failed)
    assert (failed.name, failed.kind, [x.shape for x in failed.inputs]) == ("mul", "RuntimeError", [(2,), (3,)])
    watching = torch.watch()
    with pytest.raises(KeyError), watching:
        {}["x"]
    (failed,) = of(watching.run, Failed)
    assert (failed.name, failed.kind, failed.inputs, failed.error) == ("KeyError", "KeyError", [], "'x'")
    watching = torch.watch()
    with pytest.raises(KeyboardInterrupt), watching:
        raise KeyboardInterrupt
    assert not of(watching.run, Failed)


# ---- what is cut off ----


def test_each_result_without_a_graph_is_written_down():
    w = leaf(3, 1, 2)
    with torch.watch() as run:
        d = (w * 2).detach()
        with torch.no_grad():
            values, order = w.sort()
    assert [(event.by, [x.name for x in event.inputs], event.output.name) for event in of(run, Cut)] == [
        ("detach", ["w * 2"], "d"), ("no_grad", ["w"], "values"), ("no_grad", ["w"], "order"),
    ]  # fmt: skip
    assert d.shape == values.shape == order.shape


# ---- written over in place ----


def test_what_data_and_what_learns_was_before_and_is_after():
    w, x = leaf(1, 2), torch.tensor([3.0, 4.0])
    with torch.watch() as run:
        (w * x).sum().backward()
        x.mul_(2)
        with torch.no_grad():
            w.sub_(w.grad, alpha=0.5)
        (w * x).sum()
    first, second = of(run, Changed)
    assert (first.by, held(first.before), held(first.after), first.operands) == ("mul_", [3, 4], [6, 8], [2])
    assert not first.recorded
    assert (second.by, held(second.before), held(second.after)) == ("sub_", [1, 2], [-0.5, 0])
    assert [x if isinstance(x, float) else x.name or x.kind for x in second.operands] == ["data", 0.5]
    before, after = (event for event in of(run, Made) if event.name == "mul")
    assert before.inputs == after.inputs  # the same two things, with other numbers
    assert not first.by_step
    assert not second.by_step


def test_a_part_that_is_written_to_is_a_change_of_the_whole_whose_operands_are_not_told():
    w = leaf(1, 2, 3)
    with torch.watch() as run:
        (w * 1).sum().backward()
        with torch.no_grad():
            w[1:].mul_(10)
            w.view(3).add_(1)
            w.data[::2].zero_()
            w.detach().mul_(2)
    told = [(event.thing.name, event.by, held(event.before), held(event.after), event.operands) for event in of(run, Changed)]
    assert told == [
        ("w", "mul_", [1, 2, 3], [1, 20, 30], []), ("w", "add_", [1, 20, 30], [2, 21, 31], [1]),
        ("w", "zero_", [2, 21, 31], [0, 21, 0], []), ("w", "mul_", [0, 21, 0], [0, 42, 0], [2]),
    ]  # fmt: skip


def test_the_same_memory_in_another_shape_or_order_is_a_part():
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    with torch.watch() as run:
        (w * 1).sum().backward()
        with torch.no_grad():
            w.t().add_(torch.tensor([[0.0, 10.0], [0.0, 0.0]]))
            w.view(4).mul_(2)
    assert [(held(event.after), event.operands) for event in of(run, Changed)] == [
        ([[1, 2], [13, 4]], []), ([[2, 4], [26, 8]], []),
    ]  # fmt: skip


def test_a_recorded_change_is_a_new_thing_that_knows_the_old_one():
    w = leaf(1, 2)
    with torch.watch() as run:
        y = w * 2
        y.mul_(3)
        y.exp_()
        y.sum().backward()
    changes = of(run, Changed)
    made = [event for event in of(run, Made) if event.name in ("mul", "exp")]
    assert [event.in_place for event in made] == ["", "mul_", "exp_"]
    assert [event.recorded for event in changes] == [True, True]
    assert [event.thing for event in changes] == [event.outputs[0] for event in made[1:]]
    assert [event.thing.changed_from for event in changes] == [event.outputs[0] for event in made[:2]]
    assert made[0].outputs[0].changed_from is None


def test_data_that_is_written_over_by_what_learns_is_no_third_thing():
    """The operation computes with a copy of what it changes."""
    w, x, other = leaf(1, 2), torch.tensor([3.0, 4.0]), torch.tensor([3.0, 4.0])
    with torch.watch() as run:
        x.mul_(w)
        y = torch.tensor([5.0, 6.0])
        y.addcmul_(w, other)
        (x + y).sum().backward()
    first, second = (event for event in of(run, Made) if event.in_place)
    assert [thing.name for thing in first.inputs if hasattr(thing, "name")] == ["x", "w"]
    assert {"w", "other"} <= {thing.name for made in of(run, Made) for thing in made.inputs if hasattr(thing, "name")}
    assert sorted(thing.name for thing in run.things if thing.kind == "data") == ["other", "x", "y"]
    assert second.in_place == "addcmul_"


def test_a_gradient_that_is_written_over_belongs_to_its_tensor():
    w = leaf(1, 2)
    with torch.watch() as run:
        (w * 3).sum().backward()
        w.grad.mul_(2)
        nn.utils.clip_grad_norm_([w], 1.0)
    things = [event.thing for event in of(run, Changed)]
    assert {(thing.name, thing.gradient_of.name) for thing in things} == {("w.grad", "w")}
    assert held(of(run, Changed)[0].before) == [3, 3]


def test_what_a_layer_fills_as_it_is_made_is_not_told_and_what_is_filled_afterwards_is():
    with torch.watch() as run:
        model = nn.Linear(2, 1)
        assert of(run, Changed) == []
        model.reset_parameters()
        nn.init.zeros_(model.bias)
        assert of(run, Changed) == []  # still nobody has used it
        model(torch.ones(1, 2)).sum().backward()
        nn.init.ones_(model.weight)
        model.reset_parameters()
    assert {event.thing.name for event in of(run, Changed)} == {"weight", "bias"}
    with torch.watch() as run:
        p = leaf(1, 2)
        with torch.no_grad():
            p.mul_(2)
    assert [event.thing.name for event in of(run, Changed)] == ["p"]  # no layer did it


def test_what_has_a_gradient_already_is_changed_also_by_a_layer():
    layer = nn.Linear(2, 1)
    layer(torch.ones(1, 2)).sum().backward()
    with torch.watch() as run:
        layer.reset_parameters()
        nn.init.ones_(layer.bias)
    assert [event.thing.name for event in of(run, Changed)][-1] == "bias"
    assert {event.thing.name for event in of(run, Changed)} == {"weight", "bias"}


def test_what_a_users_own_constructor_changes_is_told():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(2))
            self.reset_parameters()

        def reset_parameters(self):
            with torch.no_grad():
                self.w.mul_(3)

    with torch.watch() as run:
        net = Net()
    (change,) = of(run, Changed)
    assert (change.by, held(change.before), held(change.after)) == ("mul_", [1, 1], [3, 3])
    assert net.w.tolist() == [3, 3]


# ---- the way back ----


def test_what_arrives_is_added_up_and_what_was_there_is_known():
    w = leaf(1, 2)
    with torch.watch() as run:
        y = w * 2
        (y * 3 + y * 4).sum().backward()
        (w * 5).sum().backward()
    arrived = [sent for event in of(run, Walked) for sent in event.sent if sent.to.name == "y"]
    assert [(held(sent.before), held(sent.fitted), held(sent.total)) for sent in arrived] == [
        (None, [4, 4], [4, 4]), ([4, 4], [3, 3], [7, 7]),
    ]  # fmt: skip
    assert [(held(event.before), held(event.arrived), held(event.after), event.walk) for event in of(run, Delivered)] == [
        (None, [14, 14], [14, 14], 1), ([14, 14], [5, 5], [19, 19], 2),
    ]  # fmt: skip


def test_what_is_walked_back_from_may_get_more_from_another():
    w = leaf(1, 2)
    with torch.watch() as run:
        y = w * 2
        z = y * 3
        torch.autograd.backward([y, z], [torch.ones(2), torch.ones(2)])
    (sent,) = [sent for event in of(run, Walked) for sent in event.sent if sent.to.name == "y"]
    assert (held(sent.before), held(sent.fitted), held(sent.total)) == ([1, 1], [3, 3], [4, 4])
    assert w.grad.tolist() == [8, 8]


def test_the_first_gradients_are_those_that_were_given():
    w = leaf(1, 2)
    with torch.watch() as run:
        a, b = w * 2, w * 3
        torch.autograd.backward([a, b], [torch.ones(2), torch.tensor([1.0, -1.0])])
        found = torch.autograd.grad((w * 4).sum(), w)
    assert [[(thing.name, held(g)) for thing, g in event.roots] for event in of(run, Began)] == [
        [("a", [1, 1]), ("b", [1, -1])], [("(w * 4).sum()", 1)],
    ]  # fmt: skip
    assert [(event.kind, event.error, [(thing.name, held(g)) for thing, g in event.found]) for event in of(run, Ended)] == [
        ("backward", "", []), ("grad", "", [("w", [4, 4])]),
    ]  # fmt: skip
    assert found[0].tolist() == [4, 4]


@pytest.mark.parametrize("first", [torch.ones(5000), torch.arange(5000.0)], ids=["ones", "others"])
def test_a_first_gradient_is_kept_whole_however_large(first):
    w = torch.ones(5000, requires_grad=True)
    with torch.watch() as run:
        (w * 2).backward(first)
    assert held(of(run, Began)[0].roots[0][1]) == first.tolist()
    exec(run.source(), names := dict(run.inputs))
    assert names["w_grad"].tolist() == w.grad.tolist() == (first * 2).tolist()


def test_what_grad_finds_may_be_a_result_and_what_it_does_not_find_is_left_out():
    w, v = leaf(1, 2), leaf(3)
    with torch.watch() as run:
        y = w * 2
        torch.autograd.grad((y * y).sum(), [y, w, v], allow_unused=True)
    (event,) = of(run, Ended)
    assert [(thing.name, held(g)) for thing, g in event.found] == [("y", [4, 8]), ("w", [8, 16])]


def test_a_walk_that_fails_says_why():
    w = leaf(1, 2)

    class Failing(Squared):
        @staticmethod
        def backward(ctx, g):
            raise ValueError("no")

    with torch.watch() as run:
        with pytest.raises(ValueError, match="no"):
            Failing.apply(w).sum().backward()
        (w * 2).sum().backward()
    assert [event.error for event in of(run, Ended)] == ["ValueError: no", ""]
    assert [event.depth for event in of(run, Began)] == [0, 0]


def test_what_came_in_and_what_is_let_go():
    w = leaf(1, 2)
    with torch.watch() as run:
        y = w.exp()
        y.sum().backward(retain_graph=True)
        y.sum().backward()
        (w + 1).sum().backward()
    told = [(event.made.name, [held(g) for g in event.gradients], event.recorded) for event in of(run, Walked)]
    assert told[:2] == [("sum", [1], False), ("exp", [[1, 1]], False)]
    assert [event.freed for event in of(run, Walked) if event.made.name == "exp"] == [True, True]
    with torch.watch() as run:
        torch.autograd.grad((w**3).sum(), w, create_graph=True)
    assert {event.recorded for event in of(run, Walked)} == {True}


def made_by(x):
    return x.grad_fn.operation.public


def test_of_several_outputs_those_that_nobody_used_have_no_gradient():
    w = leaf(3, 1, 2)
    with torch.watch() as run:
        values, _ = w.sort()
        torch.stack([*w.unbind()][1:]).sum().backward()
        values.sum().backward()
    told = {event.made.name: [held(g) for g in event.gradients] for event in of(run, Walked)}
    assert told["unbind"] == [None, 1, 1]
    assert told[made_by(values)] == [[1, 1, 1], None]


def test_a_hook_on_a_tensor_and_one_on_a_node():
    w = leaf(1, 2)
    with torch.watch() as run:
        y = w * 3
        y.register_hook(lambda g: g * 10)
        y.sum().backward()
    (event,) = of(run, Hooked)
    assert (event.at.name, [held(g) for g in event.before], [held(g) for g in event.after]) == ("y", [[1, 1]], [[10, 10]])
    assert event.span == event.at.made.span
    assert held(of(run, Delivered)[0].after) == [30, 30]
    w.register_hook(lambda g: g + 1)
    with torch.watch() as run:
        (w * 2).sum().backward()
    (event,) = of(run, Hooked)
    assert (event.at.name, event.span, held(event.after[0])) == ("w", None, [3, 3])
    assert held(of(run, Delivered)[-1].arrived) == [3, 3]


def test_a_hook_on_a_node_is_of_its_first_result():
    w = leaf(1, 2)
    with torch.watch() as run:
        y = w * 3
        y.grad_fn.register_prehook(lambda gs: (gs[0] * 5,))
        y.sum().backward()
    (event,) = of(run, Hooked)
    assert (event.at.name, [held(g) for g in event.before], [held(g) for g in event.after]) == ("y", [[1, 1]], [[5, 5]])
    assert w.grad.tolist() == [15, 15]


# ---- steps and clearing ----


def test_a_step_is_told_group_by_group_with_options_and_state():
    a, b, c = leaf(1, 2), leaf(3), leaf(4)
    optimizer = optim.SGD([{"params": [a], "lr": 0.5}, {"params": [b, c]}], lr=0.1, momentum=0.9)
    with torch.watch() as run:
        for _ in range(2):
            (a.sum() + b.sum() * 2).backward()
            optimizer.step()
            optimizer.zero_grad()
    first, second = of(run, Stepped)
    assert (first.optimizer, first.of, first.number, first.whole_step) == ("SGD", optim.SGD, 0, False)
    assert [(move.thing.name, move.options["lr"]) for move in first.moves] == [("a", 0.5), ("b", 0.1)]  # c has no gradient
    assert all("params" not in move.options for move in first.moves)
    assert [(held(move.before), held(move.grad)) for move in first.moves] == [([1, 2], [1, 1]), ([3], [2])]
    assert [move.state_before for move in first.moves] == [{}, {}]
    assert [held(move.state_before["momentum_buffer"]) for move in second.moves] == [[1, 1], [2]]
    assert held(second.moves[1].state_after["momentum_buffer"]) == pytest.approx([0.9 * 2 + 2])
    assert same(second.moves[0].before, first.moves[0].after)
    assert held(second.moves[0].after) == a.tolist()


def test_two_optimisers_have_two_numbers():
    a, b = leaf(1), leaf(2)
    first, second = optim.SGD([a], lr=0.1), optim.Adam([b], lr=0.1)
    with torch.watch() as run:
        for _ in range(2):
            (a + b).sum().backward()
            second.step()
            first.step()
            a.grad = b.grad = None
    assert [(event.optimizer, event.number) for event in of(run, Stepped)] == [("Adam", 0), ("SGD", 1), ("Adam", 0), ("SGD", 1)]


def test_a_step_that_computes_the_loss_itself_has_the_gradients_of_its_end():
    w = leaf(1, 2)
    optimizer = optim.LBFGS([w], max_iter=2)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with torch.watch() as run:
        optimizer.step(closure)
    (event,) = of(run, Stepped)
    assert event.whole_step
    assert held(event.moves[0].grad) == w.grad.tolist()
    assert held(event.moves[0].before) == [1, 2]
    assert all(change.by_step for change in of(run, Changed))


def test_what_an_optimiser_remembers_is_numbers_and_tensors():
    w, holder = leaf(1, 2), SimpleNamespace(state={})
    holder.state[w] = {"step": torch.tensor(3.0), "n": 2, "x": 0.5, "array": np.ones(2), "name": "p", "none": None, "list": [1]}
    found = recorder._state_of(holder, w)
    assert {key: held(value) for key, value in found.items()} == {"step": 3.0, "n": 2, "x": 0.5, "array": [1, 1]}
    assert recorder._state_of(holder, leaf(1)) == {}
    holder.state[w] = {"large": torch.ones(5000)}
    assert recorder._state_of(holder, w)["large"].array is None
    assert recorder._state_of(holder, w, whole=True)["large"].array.size == 5000


def test_clearing_is_told_with_what_was_there():
    a, b = leaf(1, 2), leaf(3)
    optimizer = optim.SGD([a, b], lr=0.1)
    with torch.watch() as run:
        (a * 2).sum().backward()
        optimizer.zero_grad()
        (a * 3).sum().backward()
        a.grad = None
    events = of(run, Cleared)
    assert [(event.how, [(thing.name, held(g)) for thing, g in event.things]) for event in events] == [
        ("zero_grad", [("a", [2, 2]), ("b", None)]), ("grad = None", [("a", [3, 3])]),
    ]  # fmt: skip


def test_a_gradient_that_was_changed_between_two_walks_is_kept_whole():
    w = torch.ones(5000, requires_grad=True)
    with torch.lenient(), torch.watch() as run:
        (w * 2).sum().backward()
        (w * 2).sum().backward()
        w.grad.mul_(3)
        (w * 2).sum().backward()
    before = [event.before for event in of(run, Delivered)]
    assert [value if value is None else value.array is not None for value in before] == [None, False, True]
    assert before[2].array[0] == 12


# ---- modules ----


def test_the_calls_of_modules():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(2, 2)

        def forward(self, x, *, scale):
            return self.inner(x * scale)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = Block()

        def forward(self, x):
            return self.block(x, scale=torch.full((1,), 2.0)) + 1

    net, x = Net(), torch.ones(1, 2)
    with torch.watch() as run:
        net(x) * 3
    linear, plus, last = of(run, Made)
    assert [event.name for event in (linear, plus, last)] == ["linear", "add", "mul"]
    assert [event.module for event in (linear, plus, last)] == ["block.inner", "", ""]
    inner, block, outer = linear.call, linear.call.outer, plus.call
    assert [(call.path, call.kind) for call in (inner, block, outer)] == [
        ("block.inner", "Linear"), ("block", "Block"), ("net", "Net"),
    ]  # fmt: skip
    assert (block.outer, outer.outer, last.call) == (outer, None, None)
    assert outer.span.line == last.span.line != block.span.line
    scaled = linear.inputs[0]
    assert inner.given == {scaled}  # what they were given, of that what is a thing of the story
    assert (block.given, outer.given) == (set(), set())


def test_what_a_module_is_given_by_keyword_is_given_too():
    class Scale(nn.Module):
        def forward(self, x, *, by, times=2):
            return x * by * times

    w, v = leaf(1, 2), leaf(3, 4)
    with torch.watch() as run:
        Scale()(w, by=v)
    first, second = of(run, Made)
    assert {thing.name for thing in first.call.given} == {"w", "v"}
    assert first.call is second.call


# ---- which tensor is which thing ----


def test_a_tensor_is_the_same_thing_as_long_as_it_holds_the_same_numbers():
    w, x = leaf(1, 2), torch.tensor([3.0, float("nan")])
    with torch.watch() as run:
        w * x
        w * x
        x.mul_(1)  # changed, but to the same numbers
        w * x
        x[0] = 7
        w * x
    first, second, third, fourth = (event.inputs[1] for event in of(run, Made) if event.name == "mul")
    assert first is second is third
    assert (third.name, fourth.name, fourth.value.array[0]) == ("x", "x₂", 7)


def test_data_that_was_written_to_through_a_part_is_another_thing_if_its_numbers_are_others():
    w, x = leaf(1, 2), torch.tensor([3.0, 4.0])
    with torch.watch() as run:
        w * x
        x[:1].mul_(1)
        w * x
        x[:1].mul_(2)
        w * x
    first, second, third = (event.inputs[1] for event in of(run, Made) if event.name == "mul")
    assert first is second is not third
    assert (held(first.value), held(third.value)) == ([3, 4], [6, 4])


def test_a_result_whose_graph_is_gone_may_be_used_on():
    w = leaf(1, 2)
    y = w.exp()
    y.sum().backward()
    with torch.watch() as run:
        z = y * 2
    assert [(thing.name, held(thing.value)) for thing in run.things if thing.kind == "result"] == [
        ("y", y.tolist()), ("z", z.tolist()),
    ]  # fmt: skip


def test_a_constant_without_dimensions_is_a_number_until_it_has_a_name():
    w = leaf(1, 2)
    with torch.watch() as run:
        w * 2
        w * torch.tensor(3.0)
        scale = torch.tensor(4.0)
        w * scale
        w * torch.tensor([5.0])
    assert [event.inputs[1].kind for event in of(run, Made)] == ["number", "number", "data", "data"]


def test_a_leaf_is_never_another_thing_and_its_copy_is():
    w = leaf(1, 2)
    with torch.watch() as run:
        w * 1
        with torch.no_grad():
            w.mul_(2)
        w * 1
        v = copy.deepcopy(w)
        v * 1
    first, second, third = (event.inputs[0] for event in of(run, Made) if event.name == "mul")
    assert first is second is not third
    assert (first.name, third.name) == ("w", "v")


def test_a_result_that_is_older_than_the_run_is_known_by_what_was_kept_of_it():
    w = leaf(1, 2)
    y, z = w.exp(), w * 2
    with torch.watch() as run:
        (y * z).sum().backward()
    things = {thing.name: thing for thing in run.things}
    assert (held(things["y"].value), held(things["z"].value)) == (y.tolist(), [2, 4])
    assert [event.made.name for event in of(run, Walked)] == ["sum", "mul", "mul", "exp"]
    assert things["y"].made is not None
    assert things["y"].made.inputs[0] is things["w"]


def test_of_an_older_operation_each_output_is_told_apart():
    w = torch.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    values, vectors = torch.linalg.eigh(w)
    with torch.watch() as run:
        (vectors * 2).sum().backward()
    (made,) = {event.made for event in of(run, Walked) if event.made.node is vectors.grad_fn}
    assert [(one.output, one.shape, one.dtype, one.kind, one.requires_grad, one.name) for one in made.outputs] == [
        (0, (2,), "float32", "result", True, "values"), (1, (2, 2), "float32", "result", True, "vectors"),
    ]  # fmt: skip
    assert [held(one.value) for one in made.outputs] == [values.tolist(), vectors.tolist()]  # its rule needs both
    assert all(one.made is made for one in made.outputs)


def test_what_an_older_operation_has_not_kept_is_not_known():
    w = leaf(1, 2)
    y = w + 1
    z = y * 3
    with torch.watch() as run:
        z.sum().backward()
    known = {thing.name: held(thing.value) for thing in run.things if thing.kind == "result"}
    assert known["z"] == [6, 9]
    assert known["y"] is None
    y = (w * 2).double()
    z = y.exp()
    with torch.watch() as run:
        z.sum().backward()
    known = {thing.name: (thing.shape, thing.dtype) for thing in run.things if thing.kind == "result"}
    assert known["y"] == ((2,), "float64")


def test_what_an_older_operation_keeps_fills_in_its_constants_and_options():
    w, x = leaf(1, 2), torch.tensor([3.0, 4.0])
    y = (w * x) ** 2
    h = w.exp() * w
    with torch.watch() as run:
        (y + h).sum().backward()
    made = {event.made.name: event.made for event in of(run, Walked)}
    assert made["pow"].params["p"] == 2
    product = [event.made for event in of(run, Walked) if event.made.name == "mul"]
    constants = [one for each in product for one in each.inputs if one is not None and one.kind == "data"]
    assert [held(one.value) for one in constants] == [[3, 4]]
    results = [one for each in product for one in each.inputs if one is not None and one.kind == "result"]
    assert [held(one.value) for one in results] == [w.exp().tolist()]


def test_what_an_older_operation_keeps_is_kept_whole_however_large():
    """A program starts from it."""
    w, x = torch.ones(5000, requires_grad=True), torch.full((5000,), 2.0)
    y = (w * x).exp() * w
    with torch.watch() as run:
        y.sum().backward()
    used = [one for event in of(run, Walked) for one in event.made.inputs if one is not None and one.kind != "result"]
    assert {one.kind for one in used} == {"parameter", "data"}
    assert all(one.value.array is not None for one in used)
    kept = [one for event in of(run, Walked) for one in event.made.outputs if event.made.name == "exp"]
    assert [one.value.array is not None for one in kept] == [True]
    exec(run.source(), names := dict(run.inputs))
    assert names["w_grad"].tolist() == w.grad.tolist()


def test_a_value_knows_whether_another_has_the_same_bits():
    nan, zero = np.array([np.nan, 0.0]), np.array([0.0, np.nan])
    assert same(value_of(nan), value_of(nan.copy()))
    assert not same(value_of(nan), value_of(zero))
    assert not same(value_of(np.array([0.0])), value_of(np.array([-0.0])))
    assert same(None, None)
    assert not same(None, value_of(nan))
    assert not same(value_of(nan), None)
    assert not same(value_of(np.zeros(2)), value_of(np.zeros((2, 1))))
    assert not same(value_of(np.zeros(2, np.int32)), value_of(np.zeros(2, np.float32)))
    large = np.arange(5000.0)
    assert same(value_of(large), value_of(large, whole=True))
    assert not same(value_of(large), value_of(large[::-1]))


def test_a_loss_of_a_batch_is_told_whole():
    """Large inputs are copied whole, since a program starts from them; large results are not."""
    x, w = torch.ones(5000), torch.ones(5000, requires_grad=True)
    with torch.watch() as run:
        F.relu(w * x).sum().backward()
    made = of(run, Made)
    assert all(one.value.array is not None for one in made[0].inputs)
    assert made[0].outputs[0].value.array is None


def test_of_an_operation_that_keeps_all_its_inputs_that_is_said():
    @primitive(lambda g, xs, i: g * xs[1 - i], variadic=True)
    def both(*xs):
        return xs[0] * xs[1]

    w, v = leaf(1, 2), leaf(3, 4)
    with torch.watch() as run:
        both(w, v).sum().backward()
    assert (w.grad.tolist(), v.grad.tolist()) == ([3, 4], [1, 2])
    assert [event.keeps for event in of(run, Made)] == [["xs"], []]
    facts = [fact for moment in run.story.moments for fact in moment.facts]
    assert facts == ["Kept for the way back: all inputs.", "Let go, no longer needed for the way back: all inputs."]

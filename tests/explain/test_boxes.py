"""Which boxes and lines a graph has, and what each says: of a run, and of tensors alone."""

import re

import numpy as np
import pytest

import autodiff as torch
from autodiff import nn
from autodiff.explain import graph as graphs
from autodiff.explain.events import Call, Changed, Cut, Failed, Made, Thing
from autodiff.explain.graph import Box, Folded, Graph, of_run, of_tensors
from autodiff.explain.guessing import Modules, calls_of
from autodiff.explain.values import value_of
from autodiff.nn import functional as F


def boxes_of(program, *given):
    """The boxes of a run, as (kind, name, sign), and its lines by names."""
    watching = torch.watch()
    try:
        with watching:
            program(*given)
    except RuntimeError:
        pass
    graph = of_run(watching.run.events, watching.run.things)
    names = [box.name for box in graph.boxes]
    return [(box.kind, box.name, box.sign) for box in graph.boxes], [(names[a], names[b]) for a, b in graph.lines], graph


def weight(*numbers):
    return torch.tensor(numbers, requires_grad=True)


# ---- of a run ----


@pytest.mark.parametrize(
    ("compute", "sign"),
    [
        (lambda w: w * 2, "× 2"), (lambda w: 2 * w, "× 2"), (lambda w: 2 - w, "2 −"), (lambda w: w + 1.5, "+ 1.5"),
        (lambda w: w - 3, "− 3"),
        (lambda w: w / 4, "÷ 4"), (lambda w: w @ torch.ones(2), "dot"), (lambda w: -w, "−"), (lambda w: w.square(), "u²"),
        (lambda w: w * w, "×"), (lambda w: w**3, "uⁿ"), (lambda w: w.relu(), "relu"),
        (lambda w: F.leaky_relu(w, 0.5), "leaky relu"),
    ],
)  # fmt: skip
def test_an_operation_is_a_sign_with_the_number_of_pythons_that_it_takes(compute, sign):
    boxes, _, _ = boxes_of(compute, weight(1.0, 2.0))
    assert boxes[-1][2] == sign


def event_of(name, *inputs):
    return Made(None, name, None, list(inputs), {}, [], [])


def number_thing(x, kind="number", value=True):
    return Thing(0, kind, (), "float32", value_of(np.float32(x)) if value else None)


@pytest.mark.parametrize(
    ("name", "numbers", "sign"),
    [
        ("mul", (None, 2.0), "× 2"), ("mul", (2.0, None), "2 ×"), ("mul", (2.0, 3.0), "× 3"), ("mul", (None, None), "×"),
        ("pow", (None, 3.0), "uⁿ"), ("pow", (3.0, None), "3 uⁿ"), ("mul", (None, 2.0, None), "×"),
        ("maximum", (None, 2.0), "maximum"),
        ("mul", (None, -0.5), "× −0.5"), ("add", (None, 0.0), "+ 0"),
    ],
)  # fmt: skip
def test_signs(name, numbers, sign):
    inputs = [number_thing(1.0, "data") if x is None else number_thing(x) for x in numbers]
    assert graphs._sign(event_of(name, *inputs)) == sign


def test_a_number_that_is_not_known_is_not_told():
    assert graphs._sign(event_of("mul", number_thing(1.0, "data"), number_thing(2.0, value=False))) == "×"
    assert graphs._sign(event_of("mul", number_thing(1.0, "data"), 2.0)) == "×"


def test_numbers_are_no_boxes_unless_they_have_a_name():
    w = weight(1.0, 2.0)
    boxes, lines, _ = boxes_of(lambda: (w * 2).sum())
    assert [box[1] for box in boxes] == ["w", "w * 2", "(w * 2).sum()"]
    assert lines == [("w", "w * 2"), ("w * 2", "(w * 2).sum()")]


def test_what_is_used_twice_is_one_box_with_two_lines():
    w = weight(1.0, 2.0)
    boxes, lines, _ = boxes_of(lambda: w * w)
    assert [box[:2] for box in boxes] == [("parameter", "w"), ("result", "w * w")]
    assert lines == [("w", "w * w")] * 2


def result_thing(number, dtype="float32"):
    return Thing(number, "result", (2,), dtype, None, name=f"r{number}")


@pytest.mark.parametrize(
    ("dtypes", "drawn"),
    [(["float32", "int64"], ["r0"]), (["int64", "float64"], ["r1"]), (["float32"] * 2, ["r0", "r1"]), (["int64"], ["r0"])],
)
def test_results_that_are_no_floats_are_no_boxes_beside_one_that_is(dtypes, drawn):
    builder = graphs._Builder()
    event = event_of("sort", Thing(9, "data", (2,), "float32", None, name="x"))
    event.outputs = [result_thing(k, dtype) for k, dtype in enumerate(dtypes)]
    builder.operation(event)
    assert [box.name for box in builder.boxes] == ["x", *drawn]
    assert builder.lines == [(0, k + 1) for k in range(len(drawn))]


def test_results_that_are_there_for_the_rules_alone_are_no_boxes():
    class Operation:
        constants = 1

    builder = graphs._Builder()
    event = event_of("svd")
    event.operation, event.outputs = Operation, [result_thing(0), result_thing(1), result_thing(2)]
    builder.operation(event)
    assert [box.name for box in builder.boxes] == ["r0", "r1"]


def test_a_box_has_its_place_its_module_its_call_and_what_tells_it_from_others():
    layer, x = nn.Sequential(nn.Linear(2, 3), nn.Tanh()), torch.ones(4, 2)

    def program():
        for _ in range(2):
            y = layer(x)
        return y * 2

    _, _, graph = boxes_of(program)
    results = [box for box in graph.boxes if box.kind == "result"]
    assert [box.module for box in results] == ["0", "1", "0", "1", ""]
    assert [box.call.kind if box.call else None for box in results] == ["Linear", "Tanh", "Linear", "Tanh", None]
    assert [box.call.outer.kind for box in results[:4]] == ["Sequential"] * 4
    assert all(re.fullmatch(r"test_boxes\.py:\d+", box.place) for box in results)
    assert results[0].origin == results[2].origin
    assert len({box.origin for box in results}) == 3
    assert [box.origin[1] for box in results] == ["linear", "tanh", "linear", "tanh", "mul"]
    assert all(box.thing is not None and box.shape == box.thing.shape for box in results)
    inputs = [box for box in graph.boxes if box.kind != "result"]
    assert [(box.place, box.module, box.call, box.origin) for box in inputs] == [("", "", None, None)] * 3


def test_a_box_shows_the_numbers_that_were_used_last():
    w, x = weight(1.0, 2.0), torch.tensor([3.0, 4.0])

    def program():
        x.mul_(2)
        return w * x

    _, _, graph = boxes_of(program)
    assert [box.value.array.tolist() for box in graph.boxes] == [[1, 2], [6, 8], [6, 16]]


def test_only_what_the_program_itself_computes_is_drawn():
    w = weight(1.0, 2.0)

    def program():
        (g,) = torch.autograd.grad((w**3).sum(), w, create_graph=True)
        return g.sum()

    boxes, _, graph = boxes_of(program)
    assert [sign for _, _, sign in boxes].count("sum") == 2
    assert all(box.thing.made is None or box.thing.made.depth == 0 for box in graph.boxes if box.sign)


def test_a_cut_that_the_program_asks_for_is_drawn():
    w = weight(1.0, 2.0)

    def program():
        a = (w * 2).detach()
        with torch.no_grad():
            w * 3
        return a

    boxes, lines, _ = boxes_of(program)
    signs = [(kind, sign) for kind, _, sign in boxes]
    assert signs == [("parameter", ""), ("result", "× 2"), ("cut", "detach"), ("cut", "no_grad")]
    assert lines[1:] == [("w * 2", "a"), ("w", "w * 3")]


def test_a_cut_of_an_operation_without_a_slope_is_drawn_where_its_result_has_a_name():
    w = weight(1.0, 3.0)

    def program():
        h = w * 2
        best = h.argmax()
        h.argmin()
        return best

    boxes, lines, _ = boxes_of(program)
    assert [box[:2] for box in boxes] == [("parameter", "w"), ("result", "h"), ("cut", "best")]
    assert boxes[-1][2] == "argmax"
    assert lines == [("w", "h"), ("h", "best")]


def test_a_cut_of_what_is_in_no_picture_is_not_drawn():
    data = torch.ones(2)
    builder = graphs._Builder()
    x = Thing(0, "result", (2,), "float32", value_of(data), name="x", named=True)
    y = Thing(1, "result", (2,), "float32", value_of(data), name="y", named=True)
    builder.cut(Cut(None, "detach", [x], y))
    assert builder.boxes == []
    builder.box(x)
    builder.cut(Cut(None, "detach", [x, x, y], y))
    assert [(box.kind, box.name, box.sign) for box in builder.boxes] == [("result", "x", ""), ("cut", "y", "detach")]
    assert builder.lines == [(0, 1)], "once, and not from itself"


def test_what_was_drawn_before_it_was_cut_becomes_a_cut():
    builder = graphs._Builder()
    x, y = result_thing(0), result_thing(1)
    y.named = True
    builder.box(x)
    builder.box(y, "result", "relu")
    builder.cut(Cut(None, "argmax", [x], y))
    assert [(box.kind, box.sign) for box in builder.boxes] == [("result", ""), ("cut", "argmax")]


def test_a_failure_is_a_box_below_what_it_was_given():
    w = torch.ones(2, 3, requires_grad=True)
    boxes, lines, graph = boxes_of(lambda: (w * 2) @ torch.ones(2, 2))
    assert boxes[2:] == [("failed", "mm", "RuntimeError"), ("data", "a (2, 2)", "")]
    failed = next(box for box in graph.boxes if box.kind == "failed")
    assert re.fullmatch(r"test_boxes\.py:\d+", failed.place)
    assert lines[1:] == [("w * 2", "mm"), ("a (2, 2)", "mm")]


def test_the_inputs_of_a_failure_are_its_tensors_alone():
    builder = graphs._Builder()
    x = Thing(0, "data", (2,), "float32", None, name="x")
    two = number_thing(2.0)
    call = Call("net", "Net", None)
    builder.failure(Failed(None, "add", [x, two, 3], "no", "RuntimeError", module="net", call=call))
    assert [(box.kind, box.name, box.sign, box.module, box.place) for box in builder.boxes] == [
        ("failed", "add", "RuntimeError", "net", ""), ("data", "x", "", "", ""),
    ]  # fmt: skip
    assert builder.boxes[0].call is call
    assert builder.lines == [(1, 0)]


def test_a_thing_without_an_event_is_what_it_is():
    builder = graphs._Builder()
    two = number_thing(2.0)
    two.name = "k"
    assert builder.box(two) == builder.box(two) == 0
    (one,) = builder.boxes
    assert (one.kind, one.name, one.sign, one.shape, one.value.number) == ("data", "k", "", (), 2.0)
    x, now = result_thing(1), value_of(np.ones(2))
    builder.now[x] = now
    assert builder.boxes[builder.box(x)].value is now


def test_every_gradient_of_a_run_is_in_its_box():
    w, v = weight(1.0, 2.0), weight(3.0, 4.0)

    def program():
        h = w * v
        loss = h.sum()
        loss.backward()

    _, _, graph = boxes_of(program)
    grads = {box.name: None if box.grad is None else box.grad.array.tolist() for box in graph.boxes}
    assert grads == {"w": [3, 4], "v": [1, 2], "h": [1, 1], "loss": 1}
    assert not any(box.left_out for box in graph.boxes)


def test_the_gradient_of_grad_is_in_its_box_and_nothing_counts_as_left_out():
    w, v = weight(1.0, 2.0), weight(3.0, 4.0)
    _, _, graph = boxes_of(lambda: torch.autograd.grad((w * v).sum(), w))
    grads = {box.name: box.grad is not None for box in graph.boxes if box.kind == "parameter"}
    assert grads["w"]
    assert not any(box.left_out for box in graph.boxes), "only a backward leaves one out"


def test_a_change_that_the_graph_records_is_no_second_box():
    w = weight(1.0, 2.0)

    def program():
        h = w * 1
        h.mul_(3)
        return h

    boxes, _, graph = boxes_of(program)
    assert [sign for _, _, sign in boxes] == ["", "× 1", "× 3"]
    assert [box.value.array.tolist() for box in graph.boxes] == [[1, 2], [1, 2], [3, 6]]
    recorded = Changed(None, graph.boxes[1].thing, "mul_", value_of(np.zeros(2)), value_of(np.ones(2)), [], recorded=True)
    assert of_run([recorded], []).boxes == []


# ---- in words ----


def test_a_graph_in_words():
    w = Box("parameter", "w", shape=(2, 3))
    x = Box("data", "x", shape=(3,))
    b = Box("parameter", "b")
    y, z, lost = Box("result", "y", "@"), Box("result", "z"), Box("cut", "lost", "detach")
    graph = Graph([w, x, y, b, z, lost], [(0, 2), (1, 2), (2, 4), (3, 4)])
    assert graph.alt_text() == (
        "6 nodes; y is @ of w, x; z is computed of y, b; lost is detach of nothing; 2 parameters: w (2, 3), b ()."
    )
    assert Graph([w], [], note="one of many").alt_text() == "one of many; 1 parameter: w (2, 3)."
    assert Graph([x], []).alt_text() == "1 node; 0 parameters."


def test_a_folded_graph_in_words():
    net = Box("group", "net", "Net", holds=Folded(None, 12, 1300, None))
    last = Box("group", "last", "Linear", holds=Folded(None, 3, 0, None))
    graph = Graph([Box("data", "x"), net, last], [(0, 1)])
    assert graph.alt_text() == (
        "3 nodes; net holds 12 nodes (Net, of x); last holds 3 nodes (Linear); 0 parameters; "
        "those in the boxes on piles have 1,300 numbers."
    ).replace("(Net, of x)", "(Net), of x")
    assert "piles" not in Graph([last], []).alt_text()


# ---- of tensors ----


def told(*tensors, frame=None):
    graph = of_tensors(tensors, frame)
    names = [box.name for box in graph.boxes]
    return [(box.kind, box.name, box.sign) for box in graph.boxes], [(names[a], names[b]) for a, b in graph.lines], graph


def test_without_variables_a_leaf_and_data_are_called_what_they_are():
    boxes, lines, graph = told((weight(1.0, 2.0) * torch.tensor([3.0, 4.0])).sum())
    assert boxes == [("parameter", "a leaf", ""), ("data", "data", ""), ("result", "mul", "×"), ("result", "sum", "sum")]
    assert lines == [("a leaf", "mul"), ("data", "mul"), ("mul", "sum")]
    assert [box.shape for box in graph.boxes] == [(2,), (2,), (2,), ()]
    assert graph.boxes[0].value.array.tolist() == [1, 2]
    assert graph.boxes[1].value.array.tolist() == [3, 4]
    assert graph.boxes[3].value.number == 11


def test_what_no_graph_is_behind_is_a_box_alone():
    assert told(torch.ones(2))[:2] == ([("data", "data", "")], [])
    assert told(weight(1.0))[:2] == ([("parameter", "a leaf", "")], [])
    x = torch.ones(2)
    assert told(x, x)[0] == [("data", "data", "")]


def test_what_is_used_twice_is_one_line_here():
    w = weight(1.0, 2.0)
    assert told(w * w)[1] == [("a leaf", "mul")]


def test_gradients_of_leaves_and_those_that_are_retained():
    w = weight(1.0, 2.0)
    h = w * 2
    h.retain_grad()
    loss = h.sum()
    assert [box.grad for box in told(loss, h)[2].boxes] == [None, None, None]
    loss.backward(retain_graph=True)
    graph = told(loss, h)[2]
    assert [None if box.grad is None else box.grad.array.tolist() for box in graph.boxes] == [[2, 2], [1, 1], None]


def test_the_values_that_a_graph_keeps_are_shown_and_those_that_it_let_go_are_not():
    w = weight(1.0, 2.0)
    loss = (w.exp() * w.sin()).sum()
    values = {box.sign: box.value for box in told(loss)[2].boxes}
    assert values["exp"].array.tolist() == pytest.approx(np.exp([1, 2]))
    assert values["sin"].array.tolist() == pytest.approx(np.sin([1, 2]))
    assert values["×"] is None, "a sum keeps nothing of what it adds"
    loss.backward()
    values = {box.sign: box.value for box in told(loss)[2].boxes}
    assert values["exp"] is values["sin"] is None
    assert values["sum"].number == pytest.approx(loss.item())


def test_a_function_of_the_users_has_its_name_and_its_shape():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    boxes, lines, graph = told(Twice.apply(weight(1.0, 2.0)).sum())
    assert [name for _, name, _ in boxes] == ["a leaf", "Twice", "sum"]
    assert lines == [("a leaf", "Twice"), ("Twice", "sum")]
    assert graph.boxes[1].shape == (2,)


def test_numbers_of_pythons_are_no_boxes_and_a_tensor_of_one_number_is_one_if_it_has_a_name():
    w = weight(1.0, 2.0)
    assert [name for _, name, _ in told(w * torch.tensor(3.0))[0]] == ["a leaf", "mul"]
    scale = torch.tensor(3.0)
    y = w * scale
    assert [box.name for box in torch.graph(y).graph.boxes] == ["w", "scale", "y"]


def test_the_variables_of_the_caller_come_before_those_of_the_module():
    here = torch.ones(2, requires_grad=True)
    again = here
    result = here * 2
    other = result
    boxes = torch.graph(other).graph.boxes
    assert [box.name for box in boxes] == ["here", "result"]
    assert again is here


def test_boxes_of_tensors_have_their_lines_and_what_is_the_same_in_each_turn():
    h = weight(1.0, 2.0)
    for _ in range(3):
        h = h * 2
        h = h.sin()
    boxes = torch.graph(h).graph.boxes[1:]
    assert len({box.place for box in boxes}) == 2
    assert all(re.fullmatch(r"test_boxes\.py:\d+", box.place) for box in boxes)
    assert [box.origin for box in boxes[:2]] * 3 == [box.origin for box in boxes]
    assert [box.origin[1] for box in boxes[:2]] == ["mul", "sin"]


def test_an_operation_whose_line_was_not_noted_has_no_place():
    y = weight(1.0, 2.0) * 2
    y.grad_fn.place = None
    assert told(y)[2].boxes[1].place == ""


def test_several_results_of_one_operation_are_boxes_of_their_own():
    w = weight(1.0, 2.0, 3.0, 4.0)
    a, b = w.split(2)
    boxes, _, graph = told(a, b)
    assert [box[0] for box in boxes] == ["parameter", "result", "result"]
    assert sorted(graph.lines) == [(0, 1), (0, 2)]
    assert [box.value.array.tolist() for box in graph.boxes[1:]] == [[1, 2], [3, 4]]


def test_what_a_node_keeps_of_inputs_without_a_gradient():
    w, x = weight(1.0, 2.0), torch.tensor([3.0, 4.0])
    y = w * x
    ((key, array),) = graphs._constants(y.grad_fn)
    assert (key, array.tolist()) == (1, [3, 4])
    assert graphs._constants((w * w).grad_fn) == graphs._constants((w + x).grad_fn) == []
    y.sum().backward()
    assert graphs._constants(y.grad_fn) == []


# ---- whose modules ----


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x):
        return self.b(self.a(x).relu())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])
        self.register_buffer("scale", torch.ones(2))

    def forward(self, x):
        for block in self.blocks:
            x = block(x) * self.scale
        return x


def learned(net, name="net"):
    modules = Modules()
    modules.learn(name, net)
    return modules


def path_of(modules, *tensors):
    found = modules.of([t._array for t in tensors])
    return None if found is None else [path for _, path in found]


def test_the_modules_around_a_parameter():
    net = Net()
    modules = learned(net)
    first, second = net.blocks
    assert path_of(modules, first.a.weight) == ["net", "blocks.0", "blocks.0.a"], "a ModuleList is no level"
    assert path_of(modules, net.scale) == ["net"]
    assert path_of(modules, first.norm.running_mean) == ["net", "blocks.0", "blocks.0.norm"]
    assert path_of(modules, first.a.weight, first.a.bias) == ["net", "blocks.0", "blocks.0.a"]
    assert path_of(modules, first.a.weight, first.b.bias) == ["net", "blocks.0"]
    assert path_of(modules, first.a.weight, second.a.weight) == ["net"]
    assert path_of(modules, torch.ones(2)) is None
    assert path_of(modules, torch.ones(2), first.a.weight) == ["net", "blocks.0", "blocks.0.a"]
    assert {modules.kinds[id(m)] for m in (net, first, first.a)} == {"Net", "Block", "Linear"}


def test_a_module_is_learned_by_its_first_name():
    net = Net()
    modules = learned(net)
    modules.learn("again", net)
    modules.learn("block", net.blocks[0])
    assert path_of(modules, net.blocks[0].a.weight) == ["net", "blocks.0", "blocks.0.a"]


def calls(modules, owners):
    """Each call by its path, those around it before it, with a number for each that is another one."""
    found = calls_of(owners, modules)
    seen = {}
    told = []
    for call in found:
        way = []
        while call is not None:
            way.insert(0, f"{call.path}:{call.kind}#{seen.setdefault(call, len(seen))}".split(":")[0])
            call = call.outer
        told.append(way)
    return told, found


def test_what_has_no_parameter_is_in_what_those_before_and_behind_it_are_both_in():
    net = Net()
    modules = learned(net)
    owner = {name: modules.of([p._array]) for name, p in net.named_parameters()}
    a, b, c = (owner[f"blocks.{k}.weight"] for k in ("0.a", "0.b", "1.a"))
    told, found = calls(modules, [None, a, a, None, b, None, c, None])
    assert told == [
        [], ["net", "blocks.0", "blocks.0.a"], ["net", "blocks.0", "blocks.0.a"], ["net", "blocks.0"],
        ["net", "blocks.0", "blocks.0.b"], ["net"], ["net", "blocks.1", "blocks.1.a"], [],
    ]  # fmt: skip
    assert [call and call.kind for call in found] == [None, "Linear", "Linear", "Block", "Linear", "Net", "Linear", None]
    assert found[1] is found[2], "two that follow each other are one call"
    assert found[3] is found[1].outer is found[4].outer
    assert found[5] is found[3].outer is found[6].outer.outer
    assert calls_of([None, None], modules) == [None, None]
    assert calls_of([(), a], modules)[0] is None

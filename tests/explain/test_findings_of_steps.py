"""What the doctor finds in parameters, in what came back, in steps, and how it looks on: each part asked alone."""

import math

import numpy as np
import pytest

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain.doctor import gradients, learning, setup
from autodiff.explain.doctor.aside import Patient, aside, loose
from autodiff.explain.doctor.trial import Spot, Trial
from autodiff.nn import functional as F

X, Y = torch.tensor([[1.0, -1.0], [0.5, 2.0], [-1.0, 0.0], [2.0, 1.0]]), torch.tensor([0, 1, 0, 1])


def all_of(findings):
    return [(each.code, each.severity, each.sentence, each.where, each.cure) for each in findings]


# ---- before anything runs ----


class Holding(nn.Module):
    def __init__(self, **held):
        super().__init__()
        self.last = nn.Linear(2, 2)
        for name, value in held.items():
            vars(self)[name] = value


def checked(model, loss_fn=F.cross_entropy, optimizer=None, meant=1):
    optimizer = optimizer or optim.SGD(model.parameters(), lr=0.1)
    return all_of(setup.checked(model, loss_fn, optimizer, meant))


@pytest.mark.filterwarnings("ignore:.* is a plain \\w+ of modules")
def test_layers_in_a_plain_container_are_lost():
    for value in ([nn.Linear(2, 2), nn.ReLU()], (nn.Linear(2, 2), 3), {"a": nn.Linear(2, 2)}):
        kind, wanted = type(value).__name__, "ModuleDict" if isinstance(value, dict) else "ModuleList"
        found = (f"A plain {kind} holds 1 layer. parameters() does not look there, so nothing trains what is in it.",
                 f"self.more = nn.{wanted}(...), in place of the {kind}.")  # fmt: skip
        assert checked(Holding(more=value)) == [("AD031", "error", found[0], "more", found[1])]
        assert checked(nn.Sequential(Holding(more=value)))[0][3] == "0.more"
    model = Holding(both=[nn.Linear(2, 2), nn.Linear(2, 2)])
    assert checked(model)[0][2].startswith("A plain list holds 2 layers. ")
    known = Holding()
    known.again = [known.last, nn.ReLU()]
    for fine in (
        known,
        Holding(_more=[nn.Linear(2, 2)]),
        Holding(more=[nn.ReLU()]),
        Holding(more=nn.Linear(2, 2)),
        Holding(more=[1]),
    ):
        assert checked(fine) == []


def test_a_module_list_that_nobody_registered_is_not_called_a_plain_list():
    inside = nn.ModuleList([nn.Linear(2, 2)])
    assert checked(Holding(more=inside)) == []


def test_a_tensor_that_wants_a_gradient_and_is_no_parameter():
    leaf = torch.ones(2, requires_grad=True)
    expected = ("plain-tensor", "error", "A tensor with requires_grad=True is a plain attribute of the module, so parameters() "
                "leaves it out.", "scale", "self.scale = nn.Parameter(...).")  # fmt: skip
    assert checked(Holding(scale=leaf)) == [expected]
    assert checked(nn.Sequential(Holding(scale=[leaf])))[0][3:] == ("0.scale", "self.scale = nn.Parameter(...).")
    for fine in (Holding(_scale=leaf), Holding(scale=torch.ones(2)), Holding(scale=leaf * 2)):
        assert checked(fine) == []
    model = Holding()
    vars(model)["same"] = model.last.weight
    assert checked(model) == []
    assert [name for name, _ in loose(nn.Sequential(Holding(a=leaf, b=(1, leaf), _c=leaf)))] == ["0.a", "0.b"]


def test_parameters_that_are_not_finite():
    model = nn.Sequential(nn.Linear(2, 2), nn.LazyLinear(2))
    assert checked(model) == []
    with torch.no_grad():
        model[0].weight[0, 0] = math.inf
    assert checked(model) == [
        ("broken-parameters", "error", "Before anything has run, 1 parameter hold numbers that are not finite: an earlier "
        "step did it.",
         "0.weight", "make the model anew; then ask the doctor before the first step."),
    ]  # fmt: skip


def test_what_the_optimizer_has_and_has_not():
    model, other = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)), nn.Linear(2, 2)
    half = optim.Adam(model[0].parameters())
    assert checked(model, optimizer=half) == [
        ("not-in-optimizer", "error", "The optimizer lacks 2 of the 4 parameters, and no step changes what it lacks.",
         "1.weight, 1.bias", "give it all of them: Adam(model.parameters(), ...). If they are to stay as they are, say so by "
         "requires_grad_(False)."),
    ]  # fmt: skip
    lacks = "The optimizer has 2 parameters that the model does not have, and lacks {} that it has: {}."
    after = "make the optimizer after the model is complete: it holds the parameters that it was given."
    assert checked(model, optimizer=optim.SGD(other.parameters(), lr=0.1)) == [
        ("AD032", "error", lacks.format(4, "it was made for another model"), "0.weight, 0.bias, 1.weight, 1.bias", after)
    ]
    mixed = optim.SGD([*model[0].parameters(), *other.parameters()], lr=0.1)
    assert checked(model, optimizer=mixed)[0][2] == lacks.format(2, "a layer was replaced after it was made")
    more = optim.SGD([*model.parameters(), *other.parameters()], lr=0.1)
    assert checked(model, optimizer=more) == []
    assert [id(p) for p in setup.foreign(model, F.cross_entropy, more)] == [id(p) for p in other.parameters()]
    assert setup.foreign(model, other, more) == []
    assert checked(model, other)[0][3] == "loss_fn.weight, loss_fn.bias"
    assert checked(model, other, more) == []
    assert [*setup.names_of(model, model[0]).values()] == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert [*setup.names_of(other, model[0]).values()] == ["weight", "bias", "loss_fn.weight", "loss_fn.bias"]


def test_parameters_that_stay_as_they_are():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    model[1].requires_grad_(False)
    told = "Of the 4 parameters 2 stay as they are: requires_grad=False."
    assert checked(model) == [("frozen", "note", told, "1.weight, 1.bias", "")]
    model[0].requires_grad_(False)
    assert checked(model) == [
        ("all-frozen", "error", "No parameter of the model has requires_grad=True, so nothing can learn.",
         "0.weight, 0.bias, 1.weight, 1.bias", "model.requires_grad_(True), or for the layers that are to learn."),
    ]  # fmt: skip


def test_what_is_switched_off():
    def off(model):
        return [(each[0], each[1], each[3]) for each in checked(model) if each[0] == "eval-mode"]

    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    assert off(model) == []
    assert off(model.eval()) == [("eval-mode", "warning", "1 (BatchNorm1d), 2 (Dropout)")]
    assert checked(model)[0][2:5:2] == (
        "The model is to be trained and is in the mode for measuring: dropout drops nothing there, and batch "
        "normalisation takes "
        "old means in place of the batch's.", "call model.train() before training, and model.eval() only to measure.",
    )  # fmt: skip
    model[1].requires_grad_(False)
    model[2].p = 0.0
    assert off(model) == []
    assert off(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, affine=False)).eval()) == [
        ("eval-mode", "warning", "1 (BatchNorm1d)")
    ]

    class Own(nn.Dropout):
        def __init__(self):
            super().__init__(0.5)
            self.w = nn.Parameter(torch.ones(1))

    assert off(Own().eval()) == [("eval-mode", "warning", "model (Own)")]
    part = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)), nn.Linear(2, 2))
    part[0].eval()
    assert off(part) == [("eval-mode", "warning", "0.1 (Dropout)")]
    part[0].requires_grad_(False)
    assert off(part) == [], "a part that is not to learn"
    assert off(part.eval()) == [("eval-mode", "warning", "0.1 (Dropout)")], "nothing is trained"


def test_gradients_that_were_summed():
    model = nn.Linear(2, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    clear = "call optimizer.zero_grad() before loss.backward(), in every round."
    assert checked(model, optimizer=optimizer) == []
    with torch.lenient():
        model(X).sum().backward()
        note = ("AD015", "note", "The parameters have gradients already, and no step has used them: a backward() now adds "
        "to them.",
                "", clear)  # fmt: skip
        assert checked(model, optimizer=optimizer) == [note]
        for p in model.parameters():
            p.grad.zero_()
        assert checked(model, optimizer=optimizer) == []
        for _ in range(2):
            model(X).sum().backward()
            optimizer.step()
    summed = ("AD015", "error", "zero_grad() is missing: the gradients are the sum of 2 batches, since nobody cleared "
    "them after "
              "the last step.", "", clear)  # fmt: skip
    assert checked(model, optimizer=optimizer, meant=1) == [summed]
    assert checked(model, optimizer=optimizer, meant=2) == []


def test_an_optimizer_that_climbs():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    groups = [{"params": model[0].parameters()}, {"params": model[1].parameters(), "maximize": True}]
    assert checked(model, optimizer=optim.SGD(groups, lr=0.1)) == [
        ("maximize", "warning", "The optimizer climbs: maximize=True (group 1) makes the loss larger.", "",
         "leave maximize out, unless the number is a reward and not a loss."),
    ]  # fmt: skip


# ---- what came back ----


def parameter(numbers, grad=None):
    p = nn.Parameter(torch.tensor(numbers))
    p._grad = None if grad is None else torch.tensor(grad)
    return p


def came(named, called=(), **known):
    return all_of(gradients.came(Trial(**{"loss": torch.tensor(1.0), **known}), named, {*called}))


def test_which_parameters_got_no_gradient_and_why():
    named = {"a.w": parameter([1.0]), "a.b": parameter([1.0]), "b.w": parameter([1.0]), "c.w": parameter([1.0], [2.0])}
    unused = ("AD020", "warning", "No gradient comes to {}: forward does not call their layers.", "{}",
              "call them in forward, or take them out of the model.")  # fmt: skip
    beside = ("AD020", "error", "No gradient comes to {}: the loss is not computed from them.", "{}",
              "use what these layers give in the model's result.")  # fmt: skip

    def told(of, count, names):
        return of[0], of[1], of[2].format(count), of[3].format(names), of[4]

    assert came(named, ["a", "c"]) == [told(beside, "2 parameters", "a.w, a.b"), told(unused, "1 parameter", "b.w")]
    assert came({name: named[name] for name in ("a.w", "a.b")}, []) == [
        ("AD020", "error", "No gradient comes to 2 parameters: forward does not call their layers.", "a.w, a.b", unused[4])
    ]
    assert came({"loss_fn.w": named["a.w"], "c.w": named["c.w"]}) == [told(beside, "1 parameter", "loss_fn.w")]
    assert came({"c.w": named["c.w"]}) == []
    spot = Spot("detach", None, "net", "Net")
    cuts = [(spot, [(named["a.w"] * 2)._edge])]
    cut = ("AD020", "error", "No gradient comes to a.w: detach() has cut the graph on the way.", str(spot),
           "take detach() away: what comes before it learns nothing.")  # fmt: skip
    assert came(named, ["a", "b", "c"], cuts=cuts) == [cut, told(beside, "2 parameters", "a.b, b.w")]
    assert came(named, "abc", cuts=[(Spot("to", None), [(named["a.w"] + named["a.b"] + named["b.w"])._edge])])[0][2] == (
        "No gradient comes to a.w, a.b, b.w: the conversion to whole numbers has cut the graph on the way."
    )


@pytest.mark.parametrize(
    ("cut", "told"),
    [("no_grad", "no_grad()"), ("detach", "detach()"), ("inference_mode", "inference_mode()"), ("argmax", "argmax"),
     ("to", "the conversion to whole numbers")],
)  # fmt: skip
def test_what_cut_the_graph_as_it_is_written(cut, told):
    assert gradients._written(cut) == told


def test_a_gradient_that_is_not_finite_of_a_loss_that_is():
    named = {"a": parameter([1.0], [math.nan]), "b": parameter([1.0], [1.0])}
    looks = "look at the input for what is not finite."
    assert came(named) == [("AD033", "error", "The loss is finite, and the gradient of a is not.", "", looks)]
    spot = Spot("sqrt", None)
    told = "The loss is finite, and the gradient of a is not: the slope of sqrt is the first that is not."
    assert came(named, strange_back=spot) == [
        ("AD033", "error", told, str(spot), "keep its argument above 0: (x + 1e-6).sqrt().")
    ]
    assert came(named, loss=torch.tensor(math.inf)) == []


def test_gradients_of_zero():
    named = {
        "zero": parameter([1.0], [0.0]), "none": parameter([1.0]), "some": parameter([1.0, 2.0], [0.0, 1.0]),
        "empty": parameter([], []),
    }  # fmt: skip
    assert gradients.zeros(named) == {"zero"}


MATRIX, ROW = [[1.0, 2.0]], [1.0, 2.0]


def dead(named, flat, **known):
    return all_of(gradients.dead(Trial(**known), named, {*flat}))


def test_a_gradient_of_zero_in_two_steps_and_where_that_began():
    weight, bias, moves = parameter(MATRIX, [[0.0, 0.0]]), parameter(ROW, [0.0, 0.0]), parameter(MATRIX, MATRIX)
    named = {"0.weight": weight, "0.bias": bias, "1.weight": moves}
    begin = "The gradient of {} is zero everywhere, in two steps"
    look = "look for a function that is saturated, a softmax of one score, a factor 0, or an input of zeros."
    assert dead(named, []) == []
    assert dead(named, ["0.weight", "0.bias"]) == [
        ("zero-gradient", "warning", begin.format("0.weight, 0.bias") + ".", "", look)
    ]
    assert dead(named, ["0.weight"])[0][2] == begin.format("0.weight") + "."
    assert dead(named, ["0.bias"]) == [], "of a layer that learns a bias may cancel out"
    assert dead({"0.weight": weight}, ["0.weight"])[0][1] == "error"
    assert dead({"0.bias": bias}, ["0.bias"])[0][:2] == ("zero-gradient", "error")
    for name, do in (("round", "take round away: its slope is 0 everywhere."), ("exp", look)):
        spot = Spot(name, None)
        found = dead(named, ["0.weight"], stopped=spot)
        assert found == [
            ("zero-gradient", "warning", begin.format("0.weight") + f": every path is flat at {name}.", str(spot), do)
        ]
    zero = parameter([[0.0, 0.0]], [[0.0, 0.0]])
    assert dead({**named, "0.weight": zero}, ["0.weight"], relus=[(Spot("relu", None), 4, 4)]) == [
        ("zero-weights", "error", "0.weight are all 0, and so is their gradient: what is multiplied by 0 sends nothing back.",
         "0.weight", "start with small random numbers, as nn.Linear does, or nn.init.kaiming_uniform_(weight)."),
    ]  # fmt: skip
    assert dead({**named, "0.bias": parameter([0.0, 0.0], [0.0, 0.0])}, ["0.weight", "0.bias"])[0][0] == "zero-gradient"
    assert dead({**named, "0.weight": zero}, []) == []


def test_units_that_are_off_for_every_example():
    named = {"0.weight": parameter(MATRIX, [[0.0, 0.0]]), "1.weight": parameter(MATRIX, MATRIX)}
    spot = Spot("relu", None, "1", "ReLU")

    def off(units, n, flat=("0.weight",)):
        return [
            each for each in dead(named, flat, relus=[(Spot("relu", None), 4, 1), (spot, units, n)]) if each[0] == "dead-relu"
        ]

    begin = " units of a relu are 0 for every example, so no gradient goes through them"
    cure = "smaller weights and biases around 0 in the layer before, a normalised input, a smaller lr; or nn.LeakyReLU()."
    assert off(4, 4) == [("dead-relu", "error", f"4 of 4{begin} to 0.weight.", str(spot), cure)]
    assert off(4, 4, ()) == [("dead-relu", "error", f"4 of 4{begin}.", str(spot), cure)]
    assert off(10, 9, ()) == [("dead-relu", "warning", f"9 of 10{begin}.", str(spot), cure)]
    assert [bool(off(*each)) for each in ((4, 3), (8, 7), (7, 7), (20, 18), (20, 17), (1, 1))] == [
        False,
        False,
        True,
        True,
        False,
        True,
    ]
    assert off(1, 1, ()) == [], "a unit alone of which nothing depends"
    assert off(8, 8, ())[0][1] == "error"


# ---- one step ----


def stepped(before, after, grads, initial_lr=None, **options):
    """The findings of a step that took `before` to `after`."""
    named = {name: parameter(after[name], grads[name]) for name in after}
    optimizer = optim.SGD(named.values(), **{"lr": 0.1, **options})
    if initial_lr is not None:
        optimizer.param_groups[0]["initial_lr"] = initial_lr
    found, relative = learning.moved({name: np.array(x, np.float32) for name, x in before.items()}, named, optimizer)
    return all_of(found), relative


def test_a_step_is_measured_against_the_size_of_the_parameters():
    found, relative = stepped({"a": [3.0], "b": [4.0]}, {"a": [3.3], "b": [4.4]}, {"a": [1.0], "b": [1.0]})
    assert found == []
    assert relative == pytest.approx(0.1, rel=1e-5)
    found, relative = stepped({"a": [3.0], "b": [4.0]}, {"a": [3.3], "b": [9.9]}, {"a": [1.0], "b": None})
    assert relative == pytest.approx(0.1, rel=1e-5), "of those alone that have a gradient"
    for grads in ({"a": None}, {"a": [0.0]}):
        found, relative = stepped({"a": [3.0]}, {"a": [3.3]}, grads)
        assert (found, math.isnan(relative)) == ([], True)
    found, relative = stepped({"a": [0.0]}, {"a": [0.3]}, {"a": [1.0]})
    assert (found, math.isnan(relative)) == ([], True)


def test_a_step_that_changes_nothing():
    said = "A step leaves {} of {} parameters as they are, although they have gradients: {}."
    cure = "lr=0.01, or lr=0.001 for Adam, to begin with."
    small, zero = "it is smaller than the last digit of the numbers", "the learning rate is 0"
    same, grads = {"a": [3.0], "b": [4.0]}, {"a": [1.0], "b": [1.0]}
    assert stepped(same, same, grads) == ([("unchanged", "error", said.format(2, 2, small), "a, b", cure)], 0.0)
    assert stepped(same, same, grads, lr=0.0) == ([("unchanged", "error", said.format(2, 2, zero), "a, b", cure)], 0.0)
    assert stepped(same, {"a": [3.0], "b": [4.5]}, grads)[0] == [], "the last digits of a few"
    assert stepped(same, same, {"a": [1e-5], "b": [1e-5]})[0] == [], "a gradient that is as good as 0"
    assert stepped(same, same, {"a": [1e-3], "b": [1e-3]})[0] != []
    named = {"a": parameter([3.0], [1.0]), "b": parameter([4.0], [1.0])}
    groups = [{"params": [named["a"]], "lr": 0.0}, {"params": [named["b"]]}]
    before = {"a": np.float32([3.0]), "b": np.float32([3.5])}
    found, _ = learning.moved(before, named, optim.SGD(groups, lr=0.1))
    assert all_of(found) == [("unchanged", "warning", said.format(1, 2, zero), "a", cure)]
    found, relative = stepped(same, same, grads, lr=0.0, initial_lr=0.5)
    assert found == [
        (
            "warming-up",
            "note",
            "The learning rate is 0 now: a schedule is to raise it. What is said below is with its full size.",
            "",
            "",
        )
    ]
    assert math.isnan(relative)


def test_a_gradient_that_is_as_good_as_zero():
    """Of slope 1 and size 5 a thousandth is 0.005, which is small against a loss of more than 50 000."""
    named = {"a": parameter([3.0], [0.6]), "b": parameter([4.0], [0.8]), "c": parameter([0.0])}
    assert [learning.level(named, loss) for loss in (49_000.0, 51_000.0, -51_000.0, 0.0)] == [False, True, True, False]


def test_the_size_of_large_numbers_is_not_infinite():
    assert learning._norm([np.float32([3e30]), np.float32([4e30])]) == pytest.approx(5e30)
    assert learning._norm([]) == 0


# ---- some steps on one batch ----


@pytest.fixture
def quiet():
    """As the doctor runs its steps."""
    with aside():
        yield


def steps(*values):
    run = object.__new__(learning.Learning)
    run.factor, run.losses = 1.0, [*values]
    return run


def test_what_is_said_of_the_losses_of_some_steps():
    assert [steps(*range(n)).told for n in (4, 5)] == [False, True]
    assert [steps(1.0, x).told for x in (math.inf, 0.09, 0.11)] == [True, True, False]
    assert [steps(1.0, x).finite for x in (2.0, math.nan, math.inf)] == [True, False, False]
    falls = {(): 0, (2.0,): 0, (2.0, 1.0): 0.5, (2.0, 0.5, 3.0): 0.75, (-2.0, -3.0): 0.5, (2.0, math.nan): 0, (2.0, 3.0): -0.5}
    assert {run: steps(*run).fell for run in falls} == falls
    assert steps(0.0, -1e-13).fell == pytest.approx(0.1)
    assert [steps(*run).grew for run in [(1.0, math.nan), (1.0, 1.04), (1.0, 1.06), (0.0, 0.009), (0.0, 0.011)]] == [
        True, False, True, False, True
    ]  # fmt: skip
    assert not steps(1.0, 9.0, 9.0, 9.0, 9.0, 1.0).grew, "the best of the last third"
    assert steps(1.0, 0.0, 0.0, 0.0, 9.0, 9.0).grew
    assert (str(steps()), str(steps(2.0, 0.5, 0.25))) == ("not tried", "loss 2 → 0.25 in 2 steps")


def straight(factor=1.0, lr=0.1, **group):
    """y = w x with the loss (w - 3)²: each step multiplies the distance to 3 by 1 - 2 lr."""
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    optimizer.param_groups[0].update(group)
    return Patient(
        model, lambda out, target: ((out - target) ** 2).mean(), optimizer, (torch.ones(1, 1), torch.full((1, 1), 3.0))
    )


@pytest.mark.usefixtures("quiet")
def test_the_steps_of_a_run_are_those_of_the_optimizer_with_its_rate_times_a_factor():
    run = learning.Learning(straight(), 0.5)
    assert run.factor == 0.5
    expected = [4 * (1 - 2 * 0.05) ** (2 * k) for k in range(len(run.losses))]
    assert run.losses == pytest.approx(expected, rel=1e-4)
    assert run.losses[-1] < 0.04 <= run.losses[-2], "it ends where a hundredth is left"
    assert len(learning.Learning(straight(lr=1e-3)).losses) == learning.STEPS
    warming = learning.Learning(straight(lr=0.0, initial_lr=0.05))
    assert warming.losses == pytest.approx(run.losses, rel=1e-5)
    assert len(set(learning.Learning(straight(lr=0.0)).losses)) == 1
    blown = learning.Learning(straight(lr=1e19))
    assert (len(blown.losses), blown.finite) == (2, False)
    assert learning._scheduled({"lr": 0.0, "initial_lr": 0.5}) == 0.5
    assert learning._scheduled({"lr": 0.1, "initial_lr": 0.5}) is None
    assert learning._scheduled({"lr": 0.0}) is None


def judged(lr, relative=0.01, flat=False, **group):
    made = straight(lr=lr, **group)
    found, told = learning.learned(lambda: straight(lr=lr, **group), made.optimizer, relative, flat)
    return all_of(found), told


SIZE = " One step moves the parameters by 0.01 of their size; 0.001 is usual."


@pytest.mark.usefixtures("quiet")
def test_a_rate_is_judged_by_trying_others():
    found, told = judged(0.1)
    assert (found, told) == ([], "loss 4 → 0.02951 in 11 steps")
    small, told = judged(1e-7)
    assert [each[:2] for each in small] == [("lr-too-small", "warning")]
    assert small[0][2] == f"With lr=1e-07 the loss on this one batch hardly falls: 4 → 4 in 29 steps.{SIZE}"
    assert small[0][4].startswith("lr=0.001, with which the loss 4 → 3.5")
    assert judged(1e-7, math.nan)[0][0][2].endswith("in 29 steps.")
    assert judged(1e-7, flat=True)[0] == [], "where gradients are as good as zero nothing falls"
    assert judged(1e-7, initial_lr=0.1)[0] == [], "a schedule has made it so small"
    large, told = judged(2.0)
    assert large[0][:3] == (
        "lr-too-large",
        "warning",
        f"With lr=2 the loss on this one batch grows: {told.removeprefix('loss ')}. The steps are too large.{SIZE}",
    )
    assert large[0][4].startswith("lr=0.2, with which the loss 4 → ")
    assert judged(2.0, flat=True)[0][0][0] == "lr-too-large"
    infinite, told = judged(1e25)
    assert infinite[0][2].startswith("With lr=1e+25 the loss on this one batch becomes infinite: 4 → ∞ in 1 steps.")
    assert infinite[0][4] == "a much smaller lr; and look at the sizes of the input and the target."
    still, _ = judged(1.0)
    assert still[0][2].startswith(
        "With lr=1 the loss on this one batch does not fall: 4 → 4 in 29 steps. The steps are too large."
    )


@pytest.mark.usefixtures("quiet")
def test_a_rate_that_falls_less_than_it_could_is_told_of_where_its_steps_are_large():
    slow, large = 0.9999, 0.6
    assert judged(slow, large)[0][0][:3] == (
        "lr-too-large", "warning", "With lr=0.9999 the loss on this one batch falls less than it could: 4 → 3.954 in 29 steps. "
        "One step moves the parameters by 0.6 of their size; 0.001 is usual.",
    )  # fmt: skip
    assert judged(slow, large)[0][0][4].startswith("lr=0.1, with which the loss 4 → ")
    assert judged(slow, 0.4)[0] == judged(slow, math.nan)[0] == []
    assert judged(0.95, large)[0] == [], "it falls by a third"


@pytest.mark.usefixtures("quiet")
def test_large_steps_are_no_mistake_where_smaller_ones_do_no_better(monkeypatch):
    factors = []

    def first(again, factor, good):
        factors.append((factor, [low for low in (3.79, 3.59, 3.9, 3.97, 3.99) if good(steps(4.0, low))]))
        assert not good(steps(4.0, 0.1, 9.0, 9.0, 9.0)), "one that ends higher than it began"

    monkeypatch.setattr(learning, "_first", first)
    assert judged(0.9999, 0.6)[0] == []
    assert factors == [(0.1, [3.59])], "by more than a tenth"
    factors.clear()
    assert judged(1e-7)[0][0][0] == "does-not-fall"
    assert factors == [(10.0, [3.79, 3.59]), (0.1, [3.79, 3.59, 3.9]), (10.0, [3.79, 3.59, 3.9, 3.97])]


def flat_run(lr=0.1, state=False):
    """A loss that no step changes."""
    model = nn.Linear(1, 1, bias=False)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    if state:
        optimizer.state[model.weight]["momentum_buffer"] = torch.zeros(1, 1)
    batch = torch.ones(1, 1), torch.ones(1, 1)
    patient = lambda: Patient(model, lambda out, target: (out * 0 + target).mean(), optimizer, batch)  # noqa: E731
    return [all_of(each) if isinstance(each, list) else each for each in learning.learned(patient, optimizer, 0.01, False)]


@pytest.mark.usefixtures("quiet")
def test_a_loss_that_falls_with_no_rate(monkeypatch):
    monkeypatch.setattr(learning, "STEPS", 6)
    (found,), told = flat_run()
    assert found == (
        "does-not-fall", "warning", "The loss on this one batch does not fall, with lr=0.1 or another: 1 → 1 in 5 steps.", "",
        "look whether the input says anything about the target: print some examples of both.",
    )  # fmt: skip
    assert told == "loss 1 → 1 in 5 steps"
    assert flat_run(state=True)[0] == [], "it may be at the bottom"


@pytest.mark.usefixtures("quiet")
def test_the_first_rate_that_is_good_is_taken_and_an_optimizer_without_rates_is_left_in_peace():
    tried = []

    def good(run):
        tried.append(run.factor)
        return run.factor < 0.0005

    assert learning._first(straight, 0.1, good).factor == pytest.approx(1e-4)
    assert tried == pytest.approx([0.1, 0.01, 1e-3, 1e-4])
    assert learning._first(straight, 10.0, lambda run: False) is None
    made = straight()
    assert learning._cure(None, made.optimizer) == ""
    run = steps(2.0, 0.5)
    run.factor = 0.01
    assert learning._cure(run, made.optimizer) == "lr=0.001, with which the loss 2 → 0.5 in 1 steps."
    made.optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))], "lr": 1.0})
    made.optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))], "lr": 1.0})
    assert learning.rates(made.optimizer) == [0.1, 1.0, 1.0]
    assert learning._cure(run, made.optimizer).startswith("lr=0.001, lr=0.01, with which")
    del made.optimizer.param_groups[0]["lr"]
    assert learning.rates(made.optimizer) == []
    assert learning.learned(straight, made.optimizer, 0.1, False) == ([], "")


def test_a_run_that_had_too_few_steps_tells_nothing(monkeypatch):
    monkeypatch.setattr(learning, "SECONDS", 0.0)
    made = straight()
    assert learning.learned(straight, made.optimizer, 0.1, False) == ([], "not tried (the time was up)")
    assert learning._first(straight, 0.1, lambda run: True) is None

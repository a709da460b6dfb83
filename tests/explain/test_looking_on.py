"""How the doctor looks on: what it notes of a step that runs, how it copies what it must not touch, in which order it goes."""

import math
import random
import threading
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import autodiff as torch
from autodiff import nn, optim
from autodiff._core.modes import mode
from autodiff._core.teaching import teaching
from autodiff.explain.doctor import trial, visit
from autodiff.explain.doctor.aside import Patient, aside
from autodiff.explain.doctor.trial import LOSSES, Spot, arrays, tried
from autodiff.nn import functional as F

X = torch.tensor([[1.0, -1.0], [0.5, 2.0], [-1.0, 0.0], [2.0, 1.0]])
CLASSES, NUMBERS = torch.tensor([0, 1, 0, 1]), torch.tensor([[1.0], [2.0], [0.0], [1.0]])


class Of(nn.Module):
    """A model of one function, with two parameters that it is given."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.w = nn.Parameter(torch.tensor([[0.5, -0.25], [1.0, 0.75]]))
        self.b = nn.Parameter(torch.tensor([0.1, 0.2]))

    def forward(self, x):
        return self.function(x, self.w, self.b)


def patient(model, loss_fn=F.cross_entropy, batch=(X, CLASSES), optimizer=None):
    model = model if isinstance(model, nn.Module) else Of(model)
    return Patient(model, loss_fn, optimizer or optim.SGD(model.parameters(), lr=0.1), batch)


def looked(*arguments):
    with aside():
        return tried(patient(*arguments))


def linear(x, w, b):
    return x @ w + b


# ---- what is noted of a step ----


def test_a_place_says_the_operation_and_the_layer():
    assert str(Spot("exp", None)) == "exp, an unknown line"
    assert str(Spot("exp", None, "", "Net")) == "exp in Net, an unknown line"
    assert str(Spot("exp", None, "net.0", "Linear")) == "exp in net.0 (Linear), an unknown line"


def test_how_far_a_step_came():
    def stops(*args):
        raise ZeroDivisionError("mine")

    fine = looked(linear)
    assert (fine.failed, fine.error, fine.failed_in, fine.changed) == ("", None, None, None)
    assert (fine.output.shape, fine.loss.shape) == ((4, 2), ())
    forward = looked(stops)
    assert (forward.failed, type(forward.error), forward.failed_in.path, forward.output) == (
        "forward",
        ZeroDivisionError,
        "",
        None,
    )
    assert forward.failed_in.inputs[0].shape == (4, 2)
    loss = looked(linear, stops)
    assert (loss.failed, type(loss.error), loss.failed_in, loss.output.shape) == ("loss", ZeroDivisionError, None, (4, 2))
    backward = looked(linear, lambda out, y: [loss := F.cross_entropy(out, y), loss.register_hook(stops)][0])
    assert (backward.failed, type(backward.error), backward.changed) == ("backward", ZeroDivisionError, None)
    for last in (lambda out, y: out, lambda out, y: out.detach().mean(), lambda out, y: 1.0):
        assert looked(linear, last).failed == ""


def test_the_innermost_layer_that_raised_is_named_and_not_one_whose_error_was_caught():
    def failing(x):
        raise KeyError

    class Inner(nn.Module):
        def forward(self, x):
            return failing(x)

    class Outer(nn.Module):
        def __init__(self, catches):
            super().__init__()
            self.inner, self.last, self.catches = Inner(), nn.Linear(2, 2), catches

        def forward(self, x):
            if self.catches:
                try:
                    self.inner(x)
                except KeyError:
                    x = self.last(x)
                raise ValueError
            return self.inner(x)

    assert looked(nn.Sequential(Outer(False))).failed_in.path == "0.inner"
    assert looked(nn.Sequential(Outer(True))).failed_in.path == "0"
    layers = looked(nn.Sequential(nn.Linear(2, 2), nn.Tanh())).layers
    assert [(each.path, type(each.module).__name__) for each in layers] == [("", "Sequential"), ("0", "Linear"), ("1", "Tanh")]
    assert all(each.inputs[0].shape == (4, 2) for each in layers)


def test_what_a_layer_is_given_by_name_is_one_of_its_inputs():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Of(lambda x, w, b: x)
            self.inner.forward = lambda first, second: first @ self.inner.w

        def forward(self, x):
            return self.inner(x, second=3)

    assert looked(Named()).layers[1].inputs[1:] == [3]


@pytest.mark.parametrize(
    ("function", "born"),
    [
        (lambda x, w, b: (linear(x, w, b) * 0).log() @ w + b, "log"),
        (lambda x, w, b: (linear(x, w, b) * 0 / (x * 0)) @ w, "div"),
        (lambda x, w, b: ((x + w.sum()) * 1e30).exp() @ w, "exp"),
        (lambda x, w, b: (linear(x, w, b)).masked_fill(x > 0, -math.inf).exp(), ""),
        (lambda x, w, b: torch.where(x > 0, linear(x, w, b), torch.tensor(-math.inf)).exp(), ""),
        (lambda x, w, b: linear(x, w, b).masked_fill(x > -9, -math.inf).softmax(1), "softmax"),
        (linear, ""),
    ],
)  # fmt: skip
def test_the_operation_that_gave_the_first_number_that_is_not_finite(function, born):
    found = looked(function, lambda out, y: out.sum())
    assert (found.strange.operation if found.strange else "") == born


def test_a_nan_of_a_nan_and_an_infinity_of_one_are_not_the_first():
    one, nan, inf = np.ones(2), np.array([1.0, np.nan]), np.array([1.0, np.inf])
    born = trial._born
    assert not born("exp", [one], one)
    assert (born("exp", [one], nan), born("exp", [nan], nan), born("exp", [inf], nan)) == (True, False, True)
    assert (born("exp", [one], inf), born("exp", [inf], inf), born("exp", [one, inf], inf)) == (True, False, False)
    assert [born(name, [one], inf) for name in ("masked_fill", "where", "index_fill")] == [False] * 3
    assert born("where", [one, np.arange(2)], nan)
    assert not born("add", [one, nan], nan)
    assert trial._finite(np.arange(3))
    assert trial._finite(2.0)
    assert not trial._finite(math.inf)


def test_the_slope_that_gave_the_first_gradient_that_is_not_finite_and_the_one_that_gave_zero():
    root = looked(lambda x, w, b: ((x @ w) * 0).abs().sqrt() + b)
    assert root.strange_back.operation == "sqrt"
    assert root.strange is None
    steps = looked(lambda x, w, b: linear(x, w, b).round().exp())
    assert (steps.stopped.operation, steps.strange_back) == ("round", None)
    fine = looked(linear)
    assert (fine.stopped, fine.strange_back) == (None, None)


def test_what_the_loss_functions_were_given():
    def call(last, made, target=CLASSES, model=linear):
        (found,) = looked(lambda x, w, b: made(model(x, w, b)), last, (X, target)).losses
        return found.spot.operation, found.maker, found.ignored, found.positive

    assert call(F.cross_entropy, lambda y: y.softmax(1)) == ("cross_entropy", "softmax", -100, True)
    assert call(lambda out, y: F.cross_entropy(out, y, ignore_index=1), lambda y: y)[2] == 1
    assert call(F.nll_loss, lambda y: y.log_softmax(1)) == ("nll_loss", "log_softmax", -100, False)
    assert call(F.nll_loss, lambda y: -y.abs() - 1) == ("nll_loss", "sub", -100, False)
    shaped = lambda y: y.sigmoid().reshape(2, 4).view(4, 2).unsqueeze(0).squeeze(0).transpose(0, 1).permute(1, 0).clone()  # noqa: E731
    assert call(F.binary_cross_entropy_with_logits, lambda y: shaped(y), X.sigmoid())[1] == "sigmoid"
    assert call(F.binary_cross_entropy, lambda y: y.sigmoid(), X.sigmoid())[0] == "binary_cross_entropy"
    assert call(F.cross_entropy, lambda y: y.softmax(1).double())[1] == "softmax"
    assert call(F.cross_entropy, lambda y: y.softmax(1).t().contiguous().t())[1] == "softmax"
    assert call(F.cross_entropy, lambda y: y.softmax(1)[:, :].expand(4, 2).flatten().view(4, 2))[1] == "softmax"
    assert looked(linear, F.mse_loss, (X, X)).losses == []
    weighted = lambda out, y: F.binary_cross_entropy_with_logits(out, y, pos_weight=torch.ones(2))  # noqa: E731
    assert looked(linear, weighted, (X, X.sigmoid())).losses[0].spot.operation in LOSSES
    assert trial._maker(nn.Parameter(X).reshape(8)) == ""
    assert trial._maker("word") == trial._maker(X) == trial._maker(nn.Parameter(X)) == ""


def test_a_softmax_of_a_softmax_and_one_over_the_examples():
    assert looked(lambda x, w, b: linear(x, w, b).softmax(1).log_softmax(1), F.nll_loss).twice.operation == "log_softmax"
    assert looked(lambda x, w, b: linear(x, w, b).softmax(1).softmax(1)).twice.operation == "softmax"
    assert looked(lambda x, w, b: linear(x, w, b).log_softmax(1), F.nll_loss).twice is None
    assert looked(lambda x, w, b: linear(x, w, b).log_softmax(0), F.nll_loss).across.operation == "nll_loss"
    assert looked(lambda x, w, b: linear(x, w, b).log_softmax(-2), F.nll_loss).across is not None
    assert looked(lambda x, w, b: linear(x, w, b).log_softmax(1), F.nll_loss).across is None
    assert looked(lambda x, w, b: linear(x, w, b).log_softmax(0)).across is None
    assert (
        looked(lambda x, w, b: (x @ w).sum(1).log_softmax(0), lambda out, y: F.nll_loss(out, y[0]), (X, CLASSES)).across is None
    )


def test_how_many_units_are_off_in_every_example():
    def off(kind, values, name="relu"):
        made = trial.Trial()
        looker = trial._Looker(made, SimpleNamespace(model=nn.ReLU(), target=None))
        looker.relu(Spot(name, None, "", kind), np.array(values))
        return [each[1:] for each in made.relus]

    assert off("ReLU", [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]) == [(3, 2)]
    assert off("ReLU", [0.0, 1.0]) == []
    image = np.zeros((2, 3, 4, 5))
    image[1, 2, 3, 4] = 1.0
    assert off("ReLU", image) == off("ReLU", image[:, :, 0:, 0] + image.max(-1)) == [(3, 2)]
    assert off("ReLU", image[..., None]) == [(3, 2)]
    assert off("ReLU", image[None, None]) == [(5, 4)]
    assert off("Linear", image) == [(5, 4)]
    for name in ("relu", "relu6"):
        (found,) = looked(lambda x, w, b, name=name: getattr(F, name)(linear(x, w, b) * 0) + b).relus
        assert (found[0].operation, *found[1:]) == ("relu" if name == "relu" else "hardtanh", 2, 2)
    assert looked(lambda x, w, b: F.hardtanh(linear(x, w, b) * 0) + b).relus == []
    assert looked(lambda x, w, b: linear(x, w, b).tanh()).relus == []


def test_a_column_of_predictions_against_a_row_of_targets():
    def seen(model, loss_fn, target):
        found = looked(model, loss_fn, (X, target)).broadcast
        return None if found is None else (found[0].operation, *found[1:])

    column, by_hand = lambda x, w, b: linear(x, w, b)[:, :1], lambda out, y: ((out - y) ** 2).mean()
    row = NUMBERS[:, 0]
    assert seen(column, by_hand, row) == ("sub", (4, 1), (4,))
    assert seen(column, lambda out, y: ((y - out) ** 2).mean(), row) == ("sub", (4,), (4, 1))
    assert seen(lambda x, w, b: linear(x, w, b)[:, 0], by_hand, NUMBERS) == ("sub", (4,), (4, 1))
    assert seen(column, by_hand, NUMBERS) is None
    assert seen(column, by_hand, torch.tensor(1.0)) is None
    assert seen(column, by_hand, torch.tensor([1.0])) is None
    assert seen(column, lambda out, y: (out * torch.ones(7)).mean(), row) is None
    assert seen(column, lambda out, y: (out[:3] - torch.ones(3)).mean() + 0 * y.mean(), torch.ones(2)) is None
    assert seen(lambda x, w, b: (linear(x, w, b)[:, :1] - x[:, 0])[:, :1], by_hand, NUMBERS) is None, (
        "in the model it may be meant"
    )
    both = seen(column, lambda out, y: (out - y).mean() + (out * y).mean(), row)
    assert both[0] == "sub", "the first of them"


def test_what_was_cut_and_which_parameters_it_was_made_of():
    found = looked(lambda x, w, b: ((x @ w).detach() + b).sigmoid())
    ((spot, _),) = found.cuts
    assert (spot.operation, spot.kind) == ("detach", "Of")
    assert str(spot).startswith("detach in Of, test_looking_on.py:")
    model = Of(lambda x, w, b: ((x @ w).relu() * w.sum()).detach() + b)
    found = (held := patient(model), tried(held))[1]
    assert found.cut_from(held.model.w).operation == "detach"
    assert found.cut_from(held.model.b) is None
    held = patient(Of(lambda x, w, b: (x @ w).detach() + (w * 2).argmax() + b))
    assert tried(held).cut_from(held.model.w).operation == "argmax", "the last one"
    w = nn.Parameter(torch.ones(2))
    y = w * 2
    assert trial._lead_to(w, [None, (y * y)._edge])
    assert trial._lead_to(w, [w._edge if w._edge.__class__ is tuple else (w * 1)._edge])
    assert not trial._lead_to(w, [(torch.ones(2, requires_grad=True) * 2)._edge, None])
    assert not trial._lead_to(w, [])


def test_an_operation_whose_kept_numbers_were_changed_is_named():
    found = looked(lambda x, w, b: [h := linear(x, w, b).exp(), h.add_(1)][0])
    assert (found.failed, found.changed.operation) == ("backward", "exp")
    assert looked(lambda x, w, b: [h := linear(x, w, b), h.add_(1)][0]).changed is None


def test_the_arrays_in_tensors_and_in_what_holds_them():
    a, b = torch.ones(2), torch.zeros(3)
    assert [x.tolist() for x in arrays({"x": (a, [b]), "y": 3})] == [[1, 1], [0, 0, 0]]
    assert arrays(a)[0] is a._array
    assert arrays("word") == arrays(None) == arrays({1, 2}) == []


# ---- copies ----


def test_all_of_a_copy_belongs_together_and_nothing_of_it_is_the_original():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    extra = nn.Parameter(torch.ones(()))
    optimizer = optim.SGD([*model.parameters(), extra], lr=0.1)
    optimizer.own, optimizer._hidden = [extra], [extra]
    extra.grad = torch.ones(())
    loss = nn.Module()
    loss.forward = lambda out, y: F.cross_entropy(out, y) * extra
    held = patient(model, loss, optimizer=optimizer)
    copies = {id(p) for group in held.optimizer.param_groups for p in group["params"]}
    assert {id(p) for p in held.model.parameters()} < copies
    assert copies.isdisjoint(id(p) for p in (*model.parameters(), extra))
    assert held.model[0].weight is held.model[1].weight
    assert [id(p) for p in held.optimizer.own] == [copies.difference({id(p) for p in held.model.parameters()}).pop()]
    assert not hasattr(held.optimizer, "_hidden")
    assert [id(p) for p in held.trained()] == [*dict.fromkeys(id(p) for p in held.optimizer.param_groups[0]["params"])]
    assert all(p.grad is None for p in held.trained())
    assert extra.grad is not None
    assert held.input is not X
    assert held.input.tolist() == X.tolist()


def test_parameters_that_the_optimizer_lacks_are_trained_ones_too():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].weight.grad = torch.ones(2, 2)
    held = patient(model, optimizer=optim.SGD(model[1].parameters(), lr=0.1))
    assert [p.shape for p in held.trained()] == [(2, 2), (2,), (2, 2), (2,)]
    assert held.trained()[0] is held.model[1].weight
    assert held.model[0].weight.grad is None


def test_a_step_gives_the_loss_before_it_and_draws_the_same_numbers_each_time():
    model = Of(lambda x, w, b: linear(x, w, b) + torch.randn(4, 2))
    with aside():
        held = patient(model)
        first, again = float(held.loss()), float(held.loss())
        assert first == again
        assert held.step() == first
        after = float(held.loss())
        assert after < first
        assert held.step() == pytest.approx(after)

    class Asking(optim.SGD):
        def step(self, closure):
            loss = closure()
            super().step()
            return loss

    with aside():
        asking = patient(model, optimizer=Asking(model.parameters(), lr=0.1))
        assert (asking.asks, held.asks) == (True, False)
        assert asking.step() == first
        assert float(asking.loss()) == after

    class Once(optim.SGD):
        def step(self):
            super().step()

    assert not patient(model, optimizer=Once(model.parameters(), lr=0.1)).asks


WEIGHT = nn.Parameter(torch.ones(2))


def test_a_function_is_copied_with_the_variables_that_it_uses():
    kept, scale, data, lock = [], nn.Parameter(torch.ones(2)), torch.ones(2), threading.Lock()

    def loss_fn(out, y, more=kept, *, scale=scale):
        kept.append(1)
        more.append(2)
        assert lock is not None
        return (out * scale * WEIGHT * data).sum()

    loss_fn.note = "mine"
    model = Of(linear)
    held = patient(model, loss_fn)
    assert held.loss_fn.note == "mine"
    assert held.loss_fn.__name__ == "loss_fn"
    with aside():
        held.step()
    assert kept == []
    assert WEIGHT.grad is None
    inside = dict(zip(held.loss_fn.__code__.co_freevars, held.loss_fn.__closure__, strict=True))
    assert inside["kept"].cell_contents == [1, 2]
    assert inside["kept"].cell_contents is held.loss_fn.__defaults__[0]
    assert inside["data"].cell_contents is data, "data need no copy"
    assert inside["lock"].cell_contents is lock
    assert held.loss_fn.__globals__["WEIGHT"] is not WEIGHT
    assert held.loss_fn.__globals__["WEIGHT"].grad is not None
    assert held.loss_fn.__globals__["X"] is X
    plain = patient(model, F.cross_entropy).loss_fn
    assert plain.__globals__ is F.cross_entropy.__globals__ or plain is not None


def test_a_function_that_uses_nothing_of_its_module_keeps_its_variables():
    held = patient(linear, lambda out, y: (out**2).mean())
    assert held.loss_fn.__globals__ is globals()


def test_what_cannot_be_copied_is_left_where_it_is_unless_it_is_a_model():
    locks = {"a": [threading.Lock()]}
    held = patient(linear, lambda out, y: [locks, out.sum()][1])
    assert held.loss_fn.__closure__[0].cell_contents is locks

    class Locked(nn.Module):
        def __init__(self):
            super().__init__()
            self.w, self.lock = nn.Parameter(torch.ones(2)), threading.Lock()

    other = Locked()
    with pytest.raises(TypeError, match="lock"):
        patient(linear, lambda out, y: (out * other.w).sum())


def test_a_variable_without_a_value_is_left_so():
    def loss_fn(out, y):
        return out.sum() if y is not None else later

    assert patient(linear, loss_fn).loss_fn(X, CLASSES) == X.sum()
    later = 1
    assert later


def test_results_are_copied_by_their_numbers_wherever_they_are_held():
    w = nn.Parameter(torch.ones(2))
    result = w * 3
    model = Of(linear)
    model.kept, model.more = result, {"a": [result, (result,)]}
    model.child = nn.Module()
    model.child.kept = result
    held = patient(model, F.cross_entropy, ({"x": [X * w]}, (CLASSES,)))
    copied = held.model.kept
    assert copied.is_leaf
    assert (copied is result, copied.tolist()) == (False, [3, 3])
    assert held.model.more["a"][0] is held.model.more["a"][1][0] is held.model.child.kept is copied
    assert held.input["x"][0].tolist() == X.tolist()
    assert result.grad_fn is not None


def test_hooks_are_copied_with_what_they_write_to():
    seen, counted = [], []
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].register_forward_hook(lambda m, args, out: seen.append(out))
    model[0].register_forward_hook(lambda m, args, kwargs, out: counted.append(out), with_kwargs=True)
    model[0].register_full_backward_hook(lambda m, into, out: seen.append(out))
    with aside():
        held = patient(model)
        held.step()
    assert seen == counted == []
    assert len(held.model[0]._hooks["forward"] if "forward" in held.model[0]._hooks else held.model[0]._forward_hooks) == 2


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_a_block_aside_leaves_everything_as_it_was(capsys):
    before = torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate()
    with torch.no_grad(), torch.strict(), torch.inference_mode():
        inner = dict(teaching.__dict__)
        with aside() as log:
            assert (teaching.warns, teaching.raises, teaching.summed) == (True, False, 1)
            assert torch.is_grad_enabled()
            assert not torch.is_inference_mode_enabled()
            assert not torch.is_anomaly_enabled()
            print("said aside")
            warnings.warn("warned aside", stacklevel=1)
            warnings.warn("warned aside", stacklevel=1)
            np.float64(1.0) / np.float64(0.0)
            torch.rand(3), np.random.rand(), random.random()
            teaching.warns = False
        assert dict(teaching.__dict__) == inner
        assert torch.is_inference_mode_enabled()
    assert [str(each.message) for each in log] == ["warned aside"] * 2
    assert capsys.readouterr().out == ""
    assert (torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate()) == before
    assert mode.grad
    with torch.autograd.detect_anomaly(check_nan=False), pytest.raises(KeyError), aside():  # noqa: PT012
        assert not torch.is_anomaly_enabled()
        raise KeyError


# ---- the visit ----


def codes(report):
    return [each.code for each in report.findings]


def test_what_is_measured():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    report = torch.doctor(model, F.cross_entropy, optimizer, (X, CLASSES))
    assert [*report.measured] == ["parameters", "input", "loss", "one step", "one batch"]
    assert report.measured["parameters"] == "17 that learn, in 4 tensors"
    assert report.measured["input"] == "(4, 2) float32, mean 0.5625, std 1.102"
    loss = F.cross_entropy(model(X), CLASSES).item()
    assert report.measured["loss"] == f"{loss:.4g}; a model that knows nothing of 2 classes has ln 2 = 0.6931"
    assert report.measured["one step"].startswith("moves the parameters by 0.0")
    assert report.measured["one step"].endswith(" of their size")
    assert report.measured["one batch"].startswith(f"loss {loss:.4g} → ")
    model[0].requires_grad_(False)
    assert torch.doctor(model, F.cross_entropy, optimizer, (X, CLASSES)).measured["parameters"] == "8 that learn, in 2 tensors"
    lazy = nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 2))
    report = torch.doctor(lazy, F.cross_entropy, optim.SGD(lazy.parameters(), lr=0.1), (X, CLASSES))
    assert report.measured["parameters"] == "8 that learn, in 4 tensors"


def doctor(model, loss_fn=F.cross_entropy, batch=(X, CLASSES), optimizer=None):
    model = model if isinstance(model, nn.Module) else Of(model)
    return torch.doctor(model, loss_fn, optimizer or optim.SGD(model.parameters(), lr=0.1), batch)


def test_a_visit_ends_where_the_rest_would_follow_from_what_was_found():
    assert codes(doctor(linear, batch=(X.numpy(), CLASSES))) == ["not-a-tensor"]
    assert [*doctor(linear, batch=(X.numpy(), CLASSES)).measured] == ["parameters", "input"]
    assert codes(doctor(linear, lambda out, y: 1.0)) == ["no-loss"]
    assert codes(doctor(linear, lambda out, y: out)) == ["AD014"]
    assert [*doctor(linear, lambda out, y: out).measured] == ["parameters", "input", "loss"]
    stopped = doctor(linear, optimizer=optim.SparseAdam([nn.Parameter(torch.ones(2))]))
    assert "AD032" in codes(stopped)
    assert "one batch" not in doctor(nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=1))).measured
    both = doctor(Of(lambda x, w, b: (x * 0).log() @ w + b))
    assert codes(both)[0] == "AD033"


def test_what_the_optimizer_has_besides_is_a_stranger():
    model, other = Of(linear), nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([*model.parameters(), other], lr=0.1)
    (found,) = torch.doctor(model, F.cross_entropy, optimizer, (X, CLASSES)).findings
    assert (found.code, found.severity, found.sentence, found.where, found.cure) == (
        "stranger", "warning", "The optimizer has 1 tensor which neither the model nor the loss uses.", "",
        "make the optimizer of model.parameters(), after the model is complete.",
    )  # fmt: skip
    used = lambda out, y: F.cross_entropy(out, y) + 1e-3 * (other**2).sum()  # noqa: E731
    assert torch.doctor(model, used, optimizer, (X, CLASSES)).findings == []
    foreign = optim.SGD([other], lr=0.1)
    assert codes(torch.doctor(model, F.cross_entropy, foreign, (X, CLASSES))).count("stranger") == 0


def test_parameters_are_named_as_in_the_model_and_the_loss():
    model, loss = Of(linear), nn.Linear(2, 2)
    model.b.requires_grad_(False)
    held = patient(model, loss, optimizer=optim.SGD([model.w], lr=0.1))
    named = visit._named(held)
    assert [*named] == ["w", "loss_fn.weight", "loss_fn.bias"]
    assert named["w"] is held.model.w
    assert named["loss_fn.weight"] is held.loss_fn.weight


def test_a_model_that_cannot_be_copied():
    model = Of(linear)
    model.lock = threading.Lock()
    (found,) = doctor(model).findings
    assert found.code, found.severity == ("no-copy", "error")
    assert found.sentence.startswith("The model can't be copied, and the doctor works on a copy: TypeError: cannot pickle")
    assert found.cure == "keep out of the module what copy.deepcopy can't copy: files, locks, generators."


def test_a_loss_that_reaches_the_model_past_its_copy_leaves_the_gradients():
    model = Of(linear)
    reach = SimpleNamespace(model=model)
    model.w.grad = torch.full((2, 2), 7.0)
    with torch.lenient():
        doctor(model, lambda out, y: F.cross_entropy(out, y) + (reach.model.w**2).sum() + (reach.model.b**2).sum())
    assert model.w.grad.tolist() == [[7, 7], [7, 7]]
    assert model.b.grad is None


def test_a_step_that_fails_and_a_second_one():
    class Fails(optim.SGD):
        def step(self, closure=None):
            raise ValueError("no step")

    model = Of(linear)
    (found,) = doctor(model, optimizer=Fails(model.parameters(), lr=0.1)).findings
    assert (found.code, found.sentence) == ("step-failed", "optimizer.step() failed: ValueError: no step")

    def once(x, w, b, calls=[]):  # noqa: B006
        calls.append(1)
        if len(calls) == 2:
            raise ValueError("once")
        return linear(x, w, b)

    (found,) = doctor(once).findings
    assert (found.code, found.sentence) == ("second-step-failed", "The first step runs and the second fails: ValueError: once")


def test_what_the_engine_warns_of_is_a_finding_too():
    def warned(*told):
        def loss_fn(out, y):
            for each in told:
                warnings.warn(each, stacklevel=2)
            return F.cross_entropy(out, y)

        return loss_fn

    known, other = torch.TeachingWarning("again", "AD025"), UserWarning("another's")
    report = doctor(linear, warned(torch.TeachingWarning("a thing to know", "AD999"), other))
    assert [(each.code, each.severity, each.sentence, each.where, each.cure) for each in report.findings] == [
        ("AD999", "warning", "a thing to know", "", "")
    ]
    report = doctor(lambda x, w, b: linear(x, w, b).softmax(1), warned(known))
    assert codes(report).count("AD025") == 1
    assert "again" not in str(report)


def test_a_large_loss_is_told_of_a_model_alone_that_has_not_been_trained():
    def first(optimizer, steps=0):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
        made = optimizer(model.parameters())
        with torch.lenient():
            for _ in range(steps):
                made.zero_grad()
                F.cross_entropy(model(X), CLASSES).backward()
                made.step()
        with torch.no_grad():
            model[2].weight.mul_(200)
        return model, made

    def sgd(parameters):
        return optim.SGD(parameters, lr=1e-5)

    def told(model, optimizer):
        return "first-loss" in codes(torch.doctor(model, F.cross_entropy, optimizer, (X, CLASSES)))

    assert told(*first(sgd))
    assert not told(*first(sgd, 1)), "it took a step, of which SGD keeps no state"
    model, optimizer = first(lambda parameters: optim.Adam(parameters, lr=1e-5))
    assert told(model, optimizer)
    _, trained = first(lambda parameters: optim.Adam(parameters, lr=1e-5), 1)
    optimizer.load_state_dict(trained.state_dict())
    assert not told(model, optimizer), "it took no step, and goes on from a checkpoint"


def test_a_loss_that_no_parameter_changes_is_not_judged_by_its_rate():
    model = Of(lambda x, w, b: linear(x, w, b) * 1e-9)
    report = doctor(model, lambda out, y: out.sum() + 1.0)
    assert codes(report) == []
    assert report.measured["one batch"].startswith("loss 1 → ")

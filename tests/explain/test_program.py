"""`run.source()`: the program that ran, run again on the run's inputs, gives every bit again."""

import pytest
from drawn_programs import of, programs, run_program, same
from hypothesis import given, settings
from laws import arrays_for, leaves_of
from samples import ROWS

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain.events import Delivered, Stepped
from autodiff.explain.program import Program
from autodiff.nn import functional as F


def replayed(run):
    """What the program computes, and how its things are called."""
    program = Program(run.events)
    scope = dict(run.inputs)
    exec(run.source(), scope)
    return scope, program.names


def check(run):
    scope, names = replayed(run)
    last = {event.to: event for event in of(run, Delivered)}
    for thing, event in last.items():
        found = scope[f"{names[thing]}_grad"]
        if found is not None:
            assert same(found.numpy(), event.after.array), names[thing]
    for event in of(run, Stepped)[-1:]:
        for move in event.moves:
            assert same(scope[names[move.thing]].detach().numpy(), move.after.array)
    return len(last)


@settings(max_examples=200)
@given(programs())
def test_drawn_programs_bit_for_bit(program):
    with torch.watch() as run:
        run_program(program, True)
    assert check(run) >= 1


OPTIMIZERS = {
    "SGD": {"lr": 0.1}, "SGD nesterov": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    "Adam": {"lr": 0.01, "amsgrad": True}, "AdamW": {}, "Adamax": {}, "NAdam": {}, "RAdam": {}, "Adagrad": {}, "Adadelta": {},
    "RMSprop": {"momentum": 0.5}, "Rprop": {}, "ASGD": {}, "Adafactor": {}, "LBFGS": {},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_steps_of_every_optimiser(name):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 3))
    optimizer = getattr(optim, name.split()[0])(model.parameters(), **OPTIMIZERS[name])
    x, y = torch.randn(6, 4), torch.randint(0, 3, (6,))

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    def step():
        if isinstance(optimizer, optim.LBFGS):
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()

    step()
    with torch.watch() as run:
        step()
        step()
    assert check(run) == 6


@pytest.mark.parametrize("row", [row for row in ROWS if not row.no_slope], ids=lambda row: row.name)
def test_every_operation_bit_for_bit(row):
    leaves = leaves_of(torch, arrays_for(row))
    with torch.watch() as run:
        out = row.call(torch, *leaves)
        outs = [y for y in (out if isinstance(out, tuple) else (out,)) if isinstance(y, torch.Tensor) and y.requires_grad]
        torch.autograd.backward(outs, [torch.ones_like(y) * 0.5 for y in outs])
    assert check(run) >= 1


def test_a_program_of_the_usual_kinds_fits_a_page():
    torch.manual_seed(0)
    w, b = torch.randn(2, 3, requires_grad=True), torch.zeros(3, requires_grad=True)
    x, y = torch.randn(4, 2), torch.tensor([0, 1, 2, 0])
    with torch.watch() as run:
        loss = F.cross_entropy(torch.relu(x @ w + b), y)
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
    source = run.source()
    assert "g_w = mm(x.T, g_t)" in source
    assert len(source.splitlines()) < 60
    scope, _ = replayed(run)
    assert same(scope["w"].numpy(), w.detach().numpy())


def test_hooks_accumulation_and_a_gradient_of_a_gradient():
    w = torch.tensor([1.5, 2.0], requires_grad=True)
    w.register_hook(lambda g: g * 3)
    (w * 2).sum().backward()
    with torch.watch() as run:
        y = w**3
        y.register_hook(lambda g: g + 1)
        y.sum().backward()
        (g,) = torch.autograd.grad((w**2).sum(), w, create_graph=True)
        (g * g).sum().backward()
    assert check(run) == 1


def test_what_was_computed_before_the_watching_is_given_or_refused():
    w = torch.tensor([1.5, 2.0], requires_grad=True)
    y = w * 2
    with torch.watch() as run:
        z = y * w
        z.sum().backward()
    assert check(run) >= 1


# ---- what is written over, by whatever name ----

WRITES = {
    "data -=": lambda w: w.data.sub_(w.grad),
    "data =": lambda w: setattr(w, "data", w.data - w.grad),
    "a part": lambda w: w.data[1:].mul_(0.5),
    "detach": lambda w: w.detach().clamp_(-1, 1),
    "alpha": lambda w: w.data.add_(w.grad, alpha=-0.1),
    "another dtype": lambda w: w.data.sub_(w.grad.double()),
    "zero": lambda w: w.grad.zero_(),
    "clipped": lambda w: nn.utils.clip_grad_norm_([w], 0.1),
    "grad =": lambda w: setattr(w, "grad", w.grad * 2),
    "freed": lambda w: setattr(w, "grad", None),
}


@pytest.mark.parametrize("size", [3, 5000])
@pytest.mark.parametrize("name", WRITES)
def test_what_is_written_over_by_any_name(name, size):
    torch.manual_seed(0)
    w = torch.randn(size, requires_grad=True)
    x = torch.randn(size)
    optimizer = optim.SGD([w], lr=0.1, momentum=0.9)
    with torch.lenient(), torch.watch() as run:  # gradients add up here, on purpose
        for rate in (0.1, 0.2):
            (w * w * x).sum().backward()
            WRITES[name](w)
            x.mul_(2)
            (w * x).sum().backward()
            optimizer.param_groups[0]["lr"] = rate
            optimizer.step()
            w.data.clamp_(-1.5, 1.5)
    scope, names = replayed(run)
    (thing,) = {event.to for event in of(run, Delivered)}
    assert same(scope[names[thing]].detach().numpy(), w.detach().numpy())
    assert same(scope[f"{names[thing]}_grad"].numpy(), w.grad.numpy())


def test_what_was_not_kept_is_refused_where_it_is_needed():
    from autodiff.explain.scope import Scope
    from autodiff.explain.values import value_of

    with pytest.raises(ValueError, match="is needed as an input, and of its 5,000 numbers only a summary was kept"):
        Scope().whole(value_of(torch.ones(5000)), "w")


def test_the_first_step_of_one_that_computes_the_loss_itself():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.watch() as run:
        optim.LBFGS([w], max_iter=3).step(lambda: ((loss := ((w - 3) ** 4).sum()).backward(), loss)[1])
    assert check(run) == 1
    assert same(of(run, Stepped)[0].moves[0].after.array, w.detach().numpy())

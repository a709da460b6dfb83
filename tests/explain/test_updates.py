"""A step's formula is the optimiser's own rule: with the numbers that are shown, it gives the number that is shown."""

import math
import re

import numpy as np
import pytest
from drawn_programs import of
from formulas import computed

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain.events import Stepped
from autodiff.nn import functional as F
from autodiff.optim._options import plain

MOMENTUM = {"lr": 0.1, "momentum": 0.9}
CASES = [
    ("SGD", {"lr": 0.1}), ("SGD", MOMENTUM), ("SGD", MOMENTUM | {"nesterov": True, "weight_decay": 0.1}),
    ("SGD", MOMENTUM | {"dampening": 0.5, "maximize": True}), ("SGD", {"lr": torch.tensor(0.5)}),
    ("Adam", {}), ("Adam", {"lr": 0.1, "weight_decay": 0.1, "amsgrad": True}), ("Adam", {"maximize": True, "betas": (0, 0.9)}),
    ("AdamW", {"weight_decay": 0.5}), ("AdamW", {"amsgrad": True, "maximize": True}),
    ("Adamax", {}), ("Adamax", {"weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}), ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}), ("RAdam", {"weight_decay": 0.1}), ("RAdam", {"betas": (0.5, 0.9), "maximize": True}),
    ("Adagrad", {}), ("Adagrad", {"lr_decay": 0.5, "weight_decay": 0.1, "initial_accumulator_value": 0.1}),
    ("Adadelta", {}), ("Adadelta", {"weight_decay": 0.1, "maximize": True}),
    ("RMSprop", {}), ("RMSprop", {"centered": True, "momentum": 0.5, "weight_decay": 0.1}), ("RMSprop", {"maximize": True}),
    ("Rprop", {}), ("Rprop", {"etas": (0.3, 1.5), "maximize": True}),
    ("ASGD", {}), ("ASGD", {"lambd": 0.1, "t0": 1, "weight_decay": 0.1}),
    ("Adafactor", {}), ("Adafactor", {"weight_decay": 0.1, "maximize": True}),
    ("Muon", {}), ("Muon", {"nesterov": False, "adjust_lr_fn": "match_rms_adamw"}),
    ("LBFGS", {"max_iter": 1}), ("LBFGS", {"lr": 0.5}), ("LBFGS", {"line_search_fn": "strong_wolfe", "max_iter": 3}),
]  # fmt: skip


def trained(name, options, steps=2):
    """The runs of some steps, the first among them; of RAdam, which changes its formula then, the seventh too."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(3, 4, bias=name != "Muon"), nn.Tanh(), nn.Linear(4, 3, bias=name != "Muon"))
    optimizer = getattr(optim, name)(model.parameters(), **options)
    x, y = torch.randn(6, 3), torch.randint(0, 3, (6,))

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    for i in range(steps):
        for _ in range(5 if name == "RAdam" and i else 0):
            closure()
            optimizer.step()
        with torch.watch() as run:
            if name == "LBFGS":
                optimizer.step(closure)
            else:
                closure()
                optimizer.step()
        yield run


def moves(run):
    """Each parameter's move, with the moment that tells it."""
    for event in of(run, Stepped):
        told = [moment for moment in run.story.moments if moment.event is event]
        yield from zip(event.moves, told, strict=True)


def place(label):
    """0.weight[1, 2]: (1, 2)."""
    return tuple(int(i) for i in re.search(r"\[([\d, ]+)\]$", label)[1].split(", "))


def names_of(kind, move, at):
    """What the letters of a rule mean at one place, before it runs: the options, and what is remembered."""
    state = {key: value.array for key, value in move.state_before.items()}
    if not state and kind.first_state is not None:
        state = kind.first_state(move.before.array, move.options)
    names = {key: plain(value) for key, value in move.options.items()}
    names |= {key: float(x[at] if x.shape == move.before.shape else x.reshape(-1)[0]) for key, x in state.items()}
    for key, several in (("betas", ("beta1", "beta2")), ("step_sizes", ("lowest", "highest"))):
        names |= dict(zip(several, names.get(key, ()), strict=False))
    return names | {"p": float(move.before.array[at]), "g": float(move.grad.array[at])}


def read(text):
    """A formula in signs alone."""
    return re.sub(r"(\S+) limited to \[(\S+), (\S+)\]", r"clamp(\1, min=\2, max=\3)", text)


# What has words in it, or is about all of an array: the directions of these three are computed of whole matrices.
WHOLE = ["Adafactor", "Muon", "LBFGS"]
SHOWN = {
    "SGD": 1, "Adam": 5, "AdamW": 5, "Adamax": 4, "NAdam": 9, "RAdam": 6, "Adagrad": 3, "Adadelta": 4, "RMSprop": 4, "Rprop": 4,
    "ASGD": 5, "Adafactor": 5, "Muon": 4, "LBFGS": 1,
}  # fmt: skip


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)])
def test_a_formula_gives_the_number_that_is_shown(name, options):
    kind = getattr(optim, name)
    for run in trained(name, options):
        for move, moment in moves(run):
            first, *rows = [row for row in moment.rows if not row.name.startswith("change of")]
            at = place(first.name)
            (last,) = [row for row in rows if row.name == first.name]
            assert last.result.number == float(move.after.array[at])
            assert len(rows) >= SHOWN[name]
            names = names_of(kind, move, at)
            for row in rows:
                if name not in WHOLE:
                    found, expected = float(computed(read(row.text), names)), row.result.number
                    scale = max(abs(expected), abs(names["p"]) if row is last else 0.0)
                    assert math.isclose(found, expected, rel_tol=0, abs_tol=3e-6 * scale), (row, names)
                    names["p" if row is last else row.name] = expected


def blur(text):
    """What a line of numbers comes to, and how far off that may be, since each of them has four digits only."""
    found = float(computed(text, {}))
    spread = 0.0
    for match in re.finditer(r"(?<![\w.])\d[\d.]*(?:e−?\d+)?", text):
        if len(match[0].partition("e")[0].replace(".", "").lstrip("0")) < 4:
            continue  # such a short one is exact
        moved = float(match[0].replace("−", "-")) * (1 + 5e-4)
        spread += abs(float(computed(f"{text[: match.start()]}{moved!r}{text[match.end() :]}", {})) - found)
    return found, spread


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)])
def test_the_numbers_in_a_formula_come_to_the_number_that_is_shown(name, options):
    looked_at = 0
    for run in trained(name, options):
        for _, moment in moves(run):
            for row in moment.rows:
                if row.numbers and row.result is not None:
                    found, spread = blur(read(row.numbers))
                    assert math.isclose(found, row.result.number, rel_tol=6e-4, abs_tol=1.1 * spread), row
                    looked_at += 1
    assert looked_at >= SHOWN[name]


@pytest.mark.parametrize("name", ["SGD", "Adam", "Muon"])
def test_the_expected_change_is_each_gradient_times_its_move(name):
    (run,) = trained(name, {"lr": 0.05}, 1)
    told = [(move, row) for move, moment in moves(run) for row in moment.rows if row.name.startswith("change of")]
    assert len(told) == len(of(run, Stepped)[0].moves)
    for move, row in told:
        change = move.after.array.astype(float) - move.before.array
        assert row.result.number == pytest.approx(float((move.grad.array * change).sum()))
    assert "The whole step should change loss by about −0." in run.story.moments[-1].facts[-1]


# ---- rules that are not the package's ----


class Signed(optim.Optimizer):
    state_names = ("seen",)

    @staticmethod
    def rule(p, g, seen, *, lr):
        """p = p - lr * sign(g)."""
        seen = 0 if seen is None else seen
        direction = np.sign(g)
        return p - lr * direction, np.asarray(seen + 1)

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})


class Looping(Signed):
    @staticmethod
    def rule(p, g, seen, *, lr):
        for _ in range(3):
            p = p - lr * g
        return p, seen


class Other(Signed):
    """Its rule is not what it does."""

    def update(self, group, params, grads, *states):
        for p, g in zip(params, grads, strict=True):
            p -= 3 * g
        return states


def told(kind):
    w = torch.tensor([4.0, 2.0], requires_grad=True)
    optimizer = kind([w], lr=0.5)
    with torch.watch() as run:
        (w * w).sum().backward()
        optimizer.step()
    return [(row.name, row.text, row.numbers) for row in run.story.moments[-1].rows[1:-1]]


def test_a_rule_of_the_users_is_read_too():
    lines = [("direction", "sign(g)", ""), ("seen", "seen + 1", "0 + 1"), ("w[0]", "p − lr · direction", "4 − 0.5 · 1")]
    assert told(Signed) == lines


@pytest.mark.parametrize(("kind", "move"), [(Looping, "4 − 12"), (Other, "4 − 24")])
def test_what_no_rule_says_is_not_made_up(kind, move):
    assert told(kind) == [("w[0]", "p and its move", move)]


# ---- what the step should do to the loss ----


def last_step(run):
    rows = [row for moment in run.story.moments for row in moment.rows if row.name.startswith("change of")]
    return rows, run.story.moments[-1].facts[-1]


@pytest.mark.parametrize("between", ["nothing", "clip", "noise"])
def test_the_expected_change_is_that_of_the_loss_also_where_the_gradient_was_changed(between):
    w = torch.tensor([3.0, -4.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=1e-4)
    with torch.watch() as run:
        loss = (w * w * w).sum()
        loss.backward()
        if between == "clip":
            nn.utils.clip_grad_norm_([w], 1.0)
        elif between == "noise":
            with torch.no_grad():
                w.grad += torch.tensor([30.0, -9.0])
        optimizer.step()
    rows, told = last_step(run)
    happened = ((w * w * w).sum() - loss).item()
    assert rows[0].result.number == pytest.approx(happened, rel=1e-2)
    assert ("of backward" in rows[0].text) == (between != "nothing")
    assert told.startswith("The whole step should change loss by about ")


def test_two_losses_are_told_together_and_a_gradient_of_an_earlier_step_is_not_told_of():
    w = torch.tensor([3.0, -4.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=1e-4)
    with torch.watch() as run:
        first, second = (w * w).sum(), (w * w * w).sum()
        first.backward()
        second.backward()
        optimizer.step()
    assert [row.name for row in last_step(run)[0]] == ["change of first + second"]
    before = (w * w * w).sum()
    with torch.lenient(), torch.watch() as run:
        third = (w * w * w).sum()
        third.backward()  # .grad holds those of before, too
        optimizer.step()
    (row,) = last_step(run)[0]
    assert row.name == "change of third"
    assert row.result.number == pytest.approx(((w * w * w).sum() - before).item(), rel=1e-2)


def test_of_a_large_parameter_the_expected_change_is_told_too():
    w = torch.ones(5000, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    with torch.watch() as run:
        loss = (w * 2).sum()
        loss.backward()
        optimizer.step()
    assert last_step(run)[0][0].result.number == -5000 * 2 * 0.5 * 2

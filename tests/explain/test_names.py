"""What tensors are called: what the user calls them, and never what the user calls another one."""

import re

import pytest

import autodiff as torch
from autodiff import nn
from autodiff.explain.events import Changed, Cut, Made
from autodiff.nn import functional as F


def made(run, name):
    return [event for event in run.events if isinstance(event, Made) and event.name == name]


def names(run, operation):
    """The names of the tensors that the first operation of this name takes."""
    return [x.name for x in made(run, operation)[0].inputs if hasattr(x, "name")]


A = torch.ones(4, 3, requires_grad=True)
TARGET = torch.tensor([0, 1, 2, 1])


@pytest.mark.parametrize(
    ("compute", "operation", "operands"),
    [
        (lambda: F.cross_entropy(A, TARGET.reshape(-1)), "cross_entropy", ["A", "TARGET.reshape(-1)"]),
        (lambda: F.cross_entropy(A * 2, TARGET[:], reduction="sum"), "cross_entropy", ["A * 2", "TARGET[:]"]),
        (lambda: nn.functional.cross_entropy(A, TARGET[:]), "cross_entropy", ["A", "TARGET[:]"]),
        (lambda: F.nll_loss(A, TARGET[:], torch.ones(3)), "nll_loss", ["A", "TARGET[:]", "torch.ones(3)"]),
        (lambda: F.linear(A, torch.ones(2, 3), torch.ones(2)), "linear", ["A", "torch.ones(2, 3)", "torch.ones(2)"]),
        (lambda: torch.maximum(A, torch.zeros(3)), "maximum", ["A", "torch.zeros(3)"]),
        (lambda: A.maximum(torch.zeros(3)), "maximum", ["A", "torch.zeros(3)"]),
        (lambda: torch.ones(2, 4) @ A, "mm", ["torch.ones(2, 4)", "A"]),
        (lambda: torch.where(A > 1, A, torch.ones(3)), "where", ["A > 1", "A", "torch.ones(3)"]),
    ],
)
def test_an_operand_without_a_name_is_called_by_its_source(compute, operation, operands):
    with torch.watch() as run:
        compute()
    assert names(run, operation) == operands


@pytest.mark.parametrize(
    ("compute", "operation"),
    [
        (lambda: A.where(A > 1, torch.ones(3)), "where"),  # the condition comes first in the operation
        (lambda: (A * 2).where(A > 1, torch.ones(3)), "where"),
        (lambda: F.kl_div(A, torch.ones(4, 3), reduction="sum"), "mul"),
        (lambda: F.gaussian_nll_loss(A, torch.ones(4, 3), torch.ones(4, 3)), "div"),
        (lambda: torch.mul(input=A, other=torch.ones(3)), "mul"),
    ],
)
def test_where_the_source_does_not_say_which_operand_it_is_it_gets_no_name_at_all(compute, operation):
    with torch.watch() as run:
        compute()
    data = {x.name for x in made(run, operation)[0].inputs if getattr(x, "kind", "") == "data"}
    assert "" in data
    assert data <= {"", "A > 1"}


def test_the_argument_of_a_layer_is_called_by_the_users_call():
    model, loss_fn, x = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)), nn.MSELoss(), torch.ones(8, 3)
    no_bias, deep = nn.Linear(3, 2, bias=False), torch.ones(2, 4, 3)
    with torch.watch() as run:
        loss = loss_fn(model(x[:4]), torch.zeros(4, 2))
        loss.backward()
        no_bias(deep).sum().backward()
    assert names(run, "linear")[0] == "x[:4]"
    mask = made(run, "mul")[0].inputs[1]
    assert mask.name == ""  # of Dropout's own: the line doesn't tell it
    assert re.search(r"gᵀ @ \(?x\[:4\]", str(run))
    assert "(deep as (8, 3))ᵀ @ g" in str(run)


def test_two_things_never_have_the_same_variables_name():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, x):
            x = x + self.layer(x)
            return x

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([Block(), Block()])

        def forward(self, x):
            for block in self.blocks:
                x = block(x).tanh()
            return x

    with torch.watch() as run:
        Net()(torch.ones(1, 2)).sum().backward()
    given = [thing.name for thing in run.things if thing.named]
    assert len(given) == len(set(given))


def test_what_detach_made_is_called_by_its_expression():
    critic, fake = nn.Linear(2, 1), torch.ones(3, 2, requires_grad=True) * 2
    with torch.watch() as run:
        critic(fake.detach()).sum().backward()
    assert [event.output.name for event in run.events if isinstance(event, Cut)] == ["fake.detach()"]
    assert re.search(r"gᵀ @ \(?fake\.detach\(\)", str(run))


def test_what_is_added_to_in_place_keeps_its_name():
    with torch.watch() as run:
        s = torch.zeros(4, 3)
        s += A.sin()
        s = s * A
    assert names(run, "add") == ["s", "A.sin()"]
    assert names(run, "mul")[0] == "s₂"


def test_a_gradient_that_is_changed_is_called_grad_and_told_where_it_belongs():
    model = nn.Linear(2, 1)
    w = model.weight
    with torch.watch() as run:
        (model(torch.ones(1, 2)).sum() * 100).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        w.grad.zero_()
    changes = [event.thing for event in run.events if isinstance(event, Changed)]
    assert {t.name for t in changes} == {"weight.grad", "bias.grad"}
    assert {t.gradient_of.name for t in changes} == {"weight", "bias"}
    text = str(run)
    assert re.search(r"weight\.grad +=   before, after", text)
    assert "forward" not in text[text.index("backward") :]
    assert text.index("zero_grad") > text.index("weight.grad ")
    assert run.story.moments[-1].words.startswith("weight.grad is filled with zeros")


@pytest.mark.parametrize("clear", ["optimizer", "model"])
def test_zero_grad_with_zeros_is_one_moment_that_says_zeros(clear):
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with torch.watch() as run:
        model(torch.ones(1, 2)).sum().backward()
        (optimizer if clear == "optimizer" else model).zero_grad(set_to_none=False)
    last = run.story.moments[-1]
    assert last.phase == "zero_grad"
    assert last.words.startswith("Every .grad becomes zeros.")
    assert {c.thing.name: c.value.array.sum() for c in last.changes if c.value is not None} == {"weight": 0, "bias": 0}


def test_none_that_is_assigned_to_one_gradient_is_told_of_this_one():
    a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    with torch.watch() as run:
        (a * b).backward()
        a.grad = None
    assert run.story.moments[-1].words.startswith("a.grad goes back to None;")


def test_a_loss_that_is_an_expression_stands_in_parentheses():
    loss, penalty = (A * 2).sum(), A.sum()
    with torch.watch() as run:
        (loss + 0.1 * penalty).backward()
    assert "∂(loss + 0.1 * penalty)/∂(loss + 0.1 * penalty)" in " ".join(str(run).split())


def test_a_line_of_code_that_has_no_source_is_written_as_a_formula():
    space = {"torch": torch, "w": torch.ones(3, requires_grad=True)}
    with torch.watch() as run:
        exec("loss = (w * 2).sum()", space)
    assert made(run, "mul")[0].outputs[0].name == "w * 2"


def test_zero_grad_of_a_model_is_one_moment():
    model = nn.Linear(2, 1)
    with torch.watch() as run:
        model(torch.ones(1, 2)).sum().backward()
        model.zero_grad()
    assert [m.title for m in run.story.moments if m.phase == "zero_grad"] == ["zero_grad()"]
    assert run.story.moments[-1].words.startswith("Every .grad goes back to None;")


def test_the_names_of_the_function_that_watches_come_before_those_of_what_it_calls():
    def predict(v, k):
        return v * k

    weights, scale = torch.ones(3, requires_grad=True), torch.full((3,), 2.0)
    with torch.watch() as run:
        loss = predict(weights, scale).sum()
        loss.backward()
    assert names(run, "mul") == ["weights", "scale"]

"""The mistakes that have a code: a program that makes each, what its message tells to write, and the program without it.

docs/messages.md is made from these (make_messages.py), and tests/test_teaching.py runs them. The line that is to be named ends
in `# here`.
"""

from typing import NamedTuple

BEFORE = """\
import autodiff as torch
from autodiff import nn, optim
from autodiff.nn import functional as F
_ = torch.manual_seed(0)
x, y, classes = torch.randn(4, 3), torch.randn(4), torch.tensor([0, 1, 2, 0])
"""


class Mistake(NamedTuple):
    """A mistake, and its way out."""

    why: str  # what happens, for the page
    wrong: str
    write: str  # the words of the message that tell the way out
    right: str


LOOP = """\
model = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    F.cross_entropy(model(x), classes).backward()
    optimizer.step()
"""

MISTAKES = {
    "AD001": Mistake(
        "Backward frees what the operations kept, as soon as it has passed them. A second walk finds nothing there: "
        "compute the loss again.",
        """\
model = nn.Linear(3, 3)
loss = F.cross_entropy(model(x), classes)
loss.backward()
loss.backward()  # here
""",
        "compute the loss anew for each backward",
        """\
model = nn.Linear(3, 3)
for _ in range(2):
    loss = F.cross_entropy(model(x), classes)
    loss.backward()
""",
    ),
    "AD008": Mistake(
        "The update of a parameter is no part of the model, so it must not be recorded. `no_grad()` says so; "
        "`optimizer.step()` does it by itself.",
        """\
w = torch.ones(3, requires_grad=True)
(x @ w).sum().backward()
w -= 0.1 * w.grad  # here
""",
        "to update a parameter by hand, do it under autodiff.no_grad()",
        """\
w = torch.ones(3, requires_grad=True)
(x @ w).sum().backward()
with torch.no_grad():
    w -= 0.1 * w.grad
""",
    ),
    "AD011": Mistake(
        "An accuracy counts: it stays the same while the scores move a little, so it has no slope and no graph. "
        "Train by a loss that has one.",
        """\
model = nn.Linear(3, 3)
accuracy = (model(x).argmax(1) == classes).float().mean()
accuracy.backward()  # here
""",
        "slope, such as argmax or a comparison",
        """\
model = nn.Linear(3, 3)
F.cross_entropy(model(x), classes).backward()
""",
    ),
    "AD012": Mistake(
        "Where the graph was cut between the parameters and the loss, `backward()` says that there is nothing to walk. "
        "`requires_grad_()` takes that error away and leaves the cut: the loss becomes a leaf, and no parameter learns.",
        """\
model = nn.Linear(3, 1)
prediction = model(x).detach()
loss = F.mse_loss(prediction.squeeze(1), y)
_ = loss.requires_grad_()
loss.backward()  # here
""",
        "Take requires_grad_() away, and what cuts the graph: detach()",
        """\
model = nn.Linear(3, 1)
prediction = model(x)
loss = F.mse_loss(prediction.squeeze(1), y)
loss.backward()
""",
    ),
    "AD014": Mistake(
        "A gradient is that of one number. Of several, you say how they are to be one: by their sum, their mean, "
        "or a weight for each.",
        """\
w = torch.ones(3, requires_grad=True)
(x @ w).backward()  # here
""",
        "reduce it first, as in loss.sum().backward()",
        """\
w = torch.ones(3, requires_grad=True)
(x @ w).sum().backward()
(x @ w).backward(gradient=torch.ones(4))
""",
    ),
    "AD015": Mistake(
        "`backward()` adds to `.grad`, since a number that is used twice gets two gradients. It doesn't know where a new batch "
        "begins: you say so, by `zero_grad()`.",
        """\
model = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    F.cross_entropy(model(x), classes).backward()
    optimizer.step()  # here
""",
        "Call optimizer.zero_grad() before backward(); if the sum is meant, say so by autodiff.accumulate(n)",
        LOOP,
    ),
    "AD016": Mistake(
        "`zero_grad()` between `backward()` and `step()` throws away what the step is to use.",
        """\
model = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
F.cross_entropy(model(x), classes).backward()
optimizer.zero_grad()
optimizer.step()  # here
""",
        "The order is zero_grad(), backward(), step()",
        LOOP,
    ),
    "AD017": Mistake(
        "A step uses the gradients that are there. Without `backward()` there are none, and every parameter stays as it is.",
        """\
model = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
loss = F.cross_entropy(model(x), classes)
optimizer.step()  # here
""",
        "Call loss.backward() before it",
        LOOP,
    ),
    "AD025": Mistake(
        "`cross_entropy` computes the softmax itself. Of what is a softmax already it takes another one, of numbers between 0 "
        "and 1: even a perfect answer has a loss far from 0, and the gradient is small everywhere. `nll_loss` wants "
        "logarithms.",
        """\
model = nn.Sequential(nn.Linear(3, 3), nn.Softmax(dim=1))
loss = F.cross_entropy(model(x), classes)  # here
""",
        "give it the scores, without softmax",
        """\
model = nn.Sequential(nn.Linear(3, 3))
loss = F.cross_entropy(model(x), classes)
loss = F.nll_loss(F.log_softmax(model(x), dim=1), classes)
""",
    ),
    "AD027": Mistake(
        "A layer with one output gives a column, (N, 1), and the targets are often a row, (N,). Broadcasting makes a table of "
        "both, (N, N), in which each prediction is compared with each target. The model learns the mean.",
        """\
model = nn.Linear(3, 1)
loss = F.mse_loss(model(x), y)  # here
""",
        "write input.squeeze(-1)",
        """\
model = nn.Linear(3, 1)
loss = F.mse_loss(model(x).squeeze(-1), y)
""",
    ),
    "AD028": Mistake(
        "A slope asks what happens when a number moves a little. Whole numbers cannot; "
        "write them with a point.",
        """\
w = torch.tensor([1, 2, 3], requires_grad=True)  # here
""",
        "write 1.0 for 1, or give dtype=float32",
        """\
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
""",
    ),
    "AD031": Mistake(
        "A module registers the parameters and modules that are assigned to it. It does not look into lists, so `parameters()` "
        "leaves out what is in one.",
        """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.others = [nn.Linear(3, 3), nn.Linear(3, 3)]

optimizer = optim.SGD(Net().parameters(), lr=0.1)  # here
""",
        "put them into an nn.ModuleList",
        """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.others = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])

optimizer = optim.SGD(Net().parameters(), lr=0.1)
""",
    ),
    "AD032": Mistake(
        "An optimizer holds the parameters that it was given. A layer that is put into the model later has other ones, and "
        "stays as it was drawn.",
        """\
model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 9))
optimizer = optim.SGD(model.parameters(), lr=0.1)
model[1] = nn.Linear(3, 3)
F.cross_entropy(model(x), classes).backward()
optimizer.step()  # here
""",
        "Make the optimizer after the model is complete",
        """\
model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 9))
model[1] = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
F.cross_entropy(model(x), classes).backward()
optimizer.step()
""",
    ),
}

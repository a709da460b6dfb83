"""`autodiff.doctor`: each broken program has its finding first, the mended one none; healthy models are left in peace."""

import ast
import random
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff import nn, optim
from autodiff._core.teaching import CODES
from autodiff.nn import functional as F
from autodiff.utils.checkpoint import checkpoint

N = 32


def drawn(*shape, seed=0):
    """Numbers that do not touch the random numbers of the package."""
    return torch.tensor(np.random.default_rng(seed).normal(size=shape), dtype=torch.float32)


X, ROW, COLUMN = drawn(N, 4), drawn(N, seed=1), drawn(N, 1, seed=2)
CLASSES = torch.arange(N) % 3
YES = (torch.arange(N) % 2).float()


def mlp(out=3, width=16, last=()):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, out), *last)


def case(model, loss_fn=F.cross_entropy, batch=(X, CLASSES), optimizer=None):
    return model, loss_fn, optimizer or optim.SGD(model.parameters(), lr=0.1), batch


@pytest.fixture(autouse=True)
def the_observer_of_the_doctor_never_fails(monkeypatch):
    """It would be left out with a warning, which the doctor silences, and see nothing more."""
    failed, warn = [], warnings.warn

    def listening(message, *args, **kwargs):
        if str(message).startswith("the observer"):
            failed.append(str(message))
        return warn(message, *args, **kwargs)

    monkeypatch.setattr(warnings, "warn", listening)
    yield
    assert not failed


# ---- broken programs ----


class Own(nn.Module):
    """A small model with one thing that can be done wrongly."""

    def __init__(self, how=""):
        super().__init__()
        torch.manual_seed(0)
        self.how = how
        self.first, self.last = nn.Linear(4, 16), nn.Linear(16, 3)
        if how == "list":
            self.more = [nn.Linear(16, 16)]
        elif how == "modules":
            self.more = nn.ModuleList([nn.Linear(16, 16)])
        elif how == "plain":
            self.scale = torch.ones(16, requires_grad=True)
        elif how == "parameter":
            self.scale = nn.Parameter(torch.ones(16))
        elif how in ("unused", "used"):
            self.spare = nn.Linear(4, 3)
        self.kept = torch.zeros(N, 16)

    def forward(self, x):
        h = torch.tanh(self.first(x))
        if self.how in ("list", "modules"):
            h = torch.tanh(self.more[0](h))
        elif self.how in ("plain", "parameter"):
            h = h * self.scale
        elif self.how == "detach":
            h = h.detach()
        elif self.how == "no_grad":
            with torch.no_grad():
                h = torch.tanh(self.first(x))
        elif self.how == "numpy":
            h = torch.from_numpy(h.detach().numpy())
        elif self.how == "in place":
            h += 1
        elif self.how == "round":
            h = h.round()
        elif self.how == "masked":
            scores = (h @ h.T).masked_fill(torch.arange(N)[:, None] == 3, float("-inf"))
            h = scores.softmax(1) @ h
        elif self.how == "masked in part":
            scores = (h @ h.T).masked_fill(torch.arange(N)[:, None] < torch.arange(N), float("-inf"))
            h = scores.softmax(1) @ h
        elif self.how == "sqrt":
            h = (h * 0).abs().sqrt() + h
        elif self.how == "log":
            h = (h * 0).log()
        elif self.how == "carried":
            h = self.kept = h + 0.1 * self.kept
        elif self.how == "detached":
            h = h + 0.1 * self.kept
            self.kept = h.detach()
        elif self.how == "none":
            self.last(h)
            return None
        elif self.how == "tuple":
            return self.last(h), h
        return self.last(h) + self.spare(x) if self.how == "used" else self.last(h)


def replaced(early):
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1) if early else None
    model[2] = nn.Linear(16, 3)
    return case(model, optimizer=optimizer)


def sgd(**options):
    model = mlp()
    return case(model, optimizer=optim.SGD(model.parameters(), **options))


def half(whole):
    model = mlp()
    return case(model, optimizer=optim.SGD((model if whole else model[2]).parameters(), lr=0.1))


def frozen(all_of_it):
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    (model if all_of_it else model[0]).requires_grad_(False)
    return case(model, optimizer=optimizer)


def filled(value, bias):
    model = mlp()
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(value) if value is not None else None
        if bias is not None:
            model[0].bias.fill_(bias)
    return case(model)


def ran(clear):
    """Two steps of a loop."""
    model, loss_fn, optimizer, (x, y) = case(mlp())
    with torch.lenient():
        for _ in range(2):
            if clear:
                optimizer.zero_grad()
            loss_fn(model(x), y).backward()
            optimizer.step()
    return model, loss_fn, optimizer, (x, y)


def measuring(on):
    model = mlp(last=[nn.Dropout(0.2)])
    return case(model.eval() if on else model)


def times(factor):
    model = mlp()
    with torch.no_grad():
        model[2].weight.mul_(factor)
    return case(model)


def images(*wrong):
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 16, 3)]
    if "channels" in wrong:
        layers[0] = nn.Conv2d(3, 4, 3)
    if "flatten" in wrong:
        del layers[2]
    if "features" in wrong:
        layers[-1] = nn.Linear(99, 3)
    x = drawn(N, 6, 6) if "unsqueeze" in wrong else drawn(N, 1, 6, 6)
    return case(nn.Sequential(*layers), batch=(x, CLASSES))


def numbers(dtype):
    return case(
        nn.Sequential(nn.Embedding(10, 8), nn.Flatten(), nn.Linear(24, 3)),
        batch=((torch.arange(96) % 10).reshape(N, 3).to(dtype), CLASSES),
    )


def rows(n):
    return case(
        nn.Sequential(nn.Embedding(n, 8), nn.Flatten(), nn.Linear(24, 3)),
        batch=((torch.arange(96) % 10).reshape(N, 3), CLASSES),
    )


def holed(x, value):
    x = x.clone()
    x.reshape(-1)[5] = value
    return x


def by_hand(output, target):
    return ((output - target) ** 2).mean()


def times_two():
    model = mlp(1)
    with torch.no_grad():
        model[2].weight.mul_(4)
    return model


mse, bce = F.mse_loss, F.binary_cross_entropy_with_logits

# code, what the cure says, the broken program, the mended one
BROKEN = {
    "a list of layers": ("AD031", "ModuleList", lambda: case(Own("list")), lambda: case(Own("modules"))),
    "a tensor as attribute": ("plain-tensor", "nn.Parameter", lambda: case(Own("plain")), lambda: case(Own("parameter"))),
    "a replaced layer": ("AD032", "after the model is complete", lambda: replaced(True), lambda: replaced(False)),
    "another model's optimizer": (
        "AD032",
        "",
        lambda: case(mlp(), optimizer=optim.SGD(mlp().parameters(), lr=0.1)),
        lambda: case(mlp()),
    ),
    "half in the optimizer": ("not-in-optimizer", "SGD(model.parameters(), ...)", lambda: half(False), lambda: half(True)),
    "all frozen": ("all-frozen", "requires_grad_(True)", lambda: frozen(True), lambda: case(mlp())),
    "spoilt parameters": ("broken-parameters", "anew", lambda: filled(float("nan"), None), lambda: filled(None, None)),
    "eval": ("eval-mode", "model.train()", lambda: measuring(True), lambda: measuring(False)),
    "no zero_grad": ("AD015", "zero_grad()", lambda: ran(False), lambda: ran(True)),
    "maximize": ("maximize", "leave maximize out", lambda: sgd(lr=0.1, maximize=True), lambda: sgd(lr=0.1)),
    "NumPy for tensors": (
        "not-a-tensor",
        "from_numpy(input).float()",
        lambda: case(mlp(), batch=(X.numpy(), CLASSES)),
        lambda: case(mlp()),
    ),
    "a hole in the input": (
        "input-not-finite",
        "missing values",
        lambda: case(mlp(), batch=(holed(X, float("nan")), CLASSES)),
        lambda: case(mlp()),
    ),
    "a hole in the target": (
        "target-not-finite",
        "",
        lambda: case(mlp(1), mse, (X, holed(COLUMN, float("inf")))),
        lambda: case(mlp(1), mse, (X, COLUMN)),
    ),
    "no input": ("empty", "", lambda: case(mlp(), batch=(X[:0], CLASSES[:0])), lambda: case(mlp())),
    "the same input": ("constant-input", "", lambda: case(mlp(), batch=(torch.ones(N, 4), CLASSES)), lambda: case(mlp())),
    "one class": ("constant-target", "shuffle=True", lambda: case(mlp(), batch=(X, CLASSES * 0)), lambda: case(mlp())),
    "large features": (
        "not-normalised",
        "x.mean(dim=0)",
        lambda: case(mlp(), batch=(X * 300 + 700, CLASSES)),
        lambda: case(mlp()),
    ),
    "float64": ("AD030", "input.float()", lambda: case(mlp(), batch=(X.double(), CLASSES)), lambda: case(mlp())),
    "whole numbers": (
        "AD030",
        "input.float()",
        lambda: case(mlp(), batch=((X * 3).long(), CLASSES)),
        lambda: case(mlp()),
    ),
    "float indices": ("input-dtype", "input.long()", lambda: numbers(torch.float32), lambda: numbers(torch.int64)),
    "too few rows": ("index-range", "nn.Embedding(10, ...)", lambda: rows(9), lambda: rows(10)),
    "features": ("AD029", "nn.Linear(64, 3)", lambda: images("features"), lambda: images()),
    "no flatten": ("AD029", "nn.Flatten()", lambda: case(mlp(), batch=(drawn(N, 2, 2), CLASSES)), lambda: case(mlp())),
    "channels": ("AD029", "nn.Conv2d(1, ...)", lambda: images("channels"), lambda: images()),
    "no channels": ("AD029", "unsqueeze(1)", lambda: images("unsqueeze"), lambda: images()),
    "None": ("no-output", "return", lambda: case(Own("none")), lambda: case(Own())),
    "a tuple": (
        "output-tuple",
        "out[0]",
        lambda: case(Own("tuple")),
        lambda: case(Own("tuple"), lambda out, y: F.cross_entropy(out[0], y)),
    ),
    "one-hot": (
        "AD026",
        "argmax(dim=1)",
        lambda: case(mlp(), batch=(X, F.one_hot(CLASSES, 3))),
        lambda: case(mlp(), batch=(X, F.one_hot(CLASSES, 3).float())),
    ),
    "labels as floats": ("AD026", "target.long()", lambda: case(mlp(), batch=(X, CLASSES.float())), lambda: case(mlp())),
    "labels as column": ("AD026", "target.squeeze(1)", lambda: case(mlp(), batch=(X, CLASSES[:, None])), lambda: case(mlp())),
    "labels from 1": ("AD026", "target - 1", lambda: case(mlp(), batch=(X, CLASSES + 1)), lambda: case(mlp())),
    "too few scores": ("AD026", "nn.Linear(..., 3)", lambda: case(mlp(2)), lambda: case(mlp(3))),
    "another batch": ("AD026", "32 rows", lambda: case(mlp(), batch=(X, CLASSES[:8])), lambda: case(mlp())),
    "binary of a column": (
        "AD026",
        "squeeze(-1)",
        lambda: case(mlp(1), bce, (X, YES)),
        lambda: case(mlp(1), bce, (X, YES[:, None])),
    ),
    "binary of integers": (
        "AD026",
        "target.float()",
        lambda: case(mlp(1), bce, (X, YES[:, None].long())),
        lambda: case(mlp(1), bce, (X, YES[:, None])),
    ),
    "binary of 1 and 2": (
        "target-range",
        "class 1 is 1.0",
        lambda: case(mlp(1), bce, (X, YES[:, None] + 1)),
        lambda: case(mlp(1), bce, (X, YES[:, None])),
    ),
    "a float": ("no-loss", ".item()", lambda: case(mlp(), lambda out, y: F.cross_entropy(out, y).item()), lambda: case(mlp())),
    "a row of losses": (
        "AD014",
        "loss.mean()",
        lambda: case(mlp(), lambda out, y: F.cross_entropy(out, y, reduction="none")),
        lambda: case(mlp()),
    ),
    "an accuracy": (
        "AD011",
        "argmax",
        lambda: case(mlp(), lambda out, y: (out.argmax(1) == y).float().mean()),
        lambda: case(mlp()),
    ),
    "detached loss": (
        "AD011",
        "detach()",
        lambda: case(mlp(), lambda out, y: F.cross_entropy(out.detach(), y)),
        lambda: case(mlp()),
    ),
    "a loss made a leaf": (
        "AD012",
        "requires_grad_()",
        lambda: case(mlp(), lambda out, y: F.cross_entropy(out.detach(), y).requires_grad_()),
        lambda: case(mlp()),
    ),
    "softmax": ("AD025", "take softmax out", lambda: case(mlp(last=[nn.Softmax(dim=1)])), lambda: case(mlp())),
    "softmax in the loss": (
        "AD025",
        "take softmax out",
        lambda: case(mlp(), lambda out, y: F.cross_entropy(out.softmax(1), y)),
        lambda: case(mlp()),
    ),
    "sigmoid": (
        "AD025",
        "take sigmoid out",
        lambda: case(mlp(1, last=[nn.Sigmoid()]), bce, (X, YES[:, None])),
        lambda: case(mlp(1), bce, (X, YES[:, None])),
    ),
    "nll of probabilities": (
        "AD025",
        "log_softmax in place",
        lambda: case(mlp(last=[nn.Softmax(dim=1)]), F.nll_loss),
        lambda: case(mlp(last=[nn.LogSoftmax(dim=1)]), F.nll_loss),
    ),
    "nll of scores": (
        "AD025",
        "cross_entropy",
        lambda: case(mlp(), F.nll_loss),
        lambda: case(mlp(last=[nn.LogSoftmax(dim=1)]), F.nll_loss),
    ),
    "a column against a row": (
        "AD027",
        "squeeze(-1)",
        lambda: case(mlp(1), mse, (X, ROW)),
        lambda: case(mlp(1, last=[nn.Flatten(0)]), mse, (X, ROW)),
    ),
    "the same by hand": (
        "AD027",
        "squeeze(-1)",
        lambda: case(mlp(1), by_hand, (X, ROW)),
        lambda: case(mlp(1), by_hand, (X, COLUMN)),
    ),
    "one score": (
        "one-class",
        "two scores",
        lambda: case(mlp(1), batch=(X, CLASSES * 0)),
        lambda: case(mlp(2), batch=(X, CLASSES % 2)),
    ),
    "large weights": ("first-loss", "smaller weights", lambda: times(30), lambda: times(1)),
    "detach": ("AD020", "detach()", lambda: case(Own("detach")), lambda: case(Own())),
    "no_grad": ("AD020", "no_grad()", lambda: case(Own("no_grad")), lambda: case(Own())),
    "through NumPy": ("AD020", "detach()", lambda: case(Own("numpy")), lambda: case(Own())),
    "a spare layer": ("AD020", "call them in forward", lambda: case(Own("unused")), lambda: case(Own("used"))),
    "sqrt(0)": ("AD033", "sqrt", lambda: case(Own("sqrt")), lambda: case(Own())),
    "log(0)": ("AD033", "log", lambda: case(Own("log")), lambda: case(Own())),
    "carried over": ("AD005", "detach()", lambda: case(Own("carried")), lambda: case(Own("detached"))),
    "dead relus": ("dead-relu", "LeakyReLU", lambda: filled(None, -100.0), lambda: filled(None, 0.0)),
    "zeros": ("zero-weights", "small random numbers", lambda: filled(0.0, None), lambda: filled(None, None)),
    "lr 0": ("unchanged", "lr=0.01", lambda: sgd(lr=0.0), lambda: sgd(lr=0.1)),
    "lr 1e-30": ("unchanged", "lr=0.01", lambda: sgd(lr=1e-30), lambda: sgd(lr=0.1)),
    "lr 1e-6": ("lr-too-small", "lr=0.1", lambda: sgd(lr=1e-6), lambda: sgd(lr=0.1)),
    "lr 1e4": ("lr-too-large", "lr=", lambda: sgd(lr=1e4), lambda: sgd(lr=0.1)),
    "exchanged": ("AD026", "exchanged", lambda: case(mlp(), lambda out, y: F.cross_entropy(y, out)), lambda: case(mlp())),
    "labels and mse": ("AD026", "F.cross_entropy", lambda: case(mlp(), mse), lambda: case(mlp())),
    "one argument": (
        "loss-arguments",
        "def loss_fn(output, target)",
        lambda: case(mlp(), lambda out: out.sum()),
        lambda: case(mlp()),
    ),
    "scores as probabilities": (
        "not-probabilities",
        "with_logits",
        lambda: case(times_two(), nn.BCELoss(), (X, YES[:, None])),
        lambda: case(times_two(), bce, (X, YES[:, None])),
    ),
    "log_softmax of a column": (
        "softmax-dim",
        "dim=1",
        lambda: case(mlp(last=[nn.LogSoftmax(dim=0)]), F.nll_loss),
        lambda: case(mlp(last=[nn.LogSoftmax(dim=1)]), F.nll_loss),
    ),
    "changed in place": ("AD006", "x = x + 1", lambda: case(Own("in place")), lambda: case(Own())),
    "round": ("zero-gradient", "take round away", lambda: case(Own("round")), lambda: case(Own())),
    "a sparse optimizer": (
        "step-failed",
        "such gradients",
        lambda: case(m := mlp(), optimizer=optim.SparseAdam(m.parameters())),
        lambda: case(mlp()),
    ),
    "a batch of one": (
        "batch-of-one",
        "more than one",
        lambda: case(normed_linear(), batch=(X[:1], CLASSES[:1])),
        lambda: case(mlp()),
    ),
    "adam, lr 10": (
        "lr-too-large",
        "lr=1,",
        lambda: case(m := mlp(), optimizer=adam(m, lr=10)),
        lambda: case(m := mlp(), optimizer=adam(m)),
    ),
    "masked whole": ("AD033", "unmasked", lambda: case(Own("masked")), lambda: case(Own("masked in part"))),
}


# ---- healthy models ----


class Residual(nn.Module):
    def __init__(self, channels=8):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels),
        )  # fmt: skip
        nn.init.zeros_(self.body[4].weight)  # as a ResNet starts: the block is nothing at first

    def forward(self, x):
        return torch.relu(x + self.body(x))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.core, self.last = kind(4, 8, batch_first=True), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(self.core(x)[0][:, -1])


class Tied(nn.Module):
    """Two layers that share a weight: an embedding and the scores of the words."""

    def __init__(self):
        super().__init__()
        self.words, self.middle, self.last = nn.Embedding(10, 8), nn.Linear(8, 8), nn.Linear(8, 10, bias=False)
        self.last.weight = self.words.weight

    def forward(self, x):
        return self.last(torch.tanh(self.middle(self.words(x).mean(1))))


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.bag, self.last = nn.EmbeddingBag(10, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(self.bag(x))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(10, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        self.last = nn.Linear(8, 10)

    def forward(self, x):
        return self.last(self.layer(self.words(x)))


class Attention(nn.Module):
    """Written out, with a mask and a bias for the keys, whose gradient is zero but for rounding."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.last = nn.Linear(4, 8), nn.Linear(4, 8), nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, x):
        scores = self.q(x) @ self.k(x).transpose(1, 2) / 8**0.5
        scores = scores.masked_fill(torch.ones(6, 6).triu(1).bool(), float("-inf"))
        return self.last(scores.softmax(-1) @ self.v(x)).mean(1)


class Variational(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.back = nn.Linear(4, 4), nn.Linear(2, 4)

    def forward(self, x):
        mean, log_var = self.body(x).chunk(2, dim=1)
        return self.back(mean + (0.5 * log_var).exp() * torch.randn_like(mean)), mean, log_var


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))

    def forward(self, pair):
        return (self.net(pair[0]) - self.net(pair[1])).square().sum(1)


class ByName(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = mlp()

    def forward(self, batch):
        return self.net(batch["x"])


class Again(nn.Module):
    """With a checkpoint, whose forward runs a second time in backward."""

    def __init__(self):
        super().__init__()
        self.net, self.last = nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(checkpoint(self.net, x, use_reentrant=False))


def frozen_part():
    model = nn.Sequential(nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Dropout(0.5)), nn.ReLU(), nn.Linear(16, 3))
    model[0].eval().requires_grad_(False)
    return case(model)


def elbo(out, x):
    back, mean, log_var = out
    return F.mse_loss(back, x) + 0.1 * (mean**2 + log_var.exp() - 1 - log_var).mean()


def adam(model, **options):
    return optim.Adam(model.parameters(), **{"lr": 0.001, **options})


def frozen_backbone():
    model = mlp()
    model[0].requires_grad_(False)
    return case(model, optimizer=optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1))


def warming_up():
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, step / 10))
    return case(model, optimizer=optimizer)


def trained(steps=300):
    model = mlp()
    optimizer = adam(model, lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(X), CLASSES).backward()
        optimizer.step()
    return case(model, optimizer=optimizer)


def at_the_bottom():
    """A linear fit that is as good as one can be."""
    model = nn.Linear(4, 1)
    best = np.linalg.lstsq(np.c_[X.numpy(), np.ones(N)], COLUMN.numpy(), rcond=None)[0]
    with torch.no_grad():
        model.weight.copy_(torch.tensor(best[:4].T))
        model.bias.copy_(torch.tensor(best[4]))
    return case(model, mse, (X, COLUMN))


def with_decay():
    """A loss that closes over the model."""
    model = mlp()
    return case(model, lambda out, y: F.cross_entropy(out, y) + 1e-3 * sum((p**2).sum() for p in model.parameters()))


def learned_weight():
    """A parameter of the loss."""
    model, scale = mlp(1), nn.Parameter(torch.zeros(()))
    optimizer = optim.SGD([*model.parameters(), scale], lr=0.1)
    return case(model, lambda out, y: F.mse_loss(out, y) * (-scale).exp() + scale, (X, COLUMN), optimizer)


def two_groups():
    model = mlp()
    return case(
        model,
        optimizer=optim.AdamW([{"params": model[0].parameters(), "lr": 1e-4}, {"params": model[2].parameters()}], lr=1e-3),
    )


def reused():
    layer = nn.Linear(4, 4)
    return case(nn.Sequential(layer, nn.Tanh(), layer, nn.Tanh(), nn.Linear(4, 3)))


def normed_linear():
    return nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))


WORDS = (torch.arange(N * 6) * 7 % 10).reshape(N, 6)
SEQUENCE, PICTURES = drawn(N, 6, 4), drawn(N, 1, 8, 8).sigmoid()
LABELS = (drawn(N, 3, seed=5) > 0).float()

HEALTHY = {
    "mlp": lambda: case(mlp()),
    "mlp, small lr": lambda: sgd(lr=0.001),
    "mlp, momentum": lambda: sgd(lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4),
    "module loss": lambda: case(mlp(), nn.CrossEntropyLoss(label_smoothing=0.1)),
    "weighted classes": lambda: case(mlp(), nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5]))),
    "summed loss": lambda: case(m := mlp(), nn.CrossEntropyLoss(reduction="sum"), optimizer=adam(m)),
    "one-hot floats": lambda: case(mlp(), batch=(X, F.one_hot(CLASSES, 3).float())),
    "sorted classes, a small batch": lambda: case(mlp(), batch=(X[:4], CLASSES[:4] * 0)),
    "log_softmax and nll": lambda: case(mlp(last=[nn.LogSoftmax(dim=1)]), nn.NLLLoss()),
    "log of softmax": lambda: case(mlp(), lambda out, y: F.nll_loss(out.softmax(1).log(), y)),
    "regression": lambda: case(mlp(1), mse, (X, COLUMN)),
    "regression of rows": lambda: case(mlp(1, last=[nn.Flatten(0)]), nn.L1Loss(), (X, ROW)),
    "huber by hand": lambda: case(mlp(1), lambda out, y: F.huber_loss(out.squeeze(1), y), (X, ROW)),
    "linear": lambda: case(nn.Linear(4, 1), mse, (X, COLUMN)),
    "binary": lambda: case(mlp(1), nn.BCEWithLogitsLoss(), (X, YES[:, None])),
    "binary of probabilities": lambda: case(mlp(1, last=[nn.Sigmoid()]), nn.BCELoss(), (X, YES[:, None])),
    "multi-label": lambda: case(mlp(3), nn.BCEWithLogitsLoss(pos_weight=torch.ones(3)), (X, LABELS)),
    "margin": lambda: case(mlp(3), nn.MultiMarginLoss()),
    "pairs": lambda: case(Siamese(), mse, ((X, X.flip(0)), ROW.abs())),
    "distances": lambda: case(mlp(2), lambda out, y: (out[:, None] - out[None]).norm(dim=-1).add(1e-3).log().mean().square()),
    "autoencoder": lambda: case(mlp(4, 2), mse, (X, X)),
    "variational": lambda: case(Variational(), elbo, (X, X)),
    "cnn": lambda: case(
        nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 3)), batch=(PICTURES, CLASSES)
    ),
    "resnet": lambda: case(
        nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), Residual(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)
        ),
        batch=(PICTURES, CLASSES),
    ),
    "a picture of classes": lambda: case(nn.Conv2d(1, 3, 3, padding=1), batch=(PICTURES, (PICTURES[:, 0] * 3).long())),
    "batch norm and dropout": lambda: case(m := normed_linear(), optimizer=adam(m)),
    "rnn": lambda: case(Recurrent(nn.RNN), batch=(SEQUENCE, CLASSES)),
    "lstm": lambda: case(m := Recurrent(nn.LSTM), batch=(SEQUENCE, CLASSES), optimizer=adam(m)),
    "gru": lambda: case(m := Recurrent(nn.GRU), batch=(SEQUENCE, CLASSES), optimizer=adam(m)),
    "transformer": lambda: case(
        m := Transformer(), lambda out, y: F.cross_entropy(out.flatten(0, 1), y.flatten()), (WORDS, WORDS.roll(-1, 1)), adam(m)
    ),
    "attention": lambda: case(Attention(), batch=(SEQUENCE, CLASSES)),
    "embedding bag": lambda: case(Bag(), batch=(WORDS, CLASSES)),
    "tied weights": lambda: case(Tied(), batch=(WORDS, WORDS[:, 0])),
    "a layer twice": reused,
    "input of large numbers, normalised first": lambda: case(
        nn.Sequential(nn.BatchNorm1d(4), *mlp()), batch=(X * 300 + 700, CLASSES)
    ),
    "lbfgs": lambda: case(m := mlp(1), mse, (X, COLUMN), optim.LBFGS(m.parameters(), line_search_fn="strong_wolfe")),
    "adam": lambda: case(m := mlp(), optimizer=adam(m)),
    "adam, lr 0.01": lambda: case(m := mlp(), optimizer=adam(m, lr=0.01)),
    "rmsprop": lambda: case(m := mlp(), optimizer=optim.RMSprop(m.parameters())),
    "adagrad": lambda: case(m := mlp(), optimizer=optim.Adagrad(m.parameters())),
    "two groups": two_groups,
    "frozen backbone": frozen_backbone,
    "warming up": warming_up,
    "double precision": lambda: case(mlp().double(), batch=(X.double(), CLASSES)),
    "no hidden layer, lr 1": lambda: case(m := nn.Linear(4, 3), optimizer=optim.SGD(m.parameters(), lr=1.0)),
    "trained": trained,
    "trained a little": lambda: trained(20),
    "at the bottom": at_the_bottom,
    "a loss with the model in it": with_decay,
    "a parameter of the loss": learned_weight,
    "after two good steps": lambda: ran(True),
    "layer norm": lambda: case(
        m := nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 3)), optimizer=adam(m)
    ),
    "sigmoids": lambda: case(nn.Sequential(nn.Linear(4, 8), nn.Sigmoid(), nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 3))),
    "one example": lambda: case(mlp(), batch=(X[0], CLASSES[0])),
    "integers of a picture": lambda: case(
        nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), batch=((PICTURES * 16).round() / 16, CLASSES)
    ),
    "weight norm": lambda: case(
        nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 8)), nn.Tanh(), nn.Linear(8, 3))
    ),
    "spectral norm": lambda: case(
        nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(4, 8)), nn.Tanh(), nn.Linear(8, 3))
    ),
    "lazy layers": lambda: case(nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3))),
    "no target": lambda: case(mlp(), lambda out, y: F.mse_loss(out, 0.5 * out.detach()), (X, None)),
    "inputs by name": lambda: case(ByName(), batch=({"x": X}, CLASSES)),
    "a frozen part with dropout, in eval": frozen_part,
    "a discriminator": lambda: case(mlp(1), bce, (X, torch.ones(N, 1))),
    "computed again": lambda: case(Again()),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_program_has_its_finding_first_and_a_mended_one_none(name):
    code, cure, broken, mended = BROKEN[name]
    report = torch.doctor(*broken())
    first = report.findings[0]
    assert first.code == code
    assert first.severity in ("error", "warning")
    assert cure in first.cure
    assert report.next.startswith(first.cure)
    assert not report.healthy
    assert torch.doctor(*mended()).findings == []


# What is meant so is a note.
NOTES = {
    "frozen backbone": ["frozen"],
    "a frozen part with dropout, in eval": ["frozen"],
    "a discriminator": ["constant-target"],
    "warming up": ["warming-up"],
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_model_is_left_in_peace(name):
    torch.manual_seed(0)
    report = torch.doctor(*HEALTHY[name]())
    assert [each.code for each in report.findings] == NOTES.get(name, []), report
    assert report.healthy
    assert str(report).startswith("doctor: nothing is wrong")
    assert report.next == "train it on many batches, and measure it on data that it has not seen."


ACTIVATIONS = [nn.ReLU, nn.Tanh, nn.GELU, nn.Sigmoid, nn.LeakyReLU, nn.SiLU]


@settings(max_examples=20)
@given(
    widths=st.lists(st.integers(6, 20), min_size=1, max_size=3),
    activation=st.sampled_from(ACTIVATIONS),
    seed=st.integers(0, 10**6),
    examples=st.integers(12, 40),
    task=st.sampled_from(["classes", "numbers", "binary"]),
    optimizer=st.sampled_from(
        [
            lambda ps: optim.SGD(ps, lr=0.05),
            lambda ps: optim.SGD(ps, lr=0.02, momentum=0.9),
            optim.Adam,
            lambda ps: optim.AdamW(ps, lr=0.003),
            optim.Adagrad,
        ]
    ),
)
def test_drawn_models_are_left_in_peace(widths, activation, seed, examples, task, optimizer):
    torch.manual_seed(seed)
    x = drawn(examples, 5, seed=seed)
    out = {"classes": 3, "numbers": 2, "binary": 1}[task]
    layers = [layer for a, b in zip([5, *widths], widths, strict=False) for layer in (nn.Linear(a, b), activation())]
    model = nn.Sequential(*layers, nn.Linear(widths[-1], out))
    y = x[:, :out] + 0.1 * drawn(examples, out, seed=seed + 1)
    target = {"classes": x[:, :3].argmax(1), "numbers": y, "binary": (y > 0).float()}[task]
    loss_fn = {"classes": F.cross_entropy, "numbers": mse, "binary": bce}[task]
    report = torch.doctor(model, loss_fn, optimizer(model.parameters()), (x, target))
    assert report.healthy, report


# ---- nothing is changed ----


class Remembering(nn.Module):
    """A model with everything that a step could leave behind."""

    def __init__(self, fails):
        super().__init__()
        torch.manual_seed(1)
        self.net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
        self.calls, self.seen, self.fails = 0, [], fails
        self.state = (self.net[0].weight * 2).sum()  # a result: it can't be copied as it is

    def forward(self, x):
        self.calls += 1
        self.seen.append(x.shape)
        x += 0.0 * random.random() * np.random.rand()
        if self.fails == "forward":
            raise KeyError("a mistake of the user's")
        self.net[3].p = 0.25
        return self.net(x)


def snapshot(model, optimizer, x, y):
    hooks = {name: {kind: [*hooks.values()] for kind, hooks in m._hooks.items()} for name, m in model.named_modules()}
    return {
        "numbers": {name: t.numpy().tobytes() for name, t in model.state_dict().items()},
        "versions": [p._version for p in model.parameters()],
        "ids": [id(p) for p in model.parameters()],
        "grads": [(id(p.grad), None if p.grad is None else p.grad.numpy().tobytes()) for p in model.parameters()],
        "modes": [m.training for m in model.modules()],
        "hooks": hooks,
        "attributes": (model.calls, [*model.seen], model.net[3].p, id(model.state)),
        "optimizer": str(optimizer.state_dict()),
        "steps": {name: value for name, value in vars(optimizer).items() if name not in ("state", "param_groups")},
        "batch": (x.numpy().tobytes(), y.numpy().tobytes()),
        "random": (torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate()),
        "switches": (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_anomaly_enabled()),
    }


SWITCHES = {
    "no_grad": torch.no_grad,
    "strict": torch.strict,
    "inference": torch.inference_mode,
    "anomaly": torch.autograd.detect_anomaly,
}


@pytest.mark.filterwarnings("ignore:Full backward hook is firing", "ignore:Anomaly Detection")
@pytest.mark.parametrize("how", ["", "forward", "loss", "backward", "no_grad", "strict", "anomaly", "inference"])
def test_everything_is_as_it_was_bit_for_bit(how):
    model, seen, graded = Remembering(how), [], []
    model.net[4].register_forward_hook(lambda m, args, out: seen.append(out))
    model.net[0].register_full_backward_hook(lambda m, sent, came: graded.append(came))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    x, y = drawn(8, 4), torch.arange(8) % 3
    if not how:
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        seen.clear()
        graded.clear()
    kept = []

    def loss_fn(out, y):
        kept.append(out)
        loss = F.cross_entropy(out, y) + 1e-3 * sum((p**2).sum() for p in model.parameters())
        if how == "loss":
            raise KeyError
        if how == "backward":
            loss.register_hook(lambda g: 1 / 0)
        return loss

    before = snapshot(model, optimizer, x, y)
    with SWITCHES.get(how, torch.enable_grad)():
        inside = snapshot(model, optimizer, x, y)
        report = torch.doctor(model, loss_fn, optimizer, (x, y))
        assert snapshot(model, optimizer, x, y) == inside
    assert snapshot(model, optimizer, x, y) == before
    assert (seen, graded, kept) == ([], [], [])
    assert report.healthy is (how not in ("forward", "loss", "backward"))
    if not report.healthy:
        assert report.findings[0].code == f"{how}-failed"


def test_an_optimizer_that_asks_for_the_loss_again_gets_it():
    class Asking(optim.SGD):
        def step(self, closure):
            loss = closure()
            super().step()
            return loss

    model = mlp()
    assert torch.doctor(*case(model, optimizer=Asking(model.parameters(), lr=0.1))).healthy


def test_hooks_for_all_and_prints_are_left_out(capsys):
    called = []
    handles = [
        nn.modules.module.register_module_forward_hook(lambda *args: called.append(args)),
        optim.optimizer.register_optimizer_step_post_hook(lambda *args: called.append(args)),
    ]
    model, loss_fn, optimizer, batch = case(mlp())
    torch.doctor(model, lambda out, y: (print("here"), loss_fn(out, y))[1], optimizer, batch)
    assert not called
    assert capsys.readouterr().out == ""
    loss_fn(model(X), CLASSES).backward()
    optimizer.step()
    assert len(called) == 5  # four modules, one step
    for handle in handles:
        handle.remove()


def test_gradients_that_are_summed_on_purpose_are_no_mistake():
    model, loss_fn, optimizer, batch = case(mlp())
    with torch.accumulate(2):
        for _ in range(2):
            loss_fn(model(X), CLASSES).backward()
            optimizer.step()
        assert torch.doctor(model, loss_fn, optimizer, batch).healthy


def test_what_is_cut_beside_the_way_is_not_blamed():
    """An accuracy is computed, too; and a layer is called whose result nobody uses."""

    class Dropping(Own):
        def forward(self, x):
            self.spare(x)
            return super().forward(x)

    model = Dropping("unused")
    found = torch.doctor(
        *case(model, lambda out, y: (F.cross_entropy(out, y), (out.argmax(1) == y).float().mean())[0])
    ).findings
    assert [(each.code, each.where) for each in found] == [("AD020", "spare.weight, spare.bias")]
    assert "the loss is not computed from them" in found[0].sentence


def test_who_looks_on_sees_nothing_of_it():
    model, loss_fn, optimizer, batch = case(mlp())
    with torch.watch() as run:
        torch.doctor(model, loss_fn, optimizer, batch)
    assert run.events == []


def test_a_scheduled_step_without_gradients_is_not_taken_for_a_mistake_afterwards():
    model, loss_fn, optimizer, batch = case(mlp())
    optimizer.step()
    torch.doctor(model, loss_fn, optimizer, batch)
    with torch.strict():
        optimizer.step()  # nothing of the program's own was recorded since


GLOBAL = nn.Parameter(torch.ones(()))


def test_a_loss_that_uses_a_variable_of_its_module_does_not_change_it():
    torch.doctor(*case(mlp(), lambda out, y: F.cross_entropy(out, y) * GLOBAL))
    assert GLOBAL.grad is None


# ---- the report ----


def test_the_layer_that_fails_is_named_with_its_line():
    report = torch.doctor(*case(nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.ReLU(), nn.Linear(7, 3)))))
    (found,) = report.findings
    assert "'1.1', Linear, which got (32, 8) float32" in found.sentence
    assert found.cure == "nn.Linear(8, 3): the input has 8 features."


def test_a_place_is_the_user_s_line():
    for name, line in (("detach", "h = h.detach()"), ("log", "h = (h * 0).log()")):
        where = torch.doctor(*case(Own(name))).findings[0].where
        number = int(where.rsplit(":", 1)[1])
        with open(__file__, encoding="utf-8") as source:
            assert source.read().splitlines()[number - 1].strip() == line


def test_the_report_fits_80_columns_and_its_html_is_escaped():
    model, loss_fn, optimizer, (x, y) = case(mlp(last=[nn.Softmax(dim=1)]))
    optimizer = optim.SGD(model[2].parameters(), lr=0.1)
    report = torch.doctor(model, loss_fn, optimizer, (x * 300, y))
    text = str(report)
    assert [each.severity for each in report.findings][:2] == ["error", "error"]
    assert text == repr(report)
    assert max(map(len, text.splitlines())) <= 80
    assert text.splitlines()[0] == f"doctor: {len(report.alarms)} findings, the most important first"
    assert text.rstrip().endswith("Then ask the doctor again.")

    class Odd(nn.Module):
        def forward(self, x):
            raise ValueError("<script>alert(1)</script>")

    report = torch.doctor(Odd(), loss_fn, optimizer, (x, y))
    assert "<script>" not in report._repr_html_()
    assert "&lt;script&gt;" in report._repr_html_()


def test_every_code_stands_in_the_documents_and_those_with_a_number_have_a_page():
    folder = Path(torch.__file__).parent / "explain" / "doctor"
    strings = {
        node.value
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    page = (Path(__file__).parents[2] / "docs" / "seeing.md").read_text(encoding="utf-8")
    table = page.partition("what it finds, by its code")[2].partition("\n\n")[0]
    listed = set(re.findall(r"`([\w-]+)`", table))
    assert listed >= {code for code, *_ in BROKEN.values()}
    assert listed <= strings
    assert {text for text in strings if re.fullmatch(r"AD\d{3}|[a-z]+(-[a-z]+)+", text)} <= listed
    assert {code for code in listed if code.startswith("AD")} <= set(CODES)


def test_a_model_that_cannot_be_copied_is_told_of():
    model = mlp()
    model.file = open(__file__, encoding="utf-8")  # noqa: SIM115
    with model.file:
        assert torch.doctor(*case(model)).findings[0].code == "no-copy"


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, 3, "argument 'model' must be a Module, not int"),
        (1, None, "argument 'loss_fn' must be a function or a Module"),
        (2, [], "argument 'optimizer' must be an Optimizer, not list"),
        (3, X, "must be a pair"),
        (3, (X,), "must be a pair"),
    ],
)
def test_arguments_of_another_kind_are_refused(place, value, message):
    arguments = [*case(mlp())]
    arguments[place] = value
    with pytest.raises(TypeError, match=message):
        torch.doctor(*arguments)

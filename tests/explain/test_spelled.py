"""Where no source is at hand, an operation is spelled out; and nothing that a run prints is without a name."""

import subprocess
import sys

import pytest
from pages import ROOT

import autodiff as torch
from autodiff import nn
from autodiff.nn import functional as F

PROGRAM = """\
import autodiff as torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
x = torch.tensor([3.0, 1.0])
with torch.watch() as run:
    y = (w * x + 1).sum()
    z = y ** 2 / 3 + w[0] * torch.relu(w).max() - torch.exp(-w).sum() + (w * torch.tensor([1.0, 0.5])).mean()
    z.backward()

"""
FORMULAS = [
    "w * x", "w * x + 1", "sum(w * x + 1)", "y ** 2", "y ** 2 / 3", "w[0]", "relu(w)", "max(relu(w))", "w[0] * max(relu(w))",
    "-w", "exp(-w)", "sum(exp(-w))", "w * [1 0.5]", "mean(w * [1 0.5])",
]  # fmt: skip


def lines_of(text):
    """The lines of the forward, each as (who, what)."""
    part = text.split("forward")[1].split("backward")[0].splitlines()[1:]
    return [(line[11:29].strip(), line[33:].rsplit("  ", 1)[0].strip()) for line in part if line.strip()]


def check(text):
    lines = lines_of(text)
    assert len(lines) >= len(FORMULAS)
    assert all(who and what for who, what in lines), text
    told = {what for _, what in lines}
    assert set(FORMULAS) <= told, set(FORMULAS) - told
    assert "g · (2 · y)" in text


def test_a_string_that_is_executed():
    scope = {}
    exec(PROGRAM, scope)
    check(str(scope["run"]))


def test_a_plain_prompt():
    program = f"{PROGRAM}\nimport sys; _ = sys.stdout.reconfigure(encoding='utf-8')\nprint(run)\n"
    out = subprocess.run(
        [sys.executable, "-i", "-q", "-c", ""], input=program, capture_output=True, encoding="utf-8", check=True, cwd=ROOT
    ).stdout
    check(out)


def rules(program, *leaves):
    with torch.watch() as run:
        program(*leaves).backward()
    return {(equation.to.name, equation.rule) for moment in run.story.moments for equation in moment.equations}


def test_the_parts_of_one_call_are_told_apart():
    p, t = torch.tensor([1.0, 3.0], requires_grad=True), torch.tensor([2.0, 2.0])
    found = rules(lambda: F.l1_loss(p, t))
    assert ("p - t", "g · sign(p − t)") in found
    assert ("abs(p - t)", "g / n in every place") in found


def test_an_operand_without_a_name_is_called_as_the_operation_calls_it():
    torch.manual_seed(0)
    p = torch.tensor([1.0, 3.0], requires_grad=True)
    assert ("p", "g · other") in rules(lambda: F.dropout(p).sum())  # the mask: it is not p
    assert ("p", "g · p") not in rules(lambda: F.dropout(p).sum())
    x = torch.tensor([0.5, -1.0], requires_grad=True)
    found = rules(lambda: F.binary_cross_entropy_with_logits(x, torch.tensor([1.0, 0.0]), pos_weight=torch.tensor([2.0, 1.0])))
    assert ("x", "(1 − t − sigmoid(−x) · ((p − 1) · t + 1)) · (g / n)") in found


def test_a_leaf_without_a_name():
    with torch.watch() as run:
        (torch.tensor([1.0, 2.0], requires_grad=True) * 3).sum().backward()
    text = str(run)
    assert "a (2,)" in text
    assert not [line for line in text.splitlines() if line[11:30].strip() in ("=", "<-", "+=")], text


@pytest.mark.parametrize("layer", [nn.Linear(3, 2), nn.LSTM(3, 2), nn.MultiheadAttention(4, 2), nn.BatchNorm1d(3)])
def test_in_layers_everything_has_a_name(layer):
    with torch.watch() as run:
        x = torch.ones(2, 4 if isinstance(layer, nn.MultiheadAttention) else 3)
        out = layer(x, x, x) if isinstance(layer, nn.MultiheadAttention) else layer(x)
        (out[0] if isinstance(out, tuple) else out).sum().backward()
    for moment in run.story.moments:
        for equation in moment.equations:
            assert equation.to.name
            assert equation.rule
            assert all(isinstance(part, str) or part.name for part in equation.parts)

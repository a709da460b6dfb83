"""What a message tells a learner to write: each mistake of a first course, and the words of the way out."""

import pytest

import autodiff as torch
from autodiff import nn
from autodiff.nn import functional as F


def leaf(*shape):
    return torch.ones(*shape, requires_grad=True)


def twice():
    loss = leaf(2).exp().sum()
    loss.backward()
    loss.backward()


def after_a_step():
    w = leaf(2)
    optimizer = torch.optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    loss.backward()


class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(1, 1)]


class Unmade(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


SCORES = torch.ones(2, 3)
MISTAKES = {
    "backward twice": (twice, r"compute the loss anew for each backward, and detach\(\) what is carried over"),
    "backward after a step": (after_a_step, r"after an optimizer's step, compute the loss again"),
    "a loss of positions": (lambda: leaf(3).argmax().backward(), r"no slope, such as argmax or a comparison"),
    "an accuracy as the loss": (lambda: (leaf(3) > 0).float().mean().backward(), r"no slope, such as argmax or a comparison"),
    "layers in a list": (lambda: torch.optim.SGD(Listed().parameters(), lr=0.1), r"put them into an nn.ModuleList"),
    "no super().__init__()": (Unmade, r"call super\(\).__init__\(\) first"),
    "classes in a column": (lambda: F.cross_entropy(SCORES, torch.tensor([[0], [1]])), r"as in target.squeeze\(1\)"),
    "classes as a table": (lambda: F.cross_entropy(SCORES, torch.tensor([[0, 1, 0], [1, 0, 0]])), r"target.argmax\(1\)"),
    "one class as a table": (lambda: F.cross_entropy(SCORES[0], torch.tensor([0, 1, 0])), r"target.argmax\(0\)"),
    "a drawing of what requires a gradient": (lambda: leaf(2).numpy(), r"Use tensor.detach\(\).numpy\(\) instead"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_message_says_what_to_write(name):
    program, words = MISTAKES[name]
    with pytest.raises((RuntimeError, ValueError, AttributeError, TypeError), match=words):
        program()

"""Fine points of what is told: one line of the story, a table or a program each, which nothing else looks at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain import program, saved, values, wording
from autodiff.explain.doctor import targets
from autodiff.nn import functional as F


def moments(run, phase):
    return [moment for moment in run.story.moments if moment.phase == phase]


def changed_by_hand():
    w, x = nn.Parameter(torch.tensor([1.0, 2.0])), torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    with torch.watch() as run:
        (x * w).sum().backward()
        with torch.no_grad():
            w.sub_(w.grad)
            x.mul_(2)
    return run


def test_what_is_changed_by_hand_is_told_by_what_it_is():
    run = changed_by_hand()
    (step,) = moments(run, "step")
    assert (step.title, step.words[:33]) == ("w −= …", "w is changed by hand, in place: t")
    last = moments(run, "forward")[-1]
    assert (last.title, last.words) == ("x *= …", "x is data, and is written over in place.")


def test_a_moment_of_the_way_back_is_about_where_it_comes_from_and_where_it_goes():
    back = moments(changed_by_hand(), "backward")
    assert [[thing.name for thing in moment.things] for moment in back[1:3]] == [["(x * w).sum()", "x * w"], ["x * w", "w"]]


def test_how_often_a_stretched_number_was_used():
    b, x = nn.Parameter(torch.zeros(3)), torch.ones(4, 3)
    with torch.watch() as run:
        (x + b).sum().backward()
    told = " ".join(equation.note or "" for moment in moments(run, "backward") for equation in moment.equations)
    assert "was stretched to (4, 3): each of its numbers was used 4 times, so the 4 gradients are added up." in told


@pytest.mark.parametrize(
    ("method", "sign"),
    [("sub_", "−= …"), ("add_", "+= …"), ("mul_", "*= …"), ("zero_", "= 0"), ("data", ".data = …"), ("exp_", ".exp_(…)")],
)  # fmt: skip
def test_a_change_in_place_as_it_is_written(method, sign):
    assert wording.sign_of(method) == sign


@pytest.mark.parametrize(
    ("given", "whole"),
    [("x", "x"), ("layer.weight", "layer.weight"), ("f(a, b)", "f(a, b)"), ("t[0]", "t[0]"), ("a + b", "(a + b)"),
     ("-a", "(-a)"), ("t[i]", "(t[i])")],
)  # fmt: skip
def test_a_part_of_a_formula_stands_in_brackets_where_it_must(given, whole):
    assert program._whole(given) == whole


SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=70)


@given(hnp.arrays(np.float64, SHAPES, elements=st.integers(-9, 9).map(float)))
def test_a_small_picture_shows_of_each_block_the_number_farthest_from_zero(rows):
    side = values._SQUARES
    found = values._blocks(rows)
    high, wide = (-(-n // side) for n in rows.shape)
    assert found.shape == tuple(-(-n // size) for n, size in zip(rows.shape, (high, wide), strict=True))
    for i in range(found.shape[0]):
        for j in range(found.shape[1]):
            block = rows[i * high : (i + 1) * high, j * wide : (j + 1) * wide]
            assert abs(found[i, j]) == abs(block).max()
            assert found[i, j] in block


def test_a_summary_has_a_layers_numbers_in_its_row():
    text = str(torch.summary(nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), torch.zeros(2, 784)))
    rows = {line.split(":")[0].strip(): line.split() for line in text.splitlines() if ":" in line}
    assert [rows[k][-2:] for k in "02"] == [["100,480", "200,704"], ["1,290", "2,560"]]


def test_results_that_are_kept_are_numbered():
    a = torch.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    w, v = torch.linalg.eigh(a)
    assert (w.grad_fn, list(saved._values(w.grad_fn))) == (v.grad_fn, ["result", "result 1"])


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_layers_in_a_plain_container_are_told_which_to_take(kind):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            layers = [nn.Linear(3, 3), nn.Linear(3, 3)]
            self.layers = layers if kind == "list" else dict(zip("ab", layers))
            self.last = nn.Linear(3, 2)

        def forward(self, x):
            for layer in self.layers if kind == "list" else self.layers.values():
                x = layer(x).relu()
            return self.last(x)

    net = Net()
    batch = torch.randn(8, 3), torch.randint(0, 2, (8,))
    with pytest.warns(torch.TeachingWarning, match="AD031"):  # the optimiser tells, too
        optimizer = optim.SGD(net.parameters(), lr=0.1)
    told = str(torch.doctor(net, F.cross_entropy, optimizer, batch))
    assert "AD031" in told
    assert ("nn.ModuleDict" in told, "nn.ModuleList" in told) == (kind == "dict", kind == "list")


def test_numbers_of_another_precision_are_told_how_to_fit():
    told = targets._numbers(torch.zeros(8, 1), torch.zeros(8, 1).double(), set())
    assert told == "target.to(torch.float32): it is float64, the output is float32."
    assert targets._numbers(torch.zeros(8, 1), torch.zeros(8, 1), set()) is None

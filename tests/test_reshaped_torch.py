"""Another shape in place, as PyTorch has it: the numbers, the gradients, and what others see who look at the same memory."""

import numpy as np
import pytest
from alike import outcome
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

STEPS = st.lists(
    st.sampled_from(
        ["squeeze_", "unsqueeze_", "transpose_", "mul", "part", "write a part", "part of the part", "double", "cut"]
    ),
    min_size=1,
    max_size=7,
)


def program(T, steps):
    """What a tensor, its parts and the leaf show after these steps; every number has a weight of its own."""
    x = T.arange(1.0, 7.0, dtype=T.float64).reshape(1, 2, 3).clone().requires_grad_()
    y, parts, total = x * 1, [], 0
    for i, step in enumerate(steps):
        if step == "unsqueeze_":
            y.unsqueeze_(i % (y.dim() + 1))
        elif step == "squeeze_":
            y.squeeze_(i % y.dim())
        elif step.endswith("_"):
            getattr(y, step)(0, -1)
        elif step == "mul":
            y.mul_(2)
        elif step == "part":
            parts.append(y[0])
        elif step == "write a part":
            y[..., 0].mul_(3)
        elif step == "part of the part" and parts:
            parts[-1].add_(1)
        elif step == "double":
            y = y * 2
        elif step == "cut" and not parts:
            y.detach_().requires_grad_(False)
            y = y * x.detach().sum() + x.sum()
    for each in (y, *parts):
        weights = T.arange(1.0, each.numel() + 1, dtype=T.float64).reshape(each.shape)
        total = total + (each * each * weights).sum()
    total.backward()
    return [*((list(t.shape), t.tolist()) for t in (y, *parts)), x.grad.tolist()]


@given(steps=STEPS)
def test_numbers_and_gradients_are_pytorchs(steps):
    assert program(autodiff, steps) == program(torch, steps)


@pytest.mark.parametrize(
    "call",
    [
        lambda T, x: x.t_(),
        lambda T, x: T.ones(2, 3, 4).t_(),
        lambda T, x: (x * 1).unsqueeze_(5),
        lambda T, x: (x * 1).transpose_(0, 2),
        lambda T, x: (x * 1).unbind(0)[0].unsqueeze_(0),
        lambda T, x: (x * 1).exp_().t_().sum().backward(),
        lambda T, x: x[0].unsqueeze_(0),
    ],
)
def test_it_is_refused_where_pytorch_refuses_it(call):
    kinds = []
    for T in (autodiff, torch):
        with pytest.raises((RuntimeError, IndexError)) as caught:
            call(T, T.ones(2, 3, requires_grad=True))
        kinds.append(caught.type)
    assert kinds[0] is kinds[1]


def test_a_leaf_keeps_its_place_where_nothing_is_recorded():
    for T in (autodiff, torch):
        w = T.arange(6.0).reshape(2, 3).clone().requires_grad_()
        with T.no_grad():
            w.t_()
        assert (w.is_leaf, w.requires_grad, w._version, tuple(w.shape)) == (True, True, 1, (3, 2))
        (w * T.arange(6.0).reshape(3, 2)).sum().backward()
        np.testing.assert_array_equal(w.grad.numpy(), np.arange(6.0).reshape(3, 2))


def test_what_is_retained_and_detached():
    x = autodiff.ones(2, 3, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.t_().mul_(3)
    y.sum().backward()
    assert y.grad.shape == (3, 2)
    assert y.detach_() is y
    assert not y.requires_grad
    with autodiff.inference_mode():
        assert autodiff.ones(2, 3).t_().shape == (3, 2)


QUESTIONS = ["eq_", "ne_", "lt_", "le_", "gt_", "ge_", "greater_", "less_equal_", "logical_and_", "logical_or_", "logical_xor_"]


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_in_place_keeps_the_dtype(name, dtype):
    results = []
    for T in (autodiff, torch):
        x, other = T.tensor([[0, 1, 2], [3, 0, 1]]).to(getattr(T, dtype)), T.tensor([0, 1, 1]).to(getattr(T, dtype))
        assert getattr(x, name)(other) is x
        results.append((str(x.dtype), x.tolist()))
        with pytest.raises(RuntimeError):
            getattr(T.ones(3), name)(T.ones(2, 3))
    assert results[0] == results[1]


MODES = {"no_grad": lambda T: T.no_grad(), "inference": lambda T: T.inference_mode(), "recorded": lambda T: T.enable_grad()}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("base", ["of a graph", "a constant"])
@pytest.mark.parametrize("mode", MODES)
def test_a_view_that_was_made_and_turned_where_nothing_is_recorded(mode, base, again):
    """What it shows of a graph has no history, so that it can't be used where one is wanted."""

    def program(T):
        x = T.arange(4.0, requires_grad=True)
        b = x * 1 if base == "of a graph" else T.arange(4.0)
        with MODES[mode](T):
            v = b[0:2].unsqueeze(0)
            v.squeeze_(0)
            if again:
                v.unsqueeze_(1)
        y = v * 2
        return y.detach(), y.requires_grad, b._version

    assert outcome(autodiff, program) == outcome(torch, program)

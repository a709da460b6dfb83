"""Edits through .data count as changes: no gradient is wrong in silence, and parameters are updated by hand as in PyTorch."""

import numpy as np
import pytest

import autodiff
from autodiff import nn
from autodiff.nn import functional as F


def item(x):
    x.data[0] = 10


def everything(x):
    x.data[...] = 10


def augmented(x):
    x.data *= 10


def of_a_view(x):
    x.data.view(-1)[0] = 10


EDITS = {
    "add_": lambda x: x.data.add_(9),
    "zero_": lambda x: x.data.zero_(),
    "copy_": lambda x: x.data.copy_(autodiff.tensor([10.0, 20.0])),
    "clamp_": lambda x: x.data.clamp_(max=1.5),
    "item": item,
    "everything": everything,
    "augmented": augmented,
    "of a view": of_a_view,
}


def leaf(x):
    return x


def result(x):
    return x * 1


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("of", [leaf, result])
def test_a_change_of_what_was_kept_is_told(edit, of):
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    kept = of(x)
    loss = (kept * kept).sum()
    EDITS[edit](kept)
    with pytest.raises(RuntimeError, match=r"has been modified by an inplace operation: .* \(AD022\)") as caught:
        loss.backward()
    assert "changed at test_teaching_data.py:" in str(caught.value)
    assert f"`{'x' if of is leaf else 'kept'}`" in str(caught.value)
    assert x.grad is None


@pytest.mark.parametrize("edit", EDITS)
def test_a_change_of_what_nobody_kept_is_no_matter(edit):
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    loss = (h + 1).sum()
    EDITS[edit](h)
    loss.backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_new_data_leaves_the_old_gradient_right():
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    x.data = autodiff.tensor([10.0, 20.0])
    loss.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_what_is_held_elsewhere_is_an_error_too():
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    values = x.data
    values.add_(1)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        loss.backward()


def by_augmented(p, T):
    p.data -= 0.1 * p.grad


def by_sub(p, T):
    p.data.sub_(0.1 * p.grad.data)


def by_alpha(p, T):
    p.data.add_(p.grad.data, alpha=-0.1)


def by_new_data(p, T):
    p.data = p.data - 0.1 * p.grad


def by_copy(p, T):
    p.data.copy_(p.data - 0.1 * p.grad)


def by_clipping_too(p, T):
    p.data -= 0.1 * p.grad
    p.data.clamp_(-0.3, 0.3)


def trained(T, update):
    T.manual_seed(0)
    model = T.nn.Sequential(T.nn.Linear(2, 4), T.nn.Tanh(), T.nn.Linear(4, 1))
    x, y = T.tensor([[1.0, 2.0], [3.0, 4.0]]), T.tensor([[1.0], [2.0]])
    for _ in range(4):
        for p in model.parameters():
            p.grad = None
        loss = T.nn.functional.mse_loss(model(x), y)
        loss.backward()
        for p in model.parameters():
            update(p, T)
    return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])


@pytest.mark.parametrize("update", [by_augmented, by_sub, by_alpha, by_new_data, by_copy, by_clipping_too])
def test_optimizers_by_hand_are_pytorchs(update, torch):
    with autodiff.strict():
        found = trained(autodiff, update)
    np.testing.assert_allclose(found, trained(torch, update), rtol=1e-5, atol=1e-6)


def test_weights_clipped_before_backward_where_no_weight_was_kept():
    layer = nn.Linear(2, 1)
    loss = F.relu(layer(autodiff.ones(3, 2))).mean()
    for p in layer.parameters():
        p.data.clamp_(-0.01, 0.01)
    loss.backward()
    assert layer.weight.grad is not None

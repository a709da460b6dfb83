"""differentiable=True: the gradients that flow through the steps of every optimiser that has it, against PyTorch."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_options import OPTIONS, options_of

import autodiff

torch = pytest.importorskip("torch")

RECORDED = [
    name for name in sorted(OPTIONS)
    if "differentiable" in inspect.signature(getattr(torch.optim, name).__init__).parameters
]  # fmt: skip
LEARNED = ("lr", "weight_decay")


def trained(T, name, options, learned, seed, steps):
    """Steps of a small model; what comes out, and its gradients with respect to all that went in."""
    rng = np.random.default_rng(seed)
    start, target = (T.from_numpy(rng.normal(size=4)).requires_grad_() for _ in range(2))
    options, leaves = dict(options), [start, target]
    if learned in options:
        options[learned] = T.tensor(float(options[learned]), dtype=T.float64, requires_grad=True)
        leaves.append(options[learned])
    w = start.clone()
    w.retain_grad()
    optimizer = getattr(T.optim, name)([w], differentiable=True, **options)
    for _ in range(steps):
        loss = ((w - target) ** 3).sum() + (w * 3).sin().sum()
        w.grad = T.autograd.grad(loss, w, create_graph=True)[0]
        optimizer.step()
    state = {key: value.detach().numpy() for key, value in optimizer.state[w].items()}
    grads = T.autograd.grad((w * w).sum(), leaves, allow_unused=True)
    return w.detach().numpy(), state, [None if g is None else g.detach().numpy() for g in grads]


@pytest.mark.parametrize("name", RECORDED)
@settings(max_examples=15)
@given(data=st.data())
def test_gradients_flow_through_steps(name, data):
    options, steps = data.draw(options_of(name)), data.draw(st.integers(1, 3))
    learned = data.draw(st.sampled_from(["", *(LEARNED if name not in ("Rprop", "ASGD") else ())]))
    seed = data.draw(st.integers(0, 10**4))
    ours, state, grads = trained(autodiff, name, options, learned, seed, steps)
    try:
        theirs, their_state, their_grads = trained(torch, name, options, learned, seed, steps)
    except (RuntimeError, TypeError) as error:
        # PyTorch overwrites its state and then needs it, or takes no tensor for a number where it is learned.
        if "modified by an inplace operation" in str(error) or learned:
            return
        raise
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert list(state) == list(their_state)
    for key, value in state.items():
        assert value.dtype == their_state[key].dtype
        np.testing.assert_allclose(value, their_state[key], rtol=1e-5, atol=1e-7)
    for a, b in zip(grads, their_grads, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * max(1.0, np.abs(b).max()))


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_step_is_the_step(name):
    """The same formula runs on tensors and, without `differentiable`, on arrays or in a kernel."""
    found = []
    for recorded in (False, True):
        p = autodiff.tensor([1.0, -2.0, 0.5], dtype=autodiff.float64)
        optimizer = getattr(autodiff.optim, name)([p], differentiable=recorded)
        for k in range(4):
            p.grad = autodiff.tensor([0.3, -1.0 * k, 2.0], dtype=autodiff.float64)
            optimizer.step()
        found.append(p.tolist())
    np.testing.assert_allclose(*found, rtol=1e-4)


@pytest.mark.parametrize("name", RECORDED)
def test_a_leaf_cannot_be_stepped(name):
    for T in (autodiff, torch):
        p = T.ones(2, requires_grad=True)
        optimizer = getattr(T.optim, name)([p], differentiable=True)
        p.grad = T.ones(2)
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
            optimizer.step()
        assert p.tolist() == [1, 1]


def of_the_state(T, name, shaped):
    """The gradient of a step with respect to all of the state that can be learned, and to a rate with dimensions."""
    rng = np.random.default_rng(3)
    w = T.from_numpy(rng.normal(size=5)).requires_grad_().clone()
    rate = T.full(shaped, 0.1, dtype=T.float64, requires_grad=True)
    optimizer = getattr(T.optim, name)([w], lr=rate if name in ("SGD", "Adam", "AdamW") else 0.1, differentiable=True)
    w.grad = T.from_numpy(rng.normal(size=5))
    optimizer.step()
    leaves = {}
    for key, value in optimizer.state[w].items():
        if key not in ("step", "eta", "mu") and value is not None:  # which PyTorch counts in plain numbers
            leaves[key] = value.detach().clone().requires_grad_()
            optimizer.state[w][key] = leaves[key].clone()
    optimizer.step()
    grads = T.autograd.grad((w * w).sum(), [*leaves.values(), rate], allow_unused=True)
    return {key: 0 if g is None else g.tolist() for key, g in zip([*leaves, "lr"], grads, strict=True)}


@pytest.mark.parametrize("shaped", [(), (1,), (1, 1)], ids=str)
@pytest.mark.parametrize("name", RECORDED)
def test_the_state_is_learned_too(name, shaped):
    ours, theirs = (of_the_state(T, name, shaped) for T in (autodiff, torch))
    assert ours.keys() == theirs.keys()
    for key, g in ours.items():
        np.testing.assert_allclose(g, theirs[key], rtol=1e-4, atol=1e-7, err_msg=key)

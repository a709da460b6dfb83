"""SGD(differentiable=True): the gradients that flow through steps, against PyTorch and finite differences."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

OPTIONS = st.fixed_dictionaries(
    {"lr": st.sampled_from([0.1, 0.9])},
    optional={
        "momentum": st.sampled_from([0, 0.9]),
        "dampening": st.sampled_from([0, 0.3]),
        "weight_decay": st.sampled_from([0, 0.1]),
        "nesterov": st.booleans(),
        "maximize": st.booleans(),
    },
)


def trained(T, options, learned, with_state, steps, given_grads):
    """Steps of a small model; the gradients of what comes out with respect to all that went in."""
    rng = np.random.default_rng(0)
    start, target, buffer = (T.from_numpy(rng.normal(size=4)).requires_grad_() for _ in range(3))
    options = dict(options)
    leaves = [start, target, buffer]
    for name in learned & options.keys():
        options[name] = T.tensor(float(options[name]), dtype=T.float64, requires_grad=True)
        leaves.append(options[name])
    w = start.clone()
    w.retain_grad()
    optimizer = T.optim.SGD([w], differentiable=True, **options)
    if with_state:
        optimizer.state[w]["momentum_buffer"] = buffer.clone()
    for _ in range(steps):
        if given_grads:
            w.grad = (target * 3).sin()
        else:
            loss = ((w - target) ** 3).sum()
            w.grad = T.autograd.grad(loss, w, create_graph=True)[0]
        optimizer.step()
    state = [v for v in optimizer.state[w].values() if isinstance(v, T.Tensor)]
    total = (w * w).sum() + sum((s * s).sum() for s in state)
    grads = T.autograd.grad(total, leaves, allow_unused=True)
    return [w.detach(), *(s.detach() for s in state)], grads


@given(
    options=OPTIONS,
    learned=st.sets(st.sampled_from(["lr", "weight_decay"])),
    with_state=st.booleans(),
    steps=st.integers(1, 3),
    given_grads=st.booleans(),
)
def test_gradients_flow_through_steps(options, learned, with_state, steps, given_grads):
    assume(not options.get("nesterov") or (options.get("momentum", 0) and not options.get("dampening", 0)))
    ours, our_grads = trained(autodiff, options, learned, with_state, steps, given_grads)
    try:
        theirs, their_grads = trained(torch, options, learned, with_state, steps, given_grads)
    except RuntimeError as error:
        if "modified by an inplace operation" in str(error) and learned:
            return  # PyTorch overwrites its buffer and then needs it
        raise
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)
    for a, b in zip(our_grads, their_grads, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"weight_decay": 0.5}])
def test_against_finite_differences(options):
    def step(p, grad, buffer):
        p = p.clone()
        p.grad = grad
        optimizer = autodiff.optim.SGD([p], lr=0.5, differentiable=True, **options)
        optimizer.state[p]["momentum_buffer"] = buffer.clone()
        optimizer.step()
        return p, optimizer.state[p]["momentum_buffer"]

    inputs = [autodiff.rand(3, dtype=autodiff.float64, requires_grad=True) for _ in range(3)]
    assert autodiff.autograd.gradcheck(step, inputs)


def test_a_learning_rate_is_learned():
    for T in (autodiff, torch):
        lr = T.tensor(0.1, requires_grad=True)
        start = T.tensor([4.0], requires_grad=True)
        w = start.clone()
        optimizer = T.optim.SGD([w], lr=lr, differentiable=True)
        w.grad = T.autograd.grad((w * w).sum(), w, create_graph=True)[0]
        optimizer.step()
        w.sum().backward()
        assert lr.grad.item() == -8.0
        assert start.grad.item() == pytest.approx(0.8)


def test_a_leaf_cannot_be_stepped():
    for T in (autodiff, torch):
        p = T.ones(2, requires_grad=True)
        optimizer = T.optim.SGD([p], lr=0.1, differentiable=True)
        p.grad = T.ones(2)
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
            optimizer.step()
        assert p.tolist() == [1, 1]


def test_parameters_without_a_gradient_are_skipped_and_a_closure_is_called():
    for T in (autodiff, torch):
        a, b = T.ones(1), T.ones(1)
        optimizer = T.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1, differentiable=True)
        b.grad = T.ones(1)
        assert optimizer.step(lambda: 7) == 7
        assert (a.item(), b.item()) == (1, 0.5)


def test_a_step_without_it_needs_leaves():
    for T in (autodiff, torch):
        p = T.ones(2, requires_grad=True) * 2
        with pytest.raises(ValueError, match="can't optimize a non-leaf Tensor"):
            T.optim.SGD([p], lr=0.1)
        T.optim.SGD([p], lr=0.1, differentiable=True)

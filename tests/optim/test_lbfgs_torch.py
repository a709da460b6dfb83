"""L-BFGS against PyTorch: the same parameters, losses, numbers of evaluations and state after every step."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")


def rosenbrock(T, w):
    return (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum()


def bowl(T, w):
    return (w * w * T.arange(1, w.numel() + 1, dtype=w.dtype)).sum()


def quartic(T, w):
    return ((w - 1) ** 4).sum()


def logistic(T, w):
    rng = np.random.default_rng(0)
    x, y = T.from_numpy(rng.normal(size=(12, 4))).to(w.dtype), T.from_numpy(rng.integers(0, 2, 12) * 2.0 - 1).to(w.dtype)
    return T.log1p(T.exp(-y * (x @ w[:4]))).mean() + (w * w).sum() / 50


def walk(T, loss_of, options, seed, dtype, steps=3):
    rng = np.random.default_rng(seed)
    parts = [T.from_numpy(np.asarray(rng.normal(size=shape), dtype)).requires_grad_() for shape in [(2, 2), (3,), ()]]
    unused = T.ones(2, dtype=parts[0].dtype, requires_grad=True)
    optimizer = T.optim.LBFGS([*parts, unused], **options)

    def closure():
        optimizer.zero_grad()
        loss = loss_of(T, T.cat([p.reshape(-1) for p in parts]))
        loss.backward()
        return loss

    run = []
    for _ in range(steps):
        loss = optimizer.step(closure)
        state = optimizer.state[parts[0]]
        run.append((loss.item(), [p.detach().numpy().copy() for p in parts], state["func_evals"], state["n_iter"]))
    return run, optimizer.state_dict(), repr(optimizer)


def numbers(value):
    if isinstance(value, (list, tuple)):
        return [numbers(v) for v in value]
    return value.tolist() if hasattr(value, "tolist") else value


OPTIONS = st.fixed_dictionaries({}, optional={
    "lr": st.sampled_from([1, 0.1, 0.5]), "max_iter": st.integers(1, 12), "max_eval": st.integers(2, 20),
    "history_size": st.sampled_from([2, 3, 100]), "line_search_fn": st.sampled_from([None, "strong_wolfe", "strong_wolfe"]),
    "tolerance_grad": st.sampled_from([1e-7, 1e-2]), "tolerance_change": st.sampled_from([1e-9, 1e-3]),
})  # fmt: skip


@given(options=OPTIONS, loss_of=st.sampled_from([rosenbrock, bowl, quartic, logistic]), seed=st.integers(0, 10**4))
def test_steps_are_pytorchs(options, loss_of, seed):
    if options.get("line_search_fn") is None:
        options = {**options, "lr": 0.01}
        loss_of = bowl if loss_of is rosenbrock else loss_of  # a step of fixed length leaves that valley, for anywhere
    ours, theirs = (walk(T, loss_of, options, seed, "float64") for T in (autodiff, torch))
    assert ours[2] == theirs[2]
    for a, b in zip(ours[0], theirs[0], strict=True):
        assert a[2:] == b[2:]
        np.testing.assert_allclose(a[0], b[0], rtol=1e-6, atol=1e-9)
        for p, q in zip(a[1], b[1], strict=True):
            np.testing.assert_allclose(p, q, rtol=1e-5, atol=1e-6)
    left, right = ours[1]["state"], theirs[1]["state"]
    assert left.keys() == right.keys()
    assert [list(entry) for entry in left.values()] == [list(entry) for entry in right.values()]
    assert ours[1]["param_groups"] == theirs[1]["param_groups"]


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)], ids=str)
@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_a_rate_that_is_a_tensor(search, shape):
    found = []
    for T in (autodiff, torch):
        w = T.tensor([4.0, -2.0], dtype=T.float64, requires_grad=True)
        optimizer = T.optim.LBFGS([w], lr=T.full(shape, 0.1), line_search_fn=search, max_iter=6)

        def closure(T=T, w=w, optimizer=optimizer):
            optimizer.zero_grad()
            loss = ((w - 1) ** 2 * T.tensor([1.0, 10.0])).sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        found.append(w.tolist())
    np.testing.assert_allclose(*found, rtol=1e-6)


@pytest.mark.parametrize("loss_of", [bowl, logistic])
def test_in_float32(loss_of):
    options = {"line_search_fn": "strong_wolfe", "max_iter": 4}
    ours, theirs = (walk(T, loss_of, options, 1, "float32", 2) for T in (autodiff, torch))
    for a, b in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_allclose(a[0], b[0], rtol=1e-4, atol=1e-6)
        for p, q in zip(a[1], b[1], strict=True):
            np.testing.assert_allclose(p, q, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_a_state_goes_on_in_the_other_library(search):
    def there(value, T):
        if isinstance(value, (list, tuple)):
            return [there(v, T) for v in value]
        if isinstance(value, dict):
            return {k: there(v, T) for k, v in value.items()}
        return T.from_numpy(np.array(value.detach().numpy())) if hasattr(value, "detach") else value

    def made(T):
        w = T.tensor([-1.2, 1.0, 0.5], dtype=T.float64, requires_grad=True)
        optimizer = T.optim.LBFGS([w], lr=0.1 if search is None else 1, max_iter=5, line_search_fn=search)

        def closure():
            optimizer.zero_grad()
            loss = bowl(T, w)
            loss.backward()
            return loss

        return w, optimizer, closure

    for one, other in ((autodiff, torch), (torch, autodiff)):
        w, optimizer, closure = made(one)
        v, second, again = made(other)
        optimizer.step(closure)
        second.load_state_dict(there(optimizer.state_dict(), other))
        v.data = there(w, other)
        optimizer.step(closure)
        second.step(again)
        np.testing.assert_allclose(w.detach().numpy(), v.detach().numpy(), rtol=1e-9, atol=1e-12)


def test_what_is_refused():
    for T in (autodiff, torch):
        w = T.ones(2, requires_grad=True)
        with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
            T.optim.LBFGS([{"params": [w]}, {"params": [T.ones(1)]}])
        with pytest.raises(ValueError, match="Invalid learning rate: -1"):
            T.optim.LBFGS([w], lr=-1)
        optimizer = T.optim.LBFGS([w], line_search_fn="weak_wolfe")
        w.grad = T.ones(2)
        with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
            optimizer.step(lambda w=w: (w * w).sum())
        with pytest.raises(TypeError):
            optimizer.step()


def test_a_copy_goes_on():
    w = autodiff.tensor([3.0, -2.0], requires_grad=True)
    optimizer = copy.deepcopy(autodiff.optim.LBFGS([w], max_iter=3))
    (v,) = optimizer.param_groups[0]["params"]

    def closure():
        optimizer.zero_grad()
        loss = (v * v).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 13
    assert v.abs().max() < 0.1
    assert w.tolist() == [3, -2]


def test_a_minimum_is_left_alone():
    for T in (autodiff, torch):
        w = T.zeros(2, requires_grad=True)
        optimizer = T.optim.LBFGS([w])

        def closure(optimizer=optimizer, w=w):
            optimizer.zero_grad()
            loss = (w * w).sum()
            loss.backward()
            return loss

        assert optimizer.step(closure).item() == 0
        assert optimizer.state_dict()["state"] == {0: {"func_evals": 1, "n_iter": 0}}

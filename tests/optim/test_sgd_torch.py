"""SGD against PyTorch: the same parameters after every step, the same state, the same refusals."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff import optim

torch = pytest.importorskip("torch")

RATE = st.floats(0, 1, width=32)


@st.composite
def options(draw):
    chosen = {
        "lr": draw(RATE),
        "momentum": draw(st.sampled_from([0, 0.5, 0.9])),
        "weight_decay": draw(st.sampled_from([0, 0.01, 0.3])),
        "maximize": draw(st.booleans()),
    }
    if chosen["momentum"] and draw(st.booleans()):
        return {**chosen, "nesterov": True}
    return {**chosen, "dampening": draw(st.sampled_from([0, 0.25]))}


def run(library, kwargs, start, grads):
    params = [library.from_numpy(a.copy()).requires_grad_() for a in start]
    make = optim.SGD if library is autodiff else torch.optim.SGD
    optimizer = make(params, **kwargs)
    for step in grads:
        for p, g in zip(params, step):
            p.grad = None if g is None else library.from_numpy(g.copy())
        optimizer.step()
    return params, optimizer


@given(options(), st.integers(0, 2**32 - 1), st.sampled_from([np.float32, np.float64]))
def test_trajectories(kwargs, seed, dtype):
    rng = np.random.default_rng(seed)
    start = [rng.normal(size=s).astype(dtype) for s in [(3, 2), (), (5,)]]
    grads = [
        [None if rng.random() < 0.2 else rng.normal(size=a.shape).astype(dtype) for a in start]
        for _ in range(5)
    ]
    ours, mine = run(autodiff, kwargs, start, grads)
    theirs, oracle = run(torch, kwargs, start, grads)
    rtol = 1e-5 if dtype is np.float32 else 1e-12
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=rtol, atol=rtol)
    assert repr(mine) == repr(oracle)
    left, right = mine.state_dict(), oracle.state_dict()
    assert left["param_groups"] == right["param_groups"]
    if kwargs["momentum"]:
        assert left["state"].keys() == right["state"].keys()
        for number, state in left["state"].items():
            np.testing.assert_allclose(
                state["momentum_buffer"].numpy(),
                right["state"][number]["momentum_buffer"].numpy(),
                rtol=rtol,
                atol=rtol,
            )


def stepped(**kwargs):
    w = autodiff.ones(3, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1, momentum=0.9, **kwargs)
    w.grad = autodiff.ones(3)
    optimizer.step()
    return w, optimizer


def test_state_dict_continues_the_run():
    w, optimizer = stepped()
    v = w.detach().clone().requires_grad_()
    other = optim.SGD([v], lr=5.0)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for p, o in ((w, optimizer), (v, other)):
        p.grad = autodiff.ones(3)
        o.step()
    assert w.tolist() == v.tolist()


def test_a_loaded_state_is_shared_as_in_pytorch():
    """Both optimisers then write to one momentum buffer: what a program that forgets the copy prints is the same too."""
    torch = pytest.importorskip("torch")
    runs = []
    for T in (autodiff, torch):
        w, v, u = (T.ones(3, requires_grad=True) for _ in range(3))
        u = u.detach().double().requires_grad_()
        optimizers = [T.optim.SGD([p], lr=0.1, momentum=0.9) for p in (w, v, u)]
        run = []
        for step in range(3):
            if step == 1:
                for later in optimizers[1:]:
                    later.load_state_dict(optimizers[0].state_dict())
            for p, o in zip((w, v, u), optimizers, strict=True):
                p.grad = T.full_like(p, step + 1.0)
                o.step()
                run.append(p.tolist())
        runs.append(run)
    np.testing.assert_allclose(*runs, rtol=1e-6)


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies_are_independent(twin):
    w, optimizer = stepped()
    other = twin(optimizer)
    (v,) = other.param_groups[0]["params"]
    before = w.tolist()
    v.grad = autodiff.ones(3)
    other.step()
    assert w.tolist() == before != v.tolist()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda m, o, p: o([p], lr=-1), ValueError, "Invalid learning rate"),
        (lambda m, o, p: o([p], momentum=-1), ValueError, "Invalid momentum value"),
        (lambda m, o, p: o([p], weight_decay=-1), ValueError, "Invalid weight_decay value"),
        (lambda m, o, p: o([p], nesterov=True), ValueError, "Nesterov momentum requires"),
        (lambda m, o, p: o([]), ValueError, "empty parameter list"),
        (lambda m, o, p: o(p), TypeError, "should be an iterable of Tensors or dicts"),
        (lambda m, o, p: o([p * 2]), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda m, o, p: o([3.0]), TypeError, "optimizer can only optimize Tensors"),
        (lambda m, o, p: o([{"params": {p}}]), TypeError, "ordered collections"),
        (lambda m, o, p: o([{"params": [p]}, {"params": [p]}]), ValueError, "more than one parameter group"),
        (lambda m, o, p: o([("w", p), p]), ValueError, "Some param names are missing"),
    ],
)
def test_errors(make, error, message):
    for m, o in ((autodiff, optim.SGD), (torch, torch.optim.SGD)):
        with pytest.raises(error, match=message):
            make(m, o, m.ones(2, requires_grad=True))


def test_a_set_and_duplicates():
    p = autodiff.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="ordered collections"):
        optim.SGD({p})
    with pytest.warns(UserWarning, match="duplicate parameters") as caught:
        optim.SGD([p, p])
    assert caught[0].filename == __file__


def test_a_step_is_seen_by_a_graph_that_saved_the_parameter():
    w = autodiff.ones(2, requires_grad=True)
    loss = (w * w).sum()
    w.grad = autodiff.ones(2)
    optim.SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError):
        loss.backward()


def test_a_failing_step_changes_nothing():
    a, b = autodiff.ones(2, requires_grad=True), autodiff.ones(2, requires_grad=True)
    optimizer = optim.SGD([{"params": [a]}, {"params": [b]}], lr=0.1, momentum=0.9)
    a.grad, b.grad = autodiff.ones(2), autodiff.ones(2)
    optimizer.state[b]["momentum_buffer"] = autodiff.ones(3)
    with pytest.raises(RuntimeError, match="buffers"):
        optimizer.step()
    assert a.tolist() == b.tolist() == [1, 1]


def test_hooks_closure_and_zero_grad():
    w = autodiff.ones(1, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    seen = []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("pre"))
    handle = optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("post"))

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with autodiff.no_grad():
        assert optimizer.step(closure).item() == 1
    handle.remove()
    optimizer.step()
    assert seen == ["pre", "post", "pre"]
    optimizer.zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0]
    optimizer.zero_grad()
    assert w.grad is None

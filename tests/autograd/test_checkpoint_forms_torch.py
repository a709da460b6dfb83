"""The forms of a checkpoint, against PyTorch: use_reentrant in its three values, random numbers, a chain in segments."""

import importlib
import warnings

import pytest

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])


def checkpoints(T):
    return importlib.import_module(f"{T.__name__}.utils.checkpoint")


def run(T, how, needs, preserve, dropout):
    """What a checkpointed model gives, its gradients, and the random number after it."""
    T.manual_seed(0)
    model = T.nn.Sequential(T.nn.Linear(3, 4), T.nn.Dropout(dropout), T.nn.Tanh(), T.nn.Linear(4, 2))
    x = T.ones(2, 3, requires_grad=needs)
    options = {} if how is None else {"use_reentrant": how}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        y = checkpoints(T).checkpoint(model, x, preserve_rng_state=preserve, **options)
        T.rand(3)
        if y.requires_grad:
            y.sum().backward()
    words = sorted(str(w.message)[:40] for w in said)
    grads = [p.grad if p.grad is None else p.grad.tolist() for p in (*model.parameters(), x)]
    return y.tolist(), y.requires_grad, grads, words, T.rand(2).tolist()


@pytest.mark.parametrize("how", [None, True, False])
@pytest.mark.parametrize("needs", [True, False])
@pytest.mark.parametrize(("preserve", "dropout"), [(True, 0.5), (True, 0.0), (False, 0.0)])
def test_use_reentrant(how, needs, preserve, dropout):
    ours, theirs = (run(T, how, needs, preserve, dropout) for T in (autodiff, torch))
    assert ours[1] == theirs[1]
    assert ours[3:] == theirs[3:]
    flat = lambda x: [n for row in x for n in flat(row)] if isinstance(x, list) else [x]  # noqa: E731
    for a, b in zip(flat([ours[0], ours[2]]), flat([theirs[0], theirs[2]]), strict=True):
        assert a == b if b is None else a == pytest.approx(b, rel=1e-5, abs=1e-6)


@BOTH
def test_what_is_refused(T):
    c, x = checkpoints(T), T.ones(1, requires_grad=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: y"):
        c.checkpoint(lambda x, y: x, x, use_reentrant=True, y=2)
    assert c.checkpoint(lambda x, y: x * y, x, use_reentrant=False, y=2).item() == 2
    for options in ({"debug": True}, {"context_fn": lambda: c.noop_context_fn()}):
        with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
            c.checkpoint(lambda x: x, x, use_reentrant=True, **options)
    with pytest.raises(ValueError, match="determinism_check should be one of"):
        c.checkpoint(lambda x: x, x, use_reentrant=False, determinism_check="some")
    with pytest.raises(ValueError, match="Unexpected keyword arguments: debug"):
        c.checkpoint_sequential([T.sin], 1, x, use_reentrant=False, debug=True)
    with pytest.raises(ValueError):
        c.checkpoint_sequential([T.sin], 2, x, use_reentrant=False)
    with pytest.warns(UserWarning, match="the use_reentrant parameter should be passed explicitly"):
        c.checkpoint_sequential([T.sin], 1, x)


@pytest.mark.parametrize("n", [1, 2, 5, 6])
@pytest.mark.parametrize("segments", [1, 2, 3, 5])
@pytest.mark.parametrize("reentrant", [True, False])
def test_a_chain_in_segments(n, segments, reentrant):
    if n < segments:
        return
    told = []
    for T in (autodiff, torch):
        passed = []
        steps = [lambda x, i=i, passed=passed: passed.append(i) or (x + i).sin() for i in range(n)]
        x = T.tensor([0.5, 1.0], requires_grad=True)
        y = checkpoints(T).checkpoint_sequential(steps, segments, x, use_reentrant=reentrant)
        first = list(passed)
        y.sum().backward()
        told.append((first, sorted(passed), y.tolist(), x.grad.tolist()))
    assert told[0][:2] == told[1][:2]
    for a, b in zip(told[0][2:], told[1][2:], strict=True):
        assert a == pytest.approx(b, rel=1e-5)


@BOTH
def test_a_sequential_in_segments(T):
    T.manual_seed(1)
    model = T.nn.Sequential(T.nn.Linear(2, 3), T.nn.Dropout(0.5), T.nn.ReLU(), T.nn.Linear(3, 1))
    found = []
    for call in (model, lambda x: checkpoints(T).checkpoint_sequential(model, 2, x, use_reentrant=False)):
        T.manual_seed(2)
        model.zero_grad()
        y = call(T.ones(4, 2)).sum()
        y.backward()
        found.append([y.item(), *(p.grad.tolist() for p in model.parameters())])
    assert found[0] == found[1]

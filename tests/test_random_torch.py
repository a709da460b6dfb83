"""PyTorch's random stream: bit for bit where that is promised, to the last digits elsewhere."""

import copy
import pickle

import numpy as np
import pytest

import autodiff

SEEDS = [0, 1, 12345, 2**40 + 5]
COUNTS = [1, 3, 5, 15, 16, 17, 40, 1000]


@pytest.fixture(params=SEEDS)
def both(request, torch):
    autodiff.manual_seed(request.param)
    torch.manual_seed(request.param)
    return autodiff, torch


def same(a, b, exact=True):
    if exact:
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    else:
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=5e-7, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform(both, dtype):
    ours, theirs = both
    for n in COUNTS:
        same(ours.rand(n, dtype=getattr(ours, dtype)), theirs.rand(n, dtype=getattr(theirs, dtype)))
        same(
            ours.empty(n, dtype=getattr(ours, dtype)).uniform_(-0.3, 0.7),
            theirs.empty(n, dtype=getattr(theirs, dtype)).uniform_(-0.3, 0.7),
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal(both, dtype):
    ours, theirs = both
    for n in COUNTS:  # odd small counts leave half of a pair for the next call
        exact = n < 16 and dtype == "float32"
        same(ours.randn(n, dtype=getattr(ours, dtype)), theirs.randn(n, dtype=getattr(theirs, dtype)), exact)
    same(ours.normal(2.0, 3.0, (20,)), theirs.normal(2.0, 3.0, (20,)), False)


def test_whole_numbers_and_orders(both):
    ours, theirs = both
    same(ours.randint(-3, 10, (50,)), theirs.randint(-3, 10, (50,)))
    same(ours.randint(2**40, (50,)), theirs.randint(2**40, (50,)))
    for n in (0, 1, 2, 30):
        same(ours.randperm(n), theirs.randperm(n))


def test_other_distributions(both):
    ours, theirs = both
    same(ours.empty(50).bernoulli_(0.3), theirs.empty(50).bernoulli_(0.3))
    same(ours.bernoulli(ours.full((50,), 0.3)), theirs.bernoulli(theirs.full((50,), 0.3)))
    same(ours.empty(50).exponential_(2.0), theirs.empty(50).exponential_(2.0), False)
    weights = np.random.default_rng(0).random((3, 6)).astype(np.float32)
    for samples, again in ((1, False), (4, False), (1, True), (5, True)):
        same(
            ours.multinomial(ours.tensor(weights), samples, again), theirs.multinomial(theirs.tensor(weights), samples, again)
        )


def test_dropout(both):
    ours, theirs = both
    same(ours.nn.functional.dropout(ours.ones(100), 0.3), theirs.nn.functional.dropout(theirs.ones(100), 0.3))


def test_generators_have_streams_of_their_own(torch):
    a, b = autodiff.Generator().manual_seed(7), torch.Generator().manual_seed(7)
    autodiff.rand(3)
    same(autodiff.rand(5, generator=a), torch.rand(5, generator=b))


def test_state():
    autodiff.manual_seed(3)
    autodiff.randn(3)  # leaves half of a pair
    state = autodiff.get_rng_state()
    first = autodiff.randn(5)
    autodiff.set_rng_state(state)
    assert autodiff.equal(first, autodiff.randn(5))
    g = autodiff.Generator().manual_seed(4)
    for other in (g.clone_state(), copy.deepcopy(g), pickle.loads(pickle.dumps(g))):
        assert autodiff.equal(autodiff.rand(3, generator=g.clone_state()), autodiff.rand(3, generator=other))
    with pytest.raises(TypeError, match="ByteTensor"):
        g.set_state(autodiff.ones(3))
    with pytest.raises(RuntimeError, match="wrong size"):
        g.set_state(autodiff.ones(3, dtype=autodiff.uint8))


def test_refused_draws_leave_the_stream():
    autodiff.manual_seed(0)
    state = autodiff.get_rng_state()
    leaf = autodiff.ones(2, requires_grad=True)
    for draw in (
        lambda: leaf.uniform_(),
        lambda: autodiff.ones(2, dtype=autodiff.int64).normal_(),
        lambda: autodiff.randint(5, 5, (2,)),
        lambda: autodiff.ones(2).uniform_(2, 1),
        lambda: autodiff.ones(2).normal_(0, -1),
        lambda: autodiff.multinomial(autodiff.tensor([0.0, 0.0]), 1),
    ):
        with pytest.raises(RuntimeError):
            draw()
    assert autodiff.equal(state, autodiff.get_rng_state())


def test_filling_at_random_cuts_the_gradient():
    x = autodiff.ones(2, requires_grad=True)
    y = (x * 2).uniform_()
    y.sum().backward()
    assert x.grad.tolist() == [0, 0]

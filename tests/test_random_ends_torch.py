"""Whole numbers drawn between any two ends, and draws from nothing, against PyTorch."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

ENDS = sorted({sign * v for sign in (1, -1) for v in (
    0, 1, 42, 127, 128, 255, 256, 2**15, 2**24 - 1, 2**24, 2**24 + 1, 2**25, 2**31, 2**32 - 1, 2**40, 2**53, 2**53 + 1,
    2**62, 2**63 - 1,
)})


@settings(max_examples=300)
@given(st.sampled_from(["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]),
       st.sampled_from(["random_", "randint", "to"]), st.sampled_from(ENDS), st.sampled_from(ENDS))
def test_whole_numbers_between_any_two_ends(dtype, call, low, high):
    """Their values, or the class of the error; and the warning where a floating dtype has gaps, with its ends moved inwards."""
    found = []
    for T in (autodiff, torch):
        T.manual_seed(5)
        kind = getattr(T, dtype)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                if call == "randint":
                    drawn = T.randint(low, high, (4,), dtype=kind)
                else:
                    drawn = T.empty(4, dtype=kind).random_(*([high] if call == "to" else [low, high]))
                result = drawn.tolist()
            except RuntimeError as error:
                result = str(error).split(" for ")[0].split(",")[0]
        found.append((result, sorted(str(w.message).split(" [")[0] for w in caught)))
    assert found[0] == found[1]


@pytest.mark.parametrize("shape", [(0, 3), (0, 0), (3, 0), (0,)])
def test_a_draw_from_nothing(shape):
    for count, replacement in itertools.product((1, 2, 5), (True, False)):
        outcomes = []
        for T in (autodiff, torch):
            try:
                outcomes.append(tuple(T.multinomial(T.ones(shape), count, replacement).shape))
            except RuntimeError:
                outcomes.append(RuntimeError)
        assert outcomes[0] == outcomes[1], (count, replacement)


BY_TRIAL = {
    "gamma": lambda T, n: T.distributions.Gamma(T.linspace(0.1, 5, n), 1.0).sample(),
    "poisson": lambda T, n: T.poisson(T.linspace(0, 30, n)),
    "binomial": lambda T, n: T.binomial(T.linspace(0, 60, n).round(), T.linspace(0, 1, n)),
    "dirichlet": lambda T, n: T.distributions.Dirichlet(T.linspace(0.1, 5, n)).sample(),
}


@pytest.mark.parametrize("name", BY_TRIAL)
@pytest.mark.parametrize("n", [1, 31, 32, 33, 700, 5000])
def test_the_stream_goes_on_behind_what_was_drawn_by_trial(name, n):
    """How many numbers of the stream it takes is known afterwards; blocks that are drawn ahead are given back."""
    found = []
    for T in (autodiff, torch):
        T.manual_seed(n)
        T.normal(0.0, 1.0, (1,))  # so that the second of a pair of normal numbers waits
        found.append((BY_TRIAL[name](T, n).numpy(), T.rand(3).tolist(), T.normal(0.0, 1.0, (2,)).numpy()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-5, atol=1e-30)
    assert found[0][1] == found[1][1]
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-6)


RANGES = [
    (-(2**63), None), (-(2**63), 2**63 - 1), (0, None), (-5, None), (0, 2**28), (0, 2**28 - 1), (-(2**27), 2**27), (0, 2**32),
    (0, 2**32 - 1), (2**62, None),
]  # fmt: skip


@pytest.mark.parametrize(("low", "high"), RANGES)
@pytest.mark.parametrize("dtype", ["int64", "float64", "int32"])
def test_as_many_bits_as_the_numbers_need(low, high, dtype):
    if dtype == "float64" and (low, high) == RANGES[0]:
        return  # of which PyTorch draws more than there are between its numbers
    found = []
    for T in (autodiff, torch):
        T.manual_seed(1)
        x = T.zeros(5, dtype=getattr(T, dtype))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.append((x.random_(low, high).tolist(), T.rand(2).tolist()))
        except RuntimeError:
            found.append(RuntimeError)
    assert found[0] == found[1]


def test_seeds():
    """Of 64 bits, with a sign or without; as a number or a tensor; the seed that was given is told again."""
    for seed in (0, 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, -1, -(2**63)):
        drawn = []
        for T in (autodiff, torch):
            g = T.Generator()
            assert g.manual_seed(seed) is g
            drawn.append((g.initial_seed(), T.rand(2, generator=g).tolist(), T.randn(3, generator=g).shape))
            assert T.manual_seed(seed).initial_seed() == T.initial_seed() == drawn[-1][0]
            again = T.rand(2).tolist()
            assert again == drawn[-1][1]
        assert drawn[0] == drawn[1]
    for T in (autodiff, torch):
        for seed in (2**64, -(2**63) - 1):
            with pytest.raises((RuntimeError, ValueError), match="Overflow when unpacking long"):
                T.Generator().manual_seed(seed)
        assert T.manual_seed(T.tensor(7)).initial_seed() == 7
        assert T.Generator().device == T.device("cpu")
        assert T.Generator().initial_seed() == 67280421310721
        g = T.Generator()
        seeds = {g.seed() for _ in range(3)}
        assert len(seeds) == 3
        assert g.initial_seed() in seeds
        assert 0 <= min(seeds)
        assert max(seeds) < 2**64
        assert T.seed() == T.initial_seed()


def test_a_seed_forgets_the_second_of_a_pair():
    for T in (autodiff, torch):
        g = T.Generator().manual_seed(3)
        first = T.randn(1, generator=g).tolist()
        state = T.Generator().manual_seed(3).get_state()
        for again, place in ((g.manual_seed, 3), (g.set_state, state)):
            T.randn(1, generator=g)
            again(place)
            assert T.randn(1, generator=g).tolist() == first


def test_a_fork_of_the_stream():
    for T in (autodiff, torch):
        T.manual_seed(0)
        expected = T.rand(4).tolist()
        for enabled in (True, False):
            T.manual_seed(0)
            with T.random.fork_rng(devices=[], enabled=enabled):
                inside = T.rand(2).tolist()
            assert inside == expected[:2]
            assert T.rand(2).tolist() == (expected[:2] if enabled else expected[2:])
        T.manual_seed(0)
        with pytest.raises(TypeError), T.random.fork_rng(devices=[]):
            len(T.rand(2).sum().item())
        assert T.rand(2).tolist() == expected[:2]


SIZES = [0, 1, 2, 15, 16, 17, 31, 32, 33, 100]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("n", SIZES)
def test_blocks_of_any_length(n, dtype):
    """Normal numbers come in blocks of 16, of which the last is drawn again where it is not full; then the stream goes on."""
    for draw in (
        lambda T, g, kind: T.empty(n, dtype=kind).normal_(1.5, 2.0, generator=g),
        lambda T, g, kind: T.empty(2, n, dtype=kind).t().normal_(-1.0, 0.5, generator=g),
        lambda T, g, kind: T.empty(n, dtype=kind).uniform_(-1.0, 3.0, generator=g),
        lambda T, g, kind: T.empty(n, dtype=kind).exponential_(2.0, generator=g),
        lambda T, g, kind: T.empty(n, dtype=kind).bernoulli_(0.3, generator=g),
    ):
        found = []
        for T in (autodiff, torch):
            g = T.Generator().manual_seed(n)
            found.append((draw(T, g, getattr(T, dtype)).double().numpy(), T.rand(2, generator=g).tolist()))
        rtol = {"float16": 2e-3, "float32": 2e-5, "float64": 1e-12}[dtype]
        np.testing.assert_allclose(found[0][0], found[1][0], rtol=rtol, atol=rtol)
        assert found[0][1] == found[1][1]
    orders = [T.randperm(n, generator=T.Generator().manual_seed(n)).tolist() for T in (autodiff, torch)]
    assert orders[0] == orders[1]

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

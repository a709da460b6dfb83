"""Windows against PyTorch's: lengths, periodic or not, parameters, dtypes, and what is refused."""

import pytest
from alike import outcome
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

OPTIONS = {"hamming_window": ("alpha", "beta"), "kaiser_window": ("beta",)}


@pytest.mark.parametrize("name", ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"])
@given(
    length=st.one_of(st.integers(-1, 12), st.sampled_from([64, 2.5])),
    periodic=st.booleans(),
    values=st.lists(st.sampled_from([0.0, 0.3, 2, 14.0]), max_size=2),
    dtype=st.sampled_from(["float64", "int64", "bool"]),
)
def test_windows(name, length, periodic, values, dtype):
    options = dict(zip(OPTIONS.get(name, ()), values))

    def window(T):
        return (getattr(T, name)(length, periodic, dtype=getattr(T, dtype), **options) + 1).round(decimals=9)

    assert outcome(autodiff, window) == outcome(torch, window)


@pytest.mark.parametrize("name", ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"])
def test_the_default_dtype_to_a_few_roundings(name):
    for length in (1, 5, 400):
        ours, theirs = (getattr(T, name)(length) for T in (autodiff, torch))
        assert ours.dtype == autodiff.float32
        assert (ours.numpy() - theirs.numpy()).__abs__().max() < 1e-6

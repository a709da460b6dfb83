"""Attention's kernels against their twins: every size and stride, masks, rows that see nothing, and what must be refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_arrays import FLOATS, LAYOUTS, close, dtypes, laid_out, layouts, numbers

from autodiff import _kernels
from autodiff._kernels import reference

sizes = st.sampled_from([1, 2, 7, 31, 32, 33, 64, 65, 100, 130])  # on both sides of a block, and of the queries at a time
features = st.sampled_from([1, 3, 16, 33])


def there_and_back(kernels, n, heads, steps, keys, width, other, dtype, layout, bias, causal, turned):
    """The result, its shares and the gradients; `turned` is for heads that lie behind the steps."""

    def array(seed, rows, columns):
        if turned:
            return numbers(seed, (n, rows, heads, columns), dtype, layout).transpose(0, 2, 1, 3)
        return numbers(seed, (n, heads, rows, columns), dtype, layout)

    q, k, v, g = array(0, steps, width), array(1, keys, width), array(2, keys, other), array(3, steps, other)
    b = None
    if bias:
        b = np.array(numbers(4, (1, heads, steps, keys), dtype))
        b[0, 0, 0] = -np.inf
        b[b > 1] = -np.inf
        b = np.broadcast_to(b, (n, heads, steps, keys))
    y, shares = kernels.attention(q, k, v, b, 0.3, causal)
    return y, shares[..., :keys], *kernels.attention_grad(g, q, k, v, shares, 0.3, causal)


@given(
    n=st.integers(1, 2), heads=st.integers(1, 3), steps=sizes, keys=sizes, width=features, other=features, dtype=dtypes,
    layout=layouts, bias=st.booleans(), causal=st.booleans(), turned=st.booleans(),
)  # fmt: skip
def test_there_and_back(**drawn):
    dtype = drawn["dtype"]
    for a, b in zip(there_and_back(_kernels, **drawn), there_and_back(reference, **drawn), strict=True):
        close(a, b, dtype, 50)


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_is_not_finite_stays_with_its_query(dtype):
    for value in (np.nan, np.inf):
        q, k, v = (np.array(numbers(s, (1, 1, 40, 5), dtype)) for s in range(3))
        q[0, 0, 3, 0] = value
        found, wanted = (kernels.attention(q, k, v, None, 1.0, True)[0] for kernels in (_kernels, reference))
        close(found, wanted, dtype, 10)
        assert np.isfinite(np.delete(found[0, 0], 3, 0)).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_large_scores(dtype):
    q, k, v = (numbers(s, (1, 2, 70, 4), dtype) * dtype(10) for s in range(3))
    for a, b in zip(_kernels.attention(q, k, v, None, 1.0, False), reference.attention(q, k, v, None, 1.0, False), strict=True):
        close(a[..., :70], b[..., :70], dtype, 1000)


@pytest.mark.parametrize("shape", [(0, 1, 2, 3), (1, 0, 2, 3), (1, 1, 0, 3), (1, 1, 2, 0)])
def test_nothing(shape):
    x = np.zeros(shape, np.float32)
    assert _kernels.attention(x, x, x, None, 1.0, False)[0].shape == shape


GOOD = {name: np.zeros((1, 2, 3, 4), np.float32) for name in "qkv"} | {"bias": None, "scale": 1.0, "causal": False}


@pytest.mark.parametrize(
    "change",
    [
        {"q": np.zeros((2, 3, 4), np.float32)}, {"k": np.zeros((1, 2, 3, 5), np.float32)}, {"q": [[[[0.0]]]]},
        {"v": np.zeros((1, 2, 4, 4), np.float32)}, {"q": np.zeros((1, 1, 3, 4), np.float32)}, {"bias": [0.0]}, {"v": None},
        {"bias": np.zeros((1, 2, 5, 3), np.float32)},
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused(change):
    for kernels in (_kernels, reference):
        with pytest.raises((ValueError, TypeError, RuntimeError)):
            kernels.attention(**{**GOOD, **change})


def test_shares_of_others_are_refused_or_taken_by_the_twin():
    x = numbers(0, (1, 2, 3, 4), np.float32)
    _, shares = reference.attention(x, x, x, None, 1.0, False)
    found, wanted = (kernels.attention_grad(x, x, x, x, shares, 1.0, False) for kernels in (_kernels, reference))
    for a, b in zip(found, wanted, strict=True):
        close(a, b, np.float32)
    for kernels in (_kernels, reference):
        with pytest.raises(ValueError, match="shares"):
            kernels.attention_grad(x, x, x, x, shares[..., :2], 1.0, False)
        for wrong in (shares[:, :1], shares[:, :, :2], np.concatenate([shares, shares]), shares[0]):
            with pytest.raises(ValueError, match="shares"):
                kernels.attention_grad(x, x, x, x, wrong, 1.0, False)
        for wrong in (x[:, :1], x[:, :, :2], x[..., :3]):
            with pytest.raises(ValueError, match="g has shape"):
                kernels.attention_grad(wrong, x, x, x, shares, 1.0, False)


def bias_in(layout, shape, dtype):
    """A bias whose rows, or whose numbers in a row, lie as the layout says."""
    if layout == "keys apart":
        return np.array(numbers(4, (*shape[:2], shape[3], shape[2]), dtype)).mT
    if layout == "one for all queries":
        return np.broadcast_to(numbers(4, (*shape[:2], 1, shape[3]), dtype), shape)
    if layout == "one for all keys":
        return np.broadcast_to(numbers(4, (*shape[:3], 1), dtype), shape)
    return numbers(4, shape, dtype, layout)


@pytest.mark.parametrize("layout", [*LAYOUTS, "keys apart", "one for all queries", "one for all keys"])
@pytest.mark.parametrize(("steps", "keys"), [(3, 5), (70, 40), (5, 1)])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_bias_in_every_layout(layout, steps, keys, dtype):
    q, k, v = numbers(0, (2, 2, steps, 4), dtype), numbers(1, (2, 2, keys, 4), dtype), numbers(2, (2, 2, keys, 3), dtype)
    b = bias_in(layout, (2, 2, steps, keys), dtype)
    for a, e in zip(*(module.attention(q, k, v, b, 0.5, False) for module in (_kernels, reference)), strict=True):
        close(a[..., : e.shape[3]], e, dtype, 10)


@pytest.mark.parametrize("other", ["q", "k", "v", "bias"])
def test_one_array_of_another_dtype_is_the_twins(other):
    arrays = {"q": numbers(0, (1, 1, 5, 4), np.float32), "k": numbers(1, (1, 1, 6, 4), np.float32)}
    arrays |= {"v": numbers(2, (1, 1, 6, 4), np.float32), "bias": numbers(3, (1, 1, 5, 6), np.float32)}
    arrays[other] = arrays[other].astype(np.float64)
    found, wanted = (module.attention(**arrays, scale=0.5, causal=False) for module in (_kernels, reference))
    for a, e in zip(found, wanted, strict=True):
        assert a.dtype == e.dtype
        np.testing.assert_allclose(a[..., : e.shape[3]], e, rtol=1e-5, atol=1e-6)


def shares_in(layout, shares):
    if layout == "longer rows":
        return np.pad(shares, [(0, 0)] * 3 + [(0, 32)])[..., : shares.shape[3]]
    if layout == "keys backwards":
        return np.ascontiguousarray(shares[..., ::-1])[..., ::-1]
    if layout == "turned":
        return np.ascontiguousarray(shares.mT).mT
    if layout == "another dtype":
        return shares.astype(np.float64 if shares.dtype == np.float32 else np.float32)
    if layout == "longer":
        return np.pad(shares, [(0, 0)] * 3 + [(0, 32)])
    return laid_out(shares, layout)


@pytest.mark.parametrize("layout", [*LAYOUTS, "longer rows", "longer", "turned", "keys backwards", "another dtype"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", FLOATS)
def test_shares_in_every_layout(layout, causal, dtype):
    """The loops take them as the loop there has made them; in any other order they are the twin's."""
    q, k, v, g = (numbers(s, (1, 2, 40, 4), dtype) for s in range(4))
    _, made = _kernels.attention(q, k, v, None, 0.5, causal)
    wanted = reference.attention_grad(g, q, k, v, np.array(made), 0.5, causal)
    for a, e in zip(_kernels.attention_grad(g, q, k, v, shares_in(layout, made), 0.5, causal), wanted, strict=True):
        assert a.shape == e.shape
        np.testing.assert_allclose(a, e, rtol=1e-4, atol=1e-5)


def test_shares_end_in_zeros():
    """Behind the last key that a query sees there is nothing: another walk may multiply all of a row."""
    for steps, keys in ((3, 5), (70, 40), (40, 70), (64, 64)):
        q, k = numbers(0, (1, 1, steps, 4), np.float32), numbers(1, (1, 1, keys, 4), np.float32)
        for causal in (False, True):
            np.empty(100_000, np.float32).fill(np.nan)  # what fresh memory may hold
            shares = _kernels.attention(q, k, k, None, 1.0, causal)[1][0, 0]
            for i, row in enumerate(shares):
                seen = min(i + 1, keys) if causal else keys
                assert (row[:seen] > 0).all()
                assert not row[seen:].any()

"""Attention's kernels against their twins: every size and stride, masks, rows that see nothing, and what must be refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_arrays import FLOATS, close, dtypes, layouts, numbers

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

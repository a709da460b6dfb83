"""sort, argsort, topk and median take equal elements in their order, in lines of any length: one answer on every machine."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "uint8"])
@settings(max_examples=60)
@given(n=st.integers(1, 300), rows=st.integers(0, 3), k=st.integers(0, 40), kinds=st.sampled_from([1, 3, 50]),
       largest=st.booleans(), nans=st.booleans(), first=st.booleans(), seed=st.integers(0, 999))  # fmt: skip
def test_topk_is_the_beginning_of_a_stable_sort(dtype, n, rows, k, kinds, largest, nans, first, seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, kinds, (rows, n)).astype(dtype)
    if nans and values.dtype.kind == "f":
        values[rng.random(values.shape) < 0.1] = np.nan
    x, k = autodiff.tensor(values), min(k, n)
    expected = np.argsort(-values.astype("float64") if largest else values.astype("float64"), axis=1, kind="stable")
    if largest and np.isnan(values.astype("float64")).any():  # a nan is the largest, and -nan would be the last
        keys = np.where(np.isnan(values), -np.inf, -values.astype("float64"))
        expected = np.argsort(keys, axis=1, kind="stable")
    axis = 1
    if first:
        x, expected, axis = x.T, expected.T, 0
    found = autodiff.topk(x, k, axis, largest)
    assert found.indices.dtype is autodiff.int64
    np.testing.assert_array_equal(found.indices.numpy(), np.take(expected, range(k), axis))
    np.testing.assert_array_equal(found.values.numpy(), np.take_along_axis(x.numpy(), found.indices.numpy(), axis))
    for call in (autodiff.sort(x, axis, largest).indices, autodiff.argsort(x, axis, largest)):
        np.testing.assert_array_equal(call.numpy(), expected)


@given(n=st.integers(1, 300), rows=st.integers(0, 3), kinds=st.sampled_from([1, 3, 50]), nans=st.booleans(),
       first=st.booleans(), seed=st.integers(0, 999))  # fmt: skip
def test_the_median_is_the_middle_of_a_stable_sort(n, rows, kinds, nans, first, seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, kinds, (rows, n)).astype("float32")
    if nans:
        values[rng.random(values.shape) < 0.01] = np.nan
    expected = np.argsort(values, axis=1, kind="stable")[:, (n - 1) // 2]
    lost = np.isnan(values)
    expected = np.where(lost.any(1), lost.argmax(1), expected)  # a nan is the median of its line
    x = autodiff.tensor(values.T if first else values)
    found = autodiff.median(x, 0 if first else 1)
    np.testing.assert_array_equal(found.indices.numpy(), expected)
    np.testing.assert_array_equal(found.values.numpy(), values[np.arange(rows), expected])


def test_the_values_are_pytorchs(torch):
    values = np.random.default_rng(0).integers(0, 5, (3, 200)).astype("float32")
    for k in (1, 7, 50):
        ours, theirs = (T.topk(T.tensor(values), k).values.numpy() for T in (autodiff, torch))
        np.testing.assert_array_equal(ours, theirs)

"""Softmax, its logarithm, the cross entropy and their gradients, at every size at which the loops take another path.

Rows under 64 elements are turned on their side, 16 at a time; longer ones are taken in groups, as many as have 4096 elements
together (one, from 2049 on); sums run in blocks of 32. So each of these numbers is crossed by one, in both directions.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_arrays import FLOATS, close, close_by_rows, dtypes, laid_out, layouts, numbers

from autodiff import _kernels
from autodiff._kernels import reference

small, many = st.integers(0, 9), st.integers(1, 70)
COLUMNS = [*range(1, 13), 31, 32, 33, 47, 48, 63, 64, 65, 81, 95, 100, 256, 257, 300, 2049, 5000]
ROWS = [0, 1, 3, 4, 15, 16, 17, 33, 40]


def rows_of(columns):
    """The numbers of rows to try: few where they are long, since the twin takes its time."""
    return ROWS if columns <= 300 else [1, 17]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("c", COLUMNS)
def test_every_size(c, dtype):
    for n in rows_of(c):
        x, g = 3 * numbers(n, (n, c), dtype), numbers(n + 1, (n, c), dtype)
        for name in ("softmax", "log_softmax"):
            y = getattr(reference, name)(x)
            close_by_rows(getattr(_kernels, name)(x), y, dtype, np.abs(y))
            close(getattr(_kernels, name + "_grad")(g, y), getattr(reference, name + "_grad")(g, y), dtype, np.sqrt(c) / 10)
        if n:
            close(_kernels.column_sums(x), reference.column_sums(x), dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("c", COLUMNS)
def test_cross_entropy_at_every_size(c, reduction, dtype):
    for n in rows_of(c):
        rng = np.random.default_rng(n)
        # No probability near 1: of its difference from 1 few digits would be left.
        x, t = numbers(n, (n, c), dtype).clip(-1.5, 1.5), rng.integers(0, c, n)
        w = rng.uniform(0.1, 2, c).astype(dtype)
        g = np.asarray(rng.uniform(0.5, 2, n if reduction == "none" else ()), dtype)
        t[5:20:7] = -100  # rows 5 and 12, and 19, which is of the second sixteen
        for weight, ignored, smoothing in ((None, -100, 0.0), (w, -100, 0.0), (None, 0, 0.1), (w, -100, 0.1), (w, c - 1, 1.0)):
            target = np.where(t == -100, ignored, t)
            options = (weight, ignored, smoothing, reduction)
            with np.errstate(all="ignore"):
                found, wanted = _kernels.cross_entropy(x, target, *options), reference.cross_entropy(x, target, *options)
                np.testing.assert_allclose(found, wanted, rtol=60 * np.finfo(dtype).eps)
                assert found.dtype == dtype
                # Smoothed, the gradient is a difference of two such numbers as it is without; of a single class it is 0.
                d = reference.cross_entropy_grad(g, x, target, *options)
                unsmoothed = reference.cross_entropy_grad(g, x, target, weight, ignored, 0.0, reduction)
                size = np.abs(d) + np.abs(unsmoothed) + (c == 1)
                close_by_rows(_kernels.cross_entropy_grad(g, x, target, *options), d, dtype, size)
                loss, whole = _kernels.cross_entropy_both(x, target, *options)
                np.testing.assert_allclose(loss, wanted, rtol=60 * np.finfo(dtype).eps)
                times = g[:, None] if g.ndim else g
                close_by_rows(whole * times, d, dtype, size)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@given(n=many, c=many, dtype=dtypes, layout=layouts, scale=st.sampled_from([1.0, 100.0, 1e4]))
def test_softmax(name, n, c, dtype, layout, scale):
    x = numbers(0, (n, c), dtype, layout)
    with np.errstate(all="ignore"):
        x = laid_out((x * dtype(scale)).astype(dtype), layout)
    close(getattr(_kernels, name)(x), getattr(reference, name)(x), dtype, scale)


@given(
    n=small, c=st.integers(1, 12), dtype=dtypes, layout=layouts, weighted=st.booleans(), ignore=st.sampled_from([-100, 0, 2]),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]), reduction=st.sampled_from(["mean", "sum", "none"]), seed=st.integers(0, 99),
)  # fmt: skip
def test_cross_entropy(n, c, dtype, layout, weighted, ignore, smoothing, reduction, seed):
    rng = np.random.default_rng(seed)
    x = numbers(seed, (n, c), dtype, layout)
    t = rng.integers(0, c, n)
    t[rng.random(n) < 0.2] = ignore if ignore != -100 and ignore < c else -100
    w = rng.uniform(0.1, 2, c).astype(dtype) if weighted else None
    ignored = -100 if ignore == -100 or ignore >= c else ignore
    t = np.where((t == -100) & (ignored != -100), ignored, t)
    options = (w, ignored, smoothing, reduction)
    with np.errstate(all="ignore"):
        close(_kernels.cross_entropy(x, t, *options), reference.cross_entropy(x, t, *options), dtype, 10)
        g = rng.normal(size=(n,) if reduction == "none" else ()).astype(dtype)
        g = np.asarray(g)
        close(_kernels.cross_entropy_grad(g, x, t, *options), reference.cross_entropy_grad(g, x, t, *options), dtype, 10)


def test_sums_over_many_terms():
    c = 2**17
    x = np.zeros((1, c), np.float32)
    np.testing.assert_allclose(_kernels.cross_entropy(x, np.array([0])), np.log(c), rtol=1e-6)
    n = 20_000
    rows = np.zeros((n, 3), np.float32)
    np.testing.assert_allclose(_kernels.cross_entropy(rows, np.zeros(n, np.int64), reduction="sum"), n * np.log(3), rtol=1e-6)

"""Norms, curves, sums and added rows: each loop against its twin, at sizes that cross its blocks, in every layout.

Sums run in blocks of 32, slopes in groups of 16 blocks, columns in blocks of 32 over groups of 16 rows.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_arrays import FLOATS, close, dtypes, layouts, numbers

from autodiff import _kernels
from autodiff._kernels import reference

MANY = [1, 2, 31, 32, 33, 64, 100, 511, 512, 513, 1100, 4200]


def both(name, *args):
    return getattr(_kernels, name)(*args), getattr(reference, name)(*args)


def gradients_of(name, g, x, w, moments, dtype, scale):
    whole, wanted = both(name, g, x, w, *moments)
    for a, e in zip(whole, wanted, strict=True):
        close(a, e, dtype, scale)
    for to_x, to_weight in ((True, False), (False, True)):
        for parts in both(name, g, x, w, *moments, to_x, to_weight):
            for part, each, asked in zip(parts, whole, (to_x, to_weight, to_weight), strict=True):
                if asked:
                    close(part, each, dtype, scale)
                else:
                    assert part is None


def norm_of_rows(x, g, w, b, eps, dtype, scale=1.0):
    found, wanted = both("layer_norm", x, w, b, eps)
    for a, e in zip(found, wanted, strict=True):
        close(a, e, dtype, scale)
    moments = *wanted[1:3], wanted[4]
    gradients_of("layer_norm_grad", g, x, w, moments, dtype, 10 * scale)


def norm_of_channels(x, g, w, b, eps, dtype):
    found, wanted = both("batch_norm", x, w, b, eps)
    for a, e in zip(found, wanted, strict=True):
        close(a, e, dtype)
    moments = *wanted[1:3], wanted[4]
    gradients_of("batch_norm_grad", g, x, w, moments, dtype, 10)
    close(*both("channel_sums", x), dtype, 10)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("c", MANY)
def test_rows_of_every_size(c, dtype):
    for n in (1, 15, 16, 17, 33):
        arrays = [numbers(i, (n, c), dtype) for i in (0, 1)]
        norm_of_rows(*arrays, numbers(2, (c,), dtype), numbers(3, (c,), dtype), 0.1, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("s", MANY)
def test_channels_of_every_size(s, dtype):
    for n, c in ((1, 3), (2, 1), (5, 2), *([(1, 33), (17, 70)] if s == 1 else [])):
        arrays = [numbers(i, (n, c, s), dtype) for i in (0, 1)]
        norm_of_channels(*arrays, numbers(2, (c,), dtype), numbers(3, (c,), dtype), 0.1, dtype)


@given(n=st.integers(1, 5), c=st.integers(1, 40), dtype=dtypes, a=layouts, b=layouts, w=layouts)
def test_rows_in_every_layout(n, c, dtype, a, b, w):
    x, g = numbers(0, (n, c), dtype, a), numbers(1, (n, c), dtype, b)
    norm_of_rows(x, g, numbers(2, (c,), dtype, w), numbers(3, (c,), dtype, w), 0.5, dtype)


@given(n=st.integers(1, 4), c=st.integers(1, 4), s=st.integers(1, 40), dtype=dtypes, a=layouts, b=layouts, w=layouts)
def test_channels_in_every_layout(n, c, s, dtype, a, b, w):
    x, g = numbers(0, (n, c, s), dtype, a), numbers(1, (n, c, s), dtype, b)
    norm_of_channels(x, g, numbers(2, (c,), dtype, w), numbers(3, (c,), dtype, w), 0.5, dtype)


@pytest.mark.parametrize("shift", [1e4, -1e6])
def test_a_large_mean_costs_no_digits(shift):
    x = (np.random.default_rng(0).integers(-64, 64, (4, 200)) / 16 + shift).astype(np.float32)  # exact
    w, b = np.ones(200, np.float32), np.zeros(200, np.float32)
    y, mean, rest, variance, _ = _kernels.layer_norm(x, w, b, 1e-5)
    wanted = reference.layer_norm(x.astype(np.float64), w.astype(np.float64), b.astype(np.float64), 1e-5)
    np.testing.assert_allclose(y, wanted[0], rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(mean.astype(np.float64) + rest, wanted[1] + wanted[2], rtol=1e-12)
    np.testing.assert_allclose(variance, wanted[3], rtol=1e-6)


@pytest.mark.parametrize("dtype", FLOATS)
def test_equal_numbers_have_no_variance(dtype):
    x = np.full((3, 77), 0.1, dtype)
    one, zero = np.ones(77, dtype), np.zeros(77, dtype)
    y, mean, rest, variance, _ = _kernels.layer_norm(x, one, zero, 1e-5)
    assert not y.any()
    assert not rest.any()
    assert not variance.any()
    assert (mean == dtype(0.1)).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("what", [np.nan, np.inf])
def test_what_is_not_finite_stays_in_its_row_and_channel(what, dtype):
    x = numbers(0, (3, 70), dtype)
    x[1, 40] = what
    y = _kernels.layer_norm(x, np.ones(70, dtype), np.zeros(70, dtype), 1e-5)[0]
    assert np.isnan(y[1]).all()
    assert np.isfinite(y[[0, 2]]).all()
    y = _kernels.batch_norm(x.reshape(1, 3, 70), np.ones(3, dtype), np.zeros(3, dtype), 1e-5)[0][0]
    assert np.isnan(y[1]).all()
    assert np.isfinite(y[[0, 2]]).all()


@pytest.mark.parametrize("shape", [(0, 3, 5), (2, 3, 0), (0, 3, 1), (0, 3, 0)])
def test_channels_of_nothing(shape):
    x, w = np.zeros(shape, np.float32), np.ones(3, np.float32)
    with np.errstate(all="ignore"):
        for found, wanted in zip(*both("batch_norm", x, w, w, 0.1), strict=True):
            np.testing.assert_array_equal(found, wanted)
        for found, wanted in zip(*both("batch_norm_grad", x, x, w, w, w, w), strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_arrays_that_do_not_fit_are_refused():
    x, w = np.ones((2, 3), np.float32), np.ones(3, np.float32)
    for wrong in ((x[0], w, w), (x, w[:2], w), (x, w, w.astype(np.float64)), (x.astype(int), w, w)):
        with pytest.raises((TypeError, ValueError), match="layer_norm"):
            _kernels.layer_norm(*wrong, 1e-5)
    with pytest.raises(ValueError, match="batch_norm"):
        _kernels.batch_norm(x, w, w, 1e-5)


# ---- curves ----

CURVES = ["gelu", "sigmoid", "silu"]


@pytest.mark.parametrize("name", CURVES)
@given(shape=st.lists(st.integers(0, 9), max_size=3).map(tuple), dtype=dtypes, a=layouts, b=layouts)
def test_curves(name, shape, dtype, a, b):
    x, g = numbers(0, shape, dtype, a), numbers(1, shape, dtype, b)
    y = getattr(reference, name)(x)
    close(getattr(_kernels, name)(x), y, dtype)
    close(*both(f"{name}_grad", g, y if name == "sigmoid" else x), dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", CURVES)
def test_curves_far_out(name, dtype):
    limit = float(np.finfo(dtype).max)
    x = np.array([*np.linspace(-40, 40, 801), 1e4, -1e4, 1e30, -1e30, limit, -limit, np.nan, 0.0, -0.0], dtype)
    found, wanted = both(name, x)
    tiny = 1e-30 if dtype == np.float32 else 1e-250
    # Beside 0 to the last digits: gelu's tail is a product of two roundings of an exponential.
    np.testing.assert_allclose(found, wanted, rtol=2e-5 if dtype == np.float32 else 1e-12, atol=tiny)
    found, wanted = both(f"{name}_grad", np.ones_like(x), wanted if name == "sigmoid" else x)
    single = dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-5 if single else 1e-12, atol=1e-6 if single else 1e-13)


@pytest.mark.parametrize("dtype", FLOATS)
def test_gelu_to_the_last_digits(dtype):
    x = np.linspace(-6, 6, 5003).astype(dtype)
    wanted = reference.gelu(x.astype(np.float64))
    np.testing.assert_allclose(_kernels.gelu(x), wanted, rtol=2e-6 if dtype == np.float32 else 2e-14)


# ---- rows added at places ----


@given(
    n=st.integers(0, 40), rows=st.integers(1, 9), c=st.integers(1, 40), dtype=dtypes, layout=layouts,
    at=st.sampled_from(["c", "every second"]),
)  # fmt: skip
def test_add_rows(n, rows, c, dtype, layout, at):
    places = np.random.default_rng(n).integers(0, rows, n)
    places = np.repeat(places, 2)[::2] if at == "every second" else places
    x = numbers(0, (n, c), dtype, layout)
    found, wanted = (module.add_rows(numbers(1, (rows, c), dtype), places, x) for module in (_kernels, reference))
    close(found, wanted, dtype, 10)


@pytest.mark.parametrize(("rows", "place"), [(3, 3), (3, -1), (3, 2**62), (0, 0), (0, -1)])
def test_a_place_that_is_no_row_is_refused_before_anything_is_written(rows, place):
    out, x = np.zeros((rows, 2), np.float32), np.ones((2, 2), np.float32)
    with pytest.raises(IndexError, match="add_rows"):
        _kernels.add_rows(out, np.array([0, place]) if rows else np.array([place, place]), x)
    assert not out.any()


def test_rows_that_do_not_fit_are_refused():
    out, places, x = np.zeros((3, 2)), np.array([0, 1]), np.ones((2, 2))
    for at, rows in ((places[:1], x), (places, x[:, :1]), (places, x.astype(np.float32)), (places.astype(float), x)):
        with pytest.raises((TypeError, ValueError), match="add_rows"):
            _kernels.add_rows(out, at, rows)


# ---- sums and spreads of rows ----


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("c", MANY)
def test_sums_and_spreads_of_every_size(c, dtype):
    for n in (1, 2, 33):
        x = numbers(0, (n, c), dtype)
        close(*both("row_sums", x), dtype, 10)
        close(*both("column_sums", x.T), dtype, 10)
        for denominator, root in ((float(c), False), (max(c - 1.0, 0.5), True)):
            close(*both("row_spread", x, denominator, root), dtype, 10)


@given(n=st.integers(0, 5), c=st.integers(1, 70), dtype=dtypes, layout=layouts, root=st.booleans())
def test_sums_and_spreads_in_every_layout(n, c, dtype, layout, root):
    x = numbers(0, (n, c), dtype, layout)
    close(*both("row_sums", x), dtype, 10)
    close(*both("row_spread", x, 2.0, root), dtype, 10)


def test_long_sums_are_taken_in_double():
    x = np.full((2, 10**6), np.float32(0.1))
    np.testing.assert_allclose(_kernels.row_sums(x), 10**6 * np.float64(np.float32(0.1)), rtol=3e-7)
    np.testing.assert_allclose(_kernels.channel_sums(x[:, None]), 2 * 10**6 * np.float64(np.float32(0.1)), rtol=3e-7)


def test_a_spread_whose_square_is_no_float():
    x = np.array([[-3e38, 3e38], [1e-30, 3e-30]], np.float32)
    np.testing.assert_allclose(_kernels.row_spread(x, 2.0, True), [3e38, 1e-30], rtol=1e-6)

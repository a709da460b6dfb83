"""erf and erfc of arrays against the C library's, over all numbers that have one."""

import math

import numpy as np
import pytest

from autodiff.ops import error_function

POINTS = np.concatenate(
    [np.linspace(-6, 6, 4001), np.linspace(6, 27.5, 2000), np.logspace(-300, 0, 1000), [0.0, 1.0, -1.0, 30.0]]
)


@pytest.mark.parametrize(("dtype", "units"), [(np.float64, 2), (np.float32, 2)])
def test_erf(dtype, units):
    x = POINTS.astype(dtype)
    expected = np.array([math.erf(v) for v in x])
    found = error_function.erf(x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=units * float(np.finfo(dtype).eps), atol=float(np.finfo(dtype).tiny))


@pytest.mark.parametrize(("dtype", "units"), [(np.float64, 4), (np.float32, 1)])
def test_erfc(dtype, units):
    x = POINTS.astype(dtype)
    expected = np.array([math.erfc(v) for v in x])
    np.testing.assert_allclose(
        error_function.erfc(x), expected, rtol=units * float(np.finfo(dtype).eps), atol=2 * float(np.finfo(dtype).tiny)
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_ends(dtype):
    with np.errstate(all="ignore"):
        ends = np.array([np.nan, np.inf, -np.inf, -0.0], dtype)
        np.testing.assert_array_equal(error_function.erf(ends), np.array([np.nan, 1, -1, -0.0], dtype))
        np.testing.assert_array_equal(error_function.erfc(ends), np.array([np.nan, 0, 2, 1], dtype))
        assert np.signbit(error_function.erf(ends)[3])
        assert error_function.erf(np.array(0.5, dtype)).shape == ()

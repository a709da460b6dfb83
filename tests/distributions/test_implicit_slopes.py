"""How a gamma and a beta number move with their parameters: against quotients of SciPy's inverse distribution functions."""

import numpy as np
import pytest

from autodiff.distributions._implicit import _dirichlet_slope, _gamma_slope

special = pytest.importorskip("scipy.special")
SHARES = np.array([0.001, 0.1, 0.5, 0.9, 0.999])


def quotient(number, a):
    """The slope of number(a), by the four differences whose error is of the order of the step to the fourth."""
    step = 1e-4 * a
    near, far = number(a + step) - number(a - step), number(a + 2 * step) - number(a - 2 * step)
    return (8 * near - far) / (12 * step)


@pytest.mark.parametrize("a", [0.3, 1.0, 5.0, 60.0, 299.0, 301.0, 400.0, 1000.0, 10_000.0])
def test_gamma_numbers(a):
    """By a series, and above 300 by the cube of a normal number: good to 5e-5 in the tails, and better in the middle."""
    found = _gamma_slope(np.full(5, a), special.gammaincinv(a, SHARES))
    expected = quotient(lambda a: special.gammaincinv(a, SHARES), a)
    np.testing.assert_allclose(found, expected, rtol=1e-7 if a < 300 else 5e-5)
    np.testing.assert_allclose(found[1:4], expected[1:4], rtol=1e-7 if a < 300 else 4e-6)


@pytest.mark.parametrize("a", [0.5, 1.0, 7.0, 40.0])
@pytest.mark.parametrize("b", [0.7, 1.0, 3.0, 60.0])
def test_beta_numbers(a, b):
    """By a series from the nearer end."""
    x = special.betaincinv(a, b, SHARES)
    found = _dirichlet_slope(x, np.full(5, a), np.full(5, a + b)) * (1 - x)
    np.testing.assert_allclose(found, quotient(lambda a: special.betaincinv(a, b, SHARES), a), rtol=1e-6)


def test_of_several_kinds_at_once():
    """Large and small, low and high, each as if it were alone; in the dtype of the number, and of the parameter's shape."""
    a = np.array([[0.5], [3.0], [500.0]])
    y = np.array([0.5, 2.0], np.float32) * a.astype(np.float32)
    found = _gamma_slope(a, y)
    assert (found.shape, found.dtype) == ((3, 2), np.float32)
    for i, j in np.ndindex(3, 2):
        assert found[i, j] == _gamma_slope(a[i], y[i, j : j + 1])[0]
    x, total = np.array([0.1, 0.9, 0.5]), np.array([3.0, 5.0, 2.5])
    slopes = _dirichlet_slope(x, np.array(2.0), total)
    assert slopes.tolist() == [_dirichlet_slope(x[i : i + 1], np.array(2.0), total[i])[0] for i in range(3)]

"""Numbers far below their neighbours, and differences beside a large mean: right to their own last digits.

The other files compare with a tolerance that grows with the largest number of a row, under which what is small may be anything.
"""

import numpy as np
import pytest
from kernel_arrays import FLOATS

from autodiff import _kernels
from autodiff._kernels import reference


def within(found, wanted, units):
    """Each element within a few units in its own last place; `wanted` has more digits."""
    rounded = wanted.astype(found.dtype)
    assert found.shape == wanted.shape
    off = np.abs(found.astype(np.longdouble) - wanted) / np.spacing(np.abs(rounded))
    assert off.max(initial=0) <= units, (found[off > units], rounded[off > units])


def shares_of(x):
    e = np.exp(x.astype(np.longdouble) - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("c", [2, 17, 63, 64, 65, 300])
def test_shares_down_to_the_smallest_number(c, dtype):
    """exp(-100) is a number of float32, and exp(-740) one of float64: a share of that size has as many digits as another."""
    lowest = -102 if dtype == np.float32 else -744
    x = np.linspace(lowest, -1, 5 * c).astype(dtype).reshape(5, c)
    x[:, 0] = 0
    wanted = shares_of(x)
    within(_kernels.softmax(x), wanted, 8)
    slope = _kernels.cross_entropy_grad(np.ones(5, dtype), x, np.zeros(5, np.int64), reduction="none")
    within(slope[:, 1:], wanted[:, 1:], 8)
    assert (wanted[0, 1:] < 1e-30).all()


@pytest.mark.parametrize("c", [40, 64, 100])
def test_a_row_whose_largest_number_stands_anywhere(c):
    """The largest is taken off before exp: where it is passed over, exp overflows."""
    for at in range(c):
        x = np.zeros((1, c), np.float32)
        x[0, at] = 1000
        wanted = np.zeros(c, np.float32)
        wanted[at] = 1
        np.testing.assert_array_equal(_kernels.softmax(x)[0], wanted)
        np.testing.assert_array_equal(_kernels.log_softmax(x)[0], 1000 * (wanted - 1))


@pytest.mark.parametrize("kernel", [_kernels.lstm, _kernels.gru], ids=["lstm", "gru"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_tanh_of_small_and_of_large_numbers(kernel, dtype):
    """A gate that is open lets tanh through as it is."""
    x = np.concatenate([np.geomspace(1e-8, 12, 100), np.geomspace(0.05, 0.7, 60)]).astype(dtype)
    x = np.concatenate([x, -x])
    h, y, out = np.zeros((1, len(x)), dtype), np.zeros((1, len(x)), dtype), np.zeros((1, len(x)), dtype)
    far, wide = np.full_like(x, 100), len(x)
    if kernel is _kernels.lstm:
        gates = np.concatenate([far, -far, x, far])[None]
        kernel(gates, np.zeros((4 * wide, wide), dtype), h, np.zeros_like(h), y, out, [1], False)
        found = out
    else:
        gates = np.concatenate([far, -far, x])[None]
        kernel(gates, np.zeros((3 * wide, wide), dtype), np.zeros(3 * wide, dtype), h, y, None, [1], False)
        found = y
    # From 2.5 on 2 / (e**2x + 1) is small beside 1; nearer to 0 a series or a difference of few units.
    within(found[0], np.tanh(x.astype(np.longdouble)), 4 if dtype == np.float32 else 40)


SHIFTS = pytest.mark.parametrize("shift", [1e4, -1e6])


@SHIFTS
@pytest.mark.parametrize("s", [1, 50])
def test_a_large_mean_costs_a_norm_no_digits_there_and_back(shift, s):
    """Such a mean is no float: what is left of it is kept beside it, and every difference from it is exact."""
    rng = np.random.default_rng(0)
    x = (rng.integers(-64, 64, (200, 3, s)) / 16 + shift).astype(np.float32)  # exact
    g = rng.normal(size=x.shape).astype(np.float32)
    of_channels = [x, np.array([1, 2, -1], np.float32), np.array([0.5, 0, 1], np.float32)]
    of_rows = [x.reshape(-1, 60), np.linspace(1, 2, 60, dtype=np.float32), np.zeros(60, np.float32)]
    for name, (x, w, b) in (("batch_norm", of_channels), ("layer_norm", of_rows)):
        wide, g = [each.astype(np.float64) for each in (x, w, b)], g.reshape(x.shape)
        y, mean, rest, _, rate = getattr(_kernels, name)(x, w, b, 1e-5)
        wanted = getattr(reference, name)(*wide, 1e-5)
        np.testing.assert_allclose(y, wanted[0], rtol=2e-6, atol=4e-6)
        np.testing.assert_allclose(mean.astype(np.float64) + rest, wanted[1] + wanted[2], rtol=1e-12)
        found = getattr(_kernels, name + "_grad")(g, x, w, mean, rest, rate)
        wanted = getattr(reference, name + "_grad")(g.astype(np.float64), *wide[:2], wanted[1], wanted[2], wanted[4])
        for a, e in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, e, rtol=2e-5, atol=2e-5)


def test_a_spread_is_never_below_zero():
    """Squares so small that a double rounds each of them down are less than the square of the sum: the root would be nan."""
    for size in np.geomspace(1e-163, 1e-160, 200):
        x = np.full((1, 40), size)
        x[0, 0] = 0
        for root in (False, True):
            assert (_kernels.row_spread(x, 2.0, root) >= 0).all()
        for norm, given, count in ((_kernels.layer_norm, x, 40), (_kernels.batch_norm, x[:, None], 1)):
            assert (norm(given, np.ones(count), np.zeros(count), 1e-5)[3] >= 0).all()

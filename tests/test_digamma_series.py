"""The digamma function without SciPy: PyTorch's numbers for drawn arguments, and the gradients of gamma draws that need it."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff.ops import digamma_series

torch = pytest.importorskip("torch")


@given(st.lists(st.floats(-300, 1e300), min_size=1, max_size=5))
def test_pytorchs_numbers(xs):
    x = np.array(xs)
    x = np.where((x < 0) & (abs(x - np.round(x)) < 1e-3), 0.5, x)  # near a pole the last digits of x decide
    found, expected = digamma_series.psi(x), torch.digamma(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found[x != 0], expected[x != 0], rtol=1e-10, atol=1e-13)


def test_below_zero_and_between():
    x = np.array([-0.25, -0.5, -1.5, -2.75, -30.125, 1e-9, 0.5, 9.99, 10.0, 11.0])
    np.testing.assert_allclose(digamma_series.psi(x), torch.digamma(torch.from_numpy(x)).numpy(), rtol=1e-11)


def test_ends(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    ends = [0.0, -0.0, -1.0, -7.0, float("inf"), -float("inf"), float("nan")]
    for dtype in ("float32", "float64"):
        found = autodiff.digamma(autodiff.tensor(ends, dtype=getattr(autodiff, dtype)))
        expected = torch.digamma(torch.tensor(ends, dtype=getattr(torch, dtype)))
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
        np.testing.assert_array_equal(digamma_series.psi(np.array(ends, dtype)), expected.numpy())


def test_a_gamma_draw_has_its_gradient_without_scipy(monkeypatch):
    def slope():
        autodiff.manual_seed(0)
        a = autodiff.tensor([0.3, 2.0, 40.0], dtype=autodiff.float64, requires_grad=True)
        autodiff.distributions.Gamma(a, autodiff.ones_like(a)).rsample().sum().backward()
        return a.grad.numpy()

    expected = slope()
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    np.testing.assert_allclose(slope(), expected, rtol=1e-12)

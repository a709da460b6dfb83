"""Quantiles, histograms, running extremes, integrals against PyTorch: drawn, with nan, and what does not fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.5, 1.0, float("nan"), float("inf"), -float("inf"), 0.25])
LINES = st.lists(NUMBERS, min_size=1, max_size=7)


def same(a, b):
    for x, y in zip(*((r,) if hasattr(r, "dtype") else tuple(r) for r in (a, b)), strict=True):
        assert str(x.dtype) == str(y.dtype)
        np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), rtol=1e-6, atol=1e-12)


@given(
    line=LINES, q=st.sampled_from([0, 0.3, 0.5, 1]), how=st.sampled_from(["linear", "lower", "higher", "midpoint", "nearest"])
)
@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_quantiles(name, line, q, how):
    found = []
    for T in (autodiff, torch):
        x = T.tensor(line, requires_grad=True)
        y = getattr(T, name)(x, q, 0, interpolation=how)
        y.backward()
        found.append((y, x.grad))
    same(*found)


@given(line=LINES)
@pytest.mark.parametrize("name", ["cummax", "cummin", "logcumsumexp", "nanmedian"])
def test_running_extremes_beside_nan(name, line):
    same(*(getattr(T, name)(T.tensor(line), 0) for T in (autodiff, torch)))


@given(line=LINES, bins=st.integers(1, 5), limits=st.sampled_from([(0, 0), (-1, 2), (0, 1)]))
def test_histc(line, bins, limits):
    def counted(T):
        try:
            return T.histc(T.tensor(line), bins, *limits).tolist()
        except RuntimeError:
            return "refused"

    assert counted(autodiff) == counted(torch)


CALLS = [
    lambda T: T.quantile(T.ones(3), 1.5),
    lambda T: T.quantile(T.ones(3), T.tensor([1.5])),
    lambda T: T.quantile(T.ones(3), T.ones(1, 1)),
    lambda T: T.quantile(T.ones(3), T.tensor([0.5]).double()),
    lambda T: T.quantile(T.ones(3), "a"),
    lambda T: T.quantile(T.ones(3).half(), 0.5),
    lambda T: T.quantile(T.tensor([1]), 0.5),
    lambda T: T.quantile(T.ones(0), 0.5),
    lambda T: T.quantile(T.ones(3), 0.5, interpolation="cubic"),
    lambda T: T.quantile(T.ones(3), 0.5, 1),
    lambda T: T.nanmedian(T.tensor([True])),
    lambda T: T.cummax(T.ones(3), 1),
    lambda T: T.logcumsumexp(T.tensor([1]), 0),
    lambda T: T.trapezoid(T.ones(2, 3), T.ones(2)),
    lambda T: T.trapezoid(T.tensor(1.0)),
    lambda T: T.trapezoid(T.tensor([True])),
    lambda T: T.gradient(T.ones(1)),
    lambda T: T.gradient(T.ones(2), edge_order=2),
    lambda T: T.gradient(T.ones(3), edge_order=3),
    lambda T: T.gradient(T.ones(3, 3), spacing=[1.0]),
    lambda T: T.cov(T.ones(2, 2, 2)),
    lambda T: T.cov(T.tensor([True])),
    lambda T: T.cov(T.ones(2, 3), fweights=T.ones(3)),
    lambda T: T.cov(T.ones(2, 3), fweights=T.tensor([1, 2])),
    lambda T: T.cov(T.ones(2, 3), fweights=T.tensor([1, 2, -1])),
    lambda T: T.cov(T.ones(2, 3), aweights=T.tensor([1, 2, 1])),
    lambda T: T.cov(T.ones(2, 3), aweights=T.zeros(3)),
    lambda T: T.corrcoef(T.ones(2, 2, 2)),
    lambda T: T.histc(T.ones(3), 0),
    lambda T: T.histc(T.ones(3), 3, 2, 1),
    lambda T: T.histc(T.tensor([1])),
    lambda T: T.histc(T.ones(3), 3, 0, float("inf")),
    lambda T: T.histogram(T.tensor([1]), 3),
    lambda T: T.histogram(T.ones(3), "a"),
    lambda T: T.histogram(T.ones(3), 0),
    lambda T: T.histogram(T.ones(3), 2, weight=T.ones(2)),
    lambda T: T.histogram(T.ones(3), 2, range=(1.0,)),
    lambda T: T.histogram(T.ones(3), T.ones(2, 2)),
    lambda T: T.histogramdd(T.ones(3), [2]),
    lambda T: T.histogramdd(T.ones(3, 2), [2, 2, 2]),
    lambda T: T.dist(T.ones(3), 1),
    lambda T: T.dist(T.tensor([1]), T.tensor([1])),
    lambda T: T.renorm(T.ones(3), 2, 0, 1.0),
    lambda T: T.renorm(T.ones(3, 3), -1, 0, 1.0),
    lambda T: T.renorm(T.ones(3, 3), 2, 0, -1.0),
    lambda T: T.renorm(T.ones(3, 3), 2, 2, 1.0),
    lambda T: T.broadcast_shapes((2, 3), (3, 2)),
    lambda T: T.broadcast_shapes((-2,)),
    lambda T: T.scalar_tensor("a"),
    lambda T: T.result_type("a", 1),
    lambda T: T.can_cast("a", T.int64),
    lambda T: T.positive(T.tensor([True])),
    lambda T: T.imag(T.ones(2)),
    lambda T: T.ones(2, 2, 2).H,
    lambda T: T.polygamma(-1, T.ones(2)),
    lambda T: T.polygamma(1.5, T.ones(2)),
    lambda T: T.mvlgamma(T.ones(2), 0),
    lambda T: T.igamma(T.ones(2), 1.0),
    lambda T: T.special.zeta(2, 2),
]


@pytest.mark.parametrize("call", CALLS, ids=range(len(CALLS)))
def test_what_does_not_fit_is_refused_as_in_pytorch(call):
    with pytest.raises(Exception) as theirs:
        call(torch)
    with pytest.raises(theirs.type):
        call(autodiff)


@pytest.mark.parametrize("name", ["cov", "corrcoef"])
def test_a_covariance_of_one_observation_warns(name):
    for T in (autodiff, torch):
        with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
            assert np.isnan(getattr(T, name)(T.tensor(3.0)).item())


def test_a_shift_of_many_numbers_is_exact():
    """Neither a large nor a small logarithm of a running sum is lost."""
    x = np.array([-1000.0, 1000.0, 0.0, -np.inf, 1000.0])
    ours, theirs = (T.logcumsumexp(T.tensor(x), 0).numpy() for T in (autodiff, torch))
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    gradients = []
    for T in (autodiff, torch):
        t = T.tensor([-700.0, -800.0, 3.0, -5.0], dtype=T.float64, requires_grad=True)
        T.logcumsumexp(t, 0).sum().backward()
        gradients.append(t.grad.numpy())
    np.testing.assert_allclose(*gradients, rtol=1e-12)


def test_sinc_is_exact_near_0():
    x = autodiff.tensor([1e-4, 1e-9, 0.0, 0.1], dtype=autodiff.float64, requires_grad=True)
    (slope,) = autodiff.autograd.grad(autodiff.sinc(x).sum(), x, create_graph=True)
    expected = [-(np.pi**2) * v / 3 + np.pi**4 * v**3 / 30 - np.pi**6 * v**5 / 840 for v in (1e-4, 1e-9, 0.0)]
    np.testing.assert_allclose(slope.tolist()[:3], expected, rtol=1e-12)
    (curve,) = autodiff.autograd.grad(slope.sum(), x)
    np.testing.assert_allclose(curve.tolist()[:3], [-(np.pi**2) / 3] * 3, rtol=1e-6)


def test_a_distance_lets_nan_through():
    for T in (autodiff, torch):
        x = T.tensor([[1.0, float("nan"), 3.0]], requires_grad=True)
        T.cdist(x, T.ones(2, 3), 1.0).sum().backward()
        assert str(x.grad.tolist()) == "[[0.0, nan, 2.0]]"

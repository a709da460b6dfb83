"""The special functions far out, at the ends and at -0, against PyTorch: where the sums that they are computed by give up."""

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

FAR = [np.inf, -np.inf, 1e30, -1e30, 1e9, -1e9, 3e8, 1e5, -1e5, 50.0, -50.5, 1.5, 0.0, -0.0, np.nan]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name", ["lgamma", "gammaln", "digamma", "erfinv", "i0e", "i1e", "ndtri", "log_ndtr", "erfcx", "spherical_bessel_j0"]
)
def test_values_far_out(name, dtype):
    def call(T):
        return getattr(T.special, name, None) or getattr(T, name)

    ours, theirs = (call(T)(T.tensor(FAR, dtype=getattr(T, dtype))).numpy() for T in (autodiff, torch))
    np.testing.assert_allclose(ours, theirs, rtol=2e-5 if dtype == "float32" else 1e-12, atol=1e-20)
    if name == "erfinv":
        assert (np.signbit(ours) == np.signbit(theirs))[12:14].all()


def test_slopes_of_scaled_bessel_functions_far_out():
    """i1e falls as 1/sqrt(x), so that its slope is small there, and its second slope too."""
    numbers = [x for x in FAR if x == x and x]
    inputs = [T.tensor(numbers, dtype=T.float64, requires_grad=True) for T in (autodiff, torch)]
    ours, theirs = (
        T.autograd.grad(T.special.i1e(x).sum(), x, create_graph=True)[0] for T, x in zip((autodiff, torch), inputs, strict=True)
    )
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-5, atol=1e-13)
    assert np.isfinite(autodiff.autograd.grad(ours.sum(), inputs[0])[0].numpy()[2:]).all()


@pytest.mark.parametrize("order", [2, 3])
def test_the_series_meets_the_sum(order):
    """On both sides of the number from which on the series is taken."""
    from autodiff.ops.bessel import bessel_ie

    near, far = (
        bessel_ie(autodiff.tensor([x, -x], dtype=autodiff.float64), order=order).numpy() for x in (0.9999999e8, 1.0000001e8)
    )
    np.testing.assert_allclose(near, far, rtol=2e-7)
    np.testing.assert_array_equal(np.sign(far), [1, (-1) ** order])


def test_airys_function_dies_away():
    numbers = [100.0, 103.0, 1e3, 1e5, 1e6, 1e30]
    ours, theirs = (T.special.airy_ai(T.tensor(numbers, dtype=T.float64)).numpy() for T in (autodiff, torch))
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-300)


def test_a_degree_without_end_is_refused():
    with pytest.raises(RuntimeError, match="n is 1099511627776, which would take as many steps"):
        autodiff.special.legendre_polynomial_p(autodiff.tensor([1.0]), 2**40)


def test_a_histogram_of_numbers_that_lie_further_apart_than_any_number():
    numbers = [3e38, -3e38, 0.0, 1e38, 0.0]
    assert autodiff.histc(autodiff.tensor(numbers), 4).tolist() == [1, 0, 3, 1]
    assert autodiff.histc(autodiff.tensor([1e308, -1e308], dtype=autodiff.float64), 2).tolist() == [1, 1]


def test_more_bins_than_memory_has_addresses_are_refused():
    calls = [
        lambda T: T.bincount(T.tensor([1]), minlength=2**62),
        lambda T: T.bincount(T.tensor([2**61]), T.tensor([1.0])),
    ]
    for call in calls:
        for T in (autodiff, torch):
            with pytest.raises(RuntimeError, match="Storage size calculation overflowed"):
                call(T)


@pytest.mark.parametrize("x", [1e9, -1e9, 3e11])
def test_scaled_bessel_functions_far_out_keep_to_their_recurrence(x):
    """I(n-1) - I(n+1) = 2n / x I(n), where the orders differ in their ninth digit only."""
    from autodiff.ops.bessel import bessel_ie

    at = autodiff.tensor([x], dtype=autodiff.float64)
    before, here, after = (bessel_ie(at, order=n) for n in (0, 1, 2))
    for n in range(1, 6):
        if abs(x) < 1e10:
            assert ((before - after) * x / (2 * n)).item() == pytest.approx(here.item(), rel=1e-5)
        assert abs(after.item()) == pytest.approx(1 / np.sqrt(2 * np.pi * abs(x)), rel=1e-7)
        before, here, after = here, after, bessel_ie(at, order=n + 2)

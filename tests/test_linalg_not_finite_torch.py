"""torch.linalg of what is not finite, against PyTorch: it comes to an end, with nan or with an error that says so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

INF, NAN = float("inf"), float("nan")
OF_STRETCHES = {
    "svdvals": lambda m, a: m.linalg.svdvals(a),
    "svd": lambda m, a: m.linalg.svd(a)[1],
    "svd, reduced": lambda m, a: m.linalg.svd(a, full_matrices=False)[1],
    "cond": lambda m, a: m.linalg.cond(a),
    "cond -2": lambda m, a: m.linalg.cond(a, -2),
    "norm 2": lambda m, a: m.linalg.matrix_norm(a, 2),
    "norm -2": lambda m, a: m.linalg.matrix_norm(a, -2),
    "nuclear": lambda m, a: m.linalg.matrix_norm(a, "nuc"),
    "rank": lambda m, a: m.linalg.matrix_rank(a),
}


@pytest.mark.parametrize("name", OF_STRETCHES)
@given(data=st.data())
def test_stretches_of_what_is_not_finite_come_to_an_end(name, data):
    """LAPACK may look for those of an infinity for ever: nan, as PyTorch's; of a nan they are an error."""
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    n, batch = data.draw(st.integers(2, 4)), data.draw(st.sampled_from([(), (2,), (2, 1)]))
    a = np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=(*batch, n, n)).astype(dtype)
    a.flat[data.draw(st.integers(0, a.size - 1))] = data.draw(st.sampled_from([INF, -INF, NAN]))
    if np.isnan(a).any():
        for m in (autodiff, torch):
            with pytest.raises(m.linalg.LinAlgError, match=r"linalg.svd: .*contained non-finite values"):
                OF_STRETCHES[name](m, m.tensor(a))
    else:
        ours, theirs = (OF_STRETCHES[name](m, m.tensor(a)).numpy() for m in (autodiff, torch))
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-3 if dtype == "float32" else 1e-9)


@pytest.mark.parametrize("value", [INF, -INF, NAN])
@pytest.mark.parametrize(
    "function", ["det", "slogdet", "logdet", "inv", "pinv", "lstsq", "solve", "matrix_exp", "lu", "qr", "eigh"]
)
def test_a_gradient_through_what_is_not_finite_comes_to_an_end(function, value):
    """nan, or an error that says so; never a warning, and never for ever."""
    refused = whole = 0
    for place in range(9):
        array = np.random.default_rng(place).normal(size=(3, 3))
        array.flat[place] = value
        a = autodiff.tensor(array, requires_grad=True)
        try:
            if function in ("lstsq", "solve"):
                y = getattr(autodiff.linalg, function)(a, autodiff.ones(3, 1, dtype=a.dtype))
            else:
                y = getattr(autodiff.linalg if hasattr(autodiff.linalg, function) else autodiff, function)(a)
            y = y[-1] if function in ("slogdet", "lu", "qr", "eigh") else y[0] if function == "lstsq" else y
            y.sum().backward()
        except autodiff.linalg.LinAlgError:
            refused += 1
        else:
            whole += np.isfinite(a.grad.numpy()).all() and np.isfinite(y.detach().numpy()).all()
    if function != "eigh":
        assert refused == (9 if function in ("pinv", "lstsq") and np.isnan(value) else 0)
    # Not every number is looked at there; and an inverse of infinity is 0.
    assert whole == 0 or function in ("eigh", "lu", "qr") or not np.isnan(value)


def test_a_solution_behind_a_nan_is_nan():
    for place in range(9):
        array = np.random.default_rng(place).normal(size=(3, 3))
        array.flat[place] = NAN
        a, b = autodiff.tensor(array), autodiff.ones(3, 2, dtype=autodiff.float64)
        assert autodiff.linalg.solve(a, b).isnan().all()
        assert autodiff.linalg.solve_ex(a, b)[0].isnan().all()
        assert autodiff.linalg.inv(a).isnan().all()


@pytest.mark.parametrize("value", [0.0, 1.0, 3e38])
def test_a_gradient_of_a_singular_matrix_is_no_error(value):
    """That of log |det| is infinite there, or not a number, in both libraries."""
    for m in (autodiff, torch):
        a = m.full((3, 3), value, requires_grad=True)
        m.linalg.slogdet(a)[1].backward()
        assert not np.isfinite(a.grad.numpy()).all()
        t = m.tensor([[0.0, 0.0], [1.0, 1.0]], requires_grad=True)
        x = m.linalg.solve_triangular(t, m.ones(2, 1), upper=False)
        x.sum().backward()
        assert not np.isfinite(x.detach().numpy()).any()


def test_weights_that_are_nan_are_refused():
    for m in (autodiff, torch):
        with pytest.raises(RuntimeError, match="cannot be negative"):
            m.cov(m.ones(2, 3), aweights=m.tensor([1.0, NAN, 1.0]))


def test_a_long_float16_is_renormed():
    for m in (autodiff, torch):
        x = m.renorm(m.full((3, 4), 6e4).half(), 2, 0, 1.5)
        np.testing.assert_allclose(x.float().numpy(), 0.75, rtol=2e-3)

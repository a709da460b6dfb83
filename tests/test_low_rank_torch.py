"""svd_lowrank and pca_lowrank against PyTorch's: the same random directions, so the same factors, gradients and refusals."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")


@settings(max_examples=40)
@given(
    batch=st.sampled_from([(), (2,), (2, 1)]), m=st.integers(2, 7), n=st.integers(1, 7), q=st.integers(1, 7),
    niter=st.integers(0, 3), kind=st.sampled_from(["svd", "svd less M", "pca", "pca from zero"]), seed=st.integers(0, 99),
    single=st.booleans(),
)  # fmt: skip
def test_factors(batch, m, n, q, niter, kind, seed, single):
    q = min(q, m - 1, n)  # what is less its mean has a rank below m
    rng = np.random.default_rng(seed)
    values, mean, weights = rng.normal(size=(*batch, m, n)), rng.normal(size=n), rng.normal(size=(*batch, m, n))

    def run(T):
        dtype = T.float32 if single else T.float64
        a, mu = (T.tensor(x, dtype=dtype, requires_grad=True) for x in (values, mean))
        T.manual_seed(seed)
        if kind.startswith("svd"):
            u, s, v = T.svd_lowrank(a, q, niter, mu if "M" in kind else None)
        else:
            u, s, v = T.pca_lowrank(a, q, center=kind == "pca", niter=niter)
        near = (u * s.unsqueeze(-2)) @ v.mT  # the signs of u and v are free
        found = [u.abs(), s, v.abs(), near, T.rand(3)]
        if not single:
            (near * T.tensor(weights)).sum().backward()
            found += [a.grad, *([mu.grad] if "M" in kind else [])]
        return [x.detach().numpy() for x in found]

    tolerance = 2e-3 if single else 1e-6
    ours, theirs = run(autodiff), run(torch)
    gaps = np.diff(theirs[1], axis=-1)
    assume(not gaps.size or np.abs(gaps).min() > 1e-2)  # equal stretches have no directions of their own
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("m", [0, 1, 3, 9])
@pytest.mark.parametrize("q", [0, None])
@pytest.mark.parametrize("name", ["svd_lowrank", "pca_lowrank"])
def test_more_directions_than_there_are_or_none(name, m, q):
    values = np.random.default_rng(m).normal(size=(m, 4))
    ours, theirs = (getattr(T, name)(T.tensor(values), q) for T in (autodiff, torch))
    assert [tuple(x.shape) for x in ours] == [tuple(x.shape) for x in theirs]
    np.testing.assert_allclose(ours[1].numpy(), theirs[1].numpy(), rtol=1e-9, atol=1e-9)


REFUSED = [
    "svd_lowrank(x, q=-1)", "svd_lowrank(x, q=2, M=T.ones(5))", "svd_lowrank(T.ones(3))", "svd_lowrank(x.long())",
    "pca_lowrank(x.long())", "pca_lowrank(x.half())", "svd_lowrank(x, 2.0)", "pca_lowrank(x, 2.0)", "pca_lowrank(x, 5)",
    "pca_lowrank(x, niter=-1)", "pca_lowrank(T.ones(3))", "svd_lowrank(x, q=2, M=T.ones(4).double())", "svd_lowrank(x, 7, 1.5)",
    "pca_lowrank(x, q='a')", "svd_lowrank(x, q=2, M=T.ones(2, 3, 4))", "pca_lowrank(x, -1)",
]


@pytest.mark.parametrize("call", REFUSED)
def test_refused(call):
    def error(T):
        with pytest.raises(Exception) as found:
            eval(f"T.{call}", {"T": T, "x": T.ones(3, 4)})
        return found.value

    ours, theirs = error(autodiff), error(torch)
    assert isinstance(ours, type(theirs)), (ours, theirs)
    assert len(str(ours)) > 10


@pytest.mark.parametrize("call", ["svd_lowrank(5)", "pca_lowrank([[1.0]])", "svd_lowrank(T.ones(2, 3), M=3)"])
def test_what_is_no_tensor_is_named(call):
    with pytest.raises(TypeError, match="must be Tensor, not"):
        eval(f"T.{call}", {"T": autodiff})

"""Transforms and constraints against PyTorch's: values, inverses, stretches, shapes, and what they allow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

TRANSFORMS = {
    "exp": (lambda d, t: d.ExpTransform(), (5,)),
    "power": (lambda d, t: d.PowerTransform(t(2.5)), "positive"),
    "sigmoid": (lambda d, t: d.SigmoidTransform(), (5,)),
    "tanh": (lambda d, t: d.TanhTransform(), (5,)),
    "softplus": (lambda d, t: d.SoftplusTransform(), (5,)),
    "affine": (lambda d, t: d.AffineTransform(t([1.0]), t([-2.0])), (5,)),
    "affine of numbers": (lambda d, t: d.AffineTransform(1.0, 3.0), (2, 5)),
    "affine of vectors": (lambda d, t: d.AffineTransform(1.0, t([1.0, 2.0, 3.0]), event_dim=1), (4, 3)),
    "stick breaking": (lambda d, t: d.StickBreakingTransform(), (2, 4)),
    "independent": (lambda d, t: d.IndependentTransform(d.ExpTransform(), 1), (2, 3)),
    "reshape": (lambda d, t: d.ReshapeTransform((4,), (2, 2)), (3, 4)),
    "compose": (lambda d, t: d.ComposeTransform([d.AffineTransform(1.0, 2.0), d.SigmoidTransform()]), (5,)),
    "compose of vectors": (lambda d, t: d.ComposeTransform([d.AffineTransform(0.0, 2.0), d.StickBreakingTransform()]), (2, 3)),
    "inverse": (lambda d, t: d.ExpTransform().inv, "positive"),
    "inverse of compose": (lambda d, t: d.ComposeTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0)]).inv, "over 1"),
    "cat": (lambda d, t: d.CatTransform([d.ExpTransform(), d.AffineTransform(0.0, 2.0)], dim=0, lengths=[2, 3]), (5, 2)),
    "stack": (lambda d, t: d.StackTransform([d.ExpTransform(), d.AffineTransform(0.0, 2.0)], dim=1), (3, 2)),
    "cumulative": (lambda d, t: d.CumulativeDistributionTransform(d.Normal(0.0, 1.0)), (5,)),
    "identity": (lambda d, t: d.identity_transform, (5,)),
    "cached": (lambda d, t: d.ExpTransform(cache_size=1), (5,)),
    "softmax": (lambda d, t: d.SoftmaxTransform(), (2, 3)),
    "abs": (lambda d, t: d.AbsTransform(), (5,)),
    "lower cholesky": (lambda d, t: d.LowerCholeskyTransform(), (2, 3, 3)),
    "positive definite": (lambda d, t: d.PositiveDefiniteTransform(), (2, 3, 3)),
    "correlation": (lambda d, t: d.CorrCholeskyTransform(), (4, 6)),
    "correlation of two": (lambda d, t: d.CorrCholeskyTransform(), (3, 1)),
}


def points(kind, seed):
    rng = np.random.default_rng(seed)
    if kind in ("positive", "over 1"):
        return rng.uniform(0.1, 3, (5,)) + (kind == "over 1")
    return rng.normal(size=kind)


@pytest.mark.parametrize("name", TRANSFORMS)
@given(seed=st.integers(0, 10**6))
def test_values_inverses_and_stretches(name, seed):
    make, kind = TRANSFORMS[name]
    x = points(kind, seed)
    found = []
    for T in (autodiff, torch):
        f = make(T.distributions, lambda v, T=T: T.tensor(v, dtype=T.float64))
        a = T.from_numpy(x.copy()).requires_grad_()
        y = f(a)
        parts = [y, f.inv(y)]
        try:
            stretch = f.log_abs_det_jacobian(a, y)
            stretch.sum().backward()
            parts += [stretch, T.zeros(0) if a.grad is None else a.grad]
        except (NotImplementedError, RuntimeError) as error:
            parts.append(type(error).__name__)
        facts = (
            f.bijective,
            tuple(f.forward_shape(a.shape)),
            tuple(f.inverse_shape(y.shape)),
            f.domain.event_dim,
            f.codomain.event_dim,
        )
        found.append((parts, facts))
    (ours, our_facts), (theirs, their_facts) = found
    assert our_facts == their_facts
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(b, str):
            assert a == b
        else:
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-9)


CONSTRAINTS = [
    "boolean",
    "one_hot",
    "nonnegative_integer",
    "positive_integer",
    "real",
    "real_vector",
    "positive",
    "nonnegative",
    "unit_interval",
    "simplex",
    "lower_triangular",
    "lower_cholesky",
    "square",
    "symmetric",
    "positive_semidefinite",
    "positive_definite",
    "integer_interval(1, 3)",
    "greater_than(1.0)",
    "greater_than_eq(1.0)",
    "less_than(1.0)",
    "interval(0.5, 2.0)",
    "half_open_interval(0.0, 1.0)",
    "multinomial(3)",
    "independent(positive, 1)",
    "cat([positive, real], 0, [1, 2])",
    "corr_cholesky",
    "MixtureSameFamilyConstraint(positive)",
]
VALUES = [
    np.eye(3),
    np.zeros((3, 3)),
    np.array([[1.0, 0, 0], [0.5, 2, 0], [-1, 0, 1]]),
    np.full((3, 3), 1 / 3),
    np.full((3, 3), np.nan),
    np.array([[2.0, 1, 0], [1, 2, 1], [0, 1, 2]]),
    np.array([[0.0, 1, 2], [3, 0, 0], [1, 1, 1]]),
    -np.eye(3),
    np.array([[1.0, 0, 0], [0.6, 0.8, 0], [0, 0, 1]]),
]


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_what_constraints_allow(name):
    for value in VALUES:
        if name == "positive_semidefinite" and np.linalg.matrix_rank(np.nan_to_num(value)) < 3:
            continue  # an eigenvalue of 0 is a rounding error, on either side
        said = []
        for T in (autodiff, torch):
            constraint = eval(name, vars(T.distributions.constraints).copy())
            said.append(
                (
                    constraint.check(T.from_numpy(value.copy())).tolist(),
                    constraint.event_dim,
                    constraint.is_discrete,
                    repr(constraint),
                )
            )
        assert said[0] == said[1]


@pytest.mark.parametrize("registry", ["biject_to", "transform_to"])
@pytest.mark.parametrize(
    "name",
    [
        "real",
        "real_vector",
        "positive",
        "nonnegative",
        "unit_interval",
        "simplex",
        "greater_than(1.0)",
        "less_than(1.0)",
        "interval(0.5, 2.0)",
        "lower_cholesky",
        "positive_definite",
        "positive_semidefinite",
        "corr_cholesky",
        "boolean",
        "independent(positive, 1)",
    ],
)
def test_transforms_to_constraints(registry, name):
    said = []
    for T in (autodiff, torch):
        constraint = eval(name, vars(T.distributions.constraints).copy())
        try:
            f = getattr(T.distributions, registry)(constraint)
        except NotImplementedError as error:
            said.append(str(error).replace("_", ""))
            continue
        x = T.from_numpy(np.random.default_rng(0).normal(size=(3, 3)))
        y = f(x)
        assert constraint.check(y).all()
        said.append(y.numpy().round(9).tolist())
    assert said[0] == said[1]


def test_transforms_are_equal_where_they_do_the_same():
    d = autodiff.distributions
    assert d.ExpTransform() == d.ExpTransform() != d.TanhTransform()
    assert d.AffineTransform(1.0, 2.0) == d.AffineTransform(1.0, 2.0) != d.AffineTransform(1.0, 3.0)
    assert d.ExpTransform().inv == d.ExpTransform().inv
    cached = d.TanhTransform(cache_size=1)
    x = autodiff.tensor([20.0])
    assert cached.inv(cached(x)) is x  # where the inverse itself would be infinite
    assert d.TanhTransform().inv(d.TanhTransform()(x)).item() == float("inf")


def made(T):
    """Every transform above, twice, as `T` has it."""
    d = T.distributions
    return [make(d, T.tensor) for make, _ in TRANSFORMS.values() for _ in range(2)]


def test_which_transforms_are_equal():
    """Of every pair of two: what is the same transform, and what is another one."""
    ours, theirs = made(autodiff), made(torch)
    equal = [[a == b for b in each] for each in (ours, theirs) for a in each]
    half = len(equal) // 2
    assert half == 2 * len(TRANSFORMS)
    assert equal[:half] == equal[half:]
    assert sum(map(sum, equal[:half])) > half


def test_a_cache_of_another_size():
    for ours, theirs in zip(made(autodiff), made(torch), strict=True):
        outcomes = []
        for transform in (ours, theirs):
            try:
                again = transform.with_cache(1)
                outcomes.append((type(again).__name__, again._cache_size, again.domain.event_dim, again.codomain.event_dim))
            except NotImplementedError:
                outcomes.append(("none",))
        assert outcomes[0] == outcomes[1]

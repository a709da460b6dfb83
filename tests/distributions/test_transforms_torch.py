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
    "vectors, then matrices": (
        lambda d, t: d.ComposeTransform([d.AffineTransform(0.5, 2.0, event_dim=1), d.LowerCholeskyTransform()]), (2, 3, 3)
    ),
    "matrices, then vectors": (
        lambda d, t: d.ComposeTransform([d.LowerCholeskyTransform(), d.AffineTransform(0.5, 2.0, event_dim=1)]), (2, 3, 3)
    ),
    "reshape, then vectors": (
        lambda d, t: d.ComposeTransform([d.ReshapeTransform((4,), (2, 2)), d.AffineTransform(0.0, t([1.0, 2.0]), event_dim=1)]),
        (3, 4),
    ),
    "independent twice": (lambda d, t: d.IndependentTransform(d.IndependentTransform(d.TanhTransform(), 1), 1), (2, 3)),
    "falling": (lambda d, t: d.ComposeTransform([d.AffineTransform(0.0, -2.0), d.SigmoidTransform()]), (5,)),
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
    "MixtureSameFamilyConstraint(simplex)",
    "MixtureSameFamilyConstraint(lower_triangular)",
    "stack([positive, real, unit_interval])",
    "stack([positive, real, unit_interval], -1)",
    "stack([real_vector, simplex, real_vector], 0)",
    "cat([positive, real, boolean])",
    "cat([unit_interval, real], -1, [2, 1])",
    "independent(real, 2)",
    "independent(simplex, 1)",
    "independent(boolean, 0)",
    "integer_interval(-1, 1)",
    "dependent",
    "dependent(event_dim=1)",
    "dependent(is_discrete=True)",
    "dependent(is_discrete=False, event_dim=0)(event_dim=2)",
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
    np.array([[1.0, 1, 1], [3, 0, 0], [2, 1, -1]]),
    np.array([[0.5, 2, 1], [0, -0.5, 1.5], [1, 1 + 1e-7, 1 - 1e-7]]),
    np.array([[0.2, 0.3, 0.5], [1, 0, 0], [0.2, 0.3, 0.6]]),
    np.array([[1.0, 1e-7, 0], [0, 1, 0], [2e-7, 0, 1]]),
    np.array([[1.0, 0.3, 0], [0, 1, 0], [0, 0, 1]]),
    np.array([[1.0, 0, 0], [0, 0.99, 0], [0.1, 0, 0.995]]),
    np.array([0.5, 0.5, 0.0]),
    np.array([0.0, 1.0, 0.0]),
    np.array(1.0),
    np.array([[1.0, 0, 0], [2, 3, 0]]),
    np.stack([np.eye(3), -np.eye(3), np.ones((3, 3))]),
    np.stack([np.eye(3), np.tril(np.ones((3, 3))), np.diag([1.0, 2, 0])]),
]


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_what_constraints_allow(name):
    checked = 0
    for value in VALUES:
        if name == "positive_semidefinite" and value.ndim > 1 and (np.linalg.matrix_rank(np.nan_to_num(value)) < 3).any():
            continue  # an eigenvalue of 0 is a rounding error, on either side
        if name.startswith("stack") and value.ndim and len(value) != 3:
            continue  # PyTorch looks at as many rows as there are constraints
        answers = []
        for T in (autodiff, torch):
            constraint = eval(name, vars(T.distributions.constraints).copy())
            answers.append(facts(constraint, T.tensor(value.tolist(), dtype=T.float64)))
        if answers[1][0] not in ("AssertionError", "IndexError", "RuntimeError"):  # of too few dimensions
            assert answers[0] == answers[1], value
            checked += 1
    assert checked >= 6


def facts(constraint, value):
    """What a constraint says of itself and of a value: each the answer, or the class or the text of what is raised."""
    found = []
    for ask in (lambda: constraint.check(value).tolist(), lambda: constraint.event_dim, lambda: constraint.is_discrete):
        try:
            found.append(ask())
        except (ValueError, NotImplementedError) as error:
            found.append(str(error))
        except (AssertionError, IndexError, RuntimeError) as error:
            found.append(type(error).__name__)
    return [*found, repr(constraint).removeprefix("_")]


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
        "independent(simplex, 1)",
        "greater_than_eq(-2.0)",
        "interval(0.0, 2.0)",
        "interval(-1.0, 1.0)",
        "interval(0.0, 1.0)",
        "half_open_interval(0.5, 2.0)",
        "lower_triangular",
        "symmetric",
        "square",
        "integer_interval(0, 1)",
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
        said.append([y.numpy().round(9).tolist(), repr(f), f.domain.event_dim, f.codomain.event_dim, f.bijective])
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


def said(call):
    """What came of it, or the class and the text of the error."""
    try:
        found = call()
    except Exception as error:
        return type(error).__name__, str(error)
    return found.detach().numpy() if hasattr(found, "detach") else tuple(found) if isinstance(found, tuple) else found


SHAPES = [(), (1,), (3,), (4,), (6,), (2, 2), (2, 3), (3, 1), (3, 3), (2, 3, 3), (3, 2, 2)]


def sizes_of(f, shapes):
    """What becomes of each shape, forwards and backwards."""
    return [said(lambda ask=ask, shape=shape: ask(shape)) for shape in shapes for ask in (f.forward_shape, f.inverse_shape)]


@pytest.mark.parametrize("name", TRANSFORMS)
def test_shapes_that_fit_and_those_that_do_not(name):
    ours, theirs = (sizes_of(TRANSFORMS[name][0](T.distributions, T.tensor), map(T.Size, SHAPES)) for T in (autodiff, torch))
    for a, b in zip(ours, theirs, strict=True):
        assert a == b or a[0] == b[0] == "RuntimeError"  # what two sizes that differ are told in


@pytest.mark.parametrize("front", [(), (2, 3)], ids=["alone", "batch"])
@pytest.mark.parametrize("name", [name for name in TRANSFORMS if name not in ("cat", "stack")])
def test_of_one_value_and_of_a_batch(name, front):
    """What is asked of it, and the slope of how much it stretches."""
    make, kind = TRANSFORMS[name]
    found = []
    for T in (autodiff, torch):
        f = make(T.distributions, lambda v, T=T: T.tensor(v, dtype=T.float64))
        n = f.domain.event_dim
        event = kind[len(kind) - n :] if n else ()
        drawn = np.random.default_rng(3).uniform(0.2, 0.9, (*front, *event)) + (kind == "over 1")
        x = T.tensor(drawn.tolist(), dtype=T.float64, requires_grad=True)
        found.append(answers_of(f, x))
    assert len(found[0]) == len(found[1])
    for a, b in zip(*found, strict=True):
        if isinstance(b, np.ndarray):
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
        else:
            assert a == b or a[0] == b[0] == "RuntimeError"


def answers_of(f, x):
    """What a transform makes of x, and says of itself."""
    answers = [said(lambda: f(x)), said(lambda: f.inv(f(x))), said(lambda: f.log_abs_det_jacobian(x, f(x)))]
    if isinstance(answers[2], np.ndarray) and f.log_abs_det_jacobian(x, f(x)).requires_grad:
        f.log_abs_det_jacobian(x, f(x)).pow(2).sum().backward()
        answers.append(x.grad.numpy())
    answers += [said(lambda: f.sign), said(lambda: f.event_dim), said(lambda: f.inv.event_dim)]
    return [*answers, repr(f), repr(f.domain), repr(f.codomain)]


def test_which_way_an_affine_transform_goes():
    for T in (autodiff, torch):
        signs = [T.distributions.AffineTransform(1.0, scale).sign for scale in (3, -0.5, 0, T.tensor([2.0, -1.0, 0.0]))]
        assert signs[:3] == [1, -1, 0]
        assert signs[3].tolist() == [1, -1, 0]
        assert T.distributions.PowerTransform(T.tensor([2.0, -1.0])).sign.tolist() == [1, -1]


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_and_its_inverse_are_one_pair(name):
    """The inverse of the inverse is the transform, of which one inverse is kept; what is asked of it is answered backwards."""
    f = TRANSFORMS[name][0](autodiff.distributions, autodiff.tensor)
    inverse = f.inv
    assert f.inv is inverse
    assert inverse.inv is f
    assert inverse == f.inv
    assert inverse.bijective == f.bijective
    assert (inverse.domain.event_dim, inverse.codomain.event_dim) == (f.codomain.event_dim, f.domain.event_dim)
    for shape in SHAPES:
        assert said(lambda shape=shape: inverse.forward_shape(shape)) == said(lambda shape=shape: f.inverse_shape(shape))
        assert said(lambda shape=shape: inverse.inverse_shape(shape)) == said(lambda shape=shape: f.forward_shape(shape))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_cache_holds_the_last_pair(name):
    make, kind = TRANSFORMS[name]
    f = make(autodiff.distributions, autodiff.tensor)
    try:
        cached = f.with_cache(1)
    except NotImplementedError:
        return
    assert cached.with_cache(1) is cached
    if not hasattr(cached, "_cached_x_y") or name == "identity":
        return
    x, other = (autodiff.from_numpy(points(kind, seed)) for seed in (0, 1))
    y = cached(x)
    if not name.startswith("compose") and not name.startswith("inverse"):
        assert cached(x) is y
    assert cached.inv(y) is x
    cached(other)
    assert cached.inv(y) is not x
    back = cached.inv(y)
    assert cached(back) is y
    assert f.with_cache(0)(x) is not f.with_cache(0)(x) or name in ("identity",)


def test_a_cache_is_of_one_pair_or_none():
    for T in (autodiff, torch):
        with pytest.raises(ValueError, match="cache_size must be 0 or 1"):
            T.distributions.ExpTransform(cache_size=2)


def test_a_registry_of_ones_own():
    for T in (autodiff, torch):
        constraints, registry = T.distributions.constraints, type(T.distributions.biject_to)()

        class Mine(constraints.Constraint):
            pass

        @registry.register(Mine)
        def to_mine(constraint, T=T):
            return T.distributions.ExpTransform()

        assert isinstance(registry(Mine()), T.distributions.ExpTransform)
        assert to_mine(None) == T.distributions.ExpTransform()
        assert registry.register(constraints.positive, to_mine) is to_mine  # a constraint stands for its class
        assert registry(constraints.greater_than(3.0)) == T.distributions.ExpTransform()
        for wrong in (int, 3):
            with pytest.raises(TypeError, match="Expected constraint to be either a Constraint subclass or instance"):
                registry.register(wrong, to_mine)
        with pytest.raises(NotImplementedError, match=r"Cannot transform _?Simplex constraints"):
            registry(constraints.simplex)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_dtypes_are_those_of_the_values(name, dtype):
    """Also where the default is another one."""
    make, kind = TRANSFORMS[name]
    found = []
    try:
        for T in (autodiff, torch):
            T.set_default_dtype(T.float64 if dtype == "float32" else T.float32)
            given = getattr(T, dtype)
            f = make(T.distributions, lambda v, T=T, given=given: T.tensor(v, dtype=given))
            x = T.tensor(points(kind, 0).tolist(), dtype=given)
            answers = [said(lambda: f(x)), said(lambda: f.inv(f(x))), said(lambda: f.log_abs_det_jacobian(x, f(x)))]  # noqa: B023
            found.append([str(each.dtype) if isinstance(each, np.ndarray) else "none" for each in answers])
    finally:
        for T in (autodiff, torch):
            T.set_default_dtype(T.float32)
    assert found[0] == found[1]
    assert found[0][0] == dtype or name == "cumulative"


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_triangles_and_their_numbers(n, batch):
    for diag in range(-n - 1, n + 1):
        matrix = np.arange(float(np.prod(batch, dtype=int) * n * n)).reshape(*batch, n, n) + 1
        found = []
        for T in (autodiff, torch):
            utils = T.distributions.utils
            given = T.from_numpy(matrix.copy())
            vector = said(lambda utils=utils, given=given, diag=diag: utils.tril_matrix_to_vec(given, diag))
            if isinstance(vector, tuple):
                found.append(vector)
                continue
            back = utils.vec_to_tril_matrix(T.from_numpy(vector.copy()), diag)
            assert (back.numpy() == np.tril(matrix, diag)).all()
            found.append((vector.shape, vector.tolist()))
        assert found[0] == found[1]


@pytest.mark.parametrize("count", range(1, 11))
def test_vectors_that_fill_no_triangle(count):
    for diag in (-2, -1, 0):
        found = []
        for T in (autodiff, torch):
            found.append(said(lambda T=T, diag=diag: T.distributions.utils.vec_to_tril_matrix(T.arange(float(count)), diag)))
        if isinstance(found[1], tuple):
            assert found[0][0] == "ValueError"
            assert found[0][1].startswith(f"The size of last dimension is {count} which cannot be expressed as")
        else:
            assert found[0].tolist() == found[1].tolist()
    with pytest.raises(ValueError, match="D x D matrix: those with diag=0 hold 1 numbers, 3 and so on"):
        autodiff.distributions.utils.vec_to_tril_matrix(autodiff.arange(2))


def test_parts_that_do_not_fit():
    """As many lengths as transforms, and as many numbers as there are constraints: else nothing is left out in silence."""
    d, x = autodiff.distributions, autodiff.ones(2)
    cat = d.CatTransform([d.ExpTransform()], lengths=[1, 1])
    stack = d.StackTransform([d.ExpTransform()])
    for f in (cat, stack):
        for wrong in (lambda f=f: f(x), lambda f=f: f.inv(x), lambda f=f: f.log_abs_det_jacobian(x, x)):
            with pytest.raises(ValueError, match="zip"):
                wrong()
    real = d.constraints.real
    for constraint in (d.constraints.cat([real], 0, [1, 1]), d.constraints.stack([real])):
        with pytest.raises(ValueError, match="zip"):
            constraint.check(x)

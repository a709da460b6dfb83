"""Distributions at the ends of what their parameters and values may be, against PyTorch: where a formula needs care."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")

DTYPES = ("float32", "float64")


def of_both(make, *arrays, grad=False):
    """What make(T, *tensors) gives under autodiff and under torch, each as an array."""
    found = []
    for T in (autodiff, torch):
        T.manual_seed(3)
        tensors = [T.tensor(a, dtype=getattr(T, str(np.asarray(a).dtype)), requires_grad=grad) for a in arrays]
        found.append(np.asarray(make(T, *tensors).detach().numpy()))
    return found


@given(st.lists(st.floats(-8, 1), min_size=2, max_size=4), st.sampled_from(DTYPES))
def test_points_of_a_tiny_concentration_are_on_the_simplex_and_pytorchs(powers, dtype):
    """Below 1e-2 all gamma numbers of a row may be 0 in double, and their shares 0 / 0."""
    concentration = np.array(10.0 ** np.array(powers), dtype)
    ours, theirs = of_both(lambda T, c: T.distributions.Dirichlet(c).sample((20,)), concentration)
    assert (ours > 0).all()
    assert (ours < 1).all()
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    ours, theirs = of_both(lambda T, c: T.distributions.Beta(c, c).sample((20,)), concentration)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@given(st.lists(st.sampled_from([0.0, -0.0, 1e-9, -3.0, 40.0, -700.0]), min_size=1, max_size=4), st.integers(0, 3),
       st.sampled_from(DTYPES))
def test_the_slope_of_a_binomial_chance_at_even_odds(logits, value, dtype):
    def slope(T, x):
        T.distributions.Binomial(3, logits=x).log_prob(T.full_like(x, value)).sum().backward()
        return x.grad

    np.testing.assert_allclose(*of_both(slope, np.array(logits, dtype), grad=True), rtol=1e-6, atol=1e-12)


LAZY = {
    "Bernoulli": (lambda d, T, x: d.Bernoulli(x.sigmoid()), ("logits",)),
    "Binomial by logits": (lambda d, T, x: d.Binomial(2, logits=x), ("probs",)),
    "Categorical": (lambda d, T, x: d.Categorical(x.exp()), ("logits",)),
    "MultivariateNormal": (
        lambda d, T, x: d.MultivariateNormal(x, x.exp().diag()), ("scale_tril", "precision_matrix", "covariance_matrix")
    ),
    "LowRankMultivariateNormal": (
        lambda d, T, x: d.LowRankMultivariateNormal(x, x.unsqueeze(-1), x.exp()), ("scale_tril", "precision_matrix")
    ),
    "Wishart": (
        lambda d, T, x: d.Wishart(T.tensor(3.0), x.exp().diag()), ("scale_tril", "precision_matrix")
    ),
    "RelaxedBernoulli": (lambda d, T, x: d.RelaxedBernoulli(T.tensor(1.0), logits=x), ("probs",)),
    "ContinuousBernoulli": (lambda d, T, x: d.ContinuousBernoulli(x.sigmoid()), ("logits",)),
}


@pytest.mark.parametrize("name", LAZY)
def test_what_is_first_asked_for_under_no_grad_has_its_gradient_later(name):
    make, attributes = LAZY[name]
    for attribute in attributes:
        def slope(T, x, attribute=attribute):
            made = make(T.distributions, T, x)
            with T.no_grad():
                getattr(made, attribute)
            getattr(made, attribute).sum().backward()
            return x.grad

        np.testing.assert_allclose(*of_both(slope, np.array([0.2, -0.3], np.float32), grad=True), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_kumaraswamy_number_may_be_0_or_1(dtype):
    ends = np.array([0.0, 1.0, 0.5], dtype)
    for a, b in itertools.product([0.5, 1.0, 2.0], repeat=2):
        for method in ("log_prob", "cdf"):
            ours, theirs = of_both(
                lambda T, x, a=a, b=b, method=method: getattr(
                    T.distributions.Kumaraswamy(T.full_like(x, a), T.full_like(x, b)), method)(x), ends
            )
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)
        ours, theirs = of_both(lambda T, x, a=a, b=b: T.distributions.Kumaraswamy(x * 0 + a, x * 0 + b).sample((50,)), ends)
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-7)


def test_counts_and_chances_of_a_binomial_number_are_floating():
    names = ("bool", "int32", "int64", "float32", "float64")
    for count, prob in itertools.product(names, repeat=2):
        outcomes = []
        for T in (autodiff, torch):
            try:
                T.binomial(T.ones(2, dtype=getattr(T, count)), T.ones(2, dtype=getattr(T, prob)))
                outcomes.append(None)
            except Exception as error:
                outcomes.append((type(error), str(error) if isinstance(error, ValueError) else ""))
        assert outcomes[0] == outcomes[1], (count, prob)


def test_the_names_with_an_underscore_that_programs_use():
    d = autodiff.distributions
    assert isinstance(d.AffineTransform(0, 1).inv, d.transforms._InverseTransform)
    assert isinstance(d.constraints.positive_definite, d.constraints._PositiveDefinite)
    assert isinstance(d.constraints.lower_cholesky, d.constraints._LowerCholesky)
    assert isinstance(d.Uniform.support, d.constraints._Dependent)
    p, q = d.Normal(0.0, 1.0), d.Normal(1.0, 2.0)
    np.testing.assert_allclose(d.kl._kl_expfamily_expfamily(p, q).item(), d.kl_divergence(p, q).item(), rtol=1e-6)

    def slope(T, x, c, g):
        return T.distributions.dirichlet._Dirichlet_backward(x, c, g)

    x, c, g = (np.array(v, np.float64) for v in ([[0.2, 0.3, 0.5]], [[0.5, 2.0, 4.0]], [[1.0, -1.0, 0.5]]))
    np.testing.assert_allclose(*of_both(slope, x, c, g), rtol=2e-3)


def test_the_slope_of_a_kumaraswamy_mode():
    """PyTorch's own mode is nan: against a difference quotient. Where an end is the likeliest value there is none."""
    d = autodiff.distributions

    def mode(a, b):
        return d.Kumaraswamy(a, b).mode

    a, b, step = (autodiff.tensor(x, dtype=autodiff.float64) for x in ([2.0, 3.5], [1.5, 4.0], 1e-6))
    for of in (0, 1):
        parameters = [a.clone().requires_grad_(), b.clone().requires_grad_()]
        mode(*parameters).sum().backward()
        moved = [step, 0] if of == 0 else [0, step]
        quotient = (mode(a + moved[0], b + moved[1]) - mode(a - moved[0], b - moved[1])) / (2 * step)
        np.testing.assert_allclose(parameters[of].grad.numpy(), quotient.numpy(), rtol=1e-6)
    ends = mode(autodiff.tensor([0.5, 2.0, 0.5, 1.0]), autodiff.tensor([2.0, 0.5, 0.5, 2.0]))
    assert ends.isnan().tolist() == [True, True, True, False]


AT_ENDS = {
    "Dirichlet": lambda d, t: d.Dirichlet(
        t([[0.5, 0.7, 0.2], [2.0, 3.0, 0.5], [1.0, 1.0, 1.0], [0.5, 1.0, 0.5], [0.1, 0.1, 0.1]])
    ),
    "Beta": lambda d, t: d.Beta(t([0.5, 0.5, 1.0, 2.0, 1.0, 0.5]), t([0.7, 2.0, 1.0, 0.5, 3.0, 0.5])),
    "Bernoulli": lambda d, t: d.Bernoulli(t([0.0, 0.2, 0.5, 0.7, 1.0])),
    "Geometric": lambda d, t: d.Geometric(t([1.0, 0.3, 1e-8])),
    "Binomial": lambda d, t: d.Binomial(t([4.0, 4.0, 4.0, 4.0]), t([0.0, 0.2, 0.5, 1.0])),
    "Binomial of none": lambda d, t: d.Binomial(t([0.0, 0.0]), t([0.2, 1.0])),
    "Binomials of unlike counts": lambda d, t: d.Binomial(t([2.0, 3.0]), t([0.2, 0.5])),
    "Multinomial": lambda d, t: d.Multinomial(3, t([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]])),
    "Categorical": lambda d, t: d.Categorical(t([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]])),
    "Categorical by logits": lambda d, t: d.Categorical(logits=t([[0.0, -np.inf, 0.0], [900.0, 0.0, -900.0]])),
    "OneHotCategorical": lambda d, t: d.OneHotCategorical(t([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]])),
    "Poisson": lambda d, t: d.Poisson(t([0.0, 1.0, 1.5, 700.0])),
    "NegativeBinomial": lambda d, t: d.NegativeBinomial(t([0.0, 1.0, 0.5, 3.0]), t([0.5, 0.0, 0.2, 0.9])),
    "Gamma": lambda d, t: d.Gamma(t([0.5, 1.0, 1.5]), t([1.0, 2.0, 0.5])),
    "StudentT": lambda d, t: d.StudentT(t([0.5, 1.0, 1.5, 2.0, 2.5, np.inf])),
    "FisherSnedecor": lambda d, t: d.FisherSnedecor(t([1.0, 2.0, 3.0, 4.0]), t([2.0, 3.0, 4.0, 5.0])),
    "InverseGamma": lambda d, t: d.InverseGamma(t([0.5, 1.0, 1.5, 2.0, 2.5]), t([1.0])),
    "Pareto": lambda d, t: d.Pareto(t([1.0]), t([0.5, 1.0, 1.5, 2.0, 2.5])),
    "Weibull": lambda d, t: d.Weibull(t([1.0]), t([0.5, 1.0, 1.5])),
    "GeneralizedPareto": lambda d, t: d.GeneralizedPareto(t([0.0]), t([1.0]), t([-1.5, -1.0, -0.5, 0.0, 0.5, 0.9, 1.0, 1.5])),
    "ContinuousBernoulli": lambda d, t: d.ContinuousBernoulli(t([0.0, 0.2, 0.499, 0.4995, 0.5, 0.5005, 0.501, 0.6, 1.0])),
    "ContinuousBernoulli with wide limits": lambda d, t: d.ContinuousBernoulli(t([0.2, 0.45, 0.5, 0.7]), lims=(0.4, 0.6)),
    "VonMises": lambda d, t: d.VonMises(t([0.0]), t([1e-8, 1e-3, 1.0, 3.0])),
    "Uniform": lambda d, t: d.Uniform(t([0.0, -1.0]), t([1.0, 2.0])),
    "HalfCauchy": lambda d, t: d.HalfCauchy(t([0.5, 2.0])),
    "RelaxedBernoulli": lambda d, t: d.RelaxedBernoulli(t(0.01), t([0.0, 0.5, 1.0])),
    "Laplace": lambda d, t: d.Laplace(t([0.0, 0.5]), t([1.0, 2.0])),
}


@pytest.mark.parametrize("name", AT_ENDS)
def test_what_is_said_at_the_ends(name):
    """Moments and samples, and what the values at both ends, and beyond them, are told without a check."""
    values = [-np.inf, -1.0, -1e-9, 0.0, 1e-30, 0.25, 0.5, 1.0 - 1e-7, 1.0, 2.0, 3.0, 1e6, np.inf]
    questions = [
        *(lambda d, T, what=what: getattr(d, what) for what in ("mean", "mode", "variance", "stddev")),
        lambda d, T: d.entropy(), lambda d, T: d.sample((30,)), lambda d, T: d.enumerate_support(), lambda d, T: d.logits,
        lambda d, T: d.probs,
    ]
    if not name.startswith(("Dirichlet", "Multinomial", "OneHot", "Categorical")):
        for x in values[3:-1] if name == "GeneralizedPareto" else values:  # of others PyTorch's says nan
            questions += [lambda d, T, x=x, of=of: getattr(d, of)(T.tensor(x, dtype=T.float64)) for of in ("log_prob", "cdf")]
        shares = np.array([0.0, 1e-9, 0.3, 0.5, 0.7, 1.0])[:, None]
        questions.append(lambda d, T: d.icdf(T.from_numpy(shares)))
    if name.startswith("Multinomial"):
        counts = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]])
        questions.append(lambda d, T: d.log_prob(T.from_numpy(counts)))
    compared = 0
    for at, ask in enumerate(questions):
        found = []
        for T in (autodiff, torch):
            T.manual_seed(1)
            dtype = T.float32 if name == "GeneralizedPareto" else T.float64  # PyTorch's has no other
            d = AT_ENDS[name](T.distributions, lambda v, T=T, dtype=dtype: T.tensor(v, dtype=dtype))
            d._validate_args = getattr(d, "base_dist", d)._validate_args = False
            try:
                found.append(ask(d, T).detach().numpy())
            except Exception as error:
                found.append(type(error))
        compared += isinstance(found[1], np.ndarray)
        if isinstance(found[0], type) or isinstance(found[1], type):
            assert isinstance(found[0], type), at
            assert isinstance(found[1], type), at
        else:
            assert found[0].shape == found[1].shape
            np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-8, err_msg=f"question {at}")
    assert compared >= 5

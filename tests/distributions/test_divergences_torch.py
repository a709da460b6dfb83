"""Divergences and entropies in batches, against PyTorch: broadcast, with their slopes; and from natural parameters alone."""

import numpy as np
import pytest
from distribution_table import PARAMETERS, distribution

import autodiff

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")

PLAIN = [name for name in PARAMETERS if " by " not in name and not name.startswith("OneHotCategoricalS")]


def tensors(T, name, shape, seed):
    rng = np.random.default_rng(seed)
    shapes = {key: () if key == "temperature" else shape for key in PARAMETERS[name]}
    return {key: T.from_numpy(np.array(draw(rng, shapes[key]))).requires_grad_() for key, draw in PARAMETERS[name].items()}


def divergence(T, p, q, p_shape=(2, 1), q_shape=(3,)):
    """KL(p || q) for two batches, with its slope in each parameter of either; or the error's class."""
    ps, qs = tensors(T, p, p_shape, 0), tensors(T, q, q_shape, 1)
    try:
        found = T.distributions.kl_divergence(distribution(T, p, ps), distribution(T, q, qs))
    except Exception as error:
        return type(error).__name__
    if not found.requires_grad or not found.isfinite().any():
        return [found.detach().numpy()]
    finite = found[found.isfinite()]
    (finite * T.arange(1.0, 1.0 + finite.numel()).to(finite)).sum().backward()
    return [found.detach().numpy(), *(None if t.grad is None else t.grad.numpy() for t in (*ps.values(), *qs.values()))]


def close(a, b):
    if a is None or b is None:
        return a is b
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)


WITHOUT = {
    "StudentT", "Multinomial", "RelaxedBernoulli", "RelaxedOneHotCategorical", "Weibull", "NegativeBinomial", "FisherSnedecor",
    "Kumaraswamy", "VonMises", "LKJCholesky", "LogitRelaxedBernoulli", "ExpRelaxedCategorical",
}


@pytest.mark.parametrize("p", PLAIN)
def test_every_pair_in_batches(p):
    wrong, compared = [], 0
    for q in PLAIN:
        if p == q == "Wishart":
            continue  # PyTorch's numbers for several at once are not those that it gives for each
        shapes = [(2, 1), (3,)]
        theirs = divergence(torch, p, q)
        if theirs == "IndexError":  # its masks don't broadcast
            shapes = [(2, 3), (2, 3)]
            theirs = divergence(torch, p, q, *shapes)
        ours = divergence(autodiff, p, q, *shapes)
        compared += isinstance(theirs, list)
        if isinstance(ours, str) or isinstance(theirs, str):
            fine = ours == theirs
        else:
            fine = len(ours) == len(theirs) and all(map(close, ours, theirs))
        if not fine:
            wrong.append((q, ours, theirs))
    assert not wrong
    assert bool(compared) == (p not in WITHOUT | {"Wishart"})


FAMILY = [
    "Normal", "Bernoulli", "ContinuousBernoulli", "Exponential", "Gamma", "Chi2", "Beta", "Dirichlet", "Poisson", "Wishart",
]
WITHOUT_MEASURE = ("Beta", "Dirichlet", "Poisson")  # they don't say what the mean of the carrier measure is


@pytest.mark.parametrize("name", FAMILY)
def test_natural_parameters_say_the_same(name):
    """The entropy and the divergence that follow from the log-normaliser are those of the formulas, with the same slopes."""
    found = []
    for way in (0, 1):
        ps, qs = tensors(autodiff, name, (2, 3), 0), tensors(autodiff, name, (2, 3), 1)
        p, q = distribution(autodiff, name, ps), distribution(autodiff, name, qs)
        divergence = (autodiff.distributions.kl_divergence, autodiff.distributions.kl._kl_expfamily_expfamily)[way](p, q)
        parts = [divergence]
        if name not in WITHOUT_MEASURE:
            parts.append((p.entropy, lambda p=p: autodiff.distributions.ExponentialFamily.entropy(p))[way]())
        divergence.sum().backward()
        found.append([*(part.detach().numpy() for part in parts), *(t.grad.numpy() for t in qs.values())])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


# Parameters at the ends of what they may be: where p has values that q never has, the divergence is infinite.
AT_ENDS = {
    "Bernoulli": lambda d, t: d.Bernoulli(t([0.0, 0.5, 1.0])),
    "Categorical": lambda d, t: d.Categorical(t([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])),
    "OneHotCategorical": lambda d, t: d.OneHotCategorical(t([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])),
    "Binomial": lambda d, t: d.Binomial(t([2.0, 3.0, 3.0]), t([0.2, 0.5, 0.9])),
    "Binomial of more": lambda d, t: d.Binomial(t([3.0, 3.0, 4.0]), t([0.2, 0.5, 0.9])),
    "Poisson": lambda d, t: d.Poisson(t([0.1, 1.0, 5.0])),
    "Uniform": lambda d, t: d.Uniform(t([-1.0, 0.0, 0.2]), t([0.5, 1.0, 2.0])),
    "Uniform inside": lambda d, t: d.Uniform(t([0.0, 0.1, 0.3]), t([0.5, 0.9, 1.0])),
    "Uniform above": lambda d, t: d.Uniform(t([1.0, 2.0, 1.5]), t([1.5, 5.0, 2.0])),
    "Uniform around": lambda d, t: d.Uniform(t([-1.0, 0.0, -0.5]), t([2.0, 1.0, 1.5])),
    "Beta": lambda d, t: d.Beta(t([1.0, 0.5, 2.0]), t([1.0, 3.0, 2.5])),
    "ContinuousBernoulli": lambda d, t: d.ContinuousBernoulli(t([0.2, 0.5, 0.9])),
    "Exponential": lambda d, t: d.Exponential(t([0.5, 1.0, 2.0])),
    "Gamma": lambda d, t: d.Gamma(t([0.5, 1.0, 2.0]), t([1.0, 3.0, 2.0])),
    "Pareto": lambda d, t: d.Pareto(t([0.5, 1.0, 2.0]), t([0.5, 1.0, 1.5])),
    "Pareto of less": lambda d, t: d.Pareto(t([1.0, 0.5, 2.0]), t([2.0, 2.5, 4.0])),
    "Normal": lambda d, t: d.Normal(t([-1.0, 0.0, 2.0]), t([0.5, 1.0, 3.0])),
    "Laplace": lambda d, t: d.Laplace(t([-1.0, 0.0, 2.0]), t([0.5, 1.0, 3.0])),
    "Gumbel": lambda d, t: d.Gumbel(t([-1.0, 0.0, 2.0]), t([0.5, 1.0, 3.0])),
    "HalfNormal": lambda d, t: d.HalfNormal(t([0.5, 1.0, 3.0])),
    "Independent": lambda d, t: d.Independent(d.Normal(t([[-1.0, 0.0], [2.0, 1.0]]), 1.0), 1),
    "Independent of both": lambda d, t: d.Independent(d.Normal(t([[-1.0, 0.0], [2.0, 1.0]]), 1.0), 2),
    "LogNormal": lambda d, t: d.LogNormal(t([-1.0, 0.0, 2.0]), t([0.5, 1.0, 3.0])),
    "falling": lambda d, t: d.TransformedDistribution(d.Normal(t([0.0, 1.0]), 1.0), [d.AffineTransform(0.0, -1.0)]),
    "falling vectors": lambda d, t: d.TransformedDistribution(
        d.Normal(t([0.0, 1.0]), 1.0), [d.AffineTransform(0.0, -1.0, event_dim=1)]
    ),
    "normal vectors": lambda d, t: d.MultivariateNormal(t([0.0, 1.0]), t([[2.0, 0.5], [0.5, 1.0]])),
    "longer vectors": lambda d, t: d.MultivariateNormal(t([0.0, 1.0, 2.0]), scale_tril=t([[2.0, 0, 0], [1, 1, 0], [3, 2, 1]])),
}


@pytest.mark.parametrize("p", AT_ENDS)
def test_pairs_at_the_ends(p):
    def divergence(T, q):
        d = T.distributions
        one, other = (AT_ENDS[name](d, lambda v: T.tensor(v, dtype=T.float64)) for name in (p, q))
        try:
            return d.kl_divergence(one, other).numpy()
        except Exception as error:
            return type(error).__name__, "between" in str(error) or "implemented" in str(error)

    wrong, compared = [], 0
    for q in AT_ENDS:
        ours, theirs = (divergence(T, q) for T in (autodiff, torch))
        compared += isinstance(theirs, np.ndarray)
        fine = ours == theirs if isinstance(theirs, tuple) or isinstance(ours, tuple) else close(ours, theirs)
        if not fine:
            wrong.append((q, ours, theirs))
    assert not wrong
    assert compared


def test_the_nearest_pair_of_classes_is_taken():
    d = autodiff.distributions

    class Mine(d.Normal):
        pass

    class Own(Mine):
        pass

    p, q = Mine(0.0, 1.0), Own(1.0, 1.0)
    assert d.kl_divergence(p, q).item() == 0.5
    before = dict(d.kl._REGISTRY)
    try:
        d.register_kl(Mine, d.Normal)(lambda p, q: "the first is mine")
        assert d.kl_divergence(q, d.Normal(0.0, 1.0)) == "the first is mine"
        assert d.kl_divergence(d.Normal(0.0, 1.0), q).item() == 0.5
        d.register_kl(Own, d.Distribution)(lambda p, q: NotImplemented)
        with pytest.raises(NotImplementedError, match=r"No KL\(p \|\| q\) is implemented for p type Own and q type Normal"):
            d.kl_divergence(q, d.Normal(0.0, 1.0))
    finally:
        d.kl._REGISTRY.clear()
        d.kl._REGISTRY.update(before)
    for wrong in (int, 3, d.Normal(0.0, 1.0)):
        with pytest.raises(TypeError, match="Expected type_p to be a Distribution subclass"):
            d.register_kl(wrong, d.Normal)
        with pytest.raises(TypeError, match="Expected type_q to be a Distribution subclass"):
            d.register_kl(d.Normal, wrong)


@pytest.mark.parametrize("name", ["Exponential", "Gamma", "Normal", "Poisson", "Bernoulli"])
def test_an_empty_batch_of_an_exponential_family(torch, name):
    for library in (autodiff, torch):
        kl, kind = library.distributions.kl._kl_expfamily_expfamily, getattr(library.distributions, name)
        given = [library.full((0,), 0.5)] * (2 if name in ("Gamma", "Normal") else 1)
        assert tuple(kl(kind(*given), kind(*given)).shape) == (0,)

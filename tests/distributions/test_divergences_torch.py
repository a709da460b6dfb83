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
    "Kumaraswamy", "VonMises", "LKJCholesky",
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

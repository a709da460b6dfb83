"""Every distribution with parameters for a batch, drawn by what each may be: what the tests of all distributions go through."""

import numpy as np


def covariance(rng, shape):
    lower = factor(rng, shape)
    return lower @ np.swapaxes(lower, -1, -2)


def factor(rng, shape):
    return np.tril(rng.uniform(-1, 1, (*shape, 3, 3)), -1) + np.eye(3) * rng.uniform(0.7, 2, (*shape, 1, 3))


# What a parameter may be; each is drawn for a shape of the batch.
REAL = lambda rng, shape: rng.uniform(-1.5, 1.5, shape)
POSITIVE = lambda rng, shape: rng.uniform(0.4, 3, shape)
OVER_2 = lambda rng, shape: rng.uniform(2.1, 5, shape)
CHANCE = lambda rng, shape: rng.uniform(0.1, 0.9, shape)
VECTOR = lambda rng, shape: rng.uniform(-1.5, 1.5, (*shape, 3))
POSITIVES = lambda rng, shape: rng.uniform(0.4, 3, (*shape, 3))
PAIRS = lambda rng, shape: rng.uniform(-1.5, 1.5, (*shape, 3, 2))

# Of each distribution its parameters, by name. What stands behind a space in a name tells two of a kind apart.
PARAMETERS = {
    "Normal": {"loc": REAL, "scale": POSITIVE},
    "Uniform": {"low": lambda rng, shape: rng.uniform(-1, 0, shape), "high": POSITIVE},
    "Bernoulli": {"probs": CHANCE},
    "Bernoulli by logits": {"logits": REAL},
    "ContinuousBernoulli": {"probs": CHANCE},
    "ContinuousBernoulli by logits": {"logits": REAL},
    "Categorical": {"probs": POSITIVES},
    "Categorical by logits": {"logits": VECTOR},
    "OneHotCategorical": {"probs": POSITIVES},
    "OneHotCategorical by logits": {"logits": VECTOR},
    "OneHotCategoricalStraightThrough": {"logits": VECTOR},
    "Exponential": {"rate": POSITIVE},
    "Laplace": {"loc": REAL, "scale": POSITIVE},
    "Cauchy": {"loc": REAL, "scale": POSITIVE},
    "Geometric": {"probs": CHANCE},
    "Geometric by logits": {"logits": REAL},
    "Gamma": {"concentration": POSITIVE, "rate": POSITIVE},
    "Chi2": {"df": POSITIVE},
    "Beta": {"concentration1": POSITIVE, "concentration0": POSITIVE},
    "Dirichlet": {"concentration": POSITIVES},
    "StudentT": {"df": OVER_2, "loc": REAL, "scale": POSITIVE},
    "Poisson": {"rate": POSITIVE},
    "Binomial": {"total_count": lambda rng, shape: np.full(shape, 4.0), "probs": CHANCE},
    "Binomial by logits": {"total_count": lambda rng, shape: rng.integers(1, 9, shape).astype(float), "logits": REAL},
    "Multinomial": {"probs": POSITIVES},
    "RelaxedBernoulli": {"temperature": POSITIVE, "probs": CHANCE},
    "RelaxedBernoulli by logits": {"temperature": POSITIVE, "logits": REAL},
    "RelaxedOneHotCategorical": {"temperature": POSITIVE, "probs": POSITIVES},
    "RelaxedOneHotCategorical by logits": {"temperature": POSITIVE, "logits": VECTOR},
    "LogisticNormal": {"loc": VECTOR, "scale": POSITIVES},
    "LogNormal": {"loc": REAL, "scale": POSITIVE},
    "HalfNormal": {"scale": POSITIVE},
    "HalfCauchy": {"scale": POSITIVE},
    "Gumbel": {"loc": REAL, "scale": POSITIVE},
    "Weibull": {"scale": POSITIVE, "concentration": OVER_2},
    "Pareto": {"scale": POSITIVE, "alpha": OVER_2},
    "NegativeBinomial": {"total_count": OVER_2, "probs": CHANCE},
    "NegativeBinomial by logits": {"total_count": OVER_2, "logits": REAL},
    "InverseGamma": {"concentration": OVER_2, "rate": POSITIVE},
    "FisherSnedecor": {"df1": OVER_2, "df2": lambda rng, shape: rng.uniform(4.1, 9, shape)},
    "Kumaraswamy": {"concentration1": OVER_2, "concentration0": OVER_2},
    "VonMises": {"loc": REAL, "concentration": POSITIVE},
    "LKJCholesky": {"concentration": POSITIVE},
    "MultivariateNormal": {"loc": VECTOR, "covariance_matrix": covariance},
    "MultivariateNormal by precision": {"loc": VECTOR, "precision_matrix": covariance},
    "MultivariateNormal by factor": {"loc": VECTOR, "scale_tril": factor},
    "LowRankMultivariateNormal": {"loc": VECTOR, "cov_factor": PAIRS, "cov_diag": POSITIVES},
    "Wishart": {"df": OVER_2, "covariance_matrix": covariance},
    "Wishart by precision": {"df": OVER_2, "precision_matrix": covariance},
    "Wishart by factor": {"df": OVER_2, "scale_tril": factor},
}
FIRST = {"Multinomial": (5,), "LKJCholesky": (3,)}  # what is no tensor


def arrays_of(name):
    """Parameters that make a batch of (2, 3): a single one has that shape, several have a part of it each."""
    rng = np.random.default_rng(len(name))
    drawn = PARAMETERS[name]
    shapes = {1: [(2, 3)], 2: [(3,), (2, 1)], 3: [(2, 1), (3,), ()]}[len(drawn)] if "temperature" not in drawn else [(), (2, 3)]
    return {key: draw(rng, shape) for (key, draw), shape in zip(drawn.items(), shapes, strict=True)}


def distribution(T, name, parameters, **options):
    """The distribution of this name, as T, torch or autodiff, has it."""
    kind = name.split()[0]
    return getattr(T.distributions, kind)(*FIRST.get(kind, ()), **parameters, **options)

"""Every distribution with parameters for a batch, drawn by what each may be: what the tests of all distributions go through."""

import importlib

import numpy as np


def covariance(rng, shape):
    lower = factor(rng, shape)
    return lower @ np.swapaxes(lower, -1, -2)


def factor(rng, shape):
    return np.tril(rng.uniform(-1, 1, (*shape, 3, 3)), -1) + np.eye(3) * rng.uniform(0.7, 2, (*shape, 1, 3))


# What a parameter may be; each is drawn for a shape of the batch.
def real(rng, shape):
    return rng.uniform(-1.5, 1.5, shape)


def positive(rng, shape):
    return rng.uniform(0.4, 3, shape)


def over_2(rng, shape):
    return rng.uniform(2.1, 5, shape)


def chance(rng, shape):
    return rng.uniform(0.1, 0.9, shape)


def vector(rng, shape):
    return rng.uniform(-1.5, 1.5, (*shape, 3))


def positives(rng, shape):
    return rng.uniform(0.4, 3, (*shape, 3))


def pairs(rng, shape):
    return rng.uniform(-1.5, 1.5, (*shape, 3, 2))


# Of each distribution its parameters, by name. What stands behind a space in a name tells two of a kind apart.
PARAMETERS = {
    "Normal": {"loc": real, "scale": positive},
    "Uniform": {"low": lambda rng, shape: rng.uniform(-1, 0, shape), "high": positive},
    "Bernoulli": {"probs": chance},
    "Bernoulli by logits": {"logits": real},
    "ContinuousBernoulli": {"probs": chance},
    "ContinuousBernoulli by logits": {"logits": real},
    "Categorical": {"probs": positives},
    "Categorical by logits": {"logits": vector},
    "OneHotCategorical": {"probs": positives},
    "OneHotCategorical by logits": {"logits": vector},
    "OneHotCategoricalStraightThrough": {"logits": vector},
    "Exponential": {"rate": positive},
    "Laplace": {"loc": real, "scale": positive},
    "Cauchy": {"loc": real, "scale": positive},
    "Geometric": {"probs": chance},
    "Geometric by logits": {"logits": real},
    "Gamma": {"concentration": positive, "rate": positive},
    "Chi2": {"df": positive},
    "Beta": {"concentration1": positive, "concentration0": positive},
    "Dirichlet": {"concentration": positives},
    "StudentT": {"df": over_2, "loc": real, "scale": positive},
    "Poisson": {"rate": positive},
    "Binomial": {"total_count": lambda rng, shape: np.full(shape, 4.0), "probs": chance},
    "Binomial by logits": {"total_count": lambda rng, shape: rng.integers(1, 9, shape).astype(float), "logits": real},
    "Multinomial": {"probs": positives},
    "RelaxedBernoulli": {"temperature": positive, "probs": chance},
    "RelaxedBernoulli by logits": {"temperature": positive, "logits": real},
    "RelaxedOneHotCategorical": {"temperature": positive, "probs": positives},
    "RelaxedOneHotCategorical by logits": {"temperature": positive, "logits": vector},
    "LogitRelaxedBernoulli": {"temperature": positive, "probs": chance},
    "ExpRelaxedCategorical": {"temperature": positive, "logits": vector},
    "LogisticNormal": {"loc": vector, "scale": positives},
    "LogNormal": {"loc": real, "scale": positive},
    "HalfNormal": {"scale": positive},
    "HalfCauchy": {"scale": positive},
    "Gumbel": {"loc": real, "scale": positive},
    "Weibull": {"scale": positive, "concentration": over_2},
    "Pareto": {"scale": positive, "alpha": over_2},
    "NegativeBinomial": {"total_count": over_2, "probs": chance},
    "NegativeBinomial by logits": {"total_count": over_2, "logits": real},
    "InverseGamma": {"concentration": over_2, "rate": positive},
    "FisherSnedecor": {"df1": over_2, "df2": lambda rng, shape: rng.uniform(4.1, 9, shape)},
    "Kumaraswamy": {"concentration1": over_2, "concentration0": over_2},
    "VonMises": {"loc": real, "concentration": positive},
    "LKJCholesky": {"concentration": positive},
    "MultivariateNormal": {"loc": vector, "covariance_matrix": covariance},
    "MultivariateNormal by precision": {"loc": vector, "precision_matrix": covariance},
    "MultivariateNormal by factor": {"loc": vector, "scale_tril": factor},
    "LowRankMultivariateNormal": {"loc": vector, "cov_factor": pairs, "cov_diag": positives},
    "Wishart": {"df": over_2, "covariance_matrix": covariance},
    "Wishart by precision": {"df": over_2, "precision_matrix": covariance},
    "Wishart by factor": {"df": over_2, "scale_tril": factor},
}
FIRST = {"Multinomial": (5,), "LKJCholesky": (3,)}  # what is no tensor


def arrays_of(name):
    """Parameters that make a batch of (2, 3): a single one has that shape, several have a part of it each."""
    rng = np.random.default_rng(len(name))
    drawn = PARAMETERS[name]
    shapes = {1: [(2, 3)], 2: [(3,), (2, 1)], 3: [(2, 1), (3,), ()]}[len(drawn)] if "temperature" not in drawn else [(), (2, 3)]
    return {key: draw(rng, shape) for (key, draw), shape in zip(drawn.items(), shapes, strict=True)}


# Those that stand in a module of their own alone.
HOMES = {"LogitRelaxedBernoulli": "relaxed_bernoulli", "ExpRelaxedCategorical": "relaxed_categorical"}


def class_of(T, name):
    """The class of this name, as T, torch or autodiff, has it."""
    kind = name.split()[0]
    if kind in HOMES:
        return getattr(importlib.import_module(f"{T.__name__}.distributions.{HOMES[kind]}"), kind)
    return getattr(T.distributions, kind)


def distribution(T, name, parameters, **options):
    """The distribution of this name, with these parameters."""
    return class_of(T, name)(*FIRST.get(name.split()[0], ()), **parameters, **options)

"""Probability distributions: samples, log probabilities and entropies, with gradients to the parameters.

>>> import autodiff as torch
>>> from autodiff.distributions import Normal
>>> d = Normal(torch.tensor([0.0]), torch.tensor([1.0]))
>>> d.log_prob(torch.tensor([0.0]))
tensor([-0.9189])

Reading order: `distribution` (the base, and the two shapes), `normal` and `categorical` (one with `rsample`, one without),
`constraints` (what parameters and samples may be), `transforms` and `transformed_distribution` (one distribution from another),
`kl` (how far one is from another).
"""

# isort: off
from typing import Any

from autodiff._core.missing import missing_name
from autodiff.distributions import _kl_cross, _kl_normal_vectors, _kl_same  # noqa: F401  (the pairs that have a formula)
from autodiff.distributions import constraints, transforms, utils
from autodiff.distributions.bernoulli import Bernoulli
from autodiff.distributions.beta import Beta
from autodiff.distributions.binomial import Binomial
from autodiff.distributions.categorical import Categorical
from autodiff.distributions.cauchy import Cauchy
from autodiff.distributions.chi2 import Chi2
from autodiff.distributions.constraint_registry import biject_to, transform_to
from autodiff.distributions.continuous_bernoulli import ContinuousBernoulli
from autodiff.distributions.dirichlet import Dirichlet
from autodiff.distributions.distribution import Distribution
from autodiff.distributions.exp_family import ExponentialFamily
from autodiff.distributions.exponential import Exponential
from autodiff.distributions.fishersnedecor import FisherSnedecor
from autodiff.distributions.gamma import Gamma
from autodiff.distributions.generalized_pareto import GeneralizedPareto
from autodiff.distributions.geometric import Geometric
from autodiff.distributions.gumbel import Gumbel
from autodiff.distributions.half_cauchy import HalfCauchy
from autodiff.distributions.half_normal import HalfNormal
from autodiff.distributions.independent import Independent
from autodiff.distributions.inverse_gamma import InverseGamma
from autodiff.distributions.kl import kl_divergence, register_kl
from autodiff.distributions.kumaraswamy import Kumaraswamy
from autodiff.distributions.laplace import Laplace
from autodiff.distributions.lkj_cholesky import LKJCholesky
from autodiff.distributions.log_normal import LogNormal
from autodiff.distributions.logistic_normal import LogisticNormal
from autodiff.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from autodiff.distributions.mixture_same_family import MixtureSameFamily
from autodiff.distributions.multinomial import Multinomial
from autodiff.distributions.multivariate_normal import MultivariateNormal
from autodiff.distributions.negative_binomial import NegativeBinomial
from autodiff.distributions.normal import Normal
from autodiff.distributions.one_hot_categorical import OneHotCategorical, OneHotCategoricalStraightThrough
from autodiff.distributions.pareto import Pareto
from autodiff.distributions.poisson import Poisson
from autodiff.distributions.relaxed_bernoulli import RelaxedBernoulli
from autodiff.distributions.relaxed_categorical import RelaxedOneHotCategorical
from autodiff.distributions.studentT import StudentT
from autodiff.distributions.transformed_distribution import TransformedDistribution
from autodiff.distributions.transforms import (
    AbsTransform, AffineTransform, CatTransform, ComposeTransform, CorrCholeskyTransform, CumulativeDistributionTransform,
    ExpTransform, IndependentTransform, LowerCholeskyTransform, PositiveDefiniteTransform, PowerTransform, ReshapeTransform,
    SigmoidTransform, SoftmaxTransform, SoftplusTransform, StackTransform, StickBreakingTransform, TanhTransform, Transform,
    identity_transform,
)
from autodiff.distributions.uniform import Uniform
from autodiff.distributions.von_mises import VonMises
from autodiff.distributions.weibull import Weibull
from autodiff.distributions.wishart import Wishart
# isort: on

__all__ = [
    "AbsTransform", "AffineTransform", "Bernoulli", "Beta", "Binomial", "CatTransform", "Categorical", "Cauchy", "Chi2",
    "ComposeTransform", "ContinuousBernoulli", "CorrCholeskyTransform", "CumulativeDistributionTransform", "Dirichlet",
    "Distribution", "ExpTransform", "Exponential", "ExponentialFamily", "FisherSnedecor", "Gamma", "GeneralizedPareto",
    "Geometric", "Gumbel", "HalfCauchy", "HalfNormal", "Independent", "IndependentTransform", "InverseGamma", "Kumaraswamy",
    "LKJCholesky", "Laplace", "LogNormal", "LogisticNormal", "LowRankMultivariateNormal", "LowerCholeskyTransform",
    "MixtureSameFamily", "Multinomial", "MultivariateNormal", "NegativeBinomial", "Normal", "OneHotCategorical",
    "OneHotCategoricalStraightThrough", "Pareto", "Poisson", "PositiveDefiniteTransform", "PowerTransform", "RelaxedBernoulli",
    "RelaxedOneHotCategorical", "ReshapeTransform", "SigmoidTransform", "SoftmaxTransform", "SoftplusTransform",
    "StackTransform", "StickBreakingTransform", "StudentT", "TanhTransform", "Transform", "TransformedDistribution", "Uniform",
    "VonMises", "Weibull", "Wishart", "biject_to", "constraints", "identity_transform", "kl_divergence", "register_kl",
    "transform_to", "transforms", "utils",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)

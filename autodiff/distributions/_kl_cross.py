"""The Kullback-Leibler divergence of two distributions of different kinds: KL = -H(p) - E_p[log q].

After this module a reader knows that log q asks for a few expectations under p, such as E[x], E[x**2] and E[log x], and that
the divergence is infinite where p has values that q says never happen.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff.distributions.bernoulli import Bernoulli
from autodiff.distributions.beta import Beta
from autodiff.distributions.binomial import Binomial
from autodiff.distributions.continuous_bernoulli import ContinuousBernoulli
from autodiff.distributions.exponential import Exponential
from autodiff.distributions.gamma import Gamma
from autodiff.distributions.gumbel import EULER, Gumbel
from autodiff.distributions.kl import infinite, register_kl
from autodiff.distributions.laplace import Laplace
from autodiff.distributions.normal import Normal
from autodiff.distributions.pareto import Pareto
from autodiff.distributions.poisson import Poisson
from autodiff.distributions.uniform import Uniform

__all__: list[str] = []

# Pairs of which p has values outside of q's support, whatever the parameters are.
for _p, _qs in (
    (Beta, (Pareto,)),
    (ContinuousBernoulli, (Pareto,)),
    (Exponential, (Beta, ContinuousBernoulli, Pareto, Uniform)),
    (Gamma, (Beta, ContinuousBernoulli, Pareto, Uniform)),
    (Gumbel, (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    (Laplace, (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    (Normal, (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    (Pareto, (Beta, ContinuousBernoulli, Uniform)),
    (Poisson, (Bernoulli, Binomial)),
):
    for _q in _qs:
        register_kl(_p, _q)(lambda p, q: infinite(p))


# ---- E[-log q], from the moments of p ----


def _under_exponential(q: Any, mean: Any) -> Any:
    return q.rate * mean - q.rate.log()


def _under_gamma(q: Any, mean: Any, mean_log: Any) -> Any:
    a = q.concentration
    return a.lgamma() - a * q.rate.log() - (a - 1) * mean_log + q.rate * mean


def _under_normal(q: Any, mean: Any, variance: Any) -> Any:
    var = q.scale.pow(2)
    return 0.5 * (2 * math.pi * var).log() + (variance + (mean - q.loc).pow(2)) / (2 * var)


def _under_gumbel(q: Any, mean: Any, mean_exp: Any) -> Any:
    """`mean_exp` is E[exp((loc - x) / scale)]."""
    return q.scale.log() - (q.loc - mean) / q.scale + mean_exp


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, ContinuousBernoulli)
def _beta_continuous_bernoulli(p: Any, q: Any) -> Any:
    return -p.entropy() + q.expected_loss(p.mean)


@register_kl(Beta, Exponential)
def _beta_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_exponential(q, p.mean)


@register_kl(Beta, Gamma)
def _beta_gamma(p: Any, q: Any) -> Any:
    mean_log = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    return -p.entropy() + _under_gamma(q, p.mean, mean_log)


@register_kl(Beta, Normal)
def _beta_normal(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_normal(q, p.mean, p.variance)


@register_kl(Beta, Uniform)
def _beta_uniform(p: Any, q: Any) -> Any:
    found = -p.entropy() + (q.high - q.low).log()
    return found.masked_fill((q.low > 0) | (q.high < 1), math.inf)


@register_kl(ContinuousBernoulli, Exponential)
def _continuous_bernoulli_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_exponential(q, p.mean)


@register_kl(ContinuousBernoulli, Normal)
def _continuous_bernoulli_normal(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_normal(q, p.mean, p.variance)


@register_kl(ContinuousBernoulli, Uniform)
def _continuous_bernoulli_uniform(p: Any, q: Any) -> Any:
    # An end that both have in common is infinite too, in PyTorch as well.
    return (-p.entropy() + (q.high - q.low).log()).masked_fill((q.low >= 0) | (q.high <= 1), math.inf)


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_gamma(q, p.mean, -EULER - p.rate.log())


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Any, q: Any) -> Any:
    product = p.rate * q.scale
    return -p.entropy() + _under_gumbel(q, p.mean, (q.loc / q.scale).exp() * product / (product + 1))


@register_kl(Exponential, Normal)
def _exponential_normal(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_normal(q, p.mean, p.variance)


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_exponential(q, p.mean)


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Any, q: Any) -> Any:
    mean_exp = (q.loc / q.scale).exp() * (1 + (p.rate * q.scale).reciprocal()).pow(-p.concentration)
    return -p.entropy() + _under_gumbel(q, p.mean, mean_exp)


@register_kl(Gamma, Normal)
def _gamma_normal(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_normal(q, p.mean, p.variance)


@register_kl(Gumbel, Normal)
def _gumbel_normal(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_normal(q, p.mean, p.variance)


@register_kl(Laplace, Normal)
def _laplace_normal(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_normal(q, p.mean, p.variance)


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Any, q: Any) -> Any:
    mean_exp = ((q.loc - p.loc) / q.scale + 0.5 * (p.scale / q.scale).pow(2)).exp()
    return -p.entropy() + _under_gumbel(q, p.mean, mean_exp)


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Any:
    distance = p.loc - q.loc
    share = distance / p.scale
    mean_distance = math.sqrt(2 / math.pi) * p.scale * (-0.5 * share.pow(2)).exp() + distance * (math.sqrt(0.5) * share).erf()
    return -p.entropy() + (2 * q.scale).log() + mean_distance / q.scale


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Any, q: Any) -> Any:
    found = -p.entropy() + _under_exponential(q, p.mean)
    return found.masked_fill(p.alpha <= 1, math.inf)


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Any, q: Any) -> Any:
    found = -p.entropy() + _under_gamma(q, p.mean, p.scale.log() + p.alpha.reciprocal())
    return found.masked_fill(p.alpha <= 1, math.inf)


@register_kl(Pareto, Normal)
def _pareto_normal(p: Any, q: Any) -> Any:
    found = -p.entropy() + _under_normal(q, p.mean, p.variance)
    return found.masked_fill(p.alpha <= 2, math.inf)


def _mean_log(p: Any) -> Any:
    """E[log x] of a uniform x."""
    return (p.high.xlogy(p.high) - p.low.xlogy(p.low)) / (p.high - p.low) - 1


@register_kl(Uniform, Beta)
def _uniform_beta(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    low, high = 1 - p.low, 1 - p.high
    mean_log_rest = (low.xlogy(low) - high.xlogy(high)) / (p.high - p.low) - 1
    found = -p.entropy() + a.lgamma() + b.lgamma() - (a + b).lgamma() - (a - 1) * _mean_log(p) - (b - 1) * mean_log_rest
    return found.masked_fill((p.high > 1) | (p.low < 0), math.inf)


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p: Any, q: Any) -> Any:
    # An end that both have in common is infinite too, in PyTorch as well.
    return (-p.entropy() + q.expected_loss(p.mean)).masked_fill((p.high >= 1) | (p.low <= 0), math.inf)


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Any, q: Any) -> Any:
    return (-p.entropy() + _under_exponential(q, p.mean)).masked_fill(p.low < 0, math.inf)


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Any, q: Any) -> Any:
    return (-p.entropy() + _under_gamma(q, p.mean, _mean_log(p))).masked_fill(p.low < 0, math.inf)


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Any, q: Any) -> Any:
    ends = ((q.loc - p.low) / q.scale).exp() - ((q.loc - p.high) / q.scale).exp()
    return -p.entropy() + _under_gumbel(q, p.mean, q.scale / (p.high - p.low) * ends)


@register_kl(Uniform, Normal)
def _uniform_normal(p: Any, q: Any) -> Any:
    return -p.entropy() + _under_normal(q, p.mean, p.variance)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Any, q: Any) -> Any:
    found = -p.entropy() - q.alpha.log() - q.alpha * q.scale.log() + (q.alpha + 1) * _mean_log(p)
    return found.masked_fill(p.low < q.scale, math.inf)

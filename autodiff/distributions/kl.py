"""The Kullback-Leibler divergence: how much is lost when q is taken for p, E_p[log p - log q].

After this module a reader knows how a formula is found for a pair of distributions, and that many follow from p's entropy and
a few of its moments: KL = -H(p) - E_p[log q].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autodiff.autograd.gradients import grad
from autodiff.distributions._transform import sum_rightmost
from autodiff.distributions.distribution import Distribution
from autodiff.distributions.exp_family import ExponentialFamily
from autodiff.distributions.independent import Independent
from autodiff.distributions.transformed_distribution import TransformedDistribution

__all__ = ["kl_divergence", "register_kl"]

_REGISTRY: dict[tuple[type, type], Callable[[Any, Any], Any]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Any], Any]:
    """A decorator for the function that computes the divergence of a pair of classes, and of their subclasses.

    TypeError for what is not a class of distributions.

    >>> import autodiff as torch
    >>> from autodiff.distributions import Normal, register_kl
    >>> class Mine(Normal):
    ...     pass
    >>> @register_kl(Mine, Normal)
    ... def mine(p, q):
    ...     return torch.zeros(())
    >>> torch.distributions.kl_divergence(Mine(0.0, 1.0), Normal(0.0, 1.0))
    tensor(0.)
    """
    for name, each in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(each, type) and issubclass(each, Distribution)):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {each}")

    def decorate(function: Any) -> Any:
        _REGISTRY[type_p, type_q] = function
        return function

    return decorate


def _found(type_p: type, type_q: type) -> Callable[[Any, Any], Any] | None:
    """The function of the nearest pair of base classes."""
    pairs = [(p, q) for p, q in _REGISTRY if issubclass(type_p, p) and issubclass(type_q, q)]
    if not pairs:
        return None
    return _REGISTRY[min(pairs, key=lambda pair: (type_p.__mro__.index(pair[0]), type_q.__mro__.index(pair[1])))]


def kl_divergence(p: Any, q: Any) -> Any:
    """E_p[log p - log q], one number for each distribution of the batch; NotImplementedError for a pair without a formula.

    >>> import autodiff as torch
    >>> from autodiff.distributions import Normal
    >>> torch.distributions.kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    function = _found(type(p), type(q))
    result = NotImplemented if function is None else function(p, q)
    if result is NotImplemented:
        names = f"p type {p.__class__.__name__} and q type {q.__class__.__name__}"
        raise NotImplementedError(f"No KL(p || q) is implemented for {names}")
    return result


# ---- pairs of any kind ----


@register_kl(ExponentialFamily, ExponentialFamily)
def _kl_expfamily_expfamily(p: Any, q: Any) -> Any:
    """A(q) - A(p) - <q - p, dA/dp>, of natural parameters."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed using Bregman divergences"
        )
    p_params = [t.detach().requires_grad_() for t in p._natural_params]
    q_params = q._natural_params
    at_p = p._log_normalizer(*p_params)
    gradients = grad(at_p.sum(), p_params, create_graph=True)
    result = q._log_normalizer(*q_params) - at_p
    for a, b, g in zip(p_params, q_params, gradients, strict=True):
        part = (b - a) * g
        result = result - sum_rightmost(part, part.dim() - result.dim())
    return result


@register_kl(Independent, Independent)
def _independents(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


def infinite(p: Any) -> Any:
    """inf for each distribution of the batch: p has values that q says never happen."""
    mean = p.mean
    return mean.new_full(mean.shape, math.inf)

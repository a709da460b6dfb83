"""The Kullback-Leibler divergence of normal vectors, with a full covariance matrix or one of low rank; and of Wishart matrices.

After this module a reader knows that one formula does for every pair: log det C_q - log det C_p + tr(C_q^-1 C_p) +
(m_q - m_p)^T C_q^-1 (m_q - m_p) - n, halved. A pair only differs in how C_q^-1 is applied, and in how C_p is a product F F^T.
"""

from __future__ import annotations

from typing import Any

from autodiff.api.join import cat
from autodiff.distributions.kl import register_kl
from autodiff.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from autodiff.distributions.multivariate_normal import MultivariateNormal
from autodiff.distributions.wishart import Wishart
from autodiff.linalg import solve_triangular

__all__: list[str] = []


def _factor(d: Any) -> Any:
    """F, for the covariance matrix F F^T."""
    if isinstance(d, MultivariateNormal):
        return d._unbroadcasted_scale_tril
    diagonal = d.cov_diag.sqrt().diag_embed()
    return cat([d.cov_factor, diagonal], -1)


def _log_det(d: Any) -> Any:
    if isinstance(d, MultivariateNormal):
        return 2 * d._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return d.log_det()


def _squares(d: Any, x: Any) -> Any:
    """The sum of x^T C^-1 x over the columns of x."""
    if isinstance(d, MultivariateNormal):
        return solve_triangular(d._unbroadcasted_scale_tril, x, upper=False).pow(2).sum((-2, -1))
    return d.squares(x)


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _normal_vectors(p: Any, q: Any) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two (Low Rank) Multivariate Normals with different event shapes cannot be computed"
        )
    spread = _squares(q, _factor(p)) + _squares(q, (q.loc - p.loc).unsqueeze(-1))
    return 0.5 * (_log_det(q) - _log_det(p) + spread - p.event_shape[0])


@register_kl(Wishart, Wishart)
def _wishart(p: Any, q: Any) -> Any:
    return -p.entropy() - q.expected_log_prob(p.mean_log_det(), q.trace(p.mean))

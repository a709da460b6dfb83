"""Gamma numbers and points on the simplex that are drawn at random, and move when the distribution's parameters do.

After this module a reader knows how a random number has a derivative: hold the share of the distribution below it fixed,
F(y; alpha) = u, and see how y must move when alpha does: dy/dalpha = -(dF/dalpha) / (dF/dy) (Figurnov, Mohamed and Mnih,
Implicit reparameterization gradients, 2018). The slope is known as a number only, so that it has no further derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _draws
from autodiff._core.tensor import Tensor
from autodiff.api.creation import from_numpy
from autodiff.autograd.function import Function, once_differentiable
from autodiff.ops.special import psi
from autodiff.random import default_generator

__all__ = ["dirichlet_backward", "sample_dirichlet", "standard_gamma"]

def _share_slope(alpha: Any, y: Any) -> Any:
    """dF/dalpha divided by dF/dy, for the gamma distribution with rate 1, from the power series of F around y = 0.

    F = sum of t(n) with t(n) = y**(alpha + n) * exp(-y) / Gamma(alpha + n + 1); each term's slope in alpha is
    t(n) * (log y - digamma(alpha + n + 1)), and dF/dy = t(0) * alpha / y. Both are divided by t(0) from the start.
    """
    term, total = np.ones_like(y), np.zeros_like(y)
    digamma, log_y = psi(alpha + 1), np.log(y)
    n = 0
    while True:
        total += term * (log_y - digamma)
        n += 1
        term = term * y / (alpha + n)
        digamma = digamma + 1 / (alpha + n)
        if (term * (1 + np.abs(log_y - digamma)) <= 1e-17 * np.abs(total)).all() and (alpha + n > y).all():
            return total * y / alpha


def _for_large(alpha: Any, y: Any) -> Any:
    """The same where alpha is large: y is nearly alpha * (1 - 1/(9 alpha) + z / (3 sqrt(alpha)))**3 (Wilson and Hilferty)."""
    root = np.cbrt(y / alpha)
    z = (root - 1 + 1 / (9 * alpha)) * 3 * np.sqrt(alpha)
    slope_of_root = 1 / (9 * alpha * alpha) - z / (6 * alpha * np.sqrt(alpha))
    return root**3 + 3 * alpha * root * root * slope_of_root


def _gamma_slope(alpha: Any, drawn: Any) -> Any:
    """How far a gamma number, drawn for the shape alpha, moves for a step of alpha."""
    a, x = np.broadcast_arrays(alpha.astype(np.float64), drawn.astype(np.float64))
    large = a > 300
    with np.errstate(all="ignore"):
        found = np.empty(a.shape)
        if large.any():
            found[large] = _for_large(a[large], x[large])
        if not large.all():
            found[~large] = -_share_slope(a[~large], x[~large])
    return found.astype(drawn.dtype)


def _beta_series(a: Any, b: Any, x: Any, slope_of_first: bool) -> Any:
    """(dF/da) / (dF/dx) for the beta distribution, or with `slope_of_first` False (dF/db) / (dF/dx), by the series in x.

    F = sum of t(n), t(n) = Gamma(a + b + n) / (Gamma(a + 1 + n) * Gamma(b)) * x**(a + n) * (1 - x)**b;
    dF/dx = t(0) * a / (x * (1 - x)).
    """
    term, total = np.ones_like(x), np.zeros_like(x)
    both = psi(a + b)
    if slope_of_first:
        ends, constant = psi(a + 1), np.log(x)
    else:
        ends, constant = np.zeros_like(x), np.log1p(-x) - psi(b)
    n = 0
    while True:
        slope = constant + both - ends
        total += term * slope
        both = both + 1 / (a + b + n)
        ends = ends + 1 / (a + 1 + n) if slope_of_first else ends
        ratio = x * (a + b + n) / (a + 1 + n)
        term = term * ratio
        n += 1
        if (term * (1 + np.abs(slope)) <= 1e-16 * (1 - ratio) * np.abs(total)).all() and (ratio < 1).all():
            return total * x * (1 - x) / a


def _dirichlet_slope(drawn: Any, alpha: Any, total: Any) -> Any:
    """How far a coordinate moves for a step of alpha, over 1 - it: it is a beta number, Beta(alpha, total - alpha)."""
    x, a, b = np.broadcast_arrays(*(each.astype(np.float64) for each in (drawn, alpha, total - alpha)))
    x = np.clip(x, 1e-300, 1 - 1e-16)
    found, low = np.empty(x.shape), x <= 0.5
    with np.errstate(all="ignore"):
        if low.any():
            found[low] = -_beta_series(a[low], b[low], x[low], True)
        if not low.all():  # the share below x is 1 less the share of Beta(b, a) below 1 - x
            found[~low] = _beta_series(b[~low], a[~low], 1 - x[~low], False)
    return (found / (1 - x)).astype(drawn.dtype)


class _StandardGamma(Function):
    @staticmethod
    def forward(ctx: Any, alpha: Any) -> Any:
        found = from_numpy(_draws.standard_gamma(default_generator, alpha._array))
        ctx.save_for_backward(alpha, found)
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Any) -> Any:
        alpha, found = ctx.saved_tensors
        return g * from_numpy(_gamma_slope(alpha._array, found._array))


class _SampleDirichlet(Function):
    @staticmethod
    def forward(ctx: Any, alpha: Any) -> Any:
        found = from_numpy(_draws.dirichlet(default_generator, alpha._array))
        ctx.save_for_backward(alpha, found)
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Any) -> Any:
        alpha, found = ctx.saved_tensors
        return dirichlet_backward(found, alpha, g)


def dirichlet_backward(x: Tensor, concentration: Tensor, grad_output: Tensor) -> Any:
    """The gradient of the concentrations of which x was drawn, as a number only."""
    total = concentration.sum(-1, True)
    slope = from_numpy(_dirichlet_slope(x._array, concentration._array, total._array))
    return slope * (grad_output - (x * grad_output).sum(-1, True))


def standard_gamma(alpha: Tensor) -> Any:
    """A gamma number of rate 1 for each shape parameter, which may require a gradient."""
    return _StandardGamma.apply(alpha)


def sample_dirichlet(alpha: Tensor) -> Any:
    """A point on the simplex for each row of concentrations, which may require a gradient."""
    return _SampleDirichlet.apply(alpha)

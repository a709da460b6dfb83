"""Gamma numbers and points drawn at random, which move when the distribution's parameters do.

After this module a reader knows how a random number has a derivative: hold the share of the distribution below it fixed,
F(y; alpha) = u, and see how y must move when alpha does: dy/dalpha = -(dF/dalpha) / (dF/dy) (Figurnov, Mohamed and Mnih,
Implicit reparameterization gradients, 2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff.ops.reduce import sum_over

_BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


def _digamma(x: Any) -> Any:
    """The slope of log Gamma, for x > 0: brought to x > 10 by its recurrence, then its asymptotic series."""
    steps = np.zeros_like(x)
    while (low := x < 10).any():
        steps -= np.where(low, 1 / x, 0)
        x = np.where(low, x + 1, x)
    square = 1 / (x * x)
    series = np.zeros_like(x)
    for c in reversed(_BERNOULLI):
        series = (series + c) * square
    return steps + np.log(x) - 0.5 / x - series


def _share_slope(alpha: Any, y: Any) -> Any:
    """dF/dalpha divided by dF/dy, for the gamma distribution with rate 1, from the power series of F around y = 0.

    F = sum of t(n) with t(n) = y**(alpha + n) * exp(-y) / Gamma(alpha + n + 1); each term's slope in alpha is
    t(n) * (log y - digamma(alpha + n + 1)), and dF/dy = t(0) * alpha / y. Both are divided by t(0) from the start.
    """
    term, total = np.ones_like(y), np.zeros_like(y)
    psi, log_y = _digamma(alpha + 1), np.log(y)
    n = 0
    while True:
        total += term * (log_y - psi)
        n += 1
        term = term * y / (alpha + n)
        psi = psi + 1 / (alpha + n)
        if (term * (1 + np.abs(log_y - psi)) <= 1e-17 * np.abs(total)).all() and (alpha + n > y).all():
            return total * y / alpha


def _for_large(alpha: Any, y: Any) -> Any:
    """The same where alpha is large: y is nearly alpha * (1 - 1/(9 alpha) + z / (3 sqrt(alpha)))**3 (Wilson and Hilferty)."""
    root = np.cbrt(y / alpha)
    z = (root - 1 + 1 / (9 * alpha)) * 3 * np.sqrt(alpha)
    slope_of_root = 1 / (9 * alpha * alpha) - z / (6 * alpha * np.sqrt(alpha))
    return root**3 + 3 * alpha * root * root * slope_of_root


@primitive(None, None, says="A slope that is only known as a number has no further derivative.")
def gamma_slope(alpha, drawn):
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


@primitive(
    lambda g, y, alpha: g * gamma_slope(alpha, y),
    name="StandardGammaBackward0",
    says="A random number moves with the shape of its distribution, so that the share below it stays what it was.",
)
def standard_gamma(alpha, *, values):
    """The gamma numbers that were drawn for the shapes alpha."""
    return values


def _beta_series(a: Any, b: Any, x: Any, slope_of_first: bool) -> Any:
    """(dF/da) / (dF/dx) for the beta distribution, or with `slope_of_first` False (dF/db) / (dF/dx), by the series in x.

    F = sum of t(n), t(n) = Gamma(a + b + n) / (Gamma(a + 1 + n) * Gamma(b)) * x**(a + n) * (1 - x)**b;
    dF/dx = t(0) * a / (x * (1 - x)).
    """
    term, total = np.ones_like(x), np.zeros_like(x)
    both = _digamma(a + b)
    if slope_of_first:
        ends, constant = _digamma(a + 1), np.log(x)
    else:
        ends, constant = np.zeros_like(x), np.log1p(-x) - _digamma(b)
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


@primitive(None, None, None, says="A slope that is only known as a number has no further derivative.")
def dirichlet_slope(drawn, alpha, total):
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


@primitive(
    lambda g, y, alpha: (g - sum_over(g * y, axes=(-1,), keepdim=True))
    * dirichlet_slope(y, alpha, sum_over(alpha, axes=(-1,), keepdim=True)),
    name="SampleDirichletBackward0",
    says="A coordinate moves with its own concentration, and the others make room.",
)
def sample_dirichlet(alpha, *, values):
    """The points that were drawn for the concentrations alpha."""
    return values


@primitive(None, says="How often something happens is a whole number: no small change of its chance moves it.")
def counted(input, *, values):
    """The whole numbers that were drawn."""
    return values

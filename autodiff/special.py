"""Special functions under the names of SciPy's module, which they come from: `torch.special`.

After this module a reader knows which of them are known by another name too: expit is sigmoid, psi is digamma.

>>> import autodiff as torch
>>> torch.special.expit(torch.tensor([0.0]))
tensor([0.5000])
"""

from __future__ import annotations

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.api import bessel, polynomials
from autodiff.api import special as called
from autodiff.api import with_out as functions
from autodiff.api import with_out_mathematics as mathematics
from autodiff.api.out import POINTWISE, takes_out
from autodiff.ops import normal
from autodiff.ops import special as plain

__all__ = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "chebyshev_polynomial_t", "chebyshev_polynomial_u",
    "chebyshev_polynomial_v", "chebyshev_polynomial_w", "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2", "expit",
    "expm1", "gammainc", "gammaincc", "gammaln", "hermite_polynomial_h", "hermite_polynomial_he", "i0", "i0e", "i1", "i1e",
    "laguerre_polynomial_l", "legendre_polynomial_p", "log1p", "log_ndtr", "log_softmax", "logit", "logsumexp",
    "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "multigammaln", "ndtr", "ndtri",
    "polygamma", "psi", "round", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v", "shifted_chebyshev_polynomial_w", "sinc", "softmax",
    "spherical_bessel_j0", "xlog1py", "xlogy", "zeta",
]

# ---- by another name ----

digamma = psi = mathematics.digamma
erfinv = mathematics.erfinv
gammainc, gammaincc = mathematics.igamma, mathematics.igammac
gammaln = mathematics.lgamma
i0 = mathematics.i0
multigammaln = mathematics.mvlgamma
polygamma = mathematics.polygamma
sinc = mathematics.sinc
xlogy = mathematics.xlogy
erf, erfc = functions.erf, functions.erfc
exp2, expm1, log1p = functions.exp2, functions.expm1, functions.log1p
expit = functions.sigmoid
logit = functions.logit
log_softmax, logsumexp, softmax = functions.log_softmax, functions.logsumexp, functions.softmax
round = functions.round

# ---- their own: element by element, into any dtype that the result can be cast to ----

entr = takes_out(plain.entr, POINTWISE)
erfcx = takes_out(normal.erfcx, POINTWISE)
i0e = takes_out(called.i0e, POINTWISE)
i1 = takes_out(called.i1, POINTWISE)
i1e = takes_out(called.i1e, POINTWISE)
log_ndtr = takes_out(normal.log_ndtr, POINTWISE)
ndtr = takes_out(called.ndtr, POINTWISE)
ndtri = takes_out(normal.ndtri, POINTWISE)
xlog1py = takes_out(plain.xlog1py, POINTWISE)
zeta = takes_out(plain.zeta, POINTWISE)

airy_ai = takes_out(bessel.airy_ai, POINTWISE)
bessel_j0 = takes_out(bessel.bessel_j0, POINTWISE)
bessel_j1 = takes_out(bessel.bessel_j1, POINTWISE)
bessel_y0 = takes_out(bessel.bessel_y0, POINTWISE)
bessel_y1 = takes_out(bessel.bessel_y1, POINTWISE)
modified_bessel_i0 = takes_out(bessel.modified_bessel_i0, POINTWISE)
modified_bessel_i1 = takes_out(bessel.modified_bessel_i1, POINTWISE)
modified_bessel_k0 = takes_out(bessel.modified_bessel_k0, POINTWISE)
modified_bessel_k1 = takes_out(bessel.modified_bessel_k1, POINTWISE)
scaled_modified_bessel_k0 = takes_out(bessel.scaled_modified_bessel_k0, POINTWISE)
scaled_modified_bessel_k1 = takes_out(bessel.scaled_modified_bessel_k1, POINTWISE)
spherical_bessel_j0 = takes_out(bessel.spherical_bessel_j0, POINTWISE)
chebyshev_polynomial_t = takes_out(polynomials.chebyshev_polynomial_t, POINTWISE)
chebyshev_polynomial_u = takes_out(polynomials.chebyshev_polynomial_u, POINTWISE)
chebyshev_polynomial_v = takes_out(polynomials.chebyshev_polynomial_v, POINTWISE)
chebyshev_polynomial_w = takes_out(polynomials.chebyshev_polynomial_w, POINTWISE)
hermite_polynomial_h = takes_out(polynomials.hermite_polynomial_h, POINTWISE)
hermite_polynomial_he = takes_out(polynomials.hermite_polynomial_he, POINTWISE)
laguerre_polynomial_l = takes_out(polynomials.laguerre_polynomial_l, POINTWISE)
legendre_polynomial_p = takes_out(polynomials.legendre_polynomial_p, POINTWISE)
shifted_chebyshev_polynomial_t = takes_out(polynomials.shifted_chebyshev_polynomial_t, POINTWISE)
shifted_chebyshev_polynomial_u = takes_out(polynomials.shifted_chebyshev_polynomial_u, POINTWISE)
shifted_chebyshev_polynomial_v = takes_out(polynomials.shifted_chebyshev_polynomial_v, POINTWISE)
shifted_chebyshev_polynomial_w = takes_out(polynomials.shifted_chebyshev_polynomial_w, POINTWISE)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)

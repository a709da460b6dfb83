"""The functions of mathematics that also write into a tensor that is given: products, special functions, statistics.

After this module a reader can find each of them in one list, by what it asks of `out`, as in `with_out`.
"""

from __future__ import annotations

from autodiff.api import (
    complex_numbers,
    distance,
    equations,
    histograms,
    matrix_functions,
    products,
    quantiles,
    running,
    special,
    sums_with_products,
)
from autodiff.api import old_linear_algebra as old
from autodiff.api import parts as floats
from autodiff.api.out import ADDED, CASTABLE, OWN_DTYPE, PICKED, POINTWISE, SAFELY, SAME, Rule, takes_out
from autodiff.ops import bits, exponential, parts
from autodiff.ops import special as gamma

# The part of the public list that takes `out`, for this family.
__all__ = [
    "addbmm", "addmv", "addr", "angle", "chain_matmul", "cholesky", "cholesky_inverse", "cholesky_solve", "conj_physical",
    "copysign", "cross", "cummax", "cummin", "digamma", "dist", "erfinv", "fmax", "fmin", "frexp", "frobenius_norm", "gcd",
    "geqrf", "ger", "heaviside", "histc", "histogram", "i0", "igamma", "igammac", "inner", "inverse", "isneginf", "isposinf",
    "kron", "lcm", "ldexp", "lgamma", "logaddexp2", "logcumsumexp", "lu_solve", "lu_unpack", "matrix_power", "mvlgamma",
    "nanmedian", "nanquantile", "nextafter", "nuclear_norm", "orgqr", "ormqr", "polygamma", "qr", "quantile", "renorm", "sgn",
    "signbit", "sinc", "slogdet", "svd", "tensordot", "triangular_solve", "vdot", "xlogy",
]

# ---- element by element: into any dtype that the result can be cast to ----

copysign = takes_out(parts.copysign, POINTWISE)
fmax = takes_out(parts.fmax, POINTWISE)
fmin = takes_out(parts.fmin, POINTWISE)
gcd = takes_out(bits.gcd, POINTWISE)
lcm = takes_out(bits.lcm, POINTWISE)
ldexp = takes_out(parts.ldexp, CASTABLE)
logaddexp2 = takes_out(exponential.logaddexp2, POINTWISE)
nextafter = takes_out(parts.nextafter, POINTWISE)

i0 = takes_out(special.i0, POINTWISE)
mvlgamma = takes_out(special.mvlgamma, CASTABLE)
polygamma = takes_out(special.polygamma, POINTWISE)
digamma = takes_out(gamma.digamma, POINTWISE)
erfinv = takes_out(gamma.erfinv, POINTWISE)
igamma = takes_out(gamma.igamma, POINTWISE)
igammac = takes_out(gamma.igammac, POINTWISE)
lgamma = takes_out(gamma.lgamma, POINTWISE)
sinc = takes_out(gamma.sinc, POINTWISE)
xlogy = takes_out(gamma.xlogy, POINTWISE)

# ---- element by element: into the result's own dtype ----

frexp = takes_out(floats.frexp, OWN_DTYPE)
heaviside = takes_out(parts.heaviside, OWN_DTYPE)
isneginf = takes_out(parts.isneginf, OWN_DTYPE)
isposinf = takes_out(parts.isposinf, OWN_DTYPE)
renorm = takes_out(distance.renorm, OWN_DTYPE)
sgn = takes_out(parts.sgn, OWN_DTYPE)
signbit = takes_out(parts.signbit, OWN_DTYPE)

# ---- products ----

addbmm = takes_out(sums_with_products.addbmm, Rule("same", resizes=True))
addmv = takes_out(sums_with_products.addmv, ADDED)
addr = takes_out(sums_with_products.addr, CASTABLE)
chain_matmul = takes_out(products.chain_matmul, SAME)
cross = takes_out(products.cross, PICKED)
kron = takes_out(products.kron, Rule(apart=0))
inner = takes_out(products.inner, SAME)
tensordot = takes_out(products.tensordot, SAME)
vdot = takes_out(products.vdot, SAME)

# ---- statistics ----

dist = takes_out(distance.dist, CASTABLE)
histc = takes_out(histograms.histc, SAME)
histogram = takes_out(histograms.histogram, SAME)
nanmedian = takes_out(quantiles.nanmedian, SAME)
nanquantile = takes_out(quantiles.nanquantile, SAME)
quantile = takes_out(quantiles.quantile, SAME)
cummax = takes_out(running.cummax, OWN_DTYPE)
cummin = takes_out(running.cummin, OWN_DTYPE)
logcumsumexp = takes_out(running.logcumsumexp, OWN_DTYPE)

angle = takes_out(complex_numbers.angle, POINTWISE)
conj_physical = takes_out(complex_numbers.conj_physical, OWN_DTYPE)

# ---- linear algebra under the names that are not in `linalg` ----

inverse = takes_out(equations.inverse, SAME)
matrix_power = takes_out(matrix_functions.matrix_power, SAME)
cholesky = takes_out(old.cholesky, SAFELY)
cholesky_inverse = takes_out(old.cholesky_inverse, SAFELY)
cholesky_solve = takes_out(old.cholesky_solve, SAFELY)
frobenius_norm = takes_out(old.frobenius_norm, SAME)
geqrf = takes_out(old.geqrf, SAFELY)
ger = takes_out(old.ger, POINTWISE)
lu_solve = takes_out(old.lu_solve, SAME)
lu_unpack = takes_out(old.lu_unpack, SAME)
nuclear_norm = takes_out(old.nuclear_norm, SAME)
orgqr = takes_out(old.orgqr, SAFELY)
ormqr = takes_out(old.ormqr, SAME)
qr = takes_out(old.qr, SAME)
svd = takes_out(old.svd, SAME)
triangular_solve = takes_out(old.triangular_solve, SAME)
slogdet = takes_out(old.slogdet, SAME)

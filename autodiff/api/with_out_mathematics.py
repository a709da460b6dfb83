"""The functions of mathematics that also write into a tensor that is given: products, special functions, statistics.

After this module a reader can find each of them in one list, by what it asks of `out`, as in `with_out`.
"""

from __future__ import annotations

from autodiff.api import parts as floats
from autodiff.api import products, sums_with_products
from autodiff.api.out import Rule, takes_out
from autodiff.ops import bits, exponential, parts

# The part of the public list that takes `out`, for this family.
__all__ = [
    "addbmm", "addmv", "addr", "chain_matmul", "copysign", "cross", "fmax", "fmin", "frexp", "gcd", "heaviside", "isneginf",
    "isposinf", "kron", "lcm", "ldexp", "logaddexp2", "nextafter", "sgn", "signbit", "tensordot", "vdot",
]

# ---- element by element: into any dtype that the result can be cast to ----

POINTWISE = Rule(pointwise=True)

copysign = takes_out(parts.copysign, POINTWISE)
fmax = takes_out(parts.fmax, POINTWISE)
fmin = takes_out(parts.fmin, POINTWISE)
gcd = takes_out(bits.gcd, POINTWISE)
lcm = takes_out(bits.lcm, POINTWISE)
ldexp = takes_out(parts.ldexp, Rule())
logaddexp2 = takes_out(exponential.logaddexp2, POINTWISE)
nextafter = takes_out(parts.nextafter, POINTWISE)

# ---- element by element: into the result's own dtype ----

OWN_DTYPE = Rule("same", pointwise=True)

frexp = takes_out(floats.frexp, OWN_DTYPE)
heaviside = takes_out(parts.heaviside, OWN_DTYPE)
isneginf = takes_out(parts.isneginf, OWN_DTYPE)
isposinf = takes_out(parts.isposinf, OWN_DTYPE)
sgn = takes_out(parts.sgn, OWN_DTYPE)
signbit = takes_out(parts.signbit, OWN_DTYPE)

# ---- products ----

SAME, PICKED, ADDED = Rule("same"), Rule("same", apart=0), Rule("same", pointwise=True, apart=1)

addbmm = takes_out(sums_with_products.addbmm, Rule("same", resizes=True))
addmv = takes_out(sums_with_products.addmv, ADDED)
addr = takes_out(sums_with_products.addr, Rule())
chain_matmul = takes_out(products.chain_matmul, SAME)
cross = takes_out(products.cross, PICKED)
kron = takes_out(products.kron, Rule(apart=0))
tensordot = takes_out(products.tensordot, SAME)
vdot = takes_out(products.vdot, SAME)

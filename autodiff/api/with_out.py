"""The functions of tensors that also write into a tensor that is given: exp(x, out=r).

After this module a reader can find each of them in one list, by what it asks of `out`. What stands behind a name is in the
module that it is taken from; how it writes, in `out`. (Those that choose, order and join elements are in `with_out_places`;
the functions that make tensors of no other, such as zeros, take `out` where they are defined.)
"""

from __future__ import annotations

from typing import cast

from autodiff.api import (
    activation,
    activation_forms,
    arithmetic,
    comparison,
    distance,
    extremes,
    pooling,
    reduce,
    sampling,
    statistics,
)
from autodiff.api import matmul as products
from autodiff.api.out import CASTABLE, CHOSEN, FLAG, OWN_DTYPE, POINTWISE, RUNNING, SAME, Rule, takes_out
from autodiff.ops import arithmetic as plain
from autodiff.ops import bits, exponential, power, rounding, trigonometry
from autodiff.ops import comparison as compared

# The part of the public list that takes `out`; those of nn.functional are listed there.
__all__ = [
    "abs", "acos", "acosh", "add", "addcdiv", "addcmul", "addmm", "all", "amax", "amin", "aminmax", "any", "argmax", "argmin",
    "asin", "asinh", "atan", "atan2", "atanh", "baddbmm", "bernoulli", "bitwise_and", "bitwise_left_shift", "bitwise_not",
    "bitwise_or", "bitwise_right_shift", "bitwise_xor", "bmm", "ceil", "clamp", "clamp_max", "clamp_min", "cos", "cosh",
    "cumprod", "cumsum", "deg2rad", "diff", "div", "dot", "eq", "erf", "erfc", "exp", "exp2", "expm1", "float_power", "floor",
    "floor_divide", "fmod", "frac", "ge", "gt", "hardshrink", "hypot", "le", "lerp", "log", "log1p", "log2", "log10",
    "log_softmax", "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "logsumexp", "lt", "matmul",
    "max", "maximum", "mean", "min", "minimum", "mm", "mul", "multinomial", "mv", "nan_to_num", "nanmean", "nansum", "ne",
    "neg", "norm", "outer", "pow", "prod", "rad2deg", "reciprocal", "remainder", "round", "rsqrt", "sigmoid", "sign", "sin",
    "sinh", "softmax", "sqrt", "square", "std", "sub", "sum", "tan", "tanh", "threshold", "trunc", "var", "where",
]

# ---- element by element: into any dtype that the result can be cast to ----

add = takes_out(arithmetic.add, POINTWISE)
sub = takes_out(arithmetic.sub, POINTWISE)
div = takes_out(arithmetic.div, POINTWISE)
addcmul = takes_out(arithmetic.addcmul, POINTWISE)
addcdiv = takes_out(arithmetic.addcdiv, POINTWISE)
fmod = takes_out(arithmetic.fmod, POINTWISE)
remainder = takes_out(arithmetic.remainder, POINTWISE)
pow = takes_out(arithmetic.pow, POINTWISE)
logit = takes_out(arithmetic.logit, POINTWISE)
threshold = takes_out(activation_forms.threshold, CASTABLE)

mul = takes_out(plain.mul, POINTWISE)
floor_divide = takes_out(plain.floor_divide, POINTWISE)

hypot = takes_out(power.hypot, POINTWISE)
reciprocal = takes_out(power.reciprocal, POINTWISE)
rsqrt = takes_out(power.rsqrt, POINTWISE)
sqrt = takes_out(power.sqrt, POINTWISE)
square = takes_out(power.square, POINTWISE)

erf = takes_out(exponential.erf, POINTWISE)
erfc = takes_out(exponential.erfc, POINTWISE)
exp = takes_out(exponential.exp, POINTWISE)
exp2 = takes_out(exponential.exp2, POINTWISE)
expm1 = takes_out(exponential.expm1, POINTWISE)
log = takes_out(exponential.log, POINTWISE)
log1p = takes_out(exponential.log1p, POINTWISE)
log2 = takes_out(exponential.log2, POINTWISE)
log10 = takes_out(exponential.log10, POINTWISE)
logaddexp = takes_out(exponential.logaddexp, POINTWISE)
sigmoid = takes_out(exponential.sigmoid, POINTWISE)

acos = takes_out(trigonometry.acos, POINTWISE)
acosh = takes_out(trigonometry.acosh, POINTWISE)
asin = takes_out(trigonometry.asin, POINTWISE)
asinh = takes_out(trigonometry.asinh, POINTWISE)
atan = takes_out(trigonometry.atan, POINTWISE)
atan2 = takes_out(trigonometry.atan2, POINTWISE)
atanh = takes_out(trigonometry.atanh, POINTWISE)
cos = takes_out(trigonometry.cos, POINTWISE)
cosh = takes_out(trigonometry.cosh, POINTWISE)
deg2rad = takes_out(trigonometry.deg2rad, POINTWISE)
rad2deg = takes_out(trigonometry.rad2deg, POINTWISE)
sin = takes_out(trigonometry.sin, POINTWISE)
sinh = takes_out(trigonometry.sinh, POINTWISE)
tan = takes_out(trigonometry.tan, POINTWISE)
tanh = takes_out(trigonometry.tanh, POINTWISE)

eq = takes_out(compared.eq, POINTWISE)
ne = takes_out(compared.ne, POINTWISE)
lt = takes_out(compared.lt, POINTWISE)
le = takes_out(compared.le, POINTWISE)
gt = takes_out(compared.gt, POINTWISE)
ge = takes_out(compared.ge, POINTWISE)
logical_and = takes_out(compared.logical_and, POINTWISE)
logical_not = takes_out(compared.logical_not, POINTWISE)
logical_or = takes_out(compared.logical_or, POINTWISE)
logical_xor = takes_out(compared.logical_xor, POINTWISE)
maximum = takes_out(compared.maximum, POINTWISE)
minimum = takes_out(compared.minimum, POINTWISE)

bitwise_and = takes_out(bits.bitwise_and, POINTWISE)
bitwise_left_shift = takes_out(bits.bitwise_left_shift, POINTWISE)
bitwise_or = takes_out(bits.bitwise_or, POINTWISE)
bitwise_right_shift = takes_out(bits.bitwise_right_shift, POINTWISE)
bitwise_xor = takes_out(bits.bitwise_xor, POINTWISE)

outer = takes_out(products.outer, POINTWISE)

# ---- element by element: into the result's own dtype ----

abs = takes_out(plain.abs, OWN_DTYPE)
neg = takes_out(plain.neg, OWN_DTYPE)

ceil = takes_out(rounding.ceil, OWN_DTYPE)
floor = takes_out(rounding.floor, OWN_DTYPE)
frac = takes_out(rounding.frac, OWN_DTYPE)
round = takes_out(rounding.round, OWN_DTYPE)
sign = takes_out(rounding.sign, OWN_DTYPE)
trunc = takes_out(rounding.trunc, OWN_DTYPE)

bitwise_not = takes_out(bits.bitwise_not, OWN_DTYPE)

float_power = takes_out(arithmetic.float_power, OWN_DTYPE)
lerp = takes_out(arithmetic.lerp, Rule(same_for=3, pointwise=True))
nan_to_num = takes_out(arithmetic.nan_to_num, OWN_DTYPE)

clamp = takes_out(comparison.clamp, Rule(same_for=1, pointwise=True))
clamp_max = takes_out(comparison.clamp_max, Rule(same_for=1, pointwise=True))
clamp_min = takes_out(comparison.clamp_min, Rule(same_for=1, pointwise=True))
where = takes_out(comparison.where, OWN_DTYPE)

gelu = takes_out(activation.gelu, OWN_DTYPE)
hardshrink = takes_out(activation.hardshrink, OWN_DTYPE)
softplus = takes_out(activation.softplus, OWN_DTYPE)
softshrink = takes_out(activation.softshrink, OWN_DTYPE)

# ---- many numbers into fewer, and products: an operand may be written into, the result is known before ----

max = cast(extremes.OfAllOrAlong, takes_out(extremes.max, CASTABLE))
min = cast(extremes.OfAllOrAlong, takes_out(extremes.min, CASTABLE))

mean = takes_out(reduce.mean, CASTABLE)

logsumexp = takes_out(statistics.logsumexp, CASTABLE)
std = takes_out(statistics.std, CASTABLE)
var = takes_out(statistics.var, CASTABLE)

diff = takes_out(distance.diff, CASTABLE)

amax = takes_out(extremes.amax, SAME)
amin = takes_out(extremes.amin, SAME)
aminmax = takes_out(extremes.aminmax, SAME)
argmax = takes_out(extremes.argmax, SAME)
argmin = takes_out(extremes.argmin, SAME)

norm = takes_out(statistics.norm, SAME)

addmm = takes_out(products.addmm, SAME)
baddbmm = takes_out(products.baddbmm, SAME)
bmm = takes_out(products.bmm, SAME)
dot = takes_out(products.dot, SAME)
linear = takes_out(products.linear, SAME)
avg_pool2d = takes_out(pooling.avg_pool2d, SAME)
avg_pool3d = takes_out(pooling.avg_pool3d, SAME)
matmul = takes_out(products.matmul, SAME)
mm = takes_out(products.mm, SAME)
mv = takes_out(products.mv, SAME)

softmax = takes_out(activation.softmax, SAME)
log_softmax = takes_out(activation.log_softmax, SAME)

# ---- in the dtype of `out` ----

nanmean = takes_out(reduce.nanmean, CASTABLE)
nansum = takes_out(reduce.nansum, CASTABLE)
prod = takes_out(reduce.prod, CHOSEN)
sum = takes_out(reduce.sum, CHOSEN)

cumprod = takes_out(reduce.cumprod, RUNNING)
cumsum = takes_out(reduce.cumsum, RUNNING)

# ---- yes or no ----

all = takes_out(comparison.all, FLAG)
any = takes_out(comparison.any, FLAG)

# ---- drawn, or with a rule of its own ----

bernoulli = takes_out(sampling.bernoulli, Rule("any", pointwise=True, resizes=True))
multinomial = takes_out(sampling.multinomial, Rule("same", resizes=True))
logsigmoid = takes_out(activation.logsigmoid, Rule("same", resizes=True))

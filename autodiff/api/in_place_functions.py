"""In-place operations as functions of `torch` itself: `torch.exp_(x)` is `x.exp_()`.

After this module a reader can find each of them in one list, with an example of what it leaves in the tensor.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff._core.tensor import Tensor as T
from autodiff.api import (  # noqa: F401  (their methods)
    aliases,
    complex_numbers,
    resized,
    strided,
    sums_with_products,
    with_out,
    with_out_mathematics,
)
from autodiff.api._calls import takes_tensors

__all__ = [
    "abs_", "acos_", "acosh_", "addmv_", "arccos_", "arccosh_", "arcsin_", "arcsinh_", "arctan_", "arctanh_", "as_strided_",
    "asin_", "asinh_", "atan_", "atanh_", "ceil_", "clamp_", "clamp_max_", "clamp_min_", "clip_", "conj_physical_", "cos_",
    "cosh_", "deg2rad_", "detach_", "erf_", "erfc_", "exp2_", "exp_", "expm1_", "fill_", "fix_", "floor_", "frac_", "gcd_",
    "i0_", "index_put_", "lcm_", "ldexp_", "log1p_", "log2_", "log10_", "log_", "logit_", "nan_to_num_", "neg_", "negative_",
    "rad2deg_", "reciprocal_", "resize_as_", "round_", "rsqrt_", "sigmoid_", "sin_", "sinc_", "sinh_", "sqrt_", "square_",
    "tan_", "tanh_", "trunc_", "xlogy_", "zero_",
]


def _function(method: Callable[..., Tensor], called_with: str, gives: str) -> Callable[..., Tensor]:
    """The method of Tensor as a function, whose example is that call and what it gives."""

    @functools.wraps(method, assigned=("__name__", "__qualname__"))
    def function(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return method(input, *args, **kwargs)

    name = function.__name__
    function.__doc__ = f"""The method `{name}` as a function: it changes its first argument, and returns it.

    >>> import autodiff as torch
    >>> torch.{name}({called_with})
    tensor({gives})
    """
    return takes_tensors(function)


abs_ = _function(T.abs_, "torch.tensor([-1.0, 2.0])", "[1., 2.]")
acos_ = _function(T.acos_, "torch.tensor([0.25, 0.75])", "[1.3181, 0.7227]")
acosh_ = _function(T.acosh_, "torch.tensor([1.0, 2.0])", "[0.0000, 1.3170]")
addmv_ = _function(T.addmv_, "torch.ones(2), torch.eye(2), torch.ones(2)", "[2., 2.]")
as_strided_ = _function(T.as_strided_, "torch.ones(4), (2,), (2,)", "[1., 1.]")
asin_ = _function(T.asin_, "torch.tensor([0.25, 0.75])", "[0.2527, 0.8481]")
asinh_ = _function(T.asinh_, "torch.tensor([0.25, 0.75])", "[0.2475, 0.6931]")
atan_ = _function(T.atan_, "torch.tensor([0.25, 0.75])", "[0.2450, 0.6435]")
atanh_ = _function(T.atanh_, "torch.tensor([0.25, 0.75])", "[0.2554, 0.9730]")
ceil_ = _function(T.ceil_, "torch.tensor([-0.5, 1.5])", "[-0., 2.]")
clamp_ = _function(T.clamp_, "torch.tensor([0.25, 0.75]), 0.0, 0.7", "[0.2500, 0.7000]")
clamp_max_ = _function(T.clamp_max_, "torch.tensor([0.25, 0.75]), 0.7", "[0.2500, 0.7000]")
clamp_min_ = _function(T.clamp_min_, "torch.tensor([0.25, 0.75]), 0.7", "[0.7000, 0.7500]")
conj_physical_ = _function(T.conj_physical_, "torch.tensor([1.0, 2.0])", "[1., 2.]")
cos_ = _function(T.cos_, "torch.tensor([0.25, 0.75])", "[0.9689, 0.7317]")
cosh_ = _function(T.cosh_, "torch.tensor([0.25, 0.75])", "[1.0314, 1.2947]")
deg2rad_ = _function(T.deg2rad_, "torch.tensor([90.0, 180.0])", "[1.5708, 3.1416]")
detach_ = _function(T.detach_, "torch.tensor([1.0, 2.0])", "[1., 2.]")
erf_ = _function(T.erf_, "torch.tensor([0.25, 0.75])", "[0.2763, 0.7112]")
erfc_ = _function(T.erfc_, "torch.tensor([0.25, 0.75])", "[0.7237, 0.2888]")
exp2_ = _function(T.exp2_, "torch.tensor([0.25, 0.75])", "[1.1892, 1.6818]")
exp_ = _function(T.exp_, "torch.tensor([0.25, 0.75])", "[1.2840, 2.1170]")
expm1_ = _function(T.expm1_, "torch.tensor([0.25, 0.75])", "[0.2840, 1.1170]")
fill_ = _function(T.fill_, "torch.tensor([1.0, 2.0]), 7.0", "[7., 7.]")
floor_ = _function(T.floor_, "torch.tensor([-0.5, 1.5])", "[-1.,  1.]")
frac_ = _function(T.frac_, "torch.tensor([-0.5, 1.5])", "[-0.5000,  0.5000]")
gcd_ = _function(T.gcd_, "torch.tensor([12, 20]), torch.tensor([8, 15])", "[4, 5]")
i0_ = _function(T.i0_, "torch.tensor([0.25, 0.75])", "[1.0157, 1.1456]")
index_put_ = _function(T.index_put_, "torch.zeros(3), [torch.tensor([2])], torch.ones(1)", "[0., 0., 1.]")
lcm_ = _function(T.lcm_, "torch.tensor([12, 20]), torch.tensor([8, 15])", "[24, 60]")
ldexp_ = _function(T.ldexp_, "torch.tensor([0.25, 0.75]), torch.tensor([1, 2])", "[0.5000, 3.0000]")
log10_ = _function(T.log10_, "torch.tensor([1.0, 1000.0])", "[0., 3.]")
log1p_ = _function(T.log1p_, "torch.tensor([0.25, 0.75])", "[0.2231, 0.5596]")
log2_ = _function(T.log2_, "torch.tensor([1.0, 8.0])", "[0., 3.]")
log_ = _function(T.log_, "torch.tensor([1.0, 10.0])", "[0.0000, 2.3026]")
logit_ = _function(T.logit_, "torch.tensor([0.25, 1.0])", "[-1.0986,     inf]")
nan_to_num_ = _function(T.nan_to_num_, "torch.tensor([torch.nan, 1.0])", "[0., 1.]")
neg_ = _function(T.neg_, "torch.tensor([-1.0, 2.0])", "[ 1., -2.]")
rad2deg_ = _function(T.rad2deg_, "torch.tensor([1.0, 2.0])", "[ 57.2958, 114.5916]")
reciprocal_ = _function(T.reciprocal_, "torch.tensor([2.0, 4.0])", "[0.5000, 0.2500]")
resize_as_ = _function(T.resize_as_, "torch.ones(4), torch.zeros(2)", "[1., 1.]")
round_ = _function(T.round_, "torch.tensor([-0.75, 1.5])", "[-1.,  2.]")
rsqrt_ = _function(T.rsqrt_, "torch.tensor([4.0, 16.0])", "[0.5000, 0.2500]")
sigmoid_ = _function(T.sigmoid_, "torch.tensor([0.25, 0.75])", "[0.5622, 0.6792]")
sin_ = _function(T.sin_, "torch.tensor([0.25, 0.75])", "[0.2474, 0.6816]")
sinc_ = _function(T.sinc_, "torch.tensor([0.25, 0.75])", "[0.9003, 0.3001]")
sinh_ = _function(T.sinh_, "torch.tensor([0.25, 0.75])", "[0.2526, 0.8223]")
sqrt_ = _function(T.sqrt_, "torch.tensor([4.0, 9.0])", "[2., 3.]")
square_ = _function(T.square_, "torch.tensor([-1.0, 3.0])", "[1., 9.]")
tan_ = _function(T.tan_, "torch.tensor([0.25, 0.75])", "[0.2553, 0.9316]")
tanh_ = _function(T.tanh_, "torch.tensor([0.25, 0.75])", "[0.2449, 0.6351]")
trunc_ = _function(T.trunc_, "torch.tensor([-0.5, 1.5])", "[-0., 1.]")
xlogy_ = _function(T.xlogy_, "torch.tensor([0.25, 0.75]), torch.tensor([1.0, 2.0])", "[0.0000, 0.5199]")
zero_ = _function(T.zero_, "torch.tensor([1.0, 2.0])", "[0., 0.]")

arccos_ = acos_
arccosh_ = acosh_
arcsin_ = asin_
arcsinh_ = asinh_
arctan_ = atan_
arctanh_ = atanh_
clip_ = clamp_
fix_ = trunc_
negative_ = neg_

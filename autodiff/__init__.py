"""autodiff: automatic differentiation with PyTorch's names: small enough to read, fast enough to train.

    import autodiff as torch

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = (x**2).sum()
    loss.backward()
    print(x.grad)

This file is the list of public names; what stands behind each is in the module it is imported from.
"""

# isort: off
import importlib
from typing import TYPE_CHECKING, Any

from autodiff import _methods as _methods  # puts the methods on Tensor
from autodiff import autograd, random
from autodiff._core.dtypes import (
    bool, double, dtype, finfo, float, float16, float32, float64, get_default_dtype, half, iinfo, int, int8, int16, int32,
    int64, long, promote_types, set_default_dtype, short, uint8,
)
from autodiff._core.missing import missing_name
from autodiff._core.modes import (
    enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled,
)
from autodiff._core.observer import set_observer
from autodiff._core.provenance import set_provenance
from autodiff._core.tensor import Tensor
from autodiff._core.types import device, Size
from autodiff._kernels import get_num_threads, set_num_threads
from autodiff._printing import set_printoptions
from autodiff.api.aliases import (
    absolute, clip, concat, concatenate, divide, greater, greater_equal, less, less_equal, moveaxis, multiply, negative,
    not_equal, subtract, swapdims, true_divide,
)
from autodiff.api.arithmetic import rsub
from autodiff.api.assign import index_put, masked_fill
from autodiff.api.comparison import allclose, count_nonzero, equal, isclose
from autodiff.api.copies import detach
from autodiff.api.creation import (
    as_tensor, asarray, empty, empty_like, eye, from_numpy, full, full_like, ones, ones_like, tensor, zeros, zeros_like,
)
from autodiff.api.distance import cdist
from autodiff.api.index import narrow, select
from autodiff.api.join import atleast_1d, atleast_2d, chunk, split, unbind
from autodiff.api.order import bincount, unique
from autodiff.api.places import argwhere
from autodiff.api.ranges import arange, linspace, logspace
from autodiff.api.reading import is_floating_point, is_tensor, numel
from autodiff.api.rearrange import (
    broadcast_tensors, broadcast_to, flip, fliplr, flipud, meshgrid, repeat_interleave, roll, tile,
)
from autodiff.api.sampling import normal, rand, rand_like, randint, randint_like, randn, randn_like, randperm
from autodiff.api.shape import flatten, movedim, permute, ravel, reshape, squeeze, swapaxes, t, transpose, unflatten, unsqueeze
from autodiff.api.triangle import diagonal, trace, tril_indices, triu_indices
from autodiff.api.typed import (
    BoolTensor, ByteTensor, CharTensor, DoubleTensor, FloatTensor, HalfTensor, IntTensor, LongTensor, ShortTensor,
)
from autodiff.api.with_out import (
    abs, acos, acosh, add, addcdiv, addcmul, addmm, all, amax, amin, aminmax, any, argmax, argmin, argsort, asin, asinh,
    atan, atan2, atanh, baddbmm, bernoulli, bitwise_and, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift,
    bitwise_xor, bmm, cat, ceil, clamp, clamp_max, clamp_min, cos, cosh, cumprod, cumsum, deg2rad, diag, diff, div, dot,
    dstack, eq, erf, erfc, exp, exp2, expm1, float_power, floor, floor_divide, fmod, frac, gather, ge, gt, hstack, hypot,
    index_add, index_select, inner, isin, le, lerp, log, log10, log1p, log2, log_softmax, logaddexp, logical_and,
    logical_not, logical_or, logical_xor, logit, logsumexp, lt, masked_select, matmul, max, maximum, mean, median, min,
    minimum, mm, mul, multinomial, mv, nan_to_num, nanmean, nansum, ne, neg, nonzero, norm, outer, pow, prod, rad2deg,
    reciprocal, remainder, round, rsqrt, scatter, scatter_add, sigmoid, sign, sin, sinh, softmax, sort, sqrt, square, stack,
    std, sub, sum, take, take_along_dim, tan, tanh, topk, tril, triu, trunc, var, vstack, where,
)
from autodiff.autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
from autodiff.ops.activation import relu
from autodiff.ops.comparison import isfinite, isinf, isnan
from autodiff.ops.shape import clone
from autodiff.random import Generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
# isort: on

e = 2.718281828459045
pi = 3.141592653589793
inf = 1e999
nan = inf - inf

__version__: str


if TYPE_CHECKING:
    from autodiff import cuda, datasets, nn, optim, utils
else:  # a type checker would take every name

    def __getattr__(name: str) -> Any:
        if name in ("cuda", "datasets", "nn", "optim", "utils"):  # imported when a program first asks for them
            return importlib.import_module(f"autodiff.{name}")
        # The version is looked up when it is asked for: reading the package's metadata takes a fifth of the whole import.
        if name == "__version__":
            from importlib.metadata import PackageNotFoundError, version

            try:
                return version("autodiff-edu")
            except PackageNotFoundError:
                return "0.0.0+unknown"
        raise missing_name("autodiff", name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})  # a prompt that completes names offers what is not imported yet, too


__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "Generator", "HalfTensor", "IntTensor",
    "LongTensor", "ShortTensor", "Size", "Tensor", "__version__", "abs", "absolute", "acos", "acosh", "add", "addcdiv",
    "addcmul", "addmm", "all", "allclose", "amax", "amin", "aminmax", "any", "arange", "argmax", "argmin", "argsort",
    "argwhere", "as_tensor", "asarray", "asin", "asinh", "atan", "atan2", "atanh", "atleast_1d", "atleast_2d", "autograd",
    "baddbmm", "bernoulli", "bincount", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "bmm", "bool", "broadcast_tensors", "broadcast_to", "cat", "cdist", "ceil", "chunk", "clamp", "clamp_max",
    "clamp_min", "clip", "clone", "concat", "concatenate", "cos", "cosh", "count_nonzero", "cuda", "cumprod", "cumsum",
    "datasets", "deg2rad", "detach", "device", "diag", "diagonal", "diff", "div", "divide", "dot", "double", "dstack", "dtype",
    "e", "empty", "empty_like", "enable_grad", "eq", "equal", "erf", "erfc", "exp", "exp2", "expm1", "eye", "finfo", "flatten",
    "flip", "fliplr", "flipud", "float", "float16", "float32", "float64", "float_power", "floor", "floor_divide", "fmod",
    "frac", "from_numpy", "full", "full_like", "gather", "ge", "get_default_dtype", "get_num_threads", "get_rng_state",
    "greater", "greater_equal", "gt", "half", "hstack", "hypot", "iinfo", "index_add", "index_put", "index_select", "inf",
    "inference_mode", "initial_seed", "inner", "int", "int8", "int16", "int32", "int64", "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_floating_point", "is_grad_enabled", "is_inference_mode_enabled", "is_tensor", "isclose", "isfinite", "isin", "isinf",
    "isnan", "le", "lerp", "less", "less_equal", "linspace", "log", "log1p", "log2", "log10", "log_softmax", "logaddexp",
    "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "logspace", "logsumexp", "long", "lt", "manual_seed",
    "masked_fill", "masked_select", "matmul", "max", "maximum", "mean", "median", "meshgrid", "min", "minimum", "mm",
    "moveaxis", "movedim", "mul", "multinomial", "multiply", "mv", "nan", "nan_to_num", "nanmean", "nansum", "narrow", "ne",
    "neg", "negative", "nn", "no_grad", "nonzero", "norm", "normal", "not_equal", "numel", "ones", "ones_like", "optim",
    "outer", "permute", "pi", "pow", "prod", "promote_types", "rad2deg", "rand", "rand_like", "randint", "randint_like",
    "randn", "randn_like", "random", "randperm", "ravel", "reciprocal", "relu", "remainder", "repeat_interleave", "reshape",
    "roll", "round", "rsqrt", "rsub", "scatter", "scatter_add", "seed", "select", "set_default_dtype", "set_grad_enabled",
    "set_num_threads", "set_observer", "set_printoptions", "set_provenance", "set_rng_state", "short", "sigmoid", "sign", "sin",
    "sinh", "softmax", "sort", "split", "sqrt", "square", "squeeze", "stack", "std", "sub", "subtract", "sum", "swapaxes",
    "swapdims", "t", "take", "take_along_dim", "tan", "tanh", "tensor", "tile", "topk", "trace", "transpose", "tril",
    "tril_indices", "triu", "triu_indices", "true_divide", "trunc", "uint8", "unbind", "unflatten", "unique", "unsqueeze",
    "utils", "var", "vstack", "where", "zeros", "zeros_like",
]

"""Functions that have no gradient: comparisons, questions, counts, places, bits, and makers of tensors.

A row says how to call the function and on what; the values are brought to each dtype in turn.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

FLOATS = ("float16", "float32", "float64")
WHOLE = ("uint8", "int8", "int16", "int32", "int64")
EVERY = ("bool", *WHOLE, *FLOATS)


@dataclass(frozen=True)
class Plain:
    """One call of a function without a gradient."""

    name: str
    call: Callable[..., Any]
    values: tuple[Any, ...] = ()
    dtypes: tuple[str, ...] = EVERY
    note: str = ""

    @property
    def id(self) -> str:
        return self.name + (f"-{self.note}" if self.note else "")


A = np.array([[3, 0, 2], [1, 5, 2]])
B = np.array([2, 0, 2])
SIGNED = np.array([[3.5, -0.5, 2.0], [-1.0, 0.0, 2.0]])
NOT_FINITE = np.array([1.0, np.nan, np.inf, -np.inf, 0.0])


def one(name, values=A, dtypes=EVERY, note=""):
    return Plain(name, lambda T, x: getattr(T, name)(x), (values,), dtypes, note)


def two(name, dtypes=EVERY):
    return [
        Plain(name, lambda T, a, b: getattr(T, name)(a, b), (A, B), dtypes),
        Plain(name, lambda T, a: getattr(T, name)(a, 2), (A,), dtypes, "number"),
    ]



def quietly(call, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args)


PLAIN = [
    *[row for name in ("eq", "ne", "lt", "le", "gt", "ge") for row in two(name)],
    *[row for name in ("greater", "greater_equal", "less", "less_equal", "not_equal") for row in two(name)],
    *[row for name in ("bitwise_and", "bitwise_or", "bitwise_xor") for row in two(name)],
    *[row for name in ("bitwise_left_shift", "bitwise_right_shift") for row in two(name, WHOLE)],
    *[two(name)[0] for name in ("logical_and", "logical_or", "logical_xor", "equal")],
    *[one(name) for name in ("logical_not", "bitwise_not", "isfinite", "isinf", "isnan", "is_floating_point", "is_tensor", "numel")],
    *[one(name, NOT_FINITE, FLOATS, "not finite") for name in ("isfinite", "isinf", "isnan", "logical_not", "argmax", "argmin", "argsort")],
    *[one(name) for name in ("is_signed", "is_inference", "get_device")],
    one("is_nonzero", np.array([0])), one("is_nonzero", np.array([3]), note="three"),
    two("is_same_size")[0],
    *[one(name) for name in ("all", "any", "count_nonzero", "argwhere", "nonzero", "unique", "detach")],
    *[one(name, dtypes=EVERY[1:]) for name in ("argmax", "argmin")],
    *[one(name, np.array(2), EVERY[1:], "0-d") for name in ("argmax", "argmin")],
    *[one(name, np.array(2), note="0-d") for name in ("all", "any", "nonzero", "argwhere", "count_nonzero", "unique")],
    *[Plain(name, lambda T, x, name=name: getattr(T, name)(x, 1), (A,), EVERY[1:], "dim") for name in ("all", "any", "count_nonzero", "argmax", "argmin")],
    *[Plain(name, lambda T, x, name=name: getattr(T, name)(x, 0, keepdim=True), (SIGNED,), EVERY[1:], "keepdim") for name in ("all", "any", "argmax", "argmin")],
    Plain("argsort", lambda T, x: T.argsort(x, stable=True), (A,)),
    Plain("argsort", lambda T, x: T.argsort(x, dim=0, descending=True, stable=True), (A,), note="descending"),
    Plain("nonzero_static", lambda T, x: T.nonzero_static(x, size=3), (A,)),
    Plain("nonzero_static", lambda T, x: T.nonzero_static(x, size=9, fill_value=7), (A,), note="filled"),
    Plain("unravel_index", lambda T, x: T.unravel_index(x, (2, 3)), (A,), WHOLE),
    Plain("scalar_tensor", lambda T: (T.scalar_tensor(2), T.scalar_tensor(2.5, dtype=T.float64), T.scalar_tensor(True)), dtypes=("",)),
    Plain("empty_strided", lambda T: T.empty_strided((2, 3), (1, 2)).stride(), dtypes=("",)),
    Plain("empty_permuted", lambda T: T.empty_permuted((2, 3, 4), (1, 0, 2)).stride(), dtypes=("",)),
    Plain("nonzero", lambda T, x: T.nonzero(x, as_tuple=True), (A,), note="tuple"),
    Plain("unique", lambda T, x: T.unique(x, return_inverse=True, return_counts=True), (A,), note="all"),
    Plain("unique", lambda T, x: T.unique(x, dim=1), (A,), note="dim"),
    Plain("bincount", lambda T, x: T.bincount(x), (B,)),
    Plain("bincount", lambda T, x: T.bincount(x, x.to(T.float32) / 2, 5), (B,), WHOLE, "weights"),
    Plain("pow", lambda T, a, b: T.pow(a, b), (np.array([2, -1, -1, 1, 0, 3]), np.array([-1, -1, -2, -5, 2, 3])), WHOLE[1:], "whole"),
    Plain("pow", lambda T, a: T.pow(2, a), (B,), note="of a number"),
    Plain("pow", lambda T, a: (T.pow(a, 2), T.pow(a, 3), T.pow(a, 0)), (A,), EVERY[1:], "numbers"),
    *[Plain(name, lambda T, a, b, name=name: getattr(T, name)(a, b), (SIGNED, np.array([2, -3, 4])), EVERY[2:])
      for name in ("remainder", "fmod", "maximum", "minimum", "add", "sub", "mul", "div")],
    *[Plain(name, lambda T, a, name=name: getattr(T, name)(a), (SIGNED,), EVERY[1:], "values")
      for name in ("abs", "neg", "sign", "square", "sum", "prod", "max", "min", "floor", "ceil", "trunc", "round", "relu")],
    *[Plain(name, lambda T, a, name=name: getattr(T, name)(a, 1), (A,), note="along")
      for name in ("cumsum", "cumprod", "sum", "prod")],
    Plain("clamp", lambda T, a: (T.clamp(a, 1, 3), T.clamp(a, max=2), T.clamp(a, min=2)), (A,), EVERY[1:]),
    Plain("where", lambda T, a, b: (T.where(a > 1, a, b), T.where(a > 1, a, 3), T.where(a > 1, 2.5, a), T.where(a)), (A, B)),
    Plain("median", lambda T, a: (T.median(a), *T.median(a, 1)), (np.array([[3, 1, 2], [np.nan, 1, 0]]),), FLOATS[1:], "nan"),
    Plain("nansum", lambda T, a: (T.nansum(a), T.nanmean(a)), (NOT_FINITE[:2],), FLOATS),
    Plain("isin", lambda T, a, b: T.isin(a, b), (A, B), EVERY[1:]),
    Plain("isin", lambda T, a, b: T.isin(a, b, invert=True), (A, B), EVERY[1:], "invert"),
    Plain("allclose", lambda T, a, b: T.allclose(a, b), (A, A), FLOATS),
    Plain("allclose", lambda T, a: T.allclose(a, a + 0.01, atol=0.1), (A,), FLOATS, "atol"),
    Plain("isclose", lambda T, a: T.isclose(a, a * 1.001, rtol=1e-2), (A,), FLOATS),
    Plain("isclose", lambda T, a: T.isclose(a, a, equal_nan=True), (NOT_FINITE,), FLOATS, "nan"),
    Plain("isclose", lambda T, a, b: T.isclose(a, b), (A, B), WHOLE, "whole"),
    Plain("floor_divide", lambda T, a, b: T.floor_divide(a, b), (SIGNED * 2, np.array([2, -1, 3])), EVERY[2:]),
    Plain("floor_divide", lambda T, a: T.floor_divide(a, 2), (SIGNED * 2,), EVERY[2:], "number"),
    Plain("div", lambda T, a, b: T.div(a, b, rounding_mode="trunc"), (np.array([7, -7, 7, -7]), np.array([2, 2, -2, -2])), EVERY[2:], "trunc"),
    Plain("div", lambda T, a, b: T.div(a, b, rounding_mode="floor"), (np.array([7, -7, 7, -7]), np.array([2, 2, -2, -2])), EVERY[2:], "floor"),
    Plain("one_hot", lambda T, x: T.nn.functional.one_hot(x), (A,), ("int64",)),
    Plain("one_hot", lambda T, x: T.nn.functional.one_hot(x, 7), (A,), ("int64",), "classes"),
    Plain("one_hot", lambda T, x: T.nn.functional.one_hot(x), (A,), ("int32", "float32"), "other dtypes"),
    *[Plain(name, lambda T, name=name: getattr(T, name)(3, 4), dtypes=("",)) for name in ("tril_indices", "triu_indices", "ones", "zeros", "eye")],
    *[Plain(name, lambda T, name=name: getattr(T, name)(4, 3, -1), dtypes=("",), note="offset") for name in ("tril_indices", "triu_indices")],
    *[one(name) for name in ("ones_like", "zeros_like")],
    *[Plain(name, lambda T, name=name: getattr(T, name)((2, 3)), dtypes=("",), note="size") for name in ("ones", "zeros")],
    Plain("empty", lambda T: T.empty((2, 3)).shape, dtypes=("",), note="size"),
    Plain("empty", lambda T: T.empty(2, 3).shape, dtypes=("",)),
    Plain("empty_like", lambda T, x: (T.empty_like(x).shape, str(T.empty_like(x).dtype)), (A,)),
    Plain("full", lambda T: (T.full((2,), 3), T.full((2,), 3.0), T.full((), True)), dtypes=("",)),
    Plain("full_like", lambda T, x: T.full_like(x, 1), (A,)),
    Plain("arange", lambda T: (T.arange(3), T.arange(2.0), T.arange(1, 2, 0.3), T.arange(5, 0, -2)), dtypes=("",)),
    Plain("linspace", lambda T: (T.linspace(0, 1, 5), T.linspace(2, -2, 4, dtype=T.float64), T.linspace(0, 5, 4, dtype=T.int64)), dtypes=("",)),
    Plain("range", lambda T: (quietly(T.range, 1, 4), quietly(T.range, 4, 1, -1), quietly(lambda: T.range(0, 3, dtype=T.int64))), dtypes=("",)),
    Plain("logspace", lambda T: (T.logspace(0, 2, 5), T.logspace(-1, 1, 4, 2.0, dtype=T.float64), T.logspace(0, 2, 3, dtype=T.int64)), dtypes=("",)),
    Plain("tensor", lambda T: (T.tensor(1), T.tensor([1.5]), T.tensor([True]), T.tensor([[1, 2.0]])), dtypes=("",)),
    *[Plain(name, lambda T, name=name: (getattr(T, name)([1, 2]), getattr(T, name)(2.0), getattr(T, name)(np.float32(2))), dtypes=("",))
      for name in ("as_tensor", "asarray")],
    Plain("bartlett_window", lambda T: ((T.bartlett_window(5) + 1).round(decimals=5), (T.bartlett_window(4, periodic=False, dtype=T.float64) + 1).round(decimals=5)), dtypes=("",)),
    Plain("blackman_window", lambda T: ((T.blackman_window(5) + 1).round(decimals=5), (T.blackman_window(4, periodic=False, dtype=T.float64) + 1).round(decimals=5)), dtypes=("",)),
    Plain("hamming_window", lambda T: ((T.hamming_window(5) + 1).round(decimals=5), (T.hamming_window(4, periodic=False, dtype=T.float64) + 1).round(decimals=5)), dtypes=("",)),
    Plain("hann_window", lambda T: ((T.hann_window(5) + 1).round(decimals=5), (T.hann_window(4, periodic=False, dtype=T.float64) + 1).round(decimals=5)), dtypes=("",)),
    Plain("kaiser_window", lambda T: ((T.kaiser_window(5) + 1).round(decimals=5), (T.kaiser_window(4, periodic=False, dtype=T.float64) + 1).round(decimals=5)), dtypes=("",)),
    Plain("from_numpy", lambda T: T.from_numpy(np.arange(3, dtype=np.int16)), dtypes=("",)),
    Plain("rand", lambda T: T.rand((2, 3)), dtypes=("",)),
    Plain("randn", lambda T: T.randn((2, 3)), dtypes=("",)),
    Plain("randint", lambda T: T.randint(1, 5, (2, 3)), dtypes=("",)),
    Plain("randperm", lambda T: T.randperm(5), dtypes=("",)),
    *[one(name, dtypes=("float32", "float64")) for name in ("rand_like", "randn_like")],
    Plain("randint_like", lambda T, x: T.randint_like(x, 1, 5), (A,), ("int64", "float32")),
    Plain("normal", lambda T, m, s: T.normal(m, s), (SIGNED, A), ("float32", "float64")),
    Plain("normal", lambda T: T.normal(2.0, 10.0, (3,)), dtypes=("",), note="numbers"),
    Plain("normal", lambda T, m: T.normal(m, 10.0), (SIGNED,), ("float32",), "std"),
    Plain("normal", lambda T, s: T.normal(2.0, s), (A,), ("float32",), "mean"),
    Plain("bernoulli", lambda T, p: T.bernoulli(p), (np.array([0.0, 0.3, 1.0]),), ("float32", "float64")),
    Plain("multinomial", lambda T, p: T.multinomial(p, 2), (np.array([0.2, 0.3, 0.5]),), ("float32", "float64")),
    Plain("multinomial", lambda T, p: T.multinomial(p, 5, True), (np.array([0.2, 0.3, 0.5]),), ("float32",), "replacement"),
    *[one(name, SIGNED) for name in ("signbit", "isposinf", "isneginf", "sgn")],
    *[one(name, NOT_FINITE, FLOATS, "not finite") for name in ("signbit", "isposinf", "isneginf", "sgn", "frexp")],
    *[Plain(name, lambda T, a, b, name=name: getattr(T, name)(a, b), (np.array([[12, -9, 0], [7, 4, 0]]), np.array([8, 6, 0])))
      for name in ("gcd", "lcm")],
    *[Plain(name, lambda T, a, b, name=name: getattr(T, name)(a, b), (NOT_FINITE, np.array([np.nan, 2.0, 1.0, np.nan, -0.0])), FLOATS)
      for name in ("fmax", "fmin", "copysign", "nextafter", "heaviside")],
    *[Plain(name, lambda T, a, b, name=name: getattr(T, name)(a, b), (SIGNED, B), note="whole")
      for name in ("fmax", "fmin", "copysign", "heaviside", "ldexp")],
    Plain("copysign", lambda T, a: (T.copysign(a, -1), T.copysign(a, 2.5)), (SIGNED,), note="number"),
    *[Plain(name, lambda T, a, b, name=name: getattr(T, name)(a, b), (B, A[0]), note="of integers") for name in ("kron", "vdot")],
    Plain("cross", lambda T, a, b: T.cross(a, b, dim=-1), (B, A[0]), note="of integers"),
    Plain("addr", lambda T, a, b: T.addr(a, b, b), (A[:, :1], B[:2]), EVERY[1:], "of integers"),
    Plain("block_diag", lambda T, a, b: T.block_diag(a, b, a[0, 0]), (A, B)),
    Plain("block_diag", lambda T: T.block_diag(), dtypes=("",), note="nothing"),
    Plain("einsum", lambda T, a, b: (T.einsum("ij,j->i", a, b), T.einsum("ij,kj", a, a), T.einsum(a, [0, 1], [1])), (A, B), ("int64", "int32")),
    Plain("histc", lambda T, x: T.histc(x, 4, -1, 3), (SIGNED,), FLOATS),
    Plain("histc", lambda T, x: T.histc(x, bins=3), (SIGNED,), FLOATS, "range"),
    Plain("histogram", lambda T, x: T.histogram(x, 4, range=(-1.0, 3.0)), (SIGNED,), FLOATS[1:]),
    Plain("histogram", lambda T, x, e: T.histogram(x, e, weight=x.abs(), density=True), (SIGNED, np.array([-2.0, 0.0, 2.0])), FLOATS[1:],
          "edges"),
    Plain("histogramdd", lambda T, x: T.histogramdd(x, [2, 3]), (SIGNED[:, :2],), FLOATS[1:]),
    *[one(name) for name in ("isreal", "is_complex", "is_conj", "is_neg", "angle", "conj", "conj_physical", "resolve_conj", "resolve_neg", "real")],
    *[one(name, SIGNED, EVERY[1:]) for name in ("positive", "trapezoid", "trapz", "cumulative_trapezoid")],
    *[Plain(name, lambda T, x, name=name: getattr(T, name)(x, 1), (SIGNED,)) for name in ("cummax", "cummin")],
    Plain("nanmedian", lambda T, x: (T.nanmedian(x), T.nanmedian(x, 1)), (np.array([[3.0, 1.0, 2.0], [1.0, 5.0, 4.0]]),), EVERY[1:], "whole"),
    Plain("can_cast", lambda T: [T.can_cast(getattr(T, a), getattr(T, b)) for a in EVERY for b in EVERY], dtypes=("",)),
    Plain("result_type", lambda T, x: [str(T.result_type(x, v)) for v in (1, 2.5, True, T.ones(2), T.tensor(2))], (A,)),
    Plain("broadcast_shapes", lambda T: (T.broadcast_shapes((2, 1), (3,)), T.broadcast_shapes(2, (3, 1)), T.broadcast_shapes()), dtypes=("",)),
    Plain("promote_types", lambda T: [str(T.promote_types(getattr(T, a), getattr(T, b))) for a in EVERY for b in EVERY], dtypes=("",)),
]  # fmt: skip

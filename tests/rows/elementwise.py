"""Functions of one tensor and of two, element by element."""

import numpy as np

from rows.row import Row, binary, unary


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ELEMENTWISE = [
    unary("abs", lambda x: np.where(x.real < 0, -x, x), kinks=(0.0,)),
    unary("absolute", lambda x: np.where(x.real < 0, -x, x), kinks=(0.0,)),
    unary("acos", np.arccos, (-0.9, 0.9)),
    unary("acosh", np.arccosh, (1.2, 3.0)),
    unary("asin", np.arcsin, (-0.9, 0.9)),
    unary("asinh", np.arcsinh),
    unary("atan", np.arctan),
    unary("atanh", np.arctanh, (-0.9, 0.9)),
    unary("ceil", np.ceil, analytic=False, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0)),
    unary("cos", np.cos),
    unary("cosh", np.cosh),
    unary("deg2rad", lambda x: x * (np.pi / 180)),
    unary("erf", None, analytic=False),
    unary("erfc", None, analytic=False),
    unary("exp", np.exp),
    unary("exp2", lambda x: np.exp(x * np.log(2.0))),
    unary("expm1", np.expm1),
    unary("floor", np.floor, analytic=False, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0)),
    unary("frac", lambda x: x - np.trunc(x), analytic=False, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0)),
    unary("log", np.log, (0.3, 3.0)),
    unary("log10", np.log10, (0.3, 3.0)),
    unary("log1p", np.log1p, (-0.5, 3.0)),
    unary("log2", np.log2, (0.3, 3.0)),
    unary("logit", lambda x: np.log(x / (1 - x)), (0.1, 0.9)),
    unary("nan_to_num", np.nan_to_num, analytic=False),
    Row("nan_to_num", ((2, 3),), lambda T, x: T.nan_to_num(x, 0.5, 7.0, -7.0), lambda x: np.nan_to_num(x, True, 0.5, 7.0, -7.0),
        values=(np.array([[1.0, np.nan, -2.0], [np.inf, -np.inf, 0.3]]),), note="not finite"),
    Row("logit", ((2, 3),), lambda T, x: T.logit(x, 0.2), lambda x: np.log(np.clip(x, 0.2, 0.8) / (1 - np.clip(x, 0.2, 0.8))), (0.02, 0.98),
        kinks=(0.2, 0.8), note="eps"),
    Row("round", ((2, 3),), lambda T, x: T.round(x, decimals=1), lambda x: np.round(x, 1), (0.51, 0.54), note="decimals", same_name=False),
    unary("neg", lambda x: -x),
    unary("negative", lambda x: -x),
    unary("rad2deg", lambda x: x * (180 / np.pi)),
    unary("reciprocal", lambda x: 1 / x, (0.5, 2.0)),
    unary("round", np.round, analytic=False, kinks=(-1.5, -0.5, 0.5, 1.5)),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), (0.3, 3.0)),
    unary("sigmoid", sigmoid),
    unary("sign", np.sign, analytic=False, kinks=(0.0,)),
    unary("sin", np.sin),
    unary("sinh", np.sinh),
    unary("sqrt", np.sqrt, (0.3, 3.0)),
    unary("square", lambda x: x * x),
    unary("tan", np.tan, (-1.2, 1.2)),
    unary("tanh", np.tanh),
    unary("trunc", np.trunc, analytic=False, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0)),
    unary("relu", lambda x: np.where(x.real > 0, x, 0), kinks=(0.0,)),
    Row("lerp", ((2, 3), (2, 3), (2, 3)), lambda T, a, b, w: T.lerp(a, b, w), lambda a, b, w: a + w * (b - a), analytic=True,
        at_extremes="alone"),
    Row("lerp", ((2, 3), (2, 3)), lambda T, a, b: T.lerp(a, b, 0.3), lambda a, b: a + 0.3 * (b - a), analytic=True, note="number",
        at_extremes="alone"),
    Row("clone", ((2, 3),), lambda T, x: T.clone(x), lambda x: x + 0, analytic=True),
]

AT = np.array([[-0.5, 1.0, 0.25], [0.0, 2.0, -0.5]])  # the kinks of the rows below, and numbers between them
TIES = np.array([[-0.5, 1.0, 0.5], [0.0, 1.0, -0.5]])

AT_KINKS = [
    *[
        Row(name, ((2, 3),), (lambda name: lambda T, x: getattr(T, name)(x))(name), reference, values=(AT,), smooth=False, note="at its kink")
        for name, reference in (("abs", np.abs), ("relu", lambda x: np.maximum(x, 0)), ("sign", np.sign), ("floor", np.floor),
                                ("ceil", np.ceil), ("trunc", np.trunc), ("frac", lambda x: x - np.trunc(x)), ("round", np.round))
    ],
    Row("clamp", ((2, 3),), lambda T, x: T.clamp(x, -0.5, 1.0), lambda x: np.clip(x, -0.5, 1.0), values=(AT,), smooth=False, note="at its limits"),
    Row("clamp_min", ((2, 3),), lambda T, x: T.clamp_min(x, 0.25), lambda x: np.maximum(x, 0.25), values=(AT,), smooth=False, note="at its limit"),
    Row("clamp_max", ((2, 3),), lambda T, x: T.clamp_max(x, 0.25), lambda x: np.minimum(x, 0.25), values=(AT,), smooth=False, note="at its limit"),
    *[
        Row(name, ((2, 3), (2, 3)), (lambda name: lambda T, a, b: getattr(T, name)(a, b))(name), reference, values=(AT, TIES), smooth=False,
            note="ties")
        for name, reference in (("maximum", np.maximum), ("minimum", np.minimum), ("clamp_min", np.maximum), ("clamp_max", np.minimum))
    ],
    Row("clamp", ((2, 3), (2, 3), (2, 3)), lambda T, x, a, b: T.clamp(x, a, b), lambda x, a, b: np.minimum(np.maximum(x, a), b),
        values=(AT, TIES, TIES + np.array([0.0, 1.0, 0.5])), smooth=False, note="ties", at_extremes="free"),
]  # fmt: skip

TWO = [
    binary("add", lambda a, b: a + b),
    Row("add", ((2, 3), (3,)), lambda T, a, b: T.add(a, b, alpha=2.5), lambda a, b: a + 2.5 * b, analytic=True, note="alpha",
        at_extremes="finite"),
    binary("sub", lambda a, b: a - b),
    Row("rsub", ((2, 3), (3,)), lambda T, a, b: T.rsub(a, b), lambda a, b: b - a, analytic=True, broadcasts=True),
    Row("rsub", ((2, 3),), lambda T, a: 1.5 - a, lambda a: 1.5 - a, analytic=True, note="of a number"),
    binary("mul", lambda a, b: a * b),
    Row("addcmul", ((2, 3), (3,), (2, 1)), lambda T, a, b, c: T.addcmul(a, b, c, value=0.5), lambda a, b, c: a + 0.5 * b * c,
        analytic=True),
    Row("addcdiv", ((2, 3), (3,), (2, 1)), lambda T, a, b, c: T.addcdiv(a, b, c, value=-2), lambda a, b, c: a - 2 * b / c,
        (0.5, 2.0), analytic=True, at_extremes="free"),
    binary("div", lambda a, b: a / b, (0.5, 2.0)),
    Row("div", ((2, 3),), lambda T, a: 1.5 / (a * a), lambda a: 1.5 / (a * a), (0.5, 2.0), analytic=True, note="of a number"),
    binary("subtract", lambda a, b: a - b),
    binary("multiply", lambda a, b: a * b),
    binary("divide", lambda a, b: a / b, (0.5, 2.0)),
    binary("true_divide", lambda a, b: a / b, (0.5, 2.0)),
    binary("pow", lambda a, b: a**b, (0.5, 2.0)),
    Row("pow", ((3, 2), (2,)), lambda T, a, b: T.pow(a, b), lambda a, b: a**b, (0.5, 2.0), analytic=True, note="two exponents"),
    Row("pow", ((3, 2),), lambda T, a: T.pow(a, T.tensor([2.5, -1.0], dtype=a.dtype)), lambda a: a ** np.array([2.5, -1.0]), (0.5, 2.0),
        analytic=True, note="two constant exponents"),
    Row("pow", ((2, 4),), lambda T, a: T.pow(a, T.tensor([0.0, 1.0, 2.0, 3.0], dtype=a.dtype)),
        lambda a: a ** np.array([0, 1, 2, 3]), analytic=True, note="exponents 0 to 3"),
    Row("pow", ((3,), (3,)), lambda T, a, b: T.pow(a, b), lambda a, b: a**b, note="of zero by a tensor", smooth=False,
        values=(np.array([0.0, 0.5, 2.0]), np.array([3.0, 1.5, 0.5])), torch_orders=1),  # PyTorch's second derivatives are nan at 0
    Row("pow", ((2, 3),), lambda T, x: T.pow(x, 3), lambda x: x**3, analytic=True, note="number"),
    Row("pow", ((2, 3),), lambda T, x: 2.0**x, lambda x: 2.0**x, analytic=True, note="of a number"),
    Row("float_power", ((2, 3),), lambda T, x: T.float_power(x, 3), lambda x: x**3, analytic=True),
    binary("remainder", lambda a, b: a - b * np.floor(a.real / b.real), (0.6, 2.0)),
    Row("remainder", ((2, 3),), lambda T, a: T.remainder(a, 0.7), lambda a: np.remainder(a, 0.7), note="by a number"),
    Row("fmod", ((2, 3),), lambda T, a: T.fmod(a, 0.7), lambda a: np.fmod(a, 0.7), note="by a number"),
    Row("floor_divide", ((2, 3), (3,)), lambda T, a, b: T.floor_divide(a, b), np.floor_divide, (0.6, 2.0), same_name=False,
        no_slope="derivative for aten::floor_divide is not implemented"),
    binary("fmod", lambda a, b: a - b * np.trunc(a.real / b.real), (0.6, 2.0)),
    Row("div", ((2, 3), (3,)), lambda T, a, b: T.div(a, b, rounding_mode="floor"), lambda a, b: np.floor(a / b), (0.6, 2.0),
        note="floor"),
    Row("div", ((2, 3), (3,)), lambda T, a, b: T.div(a, b, rounding_mode="trunc"), lambda a, b: np.trunc(a / b), (0.6, 2.0),
        note="trunc"),
    binary("maximum", lambda a, b: np.where(a.real > b.real, a, b), distinct=True),
    binary("minimum", lambda a, b: np.where(a.real < b.real, a, b), distinct=True),
    binary("atan2", np.arctan2, (0.5, 2.0), analytic=False, at_extremes="finite"),
    binary("hypot", lambda a, b: np.sqrt(a * a + b * b), (0.5, 2.0), at_extremes="free"),
    binary("logaddexp", lambda a, b: np.log(np.exp(a) + np.exp(b))),
    Row("clamp", ((3, 4),), lambda T, x: T.clamp(x, -0.5, 1.0), lambda x: np.clip(x, -0.5, 1.0), kinks=(-0.5, 1.0)),
    Row("clip", ((3, 4),), lambda T, x: T.clip(x, -0.5, 1.0), lambda x: np.clip(x, -0.5, 1.0), kinks=(-0.5, 1.0)),
    Row("clamp", ((3, 4),), lambda T, x: T.clamp(x, max=0.4), lambda x: np.minimum(x, 0.4), kinks=(0.4,), note="max", same_name=False),
    Row("clamp", ((3, 4),), lambda T, x: T.clamp(x, 0.4), lambda x: np.maximum(x, 0.4), kinks=(0.4,), note="min", same_name=False),
    Row("sub", ((2, 3), (3,)), lambda T, a, b: T.sub(a, b, alpha=2), lambda a, b: a - 2 * b, analytic=True, note="alpha",
        at_extremes="finite"),
    Row("rsub", ((2, 3), (3,)), lambda T, a, b: T.rsub(a, b, alpha=2), lambda a, b: b - 2 * a, analytic=True, note="alpha",
        at_extremes="finite"),
    Row("pow", ((2, 3),), lambda T, x: T.pow(x, 0), lambda x: x**0, analytic=True, note="0"),
    Row("pow", ((2, 3),), lambda T, x: T.pow(x, 1), lambda x: x**1, analytic=True, note="1"),
    Row("pow", ((2, 3),), lambda T, x: T.pow(x, 0.5), lambda x: x**0.5, (0.5, 2.0), analytic=True, note="half",
        at_extremes="finite"),
    Row("pow", ((2, 3),), lambda T, x: T.pow(x, -2), lambda x: x**-2.0, (0.5, 2.0), analytic=True, note="-2"),
    Row("float_power", ((2, 3), (3,)), lambda T, a, b: T.float_power(a, b), lambda a, b: a**b, (0.5, 2.0), analytic=True, note="tensors"),
    Row("clamp_min", ((3, 4),), lambda T, x: T.clamp_min(x, 0.25), lambda x: np.maximum(x, 0.25), kinks=(0.25,)),
    Row("clamp_max", ((3, 4),), lambda T, x: T.clamp_max(x, 0.25), lambda x: np.minimum(x, 0.25), kinks=(0.25,)),
    Row("where", ((2, 3), (3,)), lambda T, a, b: T.where(T.tensor([[True, False, True]]), a, b),
        lambda a, b: np.where([[True, False, True]], a, b), analytic=True),
]  # fmt: skip

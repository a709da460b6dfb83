"""One row per operation: how to call it, on what, and what NumPy says it is. The laws in test_laws.py hold for all rows.

`call` gets the module first, so that the very same call runs on autodiff and on PyTorch. `reference` is NumPy, on
arrays; where it is `analytic` it also takes complex numbers, and the derivative is checked to 1e-8 by the
complex step f'(x) = Im f(x + ih) / h.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """One operation with inputs that are drawn from `domain`, each of the shape given."""

    name: str  # the public name
    shapes: tuple[tuple[int, ...], ...]
    call: Callable[..., Any]
    reference: Callable[..., Any] | None = None
    domain: tuple[float, float] = (-2.0, 2.0)
    analytic: bool = False
    broadcasts: bool = False
    second: bool = True  # has a second derivative worth checking
    distinct: bool = False  # values must keep a distance from each other (max, sort, median)
    kinks: tuple[float, ...] = ()  # values to keep away from
    note: str = ""

    @property
    def id(self) -> str:
        return self.name + (f"-{self.note}" if self.note else "")


def unary(name, reference, domain=(-2.0, 2.0), analytic=True, kinks=(), second=True):
    return Row(name, ((2, 3),), lambda T, x: getattr(T, name)(x), reference, domain, analytic, kinks=kinks, second=second)


def binary(name, reference, domain=(-2.0, 2.0), analytic=True, **more):
    return Row(
        name, ((2, 3), (3,)), lambda T, a, b: getattr(T, name)(a, b), reference, domain, analytic, broadcasts=True, **more
    )


def F(T):
    return T.nn.functional


def softmax(x, axis=-1):
    e = np.exp(x - x.real.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    m = x.real.max(axis=axis, keepdims=True)
    return x - m - np.log(np.exp(x - m).sum(axis=axis, keepdims=True))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


TARGET = np.array([2, 0, 1, 2])
WEIGHT = np.array([0.5, 1.0, 2.0])


def distances(a, b):
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))


def index(T, values):
    return T.tensor(values)


def nll(x, target=TARGET, weight=None):
    w = np.ones(x.shape[1]) if weight is None else weight
    return -(x[np.arange(len(target)), target] * w[target]).sum() / w[target].sum()


ELEMENTWISE = [
    unary("abs", lambda x: np.where(x.real < 0, -x, x), kinks=(0.0,)),
    unary("acos", np.arccos, (-0.9, 0.9)),
    unary("acosh", np.arccosh, (1.2, 3.0)),
    unary("asin", np.arcsin, (-0.9, 0.9)),
    unary("asinh", np.arcsinh),
    unary("atan", np.arctan),
    unary("atanh", np.arctanh, (-0.9, 0.9)),
    unary("ceil", np.ceil, analytic=False, second=False, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0)),
    unary("cos", np.cos),
    unary("cosh", np.cosh),
    unary("deg2rad", lambda x: x * (np.pi / 180)),
    unary("erf", None, analytic=False),
    unary("erfc", None, analytic=False),
    unary("exp", np.exp),
    unary("exp2", lambda x: np.exp(x * np.log(2.0))),
    unary("expm1", np.expm1),
    unary("floor", np.floor, analytic=False, second=False, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0)),
    unary("frac", lambda x: x - np.trunc(x), analytic=False, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0)),
    unary("log", np.log, (0.3, 3.0)),
    unary("log10", np.log10, (0.3, 3.0)),
    unary("log1p", np.log1p, (-0.5, 3.0)),
    unary("log2", np.log2, (0.3, 3.0)),
    unary("logit", lambda x: np.log(x / (1 - x)), (0.1, 0.9)),
    unary("nan_to_num", np.nan_to_num, analytic=False),
    unary("neg", lambda x: -x),
    unary("rad2deg", lambda x: x * (180 / np.pi)),
    unary("reciprocal", lambda x: 1 / x, (0.5, 2.0)),
    unary("round", np.round, analytic=False, second=False, kinks=(-1.5, -0.5, 0.5, 1.5)),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), (0.3, 3.0)),
    unary("sigmoid", sigmoid),
    unary("sign", np.sign, analytic=False, second=False, kinks=(0.0,)),
    unary("sin", np.sin),
    unary("sinh", np.sinh),
    unary("sqrt", np.sqrt, (0.3, 3.0)),
    unary("square", lambda x: x * x),
    unary("tan", np.tan, (-1.2, 1.2)),
    unary("tanh", np.tanh),
    unary("trunc", np.trunc, analytic=False, second=False, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0)),
    unary("relu", lambda x: np.where(x.real > 0, x, 0), kinks=(0.0,)),
    Row("lerp", ((2, 3), (2, 3), (2, 3)), lambda T, a, b, w: T.lerp(a, b, w), lambda a, b, w: a + w * (b - a), analytic=True),
    Row("lerp", ((2, 3), (2, 3)), lambda T, a, b: T.lerp(a, b, 0.3), lambda a, b: a + 0.3 * (b - a), analytic=True, note="number"),
    Row("clone", ((2, 3),), lambda T, x: x.clone(), lambda x: x + 0, analytic=True),
]

TWO = [
    binary("add", lambda a, b: a + b),
    Row("add", ((2, 3), (3,)), lambda T, a, b: T.add(a, b, alpha=2.5), lambda a, b: a + 2.5 * b, analytic=True, note="alpha"),
    binary("sub", lambda a, b: a - b),
    Row("rsub", ((2, 3), (3,)), lambda T, a, b: T.rsub(a, b), lambda a, b: b - a, analytic=True, broadcasts=True),
    Row("rsub", ((2, 3),), lambda T, a: 1.5 - a, lambda a: 1.5 - a, analytic=True, note="of a number"),
    binary("mul", lambda a, b: a * b),
    Row("addcmul", ((2, 3), (3,), (2, 1)), lambda T, a, b, c: T.addcmul(a, b, c, value=0.5), lambda a, b, c: a + 0.5 * b * c,
        analytic=True),
    Row("addcdiv", ((2, 3), (3,), (2, 1)), lambda T, a, b, c: T.addcdiv(a, b, c, value=-2), lambda a, b, c: a - 2 * b / c,
        (0.5, 2.0), analytic=True),
    binary("div", lambda a, b: a / b, (0.5, 2.0)),
    Row("div", ((2, 3),), lambda T, a: 1.5 / (a * a), lambda a: 1.5 / (a * a), (0.5, 2.0), analytic=True, note="of a number"),
    binary("pow", lambda a, b: a**b, (0.5, 2.0)),
    Row("pow", ((2, 3),), lambda T, x: T.pow(x, 3), lambda x: x**3, analytic=True, note="number"),
    Row("pow", ((2, 3),), lambda T, x: 2.0**x, lambda x: 2.0**x, analytic=True, note="of a number"),
    Row("float_power", ((2, 3),), lambda T, x: T.float_power(x, 3), lambda x: x**3, analytic=True),
    binary("remainder", lambda a, b: a - b * np.floor(a.real / b.real), (0.6, 2.0)),
    binary("fmod", lambda a, b: a - b * np.trunc(a.real / b.real), (0.6, 2.0)),
    Row("div", ((2, 3), (3,)), lambda T, a, b: T.div(a, b, rounding_mode="floor"), lambda a, b: np.floor(a / b), (0.6, 2.0),
        second=False, note="floor"),
    Row("div", ((2, 3), (3,)), lambda T, a, b: T.div(a, b, rounding_mode="trunc"), lambda a, b: np.trunc(a / b), (0.6, 2.0),
        second=False, note="trunc"),
    binary("maximum", lambda a, b: np.where(a.real > b.real, a, b), distinct=True),
    binary("minimum", lambda a, b: np.where(a.real < b.real, a, b), distinct=True),
    binary("atan2", np.arctan2, (0.5, 2.0), analytic=False),
    binary("hypot", lambda a, b: np.sqrt(a * a + b * b), (0.5, 2.0)),
    binary("logaddexp", lambda a, b: np.log(np.exp(a) + np.exp(b))),
    Row("clamp", ((3, 4),), lambda T, x: T.clamp(x, -0.5, 1.0), lambda x: np.clip(x, -0.5, 1.0), kinks=(-0.5, 1.0)),
    Row("clamp_min", ((3, 4),), lambda T, x: T.clamp_min(x, 0.25), lambda x: np.maximum(x, 0.25), kinks=(0.25,)),
    Row("clamp_max", ((3, 4),), lambda T, x: T.clamp_max(x, 0.25), lambda x: np.minimum(x, 0.25), kinks=(0.25,)),
    Row("where", ((2, 3), (3,)), lambda T, a, b: T.where(T.tensor([[True, False, True]]), a, b),
        lambda a, b: np.where([[True, False, True]], a, b), analytic=True),
]  # fmt: skip

REDUCTIONS = [
    Row("sum", ((2, 3),), lambda T, x: x.sum(), np.sum, analytic=True),
    Row("sum", ((2, 3, 2),), lambda T, x: x.sum((0, -1)), lambda x: x.sum((0, 2)), analytic=True, note="dims"),
    Row("sum", ((2, 3),), lambda T, x: T.sum(x, 1, keepdim=True), lambda x: x.sum(1, keepdims=True), analytic=True, note="keepdim"),
    Row("mean", ((2, 3),), lambda T, x: x.mean(), np.mean, analytic=True),
    Row("mean", ((2, 3),), lambda T, x: x.mean(0), lambda x: x.mean(0), analytic=True, note="dim"),
    Row("prod", ((2, 3),), lambda T, x: x.prod(), np.prod, analytic=True),
    Row("prod", ((2, 3),), lambda T, x: x.prod(1), lambda x: x.prod(1), analytic=True, note="dim"),
    Row("max", ((2, 3),), lambda T, x: x.max(), np.max, distinct=True),
    Row("max", ((2, 3),), lambda T, x: x.max(1).values, lambda x: x.max(1), distinct=True, note="dim"),
    Row("min", ((2, 3),), lambda T, x: x.min(), np.min, distinct=True),
    Row("min", ((2, 3),), lambda T, x: x.min(0)[0], lambda x: x.min(0), distinct=True, note="dim"),
    Row("amax", ((2, 3),), lambda T, x: T.amax(x, 1), lambda x: x.max(1), distinct=True),
    Row("amin", ((2, 3),), lambda T, x: T.amin(x, (0, 1)), lambda x: x.min(), distinct=True),
    Row("aminmax", ((2, 3),), lambda T, x: T.aminmax(x).max * 1, np.max, distinct=True),
    Row("median", ((3, 3),), lambda T, x: x.median(), np.median, distinct=True),
    Row("std", ((4, 3),), lambda T, x: x.std(), lambda x: np.sqrt(((x - x.mean()) ** 2).sum() / 11), analytic=True),
    Row("std", ((4, 3),), lambda T, x: x.std(0), lambda x: np.sqrt(((x - x.mean(0)) ** 2).sum(0) / 3), analytic=True, note="dim"),
    Row("var", ((4, 3),), lambda T, x: x.var(), lambda x: ((x - x.mean()) ** 2).sum() / 11, analytic=True),
    Row("var", ((4, 3),), lambda T, x: x.var(1, unbiased=False), lambda x: ((x - x.mean(1, keepdims=True)) ** 2).mean(1),
        analytic=True, note="dim"),
    Row("logsumexp", ((2, 3),), lambda T, x: T.logsumexp(x, 1), lambda x: np.log(np.exp(x).sum(1)), analytic=True),
    Row("norm", ((2, 3),), lambda T, x: x.norm(), lambda x: np.sqrt((x * x).sum()), (0.5, 2.0), analytic=True),
    Row("norm", ((2, 3),), lambda T, x: x.norm(1, dim=1), lambda x: np.abs(x).sum(1), note="1", kinks=(0.0,)),
    Row("diff", ((2, 4),), lambda T, x: T.diff(x, 2), lambda x: np.diff(x, 2), analytic=True),
    Row("diff", ((2, 3), (1, 3)), lambda T, x, a: T.diff(x, dim=0, prepend=a), lambda x, a: np.diff(x, axis=0, prepend=a),
        analytic=True, note="prepend"),
    Row("trace", ((3, 4),), lambda T, x: T.trace(x), np.trace, analytic=True),
    Row("cdist", ((3, 2), (4, 2)), lambda T, a, b: T.cdist(a, b), distances, note="euclidean"),
    Row("cdist", ((2, 3, 2), (1, 4, 2)), lambda T, a, b: T.cdist(a, b, 1.0),
        lambda a, b: np.abs(a[:, :, None] - b[:, None]).sum(-1), second=False, note="one"),
    Row("cosine_similarity", ((3, 4), (1, 4)), lambda T, a, b: F(T).cosine_similarity(a, b),
        lambda a, b: (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1)), analytic=True),
    Row("pairwise_distance", ((3, 4), (1, 4)), lambda T, a, b: F(T).pairwise_distance(a, b),
        lambda a, b: np.sqrt(((a - b + 1e-6) ** 2).sum(-1)), analytic=True),
    Row("cumsum", ((2, 3),), lambda T, x: x.cumsum(1), lambda x: x.cumsum(1), analytic=True),
    Row("cumprod", ((2, 3),), lambda T, x: x.cumprod(1), lambda x: x.cumprod(1), analytic=True),
    Row("sort", ((2, 5),), lambda T, x: x.sort(1).values, lambda x: np.sort(x, 1), distinct=True),
    Row("topk", ((2, 5),), lambda T, x: x.topk(2).values, lambda x: -np.sort(-x, 1)[:, :2], distinct=True),
    Row("nansum", ((2, 3),), lambda T, x: T.nansum(x), np.sum, analytic=True),
    Row("nanmean", ((2, 3),), lambda T, x: T.nanmean(x), np.mean, analytic=True),
]  # fmt: skip


def shaped(name, call, reference, shape=(2, 3), note=""):
    return Row(name, (shape,), call, reference, analytic=True, note=note)


SHAPES = [
    shaped("reshape", lambda T, x: x.reshape(3, 2), lambda x: x.reshape(3, 2)),
    shaped("reshape", lambda T, x: x.t().reshape(-1), lambda x: x.T.reshape(-1), note="copy"),
    shaped("view", lambda T, x: x.view(3, -1), lambda x: x.reshape(3, 2)),
    shaped("flatten", lambda T, x: x.flatten(1), lambda x: x.reshape(2, 6), (2, 3, 2)),
    shaped("unflatten", lambda T, x: x.unflatten(1, (2, 3)), lambda x: x.reshape(2, 2, 3), (2, 6)),
    shaped("ravel", lambda T, x: x.ravel(), lambda x: x.ravel()),
    shaped("squeeze", lambda T, x: x.squeeze(), lambda x: x.squeeze(), (1, 3, 1)),
    shaped("squeeze", lambda T, x: x.squeeze(0), lambda x: x.squeeze(0), (1, 3, 1), "dim"),
    shaped("unsqueeze", lambda T, x: x.unsqueeze(-1), lambda x: x[..., None]),
    shaped("permute", lambda T, x: x.permute(2, 0, 1), lambda x: x.transpose(2, 0, 1), (2, 3, 4)),
    shaped("transpose", lambda T, x: x.transpose(0, -1), lambda x: x.transpose(2, 1, 0), (2, 3, 4)),
    shaped("swapaxes", lambda T, x: T.swapaxes(x, 0, 1), lambda x: x.T),
    shaped("swapdims", lambda T, x: T.swapdims(x, 0, 1), lambda x: x.T),
    shaped("t", lambda T, x: x.t(), lambda x: x.T),
    shaped("T", lambda T, x: x.T * 1, lambda x: x.T),
    shaped("mT", lambda T, x: x.mT * 1, lambda x: x.swapaxes(-1, -2), (2, 3, 4)),
    shaped("movedim", lambda T, x: T.movedim(x, 0, 2), lambda x: np.moveaxis(x, 0, 2), (2, 3, 4)),
    shaped("moveaxis", lambda T, x: T.moveaxis(x, 0, 2), lambda x: np.moveaxis(x, 0, 2), (2, 3, 4)),
    shaped("expand", lambda T, x: x.expand(4, 2, 3), lambda x: np.broadcast_to(x, (4, 2, 3))),
    shaped("broadcast_to", lambda T, x: T.broadcast_to(x, (4, 2, 3)), lambda x: np.broadcast_to(x, (4, 2, 3))),
    Row("broadcast_tensors", ((2, 1), (3,)), lambda T, a, b: T.broadcast_tensors(a, b)[0] * b, lambda a, b: a * b, analytic=True),
    shaped("contiguous", lambda T, x: x.t().contiguous(), lambda x: x.T),
    shaped("repeat", lambda T, x: x.repeat(2, 2), lambda x: np.tile(x, (2, 2))),
    shaped("tile", lambda T, x: T.tile(x, (2, 2)), lambda x: np.tile(x, (2, 2))),
    shaped("repeat_interleave", lambda T, x: T.repeat_interleave(x, 2, 1), lambda x: np.repeat(x, 2, 1)),
    shaped("roll", lambda T, x: T.roll(x, 1, 1), lambda x: np.roll(x, 1, 1)),
    shaped("flip", lambda T, x: T.flip(x, (0, 1)), lambda x: x[::-1, ::-1]),
    shaped("fliplr", lambda T, x: T.fliplr(x), lambda x: x[:, ::-1]),
    shaped("flipud", lambda T, x: T.flipud(x), lambda x: x[::-1]),
    shaped("tril", lambda T, x: T.tril(x), np.tril, (3, 3)),
    shaped("triu", lambda T, x: T.triu(x, 1), lambda x: np.triu(x, 1), (3, 3)),
    shaped("diagonal", lambda T, x: T.diagonal(x), lambda x: np.diagonal(x), (3, 3)),
    shaped("diag", lambda T, x: T.diag(x), np.diag, (3,)),
    shaped("atleast_1d", lambda T, x: T.atleast_1d(x), np.atleast_1d, ()),
    shaped("atleast_2d", lambda T, x: T.atleast_2d(x), np.atleast_2d, (3,)),
    shaped("chunk", lambda T, x: x.chunk(2, 1)[1], lambda x: x[:, 2:], (2, 4)),
    shaped("split", lambda T, x: x.split([1, 3], 1)[1], lambda x: x[:, 1:], (2, 4)),
    shaped("unbind", lambda T, x: x.unbind(1)[2], lambda x: x[:, 2]),
    shaped("meshgrid", lambda T, x: T.meshgrid(x, x, indexing="ij")[0], lambda x: np.meshgrid(x, x, indexing="ij")[0], (3,)),
    Row("cat", ((2, 3), (1, 3)), lambda T, a, b: T.cat([a, b]), lambda a, b: np.concatenate([a, b]), analytic=True),
    Row("concat", ((2, 3), (2, 1)), lambda T, a, b: T.concat([a, b], 1), lambda a, b: np.concatenate([a, b], 1), analytic=True),
    Row("concatenate", ((2, 3), (2, 1)), lambda T, a, b: T.concatenate([a, b], 1), lambda a, b: np.concatenate([a, b], 1),
        analytic=True),
    Row("stack", ((2, 3), (2, 3)), lambda T, a, b: T.stack([a, b], 1), lambda a, b: np.stack([a, b], 1), analytic=True),
    Row("hstack", ((2, 3), (2, 1)), lambda T, a, b: T.hstack([a, b]), lambda a, b: np.hstack([a, b]), analytic=True),
    Row("vstack", ((2, 3), (1, 3)), lambda T, a, b: T.vstack([a, b]), lambda a, b: np.vstack([a, b]), analytic=True),
    Row("dstack", ((2, 3), (2, 3)), lambda T, a, b: T.dstack([a, b]), lambda a, b: np.dstack([a, b]), analytic=True),
]  # fmt: skip

INDEXING = [
    shaped("getitem", lambda T, x: x[1], lambda x: x[1], note="int"),
    shaped("getitem", lambda T, x: x[:, 1:], lambda x: x[:, 1:], note="slice"),
    shaped("getitem", lambda T, x: x[..., None, ::2], lambda x: x[..., None, ::2], note="ellipsis"),
    shaped("getitem", lambda T, x: x[[0, 1, 0], [2, 2, 2]], lambda x: x[[0, 1, 0], [2, 2, 2]], note="lists"),
    shaped("getitem", lambda T, x: x[:, index(T, [2, 0, 2])], lambda x: x[:, [2, 0, 2]], note="tensor"),
    shaped("getitem", lambda T, x: x[index(T, [True, False])], lambda x: x[[True, False]], note="mask"),
    shaped("select", lambda T, x: T.select(x, 1, 2), lambda x: x[:, 2]),
    shaped("narrow", lambda T, x: T.narrow(x, 1, 1, 2), lambda x: x[:, 1:3]),
    shaped("index_select", lambda T, x: T.index_select(x, 1, index(T, [2, 0, 2])), lambda x: x[:, [2, 0, 2]]),
    shaped("gather", lambda T, x: T.gather(x, 1, index(T, [[2, 0], [1, 1]])), lambda x: np.take_along_axis(x, np.array([[2, 0], [1, 1]]), 1)),
    shaped("take", lambda T, x: T.take(x, index(T, [5, 0, 5])), lambda x: x.reshape(-1)[[5, 0, 5]]),
    shaped("take_along_dim", lambda T, x: T.take_along_dim(x, index(T, [[2], [0]]), 1), lambda x: np.take_along_axis(x, np.array([[2], [0]]), 1)),
    shaped("masked_select", lambda T, x: T.masked_select(x, index(T, [True, False, True])), lambda x: x[:, [0, 2]].reshape(-1)),
    shaped("masked_fill", lambda T, x: T.masked_fill(x, index(T, [True, False, True]), 9.0), lambda x: np.where([True, False, True], 9.0, x)),
    Row("scatter", ((2, 3), (2, 2)), lambda T, x, v: T.scatter(x, 1, index(T, [[2, 0], [1, 2]]), v),
        lambda x, v: np.stack([np.array([v[0, 1], x[0, 1], v[0, 0]]), np.array([x[1, 0], v[1, 0], v[1, 1]])]), analytic=True),
    Row("scatter_add", ((2, 3), (2, 2)), lambda T, x, v: T.scatter_add(x, 1, index(T, [[2, 2], [1, 0]]), v),
        lambda x, v: x + np.stack([np.array([0, 0, v[0, 0] + v[0, 1]]), np.array([v[1, 1], v[1, 0], 0])]), analytic=True),
    Row("index_add", ((3, 2), (2, 2)), lambda T, x, v: T.index_add(x, 0, index(T, [2, 2]), v),
        lambda x, v: x + np.stack([0 * v[0], 0 * v[0], v[0] + v[1]]), analytic=True),
    Row("index_put", ((3, 2), (2,)), lambda T, x, v: x.index_put((index(T, [2, 0]),), v),
        lambda x, v: np.stack([v, x[1], v]), analytic=True),
]  # fmt: skip

PRODUCTS = [
    Row("matmul", ((2, 3), (3, 4)), lambda T, a, b: a @ b, np.matmul, analytic=True),
    Row("matmul", ((3,), (3,)), lambda T, a, b: a @ b, np.matmul, analytic=True, note="vectors"),
    Row("matmul", ((2, 3), (3,)), lambda T, a, b: a @ b, np.matmul, analytic=True, note="matrix vector"),
    Row("matmul", ((3,), (3, 2)), lambda T, a, b: a @ b, np.matmul, analytic=True, note="vector matrix"),
    Row("matmul", ((2, 1, 2, 3), (3, 3, 4)), lambda T, a, b: a @ b, np.matmul, analytic=True, note="batches"),
    Row("matmul", ((2, 2, 3), (3, 2)), lambda T, a, b: a @ b, np.matmul, analytic=True, note="batch matrix"),
    Row("matmul", ((2, 2, 3), (3,)), lambda T, a, b: a @ b, np.matmul, analytic=True, note="batch vector"),
    Row("mm", ((2, 3), (3, 4)), lambda T, a, b: T.mm(a, b), np.matmul, analytic=True),
    Row("bmm", ((2, 2, 3), (2, 3, 4)), lambda T, a, b: T.bmm(a, b), np.matmul, analytic=True),
    Row("mv", ((2, 3), (3,)), lambda T, a, b: T.mv(a, b), np.matmul, analytic=True),
    Row("dot", ((3,), (3,)), lambda T, a, b: T.dot(a, b), np.dot, analytic=True),
    Row("inner", ((2, 3), (4, 3)), lambda T, a, b: T.inner(a, b), np.inner, analytic=True),
    Row("outer", ((2,), (3,)), lambda T, a, b: T.outer(a, b), np.outer, analytic=True),
    Row("addmm", ((4,), (2, 3), (3, 4)), lambda T, c, a, b: T.addmm(c, a, b, beta=0.5, alpha=2), lambda c, a, b: 0.5 * c + 2 * (a @ b),
        analytic=True),
    Row("baddbmm", ((2, 2, 4), (2, 2, 3), (2, 3, 4)), lambda T, c, a, b: T.baddbmm(c, a, b), lambda c, a, b: c + a @ b, analytic=True),
    Row("linear", ((4, 3), (2, 3), (2,)), lambda T, x, w, b: F(T).linear(x, w, b), lambda x, w, b: x @ w.T + b, analytic=True),
    Row("linear", ((3,), (2, 3), (2,)), lambda T, x, w, b: F(T).linear(x, w, b), lambda x, w, b: x @ w.T + b, analytic=True, note="vector"),
    Row("linear", ((2, 4, 3), (2, 3)), lambda T, x, w: F(T).linear(x, w), lambda x, w: x @ w.T, analytic=True, note="no bias"),
]  # fmt: skip

NN = [
    Row("softmax", ((4, 3),), lambda T, x: T.softmax(x, -1), softmax, analytic=True),
    Row("softmax", ((2, 3, 2),), lambda T, x: T.softmax(x, 1), lambda x: softmax(x, 1), analytic=True, note="dim"),
    Row("log_softmax", ((4, 3),), lambda T, x: T.log_softmax(x, 1), log_softmax, analytic=True),
    Row("log_softmax", ((2, 3, 2),), lambda T, x: T.log_softmax(x, 0), lambda x: log_softmax(x, 0), analytic=True, note="dim"),
    Row("cross_entropy", ((4, 3),), lambda T, x: F(T).cross_entropy(x, index(T, TARGET)), lambda x: nll(log_softmax(x)), analytic=True),
    Row("cross_entropy", ((4, 3),), lambda T, x: F(T).cross_entropy(x, index(T, TARGET), index(T, WEIGHT).to(x.dtype), reduction="none",
        ignore_index=1, label_smoothing=0.2), None, note="options"),
    Row("cross_entropy", ((4, 3), (4, 3)), lambda T, x, p: F(T).cross_entropy(x, p), lambda x, p: -(p * log_softmax(x)).sum() / 4,
        analytic=True, note="probabilities"),
    Row("nll_loss", ((4, 3),), lambda T, x: F(T).nll_loss(x, index(T, TARGET), index(T, WEIGHT).to(x.dtype)),
        lambda x: nll(x, weight=WEIGHT), analytic=True),
    Row("mse_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).mse_loss(x, t), lambda x, t: ((x - t) ** 2).mean(), analytic=True),
    Row("l1_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).l1_loss(x, t), lambda x, t: np.abs(x - t).mean(), distinct=True),
    Row("binary_cross_entropy", ((4, 3),), lambda T, x: F(T).binary_cross_entropy(x, x.detach() * 0 + 0.3),
        lambda x: -(0.3 * np.log(x) + 0.7 * np.log(1 - x)).mean(), (0.1, 0.9), analytic=True),
    Row("binary_cross_entropy_with_logits", ((4, 3),), lambda T, x: F(T).binary_cross_entropy_with_logits(x, x.detach() * 0 + 0.3),
        lambda x: (np.log1p(np.exp(x)) - 0.3 * x).mean(), analytic=True),
    *[
        Row(name, ((2, 3),), (lambda name: lambda T, x: getattr(F(T), name)(x))(name), reference, kinks=kinks)
        for name, reference, kinks in [
            ("leaky_relu", lambda x: np.where(x > 0, x, 0.01 * x), (0.0,)),
            ("elu", lambda x: np.where(x > 0, x, np.expm1(x)), (0.0,)),
            ("gelu", None, ()),
            ("silu", lambda x: x * sigmoid(x), ()),
            ("softplus", lambda x: np.log1p(np.exp(x)), ()),
            ("logsigmoid", lambda x: -np.log1p(np.exp(-x)), ()),
            ("hardtanh", lambda x: np.clip(x, -1, 1), (-1.0, 1.0)),
            ("relu6", lambda x: np.clip(x, 0, 6), (0.0,)),
        ]
    ],
]  # fmt: skip

# Operations that work in place, as expressions: what they are to the graph.
IN_PLACE = [
    shaped("copy_", lambda T, x: T.zeros(2, 3, dtype=x.dtype).copy_(x), lambda x: x + 0),
    shaped("zero_", lambda T, x: (x * 1).zero_() + x, lambda x: x + 0),
    Row("fill_", ((2, 3), ()), lambda T, x, v: (x * 1).fill_(v), lambda x, v: 0 * x + v, analytic=True),
    Row("fill_-number", ((2, 3),), lambda T, x: (x * 1).fill_(3.0), lambda x: 0 * x + 3, analytic=True),
    Row("masked_fill-number", ((2, 3),), lambda T, x: T.masked_fill(x, T.tensor([[True, False, True]]), 5.0),
        lambda x: np.where([[True, False, True]], 5.0, x), analytic=True),
    Row("clamp-tensors", ((2, 3), (3,), (3,)), lambda T, x, a, b: T.clamp(x, a, b),
        lambda x, a, b: np.minimum(np.maximum(x, a), b)),
    Row("clamp_min-tensor", ((2, 3), (3,)), lambda T, x, a: T.clamp_min(x, a), np.maximum),
    Row("clamp_max-tensor", ((2, 3), (3,)), lambda T, x, a: T.clamp_max(x, a), np.minimum),
    Row("split-sizes", ((5, 2),), lambda T, x: T.split(x, [1, 3, 1])[1], lambda x: x[1:4], analytic=True),
    Row("addmm-scaled", ((3,), (2, 4), (4, 3)), lambda T, x, a, b: T.addmm(x, a, b, beta=0.5, alpha=2.0),
        lambda x, a, b: x / 2 + 2 * (a @ b), analytic=True),
    Row("addmm-without", ((3,), (2, 4), (4, 3)), lambda T, x, a, b: T.addmm(x, a, b, beta=0.0),
        lambda x, a, b: 0 * x + a @ b, analytic=True),
    Row("repeat_interleave-several", ((3, 2),), lambda T, x: T.repeat_interleave(x, T.tensor([2, 0, 1]), 0),
        lambda x: np.repeat(x, [2, 0, 1], 0), analytic=True),
    Row("repeat-more dimensions", ((3, 2),), lambda T, x: x.repeat(2, 1, 3), lambda x: np.tile(x, (2, 1, 3)), analytic=True),
    Row("setitem", ((3, 2), (2,)), lambda T, x, v: assigned(x * 1, v) ** 3, lambda x, v: np.stack([x[0] * 3, v, x[2]]) ** 3, analytic=True),
    shaped("to", lambda T, x: x.to(T.float64) * x.double(), lambda x: x * x),
]  # fmt: skip


def assigned(y, v):
    y[1] = v
    y[0].mul_(3)
    return y


ROWS = ELEMENTWISE + TWO + REDUCTIONS + SHAPES + INDEXING + PRODUCTS + NN + IN_PLACE

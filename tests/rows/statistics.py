"""Statistics, running extremes, integrals of samples."""

import numpy as np

from rows.row import Row

NANS = np.array([[1.0, np.nan, -2.0, 0.25], [0.5, 0.3, np.nan, np.nan]])
HOLES = np.array([[1.0, -np.inf, 2.0], [-np.inf, -np.inf, 0.5]])
PARTS = np.array([0.1, 0.5, 0.9])
COUNTS = np.array([1, 2, 1, 3])


NO_HALF = {"half": False, "dtypes": ("float32", "float64")}


def one(name, shape, call, reference, note="", **more):
    return Row(name, (shape,), call, reference, note=note, **{"same_name": False, **more})


def quantile(part, interpolation, **more):
    return one("quantile", (3, 4), lambda T, x: T.quantile(x, part, 1, interpolation=interpolation),
               lambda x: np.quantile(x, part, 1, method=interpolation), interpolation, distinct=True, **NO_HALF, **more)


def renormed(x, axes=(1,), p=2, limit=1.0):
    lengths = (np.abs(x) ** p).sum(axes, keepdims=True) ** (1 / p)
    return np.where(lengths > limit, x * limit / (lengths + 1e-7), x)


STATISTICS = [
    quantile(0.3, "linear"),
    quantile(0.3, "lower"),
    quantile(0.3, "higher"),
    quantile(0.3, "midpoint"),
    quantile(0.3, "nearest"),
    one("quantile", (3, 4), lambda T, x: T.quantile(x, T.tensor(PARTS).to(x.dtype), 0, keepdim=True),
        lambda x: np.quantile(x, PARTS, 0, keepdims=True), "several", distinct=True, **NO_HALF),
    Row("quantile", ((6,), (3,)), lambda T, x, q: T.quantile(x, q), None, (0.05, 0.95), note="of a part", distinct=True, same_name=False,
        **NO_HALF, kinks=(0.2, 0.4, 0.6, 0.8)),
    one("nanquantile", (2, 4), lambda T, x: T.nanquantile(x, 0.4, 1), lambda x: np.nanquantile(x, 0.4, 1), values=(NANS,), **NO_HALF),
    one("nanquantile", (2, 4), lambda T, x: T.nanquantile(x, 0.4), lambda x: np.nanquantile(x, 0.4), "all", values=(NANS,), **NO_HALF),
    Row("nanmedian", ((2, 4),), lambda T, x: T.nanmedian(x), lambda x: np.array(0.3), values=(NANS,)),
    Row("nanmedian", ((2, 4),), lambda T, x: T.nanmedian(x, 1)[0], lambda x: np.array([0.25, 0.3]), values=(NANS,), note="dim"),
    Row("cummax", ((2, 4),), lambda T, x: T.cummax(x, 1).values, lambda x: np.maximum.accumulate(x, 1), distinct=True, at_extremes="equal"),
    Row("cummin", ((4, 2),), lambda T, x: T.cummin(x, 0)[0], lambda x: np.minimum.accumulate(x, 0), distinct=True, at_extremes="equal"),
    Row("logcumsumexp", ((2, 4),), lambda T, x: T.logcumsumexp(x, 1), lambda x: np.log(np.cumsum(np.exp(x), 1)), analytic=True,
        torch_orders=2),
    Row("logcumsumexp", ((4, 2),), lambda T, x: T.logcumsumexp(x, 0), lambda x: np.log(np.cumsum(np.exp(x), 0)), analytic=True, note="dim",
        torch_orders=2),
    one("trapezoid", (2, 4), lambda T, y: T.trapezoid(y, dx=0.5), lambda y: np.trapezoid(y, dx=0.5), analytic=True),
    Row("trapezoid", ((2, 4), (4,)), lambda T, y, x: T.trapezoid(y, x), np.trapezoid, analytic=True, note="x", same_name=False),
    one("trapz", (4, 2), lambda T, y: T.trapz(y, dim=0), lambda y: np.trapezoid(y, axis=0), analytic=True),
    Row("cumulative_trapezoid", ((2, 4), (2, 4)), lambda T, y, x: T.cumulative_trapezoid(y, x),
        lambda y, x: np.cumsum((y[:, 1:] + y[:, :-1]) * np.diff(x), 1) / 2, analytic=True, same_name=False),
    one("gradient", (4,), lambda T, y: T.gradient(y, spacing=0.5)[0], lambda y: np.gradient(y, 0.5), analytic=True),
    one("gradient", (3, 4), lambda T, y: sum(T.gradient(y, edge_order=2)), lambda y: sum(np.gradient(y, edge_order=2)), "2", analytic=True),
    Row("gradient", ((3, 4), (4,)), lambda T, y, x: T.gradient(y, spacing=[x], dim=1)[0],
        lambda y, x: (np.gradient(y, x, axis=1)), values=(np.arange(12.0).reshape(3, 4) ** 1.5, np.array([0.0, 1.0, 1.5, 3.0])),
        note="places", same_name=False, half=False),
    one("cov", (2, 4), lambda T, x: T.cov(x), np.cov, half=False),
    one("cov", (2, 4), lambda T, x: T.cov(x, correction=0, fweights=T.tensor(COUNTS)), lambda x: np.cov(x, ddof=0, fweights=COUNTS),
        "fweights", half=False),
    Row("cov", ((2, 4), (4,)), lambda T, x, w: T.cov(x, aweights=w), lambda x, w: np.cov(x, aweights=w), (0.5, 2.0), note="aweights",
        same_name=False, half=False),
    one("corrcoef", (3, 5), lambda T, x: T.corrcoef(x), np.corrcoef, half=False),
    Row("dist", ((2, 3), (3,)), lambda T, a, b: T.dist(a, b), lambda a, b: np.sqrt(((a - b) ** 2).sum()), analytic=True, same_name=False),
    Row("dist", ((2, 3), (2, 3)), lambda T, a, b: T.dist(a, b, 3), lambda a, b: (np.abs(a - b) ** 3).sum() ** (1 / 3), note="3",
        same_name=False),
    one("renorm", (3, 4), lambda T, x: T.renorm(x, 2, 0, 1.5), lambda x: renormed(x, limit=1.5)),
    one("renorm", (2, 3, 2), lambda T, x: T.renorm(x, 3, 1, 1.0), lambda x: renormed(x, (0, 2), 3), "3", kinks=(0.0,)),
]  # fmt: skip

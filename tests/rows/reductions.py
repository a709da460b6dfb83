"""Many numbers to few: sums, extremes, norms, distances; and orders, running sums."""

import numpy as np

from rows.row import F, Row


def distances(a, b):
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))


NANS = np.array([[1.0, np.nan, -2.0], [0.5, 0.3, np.nan]])

TIES = np.array([[2.0, 1.0, 2.0, 1.0], [0.5, 0.5, 0.5, 0.5], [2.0, -1.0, -1.0, 0.0]])

AT_TIES = [
    *[
        Row(name, ((3, 4),), (lambda name: lambda T, x: getattr(T, name)(x))(name), reference, values=(TIES,), smooth=False, note="ties")
        for name, reference in (("max", np.max), ("min", np.min), ("median", lambda x: np.sort(x, None)[5]))
    ],
    *[
        Row(name, ((3, 4),), (lambda name: lambda T, x: getattr(T, name)(x, 1))(name), reference, values=(TIES,), smooth=False, note="ties, dim")
        for name, reference in (("amax", lambda x: x.max(1)), ("amin", lambda x: x.min(1)))
    ],
    *[
        Row(name, ((3, 4),), (lambda name: lambda T, x: getattr(T, name)(x, 1)[0])(name), reference, values=(TIES,), smooth=False,
            note="ties, dim")
        for name, reference in (("max", lambda x: x.max(1)), ("min", lambda x: x.min(1)))
    ],
    Row("norm", ((2, 3),), lambda T, x: T.norm(x, dim=1), lambda x: np.sqrt((x * x).sum(1)), smooth=False, note="of zeros",
        values=(np.array([[0.0, 0.0, 0.0], [0.0, 3.0, 4.0]]),), torch_orders=1),
    Row("norm", ((2, 3),), lambda T, x: T.norm(x, 1, dim=1), lambda x: np.abs(x).sum(1), smooth=False, note="1 at zeros",
        values=(np.array([[0.0, 0.0, 0.0], [0.0, 3.0, -4.0]]),)),
]  # fmt: skip

REDUCTIONS = [
    Row("sum", ((2, 3),), lambda T, x: T.sum(x), np.sum, analytic=True),
    Row("sum", ((2, 3, 2),), lambda T, x: T.sum(x, (0, -1)), lambda x: x.sum((0, 2)), analytic=True, note="dims"),
    Row("sum", ((2, 3),), lambda T, x: T.sum(x, 1, keepdim=True), lambda x: x.sum(1, keepdims=True), analytic=True, note="keepdim"),
    Row("mean", ((2, 3),), lambda T, x: T.mean(x), np.mean, analytic=True),
    Row("mean", ((2, 3),), lambda T, x: T.mean(x, 0), lambda x: x.mean(0), analytic=True, note="dim"),
    Row("prod", ((2, 3),), lambda T, x: T.prod(x), np.prod, analytic=True),
    Row("prod", ((2, 3),), lambda T, x: T.prod(x, 1), lambda x: x.prod(1), analytic=True, note="dim"),
    Row("max", ((2, 3),), lambda T, x: T.max(x), np.max, distinct=True),
    Row("max", ((2, 3),), lambda T, x: T.max(x, 1).values, lambda x: x.max(1), distinct=True, note="dim"),
    Row("min", ((2, 3),), lambda T, x: T.min(x), np.min, distinct=True),
    Row("min", ((2, 3),), lambda T, x: T.min(x, 0)[0], lambda x: x.min(0), distinct=True, note="dim"),
    Row("amax", ((2, 3),), lambda T, x: T.amax(x, 1), lambda x: x.max(1), distinct=True),
    Row("amin", ((2, 3),), lambda T, x: T.amin(x, (0, 1)), lambda x: x.min(), distinct=True),
    Row("aminmax", ((2, 3),), lambda T, x: T.aminmax(x).max * 1, np.max, distinct=True),
    Row("median", ((3, 3),), lambda T, x: T.median(x), np.median, distinct=True),
    Row("median", ((2, 5),), lambda T, x: T.median(x, 1).values, lambda x: np.median(x, 1), distinct=True, note="dim"),
    Row("median", ((2, 4),), lambda T, x: T.median(x, 1, True)[0], lambda x: np.sort(x, 1)[:, 1:2], distinct=True, note="even"),
    Row("std", ((4, 3),), lambda T, x: T.std(x), lambda x: np.sqrt(((x - x.mean()) ** 2).sum() / 11), analytic=True,
        at_extremes="finite"),
    Row("std", ((4, 3),), lambda T, x: T.std(x, 0), lambda x: np.sqrt(((x - x.mean(0)) ** 2).sum(0) / 3), analytic=True, note="dim",
        at_extremes="finite"),
    Row("var", ((4, 3),), lambda T, x: T.var(x), lambda x: ((x - x.mean()) ** 2).sum() / 11, analytic=True,
        at_extremes="finite"),
    Row("var", ((4, 3),), lambda T, x: T.var(x, 1, unbiased=False), lambda x: ((x - x.mean(1, keepdims=True)) ** 2).mean(1),
        analytic=True, note="dim", at_extremes="finite"),
    Row("var", ((4, 3),), lambda T, x: T.var(x, 0, correction=2, keepdim=True), lambda x: ((x - x.mean(0)) ** 2).sum(0, keepdims=True) / 2,
        analytic=True, note="correction", at_extremes="finite"),
    Row("std", ((4, 3),), lambda T, x: T.std(x, (0, 1), unbiased=False), lambda x: np.sqrt(((x - x.mean()) ** 2).mean()), analytic=True,
        note="biased", at_extremes="finite"),
    Row("logsumexp", ((2, 3, 2),), lambda T, x: T.logsumexp(x, (0, 2), keepdim=True), lambda x: np.log(np.exp(x).sum((0, 2), keepdims=True)),
        analytic=True, note="keepdim"),
    Row("mean", ((2, 3, 2),), lambda T, x: T.mean(x, (0, -1), keepdim=True), lambda x: x.mean((0, 2), keepdims=True), analytic=True,
        note="keepdim"),
    Row("prod", ((2, 3),), lambda T, x: T.prod(x, 0, keepdim=True), lambda x: x.prod(0, keepdims=True), analytic=True, note="keepdim"),
    Row("prod", ((2, 3),), lambda T, x: T.prod(x, 1), lambda x: x.prod(1), values=(np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 1.5]]),),
        analytic=True, note="zeros"),
    Row("cumprod", ((2, 3),), lambda T, x: T.cumprod(x, 1), lambda x: x.cumprod(1), values=(np.array([[2.0, 0.0, 3.0], [0.0, 0.5, 0.0]]),),
        analytic=True, note="zeros"),
    Row("amax", ((2, 3, 2),), lambda T, x: T.amax(x, (0, 2), keepdim=True), lambda x: x.max((0, 2), keepdims=True), distinct=True,
        note="keepdim"),
    Row("logsumexp", ((2, 3),), lambda T, x: T.logsumexp(x, 1), lambda x: np.log(np.exp(x).sum(1)), analytic=True),
    Row("norm", ((2, 3),), lambda T, x: T.norm(x), lambda x: np.sqrt((x * x).sum()), (0.5, 2.0), analytic=True),
    Row("norm", ((2, 3),), lambda T, x: T.norm(x, 1, dim=1), lambda x: np.abs(x).sum(1), note="1", kinks=(0.0,)),
    Row("norm", ((2, 3),), lambda T, x: T.norm(x, 3, dim=1), lambda x: (np.abs(x) ** 3).sum(1) ** (1 / 3), note="3", kinks=(0.0,),
        at_extremes="finite"),
    Row("norm", ((2, 3),), lambda T, x: T.norm(x, float("inf"), dim=0), lambda x: np.abs(x).max(0), (0.5, 2.0), note="inf", distinct=True,
        same_name=False, at_extremes="finite"),
    Row("norm", ((2, 3),), lambda T, x: T.norm(x, -float("inf")), lambda x: np.abs(x).min(), (0.5, 2.0), note="-inf", distinct=True,
        same_name=False, at_extremes="finite"),
    Row("norm", ((2, 3),), lambda T, x: T.norm(x, 0, dim=1) * x.sum(), lambda x: 3 * x.sum() * np.ones(2), (0.5, 2.0), note="0",
        at_extremes="alone"),
    Row("norm", ((3, 2),), lambda T, x: T.norm(x, "nuc"), lambda x: np.linalg.svd(x, compute_uv=False).sum(), note="nuc", half=False,
        same_name=False),
    Row("norm", ((2, 2, 3),), lambda T, x: T.norm(x, "nuc", dim=(1, 2), keepdim=True),
        lambda x: np.linalg.svd(x, compute_uv=False).sum(-1)[:, None, None], note="nuc of several", half=False, same_name=False),
    Row("norm", ((2, 3),), lambda T, x: T.norm(x, 0.5, keepdim=True), lambda x: (np.abs(x) ** 0.5).sum(keepdims=True) ** 2, (0.5, 2.0), note="0.5"),
    Row("norm", ((2, 3),), lambda T, x: T.norm(x, dim=0, keepdim=True), lambda x: np.sqrt((x * x).sum(0, keepdims=True)), (0.5, 2.0),
        analytic=True, note="dim"),
    Row("diff", ((2, 4),), lambda T, x: T.diff(x, 2), lambda x: np.diff(x, 2), analytic=True),
    Row("diff", ((2, 3), (1, 3)), lambda T, x, a: T.diff(x, dim=0, prepend=a), lambda x, a: np.diff(x, axis=0, prepend=a),
        analytic=True, note="prepend"),
    Row("trace", ((3, 4),), lambda T, x: T.trace(x), np.trace, analytic=True),
    Row("cdist", ((3, 2), (4, 2)), lambda T, a, b: T.cdist(a, b), distances, note="euclidean", torch_orders=1, half=False, same_name=False,
        at_extremes="finite"),
    Row("cdist", ((2, 3, 2), (1, 4, 2)), lambda T, a, b: T.cdist(a, b, 1.0),
        lambda a, b: np.abs(a[:, :, None] - b[:, None]).sum(-1), note="one", torch_orders=1, half=False, same_name=False,
        at_extremes="finite"),
    Row("cdist", ((3, 2), (4, 2)), lambda T, a, b: T.cdist(a, b, 2.0, "use_mm_for_euclid_dist"), distances, note="by a product",
        torch_orders=1, half=False, same_name=False),
    Row("cosine_similarity", ((3, 4), (1, 4)), lambda T, a, b: F(T).cosine_similarity(a, b),
        lambda a, b: (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1)), analytic=True),
    Row("pairwise_distance", ((3, 4), (1, 4)), lambda T, a, b: F(T).pairwise_distance(a, b),
        lambda a, b: np.sqrt(((a - b + 1e-6) ** 2).sum(-1)), analytic=True, same_name=False),
    Row("cumsum", ((2, 3),), lambda T, x: T.cumsum(x, 1), lambda x: x.cumsum(1), analytic=True),
    Row("cumprod", ((2, 3),), lambda T, x: T.cumprod(x, 1), lambda x: x.cumprod(1), analytic=True),
    Row("max", ((2, 3),), lambda T, x: T.max(x, 1, keepdim=True)[0], lambda x: x.max(1, keepdims=True), distinct=True, note="keepdim"),
    Row("sort", ((2, 5),), lambda T, x: T.sort(x, 1).values, lambda x: np.sort(x, 1), distinct=True),
    Row("sort", ((4, 2),), lambda T, x: T.sort(x, 0, True)[0], lambda x: -np.sort(-x, 0), distinct=True, note="descending"),
    Row("topk", ((4, 2),), lambda T, x: T.topk(x, 2, 0, False)[0], lambda x: np.sort(x, 0)[:2], distinct=True, note="smallest"),
    Row("topk", ((2, 5),), lambda T, x: T.topk(x, 2).values, lambda x: -np.sort(-x, 1)[:, :2], distinct=True),
    Row("nansum", ((2, 3),), lambda T, x: T.nansum(x), np.sum, analytic=True, at_extremes="alone"),
    Row("nansum", ((2, 3),), lambda T, x: T.nansum(x, 1), lambda x: np.nansum(x, 1), values=(NANS,), note="nan"),
    Row("nanmean", ((2, 3),), lambda T, x: T.nanmean(x, 1), lambda x: np.nanmean(x, 1), values=(NANS,), note="nan"),
    Row("nanmean", ((2, 3),), lambda T, x: T.nanmean(x), np.mean, analytic=True, at_extremes="alone"),
]  # fmt: skip

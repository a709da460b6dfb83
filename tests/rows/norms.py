"""Norms by mean and variance, and rows of a matrix by their numbers."""

import numpy as np

from rows.row import MANY, F, Row, index


def standard(x, axes, eps=1e-5):
    d = x - x.mean(axes, keepdims=True)
    return d / np.sqrt((d * d).mean(axes, keepdims=True) + eps)


def groups(x, n, eps=1e-5):
    return standard(x.reshape(x.shape[0], n, -1), (2,), eps).reshape(x.shape)


def by_channel(w, ndim):
    return w.reshape(-1, *[1] * (ndim - 2))


def neighbours(x, size, alpha, beta, k):
    before, n = size // 2, x.shape[1]
    squares = [sum((x * x)[:, j] for j in range(max(c - before, 0), min(c + (size - 1) // 2 + 1, n))) for c in range(n)]
    return x / (k + alpha / size * np.stack(squares, 1)) ** beta


# PyTorch differentiates mean and scale twice, and takes them for constants in what comes then.
TWICE = {"torch_orders": 2, "torch_rtol": 1e-9}
MEAN, VARIANCE = np.array([0.5, -0.2, 0.1]), np.array([1.5, 0.3, 2.0])
PLACES = np.array([[0, 2], [2, 1]])
BAGS, BEGINS, SHARES = np.array([2, 0, 2, 1]), np.array([0, 1, 1]), np.array([0.5, 2.0, -1.0, 1.5])


def given(T, x):
    return T.tensor(MEAN).to(x.dtype), T.tensor(VARIANCE).to(x.dtype)


def bags(T, w, **options):
    return F(T).embedding_bag(index(T, BAGS), w, index(T, BEGINS), **options)


NORMS = [
    Row("layer_norm", ((2, 4), (4,), (4,)), lambda T, x, w, b: T.layer_norm(x, (4,), w, b),
        lambda x, w, b: standard(x, (1,)) * w + b, analytic=True, **TWICE,
        large=(((100, 200), (200,), (200,)), lambda T, x, w, b: T.layer_norm(x, (200,), w, b))),
    Row("layer_norm", ((2, 2, 3),), lambda T, x: T.layer_norm(x, (2, 3), eps=0.1), lambda x: standard(x, (1, 2), 0.1),
        analytic=True, note="plain", **TWICE,
        large=(((100, 10, 20),), lambda T, x: T.layer_norm(x, (10, 20)))),
    Row("batch_norm", ((3, 2, 2), (2,), (2,)), lambda T, x, w, b: F(T).batch_norm(x, None, None, w, b, True),
        lambda x, w, b: standard(x, (0, 2)) * by_channel(w, 3) + by_channel(b, 3), analytic=True, **TWICE, large=(((10, 20, 100), (20,), (20,)), lambda T, x, w, b: F(T).batch_norm(x, None, None, w, b, True))),
    Row("batch_norm", ((4, 3),), lambda T, x: T.batch_norm(x, None, None, *given(T, x), True, 0.5, 0.1, False),
        lambda x: standard(x, (0,), 0.1), analytic=True, note="running", **TWICE, large=None),
    Row("batch_norm", ((2, 3, 2), (3,), (3,)), lambda T, x, w, b: F(T).batch_norm(x, *given(T, x), w, b),
        lambda x, w, b: (x - by_channel(MEAN, 3)) / np.sqrt(by_channel(VARIANCE, 3) + 1e-5) * by_channel(w, 3) + by_channel(b, 3),
        analytic=True, note="evaluation", at_extremes="finite", ends_early=True, large=None),
    Row("instance_norm", ((2, 2, 3), (2,), (2,)), lambda T, x, w, b: F(T).instance_norm(x, None, None, w, b),
        lambda x, w, b: standard(x, (2,)) * by_channel(w, 3) + by_channel(b, 3), analytic=True, **TWICE, same_name=False,
        large=(((10, 20, 100), (20,), (20,)), lambda T, x, w, b: F(T).instance_norm(x, None, None, w, b))),
    Row("instance_norm", ((2, 2, 3), (2,)), lambda T, x, w: T.instance_norm(x, w, None, None, None, True, 0.1, 0.1, False),
        lambda x, w: standard(x, (2,), 0.1) * by_channel(w, 3), analytic=True, note="weight alone", **TWICE,
        same_name=False, large=None),
    Row("group_norm", ((2, 6),), lambda T, x: T.group_norm(x, 2, eps=0.1), lambda x: groups(x, 2, 0.1), analytic=True,
        note="plain", **TWICE, large=None),
    Row("group_norm", ((2, 4, 3), (4,), (4,)), lambda T, x, w, b: F(T).group_norm(x, 2, w, b),
        lambda x, w, b: groups(x, 2) * by_channel(w, 3) + by_channel(b, 3), analytic=True, **TWICE,
        large=(((10, 20, 100), (20,), (20,)), lambda T, x, w, b: F(T).group_norm(x, 2, w, b))),
    Row("rms_norm", ((2, 4), (4,)), lambda T, x, w: T.rms_norm(x, (4,), w, 1e-5),
        lambda x, w: x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-5) * w, analytic=True,
        large=(((100, 200), (200,)), lambda T, x, w: T.rms_norm(x, (200,), w))),
    Row("local_response_norm", ((2, 4, 2),), lambda T, x: F(T).local_response_norm(x, 3, 0.5, 0.75, 2.0),
        lambda x: neighbours(x, 3, 0.5, 0.75, 2.0), analytic=True,
        large=(((10, 20, 100),), lambda T, x: F(T).local_response_norm(x, 3))),
    Row("local_response_norm", ((2, 3, 2, 2),), lambda T, x: F(T).local_response_norm(x, 2), lambda x: neighbours(x, 2, 1e-4, 0.75, 1.0),
        analytic=True, note="even", large=None, half=False),
    Row("embedding", ((3, 2),), lambda T, w: F(T).embedding(index(T, PLACES), w), lambda w: w[PLACES], analytic=True,
        large=(((200, 100),), lambda T, w: F(T).embedding(index(T, MANY[0]), w))),
    Row("embedding", ((3, 2),), lambda T, w: T.embedding(w, index(T, PLACES), 2, True), None, note="options", smooth=False,
        large=None),
    Row("embedding_bag", ((3, 2), (4,)), lambda T, w, s: bags(T, w, mode="sum", per_sample_weights=s),
        lambda w, s: np.stack([w[2] * s[0], 0 * w[0], w[0] * s[1] + w[2] * s[2] + w[1] * s[3]]), analytic=True, torch_orders=1,
        large=(((200, 100), (200,)), lambda T, w, s: F(T).embedding_bag(
            index(T, MANY[0]), w, index(T, np.arange(0, 200, 5)), mode="sum", per_sample_weights=s))),
    Row("embedding_bag", ((3, 2),), lambda T, w: bags(T, w), lambda w: np.stack([w[2], 0 * w[0], (w[0] + w[2] + w[1]) / 3]),
        analytic=True, note="mean", torch_orders=1, large=None,
        at_extremes="finite"),
    Row("embedding_bag", ((3, 2),), lambda T, w: T.embedding_bag(w, index(T, BAGS), index(T, BEGINS))[0],
        lambda w: np.stack([w[2], 0 * w[0], w[0] + w[2] + w[1]]), analytic=True, note="of all results", torch_orders=1, large=None),
    Row("embedding_bag", ((3, 2),), lambda T, w: F(T).embedding_bag(index(T, PLACES), w, mode="max"),
        lambda w: np.stack([w[PLACES[0]].max(0), w[PLACES[1]].max(0)]), distinct=True, note="max", large=None, torch_orders=1),
]  # fmt: skip

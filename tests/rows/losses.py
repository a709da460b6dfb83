"""Losses with a margin, on distances, of densities, of texts over time."""

import numpy as np

from rows.row import F, Row, index

SIGNS = np.array([1, -1, -1, 1])
TABLE = np.array([[1, -1, 1], [-1, -1, 1], [1, 1, -1], [-1, 1, 1]])
CLASSES = np.array([2, 0, 1, 2])
SETS = np.array([[2, -1, 0], [0, 1, -1], [-1, 0, 0], [1, 1, -1]])
WEIGHT = np.array([0.5, 1.0, 2.0])
HOW = {"mean": np.mean, "sum": np.sum, "none": lambda x: x}
more = {"large": None, "same_name": False}


def margins(x, p=1, margin=1.0):
    over = np.maximum(margin - np.take_along_axis(x, CLASSES[:, None], 1) + x, 0) ** p
    over[np.arange(4), CLASSES] = 0
    return over.sum(1) / 3


def labels(x):
    losses = []
    for row, names in zip(x, SETS, strict=True):
        true = list(names[: np.argmax(names < 0)]) if (names < 0).any() else list(names)
        losses.append(sum(max(1 - row[t] + row[i], 0) for t in true for i in range(3) if i not in true) / 3)
    return np.array(losses)


def distance(a, b, p=2.0, eps=1e-6):
    return (np.abs(a - b + eps) ** p).sum(-1) ** (1 / p)


def cosine(a, b):
    return (a * b).sum(-1) / np.sqrt(((a * a).sum(-1) + 1e-12) * ((b * b).sum(-1) + 1e-12))


def each(name, inputs, call, reference, note="", **options):
    """A row for each reduction."""
    return [
        Row(name, inputs, (lambda how: lambda T, *x: call(T, *x, reduction=how))(how),
            (lambda take: lambda *x: take(reference(*x)))(take), note=f"{note}{how}", **{**more, **options})
        for how, take in HOW.items()
    ]  # fmt: skip


LOSSES = [
    *each("margin_ranking_loss", ((4,), (4,)), lambda T, a, b, **o: F(T).margin_ranking_loss(a, b, index(T, SIGNS), 0.5, **o),
          lambda a, b: np.maximum(-SIGNS * (a - b) + 0.5, 0)),
    *each("hinge_embedding_loss", ((4,),), lambda T, x, **o: F(T).hinge_embedding_loss(x, index(T, SIGNS), 1.3, **o),
          lambda x: np.where(SIGNS == 1, x, np.maximum(1.3 - x, 0))),
    *each("soft_margin_loss", ((4, 3),), lambda T, x, **o: F(T).soft_margin_loss(x, index(T, TABLE), **o),
          lambda x: np.log1p(np.exp(-TABLE * x)), analytic=True, half=False),
    Row("soft_margin_loss", ((4, 3),), lambda T, x: F(T).soft_margin_loss(x, index(T, TABLE[0])), lambda x: np.log1p(np.exp(-TABLE[0] * x)).mean(),
        analytic=True, note="broadcast", half=False, **more),
    *each("multi_margin_loss", ((4, 3),), lambda T, x, **o: F(T).multi_margin_loss(x, index(T, CLASSES), **o), margins, half=False,
          torch_orders=1),
    *each("multi_margin_loss", ((4, 3),),
          lambda T, x, **o: F(T).multi_margin_loss(x, index(T, CLASSES), 2, 0.7, index(T, WEIGHT).to(x.dtype), **o),
          lambda x: margins(x, 2, 0.7) * WEIGHT[CLASSES], note="squares ", half=False, torch_orders=1),
    *each("multilabel_margin_loss", ((4, 3),), lambda T, x, **o: F(T).multilabel_margin_loss(x, index(T, SETS), **o), labels, half=False,
          torch_orders=1),
    *each("multilabel_soft_margin_loss", ((4, 3), (4, 3)),
          lambda T, x, t, **o: F(T).multilabel_soft_margin_loss(x, t, index(T, WEIGHT).to(x.dtype), **o),
          lambda x, t: ((t * np.log1p(np.exp(-x)) + (1 - t) * np.log1p(np.exp(x))) * WEIGHT).mean(1), analytic=True,
          at_extremes="finite"),
    *each("cosine_embedding_loss", ((4, 3), (4, 3)), lambda T, a, b, **o: F(T).cosine_embedding_loss(a, b, index(T, SIGNS), 0.1, **o),
          lambda a, b: np.where(SIGNS == 1, 1 - cosine(a, b), np.maximum(cosine(a, b) - 0.1, 0))),
    *each("triplet_margin_loss", ((4, 3),) * 3, lambda T, a, p, n, **o: F(T).triplet_margin_loss(a, p, n, 0.8, **o),
          lambda a, p, n: np.maximum(distance(a, p) - distance(a, n) + 0.8, 0)),
    Row("triplet_margin_loss", ((4, 3),) * 3, lambda T, a, p, n: F(T).triplet_margin_loss(a, p, n, 2.0, 3.0, swap=True),
        lambda a, p, n: np.maximum(distance(a, p, 3.0) - np.minimum(distance(a, n, 3.0), distance(p, n, 3.0)) + 2.0, 0).mean(), note="swap",
        **more),
    *each("triplet_margin_with_distance_loss", ((4, 3),) * 3,
          lambda T, a, p, n, **o: F(T).triplet_margin_with_distance_loss(a, p, n, distance_function=lambda x, y: ((x - y) ** 2).sum(-1),
                                                                         swap=True, **o),
          lambda a, p, n: np.maximum(((a - p) ** 2).sum(-1) - np.minimum(((a - n) ** 2).sum(-1), ((p - n) ** 2).sum(-1)) + 1, 0)),
    *each("gaussian_nll_loss", ((4, 3), (4, 3), (4, 1)), lambda T, x, t, v, **o: F(T).gaussian_nll_loss(x, t, v, **o),
          lambda x, t, v: (np.log(v) + (x - t) ** 2 / v) / 2, domain=(0.1, 2.0), analytic=True),
    Row("gaussian_nll_loss", ((4, 3), (4, 3), (4,)), lambda T, x, t, v: F(T).gaussian_nll_loss(x, t, v, full=True),
        lambda x, t, v: ((np.log(v) + np.log(2 * np.pi))[:, None] / 2 + (x - t) ** 2 / v[:, None] / 2).mean(), (0.1, 2.0), analytic=True,
        note="full", **more),
    Row("gaussian_nll_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).gaussian_nll_loss(x, t, 0.5), lambda x, t: ((np.log(0.5) + (x - t) ** 2 * 2) / 2).mean(),
        analytic=True, note="one variance", **more),
    *each("poisson_nll_loss", ((4, 3), (4, 3)), lambda T, x, t, **o: F(T).poisson_nll_loss(x, t, **o), lambda x, t: np.exp(x) - t * x,
          analytic=True, at_extremes="finite"),
    Row("poisson_nll_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).poisson_nll_loss(x, t, log_input=False, full=True),
        lambda x, t: (x - t * np.log(x + 1e-8) + np.where(t > 1, t * np.log(t) - t + np.log(2 * np.pi * t) / 2, 0)).mean(), (0.2, 2.0),
        kinks=(1.0,), note="full", **more),
    Row("linear_cross_entropy", ((4, 3), (5, 3), (5,)),
        lambda T, x, w, b: F(T).linear_cross_entropy(x, w, index(T, CLASSES), linear_bias=b, label_smoothing=0.1), None,
        half=False, **more),
    Row("linear_cross_entropy", ((2, 3), (4, 2, 3)), lambda T, x, w: F(T).linear_cross_entropy(x, w, index(T, np.array([[1, 0], [3, 2]]))), None,
        note="places", half=False, **more),
    *[
        Row("ctc_loss", ((5, 2, 3),),
            (lambda how: lambda T, x: F(T).ctc_loss(x.log_softmax(-1), index(T, np.array([[1, 2], [2, 2]])), (5, 4), (2, 2), reduction=how))(how),
            None, note=how, torch_orders=1, half=False, **more)
        for how in HOW
    ],
    Row("ctc_loss", ((5, 2, 3),), lambda T, x: F(T).ctc_loss(x.log_softmax(-1), index(T, np.array([1, 1, 2])), index(T, np.array([4, 5])),
        index(T, np.array([1, 2])), zero_infinity=True), None, note="one row", torch_orders=1,
        half=False, **more),
]  # fmt: skip

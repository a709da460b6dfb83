"""Activations and losses."""

import numpy as np

from rows.row import MANY, UNORDERED, F, Row, index


def softmax(x, axis=-1):
    e = np.exp(x - x.real.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    m = x.real.max(axis=axis, keepdims=True)
    return x - m - np.log(np.exp(x - m).sum(axis=axis, keepdims=True))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


WEIGHTS = np.arange(1.0, 13.0).reshape(4, 3) / 8
GRID = np.array([[2, 0], [1, 2]])
SELU = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
TARGET = np.array([2, 0, 1, 2])
WEIGHT = np.array([0.5, 1.0, 2.0])


def rows(x):
    return x.swapaxes(1, 2).reshape(-1, x.shape[1])


def huber(d, delta):
    return np.where(np.abs(d) < delta, d * d / 2, delta * (np.abs(d) - delta / 2))


def dropped(T, x):
    T.manual_seed(3)
    return F(T).dropout(x, 0.4)


def hooked(module):
    module.register_full_backward_hook(lambda module, grad_input, grad_output: None)
    return module


def nll(x, target=TARGET, weight=None):
    w = np.ones(x.shape[1]) if weight is None else weight
    return -(x[np.arange(len(target)), target] * w[target]).sum() / w[target].sum()


NN = [
    Row("softmax", ((4, 3),), lambda T, x: T.softmax(x, -1), softmax, analytic=True, at_extremes="alone"),
    Row("softmax", ((2, 3, 2),), lambda T, x: T.softmax(x, 1), lambda x: softmax(x, 1), analytic=True, note="dim"),
    Row("log_softmax", ((4, 3),), lambda T, x: T.log_softmax(x, 1), log_softmax, analytic=True, at_extremes="alone"),
    Row("log_softmax", ((2, 3, 2),), lambda T, x: T.log_softmax(x, 0), lambda x: log_softmax(x, 0), analytic=True, note="dim"),
    Row("cross_entropy", ((4, 3),), lambda T, x: F(T).cross_entropy(x, index(T, TARGET)), lambda x: nll(log_softmax(x)), analytic=True,
        at_extremes="finite",
        large=(((100, 200),), lambda T, x: F(T).cross_entropy(x, index(T, MANY[:, 0])))),
    Row("cross_entropy", ((4, 3),), lambda T, x: F(T).cross_entropy(x, index(T, TARGET), index(T, WEIGHT).to(x.dtype), reduction="none",
        ignore_index=1, label_smoothing=0.2), None, note="options", same_name=False,
        at_extremes="finite",
        large=None),  # one kernel here, a sum of two losses there
    Row("cross_entropy", ((4, 3), (4, 3)), lambda T, x, p: F(T).cross_entropy(x, p), lambda x, p: -(p * log_softmax(x)).sum() / 4,
        analytic=True, note="probabilities"),
    Row("cross_entropy", ((2, 3, 2),), lambda T, x: F(T).cross_entropy(x, index(T, GRID)),
        lambda x: nll(log_softmax(rows(x)), GRID.ravel()), analytic=True, note="grid", at_extremes="finite",
        large=None),
    Row("cross_entropy", ((2, 3, 2),), lambda T, x: F(T).cross_entropy(x, index(T, GRID), reduction="none"),
        lambda x: -np.take_along_axis(log_softmax(x, 1), GRID[:, None], 1)[:, 0], analytic=True, note="grid, none",
        large=None),
    Row("cross_entropy", ((4, 3),), lambda T, x: F(T).cross_entropy(x, index(T, TARGET), index(T, WEIGHT).to(x.dtype), reduction="sum"),
        lambda x: nll(log_softmax(x), weight=WEIGHT) * WEIGHT[TARGET].sum(), analytic=True, note="sum",
        large=None),
    Row("nll_loss", ((2, 3, 2),), lambda T, x: F(T).nll_loss(x, index(T, GRID)), lambda x: nll(rows(x), GRID.ravel()),
        analytic=True, note="grid", at_extremes="finite",
        ends_early=True, large=None),
    Row("nll_loss", ((4, 3),), lambda T, x: F(T).nll_loss(x, index(T, TARGET), ignore_index=1, reduction="none"),
        lambda x: -x[np.arange(4), TARGET] * (TARGET != 1), analytic=True, note="none",
        ends_early=True, large=None),
    Row("nll_loss", ((4, 3),), lambda T, x: F(T).nll_loss(x, index(T, TARGET), index(T, WEIGHT).to(x.dtype)),
        lambda x: nll(x, weight=WEIGHT), analytic=True,
        ends_early=True, large=(((100, 200),), lambda T, x: F(T).nll_loss(x, index(T, MANY[:, 0])))),
    Row("mse_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).mse_loss(x, t), lambda x, t: ((x - t) ** 2).mean(), analytic=True),
    Row("huber_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).huber_loss(x, t, delta=0.8), lambda x, t: huber(x - t, 0.8).mean()),
    Row("huber_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).huber_loss(x, t, reduction="none"), lambda x, t: huber(x - t, 1.0),
        note="none"),
    Row("smooth_l1_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).smooth_l1_loss(x, t, beta=0.8),
        lambda x, t: huber(x - t, 0.8).mean() / 0.8),
    Row("smooth_l1_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).smooth_l1_loss(x, t, reduction="sum"),
        lambda x, t: huber(x - t, 1.0).sum(), note="sum"),
    Row("kl_div", ((4, 3), (4, 3)), lambda T, x, t: F(T).kl_div(x, t, reduction="batchmean"),
        lambda x, t: (t * (np.log(t) - x)).sum() / 4, (0.2, 1.0), analytic=True, at_extremes="finite"),
    Row("kl_div", ((4, 3), (4, 3)), lambda T, x, t: F(T).kl_div(x, t, reduction="sum", log_target=True),
        lambda x, t: (np.exp(t) * (t - x)).sum(), analytic=True, note="log target"),
    Row("kl_div", ((4, 3), (4, 3)), lambda T, x, t: F(T).kl_div(x, t, reduction="none"), lambda x, t: t * (np.log(t) - x),
        (0.2, 1.0), analytic=True, note="none", same_name=False, at_extremes="finite"),
    Row("mse_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).mse_loss(x, t, reduction="sum"), lambda x, t: ((x - t) ** 2).sum(),
        analytic=True, note="sum"),
    Row("mse_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).mse_loss(x, t, reduction="none"), lambda x, t: (x - t) ** 2,
        analytic=True, note="none"),
    Row("mse_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).mse_loss(x, t, weight=index(T, WEIGHTS).to(x.dtype)),
        lambda x, t: ((x - t) ** 2 * WEIGHTS).sum() / WEIGHTS.sum(), analytic=True, note="weight", at_extremes="finite",
        large=None),
    Row("smooth_l1_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).smooth_l1_loss(x, t, beta=0.0), lambda x, t: np.abs(x - t).mean(),
        note="beta 0", distinct=True),
    Row("huber_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).huber_loss(x, t, reduction="sum", delta=1.5),
        lambda x, t: huber(x - t, 1.5).sum(), note="sum"),
    Row("l1_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).l1_loss(x, t, reduction="none"), lambda x, t: np.abs(x - t),
        distinct=True, note="none"),
    Row("l1_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).l1_loss(x, t, reduction="sum"), lambda x, t: np.abs(x - t).sum(),
        distinct=True, note="sum"),
    *[
        Row("binary_cross_entropy", ((4, 3),),
            (lambda how: lambda T, x: F(T).binary_cross_entropy(x, x.detach() * 0 + 0.3, index(T, WEIGHT).to(x.dtype), reduction=how))(how),
            (lambda take: lambda x: take(-WEIGHT * (0.3 * np.log(x) + 0.7 * np.log(1 - x))))(take), (0.1, 0.9), analytic=True,
            note=f"weight, {how}",
        large=None)
        for how, take in (("none", lambda x: x), ("sum", np.sum), ("mean", np.mean))
    ],
    *[
        Row("binary_cross_entropy_with_logits", ((4, 3),),
            (lambda how: lambda T, x: F(T).binary_cross_entropy_with_logits(x, x.detach() * 0 + 0.3, index(T, WEIGHT).to(x.dtype), reduction=how))(how),
            (lambda take: lambda x: take(WEIGHT * (np.log1p(np.exp(x)) - 0.3 * x)))(take), analytic=True, note=f"weight, {how}",
        large=None)
        for how, take in (("none", lambda x: x), ("sum", np.sum), ("mean", np.mean))
    ],
    Row("cross_entropy", ((3,),), lambda T, x: F(T).cross_entropy(x, T.tensor(1)), lambda x: -log_softmax(x)[1], analytic=True, note="one row"),
    Row("cross_entropy", ((4, 3),), lambda T, x: F(T).cross_entropy(x, index(T, TARGET), label_smoothing=0.3),
        lambda x: 0.7 * nll(log_softmax(x)) - 0.3 * log_softmax(x).mean(), analytic=True, note="smoothed", same_name=False,
        at_extremes="finite",
        large=(((100, 200),), lambda T, x: F(T).cross_entropy(x, index(T, MANY[:, 0]), label_smoothing=0.3))),
    Row("cross_entropy", ((4, 3), (4, 3)), lambda T, x, p: F(T).cross_entropy(x, p, index(T, WEIGHT).to(x.dtype), reduction="none"),
        lambda x, p: -(p * WEIGHT * log_softmax(x)).sum(1), analytic=True, note="weighted probabilities", at_extremes="alone",
        large=None),
    Row("cross_entropy", ((4, 3),), lambda T, x: F(T).cross_entropy(x, index(T, TARGET * 0), ignore_index=0, reduction="sum"),
        lambda x: 0 * x.sum(), analytic=True, note="all ignored", at_extremes="finite",
        large=None),
    Row("l1_loss", ((4, 3), (4, 3)), lambda T, x, t: F(T).l1_loss(x, t), lambda x, t: np.abs(x - t).mean(), distinct=True),
    Row("binary_cross_entropy", ((4, 3),), lambda T, x: F(T).binary_cross_entropy(x, x.detach() * 0 + 0.3),
        lambda x: -(0.3 * np.log(x) + 0.7 * np.log(1 - x)).mean(), (0.1, 0.9), analytic=True),
    Row("binary_cross_entropy", ((4, 3), (4, 3)), lambda T, x, t: F(T).binary_cross_entropy(x, t),
        lambda x, t: -(t * np.log(x) + (1 - t) * np.log(1 - x)).mean(), (0.1, 0.9), analytic=True, note="target"),
    Row("binary_cross_entropy_with_logits", ((4, 3), (4, 3)), lambda T, x, t: F(T).binary_cross_entropy_with_logits(x, t),
        lambda x, t: (np.log1p(np.exp(x)) - t * x).mean(), analytic=True, note="target", at_extremes="finite"),
    Row("binary_cross_entropy_with_logits", ((4, 3), (4, 3)),
        lambda T, x, t: F(T).binary_cross_entropy_with_logits(x, t, pos_weight=index(T, WEIGHT).to(x.dtype)),
        lambda x, t: ((1 + t * (WEIGHT - 1)) * np.log1p(np.exp(-x)) + (1 - t) * x).mean(), analytic=True, note="pos_weight",
        at_extremes="finite",
        large=None),
    Row("binary_cross_entropy_with_logits", ((4, 3),), lambda T, x: F(T).binary_cross_entropy_with_logits(x, x.detach() * 0 + 0.3),
        lambda x: (np.log1p(np.exp(x)) - 0.3 * x).mean(), analytic=True),
    *[
        Row(name, ((2, 3),), (lambda name: lambda T, x: getattr(F(T), name)(x))(name), reference, kinks=kinks, note="layer",
            at_extremes="finite" if name == "gelu" else "equal")
        for name, reference, kinks in [
            ("relu", lambda x: np.where(x > 0, x, 0), (0.0,)),
            ("leaky_relu", lambda x: np.where(x > 0, x, 0.01 * x), (0.0,)),
            ("elu", lambda x: np.where(x > 0, x, np.expm1(x)), (0.0,)),
            ("gelu", None, ()),
            ("silu", lambda x: x * sigmoid(x), ()),
            ("softplus", lambda x: np.log1p(np.exp(x)), ()),
            ("logsigmoid", lambda x: -np.log1p(np.exp(-x)), ()),
            ("hardtanh", lambda x: np.clip(x, -1, 1), (-1.0, 1.0)),
            ("celu", lambda x: np.where(x > 0, x, np.expm1(x)), (0.0,)),
            ("selu", lambda x: SELU[0] * np.where(x > 0, x, SELU[1] * np.expm1(x)), (0.0,)),
            ("hardshrink", lambda x: np.where(np.abs(x) <= 0.5, 0, x), (-0.5, 0.5)),
            ("softshrink", lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0), (-0.5, 0.5)),
            ("tanhshrink", lambda x: x - np.tanh(x), ()),
            ("softsign", lambda x: x / (1 + np.abs(x)), (0.0,)),
            ("mish", lambda x: x * np.tanh(np.log1p(np.exp(x))), ()),
        ]
    ],
    *[
        Row(name, ((3, 4),), (lambda name: lambda T, x: getattr(F(T), name)(x))(name), reference, (-7.0, 7.0), kinks=kinks)
        for name, reference, kinks in [
            ("relu6", lambda x: np.clip(x, 0, 6), (0.0, 6.0)),
            ("hardswish", lambda x: x * np.clip(x + 3, 0, 6) / 6, (-3.0, 3.0)),
        ]
    ],
    Row("hardsigmoid", ((3, 4),), lambda T, x: F(T).hardsigmoid(x), lambda x: np.clip(x + 3, 0, 6) / 6, (-7.0, 7.0), kinks=(-3.0, 3.0),
        torch_orders=1, torch_rtol=1e-7),  # 1/6 has 24 bits there
    Row("celu", ((2, 3),), lambda T, x: F(T).celu(x, 0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x / 0.5)), kinks=(0.0,),
        note="alpha"),
    Row("elu", ((2, 3),), lambda T, x: F(T).elu(x, 0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)), kinks=(0.0,), note="alpha"),
    Row("leaky_relu", ((2, 3),), lambda T, x: F(T).leaky_relu(x, 0.3), lambda x: np.where(x > 0, x, 0.3 * x), kinks=(0.0,), note="slope"),
    Row("softplus", ((3, 4),), lambda T, x: F(T).softplus(x, 2.0, 1.5), lambda x: np.where(2 * x > 1.5, x, np.log1p(np.exp(2 * x)) / 2),
        kinks=(0.75,), note="threshold"),
    Row("gelu", ((2, 3),), lambda T, x: F(T).gelu(x, approximate="tanh"),
        lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), analytic=True, note="tanh",
        at_extremes="finite"),
    Row("threshold", ((3, 4),), lambda T, x: F(T).threshold(x, 0.3, -1.0), lambda x: np.where(x > 0.3, x, -1.0), kinks=(0.3,)),
    Row("prelu", ((2, 3), (1,)), lambda T, x, w: F(T).prelu(x, w), lambda x, w: np.where(x > 0, x, w * x), kinks=(0.0,)),
    Row("prelu", ((2, 3, 2), (3,)), lambda T, x, w: F(T).prelu(x, w), lambda x, w: np.where(x > 0, x, w[:, None] * x), kinks=(0.0,),
        note="channels"),
    *[
        Row(name, ((2, 3),), (lambda name, args: lambda T, x: getattr(F(T), name)(x * 1, *args))(name, args), reference, kinks=kinks,
            same_name=name in ("relu_", "hardtanh_"), ends_early=name == "leaky_relu_")
        for name, args, reference, kinks in [
            ("relu_", (), lambda x: np.where(x > 0, x, 0), (0.0,)),
            ("leaky_relu_", (0.3,), lambda x: np.where(x > 0, x, 0.3 * x), (0.0,)),
            ("elu_", (0.7,), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)), (0.0,)),
            ("celu_", (0.5,), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x / 0.5)), (0.0,)),
            ("selu_", (), lambda x: SELU[0] * np.where(x > 0, x, SELU[1] * np.expm1(x)), (0.0,)),
            ("hardtanh_", (-0.5, 0.7), lambda x: np.clip(x, -0.5, 0.7), (-0.5, 0.7)),
            ("threshold_", (0.3, -1.0), lambda x: np.where(x > 0.3, x, -1.0), (0.3,)),
        ]
    ],
    Row("softmax", ((4, 3),), lambda T, x: F(T).softmax(x, -1), softmax, analytic=True, note="layer", at_extremes="alone"),
    Row("log_softmax", ((4, 3),), lambda T, x: F(T).log_softmax(x, -1), log_softmax, analytic=True, note="layer",
        at_extremes="alone"),
    Row("glu", ((2, 4),), lambda T, x: F(T).glu(x), lambda x: x[:, :2] * sigmoid(x[:, 2:]), analytic=True),
    Row("glu", ((2, 4),), lambda T, x: F(T).glu(x, 0), lambda x: x[:1] * sigmoid(x[1:]), analytic=True, note="dim"),
    Row("softmin", ((4, 3),), lambda T, x: F(T).softmin(x, -1), lambda x: softmax(-x), analytic=True),
    Row("normalize", ((4, 3),), lambda T, x: F(T).normalize(x), lambda x: x / np.sqrt((x * x).sum(1, keepdims=True)), analytic=True),
    Row("dropout", ((4, 6),), lambda T, x: dropped(T, x), layouts=UNORDERED),
    Row("a module with a backward hook", ((2, 3),), lambda T, x: hooked(T.nn.Tanh())(x), np.tanh, analytic=True),
]  # fmt: skip

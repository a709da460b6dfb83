"""Activations of `torch` itself, and what draws: dropouts, rrelu, gumbel_softmax, each from the same seed."""

import numpy as np

from rows.row import UNORDERED, F, Row

SELU = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def elu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(x / alpha))


def selu(x):
    return SELU[0] * np.where(x > 0, x, SELU[1] * np.expm1(x))


def seeded(call):
    """The call, on numbers that are drawn anew from one seed."""

    def drawn(T, *xs):
        T.manual_seed(3)
        return call(T, *xs)

    return drawn


def of_torch(name, reference, *args, kinks=(0.0,), **more):
    """The function and its form in place."""
    ends = {"ends_early": name in ("threshold", "rrelu")}
    yield Row(name, ((2, 3),), lambda T, x: getattr(T, name)(x, *args), reference, kinks=kinks, note="torch", **more, **ends)
    yield Row(
        f"{name}_", ((2, 3),), lambda T, x: getattr(T, f"{name}_")(x * 1, *args), reference, kinks=kinks, note="torch",
        large=None, **more, **ends,
    )  # fmt: skip


def dropping(name, shape=(3, 4, 2), layouts=None):
    """A dropout of `torch` in training, and in place."""
    more = {} if layouts is None else {"layouts": layouts}
    yield Row(name, (shape,), seeded(lambda T, x: getattr(T, name)(x, 0.4, True)), note="training", **more)
    in_place = f"{name}_"
    yield Row(
        in_place, (shape,), seeded(lambda T, x: getattr(T, in_place)(x * 1, 0.4, True)), note="training", large=None, layouts=UNORDERED,
    )  # fmt: skip


CHANCE = [
    *of_torch("celu", lambda x: elu(x, 0.5), 0.5),
    *of_torch("selu", selu),
    *of_torch("threshold", lambda x: np.where(x > 0.3, x, -1.0), 0.3, -1.0, kinks=(0.3,)),
    *of_torch("rrelu", lambda x: np.where(x > 0, x, 0.3 * x), 0.2, 0.4),
    Row("relu_", ((2, 3),), lambda T, x: T.relu_(x * 1), lambda x: np.where(x > 0, x, 0), kinks=(0.0,), note="torch", large=None),
    Row("hardshrink", ((2, 3),), lambda T, x: T.hardshrink(x, 0.3), lambda x: np.where(np.abs(x) <= 0.3, 0, x), kinks=(-0.3, 0.3),
        note="torch", large=None),
    Row("prelu", ((2, 3), (3,)), lambda T, x, w: T.prelu(x, w), lambda x, w: np.where(x > 0, x, w * x), kinks=(0.0,), note="torch",
        large=None),
    Row("rrelu", ((2, 3),), seeded(lambda T, x: F(T).rrelu(x, 0.2, 0.4, True)), kinks=(0.0,), half=False, ends_early=True,
        note="training", large=None),
    Row("rrelu_", ((2, 3),), seeded(lambda T, x: T.rrelu_(x * 1, 0.2, 0.4, True)), kinks=(0.0,), half=False, ends_early=True,
        note="training", large=None),
    *dropping("dropout", (4, 6), UNORDERED),
    *dropping("feature_dropout"),
    Row("native_dropout", ((4, 6),), seeded(lambda T, x: T.native_dropout(x, 0.4, True)[0]), layouts=UNORDERED),
    *dropping("alpha_dropout", (4, 6), UNORDERED),
    *dropping("feature_alpha_dropout"),
    Row("alpha_dropout", ((4, 6),), seeded(lambda T, x: F(T).alpha_dropout(x, 0.3, True)), layouts=UNORDERED, large=None),
    Row("feature_alpha_dropout", ((2, 3, 2),), seeded(lambda T, x: F(T).feature_alpha_dropout(x, 0.3, True)), large=None),
    Row("dropout1d", ((3, 2),), seeded(lambda T, x: F(T).dropout1d(x, 0.4)), same_name=False, large=None),
    Row("dropout1d", ((2, 3, 2),), seeded(lambda T, x: F(T).dropout1d(x, 0.4)), note="batch",
        large=(((10, 20, 100),), seeded(lambda T, x: F(T).dropout1d(x, 0.4)))),
    Row("dropout2d", ((2, 3, 2, 2),), seeded(lambda T, x: F(T).dropout2d(x, 0.4)), large=None),
    Row("dropout3d", ((3, 2, 2, 2),), seeded(lambda T, x: F(T).dropout3d(x, 0.4)), same_name=False, large=None),
    Row("gumbel_softmax", ((3, 4),), seeded(lambda T, x: F(T).gumbel_softmax(x, 0.5)), layouts=UNORDERED),
    Row("gumbel_softmax", ((3, 4),), seeded(lambda T, x: F(T).gumbel_softmax(x, 2.0, True, dim=0)),
        layouts=UNORDERED, note="hard", smooth=False, large=None),
    Row("poisson", ((2, 3),), seeded(lambda T, x: T.poisson(x)), domain=(0.5, 20.0), layouts=UNORDERED, same_name=False, smooth=False,
        large=None, half=False, ends_early=True),
    Row("normal", ((2, 3), (2, 3)), seeded(lambda T, mean, std: T.normal(mean, std)), domain=(0.1, 0.9), layouts=UNORDERED, same_name=False,
        in_place=False, smooth=False, torch_orders=0, large=None, half=False, ends_early=True),
    Row("binomial", ((2, 3), (2, 3)), seeded(lambda T, n, p: T.binomial(n.round(), p)), domain=(0.1, 0.9), layouts=UNORDERED, same_name=False,
        smooth=False, torch_orders=0, large=None, half=False, ends_early=True),
]  # fmt: skip

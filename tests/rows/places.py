"""Elements taken from, and written to, places: indices, masks, and what changes a tensor in place."""

import numpy as np

from rows.row import MANY, ONCE, SOME, UNORDERED, Row, index, shaped


def assigned(y, v):
    y[1] = v
    y[0].mul_(3)
    return y


def drawn(T, y):
    T.manual_seed(3)
    return y.uniform_(-1, 1)


INDEXING = [
    shaped("getitem", lambda T, x: x[1], lambda x: x[1], note="int", lists=(0,)),
    shaped("getitem", lambda T, x: x[..., None], lambda x: x[..., None], note="none"),
    shaped("getitem", lambda T, x: x[...], lambda x: x[...], note="everything"),
    shaped("getitem", lambda T, x: x[:, 1:], lambda x: x[:, 1:], note="slice"),
    shaped("getitem", lambda T, x: x[..., None, ::2], lambda x: x[..., None, ::2], note="ellipsis"),
    shaped("getitem", lambda T, x: x[[0, 1, 0], [2, 2, 2]], lambda x: x[[0, 1, 0], [2, 2, 2]], note="lists",
        large=(((100, 200),), lambda T, x: x[index(T, MANY // 2), index(T, MANY)])),
    shaped("getitem", lambda T, x: x[:, index(T, [2, 0, 2])], lambda x: x[:, [2, 0, 2]], note="tensor",
        large=(((100, 200),), lambda T, x: x[:, index(T, MANY[0])])),
    shaped("getitem", lambda T, x: x[index(T, [True, False])], lambda x: x[[True, False]], note="mask",
        large=(((100, 200),), lambda T, x: x[index(T, SOME)])),
    shaped("select", lambda T, x: T.select(x, 1, 2), lambda x: x[:, 2]),
    shaped("narrow", lambda T, x: T.narrow(x, 1, 1, 2), lambda x: x[:, 1:3]),
    shaped("index_select", lambda T, x: T.index_select(x, 1, index(T, [2, 0, 2])), lambda x: x[:, [2, 0, 2]],
        large=(((100, 200),), lambda T, x: T.index_select(x, 1, index(T, MANY[0])))),
    shaped("gather", lambda T, x: T.gather(x, 1, index(T, [[2, 0], [1, 1]])), lambda x: np.take_along_axis(x, np.array([[2, 0], [1, 1]]), 1),
        large=(((100, 200),), lambda T, x: T.gather(x, 1, index(T, MANY)))),
    shaped("take", lambda T, x: T.take(x, index(T, [5, 0, 5])), lambda x: x.reshape(-1)[[5, 0, 5]],
        large=(((100, 200),), lambda T, x: T.take(x, index(T, MANY)))),
    shaped("take_along_dim", lambda T, x: T.take_along_dim(x, index(T, [[2], [0]]), 1), lambda x: np.take_along_axis(x, np.array([[2], [0]]), 1),
        large=(((100, 200),), lambda T, x: T.take_along_dim(x, index(T, MANY), 1))),
    shaped("masked_select", lambda T, x: T.masked_select(x, index(T, [True, False, True])), lambda x: x[:, [0, 2]].reshape(-1),
        large=(((100, 200),), lambda T, x: T.masked_select(x, index(T, MANY > 50)))),
    shaped("masked_fill", lambda T, x: T.masked_fill(x, index(T, [True, False, True]), 9.0), lambda x: np.where([True, False, True], 9.0, x),
        large=(((100, 200),), lambda T, x: T.masked_fill(x, index(T, MANY > 50), 9.0))),
    Row("masked_fill", ((2, 3), ()), lambda T, x, v: T.masked_fill(x, index(T, [True, False, True]), v),
        lambda x, v: np.where([True, False, True], v, x), analytic=True, note="tensor",
        large=(((100, 200), ()), lambda T, x, v: T.masked_fill(x, index(T, MANY > 50), v))),
    Row("scatter", ((2, 3), (2, 2)), lambda T, x, v: T.scatter(x, 1, index(T, [[2, 0], [1, 2]]), v),
        lambda x, v: np.stack([np.array([v[0, 1], x[0, 1], v[0, 0]]), np.array([x[1, 0], v[1, 0], v[1, 1]])]), analytic=True,
        large=(((100, 200), (100, 200)), lambda T, x, v: T.scatter(x, 1, index(T, ONCE), v))),
    Row("scatter", ((2, 3), (2, 3)), lambda T, x, v: T.scatter(x, 1, index(T, [[2, 0], [1, 2]]), v),
        lambda x, v: np.stack([np.array([v[0, 1], x[0, 1], v[0, 0]]), np.array([x[1, 0], v[1, 0], v[1, 1]])]), analytic=True,
        note="a larger source", torch_orders=0,
        large=None),
    Row("scatter", ((2, 3),), lambda T, x: T.scatter(x, 1, index(T, [[2, 0], [1, 2]]), 7.0),
        lambda x: np.stack([np.array([7, x[0, 1], 7]), np.array([x[1, 0], 7, 7])]), analytic=True, note="number",
        same_name=False,
        large=(((100, 200),), lambda T, x: T.scatter(x, 1, index(T, MANY), 7.0))),
    Row("scatter", ((2, 3),), lambda T, x: T.scatter(x, 1, index(T, [[2, 2], [1, 0]]), 7.0, reduce="add"),
        lambda x: x + np.array([[0, 0, 14], [7, 7, 0]]), analytic=True, note="add", same_name=False,
        no_slope="derivative for aten::scatter is not implemented",
        large=(((100, 200),), lambda T, x: T.scatter(x, 1, index(T, MANY), 7.0, reduce="add"))),
    Row("scatter_add", ((2, 3), (2, 2)), lambda T, x, v: T.scatter_add(x, 1, index(T, [[2, 2], [1, 0]]), v),
        lambda x, v: x + np.stack([np.array([0, 0, v[0, 0] + v[0, 1]]), np.array([v[1, 1], v[1, 0], 0])]), analytic=True,
        large=(((100, 200), (100, 200)), lambda T, x, v: T.scatter_add(x, 1, index(T, MANY), v))),
    Row("index_add", ((3, 2), (2, 2)), lambda T, x, v: T.index_add(x, 0, index(T, [2, 2]), v),
        lambda x, v: x + np.stack([0 * v[0], 0 * v[0], v[0] + v[1]]), analytic=True,
        large=(((100, 200), (100, 200)), lambda T, x, v: T.index_add(x, 0, index(T, MANY[0, :100] // 2), v))),
    Row("scatter_add", ((2, 3), (3, 2)), lambda T, x, v: T.scatter_add(x, 1, index(T, [[2, 2], [1, 0]]), v),
        lambda x, v: x + np.stack([np.array([0, 0, v[0, 0] + v[0, 1]]), np.array([v[1, 1], v[1, 0], 0])]), analytic=True,
        note="a larger source", torch_orders=0,
        large=None),
    Row("index_add", ((3, 2), (3, 1)), lambda T, x, v: T.index_add(x, 1, index(T, [1]), v, alpha=3),
        lambda x, v: x + np.concatenate([0 * v, 3 * v], 1), analytic=True, note="alpha",
        large=None),
    Row("index_put", ((3, 2), (2, 2)), lambda T, x, v: T.index_put(x, (index(T, [2, 2]),), v, accumulate=True),
        lambda x, v: x + np.stack([0 * v[0], 0 * v[0], v[0] + v[1]]), analytic=True, note="accumulate",
        large=(((100, 200), (100, 200)), lambda T, x, v: T.index_put(x, (index(T, MANY[0, :100] // 2),), v, accumulate=True))),
    Row("index_put", ((3, 2), (2,)), lambda T, x, v: T.index_put(x, (index(T, [2, 0]),), v),
        lambda x, v: np.stack([v, x[1], v]), analytic=True,
        large=(((100, 200), (200,)), lambda T, x, v: T.index_put(x, (index(T, MANY[0, :100] // 2),), v))),
]  # fmt: skip

# Operations that work in place, as expressions: what they are to the graph.
IN_PLACE = [
    shaped("copy_", lambda T, x: T.zeros(2, 3, dtype=x.dtype).copy_(x), lambda x: x + 0,
        large=(((100, 200),), lambda T, x: T.zeros(100, 200, dtype=x.dtype).copy_(x))),
    shaped("zero_", lambda T, x: (x * 1).zero_() + x, lambda x: x + 0),
    Row("fill_", ((2, 3), ()), lambda T, x, v: (x * 1).fill_(v), lambda x, v: 0 * x + v, analytic=True),
    Row("fill_", ((2, 3),), lambda T, x: (x * 1).fill_(3.0), lambda x: 0 * x + 3, analytic=True, note="number"),
    Row("masked_fill", ((2, 3),), lambda T, x: T.masked_fill(x, T.tensor([[True, False, True]]), 5.0),
        lambda x: np.where([[True, False, True]], 5.0, x), analytic=True, note="broadcast",
        large=None),
    Row("clamp", ((2, 3), (3,), (3,)), lambda T, x, a, b: T.clamp(x, a, b),
        lambda x, a, b: np.minimum(np.maximum(x, a), b), note="tensors"),
    Row("clamp_min", ((2, 3), (3,)), lambda T, x, a: T.clamp_min(x, a), np.maximum, note="tensor"),
    Row("clamp_max", ((2, 3), (3,)), lambda T, x, a: T.clamp_max(x, a), np.minimum, note="tensor"),
    Row("split", ((5, 2),), lambda T, x: T.split(x, [1, 3, 1])[1], lambda x: x[1:4], analytic=True, note="sizes",
        large=None),
    Row("addmm", ((3,), (2, 4), (4, 3)), lambda T, x, a, b: T.addmm(x, a, b, beta=0.5, alpha=2.0),
        lambda x, a, b: x / 2 + 2 * (a @ b), analytic=True, note="scaled", at_extremes="finite"),
    Row("addmm", ((3,), (2, 4), (4, 3)), lambda T, x, a, b: T.addmm(x, a, b, beta=0.0),
        lambda x, a, b: 0 * x + a @ b, analytic=True, note="without", at_extremes="finite"),
    Row("repeat_interleave", ((3, 2),), lambda T, x: T.repeat_interleave(x, T.tensor([2, 0, 1]), 0),
        lambda x: np.repeat(x, [2, 0, 1], 0), analytic=True, note="several",
        large=(((100, 200),), lambda T, x: T.repeat_interleave(x, T.tensor(MANY[0, :100] % 4), 0))),
    Row("repeat", ((3, 2),), lambda T, x: x.repeat(2, 1, 3), lambda x: np.tile(x, (2, 1, 3)), analytic=True, note="more dimensions"),
    Row("setitem", ((3, 2), (2,)), lambda T, x, v: assigned(x * 1, v) ** 3, lambda x, v: np.stack([x[0] * 3, v, x[2]]) ** 3, analytic=True),
    Row("uniform_", ((2, 3),), lambda T, x: drawn(T, x * 1) * x, layouts=UNORDERED),
    shaped("to", lambda T, x: x.to(T.float64) * x.double(), lambda x: x * x),
]  # fmt: skip

"""Several numbers brought together at one place, and numbers written over others."""

import numpy as np

from rows.row import MANY, SOME, Row, index

UP, WHERE = [[2, 2], [1, 0]], np.array([[True, False, True]])


def at_once(reduce, **more):
    return lambda T, x, v: T.scatter_reduce(x, 1, index(T, UP), v, reduce, **more)


def by_rows(reduce, **more):
    return lambda T, x, v: T.index_reduce(x, 0, index(T, [2, 2]), v, reduce, **more)


def many(reduce):
    return ((100, 200), (100, 200)), lambda T, x, v: T.scatter_reduce(x, 1, index(T, MANY), v, reduce)


def many_rows(reduce):
    return ((100, 200), (100, 200)), lambda T, x, v: T.index_reduce(x, 0, index(T, MANY[0, :100] // 2), v, reduce)


def together(function, start=None):
    """NumPy's: the function of what comes to each place, with the old number, or `start` instead of it."""

    def reference(x, v):
        old = x if start is None else np.where([[False, False, True], [True, True, False]], start, x)
        return np.array([
            [old[0, 0], old[0, 1], function([*([old[0, 2]] if start is None else []), v[0, 0], v[0, 1]])],
            [function([*([old[1, 0]] if start is None else []), v[1, 1]]), function([*([old[1, 1]] if start is None else []), v[1, 0]]), old[1, 2]],
        ])

    return reference


def at_rows(function, include=True):
    def reference(x, v):
        columns = [function([*([x[2, k]] if include else []), v[0, k], v[1, k]]) for k in range(2)]
        return np.stack([x[0], x[1], np.array(columns)])

    return reference


GATHERED = [
    *[Row("scatter_reduce", ((2, 3), (2, 2)), at_once(name), together(function), analytic=name in ("sum", "mean", "prod"),
          distinct=name.startswith("am"), note=name, large=many(name))
      for name, function in (("sum", sum), ("prod", np.prod), ("mean", np.mean), ("amax", max), ("amin", min))],
    *[Row("scatter_reduce", ((2, 3), (2, 2)), at_once(name, include_self=False), together(function, 0.0), analytic=name in ("sum", "mean", "prod"),
          distinct=name.startswith("am"), note=f"{name} without", large=None)
      for name, function in (("sum", sum), ("prod", np.prod), ("mean", np.mean), ("amax", max), ("amin", min))],
    *[Row("index_reduce", ((3, 2), (2, 2)), by_rows(name), at_rows(function), analytic=name in ("mean", "prod"),
          distinct=name.startswith("am"), note=name, large=many_rows(name))
      for name, function in (("prod", np.prod), ("mean", np.mean), ("amax", max), ("amin", min))],
    *[Row("index_reduce", ((3, 2), (2, 2)), by_rows(name, include_self=False), at_rows(function, False), analytic=name in ("mean", "prod"),
          distinct=name.startswith("am"), note=f"{name} without", large=None)
      for name, function in (("prod", np.prod), ("mean", np.mean), ("amax", max), ("amin", min))],
    Row("scatter_reduce", ((2, 3), (2, 2)), at_once("prod"), together(np.prod), note="one zero",
        values=(np.array([[1.0, 2.0, 3.0], [0.0, 4.0, 2.0]]), np.array([[0.0, 2.0], [3.0, 5.0]])), large=None),
    *[Row("scatter_reduce", ((2, 3), (2, 2)), at_once(name), together(function), note=f"{name}, equal ones", smooth=False,
          values=(np.array([[1.0, 2.0, 3.0], [0.0, 4.0, 2.0]]), np.array([[3.0, 3.0], [4.0, -5.0]])), large=None)
      for name, function in (("amax", max), ("amin", min))],
]  # fmt: skip

WRITTEN = [
    Row("index_fill", ((3, 2),), lambda T, x: T.index_fill(x, 0, index(T, [2, 0]), 7.0), lambda x: np.stack([0 * x[0] + 7, x[1], 0 * x[2] + 7]),
        analytic=True, large=(((100, 200),), lambda T, x: T.index_fill(x, 1, index(T, MANY[0]), 7.0))),
    Row("index_fill", ((3, 2), ()), lambda T, x, v: T.index_fill(x, 0, index(T, [2, 0, 2]), v),
        lambda x, v: np.stack([0 * x[0] + v, x[1], 0 * x[2] + v]), analytic=True, note="tensor", large=None),
    Row("index_copy", ((3, 2), (2, 2)), lambda T, x, v: T.index_copy(x, 0, index(T, [2, 0]), v), lambda x, v: np.stack([v[1], x[1], v[0]]),
        analytic=True, large=(((100, 200), (67, 200)), lambda T, x, v: T.index_copy(x, 0, index(T, np.flatnonzero(SOME)[:67]), v[:66]))),
    Row("put", ((2, 3), (2,)), lambda T, x, v: T.put(x, index(T, [4, -6]), v), lambda x, v: np.array([[v[1], *x[0, 1:]], [x[1, 0], v[0], x[1, 2]]]),
        analytic=True, large=None),
    Row("put", ((2, 3), (2, 1)), lambda T, x, v: T.put(x, index(T, [4, 4]), v, accumulate=True),
        lambda x, v: x + np.array([[0, 0, 0], [0, 1, 0]]) * v.sum(), analytic=True, note="accumulate",
        large=(((100, 200), (100, 200)), lambda T, x, v: T.put(x, index(T, MANY), v, accumulate=True))),
    Row("masked_scatter", ((2, 3), (5,)), lambda T, x, v: T.masked_scatter(x, index(T, WHERE), v),
        lambda x, v: np.stack([np.array([v[0], x[0, 1], v[1]]), np.array([v[2], x[1, 1], v[3]])]), analytic=True,
        large=(((100, 200), (100, 200)), lambda T, x, v: T.masked_scatter(x, index(T, MANY > 50), v))),
    Row("select_scatter", ((2, 3), (2,)), lambda T, x, v: T.select_scatter(x, v, 1, -1), lambda x, v: np.concatenate([x[:, :2], v[:, None]], 1),
        analytic=True, large=(((100, 200), (100,)), lambda T, x, v: T.select_scatter(x, v, 1, -1))),
    Row("slice_scatter", ((2, 4), (2, 2)), lambda T, x, v: T.slice_scatter(x, v, 1, start=1, step=2),
        lambda x, v: np.stack([x[:, 0], v[:, 0], x[:, 2], v[:, 1]], 1), analytic=True,
        large=(((100, 200), (100, 100)), lambda T, x, v: T.slice_scatter(x, v, 1, step=2))),
    Row("diagonal_scatter", ((2, 3), (2,)), lambda T, x, v: T.diagonal_scatter(x, v, 1), lambda x, v: np.array([[x[0, 0], v[0], x[0, 2]], [*x[1, :2], v[1]]]),
        analytic=True, large=(((100, 200), (100,)), lambda T, x, v: T.diagonal_scatter(x, v, 1))),
    Row("fill", ((2, 3), ()), lambda T, x, v: T.fill(x, v), lambda x, v: 0 * x + v, analytic=True, note="tensor"),
    Row("fill", ((2, 3),), lambda T, x: T.fill(x, 3.0), lambda x: 0 * x + 3, analytic=True),
]  # fmt: skip

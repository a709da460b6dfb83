"""Matrix products of every rank."""

import numpy as np

from rows.row import F, Row

PRODUCTS = [
    Row("matmul", ((2, 3), (3, 4)), lambda T, a, b: T.matmul(a, b), np.matmul, analytic=True, at_extremes="alone"),
    Row("matmul", ((3,), (3,)), lambda T, a, b: T.matmul(a, b), np.matmul, analytic=True, note="vectors", at_extremes="alone"),
    Row("matmul", ((2, 3), (3,)), lambda T, a, b: T.matmul(a, b), np.matmul, analytic=True, note="matrix vector",
        at_extremes="alone"),
    Row("matmul", ((3,), (3, 2)), lambda T, a, b: T.matmul(a, b), np.matmul, analytic=True, note="vector matrix",
        at_extremes="alone"),
    Row("matmul", ((2, 1, 2, 3), (3, 3, 4)), lambda T, a, b: T.matmul(a, b), np.matmul, analytic=True, note="batches",
        at_extremes="alone",
        large=(((10, 1, 50, 40), (10, 40, 10)), lambda T, a, b: T.matmul(a, b))),
    Row("matmul", ((2, 2, 3), (3, 2)), lambda T, a, b: T.matmul(a, b), np.matmul, analytic=True, note="batch matrix",
        at_extremes="alone"),
    Row("matmul", ((2, 2, 3), (3,)), lambda T, a, b: T.matmul(a, b), np.matmul, analytic=True, note="batch vector",
        at_extremes="alone"),
    Row("mm", ((2, 3), (3, 4)), lambda T, a, b: T.mm(a, b), np.matmul, analytic=True, at_extremes="alone"),
    Row("bmm", ((2, 2, 3), (2, 3, 4)), lambda T, a, b: T.bmm(a, b), np.matmul, analytic=True, at_extremes="alone"),
    Row("mv", ((2, 3), (3,)), lambda T, a, b: T.mv(a, b), np.matmul, analytic=True, at_extremes="alone"),
    Row("dot", ((3,), (3,)), lambda T, a, b: T.dot(a, b), np.dot, analytic=True, at_extremes="alone"),
    Row("inner", ((2, 3), (4, 3)), lambda T, a, b: T.inner(a, b), np.inner, analytic=True, at_extremes="alone"),
    Row("outer", ((2,), (3,)), lambda T, a, b: T.outer(a, b), np.outer, analytic=True,
        large=(((141,), (141,)), lambda T, a, b: T.outer(a, b))),
    Row("addmm", ((4,), (2, 3), (3, 4)), lambda T, c, a, b: T.addmm(c, a, b, beta=0.5, alpha=2), lambda c, a, b: 0.5 * c + 2 * (a @ b),
        analytic=True, at_extremes="finite"),
    Row("baddbmm", ((2, 2, 4), (2, 2, 3), (2, 3, 4)), lambda T, c, a, b: T.baddbmm(c, a, b), lambda c, a, b: c + a @ b, analytic=True,
        at_extremes="alone"),
    Row("linear", ((4, 3), (2, 3), (2,)), lambda T, x, w, b: F(T).linear(x, w, b), lambda x, w, b: x @ w.T + b, analytic=True,
        at_extremes="alone"),
    Row("linear", ((3,), (2, 3), (2,)), lambda T, x, w, b: F(T).linear(x, w, b), lambda x, w, b: x @ w.T + b, analytic=True, note="vector",
        at_extremes="alone"),
    Row("linear", ((2, 4, 3), (2, 3)), lambda T, x, w: F(T).linear(x, w), lambda x, w: x @ w.T, analytic=True, note="no bias",
        at_extremes="alone"),
]  # fmt: skip

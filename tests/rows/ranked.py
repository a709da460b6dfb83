"""The element of a certain rank, the most frequent one, and searching: with a gradient, and without."""

import numpy as np

from rows.plain import EVERY, FLOATS, NOT_FINITE, WHOLE, A, B, Plain
from rows.row import Row, shaped

RUNS = np.array([[1, 1, 2], [1, 1, 2], [3, 0, 2]])
ORDERED = np.array([1, 2, 4])

RANKED = [
    shaped("kthvalue", lambda T, x: T.kthvalue(x, 2)[0], lambda x: np.take_along_axis(x, np.argsort(x.real, -1), -1)[:, 1], distinct=True),
    shaped("kthvalue", lambda T, x: T.kthvalue(x, 2, 0, True)[0], lambda x: np.take_along_axis(x, np.argsort(x.real, 0), 0)[1:], note="dim",
        distinct=True),
    Row("mode", ((2, 3),), lambda T, x: T.mode(x)[0], smooth=False, values=(np.array([[3.0, 1.0, 3.0], [2.0, 5.0, 4.0]]),),
        large=(((100, 200),), lambda T, x: T.mode(T.round(x))[0])),
    Row("mode", ((2, 3),), lambda T, x: T.mode(x, 0, True)[0], smooth=False, values=(np.array([[3.0, 1.0, 3.0], [2.0, 1.0, 4.0]]),), note="dim", large=None),
]  # fmt: skip

SEARCHES = [
    Plain("kthvalue", lambda T, x: tuple(T.kthvalue(x, 2, 1)), (np.array([[3, 0, 2], [1, 5, 7]]),), EVERY[1:]),
    Plain("mode", lambda T, x: tuple(T.mode(x)), (A,)),
    Plain("mode", lambda T, x: tuple(T.mode(x, 0)), (RUNS,), note="runs"),
    Plain("unique_consecutive", lambda T, x: T.unique_consecutive(x), (RUNS,)),
    Plain("unique_consecutive", lambda T, x: T.unique_consecutive(x, True, True), (RUNS,), note="all"),
    Plain("unique_consecutive", lambda T, x: T.unique_consecutive(x, True, True, 0), (RUNS,), note="dim"),
    Plain("searchsorted", lambda T, x, s: T.searchsorted(s, x), (A, ORDERED), EVERY[1:]),
    Plain("searchsorted", lambda T, x, s: T.searchsorted(s, x, right=True, out_int32=True), (A, ORDERED), EVERY[1:], "right"),
    Plain("searchsorted", lambda T, x, s: T.searchsorted(T.stack([s, s + 1]), x), (A, ORDERED), EVERY[1:], "rows"),
    Plain("searchsorted", lambda T, s: (T.searchsorted(s, 2), T.searchsorted(s, 2.5)), (ORDERED,), WHOLE, "number"),
    Plain("searchsorted", lambda T, x, s: T.searchsorted(s.flip(0), x, side="right", sorter=T.tensor([2, 1, 0])), (A, ORDERED), WHOLE, "sorter"),
    Plain("searchsorted", lambda T, s: T.searchsorted(s, s), (NOT_FINITE,), FLOATS, "not finite"),
    Plain("bucketize", lambda T, x, s: T.bucketize(x, s), (A, ORDERED), EVERY[1:]),
    Plain("bucketize", lambda T, x, s: T.bucketize(x, s, right=True), (B, ORDERED), EVERY[1:], "right"),
    Plain("bucketize", lambda T, s: T.bucketize(3, s, out_int32=True), (ORDERED,), WHOLE, "number"),
]  # fmt: skip

"""Memory seen through other steps, windows, and vectors on diagonals."""

import numpy as np

from rows.row import Row, shaped

ROWS_ONLY = ("offset", "misaligned")  # the layouts that keep a tensor's steps


def windows(x):
    return np.lib.stride_tricks.sliding_window_view(x, 3, 1)[:, ::2]


STRIDED = [
    shaped("as_strided", lambda T, x: T.as_strided(x * 1, (2, 2), (3, 1)), lambda x: x[:, :2], layouts=ROWS_ONLY,
        large=(((100, 200),), lambda T, x: T.as_strided(x * 1, (100, 100), (200, 2)))),
    shaped("as_strided", lambda T, x: T.as_strided(x * 1, (4, 3), (1, 1)), lambda x: np.lib.stride_tricks.sliding_window_view(x.reshape(-1), 3),
        note="several times", layouts=ROWS_ONLY, large=(((100, 200),), lambda T, x: T.as_strided(x * 1, (6000, 3), (3, 1)))),
    Row("as_strided_scatter", ((2, 3), (2, 2)), lambda T, x, v: T.as_strided_scatter(x * 1, v, (2, 2), (3, 2), 0),
        lambda x, v: np.stack([v[:, 0], x[:, 1], v[:, 1]], 1), analytic=True, layouts=ROWS_ONLY,
        torch_orders=0,  # PyTorch's gradient of x is that of what was overwritten: its own gradcheck says so
        large=(((100, 200), (100, 100)), lambda T, x, v: T.as_strided_scatter(x * 1, v, (100, 100), (200, 2), 0))),
    shaped("as_strided_", lambda T, x: (x * 1).as_strided_((2, 2), (3, 1)), lambda x: x[:, :2], layouts=ROWS_ONLY, same_name=False,
        large=None),
    shaped("unfold", lambda T, x: x.unfold(1, 3, 2), windows, (2, 6), "of a dimension",
        large=(((100, 200),), lambda T, x: x.unfold(1, 3, 2))),
    shaped("unfold", lambda T, x: x.unfold(-1, 2, 3), lambda x: np.stack([x[:, :2], x[:, 3:5]], 1), (2, 6), "gaps",
        large=None),
    shaped("diag_embed", lambda T, x: T.diag_embed(x), lambda x: np.stack([np.diag(row) for row in x]),
        large=(((2, 100),), lambda T, x: T.diag_embed(x))),
    shaped("diag_embed", lambda T, x: T.diag_embed(x, -1, 2, 0), lambda x: np.stack([np.diag(row, -1).T for row in x], 1), note="dims",
        large=None),
    shaped("diagflat", lambda T, x: T.diagflat(x, 1), lambda x: np.diag(x.reshape(-1), 1),
        large=(((10, 14),), lambda T, x: T.diagflat(x, 1))),
    shaped("narrow_copy", lambda T, x: T.narrow_copy(x, 1, 1, 2), lambda x: x[:, 1:], same_name=False),
    shaped("H", lambda T, x: x.H * 1, lambda x: x.T),
    shaped("mH", lambda T, x: x.mH * 1, lambda x: x.swapaxes(-1, -2), (2, 3, 4)),
]  # fmt: skip

"""Which columns of a matrix count as none: the rank that least squares find without singular values.

After this module a reader knows how a QR factorization tells the rank: the longest column that is left comes next, and it ends
where the triangle's smallest stretch falls below a share of its largest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.ops.lapack import each_matrix


def by_columns(a: Any, rcond: float) -> tuple[Any, Any]:
    """(the matrices without what is too small, their ranks), as LAPACK's gelsy finds them."""
    found = each_matrix(lambda m: _one(m.astype(np.float64), rcond), a)
    kept = np.array([m for m, _ in found], a.dtype).reshape(a.shape)
    return kept, np.array([rank for _, rank in found], np.int64).reshape(a.shape[:-2])


def _one(a: Any, rcond: float) -> tuple[Any, int]:
    q, r, order = _pivoted(a)
    rank = _rank(r, rcond)
    kept = np.empty_like(a)
    kept[:, order] = q[:, :rank] @ r[:rank]
    return kept, rank


def _pivoted(a: Any) -> tuple[Any, Any, Any]:
    """(q, r, order) with q @ r = a[:, order]: each step takes the column that is longest beside those before it."""
    m, n = a.shape
    k, rest, order = min(m, n), a.copy(), np.arange(n)
    q, r = np.zeros((m, k)), np.zeros((k, n))
    for i in range(k):
        p = i + int(np.argmax((rest[:, i:] ** 2).sum(0)))
        for each in (rest, r):
            each[:, [i, p]] = each[:, [p, i]]
        order[[i, p]] = order[[p, i]]
        length = math.sqrt(float((rest[:, i] ** 2).sum()))
        if not length:
            break
        q[:, i] = rest[:, i] / length
        for _ in range(2):  # once more, for what rounding left of the columns before
            r[i, i:] += (found := q[:, i] @ rest[:, i:])
            rest[:, i:] -= np.multiply.outer(q[:, i], found)
    return q, r, order


def _rank(r: Any, rcond: float) -> int:
    """How many rows of the triangle are kept: its largest and smallest stretch are estimated row by row (Bischof 1990)."""
    k = len(r)
    if not k or not r[0, 0]:
        return 0
    estimates = [(abs(r[0, 0]), np.ones(1))] * 2
    for i in range(1, k):
        estimates = [_with_row(*estimates[job], r[:i, i], r[i, i], job) for job in (0, 1)]
        if estimates[0][0] * rcond > estimates[1][0]:
            return i
    return k


def _with_row(stretch: float, x: Any, column: Any, corner: float, job: int) -> tuple[float, Any]:
    """(the stretch, the direction) of the largest for job 0 and of the smallest for job 1, of a triangle with one more row."""
    _, s, v = np.linalg.svd(np.array([[stretch, 0.0], [x @ column, corner]]))
    return float(s[job]), np.append(v[job, 0] * x, v[job, 1])

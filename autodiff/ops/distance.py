"""Euclidean distances of all pairs of rows, by way of a matrix product.

After this module a reader knows that |a - b|**2 = |a|**2 + |b|**2 - 2 a.b makes n times m differences unnecessary, and so does
its gradient: the sum of w[i, j] (a[i] - b[j]) over j is a[i] times the sum of its weights, less a product of matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.graph import primitive
from autodiff.ops.matmul import bmm
from autodiff.ops.reduce import sum_over
from autodiff.ops.statistics import over


def _pulled(w: Any, rows: Any, others: Any) -> Any:
    """The sum over all others of (row − other) · `w`: each of the rows less each of the others."""
    return sum_over(w, axes=(2,), keepdim=True) * rows - bmm(w, others)


@primitive(
    lambda g, y, a, b: _pulled(over(g, y), a, b),
    lambda g, y, a, b: _pulled(over(g, y).mT, b, a),
    name="EuclideanDist",
    says="A distance grows fastest straight away from the other point: each pulls along the line between the two.",
)
def distances(a, b):
    """|a[i] - b[j]| of all rows of two batches, (s, n, k) and (s, m, k): the squares in double, so that little is lost."""
    wide, other = a.astype(np.float64, copy=False), b.astype(np.float64, copy=False)
    squares = _kernels.matmul(wide, other.mT)
    squares *= -2.0
    squares += np.einsum("snk,snk->sn", wide, wide)[:, :, None]
    squares += np.einsum("smk,smk->sm", other, other)[:, None, :]
    return np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares).astype(a.dtype, copy=False)

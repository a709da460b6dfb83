"""Products of matrices and vectors, and the fully connected layer as one operation.

After this module a reader knows the two rules that all of deep learning rests on: for y = a @ b, dL/da = g @ b.T and
dL/db = a.T @ g. All else here is the same two for other ranks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.graph import primitive
from autodiff._core.promotion import to_common


@primitive(
    lambda g, b: mm(g, b.T),
    lambda g, a: mm(a.T, g),
    silent=False,  # nor do the kernels warn
    says="g goes back through the other matrix, turned on its side so that the shapes fit.",
)
def mm(a, b):
    """a @ b: the product of two matrices, (n, k) and (k, m)."""
    return _kernels.matmul(a, b)


@primitive(
    lambda g, b: bmm(g, b.mT),
    lambda g, a: bmm(a.mT, g),
    silent=False,
    says="In each pair of matrices, g goes back through the other one, turned on its side so that the shapes fit.",
)
def bmm(a, b):
    """a @ b: the products of two equal batches of matrices, (s, n, k) and (s, k, m)."""
    return _kernels.matmul(a, b)


@primitive(
    lambda g, v: g[..., None] * v,
    lambda g, a: mv(a.T, g),
    says="Each row of the matrix gets its own g times the vector; the vector gets g back through the turned matrix.",
)
def mv(a, v):
    """a @ v: the product of a matrix and a vector, (n, k) and (k,)."""
    return _kernels.matmul(a, v[:, None])[:, 0]


@primitive(lambda g, b: g * b, lambda g, a: g * a, says="Each vector gets g times the other one.")
def dot(a, b):
    """The inner product of two vectors."""
    return _kernels.matmul(a[None], b[:, None])[0, 0]


# ---- with a sum ----


def _in_rows(g: Any, v: Any) -> Any:
    """(`g` as a column) · `v`: in each row its own g times the vector."""
    return g[..., None] * v


@primitive(
    lambda g, w: mm(g, w),
    lambda g, x: mm(g.T, x),
    lambda g: column_sums(g),
    name="Addmm",
    silent=False,
    says="g goes back through the weight; the weight gets gᵀ @ x, the bias the sum of g over the examples.",
)
def linear(x, w, b):
    """x @ w.T + b for x (n, k), w (m, k), b (m,): one pass, the bias added while the tile is in registers."""
    return _kernels.matmul(x, w.T, b)


@primitive(
    lambda g, x_shape: rows_of(g, n=x_shape[0]),
    name="SumBackward1",
    says="Each row counts once in the sum, so every row gets g unchanged.",
)
def column_sums(x):
    """The column sums of x: the sum over the rows of a matrix."""
    return _kernels.column_sums(x) if x.size else np.zeros(x.shape[1:], x.dtype)


@primitive(
    lambda g: column_sums(g),
    name="Expand",
    says="A row that is used many times gets a gradient from each use, and they are added up.",
)
def rows_of(x, *, n):
    """x in every row: n of them."""
    return np.broadcast_to(x, (n, x.shape[0]))


@primitive(
    lambda g, beta: g * beta,
    lambda g, b, alpha: mm(g, b.T) * alpha,
    lambda g, a, alpha: mm(a.T, g) * alpha,
    says="A product and a sum: g goes back through the other matrix and to what is added; alpha and beta come back as factors.",
)
def addmm(input, a, b, *, beta, alpha):
    """beta * input + alpha * (a @ b)."""
    return _added(input, _kernels.matmul(a, b), beta, alpha)


@primitive(
    lambda g, beta: g * beta,
    lambda g, b, alpha: bmm(g, b.mT) * alpha,
    lambda g, a, alpha: bmm(a.mT, g) * alpha,
    says="A product and a sum, pair by pair: g goes back through the other matrix; alpha and beta come back as factors.",
)
def baddbmm(input, a, b, *, beta, alpha):
    """The same, batch by batch."""
    return _added(input, _kernels.matmul(a, b), beta, alpha)


@primitive(
    lambda g, beta: g * beta,
    lambda g, v, alpha: _in_rows(g, v) * alpha,
    lambda g, a, alpha: mv(a.T, g) * alpha,
    says="A product and a sum: each row gets its own g times the vector; alpha and beta come back as factors.",
)
def addmv(input, a, v, *, beta, alpha):
    """beta * input + alpha * (a @ v)."""
    return _added(input, _kernels.matmul(a, v[:, None])[:, 0], beta, alpha)


@primitive(
    lambda g, beta: g * beta,
    lambda g, v, alpha: mv(g, v) * alpha,
    lambda g, u, alpha: mv(g.T, u) * alpha,
    promote=to_common,
    says="Each vector meets g in every place of the matrix that it helped to fill, times the other vector's number there.",
)
def addr(input, u, v, *, beta, alpha):
    """beta * input + alpha * (u[:, None] * v)."""
    return _added(input, np.multiply.outer(u, v), beta, alpha)


@primitive(
    lambda g, beta: g * beta,
    lambda g, b, alpha: product(g, b.mT) * alpha,
    lambda g, a, alpha: product(a.mT, g) * alpha,
    says="Every pair of the batch is part of one sum, so each gets the same g, back through its other matrix.",
)
def addbmm(input, a, b, *, beta, alpha):
    """beta * input + alpha * (the sum of a[i] @ b[i])."""
    s, n, k = a.shape
    return _added(input, _kernels.matmul(np.swapaxes(a, 0, 1).reshape(n, s * k), b.reshape(s * k, b.shape[2])), beta, alpha)


def _added(input: Any, product: Any, beta: float, alpha: float) -> Any:
    product = product if alpha == 1 else product * product.dtype.type(alpha)
    # With beta 0 the input is not looked at: nan and infinity in it do not spread.
    return product + np.zeros_like(input) if beta == 0 else product + (input if beta == 1 else input * input.dtype.type(beta))


# ---- any batches, three-dimensional vectors ----


@primitive(
    lambda g, b: product(g, b.mT),
    lambda g, a: product(a.mT, g),
    name="Matmul",
    says="In each pair of matrices, g goes back through the other one, turned on its side so that the shapes fit.",
)
def product(a, b):
    """a @ b: the products of matrices whose batches broadcast, (..., n, k) and (..., k, m)."""
    return np.matmul(a, b)


@primitive(
    lambda g, b, axis: cross(b, g, axis=axis),
    lambda g, a, axis: cross(g, a, axis=axis),
    name="LinalgCross",
    says="The volume g · (a × b) stays the same when the three take turns, so each vector gets the product of the others.",
)
def cross(a, b, *, axis):
    """`a` × `b`: for vectors of three numbers along an axis that is counted from the end."""
    a, b = np.broadcast_arrays(np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1))
    y = np.empty(a.shape, a.dtype)
    for i, (j, k) in enumerate(((1, 2), (2, 0), (0, 1))):
        y[..., i] = a[..., j] * b[..., k] - a[..., k] * b[..., j]
    return np.ascontiguousarray(np.moveaxis(y, -1, axis))

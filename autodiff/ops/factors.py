"""Matrices as products of simpler ones: Cholesky, QR, LU, eigenvectors, singular vectors.

After this module a reader knows the one idea behind all of these gradients: what is triangular stays so, what is a turn stays
one, and this says which part of a change each of the factors takes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.graph import primitive
from autodiff._core.types import LinAlgError
from autodiff.ops import lapack
from autodiff.ops.equations import batch_element, row_sums, solved
from autodiff.ops.join import cat
from autodiff.ops.lapack import each_matrix
from autodiff.ops.matmul import product
from autodiff.ops.no_slope import no_slope
from autodiff.ops.triangle import diagonal, on_diagonal, tril, triu

# ---- helpers of the rules ----


@primitive(
    lambda g, b: quotient(g, b),
    lambda g, y, b: -quotient(g * y, b),
    says="Divided by a number, a change is divided by it too; where nothing is divided, nothing passes.",
)
def quotient(a, b):
    """a / b: and 0 where a is 0, so that directions in which nothing moves do no harm where b is 0."""
    nothing = np.broadcast_to(a == 0, np.broadcast_shapes(a.shape, b.shape))
    return np.where(nothing, 0, a / np.where(nothing, 1, b)).astype(a.dtype, copy=False)


def _beside(x: Any) -> Any:
    """x: with zeros on its diagonal."""
    return tril(x, diagonal=-1) + triu(x, diagonal=1)


@primitive(
    lambda g: row_sums(_beside(g).mT) - row_sums(_beside(g)),
    says="A value widens the gaps in its column and narrows those in its row.",
)
def gaps(values):
    """the gaps: from the value of each row to that of each column; ones on the diagonal, where there is none."""
    apart = values[..., None, :] - values[..., :, None]
    return np.where(np.eye(values.shape[-1], dtype=bool), values.dtype.type(1), apart)


def _by_gaps(x: Any, values: Any) -> Any:
    """x over the gaps: beside the diagonal, over the difference of the values of its column and its row."""
    return quotient(_beside(x), gaps(values))


def _on_diagonal(v: Any, like: Any) -> Any:
    """v: on the diagonal of zeros."""
    return on_diagonal(v, offset=0, a=-2, b=-1, shape=like.shape)


def _right(x: Any, m: Any) -> Any:
    """x m⁻¹: the solution from the right."""
    return solved(m.mT, x.mT, lenient=True).mT

_no_slope_when_square = no_slope("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
_no_slope_without_q = no_slope(
    "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Use linalg.qr(A, mode='reduced')."
)


# ---- triangles ----


def _half(x: Any) -> Any:
    """the lower half of x: below the diagonal all of it, on the diagonal the half."""
    return (tril(x, diagonal=0) + tril(x, diagonal=-1)) * 0.5


def _both_ways(x: Any) -> Any:
    """the mean of x and its transpose."""
    return (x + x.mT) * 0.5


@primitive(
    lambda g, y: _both_ways(_right(solved(y.mT, _half(product(y.mT, g)), lenient=True), y)),
    name="LinalgCholeskyEx",
    says="The factor is half of the matrix, so it takes the lower half of the change, seen from its own side.",
)
def cholesky(a):
    """the Cholesky factor of a: the lower triangle with l @ l.T = a."""
    try:
        l = np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        l = None
    if l is not None and np.isfinite(np.diagonal(l, 0, -2, -1)).all():
        return l
    raise not_definite("linalg.cholesky", each_matrix(not_positive, a), a.shape[:-2])


def not_definite(name: str, infos: list[int], batch: tuple[int, ...]) -> LinAlgError:
    """The error that names the first matrix that is not positive, and the order of its minor."""
    where, order = batch_element(infos, batch), next(filter(None, infos))
    return LinAlgError(
        f"{name}: {where}The factorization could not be completed because the input is not positive-definite (the "
        f"leading minor of order {order} is not positive-definite)."
    )


def _around(x: Any, y: Any, l: Any) -> Any:
    """minus x yᵀ and its transpose, through l."""
    moved = product(x, y.mT)
    return -product(moved + moved.mT, l)


@primitive(
    lambda g, l: cholesky_solved(g, l),
    lambda g, y, l: _around(cholesky_solved(g, l), y, l),
    name="CholeskySolve",
    says="The right side gets the solution for g; the factor stands on both sides of the matrix, and gets g from both.",
)
def cholesky_solved(b, l):
    """the solution of the factor l and b: the x with l @ l.T @ x = b."""
    lower, solve = np.tril(l), solved.operation.forward
    return solve(np.swapaxes(lower, -1, -2), solve(lower, b, lenient=True), lenient=True)


def not_positive(a: Any) -> int:
    """The order of the first leading minor of a matrix that is not positive; 0 where all are."""
    for n in range(1, len(a) + 1):
        try:
            end = np.linalg.cholesky(a[:n, :n])[-1, -1]
        except np.linalg.LinAlgError:
            return n
        if not math.isfinite(end):
            return n
    return 0


def _through_lu(gl: Any, gu: Any, l: Any, u: Any) -> Any:
    """what the two triangles pass back to the matrix."""
    inner = tril(product(l.mT, gl), diagonal=-1) + triu(product(gu, u.mT), diagonal=0)
    return _right(solved(l.mT, inner, lenient=True), u.mT)


@primitive(
    lambda g, y0, y1: _through_lu(g[0], g[1], y0, y1),
    name="LinalgLu",
    says="What stands below the diagonal is the lower factor's share of a change, the rest is the upper one's.",
)
def lu(a):
    """(l, u) with l @ u = a: of square matrices whose rows stand in the right order."""
    both = np.array(a, order="C")
    _kernels.eliminate(both.reshape(math.prod(a.shape[:-2]), *a.shape[-2:]), False)
    return np.tril(both, -1) + np.eye(a.shape[-1], dtype=a.dtype), np.triu(both)


def pivots_of(a: Any) -> Any:
    """(pivots, order) of a batch of matrices: with which row each was exchanged, from 1 on, and where the rows came from."""
    batch, (m, n) = a.shape[:-2], a.shape[-2:]
    work = np.array(a, np.float64, order="C").reshape(math.prod(batch), m, n)
    partners = _kernels.eliminate(work, True)[:, : min(m, n)].astype(np.int64)
    order = np.array([_kernels.exchanged(line, m) for line in partners], np.int64)
    return (partners + 1).astype(np.int32).reshape(*batch, min(m, n)), order.reshape(*batch, m)


# ---- turns ----


def _mirrored(x: Any) -> Any:
    """the lower half of x: and its mirror image above the diagonal."""
    return tril(x, diagonal=0) + tril(x, diagonal=-1).mT


def _through_qr(g: Any, q: Any, r: Any) -> Any:
    """what the two factors pass back to the matrix."""
    inner = product(r, triu(g[1], diagonal=0).mT) - product(g[0].mT, q)
    return _right(g[0] + product(q, _mirrored(inner)), r.mT)


@primitive(
    lambda g, y0, y1: _through_qr(g, y0, y1),
    name="LinalgQr",
    says="One factor can only turn and the other stays a triangle: each takes its own part of a change.",
)
def qr(a):
    """(q, r) with q @ r = a: of matrices with no more columns than rows; q has upright columns, r is upper triangular."""
    return tuple(np.linalg.qr(a))


@primitive(_no_slope_when_square, name="LinalgQr", says="The added columns are free to choose, so PyTorch gives no slope.")
def qr_complete(a):
    """(q, r) with a square q, of matrices with more rows than columns: there is no slope."""
    return tuple(np.linalg.qr(a, "complete"))


@primitive(_no_slope_without_q, name="LinalgQr", says="The slope takes q, which is not computed, so there is none.")
def qr_without_q(a):
    """(nothing, r): there is no slope."""
    return np.zeros((0,), a.dtype), np.linalg.qr(a, "r")


@primitive(
    lambda g, y0, y1: _both_ways(product(product(y1, _on_diagonal(g[0], y1) + _by_gaps(product(y1.mT, g[1]), y0)), y1.mT)),
    name="LinalgEigh",
    says="An eigenvalue moves along its own vector; vectors turn into one another, faster the closer their values are.",
)
def eigh(a, *, uplo):
    """(values, vectors) of a symmetric matrix, of which one triangle is read: increasing, the vectors in columns."""
    return tuple(lapack.eigh(a, uplo))


@primitive(
    lambda g, y0, y1: solved(y1.mT, product(_on_diagonal(g[0], y1) + _by_gaps(_upright(g[1], y1), y0), y1.mT), lenient=True),
    name="LinalgEig",
    says="As for a symmetric matrix, but the vectors are not perpendicular: their inverse takes the place of the transpose.",
)
def eig(a):
    """(values, vectors) of a matrix whose eigenvalues are real, the vectors in columns, each of length 1."""
    values, vectors = np.linalg.eig(a)
    return values.astype(a.dtype), vectors.astype(a.dtype)


def _upright(g: Any, v: Any) -> Any:
    """what of g turns the vectors: without what would make them longer."""
    along = product(v.mT, g)
    return along - product(product(v.mT, v), _on_diagonal(diagonal(along, offset=0, a=-2, b=-1), v))


def _outside(g: Any, u: Any, s: Any) -> Any:
    """what of g lies outside of u, over s: nothing where u is square, which is told from shapes alone."""
    if u.shape[-2] == u.shape[-1]:
        return g * 0.0
    return quotient(g - product(u, product(u.mT, g)), s[..., None, :])


def _through_svd(gu: Any, gs: Any, gv: Any, u: Any, s: Any, v: Any) -> Any:
    """what the three factors pass back to the matrix: u and v in columns."""
    left, right = product(u.mT, gu), product(v.mT, gv)
    squares, scale = s * s, s[..., None, :]
    turns = _by_gaps(left - left.mT, squares) * scale + s[..., :, None] * _by_gaps(right - right.mT, squares)
    inner = product(u, turns + _on_diagonal(gs, turns)) + _outside(gu, u, s)
    return product(inner, v.mT) + product(u, _outside(gv, v, s).mT)


def _few(u: Any, s: Any) -> Any:
    """u: of its columns those that have a stretch."""
    return u[..., : s.shape[-1]]


@primitive(
    lambda g, y0, y1, y2: _through_svd(_few(g[0], y1), g[1], _few(g[2].mT, y1), _few(y0, y1), y1, _few(y2.mT, y1)),
    name="LinalgSvd",
    says="A singular value moves along its two directions; these turn into one another, faster the closer their values are.",
)
def svd(a, *, full):
    """(u, s, v) with u @ diag(s) @ v = a: a turn, stretches from the largest to the smallest, a turn."""
    return tuple(lapack.svd(a, full=full))


# ---- the exponential ----


def _towards(g: Any, x: Any) -> Any:
    """the slope of the exponential of x towards g: a corner of the exponential of both in one matrix."""
    n, last = x.shape[-1], len(x.shape) - 1
    top = cat(x, g, axis=last, starts=[0, n])
    below = cat(g * 0.0, x, axis=last, starts=[0, n])
    return matrix_exp(cat(top, below, axis=last - 1, starts=[0, n]), doubled=True)[..., :n, n:]


def _times(p: Any, q: Any) -> Any:
    """The product of two matrices, or the upper half of that of two [[a, b], [0, a]], told by their upper halves."""
    n, width = p.shape[-2:]
    y = p[..., :n] @ q
    if width > n:
        y[..., n:] += p[..., n:] @ q[..., :n]
    return y


@primitive(
    lambda g, x: _towards(g, x.mT),
    name="LinalgMatrixExp",
    says="The slope is not a product, since a change need not commute with the matrix: it is a corner of a larger exponential.",
)
def matrix_exp(x, *, doubled=False):
    """e**x: the exponential of a matrix, the sum of x**k / k!; with `doubled` of one that is [[a, b], [0, a]], in less time."""
    n = x.shape[-1] // 2 if doubled else x.shape[-1]
    upper = x[..., :n, :].astype(np.float64)
    size = np.abs(x).sum(-2, dtype=np.float64).max(-1, initial=0)
    with np.errstate(all="ignore"):
        halvings = np.where(size < np.inf, np.maximum(np.ceil(np.log2(np.clip(size, 1e-300, 1e300) * 2)), 0), 0)
    scaled = upper / np.exp2(halvings)[..., None, None]
    # The terms up to the 15th, four at a time: eight products less than one for each (Paterson and Stockmeyer 1973).
    square = _times(scaled, scaled)
    low = (np.broadcast_to(np.eye(*upper.shape[-2:]), upper.shape), scaled, square, _times(square, scaled))
    fourth = _times(square, square)
    y = sum(power / math.factorial(12 + i) for i, power in enumerate(low))
    for first in (8, 4, 0):
        y = _times(y, fourth) + sum(power / math.factorial(first + i) for i, power in enumerate(low))
    for i in range(int(halvings.max(initial=0))):
        y = np.where((i < halvings)[..., None, None], _times(y, y), y)
    if doubled:
        y = np.concatenate([y, np.concatenate([np.zeros_like(y[..., :n]), y[..., :n]], -1)], -2)
    return y.astype(x.dtype)

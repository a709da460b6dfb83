"""Linear equations: their solutions, inverses and determinants.

After this module a reader knows that the gradient of a solution is a solution too, of the transposed equations, and that of a
determinant its cofactors: its inverse, turned and scaled, where there is one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.broadcast import expanded
from autodiff._core.graph import primitive
from autodiff._core.types import LinAlgError
from autodiff.ops.lapack import each_matrix, eigh, substituted, svd, with_nan
from autodiff.ops.matmul import product
from autodiff.ops.triangle import diagonal

# ---- small helpers of the rules ----


@primitive(
    lambda g, x_shape: expanded(g[..., None], shape=x_shape),
    says="Each number counts once in the sum of its row, so it gets that row's g unchanged.",
)
def row_sums(x):
    """The row sums of `x`: over the last dimension."""
    return x.sum(-1)


def _traces(x: Any) -> Any:
    """The sums of the diagonals."""
    return row_sums(diagonal(x, offset=0, a=-2, b=-1))


def _of_matrix(g: Any) -> Any:
    """g: for every number of its matrix."""
    return g[..., None, None]


# ---- solutions ----


def first_zero(a: Any) -> int:
    """The number of the first diagonal element that elimination makes 0, from 1 on; 0 where there is none."""
    u = np.array(a, np.float64)
    with np.errstate(all="ignore"):
        for i in range(len(u)):
            p = i + int(np.argmax(np.abs(u[i:, i])))
            if not u[p, i]:
                return i + 1
            u[[i, p]] = u[[p, i]]
            u[i + 1 :] -= np.multiply.outer(u[i + 1 :, i] / u[i, i], u[i])
    return 0


def batch_element(infos: list[int], batch: tuple[int, ...]) -> str:
    """The words that say which matrix of a batch failed."""
    return f"(Batch element {next(i for i, info in enumerate(infos) if info)}): " if batch else ""


def refuse_singular(name: str, infos: list[int], batch: tuple[int, ...]) -> None:
    """LinAlgError for the first matrix with a diagonal element that is 0: its number, from 1 on."""
    if any(infos):
        where, k = batch_element(infos, batch), next(filter(None, infos))
        raise LinAlgError(
            f"{name}: {where}The diagonal element {k} is zero, the inversion could not be completed because the input matrix "
            "is singular."
        )


def refuse_unsolvable(name: str, infos: list[int], batch: tuple[int, ...]) -> None:
    """LinAlgError for the first matrix whose equations have no one solution."""
    if any(infos):
        raise LinAlgError(f"{name}: {batch_element(infos, batch)}The solver failed because the input matrix is singular.")


@primitive(
    lambda g, a, y: -product(solved(a.mT, g, lenient=True), y.mT),
    lambda g, a: solved(a.mT, g, lenient=True),
    name="LinalgSolveEx",
    says="The right side gets the solution of the transposed equations for g; the matrix minus that, times the solution.",
)
def solved(a, b, *, lenient=False):
    """the solution of a and b: the x with a @ x = b; not finite for a singular matrix if `lenient`, an error otherwise."""
    try:
        x = np.linalg.solve(a, b)
        return x if lenient and _is_triangle(a) else with_nan(a, x)  # a triangle's nan spreads on one side of it alone
    except np.linalg.LinAlgError:
        infos = [] if lenient else each_matrix(first_zero, a)
    if not lenient:
        refuse_unsolvable("torch.linalg.solve", infos, a.shape[:-2])
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (np.broadcast_to(x, (*shape, *x.shape[-2:])) for x in (a, b))
    return np.array(each_matrix(_one_solved, a, b), b.dtype).reshape(b.shape)


def _is_triangle(a: Any) -> bool:
    return not np.triu(a, 1).any() or not np.tril(a, -1).any()


def _one_solved(a: Any, b: Any) -> Any:
    """The solution for one matrix, which may be singular: a triangle is divided by its 0."""
    if _is_triangle(a):
        return substituted(a, b)
    return np.full_like(b, np.nan) if first_zero(a) or np.isnan(a).any() else np.linalg.solve(a, b)


@primitive(
    lambda g, y: -product(product(y.mT, g), y.mT),
    name="LinalgInvEx",
    says="An inverse shrinks where the matrix grows: minus g between two inverses, as −1/x² is for a number.",
)
def inverse(a, *, name="linalg.inv", lenient=False):
    """the inverse of `a`: of a matrix; nan for a singular one if `lenient`, which is an error otherwise."""
    try:
        return with_nan(a, np.linalg.inv(a))
    except np.linalg.LinAlgError:
        infos = each_matrix(first_zero, a)
    if not lenient:
        refuse_singular(name, infos, a.shape[:-2])
    done = each_matrix(lambda m: np.full_like(m, np.nan) if first_zero(m) or np.isnan(m).any() else np.linalg.inv(m), a)
    return np.array(done, a.dtype).reshape(a.shape)


# ---- determinants ----


@primitive(
    lambda g, a: _of_matrix(g) * cofactors(a),
    name="LinalgDet",
    says="A number moves the volume by its cofactor: the determinant of what is left without its row and column.",
)
def det(a):
    """the determinant of `a`: a matrix."""
    return np.linalg.det(a)


def _in_axes(a: Any) -> Any:
    """(u, s, v, the sign of both turns): a as a turn, a stretch and a turn."""
    u, s, v = svd(a, full=True, lenient=True)  # those of a nan are nan, as the determinant is
    return u, s, v, np.linalg.det(u) * np.linalg.det(v)


@primitive(lambda g, a: twice(g, a), says="A cofactor is a determinant itself, and so its slopes are cofactors of cofactors.")
def cofactors(a):
    """the cofactors of `a`: the determinant times the inverse, turned; also where there is no inverse."""
    if not a.size:
        return a.copy()
    u, s, v, sign = _in_axes(a)
    rest = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(-1) * sign[..., None]
    return ((u * rest[..., None, :]) @ v).astype(a.dtype, copy=False)


@primitive(
    lambda g, a: twice(g, a),
    lambda g, h, a: _thrice(g, h, inverse(a), det(a)),
    says="What two changes of a matrix do to its volume together: each meets the cofactors that the other moved.",
)
def twice(h, a):
    """how the cofactors of `a` move with `h`: the second slope of the determinant, which is the same both ways."""
    if not a.size:
        return a.copy()
    u, s, v, sign = _in_axes(a)
    turned = np.swapaxes(u, -1, -2) @ h @ np.swapaxes(v, -1, -2)
    n = s.shape[-1]
    ones = np.eye(n, dtype=bool)
    pairs = np.where(ones[:, None] | ones[None], 1, s[..., None, None, :]).prod(-1) * ~ones * sign[..., None, None]
    on = np.einsum("...ij,...ii->...j", pairs, turned)
    moved = np.where(ones, on[..., None, :], -pairs * np.swapaxes(turned, -1, -2))
    return (u @ moved @ v).astype(a.dtype, copy=False)


def _thrice(g: Any, h: Any, x: Any, d: Any) -> Any:
    """the third slope of the determinant, with `g` and `h`: by the inverse x, where there is one, and the determinant d."""
    xg, xh = product(x, g), product(x, h)
    one, other = _of_matrix(_traces(xg)), _of_matrix(_traces(xh))
    both = one * other - _of_matrix(_traces(product(xg, xh)))
    around = product(xg, product(xh, x)) + product(xh, product(xg, x))
    return (_of_matrix(d) * (both * x - other * product(xg, x) - one * product(xh, x) + around)).mT


@primitive(
    lambda g, a: _of_matrix(g[1]) * inverse(a, lenient=True).mT,
    name="LinalgSlogdet",
    says="The logarithm of the volume moves with the inverse, turned on its side, as log x does with 1/x.",
)
def slogdet(a):
    """(sign, log |det|) of a matrix."""
    sign, log = np.linalg.slogdet(a)
    return np.asarray(sign, a.dtype), np.asarray(log, a.dtype)


# ---- where there is no inverse ----


def limits(s: Any, shape: tuple[int, ...], atol: Any, rtol: Any) -> Any:
    """Below which stretch a matrix is taken to have none: the larger of atol and rtol times the largest, for each matrix.

    rtol is the dtype's eps times the larger side, unless it is given or atol is.
    """
    if rtol is None:
        rtol = 0.0 if atol is not None and np.any(np.asarray(atol) > 0) else np.finfo(s.dtype).eps * max(shape[-2:])
    return np.asarray(np.maximum(0.0 if atol is None else atol, rtol * np.abs(s).max(-1, initial=0)))


def _with_pinv(g: Any, a: Any, p: Any) -> Any:
    """the slope of pinv(`a`): between two of them, and along what the matrix does not reach."""
    t = g.mT
    rows, columns = product(t, product(p, p.mT)), product(product(p.mT, p), t)
    return rows - product(a, product(p, rows)) + columns - product(product(columns, p), a) - product(p.mT, product(g, p.mT))


@primitive(
    lambda g, a, y: _with_pinv(g, a, y),
    name="LinalgPinv",
    says="It is that of an inverse, with two more parts for what the matrix does not reach; the rank must stay the same.",
)
def pinv(a, *, atol=None, rtol=None, symmetric=False):
    """the pseudoinverse of a: of its stretches those above the limit are inverted."""
    if symmetric:
        s, u = eigh(a)
        v = np.swapaxes(u, -1, -2)
    else:
        u, s, v = svd(a)
    large = np.abs(s) > limits(s, a.shape, atol, rtol)[..., None]
    inverted = np.where(large, 1 / np.where(large, s, 1), 0)
    return (np.swapaxes(v, -1, -2) * inverted[..., None, :] @ np.swapaxes(u, -1, -2)).astype(a.dtype, copy=False)

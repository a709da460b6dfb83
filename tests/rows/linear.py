"""Linear algebra: equations, factors, spectra, norms of matrices."""


import numpy as np
from scipy import linalg

from rows.chance import seeded
from rows.row import Row


def row(name, shapes, call, reference, note="", **more):
    return Row(name, shapes, call, reference, note=note, **{
        "half": False, "dtypes": ("float32", "float64"), "same_name": False, "torch_rtol": 1e-8, **more,
    })


def far(T, x):
    """Away from being singular: with 3 added to its diagonal."""
    return x + 3 * T.eye(x.shape[-1], dtype=x.dtype)


def far_(x):
    return x + 3 * np.eye(x.shape[-1])


def symmetric(T, x):
    return x + x.mT + T.diag(T.arange(x.shape[-1], dtype=x.dtype) * 7)


def symmetric_(x):
    return x + np.swapaxes(x, -1, -2) + np.diag(np.arange(x.shape[-1]) * 7.0)


def stretched(T, x):
    """With real eigenvalues, which are far from each other."""
    return x * 0.2 + T.diag(T.arange(x.shape[-1], dtype=x.dtype) * 7)


def positive(T, x):
    return x @ x.mT + T.eye(x.shape[-2], dtype=x.dtype)


def positive_(x):
    return x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-2])


def svd_of(T, x, full):
    u, s, v = T.linalg.svd(x, full_matrices=full)
    k = s.shape[-1]
    return (u[..., :k] ** 2 * 1.7).sum((-1, -2)) + (v[..., :k, :] ** 2 * s[..., None]).sum((-1, -2)) + s.sum(-1)


def directions(T, x):
    """A number that does not depend on the free signs, and on all else that the factors tell."""
    u, _, v = T.linalg.svd(x, full_matrices=False)
    return ((u[..., :, :1] * v[..., :1, :]) * T.cos(T.arange(x.numel(), dtype=x.dtype)).reshape(x.shape)).sum()


def directions_(x):
    u, _, v = np.linalg.svd(x, full_matrices=False)
    return (np.multiply.outer(u[:, 0], v[0]) * np.cos(np.arange(x.size)).reshape(x.shape)).sum()


EQUATIONS = [
    row("linalg.solve", ((2, 3, 3), (3, 2)), lambda T, a, b: T.linalg.solve(far(T, a), b), lambda a, b: np.linalg.solve(far_(a), b),
        analytic=True, same_name=True),
    row("linalg.solve", ((3, 3), (3,)), lambda T, a, b: T.linalg.solve(far(T, a), b), lambda a, b: np.linalg.solve(far_(a), b), "vector",
        analytic=True),
    row("linalg.solve", ((3, 3), (2, 3)), lambda T, a, b: T.linalg.solve(far(T, a), b, left=False), lambda a, b: b @ np.linalg.inv(far_(a)),
        "right", analytic=True),
    row("linalg.solve_ex", ((3, 3), (3, 2)), lambda T, a, b: T.linalg.solve_ex(far(T, a), b).result, lambda a, b: np.linalg.solve(far_(a), b)),
    row("linalg.solve_triangular", ((3, 3), (3, 2)), lambda T, a, b: T.linalg.solve_triangular(far(T, a), b, upper=True),
        lambda a, b: np.linalg.solve(np.triu(far_(a)), b)),
    row("linalg.solve_triangular", ((3, 3), (2, 3)),
        lambda T, a, b: T.linalg.solve_triangular(a, b, upper=False, left=False, unitriangular=True),
        lambda a, b: b @ np.linalg.inv(np.tril(a, -1) + np.eye(3)), "unit, right"),
    row("linalg.inv", ((2, 3, 3),), lambda T, a: T.linalg.inv(far(T, a)), lambda a: np.linalg.inv(far_(a)), analytic=True, same_name=True),
    row("linalg.inv_ex", ((3, 3),), lambda T, a: T.linalg.inv_ex(far(T, a)).inverse, lambda a: np.linalg.inv(far_(a))),
    row("inverse", ((3, 3),), lambda T, a: T.inverse(far(T, a)), lambda a: np.linalg.inv(far_(a)), same_name=True),
    row("det", ((3, 3),), lambda T, a: T.det(a), np.linalg.det, same_name=True),
    row("linalg.det", ((2, 3, 3),), lambda T, a: T.linalg.det(a), np.linalg.det, "batch", same_name=True),
    row("linalg.slogdet", ((2, 3, 3),), lambda T, a: T.linalg.slogdet(far(T, a)).logabsdet, lambda a: np.linalg.slogdet(far_(a))[1],
        same_name=True),
    row("slogdet", ((3, 3),), lambda T, a: T.slogdet(far(T, a))[1], lambda a: np.linalg.slogdet(far_(a))[1], same_name=True),
    row("logdet", ((3, 3),), lambda T, a: T.logdet(positive(T, a)), lambda a: np.linalg.slogdet(positive_(a))[1]),
    row("linalg.pinv", ((2, 4, 3),), lambda T, a: T.linalg.pinv(a), np.linalg.pinv, same_name=True),
    row("linalg.pinv", ((2, 4),), lambda T, a: T.linalg.pinv(a), np.linalg.pinv, "wide", same_name=True),
    row("linalg.pinv", ((3, 3),), lambda T, a: T.linalg.pinv(symmetric(T, a), hermitian=True), lambda a: np.linalg.pinv(symmetric_(a)),
        "symmetric"),
    row("pinverse", ((3, 2),), lambda T, a: T.pinverse(a), np.linalg.pinv, same_name=True),
    row("linalg.lstsq", ((4, 3), (4, 2)), lambda T, a, b: T.linalg.lstsq(a, b).solution, lambda a, b: np.linalg.lstsq(a, b)[0],
        torch_orders=1),
    row("linalg.tensorsolve", ((2, 3, 6), (2, 3)), lambda T, a, b: T.linalg.tensorsolve(a, b), np.linalg.tensorsolve),
    row("linalg.tensorinv", ((2, 3, 6),), lambda T, a: T.linalg.tensorinv(a), np.linalg.tensorinv),
]  # fmt: skip

FACTORS = [
    row("linalg.cholesky", ((2, 3, 3),), lambda T, a: T.linalg.cholesky(positive(T, a)), lambda a: np.linalg.cholesky(positive_(a)),
        same_name=True),
    row("linalg.cholesky_ex", ((3, 3),), lambda T, a: T.linalg.cholesky_ex(positive(T, a), upper=True).L,
        lambda a: np.linalg.cholesky(positive_(a)).T),
    row("cholesky_solve", ((3, 2), (3, 3)), lambda T, b, l: T.cholesky_solve(b, far(T, l).tril()),
        lambda b, l: np.linalg.solve(np.tril(far_(l)) @ np.tril(far_(l)).T, b), same_name=True),
    row("cholesky_inverse", ((3, 3),), lambda T, l: T.cholesky_inverse(far(T, l).tril()),
        lambda l: np.linalg.inv(np.tril(far_(l)) @ np.tril(far_(l)).T)),
    row("linalg.qr", ((2, 4, 3),), lambda T, a: T.linalg.qr(a).Q, lambda a: np.linalg.qr(a)[0], same_name=True),
    row("linalg.qr", ((4, 3),), lambda T, a: T.linalg.qr(a)[1], lambda a: np.linalg.qr(a)[1], "R"),
    row("linalg.qr", ((2, 4),), lambda T, a: T.linalg.qr(a).R, lambda a: np.linalg.qr(a)[1], "wide"),
    row("linalg.qr", ((4, 3),), lambda T, a: T.linalg.qr(a, "complete").R, lambda a: np.linalg.qr(a, "complete")[1], "complete",
        no_slope="The QR decomposition is not differentiable when"),
    row("linalg.qr", ((4, 3),), lambda T, a: T.linalg.qr(a, "r").R, lambda a: np.linalg.qr(a, "r"), "r alone",
        no_slope="The derivative of linalg.qr depends on Q"),
    row("linalg.householder_product", ((2, 4, 3), (2, 2)),
        lambda T, a, t: T.linalg.householder_product(a, t), None, torch_orders=2),
    row("linalg.lu", ((2, 3, 3),), lambda T, a: sum(T.linalg.lu(far(T, a))[1:]), lambda a: sum(x for x in linalg.lu(far_(a))[1:])),
    row("linalg.lu", ((4, 3),), lambda T, a: T.linalg.lu(a).L, lambda a: linalg.lu(a)[1], "tall"),
    row("linalg.lu", ((2, 4),), lambda T, a: T.linalg.lu(a).U, lambda a: linalg.lu(a)[2], "wide"),
    row("linalg.lu_factor", ((3, 3),), lambda T, a: T.linalg.lu_factor(a).LU, lambda a: linalg.lu_factor(a)[0]),
    row("linalg.lu_factor_ex", ((3, 4),), lambda T, a: T.linalg.lu_factor_ex(a).LU, None),
    row("linalg.lu_solve", ((3, 3), (3, 2)), lambda T, a, b: T.linalg.lu_solve(*T.linalg.lu_factor(far(T, a)), b),
        lambda a, b: np.linalg.solve(far_(a), b)),
    row("linalg.eigh", ((3, 3),), lambda T, a: T.linalg.eigh(symmetric(T, a)).eigenvalues, lambda a: np.linalg.eigvalsh(symmetric_(a)),
        same_name=True),
    row("linalg.eigh", ((3, 3),), lambda T, a: T.linalg.eigh(symmetric(T, a), UPLO="U").eigenvectors ** 2,
        lambda a: np.linalg.eigh(symmetric_(a))[1] ** 2, "vectors"),
    row("linalg.eigvalsh", ((2, 3, 3),), lambda T, a: T.linalg.eigvalsh(symmetric(T, a)), lambda a: np.linalg.eigvalsh(symmetric_(a)),
        same_name=True),
    row("linalg.eig", ((3, 3),), lambda T, a: T.real(T.linalg.eig(stretched(T, a)).eigenvectors) ** 2,
        lambda a: np.linalg.eig(a * 0.2 + np.diag([0.0, 7.0, 14.0]))[1] ** 2),
    row("linalg.eigvals", ((2, 3, 3),), lambda T, a: T.real(T.linalg.eigvals(stretched(T, a))),
        lambda a: np.linalg.eigvals(a * 0.2 + np.diag([0.0, 7.0, 14.0]))),
    row("linalg.svd", ((4, 3),), directions, directions_),
    row("linalg.svd", ((2, 4),), directions, directions_, "wide"),
    row("linalg.svd", ((3, 4),), lambda T, a: svd_of(T, a, True), None, "full"),
    row("linalg.svdvals", ((2, 3, 4),), lambda T, a: T.linalg.svdvals(a), lambda a: np.linalg.svd(a, compute_uv=False), same_name=True),
    row("svd", ((3, 3),), lambda T, a: T.svd(a).S, lambda a: np.linalg.svd(a, compute_uv=False), same_name=True),
    row("svd_lowrank", ((2, 4, 3),), seeded(lambda T, a: T.svd_lowrank(a, 3)[1]), lambda a: np.linalg.svd(a, compute_uv=False)),
    row("svd_lowrank", ((2, 4), (4,)), seeded(lambda T, a, m: T.svd_lowrank(a, 2, M=m)[1]),
        lambda a, m: np.linalg.svd(a - m, compute_uv=False), "M"),
    row("svd_lowrank", ((4, 3),), seeded(lambda T, a: T.svd_lowrank(a, 2, 1)[2] ** 2), None, "directions"),
    row("pca_lowrank", ((4, 2),), seeded(lambda T, a: T.pca_lowrank(a)[1]), lambda a: np.linalg.svd(a - a.mean(0), compute_uv=False)),
    row("linalg.ldl_factor", ((3, 3),), lambda T, a: T.linalg.ldl_factor(symmetric(T, a)).LD, None,
        no_slope="derivative for aten::linalg_ldl_factor_ex is not implemented"),
    row("linalg.ldl_solve", ((3, 2),), lambda T, b: T.linalg.ldl_solve(T.eye(3, dtype=b.dtype), T.tensor([1, 2, 3]).int(), b), None,
        no_slope="derivative for aten::linalg_ldl_solve is not implemented"),
    row("linalg.ldl_solve", ((3, 3),), lambda T, a: T.linalg.ldl_solve(far(T, a), T.tensor([1, 2, 3]).int(), far(T, a)), None, "both",
        no_slope="derivative for aten::linalg_ldl_solve is not implemented"),
    row("lu_unpack", ((3, 3),), lambda T, a: sum(T.lu_unpack(*T.linalg.lu_factor(a))[1:]), None),
    row("orgqr", ((3, 2), (2,)), lambda T, a, t: T.orgqr(a, t), None, torch_orders=2),
    row("ormqr", ((3, 2), (2,), (3, 2)), lambda T, a, t, x: T.ormqr(a, t, x), None, torch_orders=2),
]  # fmt: skip

OF_MATRICES = [
    row("matrix_power", ((3, 3),), lambda T, a: T.matrix_power(a, 3), lambda a: np.linalg.matrix_power(a, 3), analytic=True,
        dtypes=("float16", "float32", "float64")),
    row("linalg.matrix_power", ((2, 2, 2),), lambda T, a: T.linalg.matrix_power(far(T, a), -2), lambda a: np.linalg.matrix_power(far_(a), -2),
        "negative", analytic=True),
    row("matrix_exp", ((3, 3),), lambda T, a: T.matrix_exp(a), linalg.expm, same_name=True),
    row("linalg.matrix_exp", ((2, 2, 2),), lambda T, a: T.linalg.matrix_exp(a), linalg.expm, "batch", same_name=True),
    row("linalg.multi_dot", ((2, 3), (3, 2), (2,)), lambda T, a, b, c: T.linalg.multi_dot([a, b, c]), lambda a, b, c: a @ b @ c,
        analytic=True, dtypes=("float16", "float32", "float64")),
    row("linalg.vecdot", ((2, 3), (3,)), lambda T, a, b: T.linalg.vecdot(a, b), lambda a, b: (a * b).sum(-1), analytic=True,
        dtypes=("float16", "float32", "float64")),
    row("linalg.vander", ((2, 3),), lambda T, x: T.linalg.vander(x, N=4), lambda x: x[..., None] ** np.arange(4), analytic=True,
        dtypes=("float16", "float32", "float64")),
    row("vander", ((3,),), lambda T, x: T.vander(x), lambda x: np.vander(x), analytic=True, torch_orders=0, dtypes=("float16", "float32", "float64")),
    row("linalg.cross", ((2, 3), (2, 3)), lambda T, a, b: T.linalg.cross(a, b), np.cross, same_name=True,
        dtypes=("float16", "float32", "float64")),
    row("linalg.diagonal", ((2, 3, 3),), lambda T, a: T.linalg.diagonal(a), lambda a: np.diagonal(a, 0, 1, 2),
        dtypes=("float16", "float32", "float64")),
    *[
        row("linalg.matrix_norm", ((2, 3, 3),), (lambda order: lambda T, a: T.linalg.matrix_norm(a, order))(order),
            (lambda order: lambda a: np.linalg.norm(a, order, (1, 2)))(order), str(order), kinks=(0.0,),
            dtypes=("float16", "float32", "float64") if order in ("fro", 1, -1, np.inf, -np.inf) else ("float32", "float64"))
        for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    ],
    row("linalg.norm", ((2, 3),), lambda T, a: T.linalg.norm(a), np.linalg.norm, dtypes=("float16", "float32", "float64")),
    row("linalg.norm", ((2, 3),), lambda T, a: T.linalg.norm(a, 2), lambda a: np.linalg.norm(a, 2), "2"),
    row("linalg.vector_norm", ((2, 3),), lambda T, a: T.linalg.vector_norm(a, 3, dim=1, keepdim=True),
        lambda a: (np.abs(a) ** 3).sum(1, keepdims=True) ** (1 / 3), kinks=(0.0,), dtypes=("float16", "float32", "float64")),
    row("linalg.cond", ((3, 3),), lambda T, a: T.linalg.cond(far(T, a)), lambda a: np.linalg.cond(far_(a))),
    row("linalg.cond", ((3, 3),), lambda T, a: T.linalg.cond(far(T, a), 1), lambda a: np.linalg.cond(far_(a), 1), "1", torch_orders=0),
    row("ger", ((2,), (3,)), lambda T, a, b: T.ger(a, b), np.outer, analytic=True, dtypes=("float16", "float32", "float64")),
]  # fmt: skip

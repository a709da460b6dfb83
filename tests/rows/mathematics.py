"""Functions of mathematics beyond the first course: products of every kind, parts of numbers."""

import numpy as np

from rows.row import Row, binary, unary


def many(name, call, reference, shapes, note="", **more):
    return Row(name, shapes, call, reference, analytic=True, note=note, **{"at_extremes": "alone", **more})


def einsum(equation, *shapes, **more):
    return many("einsum", lambda T, *xs: T.einsum(equation, *xs), lambda *xs: np.einsum(equation, *xs), shapes, equation,
                **{"same_name": False, **more})


def block_diagonal(a, b, c):
    out = np.zeros((4, 7), np.result_type(a, b, c))
    out[0, 0], out[1:3, 1:4], out[3, 4:] = a, b, c
    return out


VECTORS = [
    einsum("ij,jk->ik", (2, 3), (3, 4)),
    einsum("ij->ji", (2, 3)),
    einsum("ii->i", (3, 3)),
    einsum("ii", (3, 3)),
    einsum("ij,ij->", (2, 3), (2, 3)),
    einsum("i,j->ij", (2,), (3,), at_extremes="equal"),
    einsum("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    einsum("...ij,...jk->...ik", (2, 1, 2, 3), (2, 3, 2)),
    einsum("bhqd,bhkd->bhqk", (2, 2, 3, 2), (2, 2, 2, 2)),
    einsum("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)),
    einsum("ij,j,k->ki", (2, 3), (3,), (2,)),
    einsum("iji->j", (2, 3, 2)),
    einsum("i...->...", (2, 3)),
    many("einsum", lambda T, a, b: T.einsum(a, [0, 1], b, [1, 2], [2, 0]), lambda a, b: (a @ b).T, ((2, 3), (3, 4)), "numbers",
         same_name=False),
    many("einsum", lambda T, a, b: T.einsum("ij,jk", [a, b]), np.matmul, ((2, 3), (3, 4)), "list", same_name=False),
    many("tensordot", lambda T, a, b: T.tensordot(a, b, ([1, 2], [1, 0])), lambda a, b: np.tensordot(a, b, ([1, 2], [1, 0])),
         ((2, 3, 2), (2, 3, 4)), same_name=False),
    many("tensordot", lambda T, a, b: T.tensordot(a, b, 1), lambda a, b: np.tensordot(a, b, 1), ((2, 3), (3, 2, 2)), "number",
         same_name=False),
    many("kron", lambda T, a, b: T.kron(a, b), np.kron, ((2, 3), (2, 2)), at_extremes="equal"),
    many("kron", lambda T, a, b: T.kron(a, b), np.kron, ((2,), (2, 2)), "vector", at_extremes="equal"),
    many("vdot", lambda T, a, b: T.vdot(a, b), np.dot, ((3,), (3,))),
    many("cross", lambda T, a, b: T.cross(a, b, 1), lambda a, b: np.cross(a, b), ((2, 3), (2, 3)), half=False),
    many("cross", lambda T, a, b: T.cross(a, b, dim=0), lambda a, b: np.cross(a, b, axis=0), ((3, 1), (3, 2)), "broadcast",
         half=False),
    many("addmv", lambda T, c, a, v: T.addmv(c, a, v, beta=0.5, alpha=2), lambda c, a, v: 0.5 * c + 2 * (a @ v), ((2,), (2, 3), (3,)),
         at_extremes="finite"),
    many("addr", lambda T, c, u, v: T.addr(c, u, v, beta=0.5, alpha=2), lambda c, u, v: 0.5 * c + 2 * np.multiply.outer(u, v),
         ((2, 3), (2,), (3,)), at_extremes="finite"),
    many("addbmm", lambda T, c, a, b: T.addbmm(c, a, b, beta=0.5, alpha=2), lambda c, a, b: 0.5 * c + 2 * (a @ b).sum(0),
         ((2, 2), (3, 2, 4), (3, 4, 2)), at_extremes="finite"),
    many("block_diag", lambda T, a, b, c: T.block_diag(a, b, c), block_diagonal, ((), (2, 3), (3,)), same_name=False, at_extremes="equal"),
]  # fmt: skip

PARTS = [
    binary("logaddexp2", lambda a, b: np.log2(2**a + 2**b)),
    binary("fmax", lambda a, b: np.where(a.real > b.real, a, b), distinct=True),
    binary("fmin", lambda a, b: np.where(a.real < b.real, a, b), distinct=True),
    binary("copysign", np.copysign, analytic=False, kinks=(0.0,), torch_orders=2, at_extremes="finite"),
    Row("copysign", ((2, 3),), lambda T, x: T.copysign(x, -1.0), lambda x: np.where(x.real > 0, -x, x), analytic=True, kinks=(0.0,), at_extremes="finite",
        note="number", same_name=False, torch_orders=2),
    binary("ldexp", lambda a, b: a * 2**b),
    Row("heaviside", ((2, 3), (3,)), lambda T, a, b: T.heaviside(a, b), np.heaviside, same_name=False,
        no_slope="derivative for aten::heaviside is not implemented"),
    Row("nextafter", ((2, 3), (2, 3)), lambda T, a, b: T.nextafter(a, b), np.nextafter, smooth=False,
        values=(np.array([[1.0, 2.0, 3.0], [0.5, 0.0, 1.5]]), np.array([[2.0, 2.0, 1.0], [0.5, 1.0, 1.5]]))),
    Row("frexp", ((2, 3),), lambda T, x: T.frexp(x).mantissa, lambda x: np.frexp(x)[0], kinks=(-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0), at_extremes="finite"),
    Row("var_mean", ((4, 3),), lambda T, x: sum(T.var_mean(x, 0)), lambda x: ((x - x.mean(0)) ** 2).sum(0) / 3 + x.mean(0), analytic=True,
        same_name=False, at_extremes="finite"),
    Row("std_mean", ((4, 3),), lambda T, x: sum(T.std_mean(x, 1, correction=0, keepdim=True)),
        lambda x: x.std(1, keepdims=True) + x.mean(1, keepdims=True), same_name=False, at_extremes="finite alone"),
    unary("sgn", np.sign, analytic=False, kinks=(0.0,)),
    *[
        Row(name, ((2, 3), (2, 3)), (lambda name: lambda T, a, b: getattr(T, name)(a, b))(name), reference, smooth=False, note="nan and ties",
            values=(np.array([[1.0, np.nan, -2.0], [np.nan, 0.5, 3.0]]), np.array([[1.0, 2.0, np.nan], [np.nan, 0.5, 1.0]])))
        for name, reference in (("fmax", np.fmax), ("fmin", np.fmin))
    ],
]  # fmt: skip

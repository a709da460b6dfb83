"""Matrices that are orthogonal whatever is trained: three maps from all matrices to those that keep lengths.

After this module a reader knows that the exponential of a skew matrix is a rotation, that so is Cayley's quotient of it, and
that a product of reflections is orthogonal; each is differentiated by the chain rule through the operations that it is made of.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.modes import no_grad
from autodiff._core.tensor import Tensor, wrap
from autodiff.api.join import cat
from autodiff.api.matrix_functions import matrix_exp
from autodiff.api.sampling import randn
from autodiff.nn.modules.module import Module

__all__ = ["MAPS", "Orthogonal"]

MAPS = ("matrix_exp", "cayley", "householder")


def _eye(n: int, k: int, like: Tensor) -> Tensor:
    return wrap(np.broadcast_to(np.eye(n, k, dtype=like._array.dtype), (like._array.shape[0], n, k)).copy())


def _solved(a: Tensor, b: Tensor) -> Tensor:
    """a**-1 b of batches of matrices, by elimination: without exchange of rows, which a = 1 - skew does not need."""
    n = a._array.shape[-1]
    rows, one = cat([a, b], -1), _eye(n, n, a)
    for i in range(n):
        row = rows[:, i : i + 1] / rows[:, i : i + 1, i : i + 1]
        rows = rows - (rows[:, :, i : i + 1] - one[:, :, i : i + 1]).bmm(row)
    return rows[:, :, n:]


def _reflections(x: Tensor) -> Tensor:
    """The first columns of a product of reflections, each told by a column of x below its diagonal; its diagonal's signs."""
    n, k = x._array.shape[-2:]
    below, q = x.tril(-1), _eye(n, k, x)
    for i in reversed(range(k)):
        v = below[:, :, i : i + 1] + _eye(n, k, x)[:, :, i : i + 1]
        length = (v * v).sum(1, keepdim=True)
        q = q - (2 / length) * v.bmm(v.mT.bmm(q))
    return q * wrap(np.trunc(np.diagonal(x._array, axis1=-2, axis2=-1))[:, None, :])


def _completed(q: Any) -> Any:
    """The orthogonal matrices nearest in the order of columns, (..., n, n): by QR, with R's diagonal positive."""
    found, r = np.linalg.qr(q)
    return found * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]


class Orthogonal(Module):
    """The parametrization of an orthogonal matrix, or of one with orthogonal rows or columns, by one of MAPS.

    With a `base`, the map is multiplied onto it: then any orthogonal matrix can be assigned, and training starts there.
    """

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.shape, self.orthogonal_map = weight.shape, orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Tensor:
        """The orthogonal matrix of x."""
        wide = x.size(-2) < x.size(-1)
        tall = x.mT if wide else x
        n, k = tall.shape[-2:]
        flat = tall.reshape(-1, n, k)
        if self.orthogonal_map == "householder":
            q = _reflections(flat)
        else:
            lower = flat.tril()
            if n != k:
                lower = cat([lower, lower.new_zeros(flat.shape[0], n, n - k)], -1)
            skew, one = lower - lower.mT, _eye(n, n, flat)
            if self.orthogonal_map == "matrix_exp":
                q = matrix_exp(skew)[:, :, :k]
            else:
                q = _solved(one - 0.5 * skew, one + 0.5 * skew)[:, :, :k]
        q = q.reshape(tall.shape)
        if hasattr(self, "base"):
            q = self.base @ q
        return q.mT if wide else q

    def right_inverse(self, q: Tensor) -> Tensor:
        """What is to be trained, to begin at q; ValueError for another shape, NotImplementedError without a base."""
        if q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {q.shape}."
            )
        with no_grad():
            wide = q.size(-2) < q.size(-1)
            tall = q.mT if wide else q
            n, k = tall.shape[-2:]
            if hasattr(self, "base"):
                if n != k:
                    tall = cat([tall, randn(*tall.shape[:-2], n, n - k, dtype=tall.dtype)], -1)
                self.base = wrap(_completed(tall._array).astype(q._array.dtype))
                start = np.zeros(q._array.shape, q._array.dtype)
                np.einsum("...ii->...i", start[..., : min(n, k), : min(n, k)])[...] = -1.0
                return wrap(start)
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                    "use_trivialization=False."
                )
            return wrap(_told_by_reflections(tall._array, wide))


def _told_by_reflections(q: Any, wide: bool) -> Any:
    """The columns of LAPACK's reflections, with the signs of R's diagonal on the diagonal."""
    flat = q.reshape(-1, *q.shape[-2:])
    found = np.empty_like(flat)
    for i, each in enumerate(flat):
        h, tau = np.linalg.qr(each, mode="raw")
        found[i] = h.T
        signs = np.sign(np.diagonal(found[i]))
        np.fill_diagonal(found[i], np.where(tau == 0, -signs, signs))
    found = found.reshape(q.shape)
    return np.ascontiguousarray(found.swapaxes(-1, -2)) if wide else found

"""Twin of `loops/elimination.pxi`: after reading it you know Gauss's elimination, with and without the exchange of rows."""

from __future__ import annotations

import numpy as np

from autodiff._kernels.reference.checks import Array, check_arrays


def eliminate(a: Array, pivot: bool) -> Array:
    """Make of each of the matrices a (n, c, s) its triangles, in place: u, and below the diagonal l without its ones.

    Returns (n, c): with which row each row was exchanged in its turn; with itself everywhere, unless `pivot`.
    """
    check_arrays("eliminate", a=a)
    if a.ndim != 3:
        raise ValueError(f"eliminate works on matrices (n, c, s), got {a.ndim}-D; reshape it first")
    if a.dtype.kind != "f":
        raise TypeError(f"eliminate needs floating point numbers, got {a.dtype}")
    n, c, s = a.shape
    every, partners = np.arange(n), np.tile(np.arange(c).astype(a.dtype), (n, 1))
    for i in range(min(c, s)):
        if pivot:
            p = i + np.argmax(np.abs(a[:, i:, i]), 1)
            partners[:, i] = p
            a[every, i], a[every, p] = a[every, p].copy(), a[every, i].copy()
        top = a[:, i, i]
        share = np.where((top == 0)[:, None], 0, a[:, i + 1 :, i] / np.where(top == 0, 1, top)[:, None])
        a[:, i + 1 :, i] = share
        a[:, i + 1 :, i + 1 :] -= share[:, :, None] * a[:, i, None, i + 1 :]
    return partners

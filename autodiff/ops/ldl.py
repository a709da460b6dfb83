"""A symmetric matrix that need not be positive as a product L D L^T: Bunch and Kaufman's way.

After this module a reader knows why D has blocks of two by two: a pivot on the diagonal may be 0, as in [[0, 1], [1, 0]], and
then two rows together make a block that can be divided by. Source: Bunch and Kaufman 1977; the packing is LAPACK's (sytrf).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff.ops.equations import solved

# With this bound no entry grows by more than a factor of 2.57 in a step.
_ALPHA = (1 + math.sqrt(17)) / 8


def _pivot(a: Any) -> tuple[int, int]:
    """(the size of the block, 1 or 2, and the row that is exchanged with its last one), for what is left of the matrix."""
    column = np.abs(a[1:, 0])
    largest = column.max(initial=0)
    if not abs(a[0, 0]) < _ALPHA * largest:  # or one of the two is nan, and no choice is better
        return 1, 0
    r = 1 + int(column.argmax())
    in_row = np.abs(np.delete(a[r], r)).max()
    if abs(a[0, 0]) * in_row >= _ALPHA * largest**2:
        return 1, 0
    return (1, r) if abs(a[r, r]) >= _ALPHA * in_row else (2, r)


def _divided(block: Any, b: Any) -> Any:
    """The x with block @ x = b; not finite for a block that can't be divided by."""
    return solved.operation.forward(block, b, lenient=True)


def factor(a: Any) -> tuple[Any, Any, int]:
    """(L and D in one triangle, pivots from 1 on, negative for a block of two, and the first zero block or 0)."""
    a = np.tril(a) + np.tril(a, -1).T
    n, k, info = len(a), 0, 0
    pivots = np.zeros(n, np.int32)
    while k < n:
        size, row = _pivot(a[k:, k:])
        last = k + size - 1
        row += k
        for part in (a[k:, k:], a[k:, k:].T):
            part[[last - k, row - k]] = part[[row - k, last - k]]
        pivots[k : k + size] = row + 1 if size == 1 else -(row + 1)
        block, below = a[k : k + size, k : k + size], a[k + size :, k : k + size]
        if block.any():
            steps = _divided(block, below.T).T
            a[k + size :, k + size :] -= steps @ below.T
            below[...] = steps
        elif not info:
            info = k + 1
        k += size
    return np.tril(a), pivots, info


def solve(ld: Any, pivots: Any, b: Any) -> Any:
    """The x with A x = b, of what `factor` made of A."""
    x, n, blocks, k = b.copy(), len(ld), [], 0
    while k < n:
        size = 1 if pivots[k] > 0 else 2
        blocks.append((k, size, abs(int(pivots[k])) - 1))
        k += size
    for k, size, row in blocks:
        x[[k + size - 1, row]] = x[[row, k + size - 1]]
        x[k + size :] -= ld[k + size :, k : k + size] @ x[k : k + size]
        block = ld[k : k + size, k : k + size]
        x[k : k + size] = _divided(np.tril(block) + np.tril(block, -1).T, x[k : k + size])
    for k, size, row in reversed(blocks):
        x[k : k + size] -= ld[k + size :, k : k + size].T @ x[k + size :]
        x[[k + size - 1, row]] = x[[row, k + size - 1]]
    return x


def _no_slope_of_factors(g: Any) -> Any:
    """No slope: PyTorch has none either, and who asks for it is told."""
    raise RuntimeError("derivative for aten::linalg_ldl_factor_ex is not implemented; torch.linalg.solve has one")


def _no_slope_of_solution(g: Any) -> Any:
    """The same of the solution."""
    raise RuntimeError("derivative for aten::linalg_ldl_solve is not implemented; torch.linalg.solve has one")


def _batches(*arrays: Any) -> Any:
    return zip(*(a.reshape(math.prod(a.shape[:-2]), *a.shape[-2:]) for a in arrays), strict=True)


@primitive(
    _no_slope_of_factors, name="NotImplemented",
    says="PyTorch gives it no gradient; the solution of a system by solve() has one.",
)
def ldl_factor(a):
    """(LD, pivots, info) of a batch of symmetric matrices, of which the lower triangle is read."""
    found = [factor(each) for (each,) in _batches(a)]
    batch = a.shape[:-2]
    ld = np.array([each for each, _, _ in found], a.dtype).reshape(a.shape)
    pivots = np.array([each for _, each, _ in found], np.int32).reshape(a.shape[:-1])
    return ld, pivots, np.array([each for _, _, each in found], np.int32).reshape(batch)


@primitive(
    _no_slope_of_solution, None, _no_slope_of_solution, name="NotImplemented",
    says="PyTorch gives it no gradient; the solution of a system by solve() has one.",
)
def ldl_solve(ld, pivots, b):
    """The x with A x = b, for batches of one size."""
    p = pivots[..., None]
    return np.array([solve(m, q[:, 0], c) for m, q, c in _batches(ld, p, b)], b.dtype).reshape(b.shape)

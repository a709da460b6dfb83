"""More equations than unknowns, or fewer: lstsq as PyTorch calls it.

After this module a reader knows what a driver is: the way in which LAPACK tells which directions of a matrix count as none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import no_tensor
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import LinalgLstsqResult
from autodiff.api._calls import takes_tensors
from autodiff.api._matrices import batches, matrices
from autodiff.api.shape import squeeze, unsqueeze
from autodiff.ops import equations as ops
from autodiff.ops.lapack import stretches
from autodiff.ops.least_squares import by_columns
from autodiff.ops.matmul import product

_DRIVERS = (None, "gels", "gelsy", "gelsd", "gelss")


def _used(driver: str | None, rcond: float | None, dtype: Any) -> float | None:
    """The limit that LAPACK's driver takes for the one that is given: its own for what it takes for none."""
    if rcond is None or (driver == "gelss" and rcond >= 0) or (driver == "gelsd" and 0 < rcond < 1):
        return rcond
    return float(np.finfo(dtype).eps) / 2


@takes_tensors
def lstsq(input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """(solution, residuals, rank, singular_values): the X of least squares, which makes |input @ X - b| smallest.

    `residuals` are the squares of what is left over, of matrices of full rank with more rows than columns, for every driver but
    "gelsy", which is the default; `rank` is what was found, for all but "gels"; `singular_values` for "gelsd" and "gelss".
    Directions whose stretch is below `rcond` times the largest count as none; "gelsy" tells them by a QR factorization with
    exchanged columns, the others by singular values. Below 0, and for "gelsd" from 1 on, `rcond` is the rounding of the dtype.

    >>> import autodiff as torch
    >>> A, B = torch.tensor([[1.0], [1.0]]), torch.tensor([[1.0], [3.0]])
    >>> torch.linalg.lstsq(A, B).solution
    tensor([[2.0000]])
    """
    name = "torch.linalg.lstsq"
    matrices(name, "input", input)
    if not isinstance(b, Tensor):
        raise no_tensor("linalg_lstsq", "b", 2, b)
    if driver not in _DRIVERS:
        raise RuntimeError(f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), got {driver}")
    if input._array.dtype != b._array.dtype:
        found = scalar_type(b._array)
        raise RuntimeError(f"{name}: Expected input and other to have the same dtype, but got other's dtype {found}")
    a, vector = input._array, b._array.ndim + 1 == input._array.ndim
    if b._array.ndim < 1:
        raise RuntimeError(f"{name}: other must have at least 1 dimension.")
    if input._array.ndim - b._array.ndim not in (0, 1):
        raise RuntimeError(f"{name}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1")
    right = unsqueeze(b, -1) if vector else b
    m, n = a.shape[-2:]
    if right._array.shape[-2] != m:
        raise RuntimeError(f"{name}: input.size(-2) should match other.size({-1 if vector else -2})")
    batches(name, input, right)
    s = stretches(a)
    if rcond is not None and driver in (None, "gelsy"):
        kept, rank = by_columns(a, rcond)
        input, rcond = input - wrap(a - kept), None if np.any(rank < min(m, n)) else 0.0
    else:
        rcond = _used(driver, rcond, a.dtype)
        rank = (s > ops.limits(s, a.shape, None, rcond)[..., None]).sum(-1)
    x = product(ops.pinv(input, rtol=rcond) if a.size else input.mT, right)
    left = product(input, x) - right
    full = m > n and driver not in (None, "gelsy") and bool(np.all(rank == n))
    residuals = (left * left).sum(-2) if full else wrap(np.zeros((0,), a.dtype))
    ranks = wrap(np.zeros((0,), np.int64) if driver == "gels" else np.asarray(rank, np.int64))
    values = wrap(s if driver in ("gelsd", "gelss") else np.zeros((0,), a.dtype))
    solution = squeeze(x, -1) if vector else x
    return LinalgLstsqResult(solution, residuals, ranks, values)

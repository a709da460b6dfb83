"""The matrix product, twin of `loops/matmul.pxi`: after reading it you know what the tiles compute."""

from __future__ import annotations

import numpy as np

from autodiff._kernels.reference.blas import threads_for
from autodiff._kernels.reference.checks import Array, check_matmul


def matmul(a: Array, b: Array, bias: Array | None = None) -> Array:
    """The matrix product a @ b, of two matrices or of two equally long batches, plus `bias` on every row."""
    check_matmul(a, b, bias)
    half = a.dtype.char == "e"  # a sum of float16 numbers soon stops growing: in single precision, as in PyTorch
    with np.errstate(all="ignore"), threads_for(a.shape[-2] * a.shape[-1] * b.shape[-1]):
        y: Array = np.matmul(a.astype(np.float32), b.astype(np.float32)) if half else np.matmul(a, b)
        if bias is not None:
            y = np.add(y, bias, out=y)
        return y.astype(a.dtype, copy=False)

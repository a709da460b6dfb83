"""Twin of `loops/sums.pxi`: after reading it you know which sums are kernels, and in what they are added up."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._kernels.reference.checks import Array, check_rows


def wide(x: Array) -> Any:
    """The dtype that sums over many terms are taken in."""
    return np.result_type(x.dtype, np.float64)


def column_sums(x: Array) -> Array:
    """The sum over the rows of a matrix, added up in double: a float32 running sum stops growing at 2**24."""
    check_rows("column_sums", x)
    with np.errstate(invalid="ignore", over="ignore"):  # inf - inf is nan, and a sum may be too large for float32
        return np.asarray(np.add.reduce(x, axis=0, dtype=wide(x)), x.dtype)

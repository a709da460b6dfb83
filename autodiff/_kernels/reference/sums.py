"""Twin of `loops/sums.pxi`: after reading it you know which sums are kernels, and in what they are added up."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._kernels.reference.checks import Array, check_arrays, check_rows


def wide(x: Array) -> Any:
    """The dtype that sums over many terms are taken in."""
    return np.result_type(x.dtype, np.float64)


def column_sums(x: Array) -> Array:
    """The sum over the rows of a matrix, added up in double: a float32 running sum stops growing at 2**24."""
    check_rows("column_sums", x)
    with np.errstate(invalid="ignore", over="ignore"):  # inf - inf is nan, and a sum may be too large for float32
        return np.asarray(np.add.reduce(x, axis=0, dtype=wide(x)), x.dtype)


def row_sums(x: Array) -> Array:
    """The sum of each row of a 2-D array, added up in double."""
    check_rows("row_sums", x)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.add.reduce(x, axis=1, dtype=wide(x)), x.dtype)


def row_spread(x: Array, denominator: float, root: bool) -> Array:
    """The sum of (x - mean)**2 over a denominator, for each row of a 2-D array; the square root of that, where it is wanted."""
    check_rows("row_spread", x)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        d = x.astype(wide(x))
        d = d - d.mean(axis=1, keepdims=True)
        v = np.add.reduce(d * d, axis=1) / np.float64(denominator)
        return np.asarray(np.sqrt(v) if root else v, x.dtype)


def add_rows(out: Array, places: Array, x: Array) -> Array:
    """Add each row of x to the row of `out` that its place names, in place; returns `out`."""
    check_arrays("add_rows", out=out, places=places, x=x)
    if out.ndim != 2 or x.ndim != 2 or places.shape != (len(x),) or out.shape[1] != x.shape[1] or out.dtype != x.dtype:
        given = f"{places.shape} places for {x.dtype} of shape {x.shape}, added to {out.dtype} of shape {out.shape}"
        raise ValueError(f"add_rows: {given}")
    if places.dtype != np.int64:
        raise TypeError(f"add_rows: places must be int64, got {places.dtype}")
    if len(places) and not (0 <= places.min() and places.max() < len(out)):
        raise IndexError(f"add_rows: places from {places.min()} to {places.max()}, and there are {len(out)} rows")
    np.add.at(out, places, x)
    return out

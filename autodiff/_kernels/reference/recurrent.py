"""Twins of `loops/lstm.pxi` and `loops/gru.pxi`: after reading it you know the recurrent cells and their way back.

All steps lie one below the other, `sizes[t]` rows for step t; the first rows of the state take part in a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import numpy as np

from autodiff._kernels.reference.checks import Array, check_arrays


def _steps(sizes: Sequence[int], forward: bool) -> Iterator[tuple[int, slice]]:
    """The steps in their order or in the opposite one: (how many rows, which)."""
    steps = [(n, slice(end - n, end)) for n, end in zip(sizes, accumulate(sizes))]
    return iter(steps if forward else reversed(steps))


def _before(all: Array, first: Array, sizes: Sequence[int], reverse: bool) -> Array:
    """The state before each step: of the step before in that direction, or the first state where a sequence begins."""
    found, state = np.empty_like(all), first.copy()
    for n, rows in _steps(sizes, not reverse):
        found[rows] = state[:n]
        state[:n] = all[rows]
    return found


def _check(kernel: str, count: int, sizes: Sequence[int], w_hh: Array, of_state: Sequence[str], **arrays: Array | None) -> None:
    """Raise where an array has not the shape that the sizes and the weight ask for; those `of_state` have a row a sequence."""
    check_arrays(kernel, w_hh=w_hh, **{name: array for name, array in arrays.items() if array is not None})
    if w_hh.ndim != 2 or w_hh.shape[0] != count * w_hh.shape[1]:
        raise ValueError(f"{kernel}: w_hh must be ({count} * hidden, hidden), got {w_hh.shape}")
    if not sizes or min(sizes) < 0 or any(n > before for before, n in pairwise(sizes)):
        raise ValueError(f"{kernel}: the sizes of the steps must not grow, nor be negative, got {list(sizes)}")
    width = w_hh.shape[1]
    for name, array in arrays.items():
        rows, columns = sizes[0] if name in of_state else sum(sizes), count * width if name == "gates" else width
        shape = (count * width,) if name == "b_hh" else (rows, columns)
        if array is not None and array.shape != shape:
            raise ValueError(f"{kernel}: {name} has shape {array.shape}, expected {shape}")


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)), x.dtype)


def lstm(
    gates: Array, w_hh: Array, h: Array, c: Array, y: Array, cells: Array | None, sizes: Sequence[int], reverse: bool
) -> None:
    """A sequence through an LSTM, in place: the sums in `gates` become i, f, g, o, and h and c the last state."""
    check_arrays("lstm", y=y)
    _check("lstm", 4, sizes, w_hh, "hc", gates=gates, h=h, c=c, y=y, cells=cells)
    with np.errstate(over="ignore", invalid="ignore"):
        for n, rows in _steps(sizes, not reverse):
            i, f, g, o = np.split(gates[rows] + h[:n] @ w_hh.T, 4, 1)
            i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
            gates[rows] = np.concatenate([i, f, g, o], 1)
            c[:n] = f * c[:n] + i * g
            h[:n] = y[rows] = o * np.tanh(c[:n])
            if cells is not None:
                cells[rows] = c[:n]


def lstm_grad(
    dy: Array, gates: Array, cells: Array, c: Array, w_hh: Array, dh: Array, dc: Array, sizes: Sequence[int], reverse: bool
) -> Array:
    """The gradient of the sums; dh and dc become, in place, the gradients of the first state from those of the last."""
    _check("lstm_grad", 4, sizes, w_hh, ("c", "dh", "dc"), dy=dy, gates=gates, cells=cells, c=c, dh=dh, dc=dc)
    before, da = _before(cells, c, sizes, reverse), np.empty_like(gates)
    with np.errstate(over="ignore", invalid="ignore"):
        for n, rows in _steps(sizes, reverse):
            i, f, g, o = np.split(gates[rows], 4, 1)
            t, d = np.tanh(cells[rows]), dy[rows] + dh[:n]
            e = dc[:n] + d * o * (1 - t * t)
            parts = [e * g * i * (1 - i), e * before[rows] * f * (1 - f), e * i * (1 - g * g), d * t * o * (1 - o)]
            da[rows] = np.concatenate(parts, 1)
            dc[:n] = e * f
            dh[:n] = da[rows] @ w_hh
    return da


def gru(
    gates: Array, w_hh: Array, b_hh: Array, h: Array, y: Array, hidden: Array | None, sizes: Sequence[int], reverse: bool
) -> None:
    """A sequence through a GRU, in place: the sums in `gates` become r, z, n, and h the last state."""
    check_arrays("gru", y=y)
    _check("gru", 3, sizes, w_hh, "h", gates=gates, b_hh=b_hh, h=h, y=y, hidden=hidden)
    with np.errstate(over="ignore", invalid="ignore"):
        for n, rows in _steps(sizes, not reverse):
            (ar, az, an), (br, bz, bn) = np.split(gates[rows], 3, 1), np.split(h[:n] @ w_hh.T + b_hh, 3, 1)
            r, z = _sigmoid(ar + br), _sigmoid(az + bz)
            new = np.tanh(an + r * bn)
            gates[rows] = np.concatenate([r, z, new], 1)
            if hidden is not None:
                hidden[rows] = bn
            h[:n] = y[rows] = new + z * (h[:n] - new)


def gru_grad(
    dy: Array, gates: Array, hidden: Array, y: Array, h: Array, w_hh: Array, dh: Array, sizes: Sequence[int], reverse: bool
) -> Array:
    """The gradients (n of the input's sums; r, z, n of the state's); dh becomes, in place, the gradient of the first state."""
    _check("gru_grad", 3, sizes, w_hh, ("h", "dh"), dy=dy, gates=gates, hidden=hidden, y=y, h=h, dh=dh)
    before, width = _before(y, h, sizes, reverse), h.shape[1]
    da = np.empty((len(gates), 4 * width), gates.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for n, rows in _steps(sizes, reverse):
            r, z, new = np.split(gates[rows], 3, 1)
            d = dy[rows] + dh[:n]
            dn = d * (1 - z) * (1 - new * new)
            parts = [dn, dn * hidden[rows] * r * (1 - r), d * (before[rows] - new) * z * (1 - z), dn * r]
            da[rows] = np.concatenate(parts, 1)
            dh[:n] = d * z + da[rows, width:] @ w_hh
    return da

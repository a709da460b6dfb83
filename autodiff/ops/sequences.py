"""A recurrent layer in one operation: the products of all steps at once, then the steps, each of which needs the one before.

After this module a reader knows what a whole sequence's way back is made of: first the steps, from the last to the first,
which give the gradients of all sums; then three products, in which the steps are rows like any others.
`recurrent` says what a layer computes, step by step; it is also what higher derivatives are taken of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.together import together
from autodiff.ops.recurrent import Cell, gru_cell, layer, lstm_cell, rnn_relu_cell, rnn_tanh_cell

__all__ = ["FUSED", "gru_layer", "lstm_layer", "rnn_layer"]

AT_ONCE = 256  # rows of sums that are made at a time where nothing is kept for the way back: they stay in the cache


def _by_steps(cell: Cell) -> Callable[..., Any]:
    """The layer in ordinary operations, called as the one operation is."""

    def composed(
        x: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, *state: Any, sizes: Any, reverse: bool, keep: bool, **options: Any
    ) -> Any:
        return layer(cell, x, (w_ih, w_hh, b_ih, b_hh, None), state, sizes, reverse)

    return composed


def _stretches(sizes: Sequence[int], reverse: bool, keep: bool) -> list[tuple[Sequence[int], slice]]:
    """The steps in stretches, in the order in which they are computed: (their sizes, their rows). All in one to be kept."""
    ends = [0, *accumulate(sizes)]
    if keep:
        return [(sizes, slice(0, ends[-1]))]
    found, begin = [], 0
    for t, n in enumerate(sizes):
        if ends[t] + n - ends[begin] > AT_ONCE and t > begin:
            found.append((sizes[begin:t], slice(ends[begin], ends[t])))
            begin = t
    found.append((sizes[begin:], slice(ends[begin], ends[-1])))
    return found[::-1] if reverse else found


def _state_product(da: Any, y: Any, first: Any, sizes: Sequence[int], reverse: bool) -> Any:
    """da.T @ the state before each step: what the state's weight gets."""
    n, total = sizes[0], len(y)
    if sizes[-1] == n:  # the states before are the results, one step on
        inner, outer = (slice(0, total - n), slice(total - n, total)) if reverse else (slice(n, total), slice(0, n))
        found = _kernels.matmul(da[outer].T, first)
        return found if total == n else found + _kernels.matmul(da[inner].T, y[n:] if reverse else y[:-n])
    ends = [0, *accumulate(sizes)]
    before = [y[ends[t - 1] : ends[t - 1] + sizes[t]] for t in range(1, len(sizes))]
    if reverse:
        before = [part for t, m in enumerate(sizes[1:]) for part in (y[ends[t + 1] : ends[t + 1] + m], first[m : sizes[t]])]
        before.append(first[: sizes[-1]])
    return _kernels.matmul(da.T, np.concatenate(before if reverse else [first, *before]))


def _input_products(da: Any, x: Any, w_ih: Any, needs: Sequence[bool]) -> list[Any]:
    """What the inputs and their weight get from the gradients of the sums, and the bias, where they need it."""
    return [
        _kernels.matmul(da, w_ih) if needs[0] else None,
        _kernels.matmul(da.T, x) if needs[1] else None,
        _kernels.column_sums(da) if needs[3] else None,
    ]


def _twice(d: Any) -> Any:
    """The same numbers in other memory: two biases that are added have one gradient, but each its own `.grad`."""
    return None if d is None else d.copy()


def _own(g: Any) -> Any:
    return np.array(g, order="C")


# ---- LSTM ----


def _lstm_gradients(
    g: Any, needs: Any, x: Any, w_ih: Any, w_hh: Any, h: Any, c: Any, sizes: Any, reverse: bool, y0: Any, y3: Any, y4: Any
) -> list[Any]:
    """y3 are the gates, y4 the cells."""
    dy, dh, dc = np.ascontiguousarray(g[0]), _own(g[1]), _own(g[2])
    da = _kernels.lstm_grad(dy, y3, y4, np.ascontiguousarray(c), np.ascontiguousarray(w_hh), dh, dc, sizes, reverse)
    bias = needs[3] or needs[4]
    dx, dw, db = _input_products(da, x, w_ih, (needs[0], needs[1], False, bias))
    return [dx, dw, _state_product(da, y0, h, sizes, reverse) if needs[2] else None, db, _twice(db), dh, dc]


@together(
    _lstm_gradients,
    _by_steps(lstm_cell),
    name="Lstm",
    says="Through all steps the cell hands its gradient on, times f; what the gates let pass is what reaches the weights.",
)
def lstm_layer(x, w_ih, w_hh, b_ih, b_hh, h, c, *, sizes, reverse, keep):
    """An LSTM: c' = f * c + i * g and h' = o * tanh(c') at every step, from sums x @ w_ih.T + b_ih + h @ w_hh.T + b_hh."""
    bias = None if b_ih is None else b_ih + b_hh
    w_hh, h, c = np.ascontiguousarray(w_hh), _own(h), _own(c)
    y = np.empty((len(x), h.shape[1]), x.dtype)
    cells, gates = np.empty_like(y) if keep else None, None
    for part, rows in _stretches(sizes, reverse, keep):
        gates = _kernels.matmul(x[rows], w_ih.T, bias)
        going = slice(0, part[0])  # the other sequences have ended before, or have not begun
        _kernels.lstm(gates, w_hh, h[going], c[going], y[rows], cells, part, reverse)
    return (y, h, c, gates, cells) if keep else (y, h, c)


# ---- GRU ----


def _gru_gradients(
    g: Any, needs: Any, x: Any, w_ih: Any, w_hh: Any, h: Any, sizes: Any, reverse: bool, y0: Any, y2: Any, y3: Any
) -> list[Any]:
    """y2 are the gates, y3 the state's part of the third."""
    width, dh = h.shape[1], _own(g[1])
    dy, first = np.ascontiguousarray(g[0]), np.ascontiguousarray(h)
    da = _kernels.gru_grad(dy, y2, y3, y0, first, np.ascontiguousarray(w_hh), dh, sizes, reverse)
    # Its columns are n of the input's sums, and r, z, n of the state's: r and z are the same for both.
    turned = np.concatenate([w_ih[2 * width :], w_ih[: 2 * width]])
    dx, dw, db = _input_products(da[:, : 3 * width], x, turned, needs)
    dw, db = (None if d is None else np.roll(d, -width, 0) for d in (dw, db))
    du = _state_product(da[:, width:], y0, h, sizes, reverse) if needs[2] else None
    return [dx, dw, du, db, _kernels.column_sums(da[:, width:]) if needs[4] else None, dh]


@together(
    _gru_gradients,
    _by_steps(gru_cell),
    name="Gru",
    says="z decides at every step how much of the gradient goes on to the state before, and how much into what was new.",
)
def gru_layer(x, w_ih, w_hh, b_ih, b_hh, h, *, sizes, reverse, keep):
    """A GRU: h' = n + z * (h - n) at every step, from a = x @ w_ih.T + b_ih and b = h @ w_hh.T + b_hh."""
    w_hh, h = np.ascontiguousarray(w_hh), _own(h)
    b_hh = np.zeros(len(w_hh), x.dtype) if b_hh is None else np.ascontiguousarray(b_hh)
    y = np.empty((len(x), h.shape[1]), x.dtype)
    hidden, gates = np.empty_like(y) if keep else None, None
    for part, rows in _stretches(sizes, reverse, keep):
        gates = _kernels.matmul(x[rows], w_ih.T, b_ih)
        _kernels.gru(gates, w_hh, b_hh, h[: part[0]], y[rows], hidden, part, reverse)
    return (y, h, gates, hidden) if keep else (y, h)


# ---- the plain cell ----


def _steps(sizes: Sequence[int], forward: bool) -> list[tuple[int, slice]]:
    """The steps in their order, or in the opposite one: (how many rows, which)."""
    steps = [(n, slice(end - n, end)) for n, end in zip(sizes, accumulate(sizes))]
    return steps if forward else steps[::-1]


def _rnn_gradients(
    g: Any, needs: Any, x: Any, w_ih: Any, w_hh: Any, h: Any, sizes: Any, reverse: bool, relu: bool, y0: Any
) -> list[Any]:
    dh, da = _own(g[1]), _own(g[0])
    for n, rows in _steps(sizes, reverse):
        d, y = da[rows], y0[rows]
        d += dh[:n]
        if relu:
            d[y <= 0] = 0
        else:
            d *= 1 - y * y
        dh[:n] = _kernels.matmul(d, w_hh)
    dx, dw, db = _input_products(da, x, w_ih, (needs[0], needs[1], False, needs[3] or needs[4]))
    return [dx, dw, _state_product(da, y0, h, sizes, reverse) if needs[2] else None, db, _twice(db), dh]


def _by_plain_steps(*inputs: Any, relu: bool, **options: Any) -> Any:
    return _by_steps(rnn_relu_cell if relu else rnn_tanh_cell)(*inputs, **options)


@together(
    _rnn_gradients,
    _by_plain_steps,
    name="Rnn",
    says="From step to step g is multiplied by the same matrix, and by the slope: so it vanishes, or explodes.",
)
def rnn_layer(x, w_ih, w_hh, b_ih, b_hh, h, *, sizes, reverse, keep, relu):
    """The plain cell: h' = tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh), or max(..., 0), at every step."""
    y, h = _kernels.matmul(x, w_ih.T, None if b_ih is None else b_ih + b_hh), _own(h)
    for n, rows in _steps(sizes, not reverse):
        s = y[rows]
        s += _kernels.matmul(h[:n], w_hh.T)
        (np.maximum(s, 0, out=s) if relu else np.tanh(s, out=s))
        h[:n] = s
    return y, h


# The layer of each cell, and what it is told besides.
FUSED: dict[Cell, tuple[Any, dict[str, bool]]] = {
    rnn_tanh_cell: (rnn_layer, {"relu": False}),
    rnn_relu_cell: (rnn_layer, {"relu": True}),
    gru_cell: (gru_layer, {}),
    lstm_cell: (lstm_layer, {}),
}

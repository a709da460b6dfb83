"""Recurrent layers: one step's formula, and how a sequence is gone through with it.

After this module a reader knows the three cells (plain, GRU, LSTM) as formulas of sums that come from the input, `a`, and of
sums that come from the state before, `b`; and that a batch of sequences of different lengths is a table of steps, in
each of which as many sequences take part as are still going on.

Note [Steps one below the other]: all steps of a batch are the rows of one matrix, the first step's first. `sizes` says how many
rows each step has. Longer sequences stand first, so that a step's rows are the first rows of the state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from autodiff.ops.activation import relu
from autodiff.ops.exponential import sigmoid
from autodiff.ops.join import cat, split
from autodiff.ops.matmul import linear, mm
from autodiff.ops.places import viewed
from autodiff.ops.trigonometry import tanh

Cell = Callable[..., tuple[Any, ...]]  # the sums a and b and the state before give the state after


# ---- one step ----


def rnn_tanh_cell(a: Any, b: Any, h: Any) -> tuple[Any, ...]:
    """h' = tanh(a + b)."""
    return (tanh(a + b),)


def rnn_relu_cell(a: Any, b: Any, h: Any) -> tuple[Any, ...]:
    """h' = max(a + b, 0)."""
    return (relu(a + b),)


def gru_cell(a: Any, b: Any, h: Any) -> tuple[Any, ...]:
    """h' = n + z * (h - n), with r, z = sigmoid(a + b) and n = tanh(a + r * b), each of its own third of the columns.

    Source: Cho et al. 2014; the reset gate r stands behind the product, as in PyTorch.
    """
    width = h.shape[1]
    stops = [width, 2 * width]
    (ar, az, an), (br, bz, bn) = split(a, axis=1, stops=stops), split(b, axis=1, stops=stops)
    z = sigmoid(az + bz)
    n = tanh(an + sigmoid(ar + br) * bn)
    return (n + z * (h - n),)


def lstm_cell(a: Any, b: Any, h: Any, c: Any) -> tuple[Any, ...]:
    """c' = f * c + i * g, h' = o * tanh(c'), with i, f, o = sigmoid(a + b) and g = tanh(a + b), each of its own quarter.

    Source: Hochreiter and Schmidhuber 1997; the forget gate f: Gers, Schmidhuber and Cummins 2000.
    """
    width = c.shape[1]
    i, f, g, o = split(a + b, axis=1, stops=[width, 2 * width, 3 * width])
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


# ---- a sequence ----


def layer(
    cell: Cell, x: Any, weights: Sequence[Any], state: tuple[Any, ...], sizes: Sequence[int], reverse: bool
) -> tuple[Any, ...]:
    """(all h, one step below the other; the last state): one layer in one direction.

    `weights` are the input's, the state's, their two biases (None where there are none), and the projection of h
    (None where there is none).
    """
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    a = product(x, w_ih, b_ih)
    ends = list(accumulate(sizes))
    found: list[Any] = []
    begun, finished = state, []  # the states that are going on; those that ended before
    if reverse:  # the first state of a sequence that ends early waits for its last step
        begun, state = tuple(rows(s, 0, sizes[-1]) for s in state), state
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        n, going = sizes[t], begun[0].shape[0]
        if n > going:
            begun = tuple(joined([s, rows(first, going, n)]) for s, first in zip(begun, state, strict=True))
        elif n < going:
            finished.append(tuple(rows(s, n, going) for s in begun))
            begun = tuple(rows(s, 0, n) for s in begun)
        begun = cell(rows(a, ends[t] - n, ends[t]), product(begun[0], w_hh, b_hh), *begun)
        if w_hr is not None:
            begun = (mm(begun[0], w_hr.T), *begun[1:])
        found.append(begun[0])
    last = tuple(joined([begun[k], *(s[k] for s in reversed(finished))]) for k in range(len(state)))
    return joined(found[::-1] if reverse else found), *last


def product(x: Any, w: Any, b: Any) -> Any:
    """x @ w.T + b, or without b where that is None."""
    return mm(x, w.T) if b is None else linear(x, w, b)


def rows(x: Any, start: int, stop: int) -> Any:
    """The rows of x from start to stop, itself where these are all."""
    return x if start == 0 and stop == x.shape[0] else viewed(x, index=(slice(start, stop),))


def joined(xs: Sequence[Any]) -> Any:
    """The matrices one below the other."""
    if len(xs) == 1:
        return xs[0]
    starts = list(accumulate((x.shape[0] for x in xs), initial=0))[:-1]
    return cat(*xs, axis=0, starts=starts)

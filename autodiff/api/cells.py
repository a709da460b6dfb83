"""Recurrent cells as functions: one step of `recurrent`, for a program that goes through the sequence itself.

After this module a reader knows what is asked of a step's sizes: a state for each row, and a weight for each gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors
from autodiff.api.recurrent import check_dtypes, layer_of, pair_of
from autodiff.ops import recurrent as ops

__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]


@takes_tensors
def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """h' = tanh(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh), for input (n, features) and hx (n, hidden).

    >>> import autodiff as torch
    >>> torch.rnn_tanh_cell(torch.ones(1, 1), torch.zeros(1, 1), torch.ones(1, 1), torch.ones(1, 1))
    tensor([[0.7616]])
    """
    return _step(ops.rnn_tanh_cell, 1, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@takes_tensors
def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """h' = max(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh, 0), for input (n, features) and hx (n, hidden).

    >>> import autodiff as torch
    >>> torch.rnn_relu_cell(torch.ones(1, 1), torch.zeros(1, 1), torch.ones(1, 1), torch.ones(1, 1))
    tensor([[1.]])
    """
    return _step(ops.rnn_relu_cell, 1, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@takes_tensors
def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """h' = n + z * (h - n), with r, z = sigmoid(a + b) and n = tanh(a + r * b): a step of a gated recurrent unit.

    a = input @ w_ih.T + b_ih and b = hx @ w_hh.T + b_hh are (n, 3 * hidden); r, z and n take a third of the columns each.
    Source: Cho et al. 2014.

    >>> import autodiff as torch
    >>> torch.gru_cell(torch.ones(1, 1), torch.zeros(1, 1), torch.ones(3, 1), torch.ones(3, 1))
    tensor([[0.2048]])
    """
    return _step(ops.gru_cell, 3, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@takes_tensors
def lstm_cell(
    input: Tensor, hx: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """(o * tanh(c'), c') for c' = f * c + i * g: a step of a long short-term memory, from hx = (h, c).

    i, f, o = sigmoid(s) and g = tanh(s) take a quarter each of s = input @ w_ih.T + b_ih + h @ w_hh.T + b_hh, which is
    (n, 4 * hidden), in the order i, f, g, o. Source: Hochreiter and Schmidhuber 1997.

    >>> import autodiff as torch
    >>> zero = torch.zeros(1, 1)
    >>> torch.lstm_cell(torch.ones(1, 1), (zero, zero), torch.ones(4, 1), torch.ones(4, 1))
    (tensor([[0.3696]]), tensor([[0.5568]]))
    """
    h, c = _step(ops.lstm_cell, 4, input, pair_of("lstm_cell", hx), w_ih, w_hh, b_ih, b_hh)
    return h, c


def _step(
    cell: ops.Cell, gates: int, input: Tensor, state: tuple[Tensor, ...], w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any
) -> tuple[Tensor, ...]:
    check_dtypes([x for x in (input, *state, w_ih, w_hh, b_ih, b_hh) if x is not None])
    (n, features), hidden = input._array.shape, w_hh._array.shape[1]
    if features != w_ih._array.shape[1]:
        raise RuntimeError(f"input has inconsistent input_size: got {features} expected {w_ih._array.shape[1]}")
    for k, s in enumerate(state):
        if s._array.shape[0] != n:
            raise RuntimeError(f"Input batch size {n} doesn't match hidden{k} batch size {s._array.shape[0]}")
        if s._array.shape[-1] != hidden:
            raise RuntimeError(f"hidden{k} has inconsistent hidden_size: got {s._array.shape[-1]}, expected {hidden}")
    for name, w in (("weight_ih", w_ih), ("weight_hh", w_hh)):
        if w._array.shape[0] != gates * hidden:
            raise RuntimeError(
                f"{name} first dim must be {gates} * hidden_size = {gates * hidden}, but got {w._array.shape[0]}"
            )
    return layer_of(cell, input, (w_ih, w_hh, b_ih, b_hh, None), state, (n,), False)[1:]

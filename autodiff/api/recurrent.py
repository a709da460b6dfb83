"""Recurrent networks as functions: layers on top of one another, two directions, dropout between them, packed sequences.

After this module a reader knows that all of this is bookkeeping around `ops.recurrent.layer`: which weights a layer and
direction has, what it reads, and where its last state stands.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from autodiff._core.dtypes import scalar_type
from autodiff._core.modes import mode
from autodiff._core.tensor import Tensor
from autodiff._core.unlike import unlike
from autodiff._core.views import edge_of
from autodiff.api._calls import takes_tensors
from autodiff.api.dropout import dropout as dropped
from autodiff.api.join import cat, stack
from autodiff.ops import recurrent as ops
from autodiff.ops.sequences import FUSED

__all__ = ["check_dtypes", "gru", "layer_of", "lstm", "pair_of", "rnn_relu", "rnn_tanh"]

F = TypeVar("F", bound=Any)

_PLAIN = ("input", "hx", "params", "has_biases", "num_layers", "dropout", "train", "bidirectional", "batch_first")


def or_packed(cell: ops.Cell) -> Callable[[F], F]:
    """The function, which may also be called with a packed sequence: (data, batch_sizes, hx, ...), without batch_first."""

    def decorate(function: F) -> F:
        def packed(
            data: Tensor, batch_sizes: Tensor, hx: Any, params: Any, has_biases: Any, num_layers: Any, dropout: Any, train: Any,
            bidirectional: Any,
        ) -> tuple[Tensor, ...]:
            state = pair_of("lstm", hx) if cell is ops.lstm_cell else (hx,)
            sizes = batch_sizes._array.tolist()
            return _through(cell, data, sizes, state, params, has_biases, num_layers, dropout, train, bidirectional)

        packed.__name__ = function.__name__
        usual, other = takes_tensors(function), takes_tensors(packed)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            # Its names stand one place later there: one that is given by keyword may be among those given by position here.
            shifted = not kwargs.keys().isdisjoint(("data", "batch_sizes", *_PLAIN[1 : len(args)]))
            if shifted or (len(args) > 3 and isinstance(args[3], (list, tuple))):
                return other(*args, **kwargs)
            try:
                return usual(*args, **kwargs)
            except TypeError as error:
                if f"{function.__name__}() missing" in str(error):
                    packed_call = ", ".join(("data", "batch_sizes", *_PLAIN[1:-1]))
                    raise TypeError(f"{error}; or, for a packed sequence, call it with ({packed_call})") from None
                raise

        return cast(F, call)

    return decorate


# ---- sequences ----


@or_packed(ops.rnn_tanh_cell)
def rnn_tanh(
    input: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: bool, num_layers: int, dropout: float, train: bool,
    bidirectional: bool, batch_first: bool,
) -> tuple[Tensor, Tensor]:
    """(all h of the last layer, the last h of every layer) for h' = tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).

    What nn.RNN computes; `lstm` says what the arguments are.

    >>> import autodiff as torch
    >>> rnn = torch.nn.RNN(2, 3)
    >>> weights = list(rnn.parameters())
    >>> y, h = torch.rnn_tanh(torch.ones(5, 1, 2), torch.zeros(1, 1, 3), weights, True, 1, 0.0, False, False, False)
    >>> y.shape, h.shape
    (torch.Size([5, 1, 3]), torch.Size([1, 1, 3]))
    """
    y, h = _batched(ops.rnn_tanh_cell, input, (hx,), params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
    return y, h


@or_packed(ops.rnn_relu_cell)
def rnn_relu(
    input: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: bool, num_layers: int, dropout: float, train: bool,
    bidirectional: bool, batch_first: bool,
) -> tuple[Tensor, Tensor]:
    """(all h of the last layer, the last h of every layer) for h' = max(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh, 0).

    What nn.RNN(nonlinearity="relu") computes; `lstm` says what the arguments are.

    >>> import autodiff as torch
    >>> rnn = torch.nn.RNN(2, 3)
    >>> weights = list(rnn.parameters())
    >>> y, h = torch.rnn_relu(torch.ones(5, 1, 2), torch.zeros(1, 1, 3), weights, True, 1, 0.0, False, False, False)
    >>> y.shape, h.shape
    (torch.Size([5, 1, 3]), torch.Size([1, 1, 3]))
    """
    y, h = _batched(ops.rnn_relu_cell, input, (hx,), params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
    return y, h


@or_packed(ops.gru_cell)
def gru(
    input: Tensor, hx: Tensor, params: Sequence[Tensor], has_biases: bool, num_layers: int, dropout: float, train: bool,
    bidirectional: bool, batch_first: bool,
) -> tuple[Tensor, Tensor]:
    """(all h of the last layer, the last h of every layer) for h' = n + z * (h - n): see `gru_cell`.

    What nn.GRU computes; `lstm` says what the arguments are.

    >>> import autodiff as torch
    >>> gru = torch.nn.GRU(2, 3)
    >>> y, h = torch.gru(torch.ones(5, 1, 2), torch.zeros(1, 1, 3), list(gru.parameters()), True, 1, 0.0, False, False, False)
    >>> y.shape, h.shape
    (torch.Size([5, 1, 3]), torch.Size([1, 1, 3]))
    """
    y, h = _batched(ops.gru_cell, input, (hx,), params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
    return y, h


@or_packed(ops.lstm_cell)
def lstm(
    input: Tensor, hx: Sequence[Tensor], params: Sequence[Tensor], has_biases: bool, num_layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """(all h of the last layer, the last h of every layer, the last c of every layer): see `lstm_cell`.

    What nn.LSTM computes. `input` is (steps, batch, features), or with `batch_first` (batch, steps, features). `hx` holds the
    first h and c, each (layers * directions, batch, hidden); `params` holds for each layer and direction w_ih, w_hh, with
    `has_biases` b_ih, b_hh, and, if h is projected, w_hr. A packed sequence is given as (data, batch_sizes, hx, params, ...),
    without `batch_first`. In training, dropout acts between the layers.
    RuntimeError: no steps, another number of parameters, shapes that do not fit.

    >>> import autodiff as torch
    >>> lstm, zeros = torch.nn.LSTM(2, 3), torch.zeros(1, 1, 3)
    >>> y, h, c = torch.lstm(torch.ones(5, 1, 2), (zeros, zeros), list(lstm.parameters()), True, 1, 0.0, False, False, False)
    >>> y.shape, h.shape, c.shape
    (torch.Size([5, 1, 3]), torch.Size([1, 1, 3]), torch.Size([1, 1, 3]))
    """
    y, h, c = _batched(
        ops.lstm_cell, input, pair_of("lstm", hx), params, has_biases, num_layers, dropout, train, bidirectional, batch_first
    )
    return y, h, c


def pair_of(function: str, hx: Any) -> tuple[Tensor, Tensor]:
    """The state of an LSTM."""
    if isinstance(hx, Tensor):
        raise TypeError(f"{function}(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor: the pair (h, c)")
    h, c = hx
    return h, c


def _batched(
    cell: ops.Cell, input: Tensor, hx: tuple[Tensor, ...], params: Sequence[Tensor], has_biases: bool, num_layers: int,
    dropout: float, train: bool, bidirectional: bool, batch_first: bool,
) -> tuple[Tensor, ...]:
    """The network on a batch of sequences of one length."""
    if input._array.ndim != 3:
        raise RuntimeError(f"the input of a recurrent network has 3 dimensions, steps, batch and features; got {input.ndim}")
    steps = input.transpose(0, 1) if batch_first else input
    length, n, features = steps._array.shape
    if not length:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    rows = steps.reshape(length * n, features)
    y, *last = _through(cell, rows, [n] * length, hx, params, has_biases, num_layers, dropout, train, bidirectional)
    y = y.reshape(length, n, y._array.shape[1])
    return y.transpose(0, 1) if batch_first else y, *last


def _through(
    cell: ops.Cell, x: Tensor, sizes: list[int], hx: tuple[Tensor, ...], params: Sequence[Tensor], has_biases: bool,
    num_layers: int, dropout: float, train: bool, bidirectional: bool,
) -> tuple[Tensor, ...]:
    """(all h of the last layer, the last states): each layer reads what the one below gives, in both directions."""
    directions = 2 if bidirectional else 1
    check_dtypes((x, *hx, *params))
    weights = _grouped(params, has_biases, num_layers * directions, len(hx))
    _check_state(hx, weights, sizes[0])
    firsts, lasts = [s.unbind(0) for s in hx], []
    for at in range(0, len(weights), directions):
        if at:
            x = dropped(x, dropout, train)
        given = []
        for k in range(at, at + directions):
            y, *last = layer_of(cell, x, weights[k], tuple(first[k] for first in firsts), sizes, k > at)
            given.append(y)
            lasts.append(last)
        x = given[0] if directions == 1 else cat(given, 1)
    return x, *(stack([last[k] for last in lasts]) for k in range(len(hx)))


def layer_of(
    cell: ops.Cell, x: Tensor, weights: Any, state: tuple[Tensor, ...], sizes: Sequence[int], reverse: bool
) -> tuple[Tensor, ...]:
    """(all h, the last state) of one layer in one direction: in one operation, where there is one for it."""
    if weights[4] is not None or x._array.dtype.char == "e":  # a projection, or float16, which is rounded after every operation
        return ops.layer(cell, x, weights, state, sizes, reverse)
    operation, options = FUSED[cell]
    inputs = (x, *weights[:4], *state)
    keep = mode.grad and any(edge_of(each) is not None for each in inputs)
    found: tuple[Tensor, ...] = operation(*inputs, sizes=tuple(sizes), reverse=reverse, keep=keep, **options)
    return found[: 1 + len(state)]


def check_dtypes(xs: Sequence[Tensor]) -> None:
    for x in xs:
        if x._array.dtype != xs[0]._array.dtype:
            names = [scalar_type(y._array) for y in (xs[0], x)]
            raise RuntimeError(f"mat1 and mat2 must have the same dtype, but got {names[0]} and {names[1]}{unlike(xs[0], x)}")


def _grouped(params: Any, has_biases: bool, count: int, states: int) -> list[Any]:
    """For each layer and direction (w_ih, w_hh, b_ih, b_hh, w_hr), None for those that are not there."""
    each = 4 if has_biases else 2
    projected = states == 2 and len(params) == (each + 1) * count
    if len(params) != (each + projected) * count:
        raise RuntimeError(
            f"a recurrent network of {count} layers and directions has {each * count} parameters, {each} each, but "
            f"{len(params)} were given"
        )
    found = []
    for i in range(0, len(params), each + projected):
        biases = params[i + 2 : i + 4] if has_biases else [None, None]
        found.append((params[i], params[i + 1], *biases, params[i + each] if projected else None))
    return found


def _check_state(hx: Sequence[Tensor], weights: list[Any], batch: int) -> None:
    """Refuse a first state that is not (layers and directions, batch, hidden)."""
    for s, width in zip(hx, _widths(weights[0], len(hx)), strict=True):
        expected = (len(weights), batch, width)
        if s._array.shape != expected:
            raise RuntimeError(f"Expected hidden size {expected}, got {list(s._array.shape)}")


def _widths(weights: Any, states: int) -> tuple[int, ...]:
    w_hh, w_hr = weights[1], weights[4]
    return (w_hh._array.shape[1], (w_hh if w_hr is None else w_hr)._array.shape[1])[:states]

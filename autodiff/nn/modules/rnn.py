"""Recurrent layers: a state that goes through a sequence, and takes up something of each element.

After this module a reader knows which parameters RNN, GRU and LSTM have and under which names, and how an unbatched input, a
packed one, or one without a first state is brought to the one call that computes.
"""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable
from typing import Any

from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.api import recurrent
from autodiff.api.filled import zeros
from autodiff.nn import init
from autodiff.nn.modules._cells import GRUCell, LSTMCell, RNNCell, RNNCellBase
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, empty_parameter
from autodiff.nn.utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "LSTM": recurrent.lstm, "GRU": recurrent.gru, "RNN_TANH": recurrent.rnn_tanh, "RNN_RELU": recurrent.rnn_relu,
}


class RNNBase(Module):
    """What RNN, GRU and LSTM share: their parameters, and the ways in which they are called.

    For layer k there are weight_ih_lk (gates * hidden, features), weight_hh_lk (gates * hidden, hidden) and, with `bias`,
    bias_ih_lk and bias_hh_lk; for the direction from the end to the beginning the same with "_reverse" at the end; with
    `proj_size` weight_hr_lk. All are first drawn uniformly in +-1/sqrt(hidden_size).
    TypeError or ValueError for a size, a flag or a dropout that is none.
    """

    states = 1  # how many tensors the state is

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: Any = None, dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_options(input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        if mode not in _GATES:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self._all_weights: list[list[str]] = []
        directions, width = 2 if bidirectional else 1, proj_size or hidden_size
        for layer in range(num_layers):
            features = width * directions if layer else input_size
            for suffix in ("", "_reverse")[:directions]:
                shapes = _shapes(_GATES[mode] * hidden_size, features, width, bias, hidden_size if proj_size else None)
                names = {f"{kind}_l{layer}{suffix}": shape for kind, shape in shapes.items()}
                for name, shape in names.items():
                    self.register_parameter(name, empty_parameter(*shape, device=device, dtype=dtype))
                self._all_weights.append(list(names))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew, in their order."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: it is for GPUs."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights(self) -> list[Parameter]:
        return [getattr(self, name) for names in self._all_weights for name in names]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """(h of the last layer at every step, the last state of every layer and direction), from the state `hx` or zeros.

        The input is (steps, batch, features), with `batch_first` (batch, steps, features), (steps, features) for one sequence,
        or a PackedSequence, and the first result is alike. A state is (layers * directions, batch, hidden).
        ValueError or RuntimeError: other dimensions, sizes or dtypes.
        """
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        ndim = input.dim()
        if ndim not in (2, 3):
            raise ValueError(self._wrong_rank(ndim))
        state = None if hx is None else self._unpacked(hx)
        if state is not None and any(s.dim() != ndim for s in state):
            raise RuntimeError(self._wrong_state_rank(ndim, state))
        alone = 0 if self.batch_first else 1
        if ndim == 2:
            input = input.unsqueeze(alone)
            state = None if state is None else tuple(s.unsqueeze(1) for s in state)
        state = self._checked(input, state, input.size(alone), 3)
        y, *last = self._run(input, state, self.batch_first)
        if ndim == 2:
            y, last = y.squeeze(alone), [s.squeeze(1) for s in last]
        return y, self._state(last)

    def _packed(self, input: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        data, batch_sizes, order, back = input
        state = None if hx is None else self._unpacked(hx)
        if state is not None and order is not None:
            state = tuple(s.index_select(1, order) for s in state)
        state = self._checked(data, state, int(batch_sizes[0]), 2)
        y, *last = self._run(data, state, batch_sizes)
        if back is not None:
            last = [s.index_select(1, back) for s in last]
        return PackedSequence(y, batch_sizes, order, back), self._state(last)

    def _run(self, input: Tensor, state: Any, how: Any) -> Any:
        weights = self._flat_weights
        options = (self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)
        hx = self._state(state)
        function = _FUNCTIONS[self.mode]
        if isinstance(how, Tensor):
            return function(input, how, hx, weights, *options)
        return function(input, hx, weights, *options, how)

    def _checked(self, input: Tensor, state: Any, batch: int, ndim: int) -> tuple[Tensor, ...]:
        """The first state, zeros where there is none; RuntimeError or ValueError for what does not fit the layer."""
        dtype = self._flat_weights[0].dtype
        if input.dtype != dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}). Convert input: input.to({dtype}), or "
                f"convert model: model.to({input.dtype})"
            )
        if input.dim() != ndim:
            raise RuntimeError(f"input must have {ndim} dimensions, got {input.dim()}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}")
        count = self.num_layers * (2 if self.bidirectional else 1)
        expected = [(count, batch, width) for width in (self.proj_size or self.hidden_size, self.hidden_size)[: self.states]]
        if state is None:
            return tuple(zeros(shape, dtype=dtype) for shape in expected)
        for k, (s, shape) in enumerate(zip(state, expected, strict=True)):
            if s.size() != shape:
                which = f"[{k}]" if self.states == 2 else ""
                raise RuntimeError(f"Expected hidden{which} size {shape}, got {list(s.size())}")
        return tuple(state)

    def _unpacked(self, hx: Any) -> tuple[Tensor, ...]:
        """The tensors of a state as the caller gives it."""
        return (hx,)

    def _state(self, tensors: Any) -> Any:
        """A state as the caller is given it."""
        return tensors[0]

    def _wrong_rank(self, ndim: int) -> str:
        return f"{self._get_name()}: Expected input to be 2D or 3D, got {ndim}D instead"

    def _wrong_state_rank(self, ndim: int, state: tuple[Tensor, ...]) -> str:
        kind = "batched" if ndim == 3 else "unbatched"
        if self.states == 1:
            return f"For {kind} {ndim}-D input, hx should also be {ndim}-D but got {state[0].dim()}-D tensor"
        got = ", ".join(f"{s.dim()}-D" for s in state)
        return f"For {kind} {ndim}-D input, hx and cx should also be {ndim}-D but got ({got}) tensors"

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False,
        }
        return text + "".join(
            f", {name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value
        )


def _shapes(gates: int, features: int, width: int, bias: bool, projected: int | None) -> dict[str, tuple[int, ...]]:
    """The shapes of the parameters of one layer and direction, by the first part of their names."""
    shapes: dict[str, tuple[int, ...]] = {"weight_ih": (gates, features), "weight_hh": (gates, width)}
    if bias:
        shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
    return shapes if projected is None else {**shapes, "weight_hr": (width, projected)}


def _check_options(
    input_size: Any, hidden_size: Any, num_layers: Any, bias: Any, batch_first: Any, dropout: Any, proj_size: Any
) -> None:
    """Refuse a wrong option, in PyTorch's words."""
    if not isinstance(dropout, numbers.Real) or isinstance(dropout, bool) or not 0 <= float(dropout) <= 1:
        raise ValueError("dropout should be a number in range [0, 1] representing the probability of an element being zeroed")
    if float(dropout) > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater "
            f"than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=stacklevel(),
        )
    for name, value in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(value, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


def _without_projection(kwargs: dict[str, Any]) -> None:
    if "proj_size" in kwargs:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """h' = tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh), or with nonlinearity="relu" max(..., 0).

    The options are (input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, dropout=0.0,
    bidirectional=False, device=None, dtype=None). `RNNBase` says which parameters there are, its `forward` what is given and
    returned. Source: Elman 1990.

    >>> import autodiff as torch
    >>> y, h = torch.nn.RNN(2, 3)(torch.ones(5, 1, 2))
    >>> y.shape, h.shape
    (torch.Size([5, 1, 3]), torch.Size([1, 1, 3]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _without_projection(kwargs)
        nonlinearity = args[3] if len(args) > 3 else kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args[:3], *args[4:], **kwargs)
        self.nonlinearity = nonlinearity

    def _wrong_rank(self, ndim: int) -> str:
        return f"RNN: Expected input to be 2D or 3D, got {ndim}D tensor instead"


class GRU(RNNBase):
    """h' = n + z * (h - n), with r, z = sigmoid(a + b) and n = tanh(a + r * b): a gated recurrent unit.

    a = x @ weight_ih.T + bias_ih, b = h @ weight_hh.T + bias_hh; their first third is for r, then z, then n. The options are
    (input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, device=None,
    dtype=None). `RNNBase` says which parameters there are, its `forward` what is given and returned. Source: Cho et al. 2014.

    >>> import autodiff as torch
    >>> y, h = torch.nn.GRU(2, 3, bidirectional=True)(torch.ones(5, 1, 2))
    >>> y.shape, h.shape
    (torch.Size([5, 1, 6]), torch.Size([2, 1, 3]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _without_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)


class LSTM(RNNBase):
    """c' = f * c + i * g and h' = o * tanh(c'), with i, f, o = sigmoid(s) and g = tanh(s): long short-term memory.

    s = x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh; its quarters are for i, f, g, o. With `proj_size` h' is
    multiplied by weight_hr.T. The options are (input_size, hidden_size, num_layers=1, bias=True, batch_first=False,
    dropout=0.0, bidirectional=False, proj_size=0, device=None, dtype=None). The state is (h, c). `RNNBase` says which
    parameters there are, its `forward` what is given and returned. Source: Hochreiter and Schmidhuber 1997.

    >>> import autodiff as torch
    >>> y, (h, c) = torch.nn.LSTM(2, 3, num_layers=2)(torch.ones(5, 1, 2))
    >>> y.shape, h.shape, c.shape
    (torch.Size([5, 1, 3]), torch.Size([2, 1, 3]), torch.Size([2, 1, 3]))
    """

    states = 2

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def _unpacked(self, hx: Any) -> tuple[Tensor, ...]:
        return hx[0], hx[1]

    def _state(self, tensors: Any) -> Any:
        return tuple(tensors)

"""Recurrent cells: one step at a time, for a program that goes through the sequence itself.

After this module a reader knows that a cell has the parameters of one layer in one direction, and returns its next state.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.api import cells
from autodiff.api.filled import zeros
from autodiff.nn import init
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, empty_parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells share: weight_ih (gates * hidden, features), weight_hh (gates * hidden, hidden), bias_ih, bias_hh.

    All are first drawn uniformly in +-1/sqrt(hidden_size).
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        shapes = {
            "weight_ih": (num_chunks * hidden_size, input_size), "weight_hh": (num_chunks * hidden_size, hidden_size),
            "bias_ih": (num_chunks * hidden_size,), "bias_hh": (num_chunks * hidden_size,),
        }
        for name, shape in shapes.items():
            made = empty_parameter(*shape, device=device, dtype=dtype) if bias or name.startswith("weight") else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew, in their order."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _parts(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _check(self, input: Tensor, state: tuple[tuple[str, Tensor], ...]) -> None:
        """ValueError where the input, or a part of the state under its name, has not one dimension or two.

        RuntimeError for one input with a batch of states.
        """
        for name, x in (("input", input), *state):
            if x.dim() not in (1, 2):
                raise ValueError(f"{self._get_name()}: Expected {name} to be 1D or 2D, got {x.dim()}D instead")
        if input.dim() == 1:
            for name, x in state:
                if x.dim() == 2:
                    raise RuntimeError(f"{self._get_name()}: the input is one example, (features,), but {name} is a batch, 2D")

    def _stepped(self, function: Any, input: Tensor, hx: Tensor | None) -> Tensor:
        """A step of a cell whose state is h alone."""
        self._check(input, () if hx is None else (("hidden", hx),))
        alone = input.dim() == 1
        if alone:
            input, hx = input.unsqueeze(0), None if hx is None else hx.unsqueeze(0)
        if hx is None:
            hx = zeros(input.size(0), self.hidden_size, dtype=input.dtype)
        after: Tensor = function(input, hx, *self._parts())
        return after.squeeze(0) if alone else after

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias is True else f"{text}, bias={self.bias}"


class RNNCell(RNNCellBase):
    """h' = tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh), or with nonlinearity="relu" max(..., 0).

    x is (batch, features) or (features,), h alike, zeros where it is not given. Source: Elman 1990.

    >>> import autodiff as torch
    >>> torch.nn.RNNCell(2, 3)(torch.ones(4, 2)).shape
    torch.Size([4, 3])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """h' from the input and h; ValueError for another number of dimensions, RuntimeError for sizes that do not fit."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}; write 'tanh' or 'relu'")
        return self._stepped(cells.rnn_tanh_cell if self.nonlinearity == "tanh" else cells.rnn_relu_cell, input, hx)

    def extra_repr(self) -> str:
        text = super().extra_repr()
        return text if self.nonlinearity == "tanh" else f"{text}, nonlinearity={self.nonlinearity}"


class GRUCell(RNNCellBase):
    """h' = n + z * (h - n), with r, z = sigmoid(a + b) and n = tanh(a + r * b): a step of a gated recurrent unit.

    a = x @ weight_ih.T + bias_ih, b = h @ weight_hh.T + bias_hh; their first third is for r, then z, then n. x is
    (batch, features) or (features,), h alike, zeros where it is not given. Source: Cho et al. 2014.

    >>> import autodiff as torch
    >>> torch.nn.GRUCell(2, 3)(torch.ones(4, 2)).shape
    torch.Size([4, 3])
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=3, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """h' from the input and h; ValueError for another number of dimensions, RuntimeError for sizes that do not fit."""
        return self._stepped(cells.gru_cell, input, hx)


class LSTMCell(RNNCellBase):
    """c' = f * c + i * g and h' = o * tanh(c'), with i, f, o = sigmoid(s), g = tanh(s): a step of a long short-term memory.

    s = x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh; its quarters are for i, f, g, o. x is (batch, features) or
    (features,), h and c alike, zeros where they are not given. Source: Hochreiter and Schmidhuber 1997.

    >>> import autodiff as torch
    >>> h, c = torch.nn.LSTMCell(2, 3)(torch.ones(4, 2))
    >>> h.shape, c.shape
    (torch.Size([4, 3]), torch.Size([4, 3]))
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=4, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """(h', c') from the input and (h, c); ValueError for another number of dimensions, RuntimeError for sizes."""
        self._check(input, () if hx is None else tuple((f"hx[{k}]", x) for k, x in enumerate(hx)))
        alone = input.dim() == 1
        if alone:
            input, hx = input.unsqueeze(0), None if hx is None else (hx[0].unsqueeze(0), hx[1].unsqueeze(0))
        if hx is None:
            zero = zeros(input.size(0), self.hidden_size, dtype=input.dtype)
            hx = zero, zero
        h, c = cells.lstm_cell(input, hx, *self._parts())
        return (h.squeeze(0), c.squeeze(0)) if alone else (h, c)

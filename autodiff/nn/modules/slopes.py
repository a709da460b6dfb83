"""The rectifiers whose slope below 0 is no fixed number: it is learned, or drawn.

After this module a reader knows an activation with a parameter, and one that differs between training and eval().
"""

from __future__ import annotations

from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.nn import functional as F
from autodiff.nn import init
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import empty_parameter

__all__ = ["PReLU", "RReLU"]


class PReLU(Module):
    """x above 0, weight * x below, where the weight is learned: one, or one per channel, dimension 1 (He et al. 2015).

    >>> import autodiff as torch
    >>> torch.nn.PReLU()(torch.tensor([-2.0, 2.0]))
    tensor([-0.5000,  2.0000], grad_fn=<PreluKernelBackward0>)
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = empty_parameter(num_parameters, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to the number that it began with."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """F.prelu of the input and the weight."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """x above 0, a * x below: in training with an a drawn from [lower, upper] for each number, else the one in the middle.

    >>> import autodiff as torch
    >>> torch.nn.RReLU(0.25, 0.75).eval()(torch.tensor([-1.0, 2.0]))
    tensor([-0.5000,  2.0000])
    """

    def __init__(self, lower: float = 0.125, upper: float = 0.3333333333333333, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.rrelu of the input, which draws in training only."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")

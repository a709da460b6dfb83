"""Dropout: zeroing at random while training."""

from __future__ import annotations

from autodiff._core.tensor import Tensor
from autodiff.api._calls import number
from autodiff.nn import functional as F
from autodiff.nn.modules.module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """While training, zero each element with probability p and divide the others by 1 - p (Hinton et al. 2012).

    >>> import autodiff as torch
    >>> torch.nn.Dropout(0.5).eval()(torch.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= number("Dropout", "p", p) <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.dropout(input), in training only."""
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"

"""Dropout: zeroing at random while training.

After this module a reader knows that a dropout has no parameters, and that eval() switches it off.
"""

from __future__ import annotations

from autodiff._core.tensor import Tensor
from autodiff.api._calls import number
from autodiff.nn import functional as F
from autodiff.nn.modules.module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    """A probability, and whether the input's own memory is written to."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= number("Dropout", "p", p) <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """While training, zero each element with probability p and divide the others by 1 - p (Hinton et al. 2012).

    >>> import autodiff as torch
    >>> torch.nn.Dropout(0.5).eval()(torch.ones(2))
    tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.dropout(input), in training only."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """While training, zero each channel of (N, C, L) or (C, L) with probability p and divide the others by 1 - p.

    >>> import autodiff as torch
    >>> torch.nn.Dropout1d(0.5).eval()(torch.ones(2, 3)).shape
    torch.Size([2, 3])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.dropout1d(input), in training only."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """While training, zero each channel of (N, C, H, W) with probability p and divide the others by 1 - p.

    >>> import autodiff as torch
    >>> torch.nn.Dropout2d(0.5).eval()(torch.ones(1, 2, 3, 3)).shape
    torch.Size([1, 2, 3, 3])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.dropout2d(input), in training only."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """While training, zero each channel of (N, C, D, H, W) or (C, D, H, W) with probability p, and divide the others by 1 - p.

    >>> import autodiff as torch
    >>> torch.nn.Dropout3d(0.5).eval()(torch.ones(2, 2, 2, 2)).shape
    torch.Size([2, 2, 2, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.dropout3d(input), in training only."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout for SELU, which keeps mean and variance: what is dropped becomes selu's lowest value (Klambauer et al. 2017).

    >>> import autodiff as torch
    >>> torch.nn.AlphaDropout(0.5).eval()(torch.ones(2))
    tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.alpha_dropout(input), in training only; as in PyTorch `inplace` has no effect."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels of (N, C, ...).

    >>> import autodiff as torch
    >>> torch.nn.FeatureAlphaDropout(0.5).eval()(torch.ones(1, 2))
    tensor([[1., 1.]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.feature_alpha_dropout(input), in training only; as in PyTorch `inplace` has no effect."""
        return F.feature_alpha_dropout(input, self.p, self.training)

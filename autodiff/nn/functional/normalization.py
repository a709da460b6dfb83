"""Dividing by a norm, so that what is left is a direction."""

from __future__ import annotations

from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors
from autodiff.api.statistics import norm

__all__ = ["normalize"]


@takes_tensors
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(norm(x), eps) along `dim`.

    >>> import autodiff as torch
    >>> torch.nn.functional.normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return input / norm(input, p, dim, keepdim=True).clamp_min(eps)

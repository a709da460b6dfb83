"""Dividing by a norm, so that what is left is a direction."""

from __future__ import annotations

from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors
from autodiff.api.statistics import norm
from autodiff.api.with_out import div

__all__ = ["normalize"]


@takes_tensors
def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """x / max(norm(x), eps) along `dim`.

    >>> import autodiff as torch
    >>> torch.nn.functional.normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    norms = norm(input, p, dim, keepdim=True).clamp_min(eps)
    return input / norms if out is None else div(input, norms, out=out)

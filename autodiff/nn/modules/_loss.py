"""What all losses are made of: a loss with its reduction, and one with a weight.

After this module a reader knows what the losses share: how they reduce ("mean", "sum", or "none": one loss for each element or
row), and a weight that is converted and saved with the module.
"""

from __future__ import annotations

from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.api._calls import reduction_of as chosen
from autodiff.nn.modules.module import Module

__all__ = ["_Loss", "_WeightedLoss"]


class _Loss(Module):
    """A loss with its `reduction`; `size_average` and `reduce` are PyTorch's older words for it."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = chosen(reduction, size_average, reduce, stacklevel=stacklevel() + 1)
        self.reduction = reduction  # a wrong word is found when the loss is called, as in PyTorch


class _WeightedLoss(_Loss):
    """A loss with a weight for each class or element."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)

"""How PyTorch cuts the batch of a LinearCrossEntropyLoss into pieces, which saves memory and changes no number."""

from __future__ import annotations

import dataclasses
from typing import Any

from autodiff._core import dtypes

__all__ = ["LinearCrossEntropyOptions"]


@dataclasses.dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """The pieces of a batch, and how they are summed: checked as by PyTorch. The batch is taken whole all the same.

    ValueError for a policy, a method, a size and a dtype that PyTorch does not have.

    >>> import autodiff as torch
    >>> torch.nn.LinearCrossEntropyOptions(batch_chunk_size=16).batch_chunk_size
    16
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.chunking_method not in (None, "auto"):
            name, colon, factor = str(self.chunking_method).partition(":")
            factor = factor if colon else "1"
            if name != "aspect_ratio" or not factor.isdigit() or int(factor) <= 0:
                raise ValueError(f"invalid chunking_method: {self.chunking_method!r}")
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype is not None and not (isinstance(self.acc_dtype, dtypes.dtype) and self.acc_dtype.is_floating_point):
            raise ValueError(f"acc_dtype must be a floating dtype or None, got {self.acc_dtype!r}")

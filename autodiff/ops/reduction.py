"""What the losses share: a loss per element becomes one number, or stays as it is.

After this module a reader knows the three reductions, and that the gradient of a mean is that of a sum divided by n.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff.ops.reduce import mean, sum_all

__all__ = ["chosen", "reduced", "reduced_array", "share"]


def chosen(reduction: str, size_average: bool | None = None, reduce: bool | None = None, stacklevel: int = 3) -> str:
    """The reduction asked for: by its name, or in the two words that PyTorch used before, with a warning.

    >>> from autodiff.ops.reduction import chosen
    >>> chosen("sum")
    'sum'
    """
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            UserWarning,
            stacklevel=stacklevel,
        )
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction; use 'mean', 'sum' or 'none'")
    return reduction


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The loss per element, reduced in the graph."""
    return loss if reduction == "none" else sum_all(loss) if reduction == "sum" else mean(loss)


def reduced_array(values: Any, reduction: str) -> Any:
    """The same for an array: inside an operation that is one node."""
    if reduction == "none":
        return values
    # Half precision would stop growing at 65504.
    total = np.add.reduce(values, axis=None, dtype=np.float32 if values.dtype == np.float16 else None)
    if reduction == "mean":
        with np.errstate(invalid="ignore", divide="ignore"):
            total = np.divide(total, total.dtype.type(values.size))
    return np.asarray(total, values.dtype)


def share(g: Any, x: Any, reduction: str) -> Any:
    """What the gradient of the reduced loss is for each element."""
    n = math.prod(x.shape)
    return g * (1.0 / n) if reduction == "mean" and n else g

"""Functions of class numbers: one_hot.

After this module a reader knows how a class number becomes a row of zeros with a single one.
"""

from __future__ import annotations

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors, whole
from autodiff.api.reading import leaf

__all__ = ["one_hot"]


@takes_tensors
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For each class number a row of zeros with a one at its place, int64.

    >>> import autodiff as torch
    >>> torch.nn.functional.one_hot(torch.tensor([0, 2]), 3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    array = tensor._array
    if array.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if array.size and array.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    num_classes = whole("one_hot", "num_classes", num_classes)
    if num_classes == -1:
        if not array.size:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        num_classes = int(array.max()) + 1
    if array.size and array.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return leaf((array[..., None] == np.arange(num_classes)).astype(np.int64))

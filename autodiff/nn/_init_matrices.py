"""First values that are matrices with a structure: the identity, a delta, orthogonal rows, mostly zeros.

After this module a reader knows that an orthogonal matrix keeps the length of what it is applied to, and that a convolution by
a delta gives back its input.
"""

from __future__ import annotations

import math

import numpy as np

from autodiff._core.tensor import Tensor, wrap
from autodiff.api import fill, sampling
from autodiff.api.filled import eye
from autodiff.nn._filling import filling
from autodiff.random import Generator

__all__ = ["dirac_", "eye_", "orthogonal_", "sparse_"]


@filling
def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity.

    >>> import autodiff as torch
    >>> torch.nn.init.eye_(torch.empty(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if tensor._array.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    tensor.copy_(eye(*tensor._array.shape))
    return tensor


@filling
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight of a convolution, (out, in, ...), so that it gives back its first channels: 1 in the middle of a channel.

    With `groups`, so does each group of out / groups channels. ValueError for other than 3 to 5 dimensions, and for channels
    that groups does not divide.

    >>> import autodiff as torch
    >>> torch.nn.init.dirac_(torch.empty(2, 2, 3))
    tensor([[[0., 1., 0.],
             [0., 0., 0.]],
    <BLANKLINE>
            [[0., 0., 0.],
             [0., 1., 0.]]])
    """
    shape = tensor._array.shape
    if len(shape) not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    values, each = np.zeros(shape, tensor._array.dtype), shape[0] // groups
    if 0 not in shape[2:]:
        middle = tuple(n // 2 for n in shape[2:])
        for channel in range(min(each, shape[1])):
            for group in range(groups):
                values[(group * each + channel, channel, *middle)] = 1
    tensor.copy_(wrap(values))
    return tensor


@filling
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """A (semi-)orthogonal matrix, from the QR decomposition of a normal one (Saxe et al. 2013).

    >>> import autodiff as torch
    >>> w = torch.nn.init.orthogonal_(torch.empty(3, 3))
    >>> bool((w @ w.T - torch.eye(3)).abs().max() < 1e-5)
    True
    """
    if tensor._array.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not tensor._array.size:
        return tensor
    rows = tensor._array.shape[0]
    cols = tensor._array.size // rows
    normal = sampling.randn(rows, cols, generator=generator, dtype=tensor.dtype)._array
    q, r = np.linalg.qr(normal.T if rows < cols else normal)
    q = q * np.sign(np.diag(r))
    tensor.copy_(wrap(((q.T if rows < cols else q).reshape(tensor._array.shape) * gain).astype(tensor._array.dtype)))
    return tensor


@filling
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill a matrix with normal numbers, and a share of each column with zeros (Martens 2010).

    >>> import autodiff as torch
    >>> (torch.nn.init.sparse_(torch.empty(4, 2), 0.5) == 0).sum(0)
    tensor([2, 2])
    """
    if tensor._array.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, cols = tensor._array.shape
    zeros = math.ceil(sparsity * rows)
    fill.normal_(tensor, 0.0, std, generator=generator)
    for col in range(cols):
        tensor[sampling.randperm(rows)[:zeros], col] = 0.0
    return tensor

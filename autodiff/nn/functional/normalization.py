"""Normalizing: by mean and variance, by a norm, or by what the neighbouring channels have.

After this module a reader knows which norms need more than one number to take a variance of, and refuse a batch of one.
"""

from __future__ import annotations

import math

from autodiff._core.tensor import Tensor
from autodiff.api import normalization as api
from autodiff.api._calls import number, takes_tensors, whole
from autodiff.api.join import cat
from autodiff.api.statistics import norm
from autodiff.api.with_out import div

__all__ = ["batch_norm", "channel_sums", "group_norm", "instance_norm", "local_response_norm", "normalize"]


def _several(sizes: tuple[int, ...], input: Tensor, what: str) -> None:
    """ValueError where mean and variance would be those of a single number."""
    if math.prod(sizes) == 1:
        raise ValueError(f"Expected more than 1 {what} when training, got input size {input.shape}")


@takes_tensors
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) * weight + bias for each channel, dimension 1 (Ioffe and Szegedy 2015).

    In training mean and variance are those of the input, over all other dimensions, and running_mean and running_var, where
    they are given, move towards them by `momentum`; else they are those two. ValueError in training for one number a channel,
    and for an eps that is not positive; RuntimeError for sizes that do not fit.

    >>> import autodiff as torch
    >>> torch.nn.functional.batch_norm(torch.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    """
    shape = input._array.shape
    if training and shape:
        _several((shape[0], *shape[2:]), input, "value per channel")
    eps = number("batch_norm", "eps", eps)
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    if eps < 0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    return api.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, False)


@takes_tensors
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Batch norm for each example by itself: mean and variance over the places alone (Ulyanov et al. 2016).

    running_mean and running_var, where they are given, move towards the averages over the examples by `momentum`; without
    `use_input_stats` they are taken instead. ValueError for a single place; RuntimeError for sizes that do not fit.

    >>> import autodiff as torch
    >>> torch.nn.functional.instance_norm(torch.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.0000,  1.0000]]])
    """
    if use_input_stats:
        _several(input._array.shape[2:], input, "spatial element")
    return api.instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, False)


@takes_tensors
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-05
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) * weight + bias, for each example over groups of channels (Wu and He 2018).

    The channels, dimension 1, are cut into `num_groups` groups of neighbours; RuntimeError where that cannot be done, and where
    weight or bias has not one number for each channel; ValueError for a group of one number.

    >>> import autodiff as torch
    >>> torch.nn.functional.group_norm(torch.tensor([[1.0, 3.0, 5.0, 9.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    shape = input._array.shape
    groups = whole("group_norm", "num_groups", num_groups)
    if len(shape) > 1 and groups > 0:
        _several((shape[0] * shape[1] // groups, *shape[2:]), input, "value per channel")
    return api.group_norm(input, groups, weight, bias, eps)


@takes_tensors
def local_response_norm(input: Tensor, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha * a)**beta, where a is the average of x**2 over `size` neighbouring channels (Krizhevsky et al. 2012).

    Channels are dimension 1; beyond the first and the last there are zeros. ValueError for less than 3 dimensions.

    >>> import autodiff as torch
    >>> torch.nn.functional.local_response_norm(torch.ones(1, 3, 1), 2, alpha=3.0, beta=1.0)
    tensor([[[0.4000],
             [0.2500],
             [0.2500]]])
    """
    shape = input._array.shape
    if len(shape) < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {len(shape)} dimensions)")
    if not input._array.size:
        return input
    size = whole("local_response_norm", "size", size)
    if size <= 0:
        raise RuntimeError(f"kernel size should be greater than zero, but got size={size}")
    total = channel_sums(input * input, size // 2, (size - 1) // 2)
    return input / (total * (alpha / size) + k) ** beta


def channel_sums(x: Tensor, before: int, after: int) -> Tensor:
    """For each channel of x the sum of so many before it, itself, and so many after it; beyond the ends there are zeros."""
    shape = x._array.shape
    zeros = (x.new_zeros((shape[0], n, *shape[2:])) for n in (before, after))
    padded = cat([next(zeros), x, next(zeros)], 1)
    total = padded.narrow(1, 0, shape[1])
    for start in range(1, before + 1 + after):
        total = total + padded.narrow(1, start, shape[1])
    return total


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

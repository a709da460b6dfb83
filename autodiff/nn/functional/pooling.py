"""The pools of nn.functional, which tell on request where the largest elements stand, and those that are made of other pools.

After this module a reader knows that a norm over windows is a mean of powers, its root, and a count between the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.api import adaptive_pooling as adaptive
from autodiff.api import pooling as api
from autodiff.api._calls import takes_tensors
from autodiff.api._windows import each

__all__ = [
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_pool1d",
    "max_pool2d", "max_pool3d",
]

Ints = int | Sequence[int]


# ---- the largest ----


@takes_tensors
def max_pool1d(
    input: Tensor, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, dilation: Ints = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:
    """The largest of each window of (batch, channels, length), and with return_indices where it stands.

    >>> import autodiff as torch
    >>> torch.nn.functional.max_pool1d(torch.tensor([[1.0, 3.0, 2.0, 5.0]]), 2, return_indices=True)
    (tensor([[3., 5.]]), tensor([[1, 3]]))
    """
    function = api.max_pool1d_with_indices if return_indices else api.max_pool1d
    return function(input, kernel_size, stride, padding, dilation, ceil_mode)


@takes_tensors
def max_pool2d(
    input: Tensor, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, dilation: Ints = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:
    """The largest of each window of (batch, channels, height, width), and with return_indices where it stands.

    >>> import autodiff as torch
    >>> torch.nn.functional.max_pool2d(torch.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    function = api.max_pool2d_with_indices if return_indices else api.max_pool2d
    return function(input, kernel_size, stride, padding, dilation, ceil_mode)


@takes_tensors
def max_pool3d(
    input: Tensor, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, dilation: Ints = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:
    """The largest of each window of (batch, channels, depth, height, width), and with return_indices where it stands.

    >>> import autodiff as torch
    >>> torch.nn.functional.max_pool3d(torch.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    function = api.max_pool3d_with_indices if return_indices else api.max_pool3d
    return function(input, kernel_size, stride, padding, dilation, ceil_mode)


@takes_tensors
def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest of each of output_size windows over (batch, channels, length), and with return_indices where it stands.

    >>> import autodiff as torch
    >>> torch.nn.functional.adaptive_max_pool1d(torch.tensor([[1.0, 3.0, 5.0]]), 2)
    tensor([[3., 5.]])
    """
    both = adaptive.adaptive_max_pool1d(input, output_size)
    return both if return_indices else both[0]


@takes_tensors
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest of each window over (batch, channels, height, width), and with return_indices where it stands.

    output_size is one number for both dimensions or one for each, None for the input's own.

    >>> import autodiff as torch
    >>> torch.nn.functional.adaptive_max_pool2d(torch.arange(16.0).reshape(1, 4, 4), (1, 2))
    tensor([[[13., 15.]]])
    """
    both = adaptive.adaptive_max_pool2d(input, output_size)
    return both if return_indices else both[0]


@takes_tensors
def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest of each window over (batch, channels, depth, height, width), and with return_indices where it stands.

    >>> import autodiff as torch
    >>> torch.nn.functional.adaptive_max_pool3d(torch.arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[7.]]]])
    """
    both = adaptive.adaptive_max_pool3d(input, output_size)
    return both if return_indices else both[0]


# ---- norms ----


def _lp_pool(n: int, input: Tensor, norm_type: Any, kernel_size: Any, stride: Any, ceil_mode: bool) -> Tensor:
    kernel = each(f"lp_pool{n}d", "kernel_size", kernel_size, n)
    average = (api.avg_pool1d, api.avg_pool2d, api.avg_pool3d)[n - 1]
    largest = (api.max_pool1d, api.max_pool2d, api.max_pool3d)[n - 1]
    if norm_type == math.inf:
        return largest(input.abs(), kernel, stride, 0, 1, ceil_mode)
    if norm_type == -math.inf:
        return -largest(-input.abs(), kernel, stride, 0, 1, ceil_mode)
    means = average(input.pow(norm_type), kernel, stride, 0, ceil_mode)
    return (means.sign() * means.abs().relu()).mul(math.prod(kernel)).pow(1.0 / norm_type)


@takes_tensors
def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
) -> Tensor:
    """(the sum of x**p over each window)**(1/p) for p = norm_type, of (batch, channels, length); inf: the largest |x|.

    >>> import autodiff as torch
    >>> torch.nn.functional.lp_pool1d(torch.tensor([[3.0, 4.0, 5.0, 12.0]]), 2, 2)
    tensor([[ 5., 13.]])
    """
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


@takes_tensors
def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
) -> Tensor:
    """(the sum of x**p over each window)**(1/p) for p = norm_type, of (batch, channels, height, width).

    >>> import autodiff as torch
    >>> torch.nn.functional.lp_pool2d(torch.tensor([[[1.0, 1.0], [1.0, 1.0]]]), 2, 2)
    tensor([[[2.]]])
    """
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


@takes_tensors
def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
) -> Tensor:
    """(the sum of x**p over each window)**(1/p) for p = norm_type, of (batch, channels, depth, height, width).

    >>> import autodiff as torch
    >>> torch.nn.functional.lp_pool3d(torch.ones(1, 2, 2, 2), 1, 2)
    tensor([[[[8.]]]])
    """
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)

"""The two gradients of a convolution as functions of their own: of its input, and of its weight.

After this module a reader knows that neither asks for the result of the convolution: what comes back and the other factor are
enough, because a convolution is linear in each of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.api._calls import size_of, takes_tensors
from autodiff.api.convolution import geometry
from autodiff.ops import convolution as ops

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]

Ints = int | Sequence[int]


def _geometry(function: str, input: Tensor, weight: Tensor, grad_output: Tensor, numbers: tuple[Any, ...]) -> tuple[Any, int]:
    """The windows of the convolution and its groups; RuntimeError where it would not give something like grad_output."""
    n = weight._array.ndim - 2
    if n < 1 or input._array.ndim != n + 2:
        raise RuntimeError(
            f"{function}: Expected {n + 2}-dimensional input for {n + 2}-dimensional weight {list(weight.shape)}, but got "
            f"{input.ndim}-dimensional input of size {list(input.shape)} instead"
        )
    stride, padding, dilation, groups = numbers
    windows, groups = geometry(n, input, weight, None, stride, padding, dilation, groups)
    made = (input.shape[0], weight.shape[0], *windows.size)
    if tuple(grad_output.shape) != made or grad_output.dtype is not input.dtype:
        raise RuntimeError(
            f"{function}: the convolution makes a tensor of size {list(made)} and dtype {input.dtype}, but grad_output has the "
            f"size {list(grad_output.shape)} and the dtype {grad_output.dtype}"
        )
    return windows, groups


def _like(size: Any, example: Tensor) -> Tensor:
    """A tensor of that size and the example's dtype, which has one element in memory: nobody reads its elements."""
    return example.new_zeros(()).expand(size_of((size,)))


def _to_input(function: str, size: Any, weight: Tensor, grad_output: Tensor, numbers: tuple[Any, ...]) -> Tensor:
    windows, groups = _geometry(function, _like(size, grad_output), weight, grad_output, numbers)
    return ops.transposed_convolution(grad_output, weight, None, windows=windows, groups=groups)


def _to_weight(function: str, input: Tensor, size: Any, grad_output: Tensor, numbers: tuple[Any, ...]) -> Tensor:
    windows, groups = _geometry(function, input, _like(size, input), grad_output, numbers)
    return ops.convolution_weight(grad_output, input, windows=windows, groups=groups)


@takes_tensors
def conv1d_input(
    input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Ints = 1, padding: Ints = 0, dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """dL/dx of y = conv1d(x, weight), from grad_output = dL/dy: every element of it spread by the weight's taps.

    input_size is (batch, channels, length), the size of x and of the result; the options are those of `conv1d`. RuntimeError
    where the sizes do not fit.

    >>> import autodiff as torch
    >>> torch.nn.grad.conv1d_input((1, 1, 3), torch.tensor([[[1.0, 10.0]]]), torch.ones(1, 1, 2))
    tensor([[[ 1., 11., 10.]]])
    """
    return _to_input("conv1d_input", input_size, weight, grad_output, (stride, padding, dilation, groups))


@takes_tensors
def conv1d_weight(
    input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Ints = 1, padding: Ints = 0, dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """dL/dw of y = conv1d(input, w), from grad_output = dL/dy: for each tap the sum of grad_output times what the tap met.

    weight_size is (out, channels / groups, taps), the size of w and of the result; the options are those of `conv1d`.
    RuntimeError where the sizes do not fit.

    >>> import autodiff as torch
    >>> torch.nn.grad.conv1d_weight(torch.tensor([[[1.0, 2.0, 4.0]]]), (1, 1, 2), torch.ones(1, 1, 2))
    tensor([[[3., 6.]]])
    """
    return _to_weight("conv1d_weight", input, weight_size, grad_output, (stride, padding, dilation, groups))


@takes_tensors
def conv2d_input(
    input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Ints = 1, padding: Ints = 0, dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """dL/dx of y = conv2d(x, weight), from grad_output = dL/dy; input_size is (batch, channels, height, width).

    >>> import autodiff as torch
    >>> torch.nn.grad.conv2d_input((1, 1, 2, 2), torch.ones(1, 1, 2, 1), torch.ones(1, 1, 1, 2))
    tensor([[[[1., 1.],
              [1., 1.]]]])
    """
    return _to_input("conv2d_input", input_size, weight, grad_output, (stride, padding, dilation, groups))


@takes_tensors
def conv2d_weight(
    input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Ints = 1, padding: Ints = 0, dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """dL/dw of y = conv2d(input, w), from grad_output = dL/dy; weight_size is (out, channels / groups, rows, columns).

    >>> import autodiff as torch
    >>> torch.nn.grad.conv2d_weight(torch.ones(1, 1, 2, 2), (1, 1, 2, 1), torch.ones(1, 1, 1, 2))
    tensor([[[[2.],
              [2.]]]])
    """
    return _to_weight("conv2d_weight", input, weight_size, grad_output, (stride, padding, dilation, groups))


@takes_tensors
def conv3d_input(
    input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Ints = 1, padding: Ints = 0, dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """dL/dx of y = conv3d(x, weight), from grad_output = dL/dy; input_size is (batch, channels, depth, height, width).

    >>> import autodiff as torch
    >>> torch.nn.grad.conv3d_input((1, 1, 1, 1, 2), torch.ones(1, 1, 1, 1, 2), torch.ones(1, 1, 1, 1, 1)).flatten()
    tensor([1., 1.])
    """
    return _to_input("conv3d_input", input_size, weight, grad_output, (stride, padding, dilation, groups))


@takes_tensors
def conv3d_weight(
    input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Ints = 1, padding: Ints = 0, dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """dL/dw of y = conv3d(input, w), from grad_output = dL/dy; weight_size is (out, channels / groups, *kernel).

    >>> import autodiff as torch
    >>> torch.nn.grad.conv3d_weight(torch.ones(1, 1, 1, 1, 2), (1, 1, 1, 1, 2), torch.ones(1, 1, 1, 1, 1)).flatten()
    tensor([1., 1.])
    """
    return _to_weight("conv3d_weight", input, weight_size, grad_output, (stride, padding, dilation, groups))

"""The norms as PyTorch calls them: over which dimensions mean and variance are taken, and what is refused.

After this module a reader knows that layer, batch, group and instance norm differ in nothing but the shape in which the input
is seen and the dimensions that are averaged over, and how running statistics are kept while a model trains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.graph import renamed
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.unlike import unlike
from autodiff._core.views import edge_of
from autodiff.api._calls import number, takes_tensors, whole
from autodiff.api.shape import reshape
from autodiff.ops import normalization as ops
from autodiff.ops.power import rsqrt

_batch_norm = renamed(ops.normalized, "NativeBatchNorm")
_group_norm = renamed(ops.normalized, "NativeGroupNorm")


def _floating(input: Tensor, name: str, *given: Tensor | None) -> Any:
    """The input's dtype, which those that are given have too; beside a float16 they may be float32."""
    dtype = input._array.dtype
    if dtype.kind != "f":
        raise NotImplementedError(f'"{name}" not implemented for {input.dtype}; convert the input with x.float()')
    for each in given:
        if each is not None and each._array.dtype != dtype and (dtype.char != "e" or each._array.dtype.char != "f"):
            raise RuntimeError(
                f"mixed dtype (CPU): all inputs must share same datatype: {name} got an input of {input.dtype}, and beside it "
                f"a tensor of {each.dtype}{unlike(input, each, b_is='weight')}"
            )
    return dtype


def _affine(weight: Tensor | None, bias: Tensor | None, dtype: Any, size: tuple[int, ...], shape: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias in a shape that fits the input; 1 and 0 of `size` for those that are not given."""
    if weight is None or bias is None:
        single = np.dtype(np.float32) if dtype.char == "e" else dtype
        weight = wrap(np.ones(size, single)) if weight is None else weight
        bias = wrap(np.zeros(size, single)) if bias is None else bias
    return (weight, bias) if shape == size else (reshape(weight, shape), reshape(bias, shape))


# ---- over the last dimensions ----


def _normalized_dims(name: str, input: Tensor, normalized_shape: Any, **given: Tensor | None) -> tuple[int, ...]:
    """The shape that is normalized, as ints; RuntimeError where the input or what is given does not end in it."""
    if not isinstance(normalized_shape, (tuple, list)):
        kind = type(normalized_shape).__name__
        raise TypeError(f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints, not {kind}")
    shape = tuple(whole(name, "normalized_shape", n) for n in normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for word, each in given.items():
        if each is not None and each._array.shape != shape:
            raise RuntimeError(
                f"Expected {word} to be of same shape as normalized_shape, but got {word} of shape {list(each.shape)} and "
                f"normalized_shape = {list(shape)}"
            )
    if input._array.shape[-len(shape) :] != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}], but got "
            f"input of size{list(input.shape)}"
        )
    return shape


@takes_tensors
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) * weight + bias, over the last dimensions (Ba et al. 2016).

    `normalized_shape` is the shape of these, and of weight and bias; RuntimeError where they differ. The result has the input's
    shape and dtype, which is a floating one.

    >>> import autodiff as torch
    >>> torch.layer_norm(torch.tensor([[1.0, 2.0, 3.0]]), (3,))
    tensor([[-1.2247,  0.0000,  1.2247]])
    """
    shape = _normalized_dims("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    dtype = _floating(input, "layer_norm", weight, bias)
    ndim = input._array.ndim
    weight, bias = _affine(weight, bias, dtype, shape, shape)
    axes = tuple(range(ndim - len(shape), ndim))
    eps = float(number("layer_norm", "eps", eps))
    return ops.normalized(input, weight, bias, shape=input._array.shape, axes=axes, eps=eps)[0]


@takes_tensors
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x / sqrt(mean(x**2) + eps) * weight, over the last dimensions (Zhang and Sennrich 2019).

    `normalized_shape` is the shape of these, and of the weight; RuntimeError where they differ, ValueError for an input of
    fewer dimensions. Without eps it is the smallest difference from 1 that the dtype has.

    >>> import autodiff as torch
    >>> torch.rms_norm(torch.tensor([[3.0, 4.0]]), (2,))
    tensor([[0.8485, 1.1314]])
    """
    if isinstance(normalized_shape, (tuple, list)) and input._array.ndim < len(normalized_shape):
        raise ValueError(f"Input tensor must have at least {len(normalized_shape)} dimensions, but got {input._array.ndim}")
    shape = _normalized_dims("rms_norm", input, normalized_shape, weight=weight)
    dtype = _floating(input, "rms_norm")
    eps = float(np.finfo(dtype).eps) if eps is None else float(number("rms_norm", "eps", eps))
    wide = input.float() if dtype.char == "e" else input
    dims = tuple(range(input._array.ndim - len(shape), input._array.ndim))
    y = wide * rsqrt((wide * wide).mean(dims, keepdim=True) + eps)
    y = y if weight is None else y * weight
    return y if y._array.dtype == dtype else y.to(input.dtype)


# ---- over examples and places, for each channel ----


def _check_channels(name: str, channels: int, **given: Tensor | None) -> None:
    for word, each in given.items():
        if each is not None and each._array.size != channels:
            raise RuntimeError(f"{word} should contain {channels} elements not {each.numel()}")
        if word.startswith("running") and each is not None and each._array.ndim != 1:
            raise RuntimeError(f"{word} should have 1 dimension, a number for each channel, but has shape {list(each.shape)}")
        if word.startswith("running") and each is not None and edge_of(each) is not None:
            raise RuntimeError(
                f"The function 'native_{name}' is not differentiable with respect to argument '{word}'. This input cannot have "
                "requires_grad True: running statistics are computed, not learned; keep them in a buffer, or use detach()"
            )


def _keep_up(running: Tensor | None, found: Any, momentum: float) -> None:
    """running = (1 - momentum) * running + momentum * found, in the memory of the tensor."""
    if running is not None:
        kept = running._array
        with np.errstate(over="ignore"):  # what is too large for float16 is inf there, as in PyTorch
            kept[...] = ((1 - momentum) * kept.astype(np.float64) + momentum * found.reshape(kept.shape)).astype(kept.dtype)


def _nothing(input: Tensor, weight: Tensor | None, bias: Tensor | None, channels: int, **running: Tensor | None) -> Tensor:
    """No numbers, normalized: of whatever dtypes weight and bias are, they get a gradient of zeros."""
    _check_channels("batch_norm", channels, **running, weight=weight, bias=bias)
    _floating(input, "batch_norm")
    given = [each.to(dtype=input.dtype).sum() for each in (weight, bias) if each is not None]
    return input.clone() if not given else input * sum(given[1:], given[0])


@takes_tensors
def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) * weight + bias for each channel, dimension 1 (Ioffe and Szegedy 2015).

    In training mean and variance are those of the input, over all other dimensions, and running_mean and running_var, where
    they are given, move towards them by `momentum`; else they are those two. RuntimeError where these, the weight and the bias
    have not one number for each channel.

    >>> import autodiff as torch
    >>> torch.batch_norm(torch.tensor([[1.0], [3.0]]), None, None, None, None, True, 0.1, 0.0, False)
    tensor([[-1.],
            [ 1.]])
    """
    x = input._array
    if not x.ndim:
        raise RuntimeError("batch_norm: the input is a single number, without a dimension of channels")
    channels = x.shape[1] if x.ndim > 1 else 0
    if not x.size:
        return _nothing(input, weight, bias, channels, running_mean=running_mean, running_var=running_var)
    if not training and (running_mean is None or running_var is None):
        raise RuntimeError(f"running_{'mean' if running_mean is None else 'var'} must be defined in evaluation mode")
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    _check_channels("batch_norm", channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    dtype = _floating(input, "batch_norm", weight, bias, running_mean, running_var)
    momentum, eps = float(number("batch_norm", "momentum", momentum)), float(number("batch_norm", "eps", eps))
    by_channel = (channels, *(1,) * (x.ndim - 2))
    weight, bias = _affine(weight, bias, dtype, (channels,), by_channel)
    if not training:
        given = [r._array.astype(np.float64).reshape(by_channel) for r in (running_mean, running_var) if r is not None]
        mean, spread = given
        single = np.float64 if dtype.char == "d" else np.float32
        with np.errstate(all="ignore"):
            centre, scale = mean.astype(single), (1.0 / np.sqrt(spread + eps)).astype(single)
        return ops.rescaled(input, weight, bias, centre=centre, scale=scale)
    axes = (0, *range(2, x.ndim))
    results: Any = _batch_norm(input, weight, bias, shape=x.shape, axes=axes, eps=eps)
    y: Tensor = results[0]
    found, rest, variance = (each._array.astype(np.float64) for each in results[1:4])
    if running_mean is not None and x.size:
        n = x.size // channels
        _keep_up(running_mean, found + rest, momentum)
        _keep_up(running_var, variance * (n / max(n - 1, 1)), momentum)
    return y


def _repeated(running: Any, examples: int, input: Tensor) -> Tensor:
    """Statistics of the channels for each example, in the input's dtype; a float16 input has them in float32, too."""
    dtype = input._array.dtype
    many = np.tile(running, examples)
    return wrap(many if dtype.char == "e" and many.dtype.char == "f" else many.astype(dtype, copy=False))


@takes_tensors
def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """Batch norm for each example by itself: mean and variance over the places alone (Ulyanov et al. 2016).

    The examples count as channels of one example. running_mean and running_var, where they are given, move towards the averages
    over the examples; without `use_input_stats` they are taken instead. RuntimeError for sizes that do not fit.

    >>> import autodiff as torch
    >>> torch.instance_norm(torch.tensor([[[1.0, 3.0]]]), None, None, None, None, True, 0.1, 0.0, False)
    tensor([[[-1.,  1.]]])
    """
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    shape = input._array.shape
    examples, channels = (*shape, 0, 0)[:2] if len(shape) > 1 else (1, 0)
    each = (examples,)
    many_weights, many_biases = (None if t is None else t.repeat(each) for t in (weight, bias))
    for word, t in (("running_mean", running_mean), ("running_var", running_var)):
        if t is not None and t._array.ndim != 1:
            raise RuntimeError(f"{word} should have 1 dimension, a number for each channel, but has shape {list(t.shape)}")
    means, variances = (None if t is None else _repeated(t._array, examples, input) for t in (running_mean, running_var))
    seen = reshape(input, (1, examples * channels, *shape[2:]))
    y = batch_norm(seen, many_weights, many_biases, means, variances, use_input_stats, momentum, eps, cudnn_enabled)
    if use_input_stats and examples:
        for kept, found in ((running_mean, means), (running_var, variances)):
            if kept is not None and found is not None:
                averages = found._array.reshape(examples, -1).mean(0, dtype=np.float64)
                kept._array[...] = averages.reshape(kept._array.shape).astype(kept._array.dtype)
    return reshape(y, shape)


@takes_tensors
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enabled: bool = True,
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) * weight + bias, for each example over groups of channels (Wu and He 2018).

    The channels, dimension 1, are cut into `num_groups` groups of neighbours; RuntimeError where that cannot be done, and where
    weight or bias has not one number for each channel.

    >>> import autodiff as torch
    >>> torch.group_norm(torch.tensor([[1.0, 3.0, 5.0, 9.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    groups = whole("group_norm", "num_groups", num_groups)
    shape = input._array.shape
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {groups}")
    examples, channels = shape[:2]
    if channels % groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(shape)} and "
            f"num_groups={groups}"
        )
    for word, each in (("weight", weight), ("bias", bias)):
        if each is not None and each._array.shape != (channels,):
            raise RuntimeError(
                f"Expected {word} to be a vector of size equal to the number of channels in input, but got {word} of shape "
                f"{list(each.shape)} and input of shape {list(shape)}"
            )
    dtype = _floating(input, "group_norm", weight, bias)
    eps = float(number("group_norm", "eps", eps))
    size = channels // groups
    weight, bias = _affine(weight, bias, dtype, (channels,), (groups, size, 1))
    seen = (examples, groups, size, math.prod(shape[2:]))
    return _group_norm(input, weight, bias, shape=seen, axes=(2, 3), eps=eps)[0]

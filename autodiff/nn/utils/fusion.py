"""A layer and the batch normalisation behind it made one layer, for evaluation.

After this module a reader knows that a normalisation by fixed numbers is linear: it can be multiplied into the weight before
it.
"""

from __future__ import annotations

import copy
from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.tensor import Tensor
from autodiff.nn.parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]


def _fused(layer: Any, weights: tuple[Parameter, Parameter]) -> Any:
    twin = copy.deepcopy(layer)
    twin.weight, twin.bias = weights
    return twin


def _check(layer: Any, bn: Any) -> None:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A copy of a convolution that does what it and the batch normalisation behind it do; AssertionError in training.

    >>> import autodiff as torch
    >>> conv, bn = torch.nn.Conv1d(2, 3, 1).eval(), torch.nn.BatchNorm1d(3).eval()
    >>> x = torch.ones(1, 2, 4)
    >>> torch.allclose(torch.nn.utils.fusion.fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)), atol=1e-6)
    True
    """
    _check(conv, bn)
    stats = bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    return _fused(conv, fuse_conv_bn_weights(conv.weight, conv.bias, *stats, transpose))


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A copy of a linear layer that does what it and the batch normalisation behind it do; AssertionError in training.

    >>> import autodiff as torch
    >>> linear, bn = torch.nn.Linear(2, 3).eval(), torch.nn.BatchNorm1d(3).eval()
    >>> x = torch.ones(1, 2)
    >>> torch.allclose(torch.nn.utils.fusion.fuse_linear_bn_eval(linear, bn)(x), bn(linear(x)), atol=1e-6)
    True
    """
    _check(linear, bn)
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    stats = bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    return _fused(linear, fuse_linear_bn_weights(linear.weight, linear.bias, *stats))


def _scaled(
    w: Tensor, b: Tensor | None, mean: Tensor, var: Tensor, eps: float, weight: Any, bias: Any, shape: list[int]
) -> tuple[Parameter, Parameter]:
    """w and b, followed by (y - mean) / sqrt(var + eps) * weight + bias."""
    scale = (var + eps).rsqrt() * (1.0 if weight is None else weight)
    moved = ((0.0 if b is None else b) - mean) * scale + (0.0 if bias is None else bias)
    needs = w.requires_grad, b is not None and b.requires_grad
    return (
        Parameter((w * scale.reshape(shape)).to(dtype=w.dtype).detach(), needs[0]),
        Parameter(moved.to(dtype=w.dtype if b is None else b.dtype).detach(), needs[1]),
    )


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None,
    bn_b: Tensor | None, transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a convolution that is followed by a batch normalisation; `transpose` for a transposed one.

    >>> import autodiff as torch
    >>> one = torch.ones(1)
    >>> w, b = torch.nn.utils.fusion.fuse_conv_bn_weights(torch.ones(1, 1, 1), None, one, one, 0.0, 2 * one, one)
    >>> w.item(), b.item()
    (2.0, -1.0)
    """
    lead = [1, -1] if transpose else [-1, 1]
    return _scaled(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, lead + [1] * (conv_w.ndim - 2))


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor, bn_b: Tensor
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a linear layer that is followed by a batch normalisation.

    >>> import autodiff as torch
    >>> one = torch.ones(1)
    >>> w, b = torch.nn.utils.fusion.fuse_linear_bn_weights(torch.ones(1, 1), None, one, one, 0.0, 2 * one, one)
    >>> w.item(), b.item()
    (2.0, -1.0)
    """
    return _scaled(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, [-1, 1])


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)

"""Losses that ask for a margin: right by a distance, not just right.

After this module a reader knows that a margin is a threshold on a difference: what is beyond it costs nothing and has no slope.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import misfit
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, reduction_of, takes_tensors
from autodiff.api.activation import logsigmoid
from autodiff.api.losses import reduced
from autodiff.ops.activation import relu
from autodiff.ops.comparison import where
from autodiff.ops.exponential import logaddexp
from autodiff.ops.places import blanked, gather, index_select


@takes_tensors
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -target * (input1 - input2) + margin): for target 1 input1 should be larger by the margin, for -1 input2.

    The shapes are broadcast. RuntimeError for different numbers of dimensions.

    >>> import autodiff as torch
    >>> a, b = torch.tensor([1.0, 1.0]), torch.tensor([0.0, 3.0])
    >>> torch.nn.functional.margin_ranking_loss(a, b, torch.ones(2))
    tensor(1.)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if len({x._array.ndim for x in (input1, input2, target)}) > 1:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return reduced((-target * (input1 - input2) + number("margin_ranking_loss", "margin", margin)).clamp_min(0), reduction)


@takes_tensors
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`input`, a distance, where the target is 1, and max(0, margin - input) where it is -1.

    >>> import autodiff as torch
    >>> distance = torch.tensor([0.5, 0.5])
    >>> torch.nn.functional.hinge_embedding_loss(distance, torch.tensor([1, -1]), margin=2.0, reduction="none")
    tensor([0.5000, 1.5000])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if error := misfit("hinge_embedding_loss", (input._array.shape, target._array.shape)):
        raise error
    zeros = wrap(np.zeros((), input._array.dtype))
    short = (number("hinge_embedding_loss", "margin", margin) - input).clamp_min(0)
    return reduced(where(target != 1, short, zeros) + where(target != -1, input, zeros), reduction)


@takes_tensors
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-target * input)), without overflow, for targets 1 and -1: the logistic loss.

    NotImplementedError for integers, RuntimeError for a target whose broadcasting would make the input larger.

    >>> import autodiff as torch
    >>> torch.nn.functional.soft_margin_loss(torch.tensor([0.0]), torch.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f'"soft_margin_loss" not implemented for {scalar_type(input._array)!r}; use x.float()')
    shapes = input._array.shape, target._array.shape
    if error := misfit("soft_margin_loss", shapes):
        raise error
    if (wide := np.broadcast_shapes(*shapes)) != shapes[0]:
        raise RuntimeError(
            f"soft_margin_loss(): output with shape {list(shapes[0])} doesn't match the broadcast shape {list(wide)}: give the "
            "target the shape of the input"
        )
    score = -target.to(input.dtype) * input
    return reduced(logaddexp(score, wrap(np.zeros((), input._array.dtype))), reduction)


# ---- classes ----


def _rows(name: str, input: Tensor) -> Tensor:
    """The input as rows of scores; a vector is one row."""
    shape = input._array.shape
    if len(shape) > 2 or shape[-1:] == (0,):
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(shape)}")
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f'"{name}" not implemented for {scalar_type(input._array)!r}; use x.float()')
    return input if len(shape) == 2 else input.reshape(1, max(input._array.size, 1))


def _classes(target: Tensor) -> Any:
    if target._array.dtype != np.int64:
        raise RuntimeError(f"expected scalar type Long but found {scalar_type(target._array)}: use target.long()")
    return target._array.copy()  # the gradient needs them, and the user may write over the tensor


@takes_tensors
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over all C classes of weight[target] * max(0, margin - input[target] + input[i])**p, i not the target.

    `input` is (N, C) or (C,), `target` the class numbers, (N,) or one. ValueError for another p than 1 and 2, RuntimeError for
    sizes that don't fit, a class that does not exist, and a weight that requires a gradient.

    >>> import autodiff as torch
    >>> torch.nn.functional.multi_margin_loss(torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([3]))
    tensor(0.3250)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight._array.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    x, y = _rows("multi_margin_loss", input), _classes(target)
    n, c = x._array.shape
    if y.size != n or y.ndim > 1:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
            f"Expected target size [{n}], but got {list(y.shape)}. Input has shape {list(input.shape)}."
        )
    if y.size and not 0 <= y.min() <= y.max() < c:
        raise RuntimeError(f"target out of range: classes are 0 to {c - 1}")
    places = y.reshape(n, 1)
    over = relu(number("multi_margin_loss", "margin", margin) - gather(x, axis=1, places=places) + x)
    over = blanked(over if p == 1 else over * over, mask=np.arange(c) == places)
    if weight is not None:
        over = over * index_select(_class_weight(weight, x), axis=0, places=y.reshape(n)).reshape(n, 1)
    loss = over.sum(1) / c
    return loss.reshape(y.shape) if reduction == "none" else reduced(loss, reduction)


def _class_weight(weight: Tensor, x: Tensor) -> Tensor:
    if weight._array.shape != x._array.shape[1:]:
        raise RuntimeError(f"inconsistent weight size, expected {x.shape[1]} but got {list(weight.shape)}")
    if weight._array.dtype != x._array.dtype:
        raise RuntimeError(f"expected scalar type {scalar_type(x._array)} but found {scalar_type(weight._array)}")
    if weight.requires_grad:
        raise RuntimeError(
            "The function 'multi_margin_loss' is not differentiable with respect to argument 'weight'. This input cannot have "
            "requires_grad True."
        )
    return weight


@takes_tensors
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The sum over the true classes t and the others i of max(0, 1 - (input[t] - input[i])), divided by the number C of all.

    `input` is (N, C) or (C,); `target`, of the same shape, names the true classes of each row, up to the first -1.
    RuntimeError for another shape and a class that does not exist.

    >>> import autodiff as torch
    >>> x, y = torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]])
    >>> torch.nn.functional.multilabel_margin_loss(x, y)
    tensor(0.8500)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    x, y = _rows("multilabel_margin_loss", input), _classes(target)
    n, c = x._array.shape
    if y.shape != input._array.shape:
        raise RuntimeError(f"inconsistent target size: {list(y.shape)} for input of size: {list(input.shape)}")
    if y.size and not -1 <= y.min() <= y.max() < c:
        raise RuntimeError(f"argument #2 'target' is out of range: classes are 0 to {c - 1}, and -1 ends their list")
    y = y.reshape(n, c)
    named = np.logical_and.accumulate(y >= 0, 1)
    places = np.where(named, y, 0)
    true = np.zeros((n, c), bool)
    true[np.nonzero(named)[0], places[named]] = True
    chosen = gather(x, axis=1, places=places)
    over = relu(1 - chosen.unsqueeze(2) + x.unsqueeze(1))
    loss = blanked(over, mask=~named[:, :, None] | true[:, None, :]).sum((1, 2)) / c
    return loss.reshape(input._array.shape[:-1]) if reduction == "none" else reduced(loss, reduction)


@takes_tensors
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes of -(t log sigmoid(x) + (1 - t) log sigmoid(-x)): a yes or no for each class.

    `input` and `target` are (N, C) or (C,), `weight` is broadcast to them. ValueError for another reduction.

    >>> import autodiff as torch
    >>> torch.nn.functional.multilabel_soft_margin_loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    classes = input._array.ndim - 1  # counted in the input, of which a target may be a batch
    return reduced(loss.sum(classes) / input._array.shape[classes], reduction)

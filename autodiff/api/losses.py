"""The other losses as PyTorch calls them: what shapes and dtypes they take, and how a loss per element is reduced.

After this module a reader knows the three reductions, and that a target of another shape is broadcast with a warning, since
it is nearly always a mistake.
"""

from __future__ import annotations

import warnings

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import misfit, to_a_tensor
from autodiff._core.promotion import cast
from autodiff._core.provenance import stacklevel
from autodiff._core.teaching import teach
from autodiff._core.tensor import Tensor
from autodiff.api._calls import converted, number, reduction_of, takes_tensors
from autodiff.api._targets import of_two_classes
from autodiff.api.reduce import mean
from autodiff.ops import losses as ops
from autodiff.ops.arithmetic import abs as abs_
from autodiff.ops.comparison import where
from autodiff.ops.exponential import log
from autodiff.ops.power import square
from autodiff.ops.reduce import sum_all


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The loss per element, reduced in the graph."""
    return loss if reduction == "none" else sum_all(loss) if reduction == "sum" else mean(loss)


# ---- numbers ----


def _with_a_fraction(x: Tensor, t: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """NotImplementedError for two tensors of integers, among which a loss would be rounded, and wrap around."""
    if x._array.dtype.kind != "f" and t._array.dtype.kind != "f":
        raise NotImplementedError(f'"{name}" not implemented for {x.dtype} and {t.dtype}; use .float()')
    return x, t


def _same_size(input: Tensor, target: Tensor, name: str) -> tuple[Tensor, Tensor]:
    if not isinstance(input, Tensor) or not isinstance(target, Tensor):
        wrong = input if not isinstance(input, Tensor) else target
        raise TypeError(f"{name}(): input and target must be Tensors, not {type(wrong).__name__}; {to_a_tensor(wrong)}")
    a, b = input._array.shape, target._array.shape
    if a == b:
        return input, target
    theirs = (
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely lead "
        "to incorrect results due to broadcasting. Please ensure they have the same size."
    )
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError as error:
        warnings.warn(theirs, UserWarning, stacklevel=stacklevel())
        raise misfit(name, (a, b), " of the input and the target") or error from None
    teach("AD027", _broadcast(a, b, shape), theirs)
    return input.expand(shape), target.expand(shape)


def _broadcast(a: tuple[int, ...], b: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """What becomes of the two shapes, and what to write."""
    if a == (*b, 1):
        return f"Each prediction is compared with each target, {list(shape)}: write input.squeeze(-1)."
    if b == (*a, 1):
        return f"Each prediction is compared with each target, {list(shape)}: write target.squeeze(-1)."
    return f"Both are repeated to {list(shape)}: bring the target to the shape {list(a)}, by reshape or unsqueeze."


def _weighted(loss: Tensor, weight: Tensor, input: Tensor, reduction: str) -> Tensor:
    if weight._array.shape != input._array.shape:
        raise ValueError("Weights and input must have the same size.")
    total = loss * weight
    if reduction == "none":
        return total
    return sum_all(total) if reduction == "sum" else sum_all(total) / sum_all(weight)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The mean (or sum) of (input - target)**2; with `weight` the weighted mean.

    A target of another shape is broadcast, with a warning. RuntimeError for shapes that do not fit and for integers.

    >>> import autodiff as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(5.)
    """
    x, t = _with_a_fraction(*_same_size(input, target, "mse_loss"), "mse_loss")
    reduction = reduction_of(reduction, size_average, reduce)
    if weight is not None:
        return _weighted(square(x - t), weight, input, reduction)
    return ops.mse_loss(x, t, reduction=reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The mean (or sum) of |input - target|; with `weight` the weighted mean.

    >>> import autodiff as torch
    >>> torch.nn.functional.l1_loss(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(2.)
    """
    x, t = _same_size(input, target, "l1_loss")
    reduction = reduction_of(reduction, size_average, reduce)
    loss = abs_(x - t)
    return reduced(loss, reduction) if weight is None else _weighted(loss, weight, input, reduction)


def _with_fractions(x: Tensor, t: Tensor, name: str) -> None:
    """NotImplementedError for integers alone, half of which need not be an integer."""
    if x._array.dtype.kind != "f" and t._array.dtype.kind != "f":
        raise NotImplementedError(f'"{name}" not implemented for {x.dtype}; convert the input with x.float()')


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """d**2 / (2 beta) where d = |input - target| < beta, else d - beta / 2 (Girshick 2015).

    >>> import autodiff as torch
    >>> torch.nn.functional.smooth_l1_loss(torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(1.3125)
    """
    x, t = _same_size(input, target, "smooth_l1_loss")
    reduction = reduction_of(reduction, size_average, reduce)
    _with_fractions(x, t, "smooth_l1_loss")
    beta = number("smooth_l1_loss", "beta", beta)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return reduced(abs_(x - t), reduction)
    _with_a_fraction(x, t, "smooth_l1_loss")
    return ops.smooth_l1_loss(x, t, reduction=reduction, beta=float(beta))


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d**2 / 2 where d = |input - target| <= delta, else delta * (d - delta / 2) (Huber 1964).

    With `weight`, "mean" is the mean of the weighted losses, as in PyTorch.

    >>> import autodiff as torch
    >>> torch.nn.functional.huber_loss(torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(1.3125)
    """
    x, t = _same_size(input, target, "huber_loss")
    reduction_of(reduction)
    _with_fractions(input, input, "huber_loss")  # the result is of its dtype
    delta = number("huber_loss", "delta", delta)
    if not delta > 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    _with_a_fraction(x, t, "huber_loss")
    if weight is not None:
        if weight._array.shape != input._array.shape:
            raise ValueError("Weights and input must have the same size.")
        loss = converted(ops.huber_loss(x, t, reduction="none", delta=float(delta)), input.dtype)
        return reduced(loss * weight, reduction)
    return converted(ops.huber_loss(x, t, reduction=reduction, delta=float(delta)), input.dtype)


# ---- probabilities ----


def _weight_of(weight: Tensor | None, input: Tensor) -> Tensor | float:
    """A weight of the input's shape and dtype; 1.0 for None."""
    return 1.0 if weight is None else converted(weight, input.dtype).expand(input._array.shape)


@takes_tensors
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(t log x + (1 - t) log(1 - x)) of probabilities x in [0, 1], the logarithms not below -100.

    `weight` is broadcast to the input. ValueError for a target of another shape, RuntimeError for one of another dtype and
    for numbers outside [0, 1].

    >>> import autodiff as torch
    >>> torch.nn.functional.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if input._array.shape != target._array.shape:
        theirs = (
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. Please "
            "ensure they have the same size."
        )
        raise ValueError(of_two_classes(theirs, input, target))
    if input._array.dtype != target._array.dtype:
        raise RuntimeError(
            f"Found dtype {scalar_type(target._array)} but expected {scalar_type(input._array)}: the target must have the "
            f"input's dtype, as in target.to({input.dtype}) (AD026)"
        )
    x = input._array
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise RuntimeError("all elements of input should be between 0 and 1; use binary_cross_entropy_with_logits for scores")
    t = target._array
    if t.size and not (t.min() >= 0 and t.max() <= 1):
        raise RuntimeError(
            f"all elements of target should be between 0 and 1, and these are between {t.min()} and {t.max()}: class 0 is "
            "0.0, class 1 is 1.0"
        )
    return ops.binary_cross_entropy(input, target, _weight_of(weight, input), reduction=reduction)


@takes_tensors
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross entropy of sigmoid(input), computed from the scores without overflow.

    (1 - t) x - (1 + (pos_weight - 1) t) log sigmoid(x); `weight` and `pos_weight` are broadcast to the input. ValueError for
    a target of another shape, RuntimeError for a target of integers.

    >>> import autodiff as torch
    >>> torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor([0.0]), torch.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if input._array.shape != target._array.shape:
        theirs = f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        raise ValueError(of_two_classes(theirs, input, target))
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f'"log_sigmoid" not implemented for {input.dtype}; convert the input with x.float()')
    if target._array.dtype.kind != "f":
        raise RuntimeError(
            f"result type {scalar_type(input._array)} can't be cast to the desired output type {scalar_type(target._array)}: "
            "input and target must be floating, as in target.float() (AD026)"
        )
    found = target._array.dtype
    if input._array.dtype != found:
        wider = np.promote_types(input._array.dtype, found)
        input, target = (x if x._array.dtype == wider else cast(x, dtype=wider) for x in (input, target))
        result = binary_cross_entropy_with_logits(input, target, weight, reduction=reduction, pos_weight=pos_weight)
        return result if wider == found else cast(result, dtype=found)  # PyTorch computes in place of 1 - target
    times = _weight_of(weight, input)
    if pos_weight is None:
        return ops.binary_cross_entropy_with_logits(input, target, times, reduction=reduction)
    p = _weight_of(pos_weight, input)
    return ops.binary_cross_entropy_of_weighted(input, target, times, p, reduction=reduction)


@takes_tensors
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """target * (log target - input) for log-probabilities `input`; "batchmean" divides the sum by the batch size.

    "mean", the default, is not the divergence, and warns; with `log_target` the target is given as logarithms as well.

    >>> import autodiff as torch
    >>> p = torch.tensor([[0.5, 0.5]])
    >>> torch.nn.functional.kl_div(torch.log(p), p, reduction="batchmean")
    tensor(0.)
    """
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides only "
            "by the batch size, and aligns with the KL div math definition.",
            UserWarning,
            stacklevel=2,
        )
    batch = reduction == "batchmean"
    reduction = "sum" if batch else reduction_of(reduction, size_average, reduce)
    if input._array.dtype.kind != "f" or target._array.dtype.kind != "f":
        raise RuntimeError(f"kl_div: Integral inputs not supported; got {input.dtype} and {target.dtype}, use .float()")
    if log_target:
        loss = target.exp() * (target - input)
    else:
        loss = target * log(where(target == 0.0, 1.0, target)) - target * input
    total = reduced(loss, reduction)
    return total / input.shape[0] if batch and input.ndim else total

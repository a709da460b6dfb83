"""Cross entropy as PyTorch calls it: of class numbers or of probabilities, for rows, images and single examples.

After this module a reader knows the four cases: what every classifier gives goes to the kernel at once; half precision is
computed in single; probabilities are a weighted sum; images and single examples are brought to rows of scores.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import no_tensor
from autodiff._core.graph import renamed
from autodiff._core.modes import mode
from autodiff._core.promotion import cast
from autodiff._core.refusals import refusal
from autodiff._core.teaching import teach
from autodiff._core.tensor import Tensor
from autodiff.api._calls import number, reduction_of, whole
from autodiff.api._targets import cured, out_of_range
from autodiff.api.activation import log_softmax
from autodiff.ops import cross_entropy as ops
from autodiff.ops.softmax import softmax

# For so many scores the gradient is computed with the loss. Of fewer it is quickly computed again, more are much to keep.
KEPT = range(2**12, 2**18 + 1)
_SOFTMAX = softmax.operation
_LONG = np.dtype(np.int64)  # comparing a dtype with a type takes longer than the loss of a small batch

# For images and sequences the node has another name, as in PyTorch.
_cross_entropy_2d = renamed(ops.cross_entropy, "NllLoss2D")
_nll_loss_2d = renamed(ops.nll_loss, "NllLoss2D")


# ---- what the two share ----


def _no_tensor(input: Any, target: Any, name: str) -> TypeError:
    word, position, x = ("target", 2, target) if isinstance(input, Tensor) else ("input", 1, input)
    return no_tensor(name, word, position, x)


def _of_probabilities(function: str, wanted: str) -> None:
    """The input is known for a softmax by its grad_fn: scores may well look like probabilities."""
    teach("AD025", f"{function}() takes {wanted}. Of probabilities its gradient is too small to learn by.")


def _rows_and_classes(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor, tuple[int, ...] | None]:
    """Scores (n, c), targets (n,), and the shape of an unreduced loss where it is not (n,)."""
    shape, wanted, dtype = input._array.shape, target._array.shape, target._array.dtype
    if not shape:
        raise ValueError("Expected 1 or more dimensions (got 0): the input's last or second dimension is the classes")
    if len(shape) == 1:
        if len(wanted) == 1 and wanted != (1,):
            theirs = f"For 1D input, 1D target must have size 1, but got target size: {wanted[0]}"
            raise ValueError(cured(theirs, input, target))
    elif not wanted or shape[0] != wanted[0]:
        theirs = f"Expected input batch_size ({shape[0]}) to match target batch_size ({wanted[0] if wanted else 'none'})."
        raise ValueError(cured(theirs, input, target))
    if len(shape) <= 2 and len(wanted) > 1:
        raise RuntimeError(cured("0D or 1D target tensor expected, multi-target not supported", input, target))
    if dtype is not _LONG and dtype != _LONG and dtype != np.uint8:
        theirs = f"expected target dtype to be Long or Byte, but got {scalar_type(target._array)}"
        raise RuntimeError(cured(theirs, input, target))
    if dtype is not _LONG:
        target = cast(target, dtype=_LONG)
    if len(shape) == 1:
        return input.unsqueeze(0), target.reshape(1), ()
    if len(shape) == 2:
        return input, target, None
    if shape[:1] + shape[2:] != wanted:
        theirs = f"Expected target size {list(shape[:1] + shape[2:])}, got {list(wanted)}"
        raise RuntimeError(cured(theirs, input, target))
    rows = input.permute(0, *range(2, len(shape)), 1).flatten(0, -2)
    return rows, target.reshape(-1), wanted


def _check_weight(weight: Tensor | None, input: Tensor, classes: int) -> None:
    if weight is None:
        return
    if weight._array.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    if weight._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"expected scalar type {scalar_type(input._array)} but found {scalar_type(weight._array)}: the weight must have "
            f"the input's dtype, as in weight.to({input.dtype})"
        )


def _shaped(loss: Tensor, shape: tuple[int, ...] | None, reduction: str) -> Tensor:
    return loss if shape is None or reduction != "none" else loss.reshape(shape)


# ---- of scores ----


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input)[target]: the surprise of the scores `input` at the true class.

    input: scores (c,), (n, c) or (n, c, ...); target: class numbers (), (n,) or (n, ...) as int64, or probabilities of the
    input's own shape, which need not sum to 1. "mean" divides by the summed weights of the targets. IndexError for a
    class number out of range, RuntimeError and ValueError for dtypes and shapes that do not fit.

    >>> import autodiff as torch
    >>> scores = torch.tensor([[2.0, 1.0, 0.1]])
    >>> torch.nn.functional.cross_entropy(scores, torch.tensor([0]))
    tensor(0.4170)
    """
    if not (isinstance(input, Tensor) and isinstance(target, Tensor)):
        raise _no_tensor(input, target, "cross_entropy_loss")
    if size_average is not None or reduce is not None or reduction != "mean":
        reduction = reduction_of(reduction, size_average, reduce)
    if ignore_index.__class__ is not int:
        ignore_index = whole("cross_entropy_loss", "ignore_index", ignore_index)
    if label_smoothing.__class__ is not float or not 0.0 <= label_smoothing <= 1.0:
        label_smoothing = _smoothing(label_smoothing)
    if input._edge.__class__ is tuple and input._edge[0].operation is _SOFTMAX:
        _of_probabilities("cross_entropy", "scores, and computes their softmax itself: give it the scores, without softmax")
    x, t = input._array, target._array
    if x.ndim == 2 and t.ndim == 1 and t.dtype is _LONG and x.dtype.char in "fd" and x.shape[1]:
        try:  # what every classifier gives: Note [Fast way first] in api/_calls.py
            if input._edge is not None and mode.grad and x.size in KEPT and (weight is None or weight._edge is None):
                return ops.cross_entropy_kept(
                    input, target, weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
                )[0]
            return ops.cross_entropy(
                input, target, weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
            )
        except (IndexError, RuntimeError, TypeError, ValueError):
            pass
    if x.dtype.kind != "f":
        raise NotImplementedError(
            f"\"cross_entropy\" not implemented for '{scalar_type(x)}': the input is one floating score per class, and the "
            "target comes second; convert the input with x.float(), or exchange the two (AD026)"
        )
    case = _probabilities if x.shape == t.shape else _half if x.dtype.char == "e" else _rows
    try:
        return case(input, target, weight, ignore_index, reduction, label_smoothing)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise out_of_range(error, input, target, ignore_index) from error.__cause__
        raise


def _smoothing(given: Any) -> float:
    """The share of all classes: none for a negative one or nan, as in PyTorch; RuntimeError above 1."""
    smoothing = float(number("cross_entropy_loss", "label_smoothing", given))
    if smoothing > 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {smoothing}")
    return smoothing if smoothing > 0.0 else 0.0


def _rows(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float) -> Tensor:
    """Scores of any shape, as rows."""
    rows, classes, shape = _rows_and_classes(input, target)
    _check_weight(weight, input, rows._array.shape[1])
    if not rows._array.shape[1]:
        ops.row_weights(0, classes._array, None, ignore_index)  # no class number is right
    loss = (_cross_entropy_2d if shape else ops.cross_entropy)(
        rows, classes, weight, ignore_index=ignore_index, label_smoothing=float(smoothing), reduction=reduction
    )
    return _shaped(loss, shape, reduction)


def _half(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float) -> Tensor:
    """As in PyTorch, half precision is computed in single."""
    if weight is not None and weight._array.dtype == np.float16:
        weight = weight.float()
    return cross_entropy(input.float(), target, weight, None, ignore_index, None, reduction, smoothing).half()


def _probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float
) -> Tensor:
    """A target of the input's own shape: minus the sum of log-probabilities, each times how probable it should be."""
    if target._array.dtype.kind != "f":
        theirs = f"Expected floating point type for target with class probabilities, got {scalar_type(target._array)}"
        raise RuntimeError(cured(theirs, input, target))
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    if not input._array.ndim:
        raise ValueError("Expected 1 or more dimensions (got 0): one of them is the classes")
    dim = 0 if input._array.ndim == 1 else 1
    classes = input._array.shape[dim]
    if weight is not None and weight._array.shape != (classes,):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {classes} classes or no classes but got weight "
            f"tensor of shape: {list(weight.shape)}"
        )
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    weighted = log_softmax(input, dim) * target
    if weight is not None:
        weighted = weighted * weight.reshape([classes if d == dim else 1 for d in range(input._array.ndim)])
    if reduction == "none":
        return -weighted.sum(dim)
    total = -weighted.sum()
    if reduction == "sum":
        return total
    return ops.divided(total, n=input._array.size // classes if classes else 0)


# ---- of log-probabilities ----


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-input[target]: the negative log-likelihood of the log-probabilities `input` at the true class.

    Shapes as for `cross_entropy` with class numbers.

    >>> import autodiff as torch
    >>> logp = torch.log_softmax(torch.tensor([[2.0, 1.0, 0.1]]), 1)
    >>> torch.nn.functional.nll_loss(logp, torch.tensor([0]))
    tensor(0.4170)
    """
    if not (isinstance(input, Tensor) and isinstance(target, Tensor)):
        raise _no_tensor(input, target, "nll_loss_nd")
    if input._edge.__class__ is tuple and input._edge[0].operation is _SOFTMAX:
        _of_probabilities("nll_loss", "the logarithms of probabilities: write log_softmax for softmax")
    reduction = reduction_of(reduction, size_average, reduce)
    ignore_index = ignore_index if ignore_index.__class__ is int else whole("nll_loss_nd", "ignore_index", ignore_index)
    try:
        rows, classes, shape = _rows_and_classes(input, target)
        if rows._array.dtype.kind != "f":
            raise NotImplementedError(f'"nll_loss" not implemented for {input.dtype}; use input.float()')
        _check_weight(weight, input, rows._array.shape[1])
        loss = (_nll_loss_2d if shape else ops.nll_loss)(rows, classes, weight, ignore_index=ignore_index, reduction=reduction)
        return _shaped(loss, shape, reduction)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise out_of_range(error, input, target, ignore_index) from error.__cause__
        raise

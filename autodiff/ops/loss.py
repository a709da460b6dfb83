"""Cross entropy: how surprised a model is at the true class.

After this module a reader knows why softmax and the negative log-likelihood are one operation: the gradient of the pair is
p - t, without a division that could overflow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.graph import primitive, renamed
from autodiff._core.inplace import _type_name
from autodiff._core.promotion import cast
from autodiff._core.tensor import Tensor, wrap
from autodiff.api.shape import flatten, permute, reshape, unsqueeze
from autodiff.ops.reduce import sum_all, sum_over
from autodiff.ops.reduction import chosen
from autodiff.ops.softmax import log_softmax, softmax_along, softmax_grad

__all__ = ["cross_entropy", "nll_loss"]


_LONG = np.dtype(np.int64)  # comparing a dtype with a type takes longer than the loss of a small batch


@primitive(lambda g, n: divided(g, n=n), name="DivBackward1")
def divided(x, *, n):
    """x divided by a Python number."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.divide(x, x.dtype.type(n))


# ---- cross entropy of class numbers ----


@primitive(
    lambda g, x, target, weight, ignore_index, label_smoothing, reduction: cross_entropy_grad(
        g, x, target, weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
    ),
    name="NllLoss",
)
def cross_entropy_rows(
    x, target, weight, *, ignore_index, label_smoothing, reduction
):
    """-log softmax(x)[target] per row, reduced: the kernel."""
    return _kernels.cross_entropy(x, target, weight, ignore_index, label_smoothing, reduction)


# For images and sequences the node has another name, as in PyTorch.
cross_entropy_grid = renamed(cross_entropy_rows, "NllLoss2D")


@primitive(
    lambda g, d, x, target, weight, ignore_index, label_smoothing, reduction: _row_sums(
        g * cross_entropy_grad(
            _ones(d), x, target, weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
        ), reduction
    ),
    lambda g, d, x, target, weight, ignore_index, label_smoothing, reduction: softmax_grad(
        g * (_column(d) * _row_weights(x, target, weight, ignore_index, label_smoothing, reduction)),
        softmax_along(x, axis=1), axis=1,
    ),
    name="CrossEntropyBackward",
)  # fmt: skip
def cross_entropy_grad(
    d, x, target, weight, *, ignore_index, label_smoothing, reduction
):
    """d * (a softmax(x) - b) per row, where a is the row's weight and b its smoothed one-hot target: the kernel."""
    d = np.asarray(d, x.dtype)
    return _kernels.cross_entropy_grad(d, x, target, weight, ignore_index, label_smoothing, reduction)


def _ones(d: Any) -> Any:
    return d * 0.0 + 1.0


def _row_sums(x: Any, reduction: str) -> Any:
    return sum_over(x, axes=(1,), keepdim=False) if reduction == "none" else sum_all(x)


def _column(d: Any) -> Any:
    return d if not d.ndim else d[:, None]


def _row_weights(x: Any, target: Any, weight: Any, ignore: int, smoothing: float, reduction: str) -> Any:
    """What each row's softmax is multiplied by in the gradient: a column."""
    arrays = [v._array if isinstance(v, Tensor) else v for v in (x, target, weight)]
    kept = arrays[1] != ignore
    w = np.ones(arrays[0].shape[1]) if arrays[2] is None else arrays[2]
    row = np.where(kept, w[np.where(kept, arrays[1], 0)], 0.0)
    scale = (1 - smoothing) * row + kept * (smoothing / len(w) * w.sum())
    if reduction == "mean":
        scale = scale / row.sum() if row.sum() else scale * 0.0
    column = scale[:, None].astype(arrays[0].dtype)
    return wrap(column) if isinstance(x, Tensor) else column


def _no_tensor(input: Any, target: Any, name: str) -> TypeError:
    word, position, x = ("target", 2, target) if isinstance(input, Tensor) else ("input", 1, input)
    return TypeError(f"{name}(): argument '{word}' (position {position}) must be Tensor, not {type(x).__name__}")


def _rows_and_classes(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor, tuple[int, ...] | None]:
    """(n, c) scores, (n,) targets, and the shape of an unreduced loss when it isn't (n,)."""
    shape, wanted, dtype = input._array.shape, target._array.shape, target._array.dtype
    if not shape:
        raise ValueError("Expected 1 or more dimensions (got 0): the input's last or second dimension is the classes")
    if len(shape) == 1:
        if len(wanted) == 1 and wanted != (1,):
            raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {wanted[0]}")
    elif not wanted or shape[0] != wanted[0]:
        raise ValueError(
            f"Expected input batch_size ({shape[0]}) to match target batch_size ({wanted[0] if wanted else 'none'})."
        )
    if len(shape) <= 2 and len(wanted) > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported: give one class number per row")
    if dtype is not _LONG and dtype != _LONG and dtype != np.uint8:
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {_type_name(target._array)}: class numbers are int64, "
            "use target.long()"
        )
    if dtype is not _LONG:
        target = cast(target, dtype=_LONG)
    if len(shape) == 1:
        return unsqueeze(input, 0), reshape(target, 1), ()
    if len(shape) == 2:
        return input, target, None
    if shape[:1] + shape[2:] != wanted:
        raise RuntimeError(f"Expected target size {list(shape[:1] + shape[2:])}, got {list(wanted)}")
    rows = flatten(permute(input, (0, *range(2, len(shape)), 1)), 0, -2)
    return rows, reshape(target, -1), wanted


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
            f"expected scalar type {_type_name(input._array)} but found {_type_name(weight._array)}: the weight must have "
            f"the input's dtype, as in weight.to({input.dtype})"
        )


def _shaped(loss: Tensor, shape: tuple[int, ...] | None, reduction: str) -> Tensor:
    return loss if shape is None or reduction != "none" else reshape(loss, shape)


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

    input: scores (c,), (n, c) or (n, c, ...); target: class numbers () , (n,) or (n, ...) as int64, or probabilities of the
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
        reduction = chosen(reduction, size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    x, t = input._array, target._array
    if x.ndim == 2 and t.ndim == 1 and t.dtype is _LONG and x.dtype.char in "fd" and x.shape[1]:
        try:
            # What every classifier gives. The kernel looks at the rest, and what is wrong is said below.
            usual: Tensor = cross_entropy_rows(
                input, target, weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
            )
            return usual
        except (RuntimeError, TypeError, ValueError):
            pass
    if x.dtype.kind != "f":
        raise NotImplementedError(
            f"\"cross_entropy\" not implemented for '{_type_name(x)}': the input is one floating score per class, and the "
            "target comes second; convert the input with x.float(), or exchange the two"
        )
    if x.shape == t.shape:
        return _probabilities(input, target, weight, reduction, label_smoothing, ignore_index)
    if input._array.dtype.char == "e":  # float16
        # As in PyTorch, half precision is computed in single.
        input = cast(input, dtype=np.dtype(np.float32))
        if weight is not None and weight._array.dtype == np.float16:
            weight = cast(weight, dtype=np.dtype(np.float32))
        single = cross_entropy(input, target, weight, None, ignore_index, None, reduction, label_smoothing)
        half: Tensor = cast(single, dtype=np.dtype(np.float16))
        return half
    rows, classes, shape = _rows_and_classes(input, target)
    if rows._array.dtype.char not in "fd":
        raise NotImplementedError(f'"cross_entropy" not implemented for {input.dtype}; use input.float()')
    _check_weight(weight, input, rows._array.shape[1])
    if not rows._array.shape[1]:
        _nll_weights(0, classes._array, None, ignore_index)  # no class number is right
    loss = (cross_entropy_rows if shape is None or not shape else cross_entropy_grid)(
        rows, classes, weight, ignore_index=ignore_index, label_smoothing=float(label_smoothing), reduction=reduction
    )
    return _shaped(loss, shape, reduction)


def _probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float, ignore_index: int
) -> Tensor:
    if target._array.dtype.kind != "f":
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {_type_name(target._array)}: a target of "
            "the input's own shape holds probabilities; class numbers have no dimension for the classes"
        )
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
        weighted = weighted * reshape(weight, *(classes if d == dim else 1 for d in range(input._array.ndim)))
    if reduction == "none":
        return -weighted.sum(dim)
    total = -weighted.sum()
    if reduction == "sum":
        return total
    return divided(total, n=input._array.size // classes if classes else 0)


# ---- negative log-likelihood of log-probabilities ----


@primitive(
    lambda g, x_shape, target, weight, ignore_index, reduction: nll_placed(
        g, target, weight, classes=x_shape[1], ignore_index=ignore_index, reduction=reduction
    ),
    name="NllLoss",
)
def nll_rows(x, target, weight, *, ignore_index, reduction):
    """-x[target] per row times the class's weight, reduced."""
    row, safe, total = _nll_weights(x.shape[1], target, weight, ignore_index)
    loss = -x[np.arange(len(x)), safe] * row.astype(x.dtype)
    loss[row == 0] = 0
    if reduction == "none":
        return loss
    value = np.add.reduce(loss, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(value / np.float64(total) if reduction == "mean" else value).astype(x.dtype)


nll_grid = renamed(nll_rows, "NllLoss2D")


def _nll_weights(classes: int, target: Any, weight: Any, ignore_index: int) -> tuple[Any, Any, float]:
    kept = target != ignore_index
    bad = np.flatnonzero(kept & ((target < 0) | (target >= classes)))
    if len(bad):
        at = int(bad[0])
        raise IndexError(
            f"Target {int(target[at])} is out of bounds: target[{at}] is {int(target[at])}, but there are {classes} classes "
            f"(0 to {classes - 1})"
        )
    safe = np.where(kept, target, 0)
    w = np.ones(classes) if weight is None else weight
    row = np.where(kept, w[safe] if classes else 0.0, 0.0)
    return row, safe, float(row.sum())


@primitive(
    lambda g, target, weight, classes, ignore_index, reduction: nll_rows(
        g, target, weight, ignore_index=ignore_index, reduction=reduction
    ),
    name="NllLossBackward",
)
def nll_placed(d, target, weight, *, classes, ignore_index, reduction):
    """The gradient of nll: minus the row's weight at the target, zero elsewhere."""
    row, safe, total = _nll_weights(classes, target, weight, ignore_index)
    out = np.zeros((len(target), classes), d.dtype)
    scale = row / total if reduction == "mean" and total else row
    out[np.arange(len(target)), safe] = -(d * scale.astype(d.dtype))
    return out


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
    reduction = chosen(reduction, size_average, reduce)
    rows, classes, shape = _rows_and_classes(input, target)
    if rows._array.dtype.kind != "f":
        raise NotImplementedError(f'"nll_loss" not implemented for {input.dtype}; use input.float()')
    _check_weight(weight, input, rows._array.shape[1])
    loss: Tensor = (nll_rows if shape is None or not shape else nll_grid)(
        rows, classes, weight, ignore_index=ignore_index, reduction=reduction
    )
    return _shaped(loss, shape, reduction)

"""How wrong a prediction is: cross entropy and its relatives, squares and absolute differences.

After this module a reader knows why softmax and the negative log-likelihood are one operation (the gradient of the pair is
p - t, without a division that could overflow), and what the three reductions do.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._graph import primitive
from autodiff._tensor import Tensor, wrap
from autodiff.ops.arithmetic import abs as abs_
from autodiff.ops.arithmetic import clamp_min, where
from autodiff.ops.elementwise import log, sigmoid, sign
from autodiff.ops.reduce import mean, sum_all, sum_over
from autodiff.ops.shape import expand, flatten, permute, reshape, unsqueeze
from autodiff.ops.softmax import log_softmax, softmax_along, softmax_grad

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
]


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction; use 'mean', 'sum' or 'none'")


def _reduced(loss: Tensor, reduction: str) -> Tensor:
    _check_reduction(reduction)
    return loss if reduction == "none" else sum_all(loss) if reduction == "sum" else mean(loss)


@primitive(lambda g, n: divided(g, n=n), name="DivBackward1")
def divided(x: Any, *, n: Any) -> Any:
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
    x: Any, target: Any, weight: Any, *, ignore_index: Any, label_smoothing: Any, reduction: Any
) -> Any:
    """-log softmax(x)[target] per row, reduced: the kernel."""
    return _kernels.cross_entropy(x, target, weight, ignore_index, label_smoothing, reduction)


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
    d: Any, x: Any, target: Any, weight: Any, *, ignore_index: Any, label_smoothing: Any, reduction: Any
) -> Any:
    """d * (a softmax(x) - b) per row, where a is the row's weight and b its smoothed one-hot target: the kernel."""
    d = d.astype(x.dtype, copy=False)
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


def _rows_and_classes(input: Tensor, target: Tensor, name: str) -> tuple[Tensor, Tensor, tuple[int, ...] | None]:
    """(n, c) scores, (n,) targets, and the shape of an unreduced loss when it isn't (n,)."""
    if input._array.ndim == 0:
        raise ValueError(f"{name}: the input must have at least one dimension, the classes")
    if target._array.dtype != np.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype}: class numbers are int64, use target.long()")
    if input._array.ndim == 1:
        if target._array.ndim:
            raise ValueError(f"Expected target of no dimension for one sample, got {list(target.shape)}")
        return unsqueeze(input, 0), unsqueeze(target, 0), ()
    if input._array.shape[:1] + input._array.shape[2:] != target._array.shape:
        if target._array.ndim == 1 and input._array.ndim == 2:
            raise ValueError(
                f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({target.shape[0]})."
            )
        raise RuntimeError(
            f"Expected target size {list(input._array.shape[:1] + input._array.shape[2:])}, got {list(target.shape)}"
        )
    if input._array.ndim == 2:
        return input, target, None
    order = (0, *range(2, input._array.ndim), 1)
    rows = flatten(permute(input, order), 0, -2)
    return rows, reshape(target, -1), target._array.shape


def _shaped(loss: Tensor, shape: tuple[int, ...] | None, reduction: str) -> Tensor:
    return loss if shape is None or reduction != "none" else reshape(loss, shape)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
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
    for name, x in (("input", input), ("target", target)):
        if not isinstance(x, Tensor):
            raise TypeError(f"cross_entropy_loss(): argument '{name}' must be Tensor, not {type(x).__name__}")
    _check_reduction(reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if target._array.dtype.kind == "f":
        return _probabilities(input, target, weight, reduction, label_smoothing)
    rows, classes, shape = _rows_and_classes(input, target, "cross_entropy")
    if rows._array.dtype.char not in "fd":
        raise RuntimeError(f"cross_entropy needs float32 or float64 scores, got {input.dtype}; use input.float()")
    loss = cross_entropy_rows(
        rows, classes, weight, ignore_index=ignore_index, label_smoothing=float(label_smoothing), reduction=reduction
    )
    return _shaped(loss, shape, reduction)


def _probabilities(input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float) -> Tensor:
    if input._array.shape != target._array.shape:
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities to have the input's shape {list(input.shape)}, "
            f"got {list(target.shape)}; class numbers are int64"
        )
    dim = 0 if input._array.ndim == 1 else 1
    classes = input._array.shape[dim]
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
    result: Tensor = divided(total, n=input._array.size // classes if classes else 0)
    return result


# ---- negative log-likelihood of log-probabilities ----


@primitive(
    lambda g, x_shape, target, weight, ignore_index, reduction: nll_placed(
        g, target, weight, classes=x_shape[1], ignore_index=ignore_index, reduction=reduction
    ),
    name="NllLoss",
)
def nll_rows(x: Any, target: Any, weight: Any, *, ignore_index: Any, reduction: Any) -> Any:
    """-x[target] per row times the class's weight, reduced."""
    row, safe, total = _nll_weights(x.shape[1], target, weight, ignore_index)
    loss = -x[np.arange(len(x)), safe] * row.astype(x.dtype)
    loss[row == 0] = 0
    if reduction == "none":
        return loss
    value = np.add.reduce(loss, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(value / np.float64(total) if reduction == "mean" else value).astype(x.dtype)


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
def nll_placed(d: Any, target: Any, weight: Any, *, classes: Any, ignore_index: Any, reduction: Any) -> Any:
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
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """-input[target]: the negative log-likelihood of the log-probabilities `input` at the true class.

    Shapes as for `cross_entropy` with class numbers.

    >>> import autodiff as torch
    >>> logp = torch.log_softmax(torch.tensor([[2.0, 1.0, 0.1]]), 1)
    >>> torch.nn.functional.nll_loss(logp, torch.tensor([0]))
    tensor(0.4170)
    """
    for name, x in (("input", input), ("target", target)):
        if not isinstance(x, Tensor):
            raise TypeError(f"nll_loss(): argument '{name}' must be Tensor, not {type(x).__name__}")
    _check_reduction(reduction)
    if weight is not None and weight._array.shape != (input._array.shape[min(1, input._array.ndim - 1)],):
        raise RuntimeError(
            "weight tensor should be defined either for all or no classes: expected "
            f"{input.shape[min(1, input.ndim - 1)]} numbers, got {list(weight.shape)}"
        )
    rows, classes, shape = _rows_and_classes(input, target, "nll_loss")
    loss: Tensor = nll_rows(rows, classes, weight, ignore_index=ignore_index, reduction=reduction)
    return _shaped(loss, shape, reduction)


# ---- differences ----


def _same_size(input: Tensor, target: Tensor, name: str) -> tuple[Tensor, Tensor]:
    if not isinstance(input, Tensor) or not isinstance(target, Tensor):
        wrong = input if not isinstance(input, Tensor) else target
        raise TypeError(f"{name}(): input and target must be Tensors, not {type(wrong).__name__}")
    if input._array.shape == target._array.shape:
        return input, target
    warnings.warn(
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely lead "
        "to incorrect results due to broadcasting. Please ensure they have the same size.",
        UserWarning,
        stacklevel=3,
    )
    try:
        shape = np.broadcast_shapes(input._array.shape, target._array.shape)
    except ValueError:
        raise RuntimeError(
            f"{name}: the sizes {list(input.shape)} of the input and {list(target.shape)} of the target do not fit"
        ) from None
    return expand(input, *shape), expand(target, *shape)


def _count(n: int, reduction: str) -> float:
    return 1.0 / n if reduction == "mean" and n else 1.0


@primitive(
    lambda g, x, t, reduction: (x - t) * (g * (2.0 * _count(_size(x), reduction))),
    lambda g, x, t, reduction: (t - x) * (g * (2.0 * _count(_size(x), reduction))),
    name="MseLoss",
    promote="arithmetic",
)
def squares(x: Any, t: Any, *, reduction: Any) -> Any:
    """(x - t)**2, reduced."""
    d = np.subtract(x, t)
    return _reduce(d * d, reduction)


def _size(x: Any) -> int:
    return x._array.size if isinstance(x, Tensor) else x.size


def _reduce(values: Any, reduction: str) -> Any:
    if reduction == "none":
        return values
    total = np.add.reduce(values, axis=None)
    return np.divide(total, values.dtype.type(values.size)) if reduction == "mean" else total


@primitive(
    lambda g, x, t, reduction: sign(x - t) * (g * _count(_size(x), reduction)),
    lambda g, x, t, reduction: sign(t - x) * (g * _count(_size(x), reduction)),
    name="L1Loss",
    promote="arithmetic",
)
def absolutes(x: Any, t: Any, *, reduction: Any) -> Any:
    """|x - t|, reduced."""
    return _reduce(np.abs(np.subtract(x, t)), reduction)


def mse_loss(input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> Tensor:
    """The mean (or sum) of (input - target)**2.

    >>> import autodiff as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(5.)
    """
    _check_reduction(reduction)
    x, t = _same_size(input, target, "mse_loss")
    if x._array.dtype.kind != "f" and t._array.dtype.kind != "f":
        raise RuntimeError(f"mse_loss needs floating point tensors, got {x.dtype} and {t.dtype}; use .float()")
    result: Tensor = squares(x, t, reduction=reduction)
    return result


def l1_loss(input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> Tensor:
    """The mean (or sum) of |input - target|.

    >>> import autodiff as torch
    >>> torch.nn.functional.l1_loss(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(2.)
    """
    _check_reduction(reduction)
    x, t = _same_size(input, target, "l1_loss")
    result: Tensor = absolutes(x, t, reduction=reduction)
    return result


def smooth_l1_loss(input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
                   beta: float = 1.0) -> Tensor:  # fmt: skip
    """d**2 / (2 beta) where d = |input - target| < beta, else d - beta / 2.

    >>> import autodiff as torch
    >>> torch.nn.functional.smooth_l1_loss(torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(1.3125)
    """
    if beta < 0:
        raise ValueError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    x, t = _same_size(input, target, "smooth_l1_loss")
    d = abs_(x - t)
    return _reduced(where(d < beta, d * d * (0.5 / beta), d - 0.5 * beta), reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """d**2 / 2 where d = |input - target| <= delta, else delta * (d - delta / 2).

    >>> import autodiff as torch
    >>> torch.nn.functional.huber_loss(torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(1.3125)
    """
    if delta <= 0:
        raise ValueError("huber_loss does not support non-positive values for delta.")
    x, t = _same_size(input, target, "huber_loss")
    d = abs_(x - t)
    return _reduced(where(d <= delta, d * d * 0.5, (d - 0.5 * delta) * delta), reduction)


# ---- two classes ----


def _equal_shapes(input: Tensor, target: Tensor) -> None:
    if input._array.shape != target._array.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. Please "
            "ensure they have the same size."
        )


@primitive(
    lambda g, x, t, reduction: (x - t) / clamp_small(x * (1.0 - x)) * (g * _count(_size(x), reduction)),
    lambda g, x, t, reduction: (log(1.0 - x) - log(x)) * (g * _count(_size(x), reduction)),
    name="BinaryCrossEntropy",
)
def binary_of_probabilities(x: Any, t: Any, *, reduction: Any) -> Any:
    """-(t log x + (1 - t) log(1 - x)), the logarithms not below -100, reduced."""
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = -(t * np.maximum(np.log(x), -100.0) + (1 - t) * np.maximum(np.log1p(-x), -100.0)).astype(x.dtype)
        return _reduce(loss, reduction)


@primitive(
    lambda g, x, t, reduction: (sigmoid(x) - t) * (g * _count(_size(x), reduction)),
    lambda g, x, reduction: -x * (g * _count(_size(x), reduction)),
    name="BinaryCrossEntropyWithLogits",
    promote="float",
)
def binary_of_scores(x: Any, t: Any, *, reduction: Any) -> Any:
    """max(x, 0) - x t + log(1 + e**-|x|), reduced."""
    return _reduce(np.maximum(x, x.dtype.type(0)) - x * t + np.log1p(np.exp(-np.abs(x))), reduction)


def clamp_small(x: Any) -> Any:
    """x, but at least 1e-12: what keeps the slope of the logarithm finite."""
    return clamp_min(x, 1e-12) if isinstance(x, Tensor) else np.maximum(x, x.dtype.type(1e-12))


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """-(t log x + (1 - t) log(1 - x)) of probabilities x in [0, 1], the logarithms not below -100.

    >>> import autodiff as torch
    >>> torch.nn.functional.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([1.0]))
    tensor(0.6931)
    """
    _check_reduction(reduction)
    _equal_shapes(input, target)
    if input._array.dtype != target._array.dtype:
        raise RuntimeError(f"Found dtype {target.dtype} but expected {input.dtype}")
    if input._array.size and not (input._array.min() >= 0 and input._array.max() <= 1):
        raise RuntimeError("all elements of input should be between 0 and 1; use binary_cross_entropy_with_logits for scores")
    if weight is None:
        result: Tensor = binary_of_probabilities(input, target, reduction=reduction)
        return result
    return _reduced(binary_of_probabilities(input, target, reduction="none") * weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross entropy of sigmoid(input), computed from the scores without overflow.

    max(x, 0) - x t + log(1 + e**-|x|); `pos_weight` multiplies the part of the positive class.

    >>> import autodiff as torch
    >>> torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor([0.0]), torch.tensor([1.0]))
    tensor(0.6931)
    """
    from autodiff.ops.activation import logsigmoid

    _check_reduction(reduction)
    if input._array.shape != target._array.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if pos_weight is None and weight is None:
        result: Tensor = binary_of_scores(input, target, reduction=reduction)
        return result
    if pos_weight is None:
        loss = binary_of_scores(input, target, reduction="none")
    else:
        loss = (1 - target) * input - ((pos_weight - 1) * target + 1) * logsigmoid(input)
    return _reduced(loss if weight is None else loss * weight, reduction)


def kl_div(input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
           log_target: bool = False) -> Tensor:  # fmt: skip
    """target * (log target - input) for log-probabilities `input`; "batchmean" divides the sum by the batch size.

    >>> import autodiff as torch
    >>> p = torch.tensor([[0.5, 0.5]])
    >>> torch.nn.functional.kl_div(torch.log(p), p, reduction="batchmean")
    tensor(0.)
    """
    if log_target:
        loss = target.exp() * (target - input)
    else:
        positive = target > 0
        loss = where(positive, target * (log(where(positive, target, 1.0)) - input), 0.0)
    if reduction == "batchmean":
        return loss.sum() / input.shape[0]  # type: ignore[no-any-return]
    return _reduced(loss, reduction)



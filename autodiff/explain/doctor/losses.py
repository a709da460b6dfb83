"""What the loss was given, and what it gave.

After this module a reader knows what a loss must be: one number, with a graph, finite; what `cross_entropy` and its relatives
take; and what a model that knows nothing gets, the logarithm of the number of classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from autodiff._core.cuts import cut_of
from autodiff._core.provenance import line_of
from autodiff._core.teaching import TeachingWarning
from autodiff._core.tensor import Tensor
from autodiff.explain.doctor.report import Finding
from autodiff.explain.doctor.trial import LossCall, Spot, Trial
from autodiff.explain.numbers import number, shape_of

__all__ = ["at_first", "given", "value"]

_WHERE_BORN = {
    "softmax": "softmax of a row that is -inf everywhere is nan: leave a place in each row unmasked.",
    "log": "keep its argument above 0: x.clamp(min=1e-6).log(), or a loss that takes scores.",
    "sqrt": "keep its argument above 0: (x + 1e-6).sqrt().",
    "norm": "add a small number before the root: (x * x).sum(-1).add(1e-6).sqrt().",
    "div": "keep the divisor away from 0: x / (y + 1e-6).",
    "exp": "keep its argument small: exp of more than 88 is infinite in float32. F.softmax and F.cross_entropy see to that.",
    "pow": "keep its base above 0: x.clamp(min=1e-6) ** p.",
}


def value(trial: Trial) -> Iterator[Finding]:
    """Whether the loss is one finite number with a graph."""
    loss = trial.loss
    if not isinstance(loss, Tensor):
        yield Finding(
            "no-loss",
            "error",
            f"The loss is a {type(loss).__name__}, and no Tensor: it has no graph to walk.",
            "",
            "return the tensor itself, without .item() or float().",
        )
        return
    if loss.numel() != 1:
        yield Finding(
            "AD014",
            "error",
            f"The loss has the shape {shape_of(tuple(loss.shape))}: backward() needs one number.",
            "",
            "take its mean: loss.mean(), or reduction='mean'.",
        )
    elif not loss.requires_grad:
        yield _without_graph(trial, loss)
    elif loss.is_leaf:
        yield Finding(
            "AD012",
            "error",
            "The loss is a leaf: backward() ends at it, and no parameter gets a gradient.",
            _last_cut(trial),
            "take requires_grad_() away, and what cuts the graph.",
        )
    if loss._array.dtype.kind == "f" and not np.isfinite(loss._array).all():
        spot = trial.strange
        yield Finding(
            "AD033",
            "error",
            f"The loss is {number(float(loss._array.flat[0]))}"
            + (f": {spot.operation} is the first to give such a number." if spot else "."),
            str(spot or ""),
            born(spot),
        )


def born(spot: Spot | None) -> str:
    """The cure of an operation that makes what is not finite."""
    if spot is None:
        return "look at the input for what is not finite."
    known = _WHERE_BORN.get(spot.operation)
    return known or f"look at what {spot.operation} gets: very large numbers, or a weight that has grown."


def _without_graph(trial: Trial, loss: Tensor) -> Finding:
    cut = cut_of(loss)
    where = f"{cut[0]}, {line_of(cut[1])}" if cut is not None else _last_cut(trial)
    reason = (
        f"it was cut off by {where.split(',')[0].split(' in ')[0]}"
        if where
        else "nothing that it is made of requires a gradient"
    )
    return Finding(
        "AD011",
        "error",
        f"The loss has no graph: {reason}, so backward() has nothing to walk.",
        where,
        "compute the loss from the model's output, without detach(), .item(), argmax, a comparison or no_grad().",
    )


def _last_cut(trial: Trial) -> str:
    return str(trial.cuts[-1][0]) if trial.cuts else ""


def given(trial: Trial, taught: list[TeachingWarning]) -> Iterator[Finding]:
    """What the loss functions got: probabilities for scores, a column for a row."""
    done = set()
    for call in trial.losses:
        found = _probabilities(call)
        if found is not None and found.code not in done:
            done.add(found.code)
            yield found
    if trial.twice is not None and not done:
        yield Finding(
            "AD025",
            "error",
            "A softmax is taken of a softmax: its gradient is too small to learn by.",
            str(trial.twice),
            "take the first one away: cross_entropy wants scores.",
        )
    if trial.across is not None:
        yield Finding(
            "softmax-dim",
            "error",
            "The log_softmax is taken over the examples, and not over the classes.",
            str(trial.across),
            "dim=1, in place of dim=0.",
        )
    if trial.broadcast is not None:
        spot, a, b = trial.broadcast
        yield _column(str(spot), a, b)
        return
    for each in taught:
        if each.code == "AD027":
            shapes = tuple(trial.output.shape) if isinstance(trial.output, Tensor) else ()
            yield _column("the loss", shapes, None)
            return


def _column(where: str, a: tuple[int, ...], b: tuple[int, ...] | None) -> Finding:
    both = f" ({shape_of(a)} and {shape_of(b)})" if b is not None else f" (the output is {shape_of(a)})"
    cure = (
        "output.squeeze(-1), so that both have one shape."
        if b is None or len(a) > len(b)
        else "bring both to one shape: target.squeeze(-1)."
    )
    return Finding(
        "AD027",
        "error",
        f"Predictions and targets have different shapes{both}: each prediction is compared with each target.",
        where,
        cure,
    )


def _probabilities(call: LossCall) -> Finding | None:
    name = call.spot.operation
    scores = name in ("cross_entropy", "binary_cross_entropy_with_logits", "binary_cross_entropy_of_weighted")
    public = "binary_cross_entropy_with_logits" if "of_weighted" in name else name
    if scores and call.maker in ("softmax", "sigmoid"):
        return Finding(
            "AD025",
            "error",
            f"{public} expects scores, but {call.maker} has already made probabilities of them, so the model hardly learns.",
            str(call.spot),
            f"take {call.maker} out of the model; apply it only where probabilities are looked at.",
        )
    if public == "binary_cross_entropy_with_logits":
        return _between(call)
    if name == "nll_loss" and call.maker in ("softmax", "sigmoid"):
        return Finding(
            "AD025",
            "error",
            f"nll_loss takes log-probabilities, and gets what {call.maker} has made.",
            str(call.spot),
            "use log_softmax in place of softmax; or take softmax out and use cross_entropy.",
        )
    if name == "nll_loss" and call.maker not in ("log_softmax", "log") and call.positive:
        return Finding(
            "AD025",
            "error",
            "nll_loss takes log-probabilities, which are never above 0, and gets scores.",
            str(call.spot),
            "use cross_entropy, or end the model with nn.LogSoftmax(dim=1).",
        )
    return None


def _between(call: LossCall) -> Finding | None:
    t = call.inputs[1]._array
    if t.size and (t.min() < 0 or t.max() > 1):
        return Finding(
            "target-range",
            "error",
            f"The targets of a binary loss are between 0 and 1, and these go from {number(float(t.min()))} to "
            f"{number(float(t.max()))}.",
            str(call.spot),
            "class 0 is 0.0 and class 1 is 1.0.",
        )
    return None


def _knows_nothing(call: LossCall) -> tuple[float, int] | None:
    """The mean cross entropy of scores and class numbers, and how many classes there are."""
    x, t = call.inputs[0]._array, getattr(call.inputs[1], "_array", None)
    if call.spot.operation not in ("cross_entropy", "nll_loss") or t is None or x.ndim != 2 or t.dtype.kind not in "iu":
        return None
    x = x.astype(np.float64)
    right = t != call.ignored
    if not right.any() or not np.isfinite(x).all():
        return None
    top = x.max(1, keepdims=True)
    lost = (np.log(np.exp(x - top).sum(1)) + top[:, 0]) - x[np.arange(len(x)), np.where(right, t, 0)]
    return float(lost[right].mean()), x.shape[1]


def at_first(trial: Trial, fresh: bool) -> tuple[list[Finding], str]:
    """Of a model that has not been trained: its loss against ln(C). The findings, and a line for the report."""
    loss = trial.loss
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        return [], ""
    told = number(float(loss))
    found = next((pair for call in trial.losses for pair in (_knows_nothing(call),) if pair is not None), None)
    if found is None:
        return [], told
    mean, classes = found
    if classes == 1:
        return [
            Finding(
                "one-class",
                "error",
                "cross_entropy of one score is always 0: there is nothing to choose between.",
                str(trial.losses[0].spot),
                "two scores for two classes; or one score and binary_cross_entropy_with_logits.",
            )
        ], told
    even = math.log(classes)
    told += f"; a model that knows nothing of {classes} classes has ln {classes} = {number(even)}"
    if fresh and mean > 2 * even + 0.5:
        return [
            Finding(
                "first-loss",
                "warning",
                f"The model has not learned anything, and its loss is {number(mean)}, where one that knows nothing has "
                f"ln {classes} = {number(even)}: it is sure, and wrong.",
                str(trial.losses[0].spot),
                "smaller weights in the last layer, or an input of mean 0 and spread 1.",
            )
        ], told
    return [], told

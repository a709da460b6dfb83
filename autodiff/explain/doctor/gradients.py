"""What came back: which parameters got no gradient, which got zeros, and where that began.

After this module a reader knows the difference: no gradient means that there is no path from the loss, zeros mean that every
path is flat somewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff.explain.doctor.losses import born
from autodiff.explain.doctor.report import Finding, counted, several
from autodiff.explain.doctor.trial import Spot, Trial

__all__ = ["came", "dead", "zeros"]

_STEPS = {"round", "sign", "floor", "ceil", "trunc", "sgn", "heaviside"}


def came(trial: Trial, named: dict[str, Tensor], called: set[str]) -> Iterator[Finding]:
    """Of the parameters that are to learn, by name: no gradient, or one that is not finite. `called`: the layers that ran."""
    without = [name for name, p in named.items() if p._grad is None]
    unused = [name for name in without if name.rpartition(".")[0] not in called and not name.startswith("loss_fn.")]
    cut = [name for name in without if name not in unused]
    blamed: dict[Spot | None, list[str]] = {}
    for name in cut:
        blamed.setdefault(trial.cut_from(named[name]), []).append(name)
    for spot, names in blamed.items():
        if spot is not None:
            yield Finding(
                "AD020",
                "error",
                f"No gradient comes to {several(names)}: {_written(spot.operation)} has cut the graph on the way.",
                str(spot),
                f"take {_written(spot.operation)} away: what comes before it learns nothing.",
            )
            continue
        yield Finding(
            "AD020",
            "error",
            f"No gradient comes to {counted(names, 'parameter')}: the loss is not computed from them.",
            several(names),
            "use what these layers give in the model's result.",
        )
    if unused:
        yield Finding(
            "AD020",
            "error" if len(unused) == len(named) else "warning",
            f"No gradient comes to {counted(unused, 'parameter')}: forward does not call their layers.",
            several(unused),
            "call them in forward, or take them out of the model.",
        )
    bad = [name for name, p in named.items() if p._grad is not None and not np.isfinite(p._grad._array).all()]
    if bad and np.isfinite(trial.loss._array).all():
        strange = trial.strange_back
        yield Finding(
            "AD033",
            "error",
            f"The loss is finite, and the gradient of {several(bad)} is not"
            + (f": the slope of {strange.operation} is the first that is not." if strange else "."),
            str(strange or ""),
            born(strange),
        )


def _written(cut: str) -> str:
    known = {"no_grad": "no_grad()", "detach": "detach()", "inference_mode": "inference_mode()"}
    return known.get(cut, "the conversion to whole numbers" if cut == "to" else cut)


def zeros(named: dict[str, Tensor]) -> set[str]:
    """The parameters whose gradient is zero everywhere."""
    return {name for name, p in named.items() if p._grad is not None and p._grad._array.size and not p._grad._array.any()}


def dead(trial: Trial, named: dict[str, Tensor], flat: set[str]) -> Iterator[Finding]:
    """Parameters whose gradient is zero in both steps: `flat`. Where a unit is off in every example, nothing comes back."""
    off = [(spot, units, n) for spot, units, n in trial.relus if n == units or (units >= 8 and n >= 0.9 * units)]
    layers = {name.rpartition(".")[0] for name in named if name not in flat}  # of a layer that learns, a bias may cancel out
    weights = [name for name in named if name in flat and (named[name].ndim >= 2 or name.rpartition(".")[0] not in layers)]
    at_zero = [name for name in weights if named[name].ndim >= 2 and not named[name]._array.any()]
    if at_zero:
        yield Finding(
            "zero-weights",
            "error",
            f"{several(at_zero)} are all 0, and so is their gradient: what is multiplied by 0 sends nothing back.",
            several(at_zero),
            "start with small random numbers, as nn.Linear does, or nn.init.kaiming_uniform_(weight).",
        )
    elif off and (weights or off[0][1] > 1):
        spot, units, n = off[0]
        yield Finding(
            "dead-relu",
            "error" if n == units else "warning",
            f"{n} of {units} units of a relu are 0 for every example, so no gradient goes through them"
            + (f" to {several(weights)}." if weights else "."),
            str(spot),
            "smaller weights and biases around 0 in the layer before, a normalised input, a smaller lr; or nn.LeakyReLU().",
        )
    elif weights:
        stopped = trial.stopped
        yield Finding(
            "zero-gradient",
            "error" if len(flat) == len(named) else "warning",
            f"The gradient of {several(weights)} is zero everywhere, in two steps"
            + (f": every path is flat at {stopped.operation}." if stopped else "."),
            str(stopped or ""),
            f"take {stopped.operation} away: its slope is 0 everywhere."
            if stopped and stopped.operation in _STEPS
            else "look for a function that is saturated, a softmax of one score, a factor 0, or an input of zeros.",
        )

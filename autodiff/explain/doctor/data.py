"""The input and the target, as they come.

After this module a reader knows what a first look at a batch finds: numbers that are not finite, features of very different
sizes, an input that is always the same, labels that are all alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff.explain.doctor.report import Finding, counted
from autodiff.explain.doctor.trial import Trial
from autodiff.explain.numbers import number, shape_of
from autodiff.nn import Module

__all__ = ["before", "scaled", "told"]

_FAR, _NARROW = 10.0, 1e-3


def before(input: Any, target: Any) -> Iterator[Finding]:
    """What is wrong with the numbers, whatever the model does with them."""
    for name, x, strange in (("input", input, "input-not-finite"), ("target", target, "target-not-finite")):
        if isinstance(x, np.ndarray) or _plain(x):
            kind = "a NumPy array" if isinstance(x, np.ndarray) else f"a {type(x).__name__} of numbers"
            make = (
                f"torch.from_numpy({name}).float()"
                if isinstance(x, np.ndarray) and name == "input"
                else f"torch.tensor({name})"
            )
            yield Finding("not-a-tensor", "error", f"The {name} is {kind}, and no Tensor.", "", f"{make}.")
        elif isinstance(x, Tensor) and x._array.dtype.kind == "f" and not np.isfinite(x._array).all():
            bad = np.argwhere(~np.isfinite(x._array))
            at = f", the first at [{', '.join(str(int(k)) for k in bad[0])}]" if x.ndim else ""
            yield Finding(
                strange,
                "error",
                f"Not finite: {counted(bad, 'number')} of the {name}{at}.",
                name,
                "look for missing values in the data, and leave these examples out or fill them in.",
            )
        elif isinstance(x, Tensor) and x._array.size == 0:
            yield Finding(
                "empty", "error", f"The {name} is empty: its shape is {shape_of(tuple(x.shape))}.", name, "use a batch."
            )
    if isinstance(input, Tensor) and isinstance(target, Tensor):
        yield from _same(input, target)


def _plain(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and bool(x) and not any(isinstance(each, Tensor) for each in x)


def _same(input: Tensor, target: Tensor) -> Iterator[Finding]:
    """Rows that are all alike. For a single example nothing can be said."""
    x, t = input._array, target._array
    rows = x.ndim and t.ndim and len(x) == len(t) > 1
    if rows and x[0].size and (x == x[:1]).all():
        what = (
            f"the number {number(float(x.flat[0]))} everywhere"
            if (x == x.flat[0]).all()
            else "the same example again and again"
        )
        yield Finding(
            "constant-input",
            "warning",
            f"All {len(x)} examples of the input are alike: {what}. The model can't tell them apart.",
            "input",
            "look at how the batch is made.",
        )
    elif t.ndim and len(t) >= 8 and (t == t[:1]).all() and t.dtype.kind != "b" and t[0].size == 1:
        yield Finding(
            "constant-target",
            "note" if t.dtype.kind == "f" else "warning",
            f"All {len(t)} targets are {number(float(t.flat[0]))}: on this batch a model learns to say that always.",
            "target",
            "mix the examples: DataLoader(..., shuffle=True). If all the data are like this, there is nothing to learn.",
        )


def scaled(trial: Trial) -> Iterator[Finding]:
    """Features far from 0 or very large, where they come to the first layer that learns, unless it is a normalisation."""
    layer = next((each for each in trial.layers if _learns(each.module)), None)
    if layer is None or "Norm" in type(layer.module).__name__ or not layer.inputs or not isinstance(layer.inputs[0], Tensor):
        return
    x = layer.inputs[0]._array
    if x.dtype.kind != "f" or x.ndim < 2 or not x.size or not np.isfinite(x).all():
        return
    x = x.astype(np.float64)
    image = x.ndim in (4, 5)
    axis = 1 if image else x.ndim - 1
    rest = tuple(k for k in range(x.ndim) if k != axis)
    mean, std = x.mean(rest), x.std(rest)
    far = int(np.argmax(np.maximum(np.abs(mean), std)))
    where = f"what '{layer.path}' gets" if layer.path else "input"
    if max(abs(mean[far]), std[far]) > _FAR:
        what = f"{'Channel' if image else 'Feature'} {far} has the mean {number(mean[far])} and the standard deviation"
        text = f"The input is not normalised. {what} {number(std[far])}."
    elif 0 < x.std() < _NARROW and abs(x.mean()) < _NARROW:
        text = f"The input is tiny: its standard deviation is {number(x.std())}."
    else:
        return
    dims = f"dim={rest[0]}" if len(rest) == 1 else f"dim={rest}, keepdim=True"
    cure = f"x = (x - x.mean({dims})) / x.std({dims}), with the mean and the std of the training data."
    yield Finding("not-normalised", "warning", text, where, cure)


def _learns(module: Module) -> bool:
    """Whether a layer multiplies what it gets by parameters."""
    own = list(module.parameters(recurse=False))
    return any(p.ndim >= 2 for p in own) or (bool(own) and "Norm" in type(module).__name__)


def told(input: Any) -> str:
    """The input in a few words."""
    if not isinstance(input, Tensor):
        return type(input).__name__
    head = f"{shape_of(tuple(input.shape))} {str(input.dtype).removeprefix('torch.')}"
    if input._array.dtype.kind != "f" or not input._array.size:
        return head
    x = input._array.astype(np.float64)
    return f"{head}, mean {number(x.mean())}, std {number(x.std())}"

"""A loss that refuses what it gets: an output that is no tensor, a target of another kind, arguments in another order.

After this module a reader knows that shapes and dtypes tell what was meant: class numbers are a row of whole numbers, one for
each row of scores; of numbers that are compared both have one shape.
"""

from __future__ import annotations

import inspect
from typing import Any

from autodiff._core.provenance import is_ours
from autodiff._core.tensor import Tensor
from autodiff.explain.doctor.aside import Patient
from autodiff.explain.doctor.failures import first_line, users_line
from autodiff.explain.doctor.report import Finding
from autodiff.explain.doctor.trial import Trial
from autodiff.explain.numbers import shape_of

__all__ = ["refused"]

_CLASSES = {"cross_entropy", "nll_loss"}
_OF_MODULES = {"CrossEntropyLoss": "cross_entropy", "NLLLoss": "nll_loss", "BCELoss": "binary_cross_entropy"}


def refused(trial: Trial, patient: Patient) -> Finding:
    """The one finding of a loss that raised."""
    output, target = trial.output, patient.target
    if output is None:
        return Finding(
            "no-output",
            "error",
            "The model returns None.",
            type(patient.model).__name__,
            "return the result at the end of forward.",
        )
    if not isinstance(output, Tensor):
        several = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else []
        told = ", ".join(shape_of(tuple(x.shape)) if isinstance(x, Tensor) else type(x).__name__ for x in several)
        key = repr(next(iter(output))) if isinstance(output, dict) and output else "0"
        return Finding(
            "output-tuple",
            "error",
            f"The model returns a {type(output).__name__}{f' of {told}' if told else ''}, and the loss takes one tensor.",
            type(patient.model).__name__,
            f"say which is meant: doctor(model, lambda out, target: loss_fn(out[{key}], target), optimizer, batch).",
        )
    said, where = f"The loss failed: {first_line(trial.error)}", users_line(trial.error)
    if not _takes_two(patient.loss_fn, output, target):
        return Finding(
            "loss-arguments", "error", said, where, "def loss_fn(output, target): the doctor calls it with these two."
        )
    through = _through(trial.error)
    if "binary_cross_entropy" in through and ((output._array < 0) | (output._array > 1)).any():
        return Finding("not-probabilities", "error", said, where, "use F.binary_cross_entropy_with_logits, which takes scores.")
    found = _target(output, target, through) if through and isinstance(target, Tensor) else None
    shapes = f"{shape_of(tuple(output.shape))}" + (
        f" and {shape_of(tuple(target.shape))}" if isinstance(target, Tensor) else ""
    )
    if found is None:
        return Finding("loss-failed", "error", said, where, f"look at the shapes of the output and the target: {shapes}.")
    return Finding("AD026", "error", said, where, found)


def _takes_two(loss_fn: Any, output: Any, target: Any) -> bool:
    try:
        inspect.signature(loss_fn).bind(output, target)
    except TypeError:
        return False
    except ValueError:  # a function without a signature
        return True
    return True


def _through(error: Exception | None) -> set[str]:
    """The functions of the package that an error came through: those of its frames, and those that a wrapper there calls.

    None for an error that the user's own code raised.
    """
    names, trace, ours = set[str](), None if error is None else error.__traceback__, False
    while trace is not None:
        frame = trace.tb_frame
        ours = is_ours(frame.f_code)
        if ours:
            names |= {frame.f_code.co_name, getattr(frame.f_locals.get("function"), "__name__", "")}
            names.add(_OF_MODULES.get(type(frame.f_locals.get("self")).__name__, ""))
        trace = trace.tb_next
    return names if ours else set()


def _target(output: Tensor, target: Tensor, through: set[str]) -> str | None:
    """What to write in place of the target, for a loss that failed."""
    return (_classes(output, target) if through & _CLASSES else None) or _numbers(output, target, through)


def _classes(output: Tensor, target: Tensor) -> str | None:
    """Class numbers that are none, or do not belong to these scores."""
    if output.ndim < 2:
        return None
    out, t, dtype, classes = tuple(output.shape), tuple(target.shape), target._array.dtype.kind, output.shape[1]
    if t == (out[0], 1):
        return "target.squeeze(1)" + ("." if dtype in "iu" else ".long(): class numbers are a row of whole numbers.")
    if t == out and dtype in "iu":
        return "target.argmax(dim=1): a row for each example is 1 at its class, and the loss wants the class's number."
    if t and t[0] != out[0]:
        return f"input and target of the same examples: the output has {out[0]} rows, the target {t[0]}."
    if t == (out[0], *out[2:]) and dtype == "f":
        return "target.long(): class numbers are whole numbers."
    if dtype in "iu" and target._array.size:
        low, high = int(target._array.min()), int(target._array.max())
        if low == 1 and high == classes:
            return f"target - 1: with {classes} scores the classes are 0 to {classes - 1}, and these are 1 to {high}."
        if high >= classes:
            return f"{high + 1} scores for each example, as in nn.Linear(..., {high + 1}): the target has a class {high}."
        if low < 0:
            return f"classes from 0 on: the target has {low}."
        if t == (out[0], *out[2:]):
            return "loss(output, target): both are as they should be, so they are exchanged in the call."
    return None


def _numbers(output: Tensor, target: Tensor, through: set[str]) -> str | None:
    """Numbers of another shape or dtype than the predictions."""
    out, t, dtype = tuple(output.shape), tuple(target.shape), target._array.dtype.kind
    if out == (*t, 1):
        too = "" if dtype == "f" or through & _CLASSES else ", and target.float()"
        return f"output.squeeze(-1){too}: a column of predictions and a row of targets do not belong together."
    if t == (*out, 1):
        return "target.squeeze(-1): a row of predictions and a column of targets do not belong together."
    if len(out) == 2 and t == out[:1] and not through & _CLASSES:
        return f"F.cross_entropy for class numbers, of {out[1]} scores each; or one output, nn.Linear(..., 1), and squeeze(-1)."
    if t == out and dtype != "f":
        return "target.float(): this loss compares numbers with a fraction."
    if t == out and target._array.dtype != output._array.dtype:
        return f"target.to({output.dtype}): it is {_word(target)}, the output is {_word(output)}."
    return None


def _word(x: Tensor) -> str:
    return str(x.dtype).removeprefix("torch.")

"""A step that ended with an error: which layer it was, what that had been given, and what it wanted.

After this module a reader knows that the cure of most errors of a first course can be told from shapes and dtypes: what a layer
expects stands in its attributes, what it got in its input. The text of the error is shown, never read.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autodiff._core.provenance import is_ours, line_of
from autodiff._core.tensor import Tensor
from autodiff.explain.doctor.aside import Patient, loose
from autodiff.explain.doctor.report import Finding
from autodiff.explain.doctor.trial import Layer, Trial
from autodiff.explain.numbers import shape_of
from autodiff.nn import Module

__all__ = ["again", "failed"]

_CLASSES = {"cross_entropy", "nll_loss"}


def failed(trial: Trial, patient: Patient) -> Iterator[Finding]:
    """The one finding of a forward, a loss or a backward that raised."""
    if trial.failed == "forward":
        yield _forward(trial)
    elif trial.failed == "loss":
        yield _loss(trial, patient)
    elif trial.failed == "backward":
        yield Finding(
            "backward-failed",
            "error",
            f"loss.backward() failed: {_first_line(trial.error)}",
            _users_line(trial.error),
            "look at the operation that it names.",
        )


def again(error: Exception, patient: Patient) -> Iterator[Finding]:
    """The second step failed, the first did not: something of the first is carried over."""
    held = [name for name, t in loose(patient.model) if not t.is_leaf]
    if held:
        name = held[0].rsplit(".", 1)[-1]
        yield Finding(
            "AD005",
            "error",
            f"The second step fails: the model keeps '{name}' from the step before, with its graph, through which "
            "backward() has been already.",
            held[0],
            f"self.{name} = self.{name}.detach() before it is used again.",
        )
    else:
        yield Finding(
            "second-step-failed",
            "error",
            f"The first step runs and the second fails: {_first_line(error)}",
            _users_line(error),
            "look for what the model keeps from one step to the next.",
        )


def _first_line(error: Exception | None) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0] if text else ''}".rstrip(": ")


def _users_line(error: Exception | None) -> str:
    """The innermost line of the user's that an error came through."""
    found, trace = "", None if error is None else error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not is_ours(code):
            found = line_of((code, trace.tb_lasti))
        trace = trace.tb_next
    return found


def _through(error: Exception | None) -> set[str]:
    """The functions of the package that an error came through."""
    names, trace = set(), None if error is None else error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_ours(code):
            names.add(code.co_name)
        trace = trace.tb_next
    return names


# ---- the model ----


def _forward(trial: Trial) -> Finding:
    layer = trial.failed_in
    if layer is None:
        return Finding("forward-failed", "error", f"The model failed: {_first_line(trial.error)}", _users_line(trial.error))
    tensors = [x for x in layer.inputs if isinstance(x, Tensor)]
    got = ", ".join(f"{shape_of(tuple(x.shape))} {str(x.dtype).removeprefix('torch.')}" for x in tensors) or "no tensor"
    name = f"'{layer.path}', {type(layer.module).__name__}" if layer.path else f"the model, {type(layer.module).__name__}"
    where = ", ".join(filter(None, [name, _users_line(trial.error)]))
    sentence = f"The forward stops at {name}, which got {got}: {_first_line(trial.error)}"
    code, cure = _cure(layer, tensors)
    return Finding(code, "error", sentence, where, cure or "look at the shapes: print(autodiff.summary(model, input)).")


def _cure(layer: Layer, tensors: list[Tensor]) -> tuple[str, str]:
    """A code and what to write, from the layer's attributes and its input."""
    module = layer.module
    if not tensors:
        return "forward-failed", ""
    x = tensors[0]
    weight = next((p for p in module.parameters(recurse=False)), None)
    kind = type(module).__name__
    if kind in ("Embedding", "EmbeddingBag"):
        return _embedding(module, x)
    if weight is not None and x._array.dtype != weight._array.dtype:
        if x._array.dtype.kind != "f" or weight._array.dtype == np.float32:
            return "AD030", f"input.float(): it is {_word(x)}, the parameters are {_word(weight)}."
        return "AD030", f"input.to({weight.dtype}): it is {_word(x)}, the parameters are {_word(weight)}."
    shape = tuple(x.shape)
    if kind == "Linear":
        wanted = int(vars(module)["in_features"])
        if len(shape) > 2 and int(np.prod(shape[1:])) == wanted:
            return "AD029", f"put nn.Flatten() in front of it: {shape_of(shape[1:])} are {wanted} numbers."
        if shape and shape[-1] != wanted:
            return "AD029", f"nn.Linear({shape[-1]}, {vars(module)['out_features']}): the input has {shape[-1]} features."
    if kind.startswith("Conv") and "in_channels" in vars(module):
        wanted, spatial = int(vars(module)["in_channels"]), int(kind[4]) if kind[4:5].isdigit() else 2
        if len(shape) == spatial + 1 and wanted == 1:
            return "AD029", "input.unsqueeze(1): a convolution wants (batch, channels, ...), and these have no channels."
        if len(shape) == spatial + 2 and shape[1] != wanted:
            if shape[-1] == wanted:
                return "AD029", "input.movedim(-1, 1): the channels stand last, and a convolution wants them second."
            return "AD029", f"nn.{kind}({shape[1]}, ...): the input has {shape[1]} channels."
    if "BatchNorm" in kind and shape and shape[0] == 1:
        return "batch-of-one", "use a batch of more than one example: of a single one there is no variance."
    return "forward-failed", ""


def _embedding(module: Module, x: Tensor) -> tuple[str, str]:
    rows = int(vars(module)["num_embeddings"])
    if x._array.dtype.kind == "f":
        return "input-dtype", "input.long(): an embedding wants the numbers of rows."
    if x._array.size and (x._array.max() >= rows or x._array.min() < 0):
        return "index-range", (
            f"nn.Embedding({int(x._array.max()) + 1}, ...): it has the rows 0 to {rows - 1}, and the input asks for "
            f"{int(x._array.min())} to {int(x._array.max())}."
        )
    return "forward-failed", ""


def _word(x: Tensor) -> str:
    return str(x.dtype).removeprefix("torch.")


# ---- the loss ----


def _loss(trial: Trial, patient: Patient) -> Finding:
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
        several = list(output.values()) if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else []
        told = ", ".join(shape_of(tuple(x.shape)) if isinstance(x, Tensor) else type(x).__name__ for x in several)
        key = repr(next(iter(output))) if isinstance(output, dict) and output else "0"
        return Finding(
            "output-tuple",
            "error",
            f"The model returns a {type(output).__name__}{f' of {told}' if told else ''}, and the loss takes one tensor.",
            type(patient.model).__name__,
            f"say which is meant: doctor(model, lambda out, target: loss_fn(out[{key}], target), optimizer, batch).",
        )
    found = _target(output, target, _through(trial.error)) if isinstance(target, Tensor) else None
    said = f"The loss failed: {_first_line(trial.error)}"
    where = _users_line(trial.error)
    shapes = f"{shape_of(tuple(output.shape))}" + (
        f" and {shape_of(tuple(target.shape))}" if isinstance(target, Tensor) else ""
    )
    if found is None:
        return Finding("loss-failed", "error", said, where, f"look at the shapes of the output and the target: {shapes}.")
    return Finding("AD026", "error", said, where, found)


def _target(output: Tensor, target: Tensor, through: set[str]) -> str | None:
    """What to write in place of the target, for a loss that failed."""
    out, t = tuple(output.shape), tuple(target.shape)
    dtype = target._array.dtype.kind
    if through & _CLASSES and output.ndim >= 2:
        classes = out[1]
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
    if out == (*t, 1):
        dtype_too = "" if dtype == "f" or through & _CLASSES else ", and target.float()"
        return f"output.squeeze(-1){dtype_too}: a column of predictions and a row of targets do not belong together."
    if t == (*out, 1):
        return "target.squeeze(-1): a row of predictions and a column of targets do not belong together."
    if t == out and dtype != "f":
        return "target.float(): this loss compares numbers with a fraction."
    if t == out and target._array.dtype != output._array.dtype:
        return f"target.to({output.dtype}): it is {_word(target)}, the output is {_word(output)}."
    return None

"""A step that ended with an error: which layer it was, what that had been given, and what it wanted.

After this module a reader knows that the cure of most errors of a first course can be told from shapes and dtypes: what a layer
expects stands in its attributes, what it got in its input. The text of the error is shown, never read.
"""

from __future__ import annotations

import numpy as np

from autodiff._core.provenance import is_ours, line_of
from autodiff._core.tensor import Tensor
from autodiff.explain.doctor.aside import Patient, loose
from autodiff.explain.doctor.report import Finding
from autodiff.explain.doctor.trial import Layer, Trial
from autodiff.explain.numbers import shape_of
from autodiff.nn import Module

__all__ = ["again", "failed", "first_line", "stopped", "users_line"]


def failed(trial: Trial) -> Finding:
    """The one finding of a forward or a backward that raised."""
    if trial.failed == "forward":
        return _forward(trial)
    said = f"loss.backward() failed: {first_line(trial.error)}"
    if trial.changed is not None:
        return Finding(
            "AD006",
            "error",
            said,
            str(trial.changed),
            "write x = x + 1 in place of x += 1, or change a clone(): backward needs the numbers as they were.",
        )
    return Finding("backward-failed", "error", said, users_line(trial.error), "look at the operation that it names.")


def stopped(error: Exception) -> Finding:
    """The optimizer refused."""
    return Finding(
        "step-failed",
        "error",
        f"optimizer.step() failed: {first_line(error)}",
        users_line(error),
        "look whether this optimizer is for such gradients.",
    )


def again(error: Exception, patient: Patient) -> Finding:
    """The second step failed, the first did not: something of the first is carried over."""
    held = [name for name, t in loose(patient.model) if not t.is_leaf]
    if held:
        name = held[0].rsplit(".", 1)[-1]
        return Finding(
            "AD005",
            "error",
            f"The second step fails: the model keeps '{name}' from the step before, with its graph, through which "
            "backward() has been already.",
            held[0],
            f"self.{name} = self.{name}.detach() before it is used again.",
        )
    return Finding(
        "second-step-failed",
        "error",
        f"The first step runs and the second fails: {first_line(error)}",
        users_line(error),
        "look for what the model keeps from one step to the next.",
    )


def first_line(error: Exception | None) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0] if text else ''}".rstrip(": ")


def users_line(error: Exception | None) -> str:
    """The innermost line of the user's that an error came through."""
    found, trace = "", None if error is None else error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not is_ours(code):
            found = line_of((code, trace.tb_lasti))
        trace = trace.tb_next
    return found


# ---- the model ----


def _forward(trial: Trial) -> Finding:
    layer = trial.failed_in
    if layer is None:
        return Finding("forward-failed", "error", f"The model failed: {first_line(trial.error)}", users_line(trial.error))
    tensors = [x for x in layer.inputs if isinstance(x, Tensor)]
    got = ", ".join(f"{shape_of(tuple(x.shape))} {str(x.dtype).removeprefix('torch.')}" for x in tensors) or "no tensor"
    name = f"'{layer.path}', {type(layer.module).__name__}" if layer.path else f"the model, {type(layer.module).__name__}"
    where = ", ".join(filter(None, [name, users_line(trial.error)]))
    sentence = f"The forward stops at {name}, which got {got}: {first_line(trial.error)}"
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

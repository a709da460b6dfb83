"""What is wrong with the target of a classification loss, and what to write: found by looking at input and target.

After this module a reader knows the forms in which class numbers come wrongly: as a column, as a table of 0 and 1, as floats,
counted from 1, for another batch, with the classes in the last dimension. Each has its way out, which the message ends with.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor

__all__ = ["cured", "of_two_classes", "out_of_range"]

Shape = tuple[int, ...]


def cured(theirs: str, input: Tensor, target: Tensor) -> str:
    """PyTorch's sentence, with what to write behind it (AD026)."""
    return f"{theirs}{_glue(theirs)}{_of_shapes(input._array, target._array) or _of_dtype(target._array)} (AD026)"


def out_of_range(error: Exception, input: Tensor, target: Tensor, ignored: int) -> Exception:
    """The error about a class number that is too low or too high, with the reason that is likely; another error as it is."""
    if isinstance(error, IndexError) and error.args:
        classes = input._array.shape[0 if input._array.ndim == 1 else 1]
        error.args = (f"{error.args[0]}. {_of_range(classes, target._array[target._array != ignored])} (AD026)",)
    return error


def of_two_classes(theirs: str, input: Tensor, target: Tensor) -> str:
    """The same for the losses of yes or no, whose target looks like the input (AD026)."""
    x, t = input._array.shape, target._array.shape
    if x == (*t, 1):
        how = "The input is a column: write input.squeeze(-1)"
    elif t == (*x, 1):
        how = "The target is a column: write target.squeeze(-1)"
    else:
        how = "Each number of the input has its own target, 0.0 or 1.0. For class numbers use cross_entropy"
    return f"{theirs}{_glue(theirs)}{how} (AD026)"


def _glue(theirs: str) -> str:
    return " " if theirs.endswith(".") else ". "


def _shown(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def _is_one_hot(t: Any, axis: int) -> bool:
    """Whether each example has a single 1 among zeros."""
    return bool(t.size and ((t == 0) | (t == 1)).all() and (t.sum(axis) == 1).all())


def _of_shapes(x: Any, t: Any) -> str:
    """What to write where the shapes do not go together."""
    a, b = x.shape, t.shape
    long = "" if t.dtype.kind in "iu" else ".long()"
    if len(a) == 1:
        return "" if not b or b == (1,) else _of_one_example(a, b, _is_one_hot(t, 0))
    if len(b) == len(a) and b[0] == a[0] and b[2:] == a[2:]:
        if b[1] == 1:
            return f"The target is a column, {_shown(b)}: give one class number per row, as in target.squeeze(1){long}"
        if _is_one_hot(t, 1):
            fewer = "" if b[1] == a[1] else f", of {b[1]} classes, where the input has scores for {a[1]}"
            numbers = ".long()" * (t.dtype.kind == "b")
            return f"The target is one-hot, {_shown(b)}{fewer}: write target{numbers}.argmax(1)"
        if b == a:
            return "Class numbers have no dimension for the classes. If these are probabilities, write target.float()"
    if len(a) == 3 and b == a[:2]:
        return f"The classes are dimension 1 of the input, and here the last one, {a[2]}: write input.transpose(1, 2)"
    if len(a) == 2 and len(b) == 2 and t.size == a[0]:
        return f"The target has the shape {_shown(b)}, and the input {a[0]} rows: write target.reshape(-1)"
    if a[:1] + a[2:] != b:
        return (
            f"The input has the shape {_shown(a)}, with the classes in dimension 1, so the target has the shape "
            f"{_shown(a[:1] + a[2:])}, one class number per row, and not {_shown(b)}"
        )
    return ""


def _of_one_example(a: Shape, b: Shape, one_hot: bool) -> str:
    if b == a and one_hot:
        return (
            f"An input of shape {_shown(a)} is the scores of one example. Of a table of 0 and 1 give target.argmax(0). If "
            f"these are {a[0]} examples of yes or no, use binary_cross_entropy_with_logits(input, target.float())"
        )
    return (
        f"An input of shape {_shown(a)} is the scores of one example; those of several are (examples, classes). If each has "
        "one score for yes or no, use binary_cross_entropy_with_logits(input, target.float())"
    )


def _of_dtype(t: Any) -> str:
    """What to write where only the dtype is wrong."""
    if t.dtype.kind == "f" and not np.all(t == np.floor(t)):
        return "Class numbers are whole, and these have fractions: to predict numbers, use mse_loss"
    return "Class numbers are int64: write target.long()"


def _of_range(classes: int, t: Any) -> str:
    """Why a class number may be out of range."""
    low, high = int(t.min()), int(t.max())
    if classes == 1:
        return (
            f"The input has one score per row: give the last layer an output for each class, here {high + 1}, or use "
            "binary_cross_entropy_with_logits for yes or no"
        )
    if low < 0:
        return f"Classes count from 0. If {low} marks rows that are not to count, give ignore_index={low}"
    if low >= 1 and high == classes:
        return f"The target has {low} to {high}: do your labels start at 1? Then write target - 1"
    return (
        f"Do your labels start at 1? Then write target - 1. If there are {high + 1} classes, the last layer needs {high + 1} "
        "outputs"
    )

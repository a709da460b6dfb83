"""The operators of two tensors: what `a + b` and `a * b` do when nothing is unusual, written out.

After this module a reader knows why a program of single numbers does not pay for what views, dtypes and Python's numbers need.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.cuts import unrecorded
from autodiff._core.graph import record, recording
from autodiff._core.memory import AN_ARRAY
from autodiff._core.modes import Inference, mode
from autodiff._core.observer import LOOKING
from autodiff._core.operation import Recorded
from autodiff._core.refusals import anew, refusal
from autodiff._core.tensor import LEAF, Tensor, wrap

__all__ = ["between_two", "infix", "left_to"]

_ndarray, _asarray = np.ndarray, np.asarray
_NONE: dict[str, Any] = {}  # no parameters


def left_to(other: Any) -> bool:
    """Whether an operator leaves the result to `other`, whose class may have an answer: it is not a tensor, array or number."""
    return not isinstance(other, (Tensor, int, float, np.ndarray, np.generic))


def _left(xs: tuple[Any, ...], params: dict[str, Any], error: Exception) -> Any:
    if left_to(xs[-1]):
        return NotImplemented
    raise anew(error) from None


def infix(op: Recorded) -> Recorded:
    """The same operation as it is written between its operands, a + b: what is none of its kind is left to its own class."""
    return recording(op.operation, _left)


def between_two(op: Recorded, ufunc: np.ufunc) -> Callable[[Tensor, Any], Tensor]:
    """The operator of two tensors that `op` is: `a * b`. Its forward is `ufunc`, a function of NumPy's, under another name.

    Note [Fast way first]. A program is mostly made of these, so what `op` does for any inputs is written out here for two plain
    tensors of one dtype. Whatever else comes, numbers, views, two dtypes, an error, goes to `op`, which knows what to do.
    """
    operation = op.operation
    floats = operation.promote is not None and operation.promote.floating

    def operator(input: Tensor, other: Any) -> Tensor:
        try:
            a = input._array
            if other.__class__ is float and a.dtype.kind == "f" and -65505.0 < other < 65505.0:  # it fits into every dtype
                other = wrap(_asarray(other, a.dtype))  # a number takes the tensor's dtype
            if other.__class__ is not Tensor or input._view is not None or other._view is not None or Inference.blocks:
                return op(input, other)
            b, dtype = other._array, a.dtype
            if dtype is not b.dtype or (floats and dtype.kind != "f"):
                return op(input, other)
            # Asked for once: each question to a thread's own storage takes as long as three to a dictionary.
            thread = mode.__dict__
            try:
                out = thread["quiet"](ufunc, a, b, out=AN_ARRAY)
            except (ValueError, RuntimeError, TypeError):
                return op(input, other)
            if out.__class__ is not _ndarray:  # before NumPy 2.3
                out = _asarray(out)
            t = wrap(out)
            to_a, to_b = input._edge, other._edge
            needs = (0 if to_a is None else 1) + (0 if to_b is None else 2)
            if needs and thread["grad"]:  # then that dtype is a floating one, and the output's
                edges = (
                    (input, -1, a.shape, dtype) if to_a is LEAF else to_a,
                    (other, -1, b.shape, dtype) if to_b is LEAF else to_b,
                )
                t._edge = (record(operation, (input, other), (a, b), edges, needs, _NONE, (t,)), 0, out.shape, dtype)
            elif needs and (LOOKING or thread["unmet"]):
                unrecorded(operation.public, (input, other), t)
            return t
        except (RuntimeError, TypeError, ValueError) as error:
            if error := refusal(error):
                raise error from error.__cause__
            raise

    return functools.update_wrapper(operator, op, updated=())

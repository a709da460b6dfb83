"""Questions in place: x.eq_(y), x.logical_not_(), where a tensor of numbers gets the answers, 1 for yes and 0 for no.

After this module a reader knows that an answer has no slope: what stood in the tensor before gets a gradient of zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff._core.graph import renamed
from autodiff._core.inplace import in_place
from autodiff._core.tensor import Tensor
from autodiff.ops import comparison as ops
from autodiff.ops.fill import drawn


def _answered(question: Any, name: str) -> Callable[..., Tensor]:
    """The in-place form of a question, which PyTorch calls `name` in the graph."""
    written = renamed(drawn, name)

    def answer(input: Tensor, *other: Any, **named: Any) -> Tensor:
        return written(input, values=question(input, *other, **named)._array)

    answer.__name__ = question.__name__
    return in_place(answer, question.__name__ + "_")


Tensor.eq_, Tensor.ne_ = _answered(ops.eq, "Eq"), _answered(ops.ne, "Ne")
Tensor.lt_, Tensor.le_ = _answered(ops.lt, "Lt"), _answered(ops.le, "Le")
Tensor.gt_, Tensor.ge_ = _answered(ops.gt, "Gt"), _answered(ops.ge, "Ge")
Tensor.logical_and_ = _answered(ops.logical_and, "LogicalAnd")
Tensor.logical_or_ = _answered(ops.logical_or, "LogicalOr")
Tensor.logical_xor_ = _answered(ops.logical_xor, "LogicalXor")
Tensor.logical_not_ = _answered(ops.logical_not, "LogicalNot")

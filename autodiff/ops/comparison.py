"""Yes or no for every element, and choosing by the answer: comparisons, where, the larger of two, clamp.

After this module a reader knows that a comparison has no slope, and that a choice between two sends the gradient to the one
that was taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.errors import misfit
from autodiff._core.graph import flat, primitive
from autodiff._core.inplace import method
from autodiff._core.promotion import tensor_to_common, tensors_to_common, to_common_of
from autodiff._core.scalars import fitted

# ---- comparisons ----


@method
@primitive(promote=tensor_to_common)
def eq(input, other):
    """input == other, elementwise: a bool tensor.

    >>> import autodiff as torch
    >>> torch.eq(torch.tensor([1, 2, 3]), 2)
    tensor([False,  True, False])
    """
    return np.equal(input, other)


@method
@primitive(promote=tensor_to_common)
def ne(input, other):
    """input != other, elementwise: a bool tensor.

    >>> import autodiff as torch
    >>> torch.ne(torch.tensor([1, 2, 3]), 2)
    tensor([ True, False,  True])
    """
    return np.not_equal(input, other)


@method
@primitive(promote=tensor_to_common)
def lt(input, other):
    """input < other, elementwise: a bool tensor.

    >>> import autodiff as torch
    >>> torch.lt(torch.tensor([1, 2, 3]), 2)
    tensor([ True, False, False])
    """
    return np.less(input, other)


@method
@primitive(promote=tensor_to_common)
def le(input, other):
    """input <= other, elementwise: a bool tensor.

    >>> import autodiff as torch
    >>> torch.le(torch.tensor([1, 2, 3]), 2)
    tensor([ True,  True, False])
    """
    return np.less_equal(input, other)


@method
@primitive(promote=tensor_to_common)
def gt(input, other):
    """input > other, elementwise: a bool tensor.

    >>> import autodiff as torch
    >>> torch.gt(torch.tensor([1, 2, 3]), 2)
    tensor([False, False,  True])
    """
    return np.greater(input, other)


@method
@primitive(promote=tensor_to_common)
def ge(input, other):
    """input >= other, elementwise: a bool tensor.

    >>> import autodiff as torch
    >>> torch.ge(torch.tensor([1, 2, 3]), 2)
    tensor([False,  True,  True])
    """
    return np.greater_equal(input, other)


# ---- truth ----


@method
@primitive()
def isnan(input):
    """Whether each element is nan.

    >>> import autodiff as torch
    >>> torch.isnan(torch.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """
    return np.isnan(input)


@method
@primitive()
def isinf(input):
    """Whether each element is infinite.

    >>> import autodiff as torch
    >>> torch.isinf(torch.tensor([1.0, float("inf")]))
    tensor([False,  True])
    """
    return np.isinf(input)


@method
@primitive()
def isfinite(input):
    """Whether each element is neither infinite nor nan.

    >>> import autodiff as torch
    >>> torch.isfinite(torch.tensor([1.0, float("inf")]))
    tensor([ True, False])
    """
    return np.isfinite(input)


def _of_truth(ufunc: Any, input: Any, other: Any) -> Any:
    """The result, or the error that the caller is to raise."""
    for i, (name, x) in enumerate((("input", input), ("other", other)), 1):
        if not isinstance(x, np.ndarray):
            return TypeError(f"{ufunc.__name__}(): argument '{name}' (position {i}) must be Tensor, not {type(x).__name__}")
    try:
        return ufunc(input, other)
    except ValueError:
        return misfit(ufunc.__name__, (input.shape, other.shape)) or RuntimeError(ufunc.__name__)


@method
@primitive()
def logical_not(input):
    """True where an element is zero.

    >>> import autodiff as torch
    >>> torch.logical_not(torch.tensor([0, 2]))
    tensor([ True, False])
    """
    return np.logical_not(input)


@method
@primitive()
def logical_and(input, other):
    """True where both are nonzero.

    >>> import autodiff as torch
    >>> torch.logical_and(torch.tensor([0, 2]), torch.tensor([1, 1]))
    tensor([False,  True])
    """
    found = _of_truth(np.logical_and, input, other)
    if isinstance(found, Exception):
        raise found
    return found


@method
@primitive()
def logical_or(input, other):
    """True where one or both are nonzero.

    >>> import autodiff as torch
    >>> torch.logical_or(torch.tensor([0, 2]), torch.tensor([0, 1]))
    tensor([False,  True])
    """
    found = _of_truth(np.logical_or, input, other)
    if isinstance(found, Exception):
        raise found
    return found


@method
@primitive()
def logical_xor(input, other):
    """True where exactly one is nonzero.

    >>> import autodiff as torch
    >>> torch.logical_xor(torch.tensor([0, 2]), torch.tensor([1, 1]))
    tensor([ True, False])
    """
    found = _of_truth(np.logical_xor, input, other)
    if isinstance(found, Exception):
        raise found
    return found


# ---- choosing ----


def no_overflow(values: list[Any], dtype: Any) -> None:
    """RuntimeError for a number that the common dtype cannot hold."""
    for v in values:
        if isinstance(v, (int, float)):
            fitted(v, dtype)


@primitive(
    None,
    lambda g, condition: where(condition, g, 0.0),
    lambda g, condition: where(condition, 0.0, g),
    promote=to_common_of("input", "other"),
    check=no_overflow,
    says="Each place took its number from one of the two; that one gets g there, the other 0.",
)
def where(condition, input, other):
    """input where condition, else other."""
    return np.where(condition, input, other)


@method
@primitive(
    lambda g, input, other: g * larger(input, other),
    lambda g, input, other: g * larger(other, input),
    promote=tensors_to_common,
    says="Only the larger of the two gets g; where they are equal, each gets half.",
)
def maximum(input, other):
    """The larger of each pair; where they are equal, each gets half of the gradient.

    >>> import autodiff as torch
    >>> torch.maximum(torch.tensor([1.0, 5.0]), torch.tensor([3.0, 2.0]))
    tensor([3., 5.])
    """
    return np.maximum(input, other)


@method
@primitive(
    lambda g, input, other: g * larger(other, input),
    lambda g, input, other: g * larger(input, other),
    promote=tensors_to_common,
    says="Only the smaller of the two gets g; where they are equal, each gets half.",
)
def minimum(input, other):
    """The smaller of each pair; where they are equal, each gets half of the gradient.

    >>> import autodiff as torch
    >>> torch.minimum(torch.tensor([1.0, 5.0]), torch.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """
    return np.minimum(input, other)


@primitive(flat, flat, says="Between two numbers that stay apart nothing moves: nothing passes.")
def larger(a, b):
    """0 where a < b, else 1/2 where a == b, else 1: also where one is nan, so that this is seen in the gradient."""
    return (1.0 - (a < b) - 0.5 * (a == b)).astype(np.result_type(a, b))


@primitive(
    lambda g, input, min, max: where(inside(input, min=min, max=max), g, 0.0),
    name="ClampBackward1",
    says="Inside the limits g passes unchanged; outside it stops.",
)
def clamp(input, *, min, max):
    """`input` limited to [`min`, `max`]: two numbers; None leaves a side open."""
    return np.clip(input, min, max)


@primitive()
def inside(input, *, min, max):
    """min <= input <= max: where the slope of clamp is 1, as in PyTorch also at the limits.

    Plainly, where max is None: input >= min.
    Plainly, where min is None: input <= max.
    """
    result = np.ones(input.shape, bool)
    if min is not None:
        result &= input >= min
    if max is not None:
        result &= input <= max
    return result


@primitive(
    lambda g, input, min: where(input >= min, g, 0.0),
    lambda g, input, min: where(input < min, g, 0.0),
    name="ClampMinBackward1",
    promote=tensors_to_common,
    says="Where the number is large enough it gets g; elsewhere the limit does.",
)
def clamp_min(input, min):
    """The larger of the two; where they are equal, input has all of the gradient."""
    return np.maximum(input, min)


@primitive(
    lambda g, input, max: where(input <= max, g, 0.0),
    lambda g, input, max: where(input > max, g, 0.0),
    name="ClampMaxBackward1",
    promote=tensors_to_common,
    says="Where the number is small enough it gets g; elsewhere the limit does.",
)
def clamp_max(input, max):
    """The smaller of the two; where they are equal, input has all of the gradient."""
    return np.minimum(input, max)

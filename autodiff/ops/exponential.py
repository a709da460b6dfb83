"""Exponentials, logarithms, and the error function.

After this module a reader has read the back page of a calculus book: above each function stands its derivative. Where that is
cheaper to say with the output y (exp, sigmoid), y is what is kept.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.broadcast import widened
from autodiff._core.graph import primitive
from autodiff._core.inplace import method
from autodiff._core.promotion import tensors_to_floating, to_floating
from autodiff.ops import error_function

_LN2, _LN10 = math.log(2.0), math.log(10.0)


# ---- exponentials and logarithms ----


@method(inplace=True)
@primitive(lambda g, y: g * y, promote=to_floating, says="Its slope is its own value.")
def exp(input):
    """e**x.

    >>> import autodiff as torch
    >>> torch.exp(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """
    return np.exp(input)


@method(inplace=True)
@primitive(lambda g, y: g * (y * _LN2), promote=to_floating, says="Its slope is its own value times log 2.")
def exp2(input):
    """2**x.

    >>> import autodiff as torch
    >>> torch.exp2(torch.tensor([0.0, 3.0]))
    tensor([1., 8.])
    """
    return np.exp2(input)


@method(inplace=True)
@primitive(lambda g, y: g * (y + 1.0), promote=to_floating, says="The slope is that of the exponential: the result plus 1.")
def expm1(input):
    """e**x - 1, exact also where x is tiny.

    >>> import autodiff as torch
    >>> torch.expm1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.7183])
    """
    return np.expm1(input)


@method(inplace=True)
@primitive(lambda g, input: g / input, promote=to_floating, says="The slope is 1/x: steep near 0, flat far out.")
def log(input):
    """The natural logarithm.

    >>> import autodiff as torch
    >>> torch.log(torch.tensor([1.0, 10.0]))
    tensor([0.0000, 2.3026])
    """
    return np.log(input)


@method(inplace=True)
@primitive(
    lambda g, input: g / (input * _LN2),
    promote=to_floating,
    says="The slope is 1/x, divided by log 2: steep near 0, flat far out.",
)
def log2(input):
    """The logarithm to base 2.

    >>> import autodiff as torch
    >>> torch.log2(torch.tensor([1.0, 8.0]))
    tensor([0., 3.])
    """
    return np.log2(input)


@method(inplace=True)
@primitive(
    lambda g, input: g / (input * _LN10),
    promote=to_floating,
    says="The slope is 1/x, divided by log 10: steep near 0, flat far out.",
)
def log10(input):
    """The logarithm to base 10.

    >>> import autodiff as torch
    >>> torch.log10(torch.tensor([1.0, 1000.0]))
    tensor([0., 3.])
    """
    # In double and back: NumPy's own log10 of one float32 misses the last digit, and log10(1000) is not 3.
    return np.log10(input, dtype=np.float64).astype(input.dtype) if input.dtype == np.float32 else np.log10(input)


@method(inplace=True)
@primitive(
    lambda g, input: g / (input + 1.0), name="Log1P", promote=to_floating, says="The slope is 1/(1 + x): near 0 it is 1."
)
def log1p(input):
    """log(1 + x), exact also where x is tiny.

    >>> import autodiff as torch
    >>> torch.log1p(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.6931])
    """
    return np.log1p(input)


@method(inplace=True)
@primitive(lambda g, y: sigmoid_grad(g, y), promote=to_floating, says="Steepest in the middle; flat where y is near 0 or 1.")
def sigmoid(input):
    """1 / (1 + e**-x); its slope is y (1 - y).

    >>> import autodiff as torch
    >>> torch.sigmoid(torch.tensor([0.0, 1.0]))
    tensor([0.5000, 0.7311])
    """
    x = np.asarray(widened(input))  # a rule's arithmetic gives scalars for 0-d arrays
    return _kernels.sigmoid(x).astype(input.dtype, copy=False)


@primitive(
    lambda g, y: g * (y * (1.0 - y)),
    lambda g, d, y: g * d * (1.0 - y * 2.0),
    name="SigmoidBackward",
    says="What sigmoid passes of d is y (1 − y), which is itself steep at the ends and flat in the middle.",
)
def sigmoid_grad(d, y):
    """d * (y * (1 - y)): dL/dx of y = sigmoid(x), where d = dL/dy."""
    d, y = np.asarray(d, y.dtype), np.asarray(y)
    return _kernels.sigmoid_grad(d, y) if d.shape == y.shape and y.dtype.char != "e" else np.asarray(d * (y * (1 - y)))


@primitive(
    lambda g, input: g / unit_product(input),
    promote=to_floating,
    says="Flattest in the middle; the closer a probability is to 0 or 1, the steeper.",
)
def logit(input):
    """log(x / (1 - x)), the inverse of sigmoid."""
    return np.log(input / (1.0 - input))


@primitive(lambda g, x: g * (1.0 - x * 2.0), says="The slope falls from 1 to −1, and is 0 in the middle.")
def unit_product(x):
    """x * (1 - x): and nan outside [0, 1], where logit is not defined and has no slope."""
    return np.where((x < 0) | (x > 1), x.dtype.type(np.nan), x * (1.0 - x))


def not_whole(values: list[Any], dtype: Any) -> None:
    """NotImplementedError for two whole numbers, of which the function has no whole result."""
    if dtype.kind != "f":
        raise NotImplementedError(f'"logaddexp" not implemented for {dtype}; convert one of the two with x.float()')


@method
@primitive(
    lambda g, input, other: g * sigmoid(input - other),
    lambda g, input, other: g * sigmoid(other - input),
    promote=to_floating,
    says="The two share g as softmax does: the larger one gets more of it.",
    check=not_whole,
)
def logaddexp(input, other):
    """log(e**x + e**y), without overflow.

    >>> import autodiff as torch
    >>> torch.logaddexp(torch.tensor([0.0]), torch.tensor([0.0]))
    tensor([0.6931])
    """
    return np.logaddexp(input, other)


@method
@primitive(
    lambda g, input, other: g * sigmoid((input - other) * _LN2),
    lambda g, input, other: g * sigmoid((other - input) * _LN2),
    name="Logaddexp2Backward0",
    promote=tensors_to_floating,
    says="The two share g as their powers of 2 share the sum: the larger one gets more of it.",
    check=not_whole,
)
def logaddexp2(input, other):
    """log2(2**x + 2**y), without overflow.

    >>> import autodiff as torch
    >>> torch.logaddexp2(torch.tensor([3.0]), torch.tensor([3.0]))
    tensor([4.])
    """
    return np.logaddexp2(input, other)


# ---- the error function ----

_TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)


@method(inplace=True)
@primitive(
    lambda g, input: g * (exp(-(input * input)) * _TWO_OVER_ROOT_PI),
    promote=to_floating,
    says="The slope is the bell curve: highest at 0, nearly nothing far out.",
)
def erf(input):
    """The error function, 2/sqrt(pi) times the integral of e**-t**2 from 0 to x.

    >>> import autodiff as torch
    >>> torch.erf(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """
    return error_function.erf(input)


@method(inplace=True)
@primitive(
    lambda g, input: -g * (exp(-(input * input)) * _TWO_OVER_ROOT_PI),
    promote=to_floating,
    says="The slope is minus the bell curve: deepest at 0, nearly nothing far out.",
)
def erfc(input):
    """1 - erf(x), exact also where that is tiny.

    >>> import autodiff as torch
    >>> torch.erfc(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.1573])
    """
    return error_function.erfc(input)

"""The normal distribution: how much lies below x, its logarithm, and the x below which a given part lies.

After this module a reader knows that all four are the error function in other clothes, each exact where the others are not: the
logarithm far out, where the part itself is too small for a float.
"""

from __future__ import annotations

import math

from autodiff._core.graph import primitive
from autodiff._core.promotion import to_floating
from autodiff.ops.exponential import exp
from autodiff.ops.special import scipys

_ROOT_HALF, _TWO_OVER_ROOT_PI = math.sqrt(0.5), 2.0 / math.sqrt(math.pi)
_ROOT_TWO_PI, _ROOT_TWO_OVER_PI = math.sqrt(2.0 * math.pi), math.sqrt(2.0 / math.pi)


@primitive(
    lambda g, input, y: g * (input * y * 2.0 - _TWO_OVER_ROOT_PI),
    promote=to_floating,
    name="SpecialErfcx",
    says="It falls everywhere, ever more slowly: like 1/x far out, where the bell curve itself is long gone.",
)
def erfcx(input):
    """e**(x**2) erfc(x), of ordinary size where erfc is not. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.erfcx(torch.tensor([0.0, 100.0]))
    tensor([1.0000, 0.0056])
    """
    return scipys("erfcx", input)


@primitive(
    lambda g, y: g * (exp(y * y * 0.5) * _ROOT_TWO_PI),
    promote=to_floating,
    name="SpecialNdtri",
    says="Flattest in the middle, where most of the probability is; the closer to 0 or 1, the steeper.",
)
def ndtri(input):
    """The x below which the part `input` of the normal distribution lies; nan beyond 0 and 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.ndtri(torch.tensor([0.5, 0.975]))
    tensor([0.0000, 1.9600])
    """
    return scipys("ndtri", input)


@primitive(
    lambda g, input: g * _ROOT_TWO_OVER_PI / erfcx(-(input * _ROOT_HALF)),
    promote=to_floating,
    name="SpecialLogNdtr",
    says="The slope is about −x far below 0, and next to nothing far above, where all of the probability lies below.",
)
def log_ndtr(input):
    """The logarithm of `ndtr`, exact also where that is too small for a float. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.log_ndtr(torch.tensor([-2.0]))
    tensor([-3.7832])
    """
    return scipys("log_ndtr", input)

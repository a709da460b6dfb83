"""Sine and cosine, their relatives and inverses, of circle and hyperbola.

After this module a reader has seen that a derivative may be said with x or with the result y, and that tanh needs y alone.
"""

from __future__ import annotations

import math

import numpy as np

from autodiff._core.graph import primitive
from autodiff._core.inplace import method
from autodiff._core.promotion import tensors_to_floating, to_floating
from autodiff.ops.power import rsqrt


@method(inplace=True)
@primitive(
    lambda g, input: g * cos(input),
    promote=to_floating,
    says="The slope of the sine is the cosine: steepest where it crosses 0, flat at its peaks.",
)
def sin(input):
    """The sine; x in radians.

    >>> import autodiff as torch
    >>> torch.sin(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8415])
    """
    return np.sin(input)


@method(inplace=True)
@primitive(
    lambda g, input: -g * sin(input),
    promote=to_floating,
    says="The slope of the cosine is minus the sine: flat at its peaks, steepest where it crosses 0.",
)
def cos(input):
    """The cosine; x in radians.

    >>> import autodiff as torch
    >>> torch.cos(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.5403])
    """
    return np.cos(input)


@method(inplace=True)
@primitive(
    lambda g, y: g * (1.0 + y * y), promote=to_floating, says="The slope is 1 + y²: it grows with the height of the curve."
)
def tan(input):
    """The tangent; x in radians.

    >>> import autodiff as torch
    >>> torch.tan(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5574])
    """
    return np.tan(input)


@method(inplace=True)
@primitive(
    lambda g, input: g * rsqrt(1.0 - input * input),
    promote=to_floating,
    says="The slope is 1 in the middle, and grows without end towards −1 and 1.",
)
def asin(input):
    """The angle in radians whose sine is x.

    >>> import autodiff as torch
    >>> torch.asin(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5708])
    """
    return np.arcsin(input)


@method(inplace=True)
@primitive(
    lambda g, input: -g * rsqrt(1.0 - input * input),
    promote=to_floating,
    says="The slope is −1 in the middle, and falls without end towards −1 and 1.",
)
def acos(input):
    """The angle in radians whose cosine is x.

    >>> import autodiff as torch
    >>> torch.acos(torch.tensor([0.0, 1.0]))
    tensor([1.5708, 0.0000])
    """
    return np.arccos(input)


@method(inplace=True)
@primitive(
    lambda g, input: g / (input * input + 1.0), promote=to_floating, says="Steepest at 0, where the slope is 1; flat far out."
)
def atan(input):
    """The angle in radians whose tangent is x.

    >>> import autodiff as torch
    >>> torch.atan(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7854])
    """
    return np.arctan(input)


@method(inplace=True)
@primitive(
    lambda g, input, other: g * (other / squared_length(input, other)),
    lambda g, input, other: -g * (input / squared_length(input, other)),
    promote=tensors_to_floating,
    says="A point turns faster the closer it is to the origin, and only when it moves across its own direction.",
)
def atan2(input, other):
    """The angle in radians of the point (other, input) from the first axis.

    >>> import autodiff as torch
    >>> torch.atan2(torch.tensor([1.0]), torch.tensor([1.0]))
    tensor([0.7854])
    """
    return np.arctan2(input, other)


@primitive(lambda g, a: g * a * 2.0, lambda g, b: g * b * 2.0, says="The slope of a square is twice the number.")
def squared_length(a, b):
    """a**2 + b**2: and 1 where both are 0, since there atan2 has no slope, and 0 is taken for it."""
    total = a * a + b * b
    return np.where((a == 0) & (b == 0), total.dtype.type(1), total)


@method(inplace=True)
@primitive(lambda g, input: g * cosh(input), promote=to_floating, says="The slope of sinh is cosh: never less than 1.")
def sinh(input):
    """(e**x - e**-x) / 2.

    >>> import autodiff as torch
    >>> torch.sinh(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.1752])
    """
    return np.sinh(input)


@method(inplace=True)
@primitive(
    lambda g, input: g * sinh(input),
    promote=to_floating,
    says="The slope of cosh is sinh: 0 in the middle, steeper on both sides.",
)
def cosh(input):
    """(e**x + e**-x) / 2.

    >>> import autodiff as torch
    >>> torch.cosh(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.5431])
    """
    return np.cosh(input)


@method(inplace=True)
@primitive(lambda g, y: g * (1.0 - y * y), promote=to_floating, says="Steep in the middle, flat where y is near 1 or −1.")
def tanh(input):
    """(e**x - e**-x) / (e**x + e**-x); its slope is 1 - y**2.

    >>> import autodiff as torch
    >>> torch.tanh(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """
    return np.tanh(input)


@method(inplace=True)
@primitive(
    lambda g, input: g * rsqrt(input * input + 1.0),
    promote=to_floating,
    says="Steepest at 0, where the slope is 1; flat far out.",
)
def asinh(input):
    """The inverse of sinh.

    >>> import autodiff as torch
    >>> torch.asinh(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8814])
    """
    return np.arcsinh(input)


@method(inplace=True)
@primitive(
    lambda g, input: g * rsqrt(input * input - 1.0),
    promote=to_floating,
    says="Infinitely steep at 1, and flatter from there on.",
)
def acosh(input):
    """The inverse of cosh, for x >= 1.

    >>> import autodiff as torch
    >>> torch.acosh(torch.tensor([1.0, 2.0]))
    tensor([0.0000, 1.3170])
    """
    return np.arccosh(input)


@method(inplace=True)
@primitive(
    lambda g, input: g / (1.0 - input * input),
    promote=to_floating,
    says="The slope is 1 in the middle, and grows without end towards −1 and 1.",
)
def atanh(input):
    """The inverse of tanh, for |x| < 1.

    >>> import autodiff as torch
    >>> torch.atanh(torch.tensor([0.0, 0.5]))
    tensor([0.0000, 0.5493])
    """
    return np.arctanh(input)


@method(inplace=True)
@primitive(
    lambda g: g * (math.pi / 180.0),
    name="Deg2Rad",
    promote=to_floating,
    says="A degree is π/180 of a radian, so g is multiplied by that.",
)
def deg2rad(input):
    """Degrees as radians.

    >>> import autodiff as torch
    >>> torch.deg2rad(torch.tensor([180.0]))
    tensor([3.1416])
    """
    return input * (math.pi / 180.0)


@method(inplace=True)
@primitive(
    lambda g: g * (180.0 / math.pi),
    name="Rad2Deg",
    promote=to_floating,
    says="A radian is 180/π degrees, so g is multiplied by that.",
)
def rad2deg(input):
    """Radians as degrees.

    >>> import autodiff as torch
    >>> torch.rad2deg(torch.tensor([3.1415927]))
    tensor([180.])
    """
    return input * (180.0 / math.pi)

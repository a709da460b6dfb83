"""Convolutions, of one, two or three dimensions.

After this module a reader knows that a convolution, what its input gets of a gradient, and what its weight gets, are three
products of the same kind: each is linear in two arrays and makes the third, so that the rules of each are the other two. They
can be differentiated any number of times. "Transposed convolution" is another word for the second.
"""

from __future__ import annotations

import math

import numpy as np

from autodiff import _kernels
from autodiff._core.formats import laid_as
from autodiff._core.graph import primitive
from autodiff.ops.reduce import spread


@primitive(
    lambda g, w, windows, groups: transposed_convolution(g, w, None, windows=windows, groups=groups),
    lambda g, x, windows, groups: convolution_weight(g, x, windows=windows, groups=groups),
    lambda g: channel_sums(g),
    name="Convolution",
    says="Each g goes back through the same window to what it came from; a weight gets g times what it met, added up.",
)
def convolution(x, w, b, *, windows, groups):
    """y[p] = the sum of w[t] x[p + t] over the taps t of the window.

    b, where there is one, is added to each.
    """
    return laid_as(_kernels.convolution(x, w, b, windows, groups), x, w)


@primitive(
    lambda g, w, windows, groups: convolution(g, w, None, windows=windows, groups=groups),
    lambda g, x, windows, groups: convolution_weight(x, g, windows=windows, groups=groups),
    lambda g: channel_sums(g),
    name="Convolution",
    public="conv_transpose",
    says="What a window has spread is gathered again by the same window: the gradient is an ordinary convolution.",
)
def transposed_convolution(x, w, b, *, windows, groups):
    """y[p + t] = the sum of w[t] x[p]: every element of x spreads a window, and these are added up, plus b."""
    return laid_as(_kernels.transposed_convolution(x, w, b, windows, groups), x, w)


@primitive(
    lambda g, x, windows, groups: convolution(x, g, None, windows=windows, groups=groups),
    lambda g, d, windows, groups: transposed_convolution(d, g, None, windows=windows, groups=groups),
    name="ConvolutionBackwardBackward0!",
    says="A weight's gradient is a product of what comes in and what came back: each gets the other, through the window.",
)
def convolution_weight(d, x, *, windows, groups):
    """w[t] = the sum of d[p] x[p + t] over the positions p and the examples: dL/dw, where d = dL/dy."""
    return _kernels.convolution_weight(d, x, windows, groups)


@primitive(
    lambda g, x_shape: spread(g, x_shape, (0, *range(2, len(x_shape)))),
    name="SumBackward1",
    says="Each number counts once in the sum of its channel, so each gets that sum's g unchanged.",
)
def channel_sums(x):
    """The sum over everything but the channels, dimension 1: the gradient of a bias, by a product with ones."""
    n, c, *space = x.shape
    ones = np.ones((math.prod(space), 1), x.dtype)
    return _kernels.matmul(x.reshape(n * c, len(ones)), ones).reshape(n, c).sum(0)

"""Running sums and products, and what is needed to go back through them: all in one pass, however long the line.

After this module a reader knows why a product needs no division to be differentiated. The slope at one factor is the product
of those before it times the product of those after it, and these two run along the line like a running sum does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.graph import flat, primitive


def _running(ufunc: Any, x: Any, axis: int) -> Any:
    """A running sum or product: of floats in a wider dtype, since each step rounds what the one before left."""
    if not x.ndim:
        return x.copy() if x.dtype.kind == "f" else x.astype(np.int64)
    if x.dtype.kind != "f":
        return np.ascontiguousarray(ufunc(x, axis, dtype=np.int64))
    wide = x.astype(np.float32 if x.dtype.char == "e" else np.float64, copy=False)  # at once: twice as fast as bit by bit
    return ufunc(wide, axis).astype(x.dtype, order="C", copy=False)


# ---- sums ----


@primitive(
    lambda g, axis: cumsum_back(g, axis=axis),
    says="A number is part of every sum from its place on, so it gets all of their gradients, added up.",
)
def cumsum(x, *, axis):
    """The running sum of x: y[i] = x[0] + ... + x[i]."""
    return _running(np.cumsum, x, axis)


@primitive(
    lambda g, axis: cumsum(g, axis=axis),
    name="CumsumBackward",
    says="A number is part of every sum up to its place, so it gets all of their gradients, added up.",
)
def cumsum_back(x, *, axis):
    """The running sum of x from the end."""
    return np.flip(_running(np.cumsum, np.flip(x, axis), axis), axis).copy() if x.ndim else x.copy()


# ---- products ----


@primitive(
    lambda g, y, x, axis: cumprod_grad(g, x, y, axis=axis),
    name="Cumprod",
    says="In each product that it is part of, a number gets g times the product of the others.",
)
def cumprod(x, *, axis):
    """The running product: y[i] = x[0] * ... * x[i]."""
    return _running(np.cumprod, x, axis)


def _later(g: Any, x: Any, axis: int) -> Any:
    """What the products from a place on send back there, but for the factors before it."""
    return g + carried_back(g * x, x, axes=(axis,))


def _earlier(t: Any, x: Any, axis: int) -> Any:
    """What arrives at a place from those before it, times the factors on the way."""
    return carried(t, x, axes=(axis,))


def _with_earlier(t: Any, x: Any, axis: int) -> Any:
    """t and x times what arrives of it from the places before."""
    return t + x * _earlier(t, x, axis)


@primitive(
    lambda g, x, axis: _with_earlier(times(g, before(x, axes=(axis,))), x, axis),
    lambda g, d, x, axis: (
        times(before(x, axes=(axis,)), carried_back(times(g, _later(d, x, axis)), x, axes=(axis,)))
        + times(_later(d, x, axis), _earlier(times(g, before(x, axes=(axis,))), x, axis))
    ),
    flat,
    name="CumprodBackward",
    says="The products before a place and the sums after it both move: as in every product, one part for each.",
)
def cumprod_grad(d, x, y, *, axis):
    """before(x) times the sum of d times the products that follow: the gradient of y = cumprod(x), where d is dL/dy.

    That is the sum of d y from each place on, over its x: of ordinary numbers it is computed so, in a third of the time. As y
    is a function of x, what moves with the two is told of x alone.
    """
    ordinary = x.ndim and x.size and x.dtype.char != "e" and np.abs(y).max() < 1e30 and np.abs(x).min() > 1e-4
    if ordinary:  # so none of them is nan, and y / x is not lost where y is 0
        sums = np.cumsum(np.flip(np.multiply(d, y, dtype=np.float64), axis), axis)
        return np.divide(np.flip(sums, axis), x).astype(d.dtype)
    if x.ndim and not np.isfinite(x).all():
        return d.copy() if x.shape[axis] == 1 else _spoiled(d, x, y, axis).astype(d.dtype)
    axes = (axis,)
    back = d + carried_back.operation.forward(d * x, x, axes=axes)
    return times.operation.forward(before.operation.forward(x, axes=axes, stops=True), back)


def _spoiled(d: Any, x: Any, y: Any, axis: int) -> Any:
    """The same where a factor is infinite or nan, as PyTorch computes it: that decides which places of a line become nan.

    Up to the first 0 the sums of d y are divided by x; the first 0 gets the products around it, and what follows gets 0.
    """
    zeros = np.cumsum(x == 0, axis)
    sums = np.flip(np.cumsum(np.flip(np.where(zeros == 0, d * y, 0), axis), axis), axis)
    first = (x == 0) & (zeros == 1)
    behind = np.cumprod(np.where((zeros == 1) & ~first, x, 1), axis) * np.where(zeros == 1, d, 0)
    ahead = np.moveaxis(np.ones_like(y), axis, 0)
    ahead[1:] = np.moveaxis(y, axis, 0)[:-1]
    around = behind.sum(axis, keepdims=True) * np.moveaxis(ahead, 0, axis)
    return np.where(zeros == 0, sums / x, np.where(first, around, 0))


@primitive(
    lambda g, y, x, axes: times(y, carried_back(g, x, axes=axes)),
    says="A number counts in every product after it, and gets g times the other factors of each.",
)
def before(x, *, axes, stops=False):
    """The product of all x before it: for each element, along the axes; 1 for the first.

    With `stops` it is 0 from the first 0 on, also where what follows is infinite or nan: nothing of that can be seen there.
    """
    return _in_line(_products_to_zero if stops else _products_before, axes, x)


@primitive(
    lambda g, y, x, axes: times(y, carried(g, x, axes=axes)),
    says="A number counts in every product before it, and gets g times the other factors of each.",
)
def after(x, *, axes):
    """The product of all x after it: for each element, along the axes; 1 for the last."""
    return _in_line(lambda line: _products_before(line[..., ::-1])[..., ::-1], axes, x)


@primitive(
    lambda g, x, axes: carried_back(g, x, axes=axes),
    lambda g, y, x, axes: times(y, carried_back(g, x, axes=axes)),
    says="What was carried forward along the line comes back along it, through the same factors.",
)
def carried(b, x, *, axes):
    """What arrives of b: at each place the sum of all b before it, each times every x that it passed on the way.

    y[0] = 0 and y[i] = b[i-1] + x[i-1] y[i-1].
    """
    return _in_line(_carry, axes, b, x)


@primitive(
    lambda g, x, axes: carried(g, x, axes=axes),
    lambda g, y, x, axes: times(y, carried(g, x, axes=axes)),
    says="What was carried back along the line comes forward along it, through the same factors.",
)
def carried_back(b, x, *, axes):
    """What arrives of b from the end: y[i] = b[i+1] + x[i+1] y[i+1]."""
    return _in_line(lambda b, x: _carry(b[..., ::-1], x[..., ::-1])[..., ::-1], axes, b, x)


@primitive(lambda g, b: times(g, b), lambda g, a: times(g, a), says="Each factor gets g times the other factor.")
def times(a, b):
    """a * b: and 0 where one of them is 0, also where the other grew to infinity, as a product of finite numbers is finite."""
    y = a * b
    if np.isnan(y).any():
        y = np.where((a == 0) & np.isinf(b) | (b == 0) & np.isinf(a), 0, y).astype(y.dtype)
    return y


# ---- the logarithm of a running sum of exponentials ----


@primitive(
    lambda g, x, axis: shared_back(g, x, axis=axis),
    says="A number is part of every sum from its place on, and of each it gets the share that its exponential has.",
)
def logcumsumexp(x, *, axis):
    """log of the running sum of exponentials: y[i] = log(e**x[0] + ... + e**x[i])."""
    if not x.ndim:
        return x.copy()
    wide = x.astype(np.float32 if x.dtype.char == "e" else np.float64, copy=False)
    return np.ascontiguousarray(np.logaddexp.accumulate(wide, axis)).astype(x.dtype, copy=False)


@primitive(
    lambda g, x, axis: shared(g, x, axis=axis),
    lambda g, b, y, x, axis: g * y - shared_back(b * shared(g, x, axis=axis), x, axis=axis),
    says="The shares sum to 1, so what one number gains of them the others lose.",
)
def shared_back(b, x, *, axis):
    """the shares of x in b: at each place the sum of all b from there on, each times the share of e**x in its running sum."""
    if not x.ndim:
        return b.copy()
    b, x = np.flip(np.moveaxis(b, axis, -1), -1), np.moveaxis(x, axis, -1)
    own, steps = _shares(x)
    sums = b.astype(own.dtype)
    factors = np.ones_like(steps)
    factors[..., 1:] = np.flip(steps, -1)[..., :-1]
    _recurrence(factors, sums, np.multiply)
    return np.ascontiguousarray(np.moveaxis(np.flip(sums, -1) * own, -1, axis)).astype(b.dtype, copy=False)


@primitive(
    lambda g, x, axis: shared_back(g, x, axis=axis),
    lambda g, h, y, x, axis: h * shared_back(g, x, axis=axis) - shared_back(g * y, x, axis=axis),
    says="The shares sum to 1, so what one number gains of them the others lose.",
)
def shared(h, x, *, axis):
    """h by the shares of x: at each place the mean of all h up to there, weighted by e**x."""
    if not x.ndim:
        return h.copy()
    own, steps = _shares(np.moveaxis(x, axis, -1))
    means = np.moveaxis(h, axis, -1) * own
    _recurrence(steps, means, np.multiply)
    return np.ascontiguousarray(np.moveaxis(means, -1, axis)).astype(h.dtype, copy=False)


def _shares(x: Any) -> Any:
    """(e**(x - y), e**(y before - y)): the share of each number in its own sum, and that of the sum before it; y as above."""
    y = np.logaddexp.accumulate(x.astype(np.float64), -1)
    own, steps = np.exp(x - y), np.zeros_like(y)
    steps[..., 1:] = np.exp(y[..., :-1] - y[..., 1:])
    for shares in (own, steps):
        shares[np.isneginf(y) & np.isnan(shares)] = 0  # of nothing there is no share
    return own, steps


# ---- how it is computed: on lines, which are the last dimension ----


def _in_line(function: Any, axes: tuple[int, ...], *arrays: Any) -> Any:
    """The function of arrays whose dimensions `axes` are laid into one line; its result has their shape and dtype."""
    shape = arrays[0].shape
    rest = [d for d in range(len(shape)) if d not in axes]
    order = [*rest, *axes[: len(shape)]]
    moved = [a.transpose(order) for a in arrays]
    lines = [a.reshape(*a.shape[: len(rest)], math.prod(a.shape[len(rest) :])) for a in moved]
    y = function(*lines).astype(arrays[0].dtype, copy=False).reshape(moved[0].shape)
    return y.transpose(sorted(range(len(shape)), key=order.__getitem__))  # back to where they were


def _products_before(line: Any) -> Any:
    out = np.ones(line.shape, np.result_type(line, np.float64))  # in double: on a long way rounding errors add up
    np.cumprod(line[..., :-1], axis=-1, out=out[..., 1:])
    return out


def _products_to_zero(line: Any) -> Any:
    out = _products_before(line)
    if np.isnan(out).any():
        out[..., 1:][np.logical_or.accumulate(line[..., :-1] == 0, axis=-1)] = 0
    return out


def _carry(b: Any, x: Any, multiply: Any = np.multiply) -> Any:
    out = np.zeros(b.shape, np.result_type(b, x, np.float64))
    out[..., 1:] = b[..., :-1]
    _recurrence(x[..., :-1].astype(out.dtype), out[..., 1:], multiply)
    if multiply is np.multiply and np.isnan(out).any():
        return _carry(b, x, times.operation.forward)
    return out


def _recurrence(a: Any, h: Any, multiply: Any) -> None:
    """Make h[i] = h[i] + a[i] h[i-1], from the first on. Two steps are one of the same form, so half as many remain.

    Halved again and again this is about as many products as three loops over the line take, and few calls for many steps.
    """
    n = h.shape[-1]
    if n <= 16:
        for i in range(1, n):
            h[..., i] += multiply(a[..., i], h[..., i - 1])
        return
    odd, even, later = np.s_[..., 1::2], np.s_[..., 0 : n - 1 : 2], np.s_[..., 2::2]
    step = a[odd]
    two = h[odd] + multiply(step, h[even])
    _recurrence(multiply(step, a[even]), two, multiply)
    h[odd] = two
    h[later] += multiply(a[later], h[..., 1 : n - 1 : 2])

"""Derivatives of derivatives, up to the fourth: they go on as long as PyTorch's do, over all rows and for 0-d tensors.

What has become constant may still carry its graph, as PyTorch's does: the derivatives of x**2 are 2x, 2 and 0, not 2x, 2 and an
error.
"""

import numpy as np
import pytest
from laws import SLOPED, agree, arrays_for, incoming, leaves_of, number, over

import autodiff

SCALARS = {
    "2**x": lambda T, x: 2**x,
    "x**x": lambda T, x: x**x,
    "x**2": lambda T, x: x**2,
    "square": lambda T, x: T.square(x),
    "x**3": lambda T, x: x**3,
    "x**tensor": lambda T, x: x ** T.tensor(3.0),
    "float_power": lambda T, x: T.float_power(x, x),
    "x * x": lambda T, x: x * x,
    "where": lambda T, x: T.where(x > 1, x**3, x),
    "pow of a constant": lambda T, x: T.pow(T.tensor(2.0), x),
    "exp of a power": lambda T, x: T.exp(-(x**2)),
}


def chain(module, call, arrays):
    """Per order: which gradients require a gradient, and their values. The next order is taken of the first that does."""
    leaves = leaves_of(module, arrays)
    y, orders = call(module, *leaves), []
    for n in range(1, 5):
        seed = module.tensor(incoming(y.shape, n)).to(y.dtype)
        grads = module.autograd.grad(y, leaves, seed, create_graph=True, allow_unused=True)
        orders.append([(g is not None and g.requires_grad, number(g)) for g in grads])
        dependent = [g for g in grads if g is not None and g.requires_grad]
        if not dependent:
            break
        y = dependent[0]
    return orders


def compare(call, arrays, torch):
    """As many orders as PyTorch has; ours may go on with zeros."""
    ours, theirs = chain(autodiff, call, arrays), chain(torch, call, arrays)
    assert len(ours) >= len(theirs), f"{len(ours)} orders, PyTorch has {len(theirs)}"
    for a, b in zip(ours, theirs, strict=False):
        for (ours_depends, value), (theirs_depends, expected) in zip(a, b, strict=True):
            assert ours_depends >= theirs_depends
            agree(value, expected, 1e-6, 1e-7)
        if first(a) != first(b):
            break  # the next orders would be those of different gradients
    return len(theirs)


def first(order):
    return [depends for depends, _ in order].index(True) if any(depends for depends, _ in order) else -1


@over([row for row in SLOPED if row.torch_orders >= 3 and not row.ends_early], 710)
def test_every_row(row, torch):
    compare(row.call, arrays_for(row), torch)


@pytest.mark.parametrize("shape", [(), (1,), (3,)], ids=str)
@pytest.mark.parametrize("name", SCALARS)
def test_powers_of_single_numbers(name, shape, torch):
    orders = compare(SCALARS[name], [np.full(shape, 1.5)], torch)
    assert orders >= 2

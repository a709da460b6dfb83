"""Dual numbers against PyTorch's forward mode: tangents of results, what has none, and what is refused."""

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import autodiff

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")

FUNCTIONS = {
    "a product": lambda T, x: x * x,
    "a quotient": lambda T, x: x / (1 + x * x),
    "pow": lambda T, x: x**3,
    "exp of sin": lambda T, x: x.sin().exp(),
    "softmax": lambda T, x: x.softmax(-1),
    "log_softmax": lambda T, x: x.log_softmax(-1),
    "a matrix product": lambda T, x: x @ x.mT,
    "cumsum": lambda T, x: x.cumsum(0),
    "sum": lambda T, x: x.sum(),
    "var": lambda T, x: x.var(1),
    "norm": lambda T, x: (x * x + 1).sqrt().norm(dim=1),
    "a view": lambda T, x: x.t().reshape(-1)[1:],
    "written into": lambda T, x: T.zeros(2, 3, dtype=x.dtype).copy_(x) * x,
    "in place": lambda T, x: x.clone().mul_(x).add_(1),
    "tanh twice": lambda T, x: x.tanh().tanh(),
    "cat": lambda T, x: T.cat([x, x * x]),
    "where": lambda T, x: T.where(x > 0, x, 2 * x),
    "gelu": lambda T, x: T.nn.functional.gelu(x),
    "layer_norm": lambda T, x: T.nn.functional.layer_norm(x, (3,)),
    "mse_loss": lambda T, x: T.nn.functional.mse_loss(x, x * x),
}
numbers = st.floats(-2, 2, allow_subnormal=False).map(lambda v: v if abs(v) > 1e-3 else 0.5)


def tangents(T, function, x, u):
    forward_ad = importlib.import_module(f"{T.__name__}.autograd.forward_ad")
    with forward_ad.dual_level():
        y, tangent = forward_ad.unpack_dual(function(T, forward_ad.make_dual(T.tensor(x), T.tensor(u))))
        return y.numpy(), tangent.numpy()


@pytest.mark.parametrize("name", FUNCTIONS)
@given(arrays.arrays(np.float64, (2, 3), elements=numbers), arrays.arrays(np.float64, (2, 3), elements=numbers))
def test_values_and_tangents(name, x, u):
    for ours, theirs in zip(*(tangents(T, FUNCTIONS[name], x, u) for T in (autodiff, torch)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


DRAWN = {
    "bernoulli": lambda T, x: T.bernoulli(x * 0 + 0.5),
    "poisson": lambda T, x: T.poisson(x * x),
    "normal": lambda T, x: T.normal(x, 0.5) * 0,
    "uniform_": lambda T, x: x.uniform_(),
    "normal_": lambda T, x: x.normal_(),
    "exponential_": lambda T, x: x.exponential_(),
    "bernoulli_ by itself": lambda T, x: x.fill_(0.3).bernoulli_(x),
    "zero_": lambda T, x: x.zero_(),
}


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_drawn_has_a_tangent_of_zeros(name):
    for T in (autodiff, torch):
        T.manual_seed(0)
        _, tangent = tangents(T, DRAWN[name], np.ones(3), np.ones(3))
        assert not tangent.any()


def test_backward_through_a_tangent_is_the_second_derivative():
    for T in (autodiff, torch):
        forward_ad = importlib.import_module(f"{T.__name__}.autograd.forward_ad")
        x, w = (T.tensor(v, dtype=T.float64, requires_grad=True) for v in ([1.0, 2.0], [3.0, 4.0]))
        with forward_ad.dual_level():
            y = (forward_ad.make_dual(x, T.tensor([1.0, -1.0], dtype=T.float64)) ** 3 * w).sum()
            value, tangent = forward_ad.unpack_dual(y)
            found = T.autograd.grad(tangent + value, (x, w))
        np.testing.assert_allclose([g.tolist() for g in found], [[27.0, 0.0], [4.0, -4.0]])


def test_what_has_no_tangent_and_what_is_refused():
    def told(T):
        forward_ad, said = importlib.import_module(f"{T.__name__}.autograd.forward_ad"), []

        def attempt(call):
            try:
                said.append(call())
            except Exception as error:
                said.append((type(error).__name__, str(error).split(",")[0].split(":")[0]))

        attempt(lambda: forward_ad.make_dual(T.ones(1), T.ones(1)))
        attempt(lambda: forward_ad.unpack_dual(T.ones(1)).tangent)
        with forward_ad.dual_level() as level:
            said.append(level)
            attempt(forward_ad.enter_dual_level)
            attempt(lambda: forward_ad.make_dual(T.ones(1).long(), T.ones(1)))
            attempt(lambda: forward_ad.make_dual(T.ones(1), T.ones(2)))
            x = forward_ad.make_dual(T.ones(2), T.ones(2))
            attempt(lambda: forward_ad.make_dual(x * x, T.ones(2)))
            w = T.ones(2, requires_grad=True)
            for y in (T.ones(2), (x * x).detach(), x.long(), T.zeros_like(x), w * 2):
                said.append(forward_ad.unpack_dual(y).tangent)
            said.append([t.requires_grad for t in forward_ad.unpack_dual(x * 2)])
            said.append([t.requires_grad for t in forward_ad.unpack_dual(x * w)])
            kept = x * x
        with forward_ad.dual_level():
            said.append(forward_ad.unpack_dual(kept).tangent)
        attempt(forward_ad.exit_dual_level)
        said[-1] = said[-1][0]
        return said

    assert told(autodiff) == told(torch)

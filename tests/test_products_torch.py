"""Products where a factor is 0 or a partial product overflows, and long ones: gradients of two orders as in PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

FUNCTIONS = {
    "prod": lambda m, x: m.prod(x),
    "prod of rows": lambda m, x: m.prod(x, 1),
    "prod of columns": lambda m, x: m.prod(x, 0),
    "cumprod of rows": lambda m, x: m.cumprod(x, 1),
    "cumprod of columns": lambda m, x: m.cumprod(x, 0),
}


def derivatives(m, function, values, dtype="float64"):
    """The value and the gradients of two orders, each asked for with other weights."""
    x = m.tensor(values, dtype=getattr(m, dtype), requires_grad=True)
    results = [function(m, x)]
    for _ in range(2):
        weights = m.cos(m.arange(results[-1].numel(), dtype=x.dtype)).reshape(results[-1].shape)
        results.append(m.autograd.grad((results[-1] * weights).sum() + (x * 0).sum(), x, create_graph=True)[0])
    return [r.detach().numpy() for r in results]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("shape", [(3, 4), (4, 40), (40, 3), (1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("zeros", [0, 1, 2, 5])
def test_with_zeros(name, shape, zeros):
    random = np.random.default_rng(zeros)
    values = random.uniform(0.5, 1.5, shape) * random.choice([-1, 1], shape)
    values.flat[random.integers(0, values.size, zeros)] = 0
    pairs = zip(*(derivatives(m, FUNCTIONS[name], values.tolist()) for m in (autodiff, torch)), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (0, 3)])
def test_without_factors_or_dimensions(shape):
    for m in (autodiff, torch):
        x = m.ones(shape, requires_grad=True)
        m.cumprod(x, 0).sum().backward()
        m.prod(x).backward()
        assert x.grad.tolist() == (m.ones(shape) * 2).tolist()


@pytest.mark.parametrize(
    "values",
    [
        [0.0, *[100.0] * 30],
        [1.0, 0.0, *[100.0] * 30],
        [2.0, 0.0, 1e30, 1e30, 1.0],
        [0.0, 1e30, 1e30, 0.0, 1e30, 1e30],
    ],
)
@pytest.mark.parametrize("function", ["prod", "cumprod"])
def test_no_nan_where_a_zero_meets_what_overflowed(function, values):
    """One of the two factors of a slope may be infinite: the slope is 0 all the same where the other one is."""
    ours = autodiff.tensor(values, requires_grad=True)
    theirs = torch.tensor(values, dtype=torch.float64, requires_grad=True)  # in which nothing overflows
    for x in (ours, theirs):
        (x.prod() if function == "prod" else x.cumprod(0).sum()).backward()
    assert ours.grad.tolist() == theirs.grad.float().tolist()


@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.5, -2.0, float("nan"), float("inf"), -float("inf")]), min_size=3, max_size=3),
             min_size=1, max_size=4),
    st.sampled_from([0, 1]),
)  # fmt: skip
def test_nan_and_infinity_spoil_the_places_that_they_spoil_in_pytorch(values, dim):
    found = []
    for m in (autodiff, torch):
        x = m.tensor(values, requires_grad=True)
        y = m.cumprod(x, dim)
        found.append((y.tolist(), m.autograd.grad(y, x, m.arange(1.0, x.numel() + 1).reshape(x.shape))[0].tolist()))
    np.testing.assert_array_equal(np.array(found[0]), np.array(found[1]))


@pytest.mark.parametrize("n", [16, 17, 33, 1000, 20_000])
def test_a_long_line(n):
    """Added up step by step in double, whatever the dtype: what each step rounds off does not add up."""
    values = (1 + 0.01 * np.random.default_rng(0).standard_normal(n)).astype(np.float32)
    ours = autodiff.tensor(values, requires_grad=True)
    theirs = torch.tensor(values.astype(np.float64), requires_grad=True)
    autodiff.cumprod(ours, 0).sum().backward()
    torch.cumprod(theirs, 0).sum().backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-6)

"""Laws of numbers that hold for every operation: its value and its derivatives of three orders, on all rows of samples.py."""

import numpy as np
import pytest
from laws import (
    SLOPED,
    agree,
    arrays_for,
    derivatives,
    every_row,
    every_sloped_row,
    gradients,
    incoming,
    leaves_of,
    number,
    over,
)
from samples import ROWS

import autodiff

both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@over([r for r in ROWS if r.reference is not None], 760)
def test_value_against_numpy(row):
    arrays = arrays_for(row)
    ours = number(row.call(autodiff, *leaves_of(autodiff, arrays)))
    np.testing.assert_allclose(ours, row.reference(*arrays), rtol=1e-12, atol=1e-13)


@every_row
@both_precisions
def test_value_against_torch(row, dtype, torch):
    arrays = arrays_for(row, dtype)
    ours, theirs = (row.call(module, *leaves_of(module, arrays)) for module in (autodiff, torch))
    assert str(ours.dtype) == str(theirs.dtype)
    assert tuple(ours.shape) == tuple(theirs.shape)
    rtol = 2e-5 if dtype is np.float32 else 1e-10
    agree(number(ours), number(theirs), rtol, rtol)


@over([r for r in SLOPED if r.torch_orders >= 1], 835)
@both_precisions
def test_gradients_against_torch(row, dtype, torch):
    arrays = arrays_for(row, dtype)
    rtol = 2e-5 if dtype is np.float32 else row.torch_rtol
    for ours, theirs in zip(gradients(autodiff, row, arrays)[2], gradients(torch, row, arrays)[2], strict=True):
        agree(number(ours), number(theirs), rtol, rtol)


@over([r for r in SLOPED if r.torch_orders >= 2], 790)
def test_second_gradients_against_torch(row, torch):
    compare(row, 2, torch)


@over([r for r in SLOPED if r.torch_orders >= 3], 770)
def test_third_gradients_against_torch(row, torch):
    compare(row, 3, torch)


def compare(row, order, torch):
    arrays = arrays_for(row)
    ours, theirs = (derivatives(module, row, arrays, order)[0] for module in (autodiff, torch))
    for g, gt in zip(ours, theirs, strict=True):
        agree(number(g), number(gt), 1e-8, 1e-9)


@over([r for r in ROWS if r.half], 700)
def test_value_in_half_precision_against_torch(row, torch):
    arrays = arrays_for(row, np.float16)
    ours, theirs = (row.call(module, *leaves_of(module, arrays)) for module in (autodiff, torch))
    assert (str(ours.dtype), tuple(ours.shape)) == (str(theirs.dtype), tuple(theirs.shape))
    agree(number(ours).astype(np.float64), number(theirs).astype(np.float64), 4e-3, 4e-3)


@every_sloped_row
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gradients_have_the_shape_and_dtype_of_their_inputs(row, dtype):
    arrays = arrays_for(row, dtype)
    if np.dtype(dtype).name not in row.dtypes:
        with pytest.raises(RuntimeError):
            gradients(autodiff, row, arrays)
        return
    for a, g in zip(arrays, gradients(autodiff, row, arrays)[2], strict=True):
        assert g is None or (tuple(g.shape) == a.shape and g.dtype.np == a.dtype)


@over([r for r in SLOPED if r.analytic], 460)
def test_first_derivative_by_the_complex_step(row):
    arrays = arrays_for(row)
    _, y, gs = gradients(autodiff, row, arrays)
    seed = incoming(y.shape)
    rng = np.random.default_rng(3)
    for k, g in enumerate(gs):
        direction = rng.uniform(-1, 1, arrays[k].shape)
        stepped = [a + 1e-30j * direction if i == k else a for i, a in enumerate(arrays)]
        expected = (seed * (np.asarray(row.reference(*stepped)).imag / 1e-30)).sum()
        found = 0.0 if g is None else (number(g) * direction).sum()
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


@over([r for r in SLOPED if r.smooth], 810)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_by_finite_differences(row, order):
    """A gradient that is None says 0, and has to be 0: an operation that loses its graph is seen."""
    grads, wanted = derivatives(autodiff, row, arrays_for(row), order)
    point = [number(x) for x in wanted]
    step, rtol, atol = (1e-6, 1e-6, 1e-7) if order == 1 else (1e-5, 2e-5, 2e-6)
    rng = np.random.default_rng(4)
    for k, g in enumerate(grads):
        direction = rng.uniform(-1, 1, point[k].shape)
        up, down = (weighted(row, order - 1, moved(point, k, by * direction)) for by in (step, -step))
        found = 0.0 if g is None else (number(g) * direction).sum()
        np.testing.assert_allclose(found, (up - down) / (2 * step), rtol=rtol, atol=atol)


def moved(point, k, by):
    return [a + by if i == k else a for i, a in enumerate(point)]


def weighted(row, order, point):
    """The sum of all derivatives of an order (the value: order 0), each times the incoming gradient of the next."""
    count = len(row.shapes)
    seeds, at = [], count
    for n in range(1, order + 1):  # one incoming gradient for the value, then one for all that the order before was taken for
        many = 1 if n == 1 else at_order(count, n - 1)
        seeds.append(point[at : at + many])
        at += many
    results, _ = derivatives(autodiff, row, point[:count], order, seeds)
    return sum((number(r) * incoming(r.shape, order + 1)).sum() for r in results if r is not None)


def at_order(count, n):
    """For how many tensors the gradients of order n are taken: the inputs, and the incoming gradients before."""
    return count if n == 1 else at_order(count, n - 1) + (1 if n == 2 else at_order(count, n - 2))


@every_sloped_row
@both_precisions
@pytest.mark.parametrize("order", [1, 2])
def test_both_worlds_agree(row, dtype, order):
    arrays = arrays_for(row, dtype)
    first = derivatives(autodiff, row, arrays, order)[0]
    recorded = derivatives(autodiff, row, arrays, order, create_graph=True)[0]
    for a, b in zip(first, recorded, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            single = dtype is np.float32
            agree(number(a), number(b), 2e-6 if single else 1e-13, row.worlds_atol if single else 1e-12)


@over([r for r in ROWS if r.no_slope], 10)
def test_an_operation_without_a_derivative_says_so(row, torch):
    arrays = arrays_for(row)
    for module in (autodiff, torch):
        y = row.call(module, *leaves_of(module, arrays))
        with pytest.raises(RuntimeError, match=row.no_slope):
            y.sum().backward()


BROADCASTS = [((), (3,)), ((1,), (2, 3)), ((0,), (1,)), ((0, 3), (3,)), ((2, 1), (1, 3)), ((), ()), ((3, 1, 4), (2, 1))]


@over([r for r in SLOPED if r.broadcasts], 25)
@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
@pytest.mark.parametrize("swap", [False, True])
def test_broadcasting(row, shapes, swap):
    shapes = shapes[::-1] if swap else shapes
    arrays = arrays_for(row, shapes=shapes)
    leaves, y, gs = gradients(autodiff, row, arrays)
    np.testing.assert_allclose(number(y), row.reference(*arrays), rtol=1e-12)
    full = np.broadcast_shapes(*shapes)
    _, _, whole = gradients(autodiff, row, [np.broadcast_to(a, full) for a in arrays])
    for x, g, w in zip(leaves, gs, whole, strict=True):
        assert g.shape == x.shape
        lead = len(full) - x.ndim
        axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(x.shape) if n == 1 and full[i + lead] != 1)
        np.testing.assert_allclose(number(g), number(w).sum(axes).reshape(tuple(x.shape)), rtol=1e-10, atol=1e-12)
